"""Figures that notebooks 1 to 3 repeat."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

STYLES = ("-", "--", "-.", ":")


def draw_curves(
    x: Tensor,
    values: Mapping[str, Tensor],
    xlabel: str,
    ylabel: str,
    title: str,
    shade: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    log: bool = False,
) -> Figure:
    """Several functions of one coordinate; the first one black.

    Args:
        x: shape (n, 1).
        values: for each label a column of the same length.
        shade: interval of x that is marked.
        limits: of the vertical axis.
        log: logarithmic vertical axis.
    """
    fig, ax = plt.subplots()
    for number, (label, value) in enumerate(values.items()):
        color = "black" if number == 0 else f"C{number - 1}"
        ax.plot(
            np.ravel(x),
            np.ravel(value),
            STYLES[number % 4],
            color=color,
            lw=2.5 if number == 0 else 1.8,
            label=label,
        )
    if shade:
        ax.axvspan(*shade, color="0.9", zorder=0)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    if limits:
        ax.set_ylim(limits)
    ax.legend()
    return fig


def draw_convergence(
    histories: Mapping[str, pd.DataFrame],
    title: str,
    column: str = "error",
    ylabel: str = "relative L2 error",
) -> Figure:
    """A monitor against seconds of training, both axes logarithmic."""
    fig, ax = plt.subplots(figsize=(7.5, 4.5))
    for number, (label, history) in enumerate(histories.items()):
        marker = "o" if len(history) < 15 else None
        seconds = np.maximum(history["seconds"], 1e-3)
        ax.loglog(seconds, history[column], marker=marker, ms=4, color=f"C{number}", label=label)
    ax.set(xlabel="seconds of training", ylabel=ylabel, title=title)
    ax.legend()
    return fig


def draw_family(
    shown: Mapping[str, tuple[Tensor, Tensor]],
    exact: Callable,
    title: str,
    xlabel: str = "position x",
    ylabel: str = "u",
) -> Figure:
    """Curves of different lengths with dots of ``exact(x, length)``."""
    fig, ax = plt.subplots()
    for number, (label, (x, value)) in enumerate(shown.items()):
        ax.plot(np.ravel(x), np.ravel(value), color=f"C{number}", label=label)
        ax.plot(np.ravel(x)[::6], np.ravel(exact(x, x[-1]))[::6], "o", ms=4, color=f"C{number}")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.legend()
    return fig


def draw_band(x: Tensor, mean: Tensor, sd: Tensor, exact: Tensor, title: str) -> Figure:
    """An estimate with two standard deviations around it, and the exact function."""
    fig, ax = plt.subplots()
    ax.fill_between(
        np.ravel(x), np.ravel(mean - 2 * sd), np.ravel(mean + 2 * sd), color="C0", alpha=0.25, label="2 sd"
    )
    ax.plot(np.ravel(x), np.ravel(mean), color="C0", label="estimate")
    ax.plot(np.ravel(x), np.ravel(exact), "--", color="black", label="exact")
    ax.set(xlabel="position x", ylabel="load f", title=title)
    ax.legend()
    return fig


def draw_bar_profile(left: Sequence[Tensor], right: Sequence[Tensor], title: str) -> Figure:
    """Temperature (left panel) and flux (right panel) along the bar; each argument is (x, temperature, flux)."""
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.8))
    for part, color, label in ((left, "C0", "D = 10"), (right, "C1", "D = 0.1")):
        x, temperature, flux = (np.ravel(values) for values in part)
        axes[0].plot(x, 100 * temperature, color=color, label=label)
        axes[1].plot(x, 100 * flux, color=color, label=label)
    axes[0].set(xlabel="position x", ylabel="temperature (degrees)", title=title)
    axes[1].set(
        xlabel="position x",
        ylabel="flux D u' (degrees, unit length)",
        title="Flux, monitored as flux",
        ylim=(9, 11),
    )
    for ax in axes:
        ax.axvline(1, color="0.5", lw=1, ls=":")
        ax.legend()
    return fig


def draw_masses(t: Tensor, values: Tensor, exact: Tensor, title: str) -> Figure:
    """Displacements of three masses; lines are exact, dots the network."""
    fig, ax = plt.subplots(figsize=(8, 4))
    step = max(1, len(t) // 60)
    for number, name in enumerate(("x", "y", "z")):
        ax.plot(np.ravel(t), exact[:, number], color=f"C{number}", label=f"{name}, exact")
        ax.plot(np.ravel(t)[::step], values[::step, number], "o", ms=4, color=f"C{number}")
    ax.set(xlabel="time t (s)", ylabel="displacement (m)", title=title)
    ax.legend()
    return fig


def draw_scatter(
    points: np.ndarray, exact: Sequence[float], covariance: np.ndarray, labels: Sequence[str], title: str
) -> Figure:
    """Repeated estimates of two numbers, the exact pair, and the ellipse of two standard deviations predicted for them."""
    fig, ax = plt.subplots(figsize=(6, 5.5))
    angle = np.linspace(0, 2 * np.pi, 200)
    ellipse = np.linalg.cholesky(covariance) @ np.array([np.cos(angle), np.sin(angle)]) * 2
    ax.plot(points[:, 0], points[:, 1], "o", color="C0", label="estimates from new noise")
    ax.plot(exact[0] + ellipse[0], exact[1] + ellipse[1], color="C1", label="predicted, 2 sd")
    ax.plot(*exact, "k*", ms=14, label="exact")
    ax.set(xlabel=labels[0], ylabel=labels[1], title=title)
    ax.ticklabel_format(useOffset=False)
    ax.locator_params(nbins=5)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    return fig
