"""The one-dimensional problems of the lab with their exact solutions, as notebooks 1 to 3 build them.

Each function returns a `Problem`. Temperatures of the bar are in units of 100 degrees, so that the
hot end has 1. The settings that are arguments are the ones the benchmark changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pinn.domain import Domain
from pinn.networks import FullyConnected
from pinn.optimizers import LevenbergMarquardt, Optimizer
from pinn.points import Points, at, grid, line, product
from utils.metrics import relative_l2

D1, D2 = 10.0, 0.1  # diffusivities of the composite bar


@dataclass(frozen=True)
class Problem:
    """A domain and the error of its present solution against the exact one."""

    domain: Domain
    error: Callable[[Domain], float]


def string_deflection(x: np.ndarray, place: float, strength: float, reach: float = 0.1) -> np.ndarray:
    """u with u'' = f and u(0) = u(1) = 0; f is ``strength`` within ``reach`` of ``place`` and 0 elsewhere."""

    def twice(x):  # f integrated twice from the left end
        half = np.clip(x - place + reach, 0, 2 * reach)
        return strength * (half**2 / 2 + 2 * reach * np.clip(x - place - reach, 0, None))

    return twice(x) - twice(1.0) * x


def parabola_exact(x: Tensor, length: Tensor | float = 1.0) -> Tensor:
    """u'' = 1, u(0) = u(length) = 0."""
    return x * (x - length) / 2


def parabola(
    width: int = 30, depth: int = 1, spread: float = 2.0, seed: int = 0, fresh: int = 0, **options
) -> Problem:
    """u'' = 1 on (0, 1), u(0) = u(1) = 0.

    Args:
        width, depth, spread: of the network.
        seed: of its start values.
        fresh: number of random points drawn for every step, from torch's own generator (torch.manual_seed), whose state
            `solve` keeps; 0 for 100 fixed Chebyshev points.
        options: of `Domain`.
    """
    net = FullyConnected(("x",), ("u",), {"x": (0, 1)}, width, depth, spread)
    domain = Domain([net], seed=seed, **options)
    domain.add("interior", _choose(fresh, {"x": (0, 1)}, line("x", 0, 1, 100)), lambda p: p.u_xx - 1)
    domain.add("ends", at(x=[0, 1]), lambda p: p.u)
    test = grid(x=(0, 1, 1001))
    return Problem(domain, lambda d: _compare(d, test, ["u"], parabola_exact(test["x"])))


def parabola_family(
    width: int = 100, depth: int = 1, spread: float = 0.5, seed: int = 0, fresh: int = 0, **options
) -> Problem:
    """u_xx = 1 on (0, l), u(0, l) = u(l, l) = 0 for every l in [1, 2]: one network u(x, l)."""
    net = FullyConnected(("x", "l"), ("u",), {"x": (0, 2), "l": (1, 2)}, width, depth, spread)
    domain = Domain([net], seed=seed, **options)
    lengths = line("l", 1, 2, 40)

    def stretched(points: Points) -> Points:
        return points | {"x": points["x"] * points["l"]}

    fixed = stretched(product(line("x", 0, 1, 24), line("l", 1, 2, 20)))
    inside = (lambda: stretched(_random({"x": (0, 1), "l": (1, 2)}, fresh))) if fresh else fixed
    domain.add("interior", inside, lambda p: p.u_xx - 1)
    domain.add("left end", lengths | {"x": 0 * lengths["l"]}, lambda p: p.u)
    domain.add("right end", lengths | {"x": lengths["l"]}, lambda p: p.u)
    test = stretched(grid(x=(0, 1, 101), l=(1, 2, 41)))
    return Problem(domain, lambda d: _compare(d, test, ["u"], parabola_exact(test["x"], test["l"])))


def source_exact(x: Tensor) -> Tensor:
    """The source that the inverse problem looks for."""
    return x + torch.sin(4 * math.pi * x)


def deflection_exact(x: Tensor) -> Tensor:
    """The solution of u'' = `source_exact` with u(0) = u(1) = 0."""
    return (8 * x * (x**2 - 1) - 3 * torch.sin(4 * math.pi * x) / math.pi**2) / 48


def parabola_data(noise: float = 0.0, seed: int = 3) -> Points:
    """100 measured values ``m`` of the deflection at random ``x``; noise relative to its standard deviation."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(100, 1, generator=generator, dtype=torch.float64)
    u = deflection_exact(x)
    return {"x": x, "m": u + noise * u.std() * torch.randn(u.shape, generator=generator, dtype=torch.float64)}


