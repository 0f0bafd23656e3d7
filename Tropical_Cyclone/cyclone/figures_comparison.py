"""Figures of notebooks 05 and 06: recall by class, hemispheres, polar images, error against number of storms."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cyclone import tracks
from utils import viz


def draw_recall_by_class(
    rows: Mapping[str, Sequence[tuple[float, float, float]]], storms: Sequence[int], title: str
) -> Figure:
    """Recall of each class with its interval, one colour per network.

    Args:
        rows: for each label 8 times recall, low and high end of its interval, 0 to 1.
        storms: (8,) test storms that hold frames of each class.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(7.5, 3.9))
    for number, (label, values) in enumerate(rows.items()):
        recall, low, high = 100 * np.array(values).T
        places = np.arange(len(recall)) + 0.22 * (number - (len(rows) - 1) / 2)
        spread = np.clip([recall - low, high - recall], 0, None)
        ax.errorbar(places, recall, yerr=spread, fmt="so^D"[number % 4], ms=5, capsize=3, label=label)
    names = [f"{name}\n{count}" for name, count in zip(tracks.CLASSES, storms, strict=True)]
    ax.set_xticks(range(len(names)), names)
    ax.set(xlabel="class, and test storms that hold it", ylabel="recall (%)", ylim=(-4, 104), title=title)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def draw_focal_curves(probabilities: np.ndarray, losses: Mapping[str, np.ndarray]) -> Figure:
    """Loss against the probability given to the right class.

    Args:
        probabilities: (n,) increasing.
        losses: for each label the loss, (n,).
    """
    fig, ax = plt.subplots(figsize=(6.5, 3.5))
    for (label, loss), style in zip(losses.items(), ("-", "--", ":", "-."), strict=False):
        ax.plot(probabilities, loss, style, label=label)
    ax.set(
        xlabel="probability given to the right class",
        ylabel="loss",
        title="Focal loss: easy frames count less",
    )
    ax.set_ylim(0, 4)
    ax.legend()
    return fig


def draw_picture_row(images: Sequence[np.ndarray], names: Sequence[str], title: str) -> Figure:
    """Grey frames uint8 (n, n) or polar images side by side, bright is cold, each under its name."""
    fig, axes = plt.subplots(1, len(images), figsize=(2.5 * len(images), 2.9))
    for ax, image, name in zip(axes, images, names, strict=True):
        ax.imshow(image, cmap="gray", vmin=0, vmax=255)
        ax.set_title(name, fontsize=9)
        ax.set_axis_off()
    fig.suptitle(title, fontsize=11)
    return fig


def draw_polar_pair(frame: np.ndarray, polar: np.ndarray, width_km: float, title: str) -> Figure:
    """A frame, and the same as (angle, radius), with axes in kilometres and degrees.

    Args:
        frame: uint8 (n, n).
        polar: uint8 (angles, radii) from `models.to_polar`.
        width_km: of the frame.
        title: of the figure.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.5))
    half = width_km / 2
    left.imshow(frame, cmap="gray", vmin=0, vmax=255, extent=(-half, half, -half, half))
    left.set(xlabel="km east of the centre", ylabel="km north of the centre", title="frame")
    right.imshow(polar, cmap="gray", vmin=0, vmax=255, extent=(0, half, 360, 0), aspect="auto")
    right.set(xlabel="radius (km)", ylabel="angle, clockwise from east (degrees)", title="the same, unrolled")
    right.set_yticks(range(0, 361, 90))
    for ax in (left, right):
        ax.grid(False)
    fig.suptitle(title, fontsize=11)
    return fig


def draw_class_shares_of_a_wind(
    cases: Mapping[str, tuple[float, float]], shares: np.ndarray, title: str
) -> Figure:
    """Normal distributions of the wind, and what each class gets of them.

    Args:
        cases: for each label mean and standard deviation in knots.
        shares: (cases, 8) probabilities of the classes.
        title: of the figure.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), width_ratios=(1.2, 1))
    wind = np.linspace(0, 170, 400)
    for number, (label, (mean, sd)) in enumerate(cases.items()):
        density = np.exp(-0.5 * ((wind - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
        left.plot(wind, density, color=f"C{number}", label=label)
        places = np.arange(8) + 0.4 * (number - (len(cases) - 1) / 2)
        right.bar(places, 100 * shares[number], 0.38, color=f"C{number}")
    for limit in tracks.CLASS_LIMITS_KT:
        left.axvline(limit + 0.5, color="0.6", lw=0.8, zorder=0)
    left.set(xlabel="wind (kt)", ylabel="probability density (1/kt)", title="answer in knots, class limits")
    left.legend()
    right.set_xticks(range(8), tracks.CLASSES)
    right.set(xlabel="class", ylabel="probability (%)", title="the same answer in classes")
    fig.suptitle(title, fontsize=11)
    return fig


def draw_table_of_errors(table: pd.DataFrame, bound_kt: float, title: str) -> Figure:
    """RMSE with its interval for each row; the bound as a line.

    Args:
        table: columns rmse_kt, low and high, in knots; the index names the rows.
        bound_kt: RMSE of the best reader on the same frames.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(7.5, 0.42 * len(table) + 1.2))
    places = np.arange(len(table))[::-1]
    spread = np.clip([table["rmse_kt"] - table["low"], table["high"] - table["rmse_kt"]], 0, None)
    ax.errorbar(table["rmse_kt"], places, xerr=spread, fmt="o", capsize=3)
    ax.axvline(bound_kt, color=viz.BLACK, ls="--", label="bound")
    ax.set_yticks(places, table.index)
    ax.set(xlabel="RMSE on unseen storms (kt), 95 % over storms", title=title)
    ax.set_xlim(left=0)
    ax.legend(loc="lower left")
    return fig


def draw_learning_curve(
    storms: Sequence[int],
    errors_kt: Sequence[float],
    all_frames: tuple[int, float],
    bound_kt: float,
    title: str,
) -> Figure:
    """RMSE against the number of training storms, both axes logarithmic, with a straight line.

    Args:
        storms, errors_kt: one entry per training with every fourth frame of its storms.
        all_frames: storms and RMSE of a training with all frames of its storms.
        bound_kt: RMSE of the best reader on the same test frames.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(6.8, 3.9))
    ax.loglog(storms, errors_kt, "o", ms=7, label="every fourth frame of each storm")
    slope, offset = np.polyfit(np.log(storms), np.log(errors_kt), 1)
    reach = np.array([min(storms) / 1.2, max(storms) * 1.2])
    ax.loglog(reach, np.exp(offset) * reach**slope, color=viz.BLUE, lw=1, label=f"line of slope {slope:.2f}")
    ax.loglog(*all_frames, "^", color=viz.ORANGE, ms=9, label="15 storms, all their frames")
    ax.axhline(bound_kt, color=viz.BLACK, ls="--", label="bound")
    ax.set_xticks(storms, [str(number) for number in storms])
    ticks = [8, 10, 12, 15, 20, 25, 30]
    shown = [tick for tick in ticks if 0.85 * bound_kt <= tick <= 1.15 * max(*errors_kt, all_frames[1])]
    ax.set_yticks(shown, [str(tick) for tick in shown])
    ax.minorticks_off()
    ax.set(xlabel="training storms", ylabel="RMSE on unseen storms (kt)", title=title)
    ax.legend()
    return fig
