"""Drawings of notebook 04: blocks, famous networks, error signals, loss landscapes."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator

from intro.landscapes import bends_down
from utils import viz


def draw_famous_networks(table: pd.DataFrame) -> Figure:
    """Error on ImageNet against multiply-adds; the disc grows with the parameters.

    Args:
        table: indexed by name, with the columns ``depth``, ``parameters``, ``multiply_adds`` and
            ``top5_error`` (per cent, NaN where a network never saw ImageNet).
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2))
    for number, (name, row) in enumerate(table.dropna().iterrows()):
        millions = row.parameters / 1e6
        ax.scatter(row.multiply_adds, row.top5_error, s=14 * millions, color=f"C{number}", alpha=0.6)
        text = f"{name}\n{row.depth:.0f} layers, {millions:.0f} M parameters"
        above = {"Inception-v1": (0, 12, "center", "bottom"), "VGG-16": (0, 26, "center", "bottom")}
        below = {"AlexNet": (22, 0, "left", "center"), "ResNet-50": (16, -4, "left", "top")}
        dx, dy, ha, va = {**above, **below}.get(name, (-10, -8, "right", "top"))
        ax.annotate(
            text,
            (row.multiply_adds, row.top5_error),
            (dx, dy),
            textcoords="offset points",
            ha=ha,
            va=va,
            fontsize=9,
        )
    ax.set(
        xscale="log",
        xlim=(4e8, 5e10),
        ylim=(3, 21),
        xlabel="multiply-adds for one image",
        ylabel="published top-5 error (%)",
        title="Five classifiers of ImageNet: area of the disc = number of parameters",
    )
    return fig


def draw_blocks() -> Figure:
    """A plain block and a residual block, side by side."""
    fig, axes = plt.subplots(1, 2, figsize=(7.5, 4.4))
    steps = ("convolution 3x3", "batch normalisation, ReLU", "convolution 3x3", "batch normalisation")
    for ax, skip in zip(axes, (False, True), strict=True):
        ax.set(xlim=(-2.2, 3), ylim=(-0.9, 6.6))
        ax.axis("off")
        ax.set_title("residual block: ReLU(h + F(h))" if skip else "plain block: ReLU(F(h))")
        heights = [5.0, 4.0, 3.0, 2.0]
        for step, height in zip(steps, heights, strict=True):
            face = viz.SKY if step.startswith("conv") else "0.9"
            box = {"boxstyle": "round,pad=0.35", "fc": face, "ec": "0.3"}
            ax.text(0, height, step, ha="center", va="center", bbox=box, fontsize=9)
        stops = [6.0, *heights, 0.9, -0.3]
        for upper, lower in zip(stops[:-1], stops[1:], strict=True):
            ax.annotate("", (0, lower + 0.28), (0, upper - 0.28), arrowprops={"arrowstyle": "->"})
        ax.text(0, 6.05, "h", ha="center", va="center", fontsize=12, style="italic")
        last = "+  then ReLU" if skip else "ReLU"
        ax.text(0, 0.9, last, ha="center", va="center", fontsize=9,
                bbox={"boxstyle": "round,pad=0.35", "fc": "white", "ec": "0.3"})  # fmt: skip
        if skip:
            ax.plot([0.15, 2.3, 2.3], [6.05, 6.05, 0.9], color=viz.ORANGE, lw=2.5)
            ax.annotate("", (0.95, 0.9), (2.32, 0.9),
                        arrowprops={"arrowstyle": "->", "color": viz.ORANGE, "lw": 2.5})  # fmt: skip
            ax.text(2.45, 3.5, "skip connection", rotation=90, va="center", color=viz.DARK_ORANGE)
            ax.text(-2.0, 3.5, "F(h)", va="center", style="italic")
    return fig


def draw_error_signals(signals: Mapping[str, np.ndarray]) -> Figure:
    """Error signal at the output of every block, as a multiple of the one at the last block.

    Args:
        signals: for each kind of network the norms, first block to last.
    """
    styles = ("o-", "s-", "^--", "D--", "v:")
    fig, ax = plt.subplots(figsize=(7.5, 4.2))
    for style, (label, norms) in zip(styles, signals.items(), strict=False):
        ax.plot(np.arange(len(norms)), norms / norms[-1], style, ms=4, label=label)
    ax.axhline(1, color="0.4", lw=0.8)
    ax.set(
        yscale="log",
        xlabel="block, from the input (left) to the output (right)",
        ylabel="error signal / error signal at the last block",
        title="How the error signal changes on its way back to the input",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def draw_landscapes(steps: np.ndarray, surfaces: Mapping[str, np.ndarray], label: str) -> Figure:
    """Contour maps of losses over two directions, side by side on one logarithmic scale.

    Dots mark the points at which the loss bends down in some direction.

    Args:
        steps: positions along either direction, shape (n,).
        surfaces: for each title the loss, shape (n, n).
        label: of the colour bar.
    """
    values = np.concatenate([surface.ravel() for surface in surfaces.values()])
    levels = np.geomspace(values.min(), values.max(), 16)
    fig, axes = plt.subplots(1, len(surfaces), figsize=(4.2 * len(surfaces) + 0.8, 3.9), sharey=True)
    for ax, (title, surface) in zip(axes, surfaces.items(), strict=True):
        filled = ax.contourf(steps, steps, surface, levels, norm="log", cmap="viridis")
        ax.contour(steps, steps, surface, levels, colors="white", linewidths=0.5)
        rows, columns = np.nonzero(bends_down(surface))
        ax.plot(steps[columns + 1], steps[rows + 1], "o", ms=3, color="white", mec="black", mew=0.4)
        ax.plot(0, 0, "*", ms=12, color=viz.ORANGE, markeredgecolor="white")
        ax.set(title=title, xlabel="step along direction 1", aspect="equal")
        ax.grid(False)
    axes[0].set_ylabel("step along direction 2")
    bar = fig.colorbar(filled, ax=axes, label=label, shrink=0.9)
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    bar.ax.yaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(3, 1)))
    return fig
