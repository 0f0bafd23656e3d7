"""Figures of notebooks 03 and 04: shrinking an image, patches, scores with intervals, correlated errors."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from utils import viz


def draw_patches(frame: np.ndarray, corners: Sequence[tuple[int, int]], side: int, title: str) -> Figure:
    """A grey frame with the outlines of square patches.

    Args:
        frame: uint8 (n, n), bright is cold.
        corners: row and column of the upper left pixel of each patch.
        side: of a patch, in pixels.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(5, 4.4))
    ax.imshow(frame, cmap="gray", vmin=0, vmax=255)
    colours = (viz.ORANGE, viz.SKY, viz.YELLOW, viz.PINK)
    for (row, column), colour in zip(corners, colours, strict=False):
        outline = Rectangle((column - 0.5, row - 0.5), side, side, fill=False, lw=2, ec=colour)
        ax.add_patch(outline)
    ax.set(title=title, xlabel="pixel column", ylabel="pixel row")
    ax.grid(False)
    return fig


def draw_pictures(images: Mapping[str, np.ndarray], title: str, low: float = 0, high: float = 255) -> Figure:
    """Pictures of any size side by side, grey (h, w) or RGB (h, w, 3), each under its name."""
    fig, axes = plt.subplots(1, len(images), figsize=(2.6 * len(images), 3.1))
    for ax, (name, image) in zip(axes, images.items(), strict=True):
        ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(name, fontsize=10)
        ax.set_axis_off()
    fig.suptitle(title)
    return fig


def draw_responses(frequencies: np.ndarray, kept: Mapping[str, np.ndarray], factor: int) -> Figure:
    """How much of a wave each way of shrinking keeps, by the wave's frequency.

    Args:
        frequencies: (n,) cycles per pixel of the large image.
        kept: for each method the amplitude after shrinking, as a share of the one before, (n,).
        factor: large pixels per small pixel and side.
    """
    fig, ax = plt.subplots(figsize=(7, 3.8))
    limit = 0.5 / factor
    ax.axvspan(limit, 0.5, color="0.92", lw=0)
    ax.text(limit + 0.006, 114, "too fine for the small image: turns into an alias", fontsize=9)
    for name, values in kept.items():
        ax.plot(frequencies, 100 * values, label=name)
    ax.set(xlim=(0, 0.5), ylim=(0, 125), xlabel="frequency of the wave (cycles per pixel of the large image)")
    ax.set(ylabel="amplitude kept (%)", title=f"Shrinking by {factor}: what is left of a wave")
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.88))
    return fig


def draw_scores(table: pd.DataFrame, title: str) -> Figure:
    """RMSE and share of right classes with intervals over storms; a diamond where the bound lies.

    Args:
        table: one row per estimate, with the columns ``rmse_kt``, ``rmse_low``, ``rmse_high``, ``top1``,
            ``top1_low``, ``top1_high`` (shares) and, NaN if unknown, ``bound_rmse_kt`` and ``bound_top1``.
        title: of the figure.
    """
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 0.52 * len(table) + 1.5), sharey=True)
    places = np.arange(len(table))[::-1]
    panels = (("rmse", "rmse_kt", 1, "RMSE (kt), left is better"), ("top1", "top1", 100, "right class (%)"))
    for ax, (stem, column, factor, label) in zip(axes, panels, strict=True):
        values = factor * table[[f"{stem}_low", column, f"{stem}_high"]].to_numpy(float)
        ax.hlines(places, values[:, 0], values[:, 2], color=viz.BLUE, lw=3, alpha=0.45)
        ax.plot(values[:, 1], places, "o", color=viz.BLUE, ms=7, label="estimate, 95 % interval over storms")
        bound = factor * table[f"bound_{column}"].to_numpy(float)
        ax.plot(bound, places, "D", color=viz.ORANGE, ms=8, mfc="none", mew=2, label="bound, same frames")
        ax.set(xlabel=label, xlim=(0, None))
    axes[1].set_xlabel("right class (%), right is better")
    axes[1].set_xlim(0, 100)
    axes[0].set_yticks(places, table.index)
    fig.suptitle(title)
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return fig


def draw_shrinkage(true_kt: np.ndarray, readers: Mapping[str, np.ndarray], title: str) -> Figure:
    """Mean error by the true wind, and by the answer, in steps of 10 kt with 20 cases or more.

    Args:
        true_kt: (n,) winds.
        readers: for each reader its answers, (n,) knots.
        title: of the figure.
    """
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True)
    edges = np.arange(15, 176, 10)
    for (name, answer), marker in zip(readers.items(), "so", strict=False):
        for ax, given in zip(axes, (true_kt, answer), strict=True):
            step = np.digitize(given, edges)
            groups = [step == k for k in range(1, len(edges)) if np.sum(step == k) >= 20]
            errors = [np.mean((answer - true_kt)[group]) for group in groups]
            ax.plot([given[group].mean() for group in groups], errors, marker=marker, ms=5, label=name)
    for ax in axes:
        ax.axhline(0, color="0.4", lw=1)
    axes[0].set(xlabel="true wind (kt)", ylabel="mean error (kt)", title="Among storms of one wind")
    axes[1].set(xlabel="answer (kt)", title="Among frames of one answer")
    axes[0].legend()
    fig.suptitle(title)
    return fig


def draw_autocorrelation(hours: np.ndarray, correlation: np.ndarray, title: str) -> Figure:
    """Correlation of two errors of one storm against the time between them."""
    fig, ax = plt.subplots(figsize=(7, 3.5))
    ax.axhline(0, color="0.4", lw=1)
    ax.axhline(np.exp(-1), color=viz.ORANGE, ls="--", lw=1.2, label="1/e")
    ax.plot(hours, correlation, color=viz.BLUE)
    ax.set(xlim=(0, hours.max()), ylim=(min(-0.3, correlation.min()), 1.03), title=title)
    ax.set(xlabel="time between two frames of a storm (h)", ylabel="correlation of their errors")
    ax.legend()
    return fig


def draw_signal(curves: Mapping[str, Sequence[float]], title: str) -> Figure:
    """By how much the output of each layer differs between images, one curve per network.

    Args:
        curves: for each network one standard deviation per layer.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(7, 3.6))
    for (name, values), marker in zip(curves.items(), "sod^", strict=False):
        ax.semilogy(np.arange(1, len(values) + 1), values, marker=marker, ms=5, label=name)
    ax.set(xlabel="layer with weights", ylabel="standard deviation\nbetween images", title=title)
    ax.legend()
    return fig
