"""Drawings of notebook 01: loss surfaces, paths of optimizers, fits with their loss curves."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import viz

LINES = ((viz.BLUE, "-", "o"), (viz.ORANGE, "--", "s"), (viz.GREEN, "-.", "^"), (viz.PINK, ":", "D"))


def draw_surface(
    ax: Axes,
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
    weight_range: tuple[float, float],
    bias_range: tuple[float, float],
    best: np.ndarray,
) -> None:
    """Contours of a loss of two parameters, with a star at the minimum.

    Args:
        ax: where to draw.
        loss: takes grids of weight and bias, returns the loss on them.
        weight_range, bias_range: limits of the axes.
        best: weight and bias at the minimum.
    """
    weight, bias = np.meshgrid(np.linspace(*weight_range, 121), np.linspace(*bias_range, 121))
    height = loss(weight, bias) - loss(best[0], best[1])
    levels = np.logspace(np.log10(height.max()) - 3, np.log10(height.max()), 13)
    ax.contour(weight, bias, height, levels=levels, colors="0.7", linewidths=0.8)
    ax.plot(*best, "*", color=viz.BLACK, ms=13, zorder=5, label="lowest loss")
    ax.set(xlim=weight_range, ylim=bias_range)
    ax.grid(False)


def draw_paths(ax: Axes, paths: Mapping[str, np.ndarray]) -> None:
    """Lines through the parameter values that an optimizer visited, with a large marker on the last.

    Args:
        ax: where to draw.
        paths: for each label an array of shape (steps + 1, 2).
    """
    for (label, path), (color, dash, marker) in zip(paths.items(), LINES, strict=False):
        ax.plot(path[:, 0], path[:, 1], dash, marker=marker, ms=3, lw=1.1, color=color, label=label)
        ax.plot(*path[-1], marker=marker, ms=10, mec=viz.BLACK, color=color)


def draw_fits(
    fits: Sequence[Mapping], truth: tuple[np.ndarray, np.ndarray], x_label: str, y_label: str
) -> Figure:
    """One column per model: the fitted curve above, training and validation loss below.

    Args:
        fits: for each model ``title``, ``x`` and ``y`` (training points), ``grid`` and ``curve``
            (the fit), ``train`` and ``val`` (loss of every epoch).
        truth: x and y of the curve without noise.
        x_label, y_label: quantity and unit.
    """
    columns = len(fits)
    fig, axes = plt.subplots(2, columns, figsize=(3.5 * columns + 0.4, 5.6), sharey="row", squeeze=False)
    for (top, bottom), fit in zip(axes.T, fits, strict=True):
        top.plot(*truth, "--", color="0.55", lw=1.4, label="true curve")
        top.plot(fit["x"], fit["y"], "o", ms=3.5, color=viz.BLACK, label="training points")
        top.plot(fit["grid"], fit["curve"], color=viz.ORANGE, label="fit")
        top.set(title=fit["title"], ylim=(-2.2, 2.2), xlabel=x_label)
        bottom.semilogy(fit["train"], "--", color=viz.BLUE, label="training")
        bottom.semilogy(fit["val"], "-", color=viz.ORANGE, label="validation")
        bottom.set(xlabel="epoch", ylim=(5e-3, 2))
    axes[0, 0].set_ylabel(y_label)
    axes[1, 0].set_ylabel("mean squared error (m²)")
    axes[0, -1].legend(fontsize=8, loc="upper right")
    axes[1, -1].legend(fontsize=8, loc="upper right")
    return fig


def draw_race(curves: Mapping[str, Sequence[float]], title: str, y_label: str) -> Figure:
    """Loss of several runs against the step, on a logarithmic scale."""
    fig, ax = plt.subplots()
    for (label, losses), (color, dash, marker) in zip(curves.items(), LINES, strict=False):
        every = max(1, len(losses) // 10)
        ax.semilogy(losses, dash, marker=marker, markevery=every, ms=5, color=color, label=label)
    ax.set(xlabel="step", ylabel=y_label, title=title)
    ax.legend()
    return fig


def draw_fit_by_fit(
    epochs: Sequence[int],
    curves: Sequence[np.ndarray],
    losses: tuple[np.ndarray, np.ndarray],
    grid: np.ndarray,
    truth: np.ndarray,
    points: tuple[np.ndarray, np.ndarray],
) -> Iterator[Figure]:
    """One figure for each moment of a training, for an animation: the fit so far, and both losses up to here.

    Args:
        epochs: the moments, increasing.
        curves: the fit at each of them, on ``grid``.
        losses: of training and validation, one value per epoch.
        grid, truth: the true curve.
        points: x and y of the training points.
    """
    fig, (ax, below) = plt.subplots(1, 2, figsize=(8.4, 3.2), width_ratios=(1.4, 1))
    ax.plot(grid, truth, "--", color="0.55", label="true curve")
    ax.plot(*points, ".", ms=4, color=viz.BLACK, label="training points")
    (fit,) = ax.plot(grid, curves[0], color=viz.ORANGE, lw=2, label="network")
    ax.set(xlabel="time from noon (units of 6 h)", ylabel="water level (m)", ylim=(-2.2, 2.2))
    ax.legend(fontsize=8, loc="lower right")
    lines = [
        below.loglog([], [], dash, color=color, label=label)[0]
        for label, color, dash in (("training", viz.BLUE, "--"), ("validation", viz.ORANGE, "-"))
    ]
    values = np.concatenate(losses)
    below.set(xlim=(1, epochs[-1]), ylim=(values.min() / 1.5, values.max() * 1.5))
    below.set(xlabel="epoch", ylabel="mean squared error (m²)", title="loss")
    below.legend(fontsize=8, loc="lower left")
    for epoch, curve in zip(epochs, curves, strict=True):
        fit.set_ydata(curve)
        ax.set_title(f"after {epoch:,} epochs")
        for line, loss in zip(lines, losses, strict=True):
            line.set_data(np.arange(1, epoch + 1), loss[1 : epoch + 1])
        yield fig
