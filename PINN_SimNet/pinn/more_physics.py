"""Referees of notebook 06: closed forms and a finite-element solution; and its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import skfem
from matplotlib.figure import Figure
from scipy.sparse import bmat
from skfem.helpers import ddot, div, dot, grad

from utils import published
from utils.viz import BLACK, BLUE, ORANGE


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
        places = np.stack([x, y])
        velocity, pressure, heat = (
            b.probes(places) @ v for b, v in zip(self.bases, self.values, strict=True)
        )
        return np.stack([*velocity.reshape(2, -1), pressure, heat], axis=1)


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


def maps(
    panels: Mapping[str, np.ndarray],
    extent: Sequence[float],
    label: str,
    columns: int = 4,
    symmetric: bool = True,
    size: tuple[float, float] = (2.5, 2.5),
) -> Figure:
    """Fields on one scale, each (height, width) with row 0 at the bottom."""
    rows = -(-len(panels) // columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False, sharex=True, sharey=True
    )
    high = max(np.nanmax(np.abs(field)) for field in panels.values())
    low = -high if symmetric else min(np.nanmin(field) for field in panels.values())
    if not symmetric:
        high = max(np.nanmax(field) for field in panels.values())
    for ax, (name, field) in zip(axes.flat, panels.items(), strict=False):
        image = ax.imshow(
            field,
            origin="lower",
            extent=extent,
            vmin=low,
            vmax=high,
            cmap="RdBu_r" if symmetric else "viridis",
        )
        ax.set_title(name)
        ax.grid(False)
    for ax in axes[-1]:
        ax.set_xlabel("x")
    for ax in axes[:, 0]:
        ax.set_ylabel("y")
    fig.colorbar(image, ax=axes, label=label, shrink=0.8)
    return fig


def curves(
    x: np.ndarray,
    lines: Mapping[str, np.ndarray],
    title: str,
    xlabel: str,
    ylabel: str,
    dots: tuple[np.ndarray, np.ndarray, str] | None = None,
) -> Figure:
    """Lines over one axis, and perhaps dots with a name."""
    fig, ax = plt.subplots(figsize=(6.4, 3.3))
    for (name, values), style in zip(lines.items(), ("-", "--", ":", "-."), strict=False):
        ax.plot(x, values, style, label=name)
    if dots is not None:
        ax.plot(dots[0], dots[1], "o", color=BLACK, ms=4, label=dots[2])
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return fig


def plate(x, y, stress, angle_deg, hoop) -> Figure:
    """Stress along the pull in a quarter of the plate, and the stress along the rim of the hole.

    Args:
        x, y, stress: grids, each (n, n); NaN inside of the hole.
        angle_deg, hoop: along the rim.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8))
    image = left.contourf(x, y, stress, np.linspace(0, 3, 25), cmap="viridis", extend="both")
    left.contour(x, y, stress, [1], colors="white", linewidths=0.8)
    left.set(title="stress xx / pull; white: equal to the pull", xlabel="x", ylabel="y", aspect="equal")
    left.grid(False)
    fig.colorbar(image, ax=left, label="stress xx / pull", ticks=range(4))
    right.plot(angle_deg, hoop, color=BLUE, label="network")
    right.plot(
        angle_deg[::5],
        1 - 2 * np.cos(2 * np.radians(angle_deg[::5])),
        "o",
        color=BLACK,
        ms=4,
        label="Kirsch (1898)",
    )
    right.set(title="rim of the hole", xlabel="angle from the pull (degrees)", ylabel="stress / pull")
    right.legend()
    return fig


def warm_channel(extent: Sequence[float], temperature: np.ndarray, rising: np.ndarray) -> Figure:
    """Temperature and vertical velocity in a channel, each (height, width)."""
    fig, axes = plt.subplots(2, 1, figsize=(7.2, 4.6), sharex=True)
    high = np.abs(rising).max()
    for ax, name, field, options in (
        (axes[0], "temperature", temperature, {"cmap": "viridis", "vmin": 0, "vmax": 1}),
        (axes[1], "vertical velocity", rising, {"cmap": "RdBu_r", "vmin": -high, "vmax": high}),
    ):
        image = ax.imshow(field, origin="lower", extent=extent, **options)
        ax.set(title=name, ylabel="y")
        ax.grid(False)
        fig.colorbar(image, ax=ax, label=name, shrink=0.9)
    axes[1].set_xlabel("x")
    return fig


def cavity(x, y, stream, u_line, v_line) -> Figure:
    """Streamlines of the cavity, and both centre lines with the published values.

    Args:
        x, y, stream: grids and stream function, each (n, n).
        u_line, v_line: (coordinate, velocity) along the vertical and the horizontal centre line.
    """
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(10.5, 3.3))
    image = left.contourf(x, y, stream, 20, cmap="cividis")
    levels = [-0.1, -0.09, -0.07, -0.05, -0.03, -0.01, -0.003, -0.0005, 1e-6]
    left.contour(x, y, stream, levels, colors="white", linewidths=0.7, linestyles="-")
    left.plot(*published.GHIA_CENTRE, "o", color=ORANGE, ms=6)
    left.set(title="stream function", xlabel="x", ylabel="y", aspect="equal")
    left.grid(False)
    fig.colorbar(image, ax=left, label="stream function", shrink=0.8)
    middle.plot(u_line[1], u_line[0], color=BLUE, label="network")
    middle.plot(
        published.GHIA[100][0], published.CAVITY_Y, "o", color=ORANGE, ms=4, label="Ghia et al. (1982)"
    )
    middle.set(title="vertical centre line", xlabel="u / lid speed", ylabel="y")
    middle.legend()
    right.plot(*v_line, color=BLUE)
    right.plot(published.CAVITY_X, published.GHIA[100][1], "o", color=ORANGE, ms=4)
    right.set(title="horizontal centre line", xlabel="x", ylabel="v / lid speed")
    return fig
