"""Points in the unit cube and in boxes: random, low-discrepancy (Halton), regular; importance sampling."""

from collections.abc import Callable

import numpy as np
from scipy.stats import qmc

METHODS = ("uniform", "halton", "grid")
Seed = np.random.Generator | int


def unit_stream(dim: int, method: str = "halton", rng: Seed = 0) -> Callable[[int], np.ndarray]:
    """A function ``draw(n)`` that delivers the next n points of a sequence in the unit cube, shape (n, dim).

    Args:
        dim: number of coordinates.
        method: ``"uniform"`` (independent) or ``"halton"`` (scrambled: each point falls into a gap).
        rng: a Generator or a seed.

    Raises:
        ValueError: the method is none of these. A grid is no sequence: see `unit_points`.
    """
    rng = np.random.default_rng(rng)
    if method == "uniform":
        return lambda n: rng.random((n, dim))
    if method == "halton":
        return qmc.Halton(dim, scramble=True, rng=rng).random
    raise ValueError(f"'{method}' delivers no sequence of points; choose uniform or halton.")


def unit_points(n: int, dim: int, method: str = "halton", rng: Seed = 0) -> np.ndarray:
    """Points in the unit cube, shape (n, dim).

    ``"grid"`` gives the midpoints of n equal cells in one dimension; in more, n must be a power k**dim.

    Raises:
        ValueError: the method is not one of `METHODS`, or a grid cannot have n points.
    """
    if method != "grid":
        return unit_stream(dim, method, rng)(n)
    per_side = round(n ** (1 / dim))
    if per_side**dim != n:
        raise ValueError(f"A grid in {dim} dimensions has 1, {2**dim}, {3**dim}, ... points, not {n}.")
    ticks = (np.arange(per_side) + 0.5) / per_side
    return np.stack(np.meshgrid(*[ticks] * dim, indexing="ij"), axis=-1).reshape(n, dim)


def box_points(n: int, bounds, method: str = "halton", rng: Seed = 0) -> np.ndarray:
    """Points in a box, shape (n, dim).

    Args:
        n: number of points.
        bounds: lower and upper corner, shape (2, dim).
        method, rng: as `unit_points`.
    """
    low, high = np.atleast_2d(np.asarray(bounds, dtype=float))
    return low + (high - low) * unit_points(n, len(low), method, rng)


def importance(density: np.ndarray, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw n of a pool of points with a probability in proportion to ``density``.

    Args:
        density: non-negative value at each point of the pool, e.g. the size of the residual, shape (pool,).
        n: number of draws.
        rng: a Generator or a seed.

    Returns:
        The drawn positions in the pool, shape (n,), and factors of mean 1 that undo the preference: the mean
        of ``factor * f`` over the drawn points estimates the mean of f over the pool.

    Raises:
        ValueError: a value is negative or not finite, or all are zero.
    """
    density = np.asarray(density, dtype=float)
    if not np.all(np.isfinite(density)) or density.min() < 0 or density.max() == 0:
        raise ValueError("A density must be finite and non-negative, and positive somewhere.")
    cumulative = np.cumsum(density) / density.sum()
    # one draw per n-th of the probability: less noise than n independent draws
    strata = (np.arange(n) + np.random.default_rng(rng).random(n)) / n
    chosen = np.minimum(np.searchsorted(cumulative, strata, side="right"), len(density) - 1)
    factor = 1 / density[chosen]
    return chosen, factor / factor.mean()
