"""What only Lab 1 needs: networks, exercises and drawings."""
