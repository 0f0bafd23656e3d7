"""Figures of notebook 11, Equations from Data, and Time in Steps."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from utils import viz

COLORS = (viz.BLACK, viz.ORANGE, viz.BLUE, viz.GREEN)
MARKS = ("o", "s", "^", "D")


def draw_noise(errors: Mapping[str, pd.DataFrame]) -> Figure:
    """Relative error of the coefficients against the noise: the middle of the draws as a line, 80 % of them as a band.

    Args:
        errors: for each method one row a noise level (the index) and one column a draw; four methods at most.
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2))
    for color, mark, (name, table) in zip(COLORS, MARKS, errors.items(), strict=False):
        low, middle, high = np.quantile(table.to_numpy(), [0.1, 0.5, 0.9], axis=1)
        ax.fill_between(table.index, low, high, color=color, alpha=0.15, lw=0)
        ax.plot(table.index, middle, mark + "-", color=color, label=name)
    ax.set(xscale="log", yscale="log", xlabel="noise / standard deviation of the signal")
    ax.set(ylabel="relative error of the coefficients", title="Equations found from noisy motion")
    ax.legend(fontsize=8)
    return fig


def draw_orders(steps: Sequence[int], errors: Mapping[int, Sequence[float]]) -> Figure:
    """Error against the number of steps for each number of stages, with lines of the slope that theory gives.

    Args:
        steps: numbers of steps.
        errors: for each number of stages q the errors; the lines have slope -2 q.
    """
    fig, ax = plt.subplots(figsize=(6.5, 4.2))
    for color, mark, (stages, values) in zip(COLORS, MARKS, errors.items(), strict=False):
        ax.loglog(steps, values, mark, color=color, label=f"{stages} stage{'s' * (stages > 1)}")
        theory = values[-1] * (np.array(steps) / steps[-1]) ** (-2.0 * stages)
        ax.loglog(steps, theory, "--", color=color, lw=1, label=f"slope {-2 * stages}")
    ax.set(xlabel="number of steps", ylabel="relative L2 error", title="Time steps by a network")
    ax.set_xticks(steps, [str(number) for number in steps])
    ax.minorticks_off()
    ax.legend(fontsize=8, ncol=2)
    return fig


def draw_moments(
    x, exact: Mapping[float, np.ndarray], found: Mapping[float, np.ndarray], title: str
) -> Figure:
    """A solution at some moments: exact as lines, the network as dots.

    Args:
        x: shape (n,).
        exact, found: for each moment the values, shape (n,).
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.2))
    every = max(1, len(x) // 60)
    for color, (moment, values) in zip(COLORS, exact.items(), strict=False):
        ax.plot(x, values, color=color, label=f"t = {moment:g}")
        ax.plot(x[::every], found[moment][::every], ".", color=color, ms=5)
    ax.set(xlabel="x", ylabel="u", title=title)
    ax.legend(fontsize=8)
    return fig


def draw_published(ours: Mapping[str, float], published: Mapping[str, float], title: str) -> Figure:
    """Relative errors as bars on a logarithmic axis, ours and those of others.

    Args:
        ours, published: relative L2 error by name.
    """
    names, values = [*ours, *published], [*ours.values(), *published.values()]
    fig, ax = plt.subplots(figsize=(8, 0.5 * len(names) + 1.2))
    place = np.arange(len(names))[::-1]
    ax.barh(place, values, color=[viz.ORANGE] * len(ours) + [viz.SKY] * len(published))
    ax.set_yticks(place, names, fontsize=8)
    ax.set(xscale="log", xlabel="relative L2 error", title=title)
    return fig
