"""Figures of notebook 07: polynomial chaos, transfer, error bars."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from utils.viz import BLACK, BLUE, GREEN, ORANGE, PINK, SKY


def draw_expansion(
    inputs: np.ndarray, nodes: np.ndarray, values: np.ndarray, fits: Mapping[str, tuple], truth
) -> Figure:
    """Polynomials of several orders through a few evaluations, and their error.

    Args:
        inputs: where the curves are drawn, shape (n,).
        nodes, values: evaluations of the last fit.
        fits: for each label the polynomial's values at ``inputs``.
        truth: the true values there.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.4))
    left.plot(inputs, truth, color=BLACK, lw=3, alpha=0.35, label="network")
    for (label, curve), color in zip(fits.items(), (ORANGE, GREEN, BLUE), strict=False):
        left.plot(inputs, curve, color=color, label=label)
        right.semilogy(inputs, np.abs(curve - truth) + 1e-12, color=color, label=label)
    left.plot(nodes, values, "o", color=BLUE, ms=5)
    left.set(title="Contact temperature", xlabel="D1", ylabel="temperature (degrees)")
    left.legend()
    right.set(
        title="Difference from the network", xlabel="D1", ylabel="|difference| (degrees)", ylim=(1e-6, 1)
    )
    return fig


def draw_race(
    counts: Mapping[str, Sequence[int]], errors: Mapping[str, Sequence[float]], title: str
) -> Figure:
    """Error of a statistic against the number of evaluations, for several methods."""
    fig, ax = plt.subplots()
    for (name, error), color, marker in zip(errors.items(), (ORANGE, BLUE, GREEN), "osD", strict=False):
        ax.loglog(counts[name], error, marker=marker, color=color, label=name)
    ax.set(title=title, xlabel="evaluations of the model", ylabel="relative error of the standard deviation")
    ax.legend()
    return fig


def draw_sobol_bars(names: Sequence[str], groups: Mapping[str, np.ndarray]) -> Figure:
    """Share of the variance that each input causes, for several answers."""
    fig, ax = plt.subplots(figsize=(6.4, 3.0))
    width = 0.8 / len(groups)
    for k, ((label, values), color) in enumerate(zip(groups.items(), (BLUE, ORANGE, GREEN), strict=False)):
        places = np.arange(len(names)) + (k - (len(groups) - 1) / 2) * width
        bars = ax.bar(places, 100 * values, width, color=color, label=label)
        ax.bar_label(bars, fmt="%.1f", fontsize=8)
    ax.set_xticks(range(len(names)), names)
    ax.set(title="Which input matters?", ylabel="first-order Sobol index (%)", ylim=(0, 109))
    ax.legend()
    return fig


def draw_transfer(curves: Mapping[str, dict[str, np.ndarray]], goal: float) -> Figure:
    """Error against steps: from scratch and transferred, median and range over seeds.

    Args:
        curves: for each target shape ``{"scratch": (seeds, steps), "transferred": (seeds, steps)}``.
        goal: the error that is asked for.
    """
    fig, axes = plt.subplots(1, len(curves), figsize=(3.3 * len(curves), 3.3), sharey=True, squeeze=False)
    for ax, (name, runs) in zip(axes[0], curves.items(), strict=True):
        for (kind, errors), color in zip(runs.items(), (ORANGE, BLUE), strict=True):
            steps = np.arange(1, errors.shape[1] + 1)
            ax.semilogy(steps, np.median(errors, axis=0), color=color, label=kind)
            ax.fill_between(steps, errors.min(axis=0), errors.max(axis=0), color=color, alpha=0.2, lw=0)
        ax.axhline(goal, ls=":", color=BLACK, lw=1)
        ax.set(title=name, xlabel="steps of Levenberg-Marquardt")
    axes[0, 0].set_ylabel("relative error")
    axes[0, -1].legend()
    return fig


def draw_shapes(outlines: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Figure:
    """Outlines of several shapes in one picture; each is (x, y, signed distance) on a grid."""
    fig, ax = plt.subplots(figsize=(6.6, 3.2))
    for (name, (x, y, distance)), color, style in zip(
        outlines.items(), (BLACK, BLUE, GREEN, PINK), ("-", "--", "-.", ":"), strict=False
    ):
        ax.contour(x, y, distance, [0], colors=color, linewidths=1.8, linestyles=style)
        ax.plot([], [], color=color, ls=style, label=name)
    ax.set(title="One rod to learn from, three to learn", xlabel="x (m)", ylabel="y (m)", aspect="equal")
    ax.legend(loc="upper center", ncols=2)
    ax.set_ylim(top=1.75)
    return fig


def draw_bars(
    t, truth: Mapping[str, np.ndarray], bands: Mapping[str, tuple], data: Mapping[str, tuple]
) -> Figure:
    """Error bars of several models beside each other.

    Args:
        t: times, shape (n,).
        truth: for each panel the true curve.
        bands: for each panel (centre, half width).
        data: for each panel (times, measurements).
    """
    fig, axes = plt.subplots(1, len(bands), figsize=(3.3 * len(bands), 3.3), sharey=True)
    for ax, (name, (centre, half)) in zip(axes, bands.items(), strict=True):
        ax.fill_between(t, centre - half, centre + half, color=SKY, alpha=0.5, lw=0, label="95 % band")
        ax.plot(t, centre, color=BLUE, label="fit")
        ax.plot(t, truth[name], "--", color=BLACK, label="truth")
        ax.plot(*data[name], "o", color=ORANGE, ms=4, label="measurements")
        ax.set(title=name, xlabel="time (min)", ylim=(-0.4, 1.3))
    axes[0].set_ylabel("temperature excess (scaled)")
    axes[-1].legend(fontsize=8)
    return fig


def draw_coverage(t: np.ndarray, shares: Mapping[str, np.ndarray], last_data: float) -> Figure:
    """Share of data sets whose band holds the truth, at each time."""
    fig, ax = plt.subplots(figsize=(6.6, 3.3))
    for (name, share), color, style in zip(
        shares.items(), (ORANGE, BLUE, PINK), ("-.", "-", ":"), strict=False
    ):
        ax.plot(t, 100 * share, color=color, ls=style, label=name)
    ax.axhline(95, ls="--", lw=1, color=BLACK)
    ax.axvline(last_data, lw=1, color="0.6")
    ax.set(
        title="Does the 95 % band hold the truth?",
        xlabel="time (min)",
        ylabel="data sets (%)",
        ylim=(-3, 104),
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig
