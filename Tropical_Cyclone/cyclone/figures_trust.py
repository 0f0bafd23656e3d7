"""Figures on trust and on the competition: attribution, calibration, robustness, errors, submissions.

Every function returns the figure; the notebook shows it with ``viz.show``.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from scipy import stats

from cyclone import figures
from cyclone.dataset import Frames
from utils import viz

SYNTHETIC = figures.SYNTHETIC


def draw_attribution(
    rows: Mapping[str, tuple[np.ndarray, np.ndarray]], titles: Sequence[str], width_km: float = 640.0
) -> Figure:
    """Frames in grey under their attribution maps, one row per network, all maps on one scale.

    Args:
        rows: by label frames uint8 (n, size, size) and maps (n, size, size) that sum to 1.
        titles: n texts over the columns.
        width_km: of a frame.
    """
    fig, axes = plt.subplots(
        len(rows), len(titles), figsize=(2.1 * len(titles) + 1.2, 2.25 * len(rows) + 0.5), squeeze=False
    )
    size = next(iter(rows.values()))[0].shape[1]
    top = size**2 * max(np.quantile(maps, 0.995) for _, maps in rows.values())
    extent = (0, width_km, 0, width_km)
    for row, (label, (frames, maps)) in zip(axes, rows.items(), strict=True):
        for ax, frame, share in zip(row, frames, maps, strict=True):
            ax.imshow(frame, cmap="gray", vmin=0, vmax=255, extent=extent)
            image = ax.imshow(
                share * size**2, cmap="viridis", alpha=0.5, vmin=0, vmax=top, extent=extent, interpolation="bilinear"
            )  # fmt: skip
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
        row[0].set_ylabel(label)
    for ax, text in zip(axes[0], titles, strict=True):
        ax.set_title(text, fontsize=9)
    fig.colorbar(image, ax=axes, label="attribution / mean over the frame", shrink=0.85)
    fig.suptitle(f"What the answer depends on ({SYNTHETIC})", fontsize=10)
    return fig


def draw_calibration(wind_kt: np.ndarray, predicted: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Coverage of central intervals, and the histogram of the probability integral transform.

    Args:
        wind_kt: (n,) best-track winds.
        predicted: by label mean and standard deviation in knots, each (n,).
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    levels = np.linspace(0.02, 0.98, 49)
    left.plot([0, 100], [0, 100], color="0.5", ls=":", label="calibrated")
    bins = np.linspace(0, 1, 11)
    for number, (label, (mean, sd)) in enumerate(predicted.items()):
        z = (wind_kt - mean) / sd
        inside = [100 * np.mean(np.abs(z) <= stats.norm.ppf((1 + level) / 2)) for level in levels]
        left.plot(100 * levels, inside, color=f"C{number}", label=label)
        height, _ = np.histogram(stats.norm.cdf(z), bins, density=True)
        right.stairs(height, bins, color=f"C{number}", lw=1.8, label=label)
    right.axhline(1, color="0.5", ls=":")
    left.set(
        xlabel="stated probability of the interval (%)", ylabel="winds inside (%)", title="Coverage", aspect=1
    )
    right.set(
        xlabel="stated probability of less wind than observed", ylabel="density", ylim=(0, None),
        title="Probability integral transform",
    )  # fmt: skip
    left.legend()
    fig.suptitle(f"Unseen storms ({SYNTHETIC})", fontsize=10)
    return fig


def draw_robustness(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """RMSE against the size of a disturbance, one panel for each.

    Args:
        curves: by text of the x axis a table with the size as index and one column of RMSE per network.
    """
    fig, axes = plt.subplots(1, len(curves), figsize=(4.8 * len(curves), 3.6), sharey=True)
    for ax, (label, table) in zip(np.atleast_1d(axes), curves.items(), strict=True):
        for number, name in enumerate(table):
            ax.plot(table.index, table[name], "o-", ms=5, color=f"C{number}", label=name)
        ax.set_xlabel(label)
    first = np.atleast_1d(axes)[0]
    first.set(ylabel="RMSE (kt)", ylim=(0, None))
    first.legend()
    fig.suptitle(f"Unseen storms, disturbed ({SYNTHETIC})", fontsize=10)
    return fig


def draw_errors(by_class: pd.DataFrame, by_storm: pd.DataFrame) -> Figure:
    """Mean error of each class, and RMSE of each storm, with intervals.

    Args:
        by_class: index class name; columns bias, low, high in knots.
        by_storm: one row per storm, sorted; columns name, rmse and peak_class.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(1, 1.7))
    places = np.arange(len(by_class))
    spans = np.stack([by_class["bias"] - by_class["low"], by_class["high"] - by_class["bias"]])
    left.errorbar(places, by_class["bias"], yerr=np.maximum(spans, 0), fmt="o", color=viz.BLUE, capsize=4)
    left.axhline(0, color="0.5", ls=":")
    left.set_xticks(places, by_class.index)
    left.set(
        xlabel="true class", ylabel="mean error (kt), estimate minus truth", title="By class, 95 % intervals"
    )
    places = np.arange(len(by_storm))
    colours = [figures.CLASS_COLOURS[number] for number in by_storm["peak_class"]]
    right.bar(places, by_storm["rmse"], color=colours, edgecolor="0.4", lw=0.5)
    right.set_xticks(places, by_storm["name"], rotation=90, fontsize=7)
    right.grid(False, axis="x")
    right.set(ylabel="RMSE (kt)", title="By storm; colour: class of the highest wind in its frames")
    fig.suptitle(f"Unseen storms ({SYNTHETIC})", fontsize=10)
    return fig