def parabola_inverse(
    width: int = 60,
    depth: int = 1,
    spread: float = 4.0,
    seed: int = 0,
    fresh: int = 0,
    noise: float = 0.0,
    **options,
) -> Problem:
    """Find f in u'' = f from 100 values of u; the error is that of f over [0, 1], ends included."""
    bounds = {"x": (0.0, 1.0)}
    u = FullyConnected(("x",), ("u",), bounds, width, depth, spread, scale=0.1)
    f = FullyConnected(("x",), ("f",), bounds, width, depth, spread)
    domain = Domain([u, f], seed=seed, **options)
    domain.add("equation", _choose(fresh, bounds, line("x", 0, 1, 200)), lambda p: p.u_xx - p.f, weight=0.01)
    domain.add("data", parabola_data(noise), lambda p: p.u - p.m, weight=100.0)
    test = grid(x=(0, 1, 1001))
    return Problem(domain, lambda d: _compare(d, test, ["f"], source_exact(test["x"])))


def interface_temperature(d1: Tensor | float) -> Tensor | float:
    """Temperature where the two halves of the bar meet, from D1 T = D2 (1 - T)."""
    return 1 / (1 + d1 / D2)


def bar(
    width: int = 20, depth: int = 1, spread: float = 1.0, seed: int = 0, fresh: int = 0, **options
) -> Problem:
    """A bar of two materials, (0, 1) and (1, 2), 0 at the left and 1 at the right end; two networks u and v.

    The cold half has temperatures of about 0.01: its network is scaled, and what concerns it is weighted,
    by that size. The error is the larger of the two halves' relative errors.
    """
    cold = interface_temperature(D1)
    u = FullyConnected(("x",), ("u",), {"x": (0, 1)}, width, depth, spread, scale=cold)
    v = FullyConnected(("x",), ("v",), {"x": (1, 2)}, width, depth, spread)
    domain = Domain([u, v], seed=seed, **options)
    domain.add(
        "left half", _choose(fresh, {"x": (0, 1)}, line("x", 0, 1, 60)), lambda p: p.u_xx, weight=cold**-2
    )
    domain.add("right half", _choose(fresh, {"x": (1, 2)}, line("x", 1, 2, 60)), lambda p: p.v_xx)
    domain.add("same temperature", at(x=1), lambda p: p.u - p.v, weight=cold**-2)
    domain.add("same flux", at(x=1), lambda p: D1 * p.u_x - D2 * p.v_x, weight=D2**-2)
    domain.add("cold end", at(x=0), lambda p: p.u, weight=cold**-2)
    domain.add("hot end", at(x=2), lambda p: p.v - 1)
    left, right = grid(x=(0, 1, 501)), grid(x=(1, 2, 501))
    return Problem(domain, lambda d: _bar_error(d, left, right, cold))


def bar_family(
    width: int = 100, depth: int = 1, spread: float = 0.5, seed: int = 0, fresh: int = 0, **options
) -> Problem:
    """The bar for every D1 = D in [5, 25] at once; the networks see 1/D, on which the solution depends smoothly."""
    resistance = {"r": lambda p: 1 / p.D}
    size = interface_temperature(D1)
    u = FullyConnected(
        ("x", "r"),
        ("u",),
        {"x": (0, 1), "r": (1 / 25, 1 / 5)},
        width,
        depth,
        spread,
        scale=size,
        features=resistance,
    )
    v = FullyConnected(
        ("x", "r"), ("v",), {"x": (1, 2), "r": (1 / 25, 1 / 5)}, width, depth, spread, features=resistance
    )
    domain = Domain([u, v], seed=seed, **options)
    some, many = ({"D": 1 / line("D", 1 / 25, 1 / 5, number)["D"]} for number in (16, 40))

    def half(low: int) -> Points | Callable[[], Points]:
        return _choose(fresh, {"x": (low, low + 1), "D": (5, 25)}, product(line("x", low, low + 1, 20), some))

    def end(x: float) -> Points:
        return many | {"x": torch.full_like(many["D"], x)}

    domain.add("left half", half(0), lambda p: p.u_xx, weight=size**-2)
    domain.add("right half", half(1), lambda p: p.v_xx)
    domain.add("same temperature", end(1), lambda p: p.u - p.v, weight=size**-2)
    domain.add("same flux", end(1), lambda p: p.D * p.u_x - D2 * p.v_x, weight=D2**-2)
    domain.add("cold end", end(0), lambda p: p.u, weight=size**-2)
    domain.add("hot end", end(2), lambda p: p.v - 1)
    left, right = grid(x=(0, 1, 51), D=(5, 25, 81)), grid(x=(1, 2, 51), D=(5, 25, 81))
    return Problem(domain, lambda d: _bar_error(d, left, right, interface_temperature(left["D"])))


def spring_exact(t: Tensor) -> Tensor:
    """Displacements of the three masses for m = (1, 1, 1), k = (2, 1, 1, 2), released from (1, 0, 0); (n, 3)."""
    slow, middle, fast = torch.cos(t), torch.cos(math.sqrt(3) * t), torch.cos(2 * t)
    return torch.cat(
        [slow / 6 + middle / 2 + fast / 3, slow / 3 - fast / 3, slow / 6 - middle / 2 + fast / 3], dim=1
    )


