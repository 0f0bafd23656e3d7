"""What only Lab 3 needs: the solver, shapes, the data set, networks, metrics."""
