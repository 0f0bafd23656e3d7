"""Referees of notebook 06: closed forms and a finite-element solution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import skfem
from scipy.sparse import bmat
from skfem.helpers import ddot, div, dot, grad

from pinn.chip import probed


def waveguide_field(
    x: np.ndarray, y: np.ndarray, wavenumber: float, length: float, amplitudes: Sequence[float]
) -> np.ndarray:
    """Field between two metal plates at y = 0 and 1 that is driven at x = 0, complex, shape of ``x``.

    Mode m has the profile sin(m pi y) and, along x, a wave each way with (d/dx)^2 = (m pi)^2 - k^2. The two
    amplitudes follow from E = amplitude at x = 0 and dE/dx = i beta_1 E at x = length, which lets mode 1 leave.

    Args:
        wavenumber: k = 2 pi / free wavelength; at m pi, where mode m neither runs nor fades, the limit is given.
        amplitudes: of modes 1, 2, ... at x = 0.
    """
    beta = np.sqrt(complex(wavenumber**2 - np.pi**2))
    field = np.zeros(np.shape(x), dtype=complex)
    for m, amplitude in enumerate(amplitudes, start=1):
        kappa = np.sqrt(complex(wavenumber**2 - (m * np.pi) ** 2))

        def along(rest, kappa=kappa):  # the distance to the far end; sin(kappa rest) / kappa by sinc
            return np.cos(kappa * rest) - 1j * beta * rest * np.sinc(kappa * rest / np.pi)

        field += amplitude * along(length - np.asarray(x)) / along(length) * np.sin(m * np.pi * y)
    return field


def plate_stress(points: np.ndarray, radius: float, tension: float = 1.0) -> np.ndarray:
    """Stress around a circular hole in a wide plate pulled along x: columns xx, yy, xy, shape (n, 3).

    Kirsch (1898); Timoshenko & Goodier, Theory of Elasticity, 3rd ed., section 35, turned to x and y.

    Raises:
        ValueError: a point lies in the hole.
    """
    x, y = points.T
    in_hole = ~(x**2 + y**2 >= radius**2 * (1 - 1e-9))
    if in_hole.any():
        raise ValueError(
            f"{in_hole.sum()} of {len(points)} points lie in the hole, where there is no stress."
        )
    q, a = radius**2 / (x**2 + y**2), np.arctan2(y, x)
    c2, c4, s2, s4 = np.cos(2 * a), np.cos(4 * a), np.sin(2 * a), np.sin(4 * a)
    return tension * np.stack(
        [
            1 - q * (1.5 * c2 + c4) + 1.5 * q**2 * c4,
            -q * (0.5 * c2 - c4) - 1.5 * q**2 * c4,
            -q * (0.5 * s2 + s4) + 1.5 * q**2 * s4,
        ],
        axis=1,
    )


@dataclass(frozen=True)
class WarmFlow:
    """Finite-element solution of flow and heat in a channel.

    Attributes:
        bases: of velocity, pressure and temperature.
        values: their coefficients.
        rounds: how often flow and heat were solved in turn.
        change: of the velocity in the last round.
    """

    bases: tuple
    values: tuple
    rounds: int
    change: float

    def probe(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Columns u, v, p, T at points, shape (n, 4)."""
        places = np.stack([x, y], axis=1)
        return np.concatenate(
            [probed(basis, values, places) for basis, values in zip(self.bases, self.values, strict=True)],
            axis=1,
        )


def warm_flow(
    cells: int, length: float, viscosity: float, diffusivity: float, buoyancy: float, floor, inflow
) -> WarmFlow:
    """Steady flow and heat in a channel (0, length) x (0, 1), coupled both ways, by Q2-Q1-Q2 elements.

    The flow carries the heat, and the heat lifts the fluid (Boussinesq). Flow and heat are solved in turn
    until the velocity stands still. Inlet: ``inflow(y)``, T = 0; lower wall: T = ``floor(x)``; upper wall:
    T = 0; outlet: no stress, no heat flux by conduction.

    Args:
        cells: elements over the height.

    Raises:
        RuntimeError: 60 rounds were not enough.
    """
    mesh = skfem.MeshQuad.init_tensor(
        np.linspace(0, length, round(length * cells) + 1), np.linspace(0, 1, cells + 1)
    ).with_boundaries({"held": lambda x: (x[0] == 0) | (x[1] == 0) | (x[1] == 1)})
    flow = skfem.Basis(mesh, skfem.ElementVector(skfem.ElementQuad2()), intorder=4)
    press = skfem.Basis(mesh, skfem.ElementQuad1(), intorder=4)
    heat = skfem.Basis(mesh, skfem.ElementQuad2(), intorder=4)

    # einsum: (carrier . grad) u, of the carrier (j, cells, points) and grad u (i, j, cells, points): (i, cells, points).
    friction = skfem.BilinearForm(
        lambda u, v, w: (
            viscosity * ddot(grad(u), grad(v)) + dot(np.einsum("j...,ij...->i...", w["carrier"], grad(u)), v)
        )
    )
    squeeze = skfem.BilinearForm(lambda p, v, w: -p * div(v)).assemble(press, flow)
    conduct = skfem.BilinearForm(
        lambda u, v, w: diffusivity * dot(grad(u), grad(v)) + dot(w["carrier"], grad(u)) * v
    )
    lift = skfem.LinearForm(lambda v, w: buoyancy * w["heat"] * v[1])

    held, fixed = flow.get_dofs("held").all(), heat.get_dofs("held").all()
    velocity, temperature = np.zeros(flow.N), np.zeros(heat.N)
    velocity[held] = flow.project(lambda x: np.stack([inflow(x[1]), 0 * x[0]]))[held]
    x, y = heat.doflocs[:, fixed]
    temperature[fixed] = np.where(y == 0, floor(x), 0)
    pressure = np.zeros(press.N)
    for turn in range(60):
        carrier = flow.interpolate(velocity)
        temperature = skfem.solve(
            *skfem.condense(conduct.assemble(heat, carrier=carrier), x=temperature, D=fixed)
        )
        matrix = bmat([[friction.assemble(flow, carrier=carrier), squeeze], [squeeze.T, None]], "csr")
        right = np.concatenate([lift.assemble(flow, heat=heat.interpolate(temperature)), 0 * pressure])
        start = np.concatenate([velocity, pressure])
        found = skfem.solve(*skfem.condense(matrix, right, x=start, D=held))
        change = np.abs(found[: flow.N] - velocity).max()
        velocity, pressure = found[: flow.N], found[flow.N :]
        if change < 1e-9:
            return WarmFlow((flow, press, heat), (velocity, pressure, temperature), turn + 1, float(change))
    raise RuntimeError(f"Flow and heat still change by {change:.1e} after 60 rounds: lower the buoyancy.")


# --- figures --------------------------------------------------------------------------------------
