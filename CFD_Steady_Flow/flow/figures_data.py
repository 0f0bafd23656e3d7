"""Figures of notebook 02: bodies, flows and checks of the data."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from flow import shapes
from flow.fields import stream_function, vorticity
from utils import viz

EXTENT = (0, 2, 0, 1)  # of the channel, in channel heights
BODY = "#3b3b3b"


def _centers(ny: int, nx: int) -> tuple[np.ndarray, np.ndarray]:
    return tuple(axis.ravel() for axis in shapes.cell_centers(ny, nx))  # type: ignore[return-value]


def _picture(ax: Axes, field: np.ndarray, **options) -> AxesImage:
    return ax.imshow(field, origin="lower", extent=EXTENT, interpolation="bilinear", **options)


def _bodies(ax: Axes, scene: shapes.Scene) -> None:
    for body in scene:
        ax.fill(*body.outline().T, color=BODY, zorder=3)
    ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:])
    ax.set_aspect("equal")
    ax.grid(False)


def _streamlines(ax: Axes, velocity: np.ndarray, levels: int, color: str = "white") -> None:
    x, y = _centers(*velocity.shape[:2])
    lines = np.linspace(0, 1, levels + 1)[1:-1]
    ax.contour(x, y, stream_function(velocity), lines, colors=color, linewidths=0.6, alpha=0.8)


def draw_gallery(
    velocities: np.ndarray, scenes: Sequence[shapes.Scene], titles: Sequence[str], columns: int = 4
) -> Figure:
    """Speed and streamlines of many flows on one colour scale.

    Args:
        velocities: (n, ny, nx, 2) in units of u_max.
        scenes, titles: one for each flow.
        columns: panels in a row.
    """
    rows = -(-len(scenes) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(2.75 * columns, 1.6 * rows), squeeze=False)
    speeds = np.linalg.norm(velocities, axis=-1)
    for ax in axes.flat:
        ax.axis("off")
    for ax, velocity, speed, scene, title in zip(axes.flat, velocities, speeds, scenes, titles, strict=False):
        image = _picture(ax, speed, vmin=0, vmax=speeds.max())
        _streamlines(ax, velocity, 16)
        _bodies(ax, scene)
        ax.set_title(title, fontsize=9)
    fig.colorbar(image, ax=axes, label="speed / u_max", shrink=0.6, aspect=30)
    return fig


def draw_four_views(velocity: np.ndarray, scene: shapes.Scene) -> Figure:
    """One flow as speed with streamlines, arrows, vorticity, and backflow (close to it).

    Args:
        velocity: (ny, nx, 2) in units of u_max.
        scene: its bodies.
    """
    fig, ((ax_speed, ax_arrows), (ax_turn, ax_back)) = plt.subplots(2, 2, figsize=(11, 5.6))
    x, y = _centers(*velocity.shape[:2])
    image = _picture(ax_speed, np.linalg.norm(velocity, axis=-1))
    _streamlines(ax_speed, velocity, 28)
    fig.colorbar(image, ax=ax_speed, label="speed / u_max")
    step = max(1, len(y) // 20)
    part = velocity[step // 2 :: step, step // 2 :: step]
    arrows = ax_arrows.quiver(x[step // 2 :: step], y[step // 2 :: step], part[..., 0], part[..., 1],
                              np.linalg.norm(part, axis=-1), scale=32, width=0.003)  # fmt: skip
    fig.colorbar(arrows, ax=ax_arrows, label="speed / u_max")
    turn = vorticity(velocity)
    span = np.percentile(np.abs(turn), 99)
    image = _picture(ax_turn, turn, cmap="RdBu_r", vmin=-span, vmax=span)
    fig.colorbar(image, ax=ax_turn, label="vorticity (u_max / height)")
    u = velocity[..., 0]
    image = _picture(ax_back, np.minimum(u, 0), cmap="Oranges_r")
    stream, wake = stream_function(velocity), u < u.min() / 50
    near = np.linspace(stream[wake].min(), stream[wake].max(), 9)  # lines that turn back
    ax_back.contour(x, y, stream, near, colors="0.35", linewidths=0.7, linestyles="solid")
    _streamlines(ax_back, velocity, 60, "0.6")
    ax_back.contour(x, y, u, [-1e-4], colors="black", linewidths=1.2, linestyles="solid")
    fig.colorbar(image, ax=ax_back, label="u / u_max where negative")
    titles = ("speed and streamlines", "velocity", "vorticity", "backflow (u < 0) inside the black line")
    for ax, title in zip((ax_speed, ax_arrows, ax_turn, ax_back), titles, strict=True):
        _bodies(ax, scene)
        ax.set(title=title, xlabel="x (channel heights)", ylabel="y (channel heights)")
    rows, columns = np.nonzero(wake)
    middle_x, middle_y = x[columns].mean(), y[rows].mean()
    ax_back.set(xlim=(middle_x - 0.4, middle_x + 0.4), ylim=(middle_y - 0.2, middle_y + 0.2))
    return fig


def draw_mask_and_distance(distances: Mapping[str, np.ndarray], scenes: Sequence[shapes.Scene]) -> Figure:
    """What a network can be shown of a body: cells that are solid (above), and the signed distance (below).

    Args:
        distances: (ny, nx) in cells, by title.
        scenes: their bodies.
    """
    fig, axes = plt.subplots(2, len(distances), figsize=(3.7 * len(distances), 4), sharex=True, sharey=True)
    top = max(float(distance.max()) for distance in distances.values())
    for (upper, lower), (title, distance), scene in zip(axes.T, distances.items(), scenes, strict=True):
        upper.imshow(distance < 0, origin="lower", extent=EXTENT, cmap="Greys")
        upper.set_title(title)
        image = _picture(lower, distance, cmap="cividis", vmin=-top / 4, vmax=top)
        x, y = _centers(*distance.shape)
        lower.contour(x, y, distance, np.arange(0, top, 6), colors="white", linewidths=0.6)
        for ax in (upper, lower):
            for body in scene:
                ax.plot(*np.vstack([body.outline(), body.outline()[:1]]).T, color=viz.ORANGE, lw=1)
            ax.set(xlim=EXTENT[:2], ylim=EXTENT[2:])
            ax.grid(False)
        lower.set_xlabel("x (channel heights)")
    fig.colorbar(image, ax=axes[1, :], label="distance (cells)")
    axes[0, 0].set_ylabel("solid cells")
    axes[1, 0].set_ylabel("signed distance")
    return fig


def draw_fluxes(flux: np.ndarray, families: Sequence[str]) -> Figure:
    """Flow through every section of the channel, one line for each sample.

    Args:
        flux: (n, nx) as a share of the inflow.
        families: (n,) labels.
    """
    fig, ax = plt.subplots(figsize=(7, 3.2))
    x = (np.arange(flux.shape[1]) + 0.5) * 2 / flux.shape[1]
    for line, family in zip(flux, families, strict=True):
        ax.plot(x, line, lw=1.2, label=family)
    ax.axhline(1, color="black", lw=0.8, ls=":")
    ax.set(xlabel="x (channel heights)", ylabel="flux / inflow", title="What flows in flows through")
    ax.set_ylim(min(0.985, flux.min()), max(1.015, flux.max()))
    ax.legend(ncols=2, fontsize=8)
    return fig


def draw_histograms(values: Mapping[str, np.ndarray], xlabel: str) -> Figure:
    """How often each value occurs, on a logarithmic scale.

    Args:
        values: flat arrays by label.
        xlabel: quantity and unit.
    """
    fig, ax = plt.subplots(figsize=(7, 3.2))
    low, high = min(v.min() for v in values.values()), max(v.max() for v in values.values())
    bins = np.linspace(low, high, 90).tolist()
    for label, array in values.items():
        ax.hist(array, bins, density=True, histtype="step", lw=1.6, label=label)
    ax.set(xlabel=xlabel, ylabel="density", yscale="log", title="Values that a network has to predict")
    ax.legend()
    return fig


def draw_bars(table: Mapping[str, Mapping[str, float]], ylabel: str, title: str) -> Figure:
    """Groups of bars: one group for each key of the inner mappings, one colour for each outer key."""
    fig, ax = plt.subplots(figsize=(7, 3.4))
    groups = list(next(iter(table.values())))
    width = 0.8 / len(table)
    for number, (label, row) in enumerate(table.items()):
        place = np.arange(len(groups)) + (number - (len(table) - 1) / 2) * width
        drawn = ax.bar(place, [row[group] for group in groups], 0.92 * width, label=label)
        ax.bar_label(drawn, fmt="%.2f", fontsize=8)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=ylabel, title=title)
    ax.legend(fontsize=8)
    return fig
