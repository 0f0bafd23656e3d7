"""Figures of notebook 06: fields, lines, the plate with a hole, the warm channel and the cavity."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from utils import published
from utils.viz import BLACK, BLUE, ORANGE


def draw_maps(
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


def draw_curves(
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


def draw_plate(x, y, stress, angle_deg, hoop) -> Figure:
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


def draw_warm_channel(extent: Sequence[float], temperature: np.ndarray, rising: np.ndarray) -> Figure:
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


def draw_cavity(x, y, stream, u_line, v_line) -> Figure:
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
