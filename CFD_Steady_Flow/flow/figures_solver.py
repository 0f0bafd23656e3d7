"""Figures of notebook 01: the lattice, profiles, benchmark flows, a vortex street, speeds."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from flow import published
from utils import viz
from utils.published import CAVITY_X, CAVITY_Y, GHIA


def draw_lattice(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Figure:
    """The nine velocities of a cell, with their numbers and weights."""
    fig, ax = plt.subplots(figsize=(4.6, 4.3))
    for line in (-0.5, 0.5):
        ax.axhline(line, color="0.85", lw=1, zorder=0)
        ax.axvline(line, color="0.85", lw=1, zorder=0)
    for q, (cx, cy, weight) in enumerate(zip(x, y, weights, strict=True)):
        if q:
            ax.annotate("", (cx, cy), (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 1.8, "color": viz.BLUE})
        else:
            ax.plot(0, 0, "o", ms=9, color=viz.BLUE)
        offset = (0.5, 0.17) if not q else (0.2 * cx, 0.2 * cy)
        ax.text(
            cx + offset[0],
            cy + offset[1],
            f"{q}: {Fraction(weight).limit_denominator(36)}",
            ha="center",
            va="center",
        )
    ax.set(xlim=(-1.6, 1.6), ylim=(-1.5, 1.5), xticks=(-1, 0, 1), yticks=(-1, 0, 1), aspect="equal")
    ax.set(xlabel="x (cells)", ylabel="y (cells)", title="Nine velocities and their weights")
    ax.grid(False)
    return fig


def draw_channel(profiles: Mapping[int, np.ndarray], errors: Mapping[int, float]) -> Figure:
    """Left: profiles by rows (as shares of the maximum) on the parabola. Right: error against rows, log-log."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    fine = np.linspace(0, 1, 200)
    left.plot(4 * fine * (1 - fine), fine, color="0.6", label="exact parabola")
    for marker, (number, profile) in zip("os^Dv", profiles.items(), strict=False):
        left.plot(profile, (np.arange(number) + 0.5) / number, marker, ms=4, label=f"{number} rows")
    left.set(xlabel="velocity / largest velocity", ylabel="height / channel height", title="Channel flow")
    left.legend()
    rows = np.array(list(errors))
    values = np.array(list(errors.values()))
    right.loglog(rows, values[0] * (rows[0] / rows) ** 2, color="0.6", label="falls as 1 / rows$^2$")
    right.loglog(rows, values, "o", color=viz.BLUE, label="largest error")
    right.set(
        xlabel="rows across the channel",
        ylabel="error / largest velocity",
        title="Twice as fine, a quarter of the error",
    )
    right.set_xticks(rows, [str(number) for number in rows])
    right.xaxis.set_minor_formatter(NullFormatter())
    right.legend()
    return fig


