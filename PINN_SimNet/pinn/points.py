"""Where points come from: of the unit cube and of boxes, for constraints as a dict from names to columns (n, 1).

Four methods have the same names everywhere: ``"uniform"`` (independent random points), ``"halton"`` and ``"sobol"``
(scrambled low-discrepancy sequences: each point falls into a gap) and ``"grid"`` (midpoints of equal cells).
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

Points = dict[str, Tensor]
Seed = np.random.Generator | int
METHODS = ("uniform", "halton", "sobol", "grid")


def line(name: str, low: float, high: float, number: int) -> Points:
    """Chebyshev points: denser towards both ends, where a fit needs them most.

    Args:
        name: of the coordinate, e.g. ``"x"``.
        low, high: ends of the interval; no point lies on them.
        number: how many.
    """
    angle = math.pi * (torch.arange(number) + 0.5) / number
    return {name: ((low + high) / 2 - (high - low) / 2 * torch.cos(angle))[:, None].to(torch.float64)}


def grid(**axes: tuple[float, float, int]) -> Points:
    """Every combination of evenly spaced values, ends included, first name slowest.

    Example: ``grid(x=(0, 1, 101), D=(5, 25, 21))``.
    """
    values = [torch.linspace(*axis) for axis in axes.values()]
    mesh = torch.meshgrid(*values, indexing="ij")
    return {name: column.reshape(-1, 1) for name, column in zip(axes, mesh, strict=True)}


def product(*sets: Points) -> Points:
    """Every combination of points of several sets, e.g. of two lines: a grid that is denser at its edges."""
    index = torch.cartesian_prod(*[torch.arange(len(next(iter(points.values())))) for points in sets])
    index = index.reshape(-1, len(sets))
    return {name: column[index[:, k]] for k, points in enumerate(sets) for name, column in points.items()}


def box(
    bounds: Mapping[str, tuple[float, float]], number: int, method: str = "sobol", seed: Seed = 0
) -> Points:
    """Points that fill a box.

    Args:
        bounds: for each coordinate its two ends.
        number: how many; a power of 2 is best for ``"sobol"``.
        method, seed: as `unit_points`.
    """
    unit = unit_points(number, len(bounds), method, seed)
    return {
        name: torch.as_tensor(low + (high - low) * unit[:, k : k + 1])
        for k, (name, (low, high)) in enumerate(bounds.items())
    }


def at(**values: object) -> Points:
    """Points given by their coordinates; a single number is repeated.

    Example: ``at(x=[0, 1])``, ``at(x=0, y=samples)``.
    """
    columns = {
        name: torch.as_tensor(value, dtype=torch.float64).reshape(-1, 1) for name, value in values.items()
    }
    number = max(len(column) for column in columns.values())
    return {name: column.expand(number, 1).contiguous() for name, column in columns.items()}


def join(*parts: Points) -> Points:
    """All points of several sets with the same names, one after the other."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def unit_stream(dim: int, method: str = "halton", rng: Seed = 0) -> Callable[[int], np.ndarray]:
    """A function ``draw(n)`` that delivers the next n points of a sequence in the unit cube, shape (n, dim).

    Args:
        dim: number of coordinates.
        method: ``"uniform"`` or ``"halton"``.
        rng: a Generator or a seed.

    Raises:
        ValueError: the method is none of these; the others know the number of points beforehand, see `unit_points`.
    """
    rng = np.random.default_rng(rng)
    if method == "uniform":
        return lambda n: rng.random((n, dim))
    if method == "halton":
        from scipy.stats import qmc  # half a second, which no first cell should wait for

        return qmc.Halton(dim, scramble=True, rng=rng).random
    raise ValueError(f"'{method}' delivers no sequence of points; choose uniform or halton.")


def unit_points(n: int, dim: int, method: str = "halton", rng: Seed = 0) -> np.ndarray:
    """Points in the unit cube, shape (n, dim).

    Args:
        n: number of points; for ``"grid"`` a power k**dim.
        dim: number of coordinates.
        method: one of `METHODS`.
        rng: a Generator or a seed.

    Raises:
        ValueError: there is no such method, or a grid cannot have n points.
    """
    if method not in METHODS:
        raise ValueError(
            f"'{method}' is no sampling method; choose {', '.join(METHODS[:-1])} or {METHODS[-1]}."
        )
    if method == "sobol":  # draw a full power of 2 and keep the first: the sequence stays balanced
        from scipy.stats import qmc

        return qmc.Sobol(dim, rng=rng).random_base2(math.ceil(math.log2(n)))[:n]
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
