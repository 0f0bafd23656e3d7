"""Figures of notebook 10: reliability, coverage by class, spread over calibrations, intervals along a storm.

Every function returns the figure; the notebook shows it with ``viz.show``.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cyclone import figures, tracks
from utils import viz

SYNTHETIC = figures.SYNTHETIC


def draw_reliability(
    levels: np.ndarray,
    covered: Mapping[str, np.ndarray],
    hurricane: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> Figure:
    """Coverage of intervals against the level they state, and how often a stated probability comes true.

    Args:
        levels: (m,) stated probabilities of intervals, 0 to 1.
        covered: by label the share of winds inside, (m,).
        hurricane: by label mean stated probability of a hurricane and share of hurricanes, each (bins,).
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.9))
    for ax in (left, right):
        ax.plot([0, 100], [0, 100], color="0.5", ls=":", label="honest")
        ax.set_aspect(1)
    for number, (label, share) in enumerate(covered.items()):
        left.plot(100 * levels, 100 * share, color=f"C{number}", label=label)
    for number, (label, (stated, happened)) in enumerate(hurricane.items()):
        right.plot(
            100 * stated, 100 * happened, "os"[number % 2] + "-", ms=4, color=f"C{number}", label=label
        )
    left.set(xlabel="stated probability of the interval (%)", ylabel="winds inside (%)", title="Intervals")
    right.set(
        xlabel="stated probability of a hurricane (%)", ylabel="hurricanes (%)", title="Hurricane or weaker?"
    )
    left.legend()
    right.legend()
    fig.suptitle(f"Unseen storms ({SYNTHETIC})", fontsize=10)
    return fig


def draw_class_coverage(by_class: Mapping[str, pd.DataFrame], level: float) -> Figure:
    """Coverage of each class with its interval, one colour per method, and the promised level as a line.

    Args:
        by_class: by label a table with the index of a class in `tracks.CLASSES` and columns share, low, high, 0 to 1.
        level: promised on average over all storms.
    """
    fig, ax = plt.subplots(figsize=(8.5, 3.9))
    for number, (label, table) in enumerate(by_class.items()):
        places = np.asarray(table.index) + 0.2 * (number - (len(by_class) - 1) / 2)
        share, low, high = (100 * table[name].to_numpy(float) for name in ("share", "low", "high"))
        spread = np.nan_to_num(np.clip([share - low, high - share], 0, None))
        ax.errorbar(places, share, yerr=spread, fmt="so^D"[number % 4], ms=5, capsize=3, label=label)
    ax.axhline(100 * level, color="0.5", ls=":")
    ax.set_xticks(range(len(tracks.CLASSES)), tracks.CLASSES)
    ax.set(
        xlabel="true class", ylabel="winds inside (%)", ylim=(-4, 104), title=f"Unseen storms ({SYNTHETIC})"
    )
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def draw_calibrations(coverage: Mapping[str, np.ndarray], level: float, title: str) -> Figure:
    """Coverage on new storms over many calibrations, a histogram for each way to calibrate.

    Args:
        coverage: by label (repetitions,) coverage on storms that the calibration did not see, 0 to 1.
        level: that was asked for.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(7.5, 3.5))
    lowest = min(values.min() for values in coverage.values())
    bins = np.linspace(100 * lowest - 1, 100, 36)
    for number, (label, values) in enumerate(coverage.items()):
        ax.hist(100 * values, bins, color=f"C{number}", alpha=0.55, label=label)
    ax.axvline(100 * level, color="black", ls="--", label="asked for")
    ax.set(xlabel="coverage on new storms (%)", ylabel="calibrations", title=title)
    ax.legend(loc="upper left")
    return fig


def draw_storm_intervals(
    hours: np.ndarray, wind_kt: np.ndarray, intervals: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str
) -> Figure:
    """Wind of one storm over time under the intervals of several readers.

    Args:
        hours: (n,) since the first frame.
        wind_kt: (n,) best-track winds.
        intervals: by label lower and upper ends in knots, each (n,).
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(9, 3.7))
    for colour, (label, (low, high)) in zip(
        (viz.SKY, viz.GREEN, viz.ORANGE), intervals.items(), strict=False
    ):
        ax.fill_between(hours, low, high, color=colour, alpha=0.35, lw=0, label=label)
    ax.plot(hours, wind_kt, color="black", lw=2.2, label="best track")
    ax.set(xlabel="hours", ylabel="wind (kt)", ylim=(0, None), title=title)
    ax.legend(loc="upper left")
    return fig
