"""Drawings of what a notebook is about: the string, the bar, springs and masses, points, the way of a derivative."""

from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor

from pinn import problems
from utils.viz import BLACK, BLUE, DARK_ORANGE, GREEN, ORANGE, PINK, SKY


def _bare(ax: Axes, xlim: tuple[float, float], ylim: tuple[float, float]) -> None:
    ax.set(xlim=xlim, ylim=ylim)
    ax.axis("off")


def _wall(ax: Axes, x: float, low: float, high: float, side: int) -> None:
    """An upright wall with hatches on its far side (-1 left, 1 right)."""
    ax.plot([x, x], [low, high], color=BLACK, lw=2.5)
    for y in np.linspace(low, high, 6)[:-1]:
        step = (high - low) / 5
        ax.plot([x, x + 0.35 * side * step], [y + step, y + 0.5 * step], color=BLACK, lw=0.8)


def draw_string(place: float, strength: float) -> Figure:
    """A string between two pins with a load, and the load below it."""
    x = np.linspace(0, 1, 301)
    u = problems.string_deflection(x, place, strength)
    fig, axes = plt.subplots(2, 1, figsize=(6.4, 3.2), sharex=True, height_ratios=(2, 1))
    axes[0].plot(x, u, color=BLUE, lw=2.5)
    axes[0].plot([0, 1], [0, 0], "o", color=BLACK, ms=8)
    loaded = np.abs(x - place) <= 0.1
    axes[0].plot(x[loaded], u[loaded], color=ORANGE, lw=4)
    axes[0].set(ylabel="deflection u", ylim=(-0.11, 0.11), title="It bends only where the load is")
    axes[1].fill_between(x, strength * loaded, step="mid", color=ORANGE, alpha=0.7)
    axes[1].set(ylabel="load f = u''", xlabel="position x", ylim=(-2.2, 2.2))
    return fig


def draw_collocation(x: Sequence[float]) -> Figure:
    """Where the loss asks the network what: the equation inside, the values at both ends."""
    fig, ax = plt.subplots(figsize=(8, 1.9))
    ax.plot([0, 1], [0, 0], color=BLACK, lw=1.5)
    ax.plot(np.ravel(x), np.zeros(len(np.ravel(x))), "o", color=BLUE, ms=7)
    ax.plot([0, 1], [0, 0], "s", color=ORANGE, ms=11)
    for place, align in ((0, "left"), (1, "right")):
        ax.text(place, 0.28, f"u({place}) = 0 ?", ha=align, color=DARK_ORANGE, fontsize=11)
    ax.text(0.5, 0.28, "u''(x) = 1 ?", ha="center", color=BLUE, fontsize=11)
    ax.text(0.5, -0.42, "position x", ha="center", fontsize=10)
    for place in (0, 1):
        ax.text(place, -0.42, f"{place}", ha="center", fontsize=10)
    _bare(ax, (-0.05, 1.05), (-0.6, 0.6))
    return fig


def draw_tape() -> Figure:
    """Value and derivatives that walk through a network together, up to the loss."""
    fig, ax = plt.subplots(figsize=(9.5, 3.1))
    boxes = (("point", 0.0), ("layer 1", 2.2), ("layer 2", 4.4), ("output", 6.6), ("residual", 8.8))
    rows = (("x", "z", "z", "u"), ("1", "z'", "z'", "u'"), ("0", "z''", "z''", "u''"))
    for number, (label, left) in enumerate(boxes):
        ax.add_patch(
            FancyBboxPatch(
                (left, 0), 1.3, 3, boxstyle="round,pad=0.05", fc="white", ec=BLUE if number < 4 else ORANGE, lw=1.8
            )
        )  # fmt: skip
        ax.text(left + 0.65, 3.35, label, ha="center", fontsize=11)
        if number < 4:
            for row, text in enumerate(rows):
                ax.text(left + 0.65, 2.5 - row, text[number], ha="center", va="center", fontsize=12)
        if number:
            for row in range(3) if number < 4 else (2,):  # the residual needs the second derivative alone
                ax.annotate(
                    "", (left - 0.1, 2.5 - row), (left - 0.75, 2.5 - row), arrowprops={"arrowstyle": "->", "color": BLACK}
                )  # fmt: skip
    ax.text(9.45, 0.5, "u'' - 1", ha="center", va="center", fontsize=12)
    ax.annotate("", (2.2, -0.55), (9.4, -0.55), arrowprops={"arrowstyle": "->", "color": ORANGE, "lw": 2})
    ax.text(
        5.8, -0.95, "slope of the loss, back to every weight", ha="center", color=DARK_ORANGE, fontsize=11
    )
    _bare(ax, (-0.3, 10.4), (-1.2, 3.8))
    return fig


