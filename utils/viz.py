"""One figure style, and the plots that every lab repeats.

A notebook ends each figure with ``viz.show(fig, caption, alt)``: JupyterLab gives an ordinary
figure no text for screen readers, so this one is embedded with its own.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # Okabe and Ito (2008), distinguishable with any colour vision  # fmt: skip


def use_style() -> None:
    """Apply ``utils/bootcamp.mplstyle`` to all figures that follow, and nothing of a matplotlibrc in the home folder."""
    plt.style.use(["default", Path(__file__).with_name("bootcamp.mplstyle")])


def show(fig: Figure, caption: str, alt: str) -> None:
    """Display a figure as PNG with a caption under it and a text for screen readers; close it.

    Args:
        fig: the figure.
        caption: one or two sentences: what it shows and what to see.
        alt: one sentence that stands in for the picture.
    """
    from IPython.display import HTML, display

    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    picture = base64.b64encode(buffer.getvalue()).decode()
    display(
        HTML(
            f'<figure style="margin:0"><img alt="{html.escape(alt, quote=True)}" style="max-width:100%" '
            f'src="data:image/png;base64,{picture}"><figcaption>{html.escape(caption)}</figcaption></figure>'
        )
    )


def history(runs: Mapping[str, Mapping[str, Sequence[float]]], metric: str = "accuracy") -> Figure:
    """Training (dashed) and validation (solid) curves of one or several runs.

    Args:
        runs: for each label the columns of a training history (a dict or a DataFrame),
            with ``metric`` and ``val_<metric>``.
        metric: ``"accuracy"`` or ``"loss"``.
    """
    fig, ax = plt.subplots()
    for number, (label, run) in enumerate(runs.items()):
        color = f"C{number}"
        epochs = np.arange(1, len(run[metric]) + 1)
        ax.plot(epochs, run[metric], "--", color=color, label=f"{label}, training")
        if f"val_{metric}" in run:
            ax.plot(epochs, run[f"val_{metric}"], "o-", ms=4, color=color, label=f"{label}, validation")
    ax.set(xlabel="epoch", ylabel=metric, title=f"{metric.capitalize()} during training")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return fig


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Figure:
    """Share of each true class (row) that is given each label (column), in per cent.

    Args:
        truth, predicted: class numbers, shape (n,).
        names: class names in the order of their numbers.
    """
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (np.asarray(truth), np.asarray(predicted)), 1)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fig, ax = plt.subplots(figsize=(6.6, 5.6))
    image = ax.imshow(percent, cmap="cividis", vmin=0, vmax=100)
    for row, column in zip(*np.nonzero(percent >= 0.5), strict=True):
        color = "black" if percent[row, column] > 55 else "white"
        ax.text(column, row, f"{percent[row, column]:.0f}", ha="center", va="center", color=color, fontsize=8)
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class", title="Confusion matrix")
    ax.grid(False)
    fig.colorbar(image, ax=ax, label="share of the true class (%)")
    return fig


def image_grid(
    images: np.ndarray, titles: Sequence[str] = (), columns: int = 10, marked: Sequence[bool] = ()
) -> Figure:
    """Small grey pictures side by side.

    Args:
        images: shape (n, height, width) or (n, height, width, 1).
        titles: one per image.
        columns: pictures per row.
        marked: True draws the title bold and orange, e.g. for a wrong prediction.
    """
    images = np.asarray(images).reshape(len(images), *np.shape(images)[1:3])
    rows = -(-len(images) // columns)
    height = 1.15 if len(titles) else 0.9
    fig, axes = plt.subplots(rows, columns, figsize=(0.95 * columns, height * rows), squeeze=False)
    for number, ax in enumerate(axes.flat):
        ax.axis("off")
        if number >= len(images):
            continue
        ax.imshow(images[number], cmap="gray_r")
        if number < len(titles):
            bold = number < len(marked) and marked[number]
            style = {"color": ORANGE, "fontweight": "bold"} if bold else {}
            ax.set_title(titles[number], fontsize=8, **style)
    return fig


def field_pair(
    truth: np.ndarray, prediction: np.ndarray, label: str, extent: Sequence[float] | None = None
) -> Figure:
    """Truth and prediction of a field on one scale, and their difference on a symmetric one.

    Args:
        truth, prediction: shape (height, width), row 0 at the bottom.
        label: quantity and unit of the colour bar.
        extent: (left, right, bottom, top) in physical units.
    """
    low, high = np.nanmin(truth), np.nanmax(truth)
    error = prediction - truth
    span = max(np.nanmax(np.abs(error)), np.finfo(float).tiny)
    fig, axes = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
    panels = (
        ("truth", truth, "viridis", low, high, label),
        ("prediction", prediction, "viridis", low, high, label),
        ("prediction minus truth", error, "RdBu_r", -span, span, f"error in {label}"),
    )
    for ax, (title, values, cmap, vmin, vmax, bar) in zip(axes, panels, strict=True):
        image = ax.imshow(values, origin="lower", cmap=cmap, vmin=vmin, vmax=vmax, extent=extent)
        ax.set_title(title)
        ax.grid(False)
        fig.colorbar(image, ax=ax, label=bar, shrink=0.85)
    return fig
