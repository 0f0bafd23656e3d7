"""Drawings of how data flow in this lab: an image to the network, the network's layers, frames to both sides of a split."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle

from cyclone import tracks
from cyclone.dataset import Frames
from cyclone.figures import CLASS_COLOURS, make_enhancement
from cyclone.imagery import to_kelvin
from utils import viz


def draw_chain(steps: Mapping[str, tuple[np.ndarray, str]], last: str, title: str) -> Figure:
    """Pictures in the order in which they are prepared, with arrows, and a box for what reads the last of them.

    Args:
        steps: for each name the picture, (h, w), and a line on its numbers.
        last: text of the box at the end.
        title: of the figure.
    """
    count = len(steps) + 1
    fig, axes = plt.subplots(1, count, figsize=(2.4 * count, 3.1), gridspec_kw={"wspace": 0.2})
    for ax, (name, (image, numbers)) in zip(axes, steps.items(), strict=False):
        ax.imshow(image, cmap="gray")
        ax.set(title=name, xticks=[], yticks=[], xlabel=numbers)
        ax.grid(False)
    axes[-1].axis("off")
    box = {"boxstyle": "round,pad=0.6", "fc": viz.SKY, "ec": "0.3"}
    axes[-1].text(0.5, 0.5, last, ha="center", va="center", bbox=box, transform=axes[-1].transAxes)
    for left, right in zip(axes, axes[1:], strict=False):
        look: dict[str, Any] = {"arrowstyle": "->", "color": viz.ORANGE, "lw": 2}
        end = (0.1, 0.5) if right is axes[-1] else (-0.02, 0.5)
        fig.add_artist(ConnectionPatch((1.02, 0.5), end, left.transAxes, right.transAxes, **look))
    fig.suptitle(title)
    return fig


def draw_layers(shapes: Sequence[tuple[int, ...]], names: Sequence[str], title: str) -> Figure:
    """A network as a row of boxes: as high as its maps have pixels, as wide as they have channels.

    Args:
        shapes: of what each layer hands on, (height, width, channels) or (numbers,).
        names: one per layer.
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(10, 3.4))
    place = 0.0
    tallest = max(shape[0] for shape in shapes if len(shape) == 3)
    for number, (shape, name) in enumerate(zip(shapes, names, strict=True)):
        flat = len(shape) == 1
        height = 0.25 + np.log10(shape[0]) / 4 if flat else 2 * np.sqrt(shape[0] / tallest)
        width = 0.14 if flat else 0.1 + shape[2] / 450
        face = viz.YELLOW if flat else viz.SKY
        ax.add_patch(Rectangle((place, -height / 2), width, height, fc=face, ec="0.3"))
        size = f"{shape[0]:,}" if flat else f"{shape[0]}×{shape[1]}\n×{shape[2]}"
        middle = place + width / 2
        above = 1.25 if number % 2 else 1.7
        ax.text(middle, above, size, ha="center", va="center", fontsize=8)
        ax.plot([middle, middle], [height / 2 + 0.02, above - 0.2], color="0.8", lw=0.7, zorder=0)
        ax.text(middle, -1.15, name, ha="right", va="top", fontsize=8, rotation=35, rotation_mode="anchor")
        place += width + 0.32
    ax.set(xlim=(-0.5, place), ylim=(-2.4, 2.0), title=title)
    ax.axis("off")
    return fig


