"""Figures of notebook 04, The Toolbox."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from utils import viz


def draw_curves(x: Tensor, exact: Tensor, answers: Mapping[str, Tensor], title: str) -> Figure:
    """An exact solution and several answers.

    Args:
        x, exact: shape (n, 1).
        answers: for each name the values at x, shape (n, 1).
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(8, 3.4))
    ax.plot(x[:, 0], exact[:, 0], color=viz.BLACK, lw=3, alpha=0.35, label="exact")
    for color, (name, values) in zip((viz.ORANGE, viz.BLUE), answers.items(), strict=False):
        ax.plot(x[:, 0], values[:, 0], color=color, lw=1.4, label=name)
    ax.set(xlabel="x (length 1)", ylabel="u (dimensionless)", title=title)
    ax.legend()
    return fig


def draw_overview(table: pd.DataFrame) -> Figure:
    """Errors of all tools as bars on a logarithmic axis.

    Args:
        table: columns section, tool, error.
    """
    sections = list(dict.fromkeys(table["section"]))
    colors = (viz.BLUE, viz.ORANGE, viz.GREEN, viz.PINK, viz.YELLOW, viz.SKY)
    fig, ax = plt.subplots(figsize=(8, 0.24 * len(table) + 0.8))
    height = -np.arange(len(table)) - 0.7 * table["section"].map(sections.index).to_numpy()
    left = 0.3 * table["error"].min()
    for number, section in enumerate(sections):
        chosen = (table["section"] == section).to_numpy()
        ax.barh(height[chosen], table["error"][chosen] - left, left=left, color=colors[number % len(colors)])
    labels = [f"{section}: {tool}" for section, tool in zip(table["section"], table["tool"], strict=True)]
    ax.set_yticks(height, labels, fontsize=8)
    ax.set(xscale="log", xlabel="relative L2 error", title="Every tool on its own problem")
    ax.grid(axis="y", visible=False)
    ax.margins(y=0.01)
    return fig
