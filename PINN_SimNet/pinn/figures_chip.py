"""Figures of notebooks 08 and 09: the channel, its mesh, flows beside the reference, errors."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pinn.chip import CEILING, FIELDS, FLOOR, FRONT, LEFT, RIGHT, Chip, Flow, Reference, inflow
from utils.viz import BLACK, BLUE, DARK_GREEN, GREEN, ORANGE, PINK


def _raster(flow: Flow, chip: Chip, per_unit: int = 50) -> tuple[tuple, np.ndarray]:
    """Extent, and u, v, p (3, ny, nx) at the centres of a grid, nan in the chip."""
    x = LEFT + (np.arange(5 * per_unit) + 0.5) / per_unit
    y = FLOOR + (np.arange(per_unit) + 0.5) / per_unit
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    values = np.full((len(points), 3), np.nan)
    fluid = ~chip.covers(points)
    values[fluid] = flow(points[fluid])
    return (LEFT, RIGHT, FLOOR, CEILING), values.T.reshape(3, per_unit, 5 * per_unit)


def _panel(ax: Axes, values: np.ndarray, extent: tuple, cmap: str, low: float, high: float):
    image = ax.imshow(values, origin="lower", extent=extent, cmap=cmap, vmin=low, vmax=high, aspect="auto")
    ax.grid(False)
    return image


def draw_channel(chip: Chip) -> Figure:
    """The channel with its chip, and the condition on each side."""
    fig, ax = plt.subplots(figsize=(9, 2.9))
    ax.add_patch(Rectangle((FRONT, FLOOR), chip.width, chip.height, color=ORANGE, alpha=0.6))
    for wall in (FLOOR, CEILING):
        ax.plot([LEFT, RIGHT], [wall, wall], color=BLACK, lw=2.5)
    ax.plot([RIGHT, RIGHT], [FLOOR, CEILING], "--", color=GREEN, lw=2)
    y = np.linspace(FLOOR, CEILING, 41)
    ax.plot(LEFT + 0.35 * inflow(y), y, color=BLUE)
    for height in y[4:-1:4]:
        arrow = {"arrowstyle": "->", "color": BLUE}
        ax.annotate("", (LEFT + 0.35 * float(inflow(height)), height), (LEFT, height), arrowprops=arrow)
    for corner in chip.corners:
        ax.plot(*corner, "o", color=PINK, ms=9)
    middle = FRONT + chip.width / 2
    ax.text(middle, FLOOR + chip.height / 2, "chip\nu = v = 0", ha="center", va="center")
    ax.text(0.6, CEILING - 0.05, "ceiling: u = v = 0", ha="center", va="top")
    ax.text(1.2, FLOOR + 0.05, "floor: u = v = 0", ha="center", va="bottom")
    ax.text(LEFT + 0.62, 0, "inlet:\nu = 1.5 (1 - 4 y²)\nv = 0", va="center", color=BLUE)
    ax.text(RIGHT - 0.06, 0, "outlet:\np = 0", ha="right", va="center", color=DARK_GREEN)
    ax.grid(False)
    ax.set(
        xlim=(LEFT - 0.05, RIGHT + 0.05), ylim=(FLOOR - 0.05, CEILING + 0.05), xlabel="x", ylabel="y", aspect="equal"
    )  # fmt: skip
    return fig


def draw_mesh(reference: Reference) -> Figure:
    """The cells of the reference."""
    fig, ax = plt.subplots(figsize=(9, 2.6))
    corners = reference.mesh.p[:, reference.mesh.t].transpose(2, 1, 0)
    for cell in corners:
        ax.fill(*cell.T, fill=False, lw=0.3, color=BLACK)
    ax.grid(False)
    ax.set(
        title=f"Mesh of the reference: {len(corners)} cells, {reference.unknowns} unknowns",
        xlim=(LEFT - 0.05, RIGHT + 0.05), ylim=(FLOOR - 0.05, CEILING + 0.05), xlabel="x", ylabel="y",
    )  # fmt: skip
    return fig


def draw_flow_fields(flow: Flow, chip: Chip, title: str) -> Figure:
    """u, v and p of one flow."""
    extent, values = _raster(flow, chip)
    fig, axes = plt.subplots(3, 1, figsize=(9, 5.4), sharex=True)
    for ax, name, field in zip(axes, FIELDS, values, strict=True):
        image = _panel(ax, field, extent, "viridis", np.nanmin(field), np.nanmax(field))
        ax.set(ylabel="y")
        fig.colorbar(image, ax=ax, label=name)
    axes[0].set_title(title)
    axes[-1].set_xlabel("x")
    return fig


def draw_comparison(flow: Flow, reference: Flow, chip: Chip, title: str) -> Figure:
    """Reference, network and difference for u, v and p."""
    extent, truth = _raster(reference, chip)
    _, found = _raster(flow, chip)
    fig, axes = plt.subplots(3, 3, figsize=(12, 5.2), sharex=True, sharey=True)
    for row, name, a, b in zip(axes, FIELDS, truth, found, strict=True):
        low, high = np.nanmin(a), np.nanmax(a)
        span = max(float(np.nanquantile(np.abs(b - a), 0.995)), 1e-12)
        for ax, values, cmap, limits, label in (
            (row[0], a, "viridis", (low, high), name),
            (row[1], b, "viridis", (low, high), name),
            (row[2], b - a, "RdBu_r", (-span, span), f"error of {name}"),
        ):
            image = _panel(ax, values, extent, cmap, *limits)
            fig.colorbar(image, ax=ax, label=label)
        row[0].set_ylabel("y")
    for ax, name in zip(axes[0], ("reference", title, "difference"), strict=True):
        ax.set_title(name)
    for ax in axes[-1]:
        ax.set_xlabel("x")
    return fig


def draw_error_by_corner(points: np.ndarray, errors: Mapping[str, np.ndarray], chip: Chip) -> Figure:
    """Mean size of errors against the distance to the nearer upper corner.

    Args:
        points: (n, 2).
        errors: (n,) for each label.
        chip: the geometry.
    """
    distance = np.min([np.hypot(*(points - corner).T) for corner in np.array(chip.corners)], axis=0)
    edges = np.geomspace(0.015, 2.4, 13)
    fig, ax = plt.subplots()
    for (label, error), color, marker in zip(
        errors.items(), (BLUE, ORANGE, GREEN, PINK), "os^D", strict=False
    ):
        bins = [
            (distance >= a) & (distance < b) for a, b in zip(edges, edges[1:], strict=False)
        ]  # some may be empty
        x = [np.sqrt(a * b) for a, b in zip(edges, edges[1:], strict=False)]
        y = [float(np.sqrt((error[inside] ** 2).mean())) if inside.any() else np.nan for inside in bins]
        ax.loglog(x, y, marker=marker, color=color, label=label)
    ax.set(
        xlabel="distance to the nearer upper corner of the chip",
        ylabel="root mean square error",
        title="Where the error sits",
    )
    ax.legend()
    return fig


def draw_histories(runs: Mapping[str, pd.DataFrame], column: str, goal: float | None = None) -> Figure:
    """Error against training seconds of several runs.

    Args:
        runs: for each label a table with ``seconds`` and ``column``.
        column: what to draw.
        goal: a dashed line.
    """
    fig, ax = plt.subplots()
    for (label, run), color, marker in zip(runs.items(), (BLUE, ORANGE, GREEN, PINK), "os^D", strict=False):
        ax.loglog(
            run["seconds"], run[column], marker=marker, markevery=max(len(run) // 15, 1), color=color, label=label
        )  # fmt: skip
    if goal is not None:
        ax.axhline(goal, ls="--", color=BLACK, label=f"goal {goal:g}")
    ax.set(xlabel="training (s of one core)", ylabel="largest relative L2 error of u, v, p")
    ax.legend()
    return fig


def draw_range_check(
    heights: Sequence[float], curves: Mapping[str, np.ndarray], marks: pd.DataFrame
) -> Figure:
    """Pressure loss over the height of the chip: curves by the networks, marks by the reference.

    Args:
        heights: of the chip.
        curves: pressure loss for each label, one label per chip width.
        marks: columns height, loss: reference values.
    """
    fig, ax = plt.subplots()
    for (label, curve), color in zip(curves.items(), (BLUE, GREEN, PINK), strict=False):
        ax.semilogy(heights, curve, color=color, label=label)
    ax.semilogy(marks["height"], marks["loss"], "o", color=ORANGE, label="reference")
    ax.set(
        xlabel="height of the chip",
        ylabel="pressure at the inlet minus outlet",
        title="One training, every chip",
    )
    ax.legend()
    return fig


def draw_viscosities(runs: Mapping[str, pd.DataFrame], truth: float) -> Figure:
    """Estimates of the viscosity, step by step.

    Args:
        runs: for each label a table with the column ``viscosity``.
        truth: drawn as a line.
    """
    fig, ax = plt.subplots()
    for (label, run), color, marker in zip(runs.items(), (BLUE, ORANGE, GREEN, PINK), "os^D", strict=False):
        ax.plot(
            np.arange(1, len(run) + 1), run["viscosity"], marker=marker, color=color, ls="--", label=label
        )
    ax.axhline(truth, color=BLACK, label="true viscosity")
    ax.set(xlabel="Gauss-Newton step", ylabel="viscosity", title="The viscosity is one more unknown")
    ax.legend()
    return fig


def draw_patches(boxes: Sequence[tuple[float, float, float, float]], chip: Chip) -> Figure:
    """Where the local networks live.

    Args:
        boxes: left, right, low and high end of each.
        chip: the geometry.
    """
    fig, ax = plt.subplots(figsize=(9, 2.6))
    for left, right, low, high in boxes:
        ax.add_patch(Rectangle((left, low), right - left, high - low, fill=False, lw=1.5, color=BLUE))
    ax.add_patch(Rectangle((FRONT, FLOOR), chip.width, chip.height, color=ORANGE, alpha=0.6))
    for corner in chip.corners:
        ax.plot(*corner, "o", color=PINK, ms=9)
    ax.grid(False)
    ax.set(
        xlim=(LEFT - 0.05, RIGHT + 0.05), ylim=(FLOOR - 0.05, CEILING + 0.05), xlabel="x", ylabel="y",
        title=f"{len(boxes)} patches, a network in each",
    )  # fmt: skip
    return fig
