"""Two equations in time on which PINNs are compared, with their truth: Burgers and Allen-Cahn.

Both are solved on half of their interval (-1, 1), since the solution is odd (Burgers) or even (Allen-Cahn) in x.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.fft import dct, idct
from scipy.integrate import solve_ivp
from torch import Tensor

from pinn.derivatives import sin, tanh
from pinn.domain import Domain
from pinn.networks import FullyConnected
from pinn.points import Points, at, box, line, product
from pinn.problems import Problem
from utils.metrics import relative_l2

VISCOSITY = 0.01 / math.pi  # of Burgers' equation, in Raissi et al. (2019), doi:10.1016/j.jcp.2018.10.045
DIFFUSIVITY = 1e-4  # of the Allen-Cahn equation, same source
GROWTH = 5.0  # rate of its reaction


def burgers_exact(x: Tensor, t: Tensor, number: int = 1001) -> Tensor:
    """The solution of u_t + u u_x = nu u_xx, u(x, 0) = -sin(pi x), by the formula of Cole (1951) and Hopf (1950).

    Args:
        x, t: columns (n, 1).
        number: points of the quadrature (trapezoidal rule, exponentially accurate here).
    """
    z = torch.linspace(-12, 12, number, dtype=torch.float64)  # beyond, exp(-z^2) is below 1e-62
    y = x - 2 * torch.sqrt(VISCOSITY * t) * z
    exponent = -z.square() - torch.cos(math.pi * y) / (2 * math.pi * VISCOSITY)
    weight = torch.exp(exponent - exponent.max(1, keepdim=True).values)
    return -(weight * torch.sin(math.pi * y)).sum(1, keepdim=True) / weight.sum(1, keepdim=True)


def burgers(width: int = 24, depth: int = 2, number: int = 2400, seed: int = 0) -> Problem:
    """Burgers' equation on x in (0, 1), t in (0, 1), with start and ends built in.

    Args:
        width, depth: of the network.
        number: of scattered points; they lie closer together towards the front at x = 0.
        seed: of the start values and of the points.
    """
    net = FullyConnected(
        ("x", "s", "t"),
        ("u",),
        {"x": (0, 1), "s": (0, 1), "t": (0, 1)},
        width,
        depth,
        features={"s": lambda p: tanh(40 * p.x)},
        hard={"u": lambda p: tanh(3 * p.t) * (1 - p.x) * tanh(40 * p.x) * p.u - sin(math.pi * p.x)},
    )
    domain = Domain([net], seed=seed)
    points = box({"x": (0, 1), "t": (0, 1)}, number, seed=seed)
    points["x"] = torch.sinh(5 * points["x"]) / math.sinh(5)  # at the front 15 times as dense as evenly
    domain.add("interior", points, lambda p: p.u_t + p.u * p.u_x - VISCOSITY * p.u_xx)
    test = product(
        at(x=torch.linspace(-1, 1, 256, dtype=torch.float64)[128:]),
        at(t=torch.linspace(0, 0.99, 100, dtype=torch.float64)),
    )
    exact = burgers_exact(test["x"], test["t"])
    return Problem(domain, lambda d: relative_l2(d.predict(test, "u"), exact))


def rounded_kink(x: Tensor, t: Tensor) -> Tensor:
    """The start x^2 cos(pi x) of the Allen-Cahn problem with its kink at |x| = 1 rounded off by diffusion.

    Continued with period 2, the start has a kink there: its slope jumps by 4. The heat equation rounds a kink in a known
    way (Carslaw & Jaeger 1959, section 2.4), so that what is left for a network is smooth.
    """
    gap, spread = 1 - x, torch.sqrt(4 * DIFFUSIVITY * t).clamp_min(1e-300)
    ratio = gap / spread
    rounded = gap * torch.erf(ratio) + spread / math.sqrt(math.pi) * torch.exp(-ratio.square())
    return x.square() * torch.cos(math.pi * x) + 2 * (rounded - gap)


def start_diffusion(x: Tensor) -> Tensor:
    """Diffusivity times the second derivative of x^2 cos(pi x)."""
    cosine, sine = torch.cos(math.pi * x), torch.sin(math.pi * x)
    return DIFFUSIVITY * (2 * cosine - 4 * math.pi * x * sine - (math.pi * x).square() * cosine)


def allen_cahn_reference(number: int = 512, times: int = 201, rtol: float = 1e-11) -> Tensor:
    """u at x = 0, 1/number, ..., 1 and evenly spaced t in [0, 1], shape (times, number + 1).

    Cosine series for what is left beside `rounded_kink`, and Dormand & Prince's method of order 8 in time.
    """
    x = torch.linspace(0, 1, number + 1, dtype=torch.float64)
    decay = DIFFUSIVITY * (math.pi * np.arange(number + 1)) ** 2
    source = start_diffusion(x).numpy()

    def rounded(t: float) -> np.ndarray:
        return rounded_kink(x, torch.tensor(t, dtype=torch.float64)).numpy()

    def rate(t: float, v: np.ndarray) -> np.ndarray:
        u = rounded(t) + v
        return idct(-decay * dct(v, 1), 1) + source + GROWTH * (u - u**3)

    moments = np.linspace(0, 1, times)
    run = solve_ivp(rate, (0, 1), np.zeros(number + 1), "DOP853", moments, rtol=rtol, atol=1e-13)
    if not run.success:
        raise RuntimeError(f"The reference of the Allen-Cahn equation was not reached: {run.message}")
    return torch.as_tensor(run.y.T + np.array([rounded(float(t)) for t in moments]))


def allen_cahn(
    width: int = 24,
    depth: int = 2,
    number: int = 2400,
    seed: int = 0,
    spread: float = 3.0,
    growth: float = 2 * GROWTH,
) -> Problem:
    """u_t = 1e-4 u_xx + 5 (u - u^3), u(x, 0) = x^2 cos(pi x), period 2; on x in (0, 1), t in (0, 1).

    Args:
        width, depth, spread: of the network, which learns v = u - `rounded_kink`.
        number: of scattered points.
        seed: of the start values and of the points.
        growth: squared residuals at time t count exp(growth (1 - t)) times. Near u = 0 an error grows as exp(5 t).
    """
    bounds = {"x": (0, 1), "t": (0, 1)}
    net = FullyConnected(("x", "t"), ("v",), bounds, width, depth, spread, hard={"v": lambda p: p.t * p.v})
    domain = Domain([net], seed=seed)
    points = box({"x": (0, 1), "t": (0, 1)}, number, seed=seed)
    points |= {"H": rounded_kink(points["x"], points["t"]), "S": start_diffusion(points["x"])}
    domain.add("interior", points, allen_cahn_residual, torch.exp(growth * (1 - points["t"])))
    ends = product(at(x=[0, 1]), line("t", 0, 1, 40))
    domain.add("ends", ends, lambda p: p.v_x, weight=1e-3)
    test, known, exact = allen_cahn_test()
    return Problem(domain, lambda d: relative_l2(known + d.predict(test, "v"), exact))


def allen_cahn_residual(p) -> Tensor:
    """Of v = u - H, where H solves u_t = 1e-4 u_xx but for the source S that `start_diffusion` gives."""
    u = p.H + p.v
    return p.v_t - DIFFUSIVITY * p.v_xx - p.S - GROWTH * (u - u**3)


def allen_cahn_test() -> tuple[Points, Tensor, Tensor]:
    """257 x 201 points with `rounded_kink` and the true u there, as columns."""
    test = product(
        at(t=torch.linspace(0, 1, 201, dtype=torch.float64)),
        at(x=torch.linspace(0, 1, 257, dtype=torch.float64)),
    )
    exact = allen_cahn_reference()[:, ::2].reshape(-1, 1)
    return test, rounded_kink(test["x"], test["t"]), exact