def spring_motion(t: np.ndarray, masses: Sequence[float], stiffness: Sequence[float]) -> np.ndarray:
    """Displacements, shape (3, n), of three masses between four springs, released from (1, 0, 0) at rest.

    Args:
        t: moments, shape (n,).
        masses: three, in kg.
        stiffness: of the four springs, in N/m.
    """
    a, b, c, d = stiffness
    matrix = np.array([[a + b, -b, 0], [-b, b + c, -c], [0, -c, c + d]])
    root = np.sqrt(np.asarray(masses, dtype=float))
    values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    start = root[0] * vectors[0]
    return (vectors * start) @ np.cos(np.sqrt(values)[:, None] * t) / root[:, None]


def spring(
    width: int = 80,
    depth: int = 1,
    spread: float = 6.0,
    seed: int = 0,
    fresh: int = 0,
    end: float = 10.0,
    **options,
) -> Problem:
    """Three masses x, y, z between four springs for t in (0, end)."""
    net = FullyConnected(("t",), ("x", "y", "z"), {"t": (0, end)}, width, depth, spread)
    domain = Domain([net], seed=seed, **options)
    domain.add(
        "motion", _choose(fresh, {"t": (0, end)}, line("t", 0, end, 200)), lambda p: motion(p, m=1.0, k=2.0)
    )
    domain.add("start", at(t=0), lambda p: (p.x - 1, p.y, p.z, p.x_t, p.y_t, p.z_t))
    test = grid(t=(0, end, 2001))
    return Problem(domain, lambda d: _compare(d, test, ["x", "y", "z"], spring_exact(test["t"])))


def motion(p, m, k) -> tuple[Tensor, ...]:
    """Newton's law for the three masses: m1 = m, k4 = k, all others as in `spring_exact`."""
    return (
        m * p.x_tt + 2 * p.x - (p.y - p.x),
        p.y_tt + (p.y - p.x) - (p.z - p.y),
        p.z_tt + (p.z - p.y) + k * p.z,
    )


def spring_data(noise: float = 0.0, seed: int = 5, number: int = 200, end: float = 10.0) -> Points:
    """Measured displacements ``X, Y, Z`` at evenly spaced ``t``; noise relative to their standard deviation."""
    t = torch.linspace(0, end, number, dtype=torch.float64)[:, None]
    values = spring_exact(t)
    generator = torch.Generator().manual_seed(seed)
    values = values + noise * values.std() * torch.randn(
        values.shape, generator=generator, dtype=torch.float64
    )
    return {"t": t, "X": values[:, :1], "Y": values[:, 1:2], "Z": values[:, 2:]}


def spring_inverse(
    width: int = 60,
    depth: int = 1,
    spread: float = 6.0,
    seed: int = 0,
    fresh: int = 0,
    noise: float = 0.0,
    data_seed: int = 5,
    **options,
) -> Problem:
    """Find the mass m (exact 1) and the spring k (exact 2) from measured motion; the larger relative error."""
    net = FullyConnected(("t",), ("x", "y", "z"), {"t": (0, 10)}, width, depth, spread)
    domain = Domain([net], unknowns={"m": 0.5, "k": 0.5}, seed=seed, **options)
    domain.add(
        "motion",
        _choose(fresh, {"t": (0, 10)}, line("t", 0, 10, 200)),
        lambda p: motion(p, p.m, p.k),
        weight=0.1,
    )
    domain.add("data", spring_data(noise, data_seed), lambda p: (p.x - p.X, p.y - p.Y, p.z - p.Z))
    return Problem(domain, lambda d: max(abs(d.unknown("m") - 1), abs(d.unknown("k") / 2 - 1)))


def _random(bounds, number: int) -> Points:
    return {name: low + (high - low) * torch.rand(number, 1) for name, (low, high) in bounds.items()}


def _choose(fresh: int, bounds, fixed: Points) -> Points | Callable[[], Points]:
    return (lambda: _random(bounds, fresh)) if fresh else fixed


def _compare(domain: Domain, test: Points, names: list[str], exact: Tensor) -> float:
    return relative_l2(domain.predict(test, *names), exact)


def _bar_error(domain: Domain, left: Points, right: Points, cold: Tensor | float) -> float:
    x = left["x"]
    return max(
        relative_l2(domain.predict(left, "u"), x * cold),
        relative_l2(domain.predict(right, "v"), x + (1 - x) * cold),
    )


def recipe(name: str) -> tuple[list[Optimizer], list[int]]:
    """Optimizers and steps that solve the problem of this name.

    Where the equations are linear in the solution, an exact output layer lands in a few steps. Where an unknown
    number multiplies the solution, damped steps come near first.
    """
    landing = LevenbergMarquardt(damping=100.0, exact_output_layer=True)
    if name == "spring_inverse":
        return [LevenbergMarquardt(), LevenbergMarquardt(exact_output_layer=True)], [20, 12]
    return [landing], [3]
