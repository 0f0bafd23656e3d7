"""Figures of notebook 06: error against time, where networks fail, and what they know of it."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, ScalarFormatter


def draw_error_against_time(points: Mapping[str, tuple[float, float]]) -> Figure:
    """One point for each method: milliseconds of one flow, and its error in per cent.

    Args:
        points: for each name (seconds, relative L2 error).
    """
    fig, ax = plt.subplots(figsize=(7.4, 4.2))
    markers = "osD^vPX*<>"
    for number, (name, (seconds, error)) in enumerate(points.items()):
        ax.plot(
            1000 * seconds,
            100 * error,
            markers[number % len(markers)],
            ms=8,
            color=f"C{number % 7}",
            label=name,
        )
    ax.set(
        xscale="log", yscale="log", xlabel="time of one flow (ms)", ylabel="relative L2 error on cars (%)",
        title="Error against time, on this machine",
    )  # fmt: skip
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def draw_data_efficiency(number: Sequence[int], errors: Mapping[str, Sequence[float]]) -> Figure:
    """Error against the number of training flows, one curve for each test set.

    Args:
        number: of training flows.
        errors: for each test set the relative L2 errors.
    """
    fig, ax = plt.subplots(figsize=(6, 3.6))
    for name, values in errors.items():
        ax.loglog(number, 100 * np.array(values), "o-", label=name)
    ax.set(
        xlabel="flows to learn from",
        ylabel="relative L2 error (%)",
        title="Same network, same number of steps",
    )
    ax.set_xticks(number, [str(n) for n in number])
    ax.minorticks_off()
    ax.yaxis.set_major_locator(LogLocator(subs=range(1, 10)))  # the errors lie within one power of ten
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.legend()
    return fig


def draw_error_and_doubt(
    speed: np.ndarray, error: np.ndarray, doubt: np.ndarray, solid: np.ndarray, titles: Sequence[str]
) -> Figure:
    """For each flow: true speed, error of the committee, disagreement of its members.

    Args:
        speed, error, doubt: (n, ny, nx) in units of u_max.
        solid: bool (n, ny, nx).
        titles: (n,) of the flows.
    """
    fig, axes = plt.subplots(
        len(speed),
        3,
        figsize=(11, 1.9 * len(speed)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    top = max(np.nanmax(error), np.nanmax(doubt))
    for row, title in enumerate(titles):
        for column, (field, name, cmap, vmax) in enumerate((
            (speed, "speed by the solver", "viridis", speed.max()),
            (error, "error of the mean", "cividis", top),
            (doubt, "disagreement", "cividis", top),
        )):  # fmt: skip
            ax = axes[row, column]
            values = np.where(solid[row], np.nan, field[row])
            image = ax.imshow(values, origin="lower", extent=(0, 2, 0, 1), cmap=cmap, vmin=0, vmax=vmax)
            ax.set_title(f"{title}: {name}", fontsize=9)
            ax.grid(False)
            if row == len(titles) - 1:
                ax.set_xlabel("x (channel heights)")
                fig.colorbar(image, ax=axes[:, column], label="u_max", shrink=0.7)
        axes[row, 0].set_ylabel("y (heights)")
    return fig


def draw_outside(
    reynolds: Sequence[float], errors: Sequence[float], spread: Sequence[float], trained: float
) -> Figure:
    """Error and disagreement against the Reynolds number of the truth.

    Args:
        reynolds: of the channel.
        errors, spread: relative L2 error of the mean, and disagreement in the same unit.
        trained: Reynolds number of the training set.
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    ax.plot(reynolds, 100 * np.array(errors), "o-", label="error of the mean")
    ax.plot(reynolds, 100 * np.array(spread), "s--", label="disagreement")
    ax.axvline(trained, ls=":", color="black", label="training set")
    ax.set(
        xlabel="channel Reynolds number of the truth",
        ylabel="relative to the flow (%)",
        title="What no member can know",
    )
    ax.set_ylim(bottom=0)
    ax.legend()
    return fig


def draw_transfer(
    rows: Sequence[int], curves: Mapping[str, Sequence[float]], references: Mapping[str, Sequence[float]]
) -> Figure:
    """Error against the rows of the grid that networks are asked on.

    Args:
        rows: of the grids; networks have learned on the first.
        curves: for each network, asked on the grid itself, its relative L2 errors.
        references: the same for what is interpolated from the first grid, or for the last grids only; dashed.
    """
    fig, ax = plt.subplots(figsize=(7.6, 3.9))
    for number, (name, errors) in enumerate(curves.items()):
        ax.semilogy(rows, 100 * np.array(errors), "osD^"[number % 4] + "-", color=f"C{number}", label=name)
    for name, errors in references.items():
        color, style = (f"C{list(curves).index(name)}", "--") if name in curves else ("black", ":")
        label = f"{name}, {rows[0]} rows interpolated"
        ax.semilogy(rows[-len(errors) :], 100 * np.array(errors), style, color=color, label=label)
    ax.set(
        xlabel="rows of the grid",
        ylabel="relative L2 error on cars (%)",
        title="Learned on one grid, asked on three",
    )
    ax.set_xticks(rows)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.yaxis.set_minor_locator(LogLocator(subs=()))
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def draw_answers(answers: Mapping[str, np.ndarray], solid: np.ndarray) -> Figure:
    """Speed of several answers for one body, side by side in two columns, on one scale.

    Args:
        answers: for each name velocity (ny, nx, 2) in units of u_max; the first is the truth.
        solid: bool (ny, nx).
    """
    rows = -(-len(answers) // 2)
    fig, axes = plt.subplots(
        rows, 2, figsize=(9.2, 2.3 * rows), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    speeds = {name: np.hypot(*np.moveaxis(velocity, -1, 0)) for name, velocity in answers.items()}
    top = next(iter(speeds.values())).max()
    for ax, (name, speed) in zip(axes.flat, speeds.items(), strict=False):
        shown = np.where(solid, np.nan, speed)
        image = ax.imshow(shown, origin="lower", extent=(0, 2, 0, 1), vmin=0, vmax=top)
        ax.set_facecolor("0.6")
        ax.grid(False)
        ax.set_xticks((0, 0.5, 1, 1.5, 2))
        ax.set_title(name, fontsize=9)
    for ax in axes[-1]:
        ax.set_xlabel("x (channel heights)")
    for ax in axes[:, 0]:
        ax.set_ylabel("y (heights)")
    fig.colorbar(image, ax=axes, label="speed (u_max)", shrink=0.8)
    return fig