def draw_life(
    frames: Frames, mean_kt: np.ndarray, sd_kt: np.ndarray, bound_kt: np.ndarray, title: str
) -> Figure:
    """Best-track wind of one storm over time, the estimate with its 90 % band, and the best reader's.

    Args:
        frames: n frames of one storm in order of time.
        mean_kt, sd_kt, bound_kt: (n,).
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(10, 3.9))
    half = stats.norm.ppf(0.95) * sd_kt
    ax.fill_between(
        frames.time, mean_kt - half, mean_kt + half, color=viz.SKY, alpha=0.35, lw=0, label="90 % interval"
    )
    ax.plot(frames.time, mean_kt, color=viz.BLUE, lw=1.2, label="ensemble")
    ax.plot(
        frames.time,
        bound_kt,
        color=viz.GREEN,
        lw=0.8,
        alpha=0.8,
        label="best reader of single images",
    )
    ax.plot(frames.time, frames.wind_kt, color="black", lw=2.2, label="best track")
    ax.set(ylabel="wind (kt)", xlabel="day (UTC)", ylim=(0, None), title=title)
    ax.xaxis.set_major_formatter(DateFormatter("%d %b"))
    ax.legend(ncols=2, loc="upper left")
    ax.set_ylim(0, 1.25 * max(frames.wind_kt.max(), (mean_kt + half).max()))
    return fig


def draw_submissions(table: pd.DataFrame) -> Figure:
    """Top-1 accuracy of submissions on both sets with intervals, and the bound of each set as a line.

    Args:
        table: index name of the submission; for each set columns ``<set>_top1``, ``<set>_low``,
            ``<set>_high`` and ``<set>_bound``, shares from 0 to 1.
    """
    fig, axes = plt.subplots(1, 2, figsize=(10, 1.6 + 0.42 * len(table)), sharey=True)
    places = np.arange(len(table))[::-1]
    for ax, which, text, colour in (
        (axes[0], "shuffled", "shuffled frames of known storms", viz.ORANGE),
        (axes[1], "storm", "frames of unseen storms", viz.BLUE),
    ):
        top1 = table[f"{which}_top1"]
        spans = np.stack([top1 - table[f"{which}_low"], table[f"{which}_high"] - top1])
        ax.errorbar(100 * top1, places, xerr=100 * np.maximum(spans, 0), fmt="o", color=colour, capsize=4)
        bound = 100 * table[f"{which}_bound"].iloc[0]
        ax.axvline(bound, color=viz.GREEN, ls="--")
        ax.text(bound, len(table) - 0.45, "bound", color=viz.DARK_GREEN, ha="center", va="bottom", fontsize=9)
        ax.set(xlabel="top-1 accuracy (%)", xlim=(0, 100), ylim=(-0.6, len(table) - 0.4))
        ax.set_title(text, pad=16)
    axes[0].set_yticks(places, table.index)
    fig.suptitle("Submissions, 95 % intervals over storms (synthetic imagery)", fontsize=10)
    return fig
