"""Drawings of what is set up before anything is computed: a neuron, the three parts of a data set, a convolution."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle

from utils import viz


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], **look) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "0.35", "lw": 1.2} | look)


def _circle(ax: Axes, place: tuple[float, float], text: str, face: str, size: float = 12) -> None:
    box = {"boxstyle": "circle,pad=0.35", "fc": face, "ec": "0.3"}
    ax.text(*place, text, ha="center", va="center", fontsize=size, bbox=box)


def draw_neuron() -> Figure:
    """One neuron with three inputs, and the two activations of notebook 01."""
    fig, (ax, curve) = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=(2, 1))
    ax.set(xlim=(-0.3, 6.2), ylim=(-1.6, 1.6), title="One neuron: weigh, add, bend")
    ax.axis("off")
    for number, height in enumerate((1.1, 0.0, -1.1), start=1):
        _circle(ax, (0, height), f"$x_{number}$", "0.92")
        _arrow(ax, (0.38, height), (2.05, 0.18 * height))
        above = 0.12 if height >= 0 else -0.3
        ax.text(1.15, 0.68 * height + above, f"$w_{number}$", ha="center", color=viz.BLUE, fontsize=12)
    _circle(ax, (2.45, 0), r"$\Sigma$", viz.SKY, 14)
    ax.text(2.45, -1.12, "$b$", ha="center", va="center", color=viz.BLUE, fontsize=12)
    _arrow(ax, (2.45, -0.92), (2.45, -0.4))
    _arrow(ax, (2.88, 0), (3.85, 0))
    ax.text(3.36, 0.14, "$z$", ha="center", fontsize=12)
    _circle(ax, (4.25, 0), "$f$", viz.YELLOW, 14)
    _arrow(ax, (4.62, 0), (5.5, 0))
    ax.text(5.8, 0, "$y$", ha="center", va="center", fontsize=13)
    ax.text(4.25, -1.12, "blue: what training\nadjusts", ha="center", va="center", color=viz.BLUE, fontsize=9)
    z = np.linspace(-4, 4, 201)
    curve.plot(z, np.maximum(z, 0), color=viz.ORANGE, label="relu")
    curve.plot(z, 1 / (1 + np.exp(-z)), "--", color=viz.GREEN, label="sigmoid")
    curve.set(xlabel="$z$", ylabel="$f(z)$", ylim=(-0.3, 2.6), title="Two ways to bend")
    curve.legend()
    return fig


def draw_split(parts: Mapping[str, tuple[int, str]], title: str) -> Figure:
    """A data set as a bar, cut into parts, each with an arrow to what it may decide.

    Args:
        parts: for each part the number of examples and its one use; widths go by the square root.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(9, 2.5))
    widths = np.sqrt([count for count, _ in parts.values()])
    edges = np.concatenate([[0], np.cumsum(widths / widths.sum())])
    colours = (viz.SKY, viz.YELLOW, viz.PINK)
    for (name, (count, use)), left, right, colour in zip(
        parts.items(), edges, edges[1:], colours, strict=False
    ):
        middle = (left + right) / 2
        ax.add_patch(Rectangle((left + 0.004, 0.55), right - left - 0.008, 0.4, fc=colour, ec="0.3"))
        ax.text(middle, 0.75, f"{name}\n{count:,}", ha="center", va="center")
        _arrow(ax, (middle, 0.53), (middle, 0.33))
        ax.text(middle, 0.28, use, ha="center", va="top", fontsize=9)
    ax.set(xlim=(0, 1), ylim=(0, 1), title=title)
    ax.axis("off")
    return fig


def draw_stencil(image: np.ndarray, kernel: np.ndarray, result: np.ndarray, place: tuple[int, int]) -> Figure:
    """A convolution at one place: the window in the picture, the kernel, and the one number of the result.

    Args:
        image: shape (h, w), whole numbers.
        kernel: shape (k, k).
        result: shape (h - k + 1, w - k + 1).
        place: row and column in the result.
    """
    row, column = place
    size = len(kernel)
    fig, axes = plt.subplots(1, 3, figsize=(9, 3.3), width_ratios=(image.shape[1], size, result.shape[1]))
    titles = ("picture", "kernel", "feature map")
    for ax, values, title in zip(axes, (image, kernel, result), titles, strict=True):
        _numbers(ax, values, title)
    window = Rectangle((column - 0.5, row - 0.5), size, size, fill=False, ec=viz.ORANGE, lw=3, zorder=5)
    axes[0].add_patch(window)
    axes[1].add_patch(Rectangle((-0.5, -0.5), size, size, fill=False, ec=viz.ORANGE, lw=3, zorder=5))
    axes[2].add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=viz.ORANGE, lw=3, zorder=5))
    links = (
        (axes[0], (column + size - 0.5, row + size / 2 - 0.5), axes[1], (-0.5, size / 2 - 0.5)),
        (axes[1], (size - 0.5, size / 2 - 0.5), axes[2], (-0.5, row)),
    )
    for left, start, right, end in links:
        look: dict[str, Any] = {"arrowstyle": "->", "color": viz.ORANGE, "lw": 1.6}
        fig.add_artist(ConnectionPatch(start, end, left.transData, right.transData, **look))
    terms = zip(kernel.ravel(), image[row : row + size, column : column + size].ravel(), strict=True)
    told = " + ".join(f"{weight:g}·{pixel:g}" for weight, pixel in terms if weight)
    fig.supxlabel(f"{told} = {result[place]:g}".replace("+ -", "- "), fontsize=10)
    return fig


def _numbers(ax: Axes, values: np.ndarray, title: str) -> None:
    """A matrix as a table of numbers."""
    ax.set(
        xlim=(-0.6, values.shape[1] - 0.4), ylim=(values.shape[0] - 0.4, -0.6), aspect="equal", title=title
    )
    ax.axis("off")
    for (row, column), value in np.ndenumerate(values):
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc="0.96", ec="0.7"))
        ax.text(column, row, f"{value:g}", ha="center", va="center", fontsize=11)


def draw_signals_of_starts(
    signals: Mapping[str, Mapping[str, np.ndarray]], labels: Sequence[str], title: str
) -> Figure:
    """How large the numbers in a deep untrained network are, one panel per activation, one line per start.

    Args:
        signals: for each activation and each way to draw the first weights one size per layer.
        labels: of the two axes.
        title: of the figure.
    """
    fig, axes = plt.subplots(1, len(signals), figsize=(2.6 * len(signals), 3.4), sharey=True)
    for ax, (activation, curves) in zip(axes, signals.items(), strict=True):
        for (start, sizes), dash in zip(curves.items(), ("-", "--", "-.", ":"), strict=False):
            ax.semilogy(np.arange(1, len(sizes) + 1), sizes, dash, label=start)
        ax.axhline(1, color="0.6", lw=0.8)
        ax.set(title=activation, xlabel=labels[0], ylim=(1e-7, 1e4))  # what falls below is gone anyway
    axes[0].set_ylabel(labels[1])
    fig.suptitle(title)
    handles, names = axes[0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=len(names))
    return fig
