"""Figures of the competition: the hidden cars, predicted speeds, errors of several submissions."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def draw_silhouettes(distance: np.ndarray, titles: Sequence[str], columns: int = 4) -> Figure:
    """Cars in their channels.

    Args:
        distance: (n, ny, nx) signed distance in cells, negative in the car.
        titles: (n,) one for each car.
        columns: pictures a row.
    """
    rows = -(-len(distance) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(2.6 * columns, 1.55 * rows), squeeze=False)
    for ax, shape, title in zip(axes.flat, distance, titles, strict=False):
        ax.contourf(shape, levels=[-1e9, 0], colors=["#444444"], extent=(0, 2, 0, 1))
        ax.set(title=title, aspect="equal", xlim=(0, 2), ylim=(0, 1))
        ax.title.set_fontsize(9)
        ax.grid(False)
        ax.set_xticks([0, 1, 2])
        ax.set_yticks([0, 1])
    for ax in axes.flat[len(distance) :]:
        ax.axis("off")
    fig.supxlabel("x (channel heights)", fontsize=9)
    fig.supylabel("y (channel heights)", fontsize=9)
    return fig


def draw_speeds(velocity: np.ndarray, distance: np.ndarray, titles: Sequence[str]) -> Figure:
    """Magnitude of predicted velocities, all on one scale.

    Args:
        velocity: (n, ny, nx, 2) in units of u_max.
        distance: (n, ny, nx) signed distance in cells.
        titles: (n,) one for each panel.
    """
    speed = np.where(distance < 0, np.nan, np.hypot(velocity[..., 0], velocity[..., 1]))
    fig, axes = plt.subplots(
        len(speed), 1, figsize=(7, 3.0 * len(speed)), squeeze=False, layout="constrained"
    )
    for ax, values, title in zip(axes.flat, speed, titles, strict=True):
        image = ax.imshow(
            values, origin="lower", extent=(0, 2, 0, 1), cmap="viridis", vmin=0, vmax=np.nanmax(speed)
        )
        ax.set(title=title, xlabel="x (channel heights)", ylabel="y (channel heights)")
        ax.grid(False)
    fig.colorbar(image, ax=axes, label="speed (u_max)", shrink=0.8)
    return fig


def draw_errors_by_car(errors: Mapping[str, np.ndarray]) -> Figure:
    """Sorted errors of each submission, with the mean.

    Args:
        errors: for each name the relative L2 errors (n,), in a common order of the cars.
    """
    fig, ax = plt.subplots(figsize=(7, 3.6))
    for name, values in errors.items():
        line = ax.plot(np.arange(1, len(values) + 1), 100 * np.sort(values), "o-", ms=3, label=name)[0]
        ax.axhline(100 * values.mean(), ls=":", lw=1, color=line.get_color())
    ax.set(
        xlabel="hidden cars, sorted by error",
        ylabel="relative L2 error (%)",
        yscale="log",
        title="Errors of each submission (dotted: mean)",
    )
    ax.legend()
    return fig
