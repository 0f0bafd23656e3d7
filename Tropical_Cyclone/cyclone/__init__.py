"""What only Lab 2 needs: tracks, imagery, data set, networks, scoring."""