def draw_two_splits(frames_per_storm: int, seed: int, title: str) -> Figure:
    """Frames of four storms as squares in time, dealt out frame by frame, and storm by storm.

    Args:
        frames_per_storm: squares per row.
        seed: of the frames that the shuffled split draws for the test.
        title: of the figure.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(4 * frames_per_storm).reshape(4, frames_per_storm) < frames_per_storm
    whole = np.zeros_like(shuffled)
    whole[2] = True
    fig, axes = plt.subplots(1, 2, figsize=(10, 2.9), sharey=True)
    titles = ("shuffled: a twin on the other side", "by storm: nobody knows storm C")
    for ax, test, name in zip(axes, (shuffled, whole), titles, strict=True):
        for (row, column), is_test in np.ndenumerate(test):
            face = viz.ORANGE if is_test else viz.SKY
            ax.add_patch(Rectangle((column, 3 - row), 0.86, 0.7, fc=face, ec="0.3", lw=0.6))
            before = column > 0 and not test[row, column - 1]
            after = column < frames_per_storm - 1 and not test[row, column + 1]
            for step in (-1,) * before + (1,) * after if is_test else ():
                ends = (column + 0.43, 3.35 - row), (column + 0.43 + 0.8 * step, 3.35 - row)
                ax.annotate("", *ends, arrowprops={"arrowstyle": "<-", "color": viz.BLACK, "lw": 1})
        ax.set(xlim=(-0.2, frames_per_storm), ylim=(-0.2, 4), title=name, xlabel="time")
        ax.set_xticks([])
        ax.set_yticks([3.35, 2.35, 1.35, 0.35], [f"storm {letter}" for letter in "ABCD"])
        ax.tick_params(length=0)
        ax.grid(False)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
    handles = [Rectangle((0, 0), 1, 1, fc=colour, ec="0.3") for colour in (viz.SKY, viz.ORANGE)]
    fig.legend(handles, ["training", "test"], loc="outside lower center", ncols=2)
    fig.suptitle(title)
    return fig


def draw_frame_by_frame(storm: Frames, title: str) -> Iterator[Figure]:
    """One figure for each frame of a storm, for an animation: the clouds, the track so far, the wind so far.

    Args:
        storm: frames of one storm in order of time, from `dataset.draw_storm`.
        title: of the figure.
    """
    colours, scale = make_enhancement("colour")
    fig, (sky, course, wind) = plt.subplots(1, 3, figsize=(8.4, 2.7), width_ratios=(1, 1.1, 1.3))
    picture = sky.imshow(to_kelvin(storm.images[0]), cmap=colours, norm=scale, interpolation="bilinear")
    sky.set_axis_off()
    fig.colorbar(picture, ax=sky, label="temperature (K)", shrink=0.9)
    hours = (storm.time - storm.time[0]) / np.timedelta64(1, "h")
    course.plot(storm.lon, storm.lat, color="0.5", lw=1)
    course.margins(0.15)
    course.set(xlim=course.get_xlim(), ylim=course.get_ylim())  # the land does not move them
    land = PolyCollection(list(tracks.coastline()), facecolor="0.85", edgecolor="0.45", lw=0.6, zorder=0)
    course.add_collection(land)
    course.set(xlabel="longitude (°E)", ylabel="latitude (°N)", title="track (land is grey)", aspect="equal")
    edges = [0, *tracks.CLASS_LIMITS_KT, max(150, float(storm.wind_kt.max()) + 10)]
    for name, colour, low, high in zip(tracks.CLASSES, CLASS_COLOURS, edges[:-1], edges[1:], strict=True):
        wind.axhspan(low, high, color=colour, alpha=0.25, lw=0)
        wind.text(1.01, (low + high) / 2, name, transform=wind.get_yaxis_transform(), va="center", fontsize=8)
    wind.set(xlim=(0, hours[-1]), ylim=(0, edges[-1]), xlabel="hours", ylabel="wind (kt)", title="wind")
    (path,) = course.plot([], [], color=viz.BLUE, lw=2)
    (here,) = course.plot([], [], "o", color=viz.ORANGE, ms=7)
    (curve,) = wind.plot([], [], color="black", lw=1.6)
    (now,) = wind.plot([], [], "o", color=viz.ORANGE, ms=7)
    fig.suptitle(title)
    for number in range(len(storm)):
        picture.set_data(to_kelvin(storm.images[number]))
        sky.set_title(f"hour {hours[number]:.0f}: {storm.wind_kt[number]:.0f} kt")
        path.set_data(storm.lon[: number + 1], storm.lat[: number + 1])
        here.set_data(storm.lon[[number]], storm.lat[[number]])
        curve.set_data(hours[: number + 1], storm.wind_kt[: number + 1])
        now.set_data(hours[[number]], storm.wind_kt[[number]])
        yield fig
