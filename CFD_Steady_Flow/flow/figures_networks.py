"""Figures of notebooks 03 to 05: predicted flows, profiles, and how networks compare."""

from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from flow.figures_data import EXTENT
from utils import viz

AXES = {"xlabel": "x (channel heights)", "ylabel": "y (channel heights)"}
COLORS = (viz.BLUE, viz.ORANGE, viz.GREEN, viz.PINK, viz.YELLOW, viz.SKY)


def draw_flows(
    truth: np.ndarray, predictions: Mapping[str, np.ndarray], distance: np.ndarray, component: int = 0
) -> Figure:
    """True and predicted velocity above, what is wrong below; the outline of the body in each panel.

    Args:
        truth: (ny, nx, 2) in units of u_max.
        predictions: the same, by name.
        distance: (ny, nx) signed distance.
        component: 0 for the velocity along the channel, 1 across.
    """
    name, count = ("u", "v")[component] + " / u_max", 1 + len(predictions)
    fig, axes = plt.subplots(2, count, figsize=(3.9 * count, 4.4), squeeze=False, sharex=True, sharey=True)
    field = truth[..., component]
    span = np.abs(field).max()
    limits = {"vmin": min(field.min(), 0), "vmax": span} if component == 0 else {"vmin": -span, "vmax": span}
    cmap = "viridis" if component == 0 else "PuOr"
    worst = max(np.abs(flow[..., component] - field).max() for flow in predictions.values())
    y, x = ((np.arange(n) + 0.5) / distance.shape[0] for n in distance.shape)
    for column, (title, flow) in enumerate({"solver": truth, **predictions}.items()):
        upper = axes[0, column].imshow(
            flow[..., component], origin="lower", extent=EXTENT, cmap=cmap, **limits
        )
        axes[0, column].set_title(title)
        fig.colorbar(upper, ax=axes[0, column], label=name, shrink=0.8)
        if column:
            lower = axes[1, column].imshow(
                flow[..., component] - field,
                origin="lower",
                extent=EXTENT,
                cmap="RdBu_r",
                vmin=-worst,
                vmax=worst,
            )
            axes[1, column].set_title(f"{title}: error")
            fig.colorbar(lower, ax=axes[1, column], label=f"error of {name}", shrink=0.8)
    axes[1, 0].axis("off")
    for ax in [*axes[0], *axes[1, 1:]]:
        ax.contour(x, y, distance, [0], colors="black", linewidths=1)
        ax.grid(False)
        ax.set(xlabel=AXES["xlabel"])
    axes[0, 0].set(ylabel=AXES["ylabel"])
    return fig


def make_training_frames(
    answers: Mapping[int, np.ndarray], truth: np.ndarray, distance: np.ndarray
) -> Iterator[Figure]:
    """Frames of `viz.animate`: what a network answers after so many steps, and its error.

    Args:
        answers: for each number of steps the velocity (ny, nx, 2) in units of u_max.
        truth: the same by the solver.
        distance: (ny, nx) signed distance.
    """
    fig, axes = plt.subplots(1, 2, figsize=(8.4, 2.7), sharey=True)
    y, x = ((np.arange(n) + 0.5) / distance.shape[0] for n in distance.shape)
    worst = max(np.linalg.norm(answer - truth, axis=-1).max() for answer in answers.values())
    top = np.linalg.norm(truth, axis=-1).max()
    images = []
    for ax, limit, cmap, label in zip(
        axes, (top, worst), ("viridis", "inferno"), ("speed / u_max", "error / u_max"), strict=True
    ):
        images.append(
            ax.imshow(np.zeros_like(distance), origin="lower", extent=EXTENT, cmap=cmap, vmin=0, vmax=limit)
        )
        ax.contour(x, y, distance, [0], colors="white", linewidths=1)
        ax.grid(False)
        ax.set(xlabel=AXES["xlabel"])
        fig.colorbar(images[-1], ax=ax, label=label, shrink=0.85)
    axes[0].set(ylabel=AXES["ylabel"])
    axes[1].set_title("what is wrong")
    for steps, answer in answers.items():
        images[0].set_data(np.linalg.norm(answer, axis=-1))
        images[1].set_data(np.linalg.norm(answer - truth, axis=-1))
        axes[0].set_title(f"answer after {steps} steps")
        yield fig


