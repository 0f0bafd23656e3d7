"""Figures of notebook 05: heat maps of relevance, reliability diagrams."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from intro.training_well import SIDE
from utils import viz


def draw_heat_maps(
    pictures: np.ndarray, relevance: np.ndarray, titles: Sequence[str], headline: str
) -> Figure:
    """Pictures above, their relevance below; every map is scaled by its own largest value.

    Args:
        pictures: (n, 196), 0 to 1.
        relevance: (n, 196), any unit; red speaks for the class, blue against it.
        titles: one per picture.
        headline: title of the figure.
    """
    fig, axes = plt.subplots(2, len(pictures), figsize=(1.55 * len(pictures) + 1.2, 3.7))
    for column, title in enumerate(titles):
        scaled = relevance[column] / np.abs(relevance[column]).max()
        axes[0, column].imshow(pictures[column].reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
        image = axes[1, column].imshow(scaled.reshape(SIDE, SIDE), cmap="RdBu_r", vmin=-1, vmax=1)
        axes[0, column].set_title(title, fontsize=9)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
    axes[0, 0].set_ylabel("picture")
    axes[1, 0].set_ylabel("relevance")
    fig.colorbar(image, ax=axes[1, :], label="relevance (scaled)")
    fig.suptitle(headline, fontsize=11)
    return fig


def draw_reliability(cases: Mapping[str, tuple[np.ndarray, np.ndarray]], num_bins: int = 10) -> Figure:
    """Share of right answers against stated confidence.

    Args:
        cases: for each label (confidence, correct), both of shape (n,).
        num_bins: equal steps of confidence between 0 and 1; steps with under 30 pictures are left out.
    """
    fig, ax = plt.subplots(figsize=(5, 4.2))
    ax.plot([0, 1], [0, 1], ":", color=viz.BLACK, label="perfectly calibrated")
    for (name, (confidence, correct)), marker in zip(cases.items(), "osD^v", strict=False):
        step = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
        filled = [k for k in range(num_bins) if np.sum(step == k) >= 30]
        x = [confidence[step == k].mean() for k in filled]
        y = [correct[step == k].mean() for k in filled]
        ax.plot(x, y, marker=marker, ms=5, label=name)
    ax.set(xlabel="stated confidence", ylabel="share of right answers", title="Reliability diagram")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.legend()
    return fig
