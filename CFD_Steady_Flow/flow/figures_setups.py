"""Drawings of what the notebooks are about: the channel, the lattice in motion, the way of the data, the networks."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import viz

PAPER, LIGHT_BLUE, LIGHT_ORANGE, LIGHT_GREEN = "#f2f2f2", "#d6e6f2", "#f8e0cf", "#d3ece3"


def _bare(width: float, height: float, wide: float, high: float) -> tuple[Figure, Axes]:
    """An empty sheet of ``width`` by ``height`` inches with coordinates up to (wide, high)."""
    fig, ax = plt.subplots(figsize=(width, height))
    ax.set(xlim=(0, wide), ylim=(0, high))
    ax.axis("off")
    return fig, ax


def _box(
    ax: Axes, x: float, y: float, text: str, width: float, height: float = 0.6, color: str = PAPER
) -> None:
    """A box about (x, y)."""
    ax.add_patch(
        plt.Rectangle((x - width / 2, y - height / 2), width, height, facecolor=color, edgecolor="0.3", lw=1)
    )
    ax.text(x, y, text, ha="center", va="center", fontsize=9)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str = "0.2",
    style: str = "-|>",
    bend: float = 0.0,
) -> None:
    shape = {"arrowstyle": style, "color": color, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops={**shape, "connectionstyle": f"arc3,rad={bend}"})


def draw_channel(
    outline: np.ndarray, length: float, height: float, unit: str, inflow: str, body: str
) -> Figure:
    """A channel with a body in it, and what holds at each of its edges.

    Args:
        outline: (n, 2) corners of the body.
        length, height: of the channel, in ``unit``.
        unit: of all lengths, as it stands beside a number.
        inflow, body: words above the inflow and beside the body.
    """
    fig, ax = plt.subplots(figsize=(8.4, 3.6))
    thick, reach = 0.05 * height, 0.30 * height
    for low in (-thick, height):
        ax.add_patch(
            plt.Rectangle((0, low), length, thick, facecolor="0.85", edgecolor="0.4", hatch="////", lw=0)
        )
    y = np.linspace(0, height, 60)
    ax.plot(reach * 4 * y * (height - y) / height**2, y, color=viz.BLUE)
    for row in np.linspace(0, height, 9)[1:-1]:
        _arrow(ax, (0, row), (reach * 4 * row * (height - row) / height**2, row), viz.BLUE)
    ax.plot([length, length], [0, height], "--", color=viz.GREEN)
    for row in np.linspace(0, height, 5)[1:-1]:
        _arrow(ax, (length, row), (length + 0.12 * height, row), viz.GREEN)
    ax.fill(*outline.T, color="0.25")
    right, middle = outline[:, 0].max(), (outline[:, 1].min() + outline[:, 1].max()) / 2
    ax.text(right + 0.06 * height, middle, body, va="center", fontsize=9)
    ax.text(0.02 * length, height + 2 * thick, inflow, color=viz.BLUE, fontsize=9, ha="left")
    ax.text(
        length,
        height + 2 * thick,
        "outlet: constant pressure",
        color=viz.DARK_GREEN,
        ha="right",
        fontsize=9,
    )
    ax.text(
        0.58 * length,
        -2 * thick,
        "walls: the fluid sticks, velocity 0",
        va="top",
        ha="center",
        fontsize=9,
        color="0.3",
    )
    ax.set(
        xlim=(-0.04 * height, length + 0.16 * height),
        ylim=(-0.22 * height, 1.24 * height),
        aspect="equal",
        xlabel=f"x ({unit})",
        ylabel=f"y ({unit})",
    )
    ax.set_yticks([0, height / 2, height])
    ax.grid(False)
    return fig


def draw_streaming(x: np.ndarray, y: np.ndarray) -> Figure:
    """The nine populations of a cell before and after a jump, and one that meets a wall.

    Args:
        x, y: (9,) velocities in cells a step.
    """
    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.3))
    colors = ["0.3"] + [viz.BLUE] * 4 + [viz.ORANGE] * 4
    for ax in axes:
        for line in (-1.5, -0.5, 0.5, 1.5):
            ax.plot([line, line], [-1.5, 1.5], color="0.8", lw=1, zorder=0)
            ax.plot([-1.5, 1.5], [line, line], color="0.8", lw=1, zorder=0)
        ax.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
        ax.axis("off")
    for ax, moved in zip(axes, (0, 1), strict=False):
        for cx, cy, color in zip(x, y, colors, strict=True):
            place = (moved * cx, moved * cy)
            if cx or cy:
                _arrow(ax, place, (place[0] + 0.42 * cx, place[1] + 0.42 * cy), color)
            else:
                ax.plot(*place, "o", color=color, ms=7)
    axes[0].set_title("before the step: one cell")
    axes[1].set_title("after it: each in its neighbour")
    wall = axes[2]
    wall.add_patch(plt.Rectangle((-1.5, -1.5), 3, 1, facecolor="0.85", edgecolor="0.5", hatch="////", lw=0))
    _arrow(wall, (0.1, 0.1), (0.55, -0.42), viz.ORANGE)
    _arrow(wall, (0.45, -0.48), (-0.05, 0.02), viz.BLUE)
    wall.text(0.65, -0.3, "in", color=viz.DARK_ORANGE)
    wall.text(-0.3, -0.35, "back", color=viz.BLUE)
    wall.text(0, -1.05, "wall", ha="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})
    wall.set_title("at a wall: turned round")
    return fig


def draw_data_flow(families: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> Figure:
    """From a shape to a sample, and into which part of the data each family goes.

    Args:
        families: of each split.
        counts: flows of each split.
    """
    fig, ax = _bare(10, 3.6, 12, 4.4)
    steps = (
        ("random shape", "of one family", LIGHT_ORANGE),
        ("signed distance", "64 x 128 cells", PAPER),
        ("solver", "until nothing changes", PAPER),
        ("velocity u, v", "64 x 128 x 2", LIGHT_BLUE),
    )
    for number, (title, note, color) in enumerate(steps):
        _box(ax, 1.45 + 3.02 * number, 3.7, f"{title}\n{note}", 2.3, 0.95, color)
        if number:
            _arrow(ax, (3.02 * number - 0.42, 3.7), (3.02 * number + 0.3, 3.7))
    ax.text(1.45 + 3.02 * 2, 3.08, "not steady? next shape", ha="center", va="top", fontsize=8.5, color="0.3")
    ax.text(6, 2.5, "sample = (distance, velocity), sorted by family", ha="center", fontsize=10)
    uses = {
        "train": "learn",
        "validation": "choose",
        "cars": "test, once",
        "airfoils": "test, once",
    }
    colors = (LIGHT_GREEN, LIGHT_BLUE, LIGHT_ORANGE, LIGHT_ORANGE)
    for number, ((split, members), color) in enumerate(zip(families.items(), colors, strict=True)):
        x = 1.45 + 3.02 * number
        _arrow(ax, (6 + 0.55 * (number - 1.5), 2.35), (x, 1.78))
        shown = [family for family in members if " + " not in family][:3]
        text = f"{split}: {counts[split]:,}\n{uses[split]}\n{', '.join(shown)}"
        _box(ax, x, 1.1, text, 2.8, 1.3, color)
    return fig


def draw_unet(ny: int, nx: int, widths: Sequence[int], block: int = 2) -> Figure:
    """The way of a field through a U-net: down to coarse grids, up again, and across.

    Args:
        ny, nx: cells of the grid.
        widths: channels of each level, from fine to coarse.
        block: cells of the grid along a side of one place of the finest level.
    """
    depth = len(widths)
    fig, ax = _bare(10, 0.95 * depth + 0.9, 12, depth + 0.5)
    places = {}
    for level, filters in enumerate(widths):
        rows, columns = (n // (block * 2**level) for n in (ny, nx))
        y, shift = depth - 0.5 - level, 0.8 * level
        last = level == depth - 1
        places[level] = (2.9 + shift, 9.1 - shift, y)
        for x in (6.0,) if last else places[level][:2]:
            color = LIGHT_GREEN if last else LIGHT_BLUE if x < 6 else LIGHT_ORANGE
            _box(ax, x, y, f"{rows} x {columns}, {filters} channels", 2.2, 0.5, color)
        if not last:
            left, right, _ = places[level]
            _arrow(ax, (left + 1.12, y), (right - 1.12, y), viz.GREEN)
            if level == 0:
                ax.text(
                    6, y + 0.12, "skip connection: fine detail", color=viz.DARK_GREEN, ha="center", fontsize=9
                )
        if level:
            left, right, above = places[level - 1]
            middle = (6.0, 6.0) if last else places[level][:2]
            _arrow(ax, (left + 0.2, above - 0.27), (middle[0] - (0.7 if last else 0), y + 0.27))
            _arrow(ax, (middle[1] + (0.7 if last else 0), y + 0.27), (right - 0.2, above - 0.27))
    top = depth - 0.5
    _box(ax, 0.75, top, f"distance\n{ny} x {nx}", 1.3, 0.7)
    _box(ax, 11.25, top, f"u, v\n{ny} x {nx}", 1.3, 0.7)
    _arrow(ax, (1.42, top), (1.77, top))
    _arrow(ax, (10.23, top), (10.58, top))
    ax.text(1.6, depth - 1.9, "down:\nfewer places,\nwider view", ha="center", va="top", fontsize=9)
    ax.text(10.4, depth - 1.9, "up:\nback to\nall cells", ha="center", va="top", fontsize=9)
    return fig


def draw_blocks() -> Figure:
    """A residual block, and one with a gate."""
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.5))
    for ax, gated in zip(axes, (False, True), strict=True):
        ax.set(xlim=(0, 6), ylim=(0, 4.2))
        ax.axis("off")
        ax.set_title("residual block" if not gated else "the same with a gate")
        _box(ax, 1.5, 3.7, "x", 0.8, 0.5, LIGHT_BLUE)
        _arrow(ax, (1.5, 3.44), (1.5, 3.1))
        _box(ax, 1.5, 2.8, "convolution, ELU", 1.9)
        _arrow(ax, (1.5, 2.49), (1.5, 2.15))
        _box(ax, 1.5, 1.85, "convolution: value", 1.9)
        if gated:
            _arrow(ax, (2.0, 2.49), (3.6, 2.15))
            _box(ax, 3.7, 1.85, "convolution, sigmoid:\ngate, 0 to 1", 2.1, 0.6, LIGHT_ORANGE)
            _arrow(ax, (3.5, 1.54), (1.72, 1.16), viz.ORANGE)
            ax.text(1.5, 1.08, "×", ha="center", va="center", fontsize=15, color=viz.DARK_ORANGE)
            _arrow(ax, (1.5, 1.54), (1.5, 1.22))
            _arrow(ax, (1.5, 0.94), (1.5, 0.62))
        else:
            _arrow(ax, (1.5, 1.54), (1.5, 0.62))
        ax.text(1.5, 0.45, "+", ha="center", va="center", fontsize=15)
        skip = 5.2 if gated else 3.4
        ax.plot([1.92, skip, skip], [3.7, 3.7, 0.45], color=viz.GREEN, lw=1.5)
        _arrow(ax, (skip, 0.45), (1.66, 0.45), viz.GREEN)
        ax.text(skip + 0.08, 2.3, "x, as\nit is", color=viz.DARK_GREEN, fontsize=9)
        _arrow(ax, (1.38, 0.45), (0.6, 0.45))
        ax.text(0.1, 0.45, "out", va="center", fontsize=9)
    return fig
