"""Where a constraint is asked for: a dict from names to columns of shape (n, 1)."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from scipy.stats import qmc
from torch import Tensor

Points = dict[str, Tensor]


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
    bounds: Mapping[str, tuple[float, float]], number: int, method: str = "sobol", seed: int = 0
) -> Points:
    """Points that fill a box.

    Args:
        bounds: for each coordinate its two ends.
        number: how many; a power of 2 is best for ``"sobol"``.
        method: ``"sobol"`` or ``"halton"`` (even, low discrepancy) or ``"random"``.
        seed: of the scrambling or of the random numbers.

    Raises:
        ValueError: there is no such method.
    """
    if method == "random":
        unit = np.random.default_rng(seed).random((number, len(bounds)))
    elif method in ("sobol", "halton"):
        sampler = {"sobol": qmc.Sobol, "halton": qmc.Halton}[method](len(bounds), rng=seed)
        if method == "sobol":  # draw a full power of 2 and keep the first: the sequence stays balanced
            unit = sampler.random_base2(math.ceil(math.log2(number)))[:number]
        else:
            unit = sampler.random(number)
    else:
        raise ValueError(f"'{method}' is no sampling method; choose sobol, halton or random.")
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