def make_fit_frames(
    x: Tensor, fits: Mapping[int, Tensor], exact: Tensor, errors: Mapping[int, float]
) -> Iterator[Figure]:
    """One frame for each kept step: the network's curve on the exact one, and the error so far.

    Args:
        x: positions, shape (n, 1).
        fits: for each step the network's values, shape (n, 1).
        exact: shape (n, 1).
        errors: for each step the relative error.
    """
    fig, axes = plt.subplots(1, 2, figsize=(7.6, 2.8))
    axes[0].plot(np.ravel(x), np.ravel(exact), color=BLACK, lw=2.5, label="exact")
    (curve,) = axes[0].plot(np.ravel(x), np.ravel(exact), color=BLUE, label="network")
    low = min(float(np.min(np.ravel(fit))) for fit in fits.values())
    high = max(float(np.max(np.ravel(fit))) for fit in fits.values())
    axes[0].set(xlabel="position x", ylabel="deflection u", ylim=(low - 0.03, high + 0.03))
    axes[0].legend(loc="upper right")
    axes[1].semilogy(list(errors), list(errors.values()), color="0.85")
    (so_far,) = axes[1].semilogy([], [], color=BLUE)
    axes[1].set(xlabel="step", ylabel="relative error")
    for step, fit in fits.items():
        curve.set_ydata(np.ravel(fit))
        past = [known for known in errors if known <= step]
        so_far.set_data(past, [errors[known] for known in past])
        axes[0].set_title(f"step {step}")
        yield fig


