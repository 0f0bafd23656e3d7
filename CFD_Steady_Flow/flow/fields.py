"""What a field shows when it is summed, averaged or differentiated: stream function, block means, vorticity, power."""

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


def block_means(field: np.ndarray, block: int) -> np.ndarray:
    """Means over ``block`` by ``block`` cells, (ny / block, nx / block, ...).

    Args:
        field: (ny, nx, ...).
        block: a divisor of ny and nx.
    """
    ny, nx, *rest = field.shape
    return field.reshape(ny // block, block, nx // block, block, *rest).mean(axis=(1, 3))


def power(line: np.ndarray) -> np.ndarray:
    """Power of a quantity along a line by waves, (..., n // 2 + 1): wave k fits k times into it.

    Args:
        line: (..., n); a Hann window takes its ends to zero.
    """
    return np.abs(np.fft.rfft(line * np.hanning(line.shape[-1]), axis=-1)) ** 2


def read_only(array: np.ndarray) -> np.ndarray:
    """The array itself, which from now on refuses to be changed: what is loaded once is shared by all who ask."""
    array.setflags(write=False)
    return array
