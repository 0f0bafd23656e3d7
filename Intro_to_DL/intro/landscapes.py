"""How a map of the loss around trained weights is bent."""

import numpy as np


def bends_down(surface: np.ndarray) -> np.ndarray:
    """True at the inner points of a map at which it bends down in at least one direction.

    That is where the Hessian matrix, from finite differences, has a negative eigenvalue. A bowl has
    no such point.

    Args:
        surface: values on a square grid with equal steps, shape (n, n).

    Returns:
        Shape (n - 2, n - 2).

    Raises:
        ValueError: a value is not finite; where the loss is unknown, so is its bend.
    """
    if not np.all(np.isfinite(surface)):
        raise ValueError(
            "The map holds a loss that is not finite (nan or inf): take a smaller step around the weights."
        )
    middle = surface[1:-1, 1:-1]
    along_x = surface[1:-1, 2:] - 2 * middle + surface[1:-1, :-2]
    along_y = surface[2:, 1:-1] - 2 * middle + surface[:-2, 1:-1]
    mixed = (surface[2:, 2:] - surface[2:, :-2] - surface[:-2, 2:] + surface[:-2, :-2]) / 4
    hessians = np.stack([np.stack([along_x, mixed], -1), np.stack([mixed, along_y], -1)], -1)
    return np.linalg.eigvalsh(hessians)[..., 0] < 0


def share_bent_down(surface: np.ndarray) -> float:
    """Share of the inner points of a map at which `bends_down` holds."""
    return float(bends_down(surface).mean())