def draw_bends(starts: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Hidden neurons of several starts, a panel each.

    Args:
        starts: for each label weights (m,) and offsets (m,) of tanh(weight x + offset), with x from -1 to 1.
    """
    x = np.linspace(-1, 1, 201)
    fig, axes = plt.subplots(1, len(starts), figsize=(4.2 * len(starts), 2.8), sharey=True)
    for ax, (label, (weight, offset)) in zip(axes, starts.items(), strict=True):
        ax.plot((x + 1) / 2, np.tanh(np.outer(x, weight) + offset), lw=1)
        ax.set(title=label, xlabel="position x")
    axes[0].set_ylabel("value of each neuron")
    return fig


def draw_bar(first: float, second: float) -> Figure:
    """The composite bar with its temperature, cold at the left and hot at the right, and both fluxes."""
    contact = second / (first + second)
    fig, axes = plt.subplots(2, 1, figsize=(6.4, 3.4), sharex=True, height_ratios=(1, 3))
    for left, color, value in ((0, SKY, first), (1, ORANGE, second)):
        axes[0].add_patch(Rectangle((left, 0), 1, 1, color=color, alpha=0.6))
        axes[0].text(left + 0.5, 0.5, f"D = {value:g}", ha="center", va="center", fontsize=11)
    axes[0].text(-0.03, 0.5, "0", ha="right", va="center", fontsize=11)
    axes[0].text(2.03, 0.5, "100", ha="left", va="center", fontsize=11)
    _bare(axes[0], (-0.15, 2.2), (-0.1, 1.1))
    axes[1].plot([0, 1], [0, 100 * contact], color=BLUE, lw=2.5)
    axes[1].plot([1, 2], [100 * contact, 100], color=ORANGE, lw=2.5)
    axes[1].plot([1], [100 * contact], "o", color=BLACK)
    axes[1].axvline(1, color="0.5", lw=1, ls=":")
    axes[1].set(
        xlabel="position x", ylabel="temperature (degrees)", ylim=(-5, 105), xlim=(-0.15, 2.2),
        title=f"interface {100 * contact:.1f} degrees, flux {100 * first * contact:.2f} in both halves",
    )  # fmt: skip
    return fig


def _spring(ax: Axes, start: float, end: float, y: float = 0.0, color: str = BLACK) -> None:
    """A zigzag between two places."""
    way = np.linspace(0, 1, 14)
    wave = 0.13 * np.array([0, 0, *[(-1) ** k for k in range(10)], 0, 0])
    ax.plot(start + (end - start) * way, y + wave, color=color, lw=1.3)


def _row(ax: Axes, moved: Sequence[float] | np.ndarray, stiffness: Sequence[float] = ()) -> None:
    """Three masses between four springs, named by their stiffness if given; ticks where the masses rest."""
    places = [0.0, *(number + 1 + 0.32 * value for number, value in enumerate(moved)), 4.0]
    for number in range(4):
        start = places[number] + (0.16 if number else 0)
        end = places[number + 1] - (0.16 if number < 3 else 0)
        _spring(ax, start, end)
        if len(stiffness):
            ax.text((start + end) / 2, 0.3, f"k = {stiffness[number]:g}", ha="center", fontsize=9)
    for number, (name, color) in enumerate(zip("xyz", (BLUE, ORANGE, GREEN), strict=True)):
        middle = places[number + 1]
        ax.add_patch(Rectangle((middle - 0.16, -0.22), 0.32, 0.44, color=color, zorder=3))
        ax.text(middle, 0, name, ha="center", va="center", color="white", fontsize=12, zorder=4)
        ax.plot([number + 1] * 2, [-0.42, -0.3], color="0.5", lw=1)
    _wall(ax, 0, -0.4, 0.4, -1)
    _wall(ax, 4, -0.4, 0.4, 1)
    _bare(ax, (-0.2, 4.2), (-0.5, 0.5))


def draw_springs(masses: Sequence[float], stiffness: Sequence[float], now: float) -> Figure:
    """Three masses at one moment, and their motion over ten seconds."""
    t = np.linspace(0, 10, 301)
    motion = problems.spring_motion(t, masses, stiffness)
    fig, axes = plt.subplots(2, 1, figsize=(6.4, 3.6), height_ratios=(1, 2))
    _row(axes[0], problems.spring_motion(np.array([now]), masses, stiffness)[:, 0], stiffness)
    for name, values, color in zip("xyz", motion, (BLUE, ORANGE, GREEN), strict=True):
        axes[1].plot(t, values, color=color, label=name)
    axes[1].axvline(now, color="0.5", lw=1)
    axes[1].set(xlabel="time t (s)", ylabel="displacement (m)", ylim=(-1.3, 1.3))
    axes[1].legend(loc="upper right", ncols=3)
    return fig


def make_mass_frames(t: np.ndarray, motions: Mapping[str, np.ndarray]) -> Iterator[Figure]:
    """Frames of the masses in motion, a row for each label.

    Args:
        t: moments, shape (n,).
        motions: for each label displacements, shape (n, 3).
    """
    fig, axes = plt.subplots(len(motions), 1, figsize=(4.4, 1.0 * len(motions) + 0.2), squeeze=False)
    for number, moment in enumerate(t):
        for ax, (label, values) in zip(axes[:, 0], motions.items(), strict=True):
            ax.clear()
            _row(ax, values[number])
            ax.set_title(f"{label}, t = {moment:.1f} s", fontsize=9)
        yield fig


def make_map_frames(
    frames: Mapping[float, np.ndarray], extent: tuple[float, float, float, float], label: str, span: float
) -> Iterator[Figure]:
    """Frames of a field that changes with time.

    Args:
        frames: for each moment the field, shape (height, width), row 0 at the bottom.
        extent: left, right, low and high end.
        label: of the colour bar.
        span: its end on both sides.
    """
    fig, ax = plt.subplots(figsize=(4.4, 3.6))
    left, right, low, high = extent
    image = ax.imshow(
        next(iter(frames.values())), origin="lower", extent=(left, right, low, high), cmap="RdBu_r", vmin=-span, vmax=span
    )  # fmt: skip
    ax.grid(False)
    ax.set(xlabel="x", ylabel="y")
    fig.colorbar(image, ax=ax, label=label)
    for moment, values in frames.items():
        image.set_data(values)
        ax.set_title(f"t = {moment:.2f}")
        yield fig


def draw_ideas(chip_width: float = 1.0, chip_height: float = 0.6) -> Figure:
    """The channel and the chip, with the place where each difficulty of the challenge sits."""
    fig, ax = plt.subplots(figsize=(9, 2.9))
    ax.add_patch(Rectangle((-2.5, -0.5), 5, 1, fill=False, lw=2, color=BLACK))
    ax.add_patch(Rectangle((-1, -0.5), chip_width, chip_height, color=ORANGE, alpha=0.6))
    top = -0.5 + chip_height
    for x in (-1.0, -1.0 + chip_width):
        ax.plot(x, top, "o", color=PINK, ms=10)
    notes = (
        ("what flows in must pass\nevery section", (-1.75, 0.0), BLUE),
        ("corners:\nno smooth function", (-0.5, 0.3), PINK),
        ("slow eddy, far from the corner:\nneeds its own neurons", (1.3, -0.2), GREEN),
    )
    for text, place, color in notes:
        ax.text(*place, text, ha="center", va="center", color=color, fontsize=10)
    ax.text(-0.5, -0.5 + chip_height / 2, "chip", ha="center", va="center")
    _bare(ax, (-2.6, 2.6), (-0.6, 0.6))
    return fig
