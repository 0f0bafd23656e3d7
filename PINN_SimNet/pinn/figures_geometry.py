"""Figures of notebook 05: shapes, distances, clouds of points, fields on them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinn.geometry import Cloud, Geometry
from utils.viz import BLACK, BLUE, GREEN, ORANGE, PINK


def _distance(ax: Axes, x, y, distance, limit: float):
    image = ax.contourf(x, y, distance, np.linspace(-limit, limit, 25), cmap="RdBu", extend="both")
    ax.contour(x, y, distance, [0], colors=BLACK, linewidths=2)
    ax.set_aspect("equal")
    ax.grid(False)
    return image


def draw_distances(shapes: Mapping[str, Geometry]) -> Figure:
    """The signed distance of several plane shapes on one scale."""
    corners = np.array([shape.bounds for shape in shapes.values()])
    view = np.array([corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)])
    fields = {name: shape.raster(bounds=view) for name, shape in shapes.items()}
    limit = 0.6
    fig, axes = plt.subplots(1, len(shapes), figsize=(2.6 * len(shapes), 2.5), squeeze=False, sharey=True)
    for ax, (name, (x, y, distance)) in zip(axes[0], fields.items(), strict=True):
        image = _distance(ax, x, y, distance, limit)
        ax.set(title=name, xlabel="x (m)")
    axes[0, 0].set_ylabel("y (m)")
    fig.colorbar(image, ax=axes, label="signed distance (m)", shrink=0.9, ticks=np.linspace(-limit, limit, 5))
    return fig


def draw_bound_or_exact(shape: Geometry, true_size: np.ndarray, title: str) -> Figure:
    """How much a combined distance falls short of the true one, on the grid of `Geometry.raster`."""
    x, y, distance = shape.raster(100)
    gap = np.abs(true_size.reshape(x.shape)) - np.abs(distance)
    fig, ax = plt.subplots(figsize=(5.4, 3.8))
    image = ax.pcolormesh(x, y, np.maximum(gap, 0), cmap="cividis")
    ax.contour(x, y, distance, [0], colors="white", linewidths=2)
    ax.set(title=title, xlabel="x (m)", ylabel="y (m)", aspect="equal")
    ax.grid(False)
    fig.colorbar(image, ax=ax, label="true distance minus combined one (m)")
    return fig


def draw_cloud(shape: Geometry, interior: Cloud, boundary: Cloud, title: str) -> Figure:
    """Interior points coloured by distance, boundary points with their normals."""
    fig, ax = plt.subplots(figsize=(7, 4.2))
    dots = ax.scatter(interior.points[:, 0], interior.points[:, 1], c=interior.sdf, s=7, cmap="viridis")
    assert boundary.normals is not None
    ax.quiver(*boundary.points.T, *boundary.normals.T, color=ORANGE, scale=26, width=0.003)
    ax.plot(*boundary.points.T, ".", color=BLACK, ms=2.5)
    ax.set(title=title, xlabel="x (m)", ylabel="y (m)", aspect="equal")
    ax.grid(False)
    fig.colorbar(dots, ax=ax, label="distance to the wall (m)")
    return fig


def draw_convergence(
    numbers: Sequence[int], errors: Mapping[str, np.ndarray], title: str, ylabel: str
) -> Figure:
    """Quadrature error against the number of points, with the two slopes of theory."""
    fig, ax = plt.subplots()
    for (name, error), color, marker in zip(errors.items(), (ORANGE, BLUE, GREEN), "os^", strict=False):
        ax.loglog(numbers, error, marker=marker, color=color, label=name)
    n = np.array(numbers, dtype=float)
    first = max(error[0] for error in errors.values())
    ax.loglog(n, 1.6 * first * (n / n[0]) ** -0.5, ":", color=BLACK, lw=1, label="slope -1/2")
    ax.loglog(n, 0.4 * first * n[0] / n, "--", color=BLACK, lw=1, label="slope -1")
    ax.set(title=title, xlabel="number of points", ylabel=ylabel)
    ax.legend()
    return fig


def draw_family(make, values: Sequence[dict], points: Cloud, parameter: int, label: str) -> Figure:
    """Outlines of some shapes of a family, and the points of all of them coloured by one parameter."""
    fig, ax = plt.subplots(figsize=(7.4, 2.9))
    assert points.parameters is not None
    dots = ax.scatter(
        points.points[:, 0], points.points[:, 1], c=points.parameters[:, parameter], s=4, cmap="viridis"
    )
    for kwargs, style in zip(values, ("-", "--", ":"), strict=False):
        x, y, distance = make(**kwargs).raster(300, 0.02)
        ax.contour(x, y, distance, [0], colors=BLACK, linewidths=1.6, linestyles=style)
    ax.set(title="One cloud for a family of shapes", xlabel="x (m)", ylabel="y (m)", aspect="equal")
    ax.grid(False)
    fig.colorbar(dots, ax=ax, label=label)
    return fig


def draw_solid_with_slice(surface, boundary: Cloud, height: float, title: str) -> Figure:
    """Points on a solid, coloured by the direction they face, and its signed distance in a horizontal slice."""
    fig = plt.figure(figsize=(9.2, 3.9))
    places = fig.add_gridspec(1, 2, width_ratios=[1.25, 1], wspace=0.12)
    ax = fig.add_subplot(places[0], projection="3d")
    assert boundary.normals is not None
    ax.scatter(*boundary.points.T, c=boundary.normals[:, 2], s=3, cmap="viridis", vmin=-1, vmax=1)
    ax.set_box_aspect(np.ptp(boundary.points, axis=0))
    ax.set(title=title, xlabel="x (m)", ylabel="y (m)", zlabel="z (m)")
    ax.view_init(28, -55)
    (left, front, _), (right, back, _) = surface.bounds
    x, y = np.meshgrid(np.linspace(left - 0.1, right + 0.1, 220), np.linspace(front - 0.1, back + 0.1, 160))
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, height)], axis=1)
    distance = surface.sdf(points).reshape(x.shape)
    flat = fig.add_subplot(places[1])
    image = _distance(flat, x, y, distance, 0.3)
    flat.set(title=f"Signed distance at z = {height:g} m", xlabel="x (m)", ylabel="y (m)")
    fig.colorbar(image, ax=flat, label="signed distance (m)", shrink=0.75, ticks=np.linspace(-0.3, 0.3, 7))
    return fig


def draw_on_shape(
    shape: Geometry, truth: np.ndarray, found: np.ndarray, inside: np.ndarray, label: str, num: int = 120
) -> Figure:
    """Truth, network and error on the part of a raster that lies inside a shape.

    Args:
        truth, found: values at the True places of ``inside``.
        inside: mask of shape (num, num), as from `Geometry.raster`.
        label: quantity and unit.
    """
    x, y, _ = shape.raster(num, 0.0)
    fig, axes = plt.subplots(1, 3, figsize=(10.5, 2.8), sharey=True)
    low, high = truth.min(), truth.max()
    error = found - truth
    limit = np.abs(error).max()
    for ax, name, values, options in (
        (axes[0], "closed form", truth, {"vmin": low, "vmax": high, "cmap": "viridis"}),
        (axes[1], "network", found, {"vmin": low, "vmax": high, "cmap": "viridis"}),
        (axes[2], "difference", error, {"vmin": -limit, "vmax": limit, "cmap": "RdBu"}),
    ):
        picture = np.full(x.shape, np.nan)
        picture[inside] = values
        image = ax.pcolormesh(x, y, picture, **options)
        if name != "difference":
            ax.contour(x, y, picture, 14, colors="white", linewidths=0.5)
        ax.set(title=name, xlabel="x (m)", aspect="equal")
        ax.grid(False)
        fig.colorbar(image, ax=ax, label=label, orientation="horizontal", aspect=30, ticks=MaxNLocator(5))
    axes[0].set_ylabel("y (m)")
    return fig


def draw_training(history, title: str) -> Figure:
    """Loss and error of a training against seconds."""
    fig, ax = plt.subplots()
    ax.semilogy(history["seconds"], history["loss"], color=BLUE, label="loss")
    ax.semilogy(history["seconds"], history["error"], color=PINK, label="relative error")
    ax.set(title=title, xlabel="training time (s)", ylabel="loss, relative error (no unit)")
    ax.legend()
    return fig