def draw_profiles(truth: np.ndarray, predictions: Mapping[str, np.ndarray], column: int) -> Figure:
    """Both components of the velocity along a vertical line through the cells of one column."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    y = (np.arange(truth.shape[0]) + 0.5) / truth.shape[0]
    for component, ax in enumerate(axes):
        ax.plot(truth[:, column, component], y, color=viz.BLACK, lw=2.5, label="solver")
        for color, (name, flow) in zip(COLORS, predictions.items(), strict=False):
            ax.plot(flow[:, column, component], y, color=color, label=name)
        ax.axvline(0, color="0.6", lw=0.8)
        ax.set(xlabel=f"{('u', 'v')[component]} / u_max")
    axes[0].set(ylabel=AXES["ylabel"], title=f"x = {(column + 0.5) / truth.shape[0]:.2f} channel heights")
    axes[1].legend(fontsize=8)
    return fig


def draw_intervals(
    rows: Mapping[str, Mapping[str, tuple[float, float, float]]], title: str, limit: float | None = None
) -> Figure:
    """Mean relative L2 error and its 95 % interval, for each network (rows) and group of flows (colours).

    Args:
        rows: network -> group -> (mean, low, high).
        title: of the figure.
        limit: cut the axis there, in per cent.
    """
    fig, ax = plt.subplots(figsize=(8, 1.2 + 0.45 * len(rows)))
    groups = list(next(iter(rows.values())))
    for color, marker, (number, group) in zip(COLORS, "os^Dv", enumerate(groups), strict=False):
        mean, low, high = 100 * np.array([row[group] for row in rows.values()]).T
        place = np.arange(len(rows)) + 0.16 * (number - (len(groups) - 1) / 2)
        ax.errorbar(
            mean, place, xerr=[mean - low, high - mean], fmt=marker, color=color, label=group, capsize=3
        )
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    ax.set(xlabel="relative L2 error (%)", title=title)
    ax.set_xlim(0, limit)
    ax.legend(fontsize=8)
    return fig


def draw_lines(
    x: Sequence[float], curves: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, title: str
) -> Figure:
    """Some curves over one axis, from zero on."""
    fig, ax = plt.subplots(figsize=(6.5, 3.8))
    for color, marker, (name, values) in zip(COLORS, "os^Dv", curves.items(), strict=False):
        ax.plot(x, values, color=color, marker=marker, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.set_ylim(0, 1.08 * max(max(values) for values in curves.values()))
    ax.legend()
    return fig


def draw_pictures(
    images: Mapping[str, np.ndarray], label: str, columns: int = 4, symmetric: bool = True
) -> Figure:
    """Small maps over the channel, each on its own scale about zero, or all on one scale from their least value.

    Args:
        images: (height, width) by title.
        label: of the colour bar.
        columns: maps per row.
        symmetric: a diverging colour map about zero.
    """
    rows = -(-len(images) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(3.1 * columns, 2.1 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    low, high = min(i.min() for i in images.values()), max(i.max() for i in images.values())
    span = max(abs(low), abs(high))
    scale = {"cmap": "RdBu_r", "vmin": -span, "vmax": span} if symmetric else {"vmin": low, "vmax": high}
    for ax, (title, image) in zip(axes.flat, images.items(), strict=False):
        shown = ax.imshow(image, origin="lower", extent=EXTENT, **scale)
        ax.set_title(title, fontsize=9)
    fig.colorbar(shown, ax=axes, label=label, shrink=0.8)
    return fig