def draw_cavities(flows: Mapping[int, np.ndarray]) -> Figure:
    """For each Reynolds number the streamlines of a cavity (n, n, 2), and its centre lines on the published points."""
    fig, axes = plt.subplots(2, 2, figsize=(8.6, 7.6))
    for (left, right), (reynolds, velocity) in zip(axes, flows.items(), strict=True):
        n = len(velocity)
        position = (np.arange(n) + 0.5) / n
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
        image = left.imshow(speed, origin="lower", extent=(0, 1, 0, 1), vmin=0, vmax=1)
        left.streamplot(
            position,
            position,
            velocity[..., 0],
            velocity[..., 1],
            color="white",
            linewidth=0.6,
            density=1.3,
            arrowsize=0.6,
        )
        left.set(
            xlim=(0, 1),
            ylim=(0, 1),
            xlabel="x / side",
            ylabel="y / side",
            title=f"Reynolds number {reynolds}",
        )
        left.grid(False)
        fig.colorbar(image, ax=left, label="speed / lid speed", shrink=0.85)
        right.plot(position, velocity[:, n // 2, 0], color=viz.BLUE, label="u along the vertical centre line")
        right.plot(position, velocity[n // 2, :, 1], color=viz.ORANGE, label="v along the horizontal one")
        for points, values, color in zip(
            (CAVITY_Y, CAVITY_X),
            GHIA[reynolds],
            (viz.BLUE, viz.ORANGE),
            strict=True,
        ):
            right.plot(points, values, "o", ms=4, color=color, mfc="none")
        right.plot([], [], "o", color="0.3", mfc="none", ms=4, label="Ghia et al. (1982)")
        right.set(xlabel="position / side", ylabel="velocity / lid speed", ylim=(-0.65, 1.15))
        right.legend(loc="upper left")
    return fig


def draw_cylinder(velocity: np.ndarray, density: np.ndarray, solid: np.ndarray, cell_m: float) -> Figure:
    """Speed with streamlines, and pressure, in the front 0.9 m of the channel."""
    shown = round(0.9 / cell_m)
    extent = (0, shown * cell_m, 0, published.HEIGHT_M)
    speed = np.hypot(velocity[..., 0], velocity[..., 1])[:, :shown]
    mean = velocity[:, 0, 0].mean()
    fig, axes = plt.subplots(2, 1, figsize=(7.6, 6), sharex=True)
    panels = (
        (axes[0], speed / mean, "speed / mean inflow", "viridis"),
        (axes[1], (density[:, :shown] - 1) / 3 / mean**2, "pressure / (density mean inflow$^2$)", "cividis"),
    )
    for ax, field, label, cmap in panels:
        image = ax.imshow(np.where(solid[:, :shown], np.nan, field), origin="lower", extent=extent, cmap=cmap)
        fig.colorbar(image, ax=ax, label=label, shrink=0.9)
        ax.set(ylabel="y (m)")
        ax.grid(False)
        ax.set_facecolor("0.85")
    _streamlines(axes[0], velocity[:, :shown], solid[:, :shown], cell_m)
    axes[1].set(xlabel="x (m)")
    axes[0].set(title="Cylinder in a channel, Reynolds number 20")
    return fig


def _streamlines(ax: Axes, velocity: np.ndarray, solid: np.ndarray, cell: float) -> None:
    ny, nx = solid.shape
    u, v = (np.where(solid, np.nan, velocity[..., k]) for k in (0, 1))
    ax.streamplot(
        (np.arange(nx) + 0.5) * cell,
        (np.arange(ny) + 0.5) * cell,
        u,
        v,
        color="white",
        linewidth=0.6,
        density=(2, 1),
        arrowsize=0.6,
    )
    ax.set(xlim=(0, nx * cell), ylim=(0, ny * cell))


def make_street_frames(film: Sequence[np.ndarray], solid: np.ndarray, cell_m: float) -> Iterator[Figure]:
    """Frames of `viz.animate`: vorticity times diameter over mean inflow, each (ny, nx), near the cylinder."""
    shown = round(1.3 / cell_m)
    fig, ax = plt.subplots(figsize=(6.8, 2.7))
    ax.set(xlabel="x (m)", ylabel="y (m)")
    ax.set_facecolor("0.3")
    ax.grid(False)
    span = 0.5 * np.nanpercentile(np.abs(np.stack(film)), 99.5)
    picture = np.where(solid, np.nan, film[0])[:, :shown]
    extent = (0, shown * cell_m, 0, solid.shape[0] * cell_m)
    image = ax.imshow(picture, origin="lower", extent=extent, cmap="RdBu_r", vmin=-span, vmax=span)
    for vorticity in film:
        image.set_data(np.where(solid, np.nan, vorticity)[:, :shown])
        yield fig


def draw_street(
    vorticity: np.ndarray,
    solid: np.ndarray,
    cell_m: float,
    time: np.ndarray,
    lift: np.ndarray,
    reynolds: float = 100,
) -> Figure:
    """Above: vorticity times diameter over mean inflow, (ny, nx). Below: lift coefficient in time (diameters over mean inflow)."""
    fig, (above, below) = plt.subplots(2, 1, figsize=(8.6, 4.8), height_ratios=(1.1, 1))
    extent = (0, solid.shape[1] * cell_m, 0, solid.shape[0] * cell_m)
    span = 0.5 * np.nanpercentile(np.abs(vorticity), 99.5)
    image = above.imshow(
        np.where(solid, np.nan, vorticity),
        origin="lower",
        extent=extent,
        cmap="RdBu_r",
        vmin=-span,
        vmax=span,
    )
    fig.colorbar(image, ax=above, label="vorticity × diameter\n/ mean inflow")
    above.set_facecolor("0.3")
    above.set(
        xlabel="x (m)", ylabel="y (m)", title=f"Vorticity behind a cylinder, Reynolds number {reynolds:g}"
    )
    above.grid(False)
    below.plot(time, lift)
    below.set(xlabel="time (diameter / mean inflow)", ylabel="lift coefficient")
    return fig


def draw_speeds(rates: Mapping[str, float], highlighted: Sequence[str]) -> Figure:
    """Horizontal bars of million lattice updates a second, logarithmic."""
    fig, ax = plt.subplots(figsize=(7, 0.5 * len(rates) + 1.2))
    colors = [viz.BLUE if name in highlighted else "0.65" for name in rates]
    bars = ax.barh(list(rates), list(rates.values()), color=colors)
    ax.bar_label(bars, fmt="{:,.0f}", padding=3)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.set(xlabel="million lattice updates a second", title="One core", xlim=(1, 4 * max(rates.values())))
    ax.invert_yaxis()
    return fig
