"""What a velocity field shows when it is summed or differentiated: stream function and vorticity."""

import numpy as np


def stream_function(velocity: np.ndarray) -> np.ndarray:
    """Flow below each point, (ny, nx), as a share of the whole; its contour lines are streamlines.

    Args:
        velocity: (ny, nx, 2) in units of u_max.
    """
    u = velocity[..., 0]
    return (np.cumsum(u, axis=0) - u / 2) / (2 / 3 * len(u))


def vorticity(velocity: np.ndarray) -> np.ndarray:
    """dv/dx - du/dy, (ny, nx), in u_max per channel height; positive turns counter-clockwise.

    Args:
        velocity: (ny, nx, 2) in units of u_max.
    """
    u, v = velocity[..., 0], velocity[..., 1]
    return (np.gradient(v, axis=1) - np.gradient(u, axis=0)) * len(u)
