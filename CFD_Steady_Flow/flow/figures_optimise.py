"""Figures of notebook 07: bodies, gradients from two sources, the way down."""

from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from flow.shapes import Polygon


def draw_outlines(bodies: Mapping[str, Polygon]) -> Figure:
    """Bodies side by side, the flow from the left.

    Args:
        bodies: for each title a body, in channel heights.
    """
    fig, axes = plt.subplots(1, len(bodies), figsize=(2.1 * len(bodies), 2.3), sharey=True, squeeze=False)
    for ax, (title, body) in zip(axes[0], bodies.items(), strict=True):
        ax.fill(*body.vertices.T, color="#444444")
        ax.set(title=title, aspect="equal", xlim=(0.2, 1.0), ylim=(0.1, 0.9))
        ax.set_xlabel("x (heights)")
        ax.title.set_fontsize(9)
    axes[0, 0].set_ylabel("y (heights)")
    return fig


def draw_two_gradients(network: np.ndarray, solver: np.ndarray, names: Sequence[str]) -> Figure:
    """Derivatives of the logarithm of drag, by the network and by the solver.

    Args:
        network, solver: (m,) one entry for each coefficient.
        names: (m,) of the coefficients.
    """
    fig, ax = plt.subplots(figsize=(7, 3.2))
    place = np.arange(len(names))
    ax.bar(place - 0.2, network, 0.4, label="network, automatic differentiation")
    ax.bar(place + 0.2, solver, 0.4, label="solver, central differences")
    ax.axhline(0, color="black", lw=0.8)
    ax.set_xticks(place, names)
    ax.set(xlabel="coefficient", ylabel="d ln(drag) / d coefficient", title="Which way is down?")
    ax.legend()
    return fig


def draw_descent(
    steps: np.ndarray, network: np.ndarray, checked: np.ndarray, drag: np.ndarray, unit: str
) -> Figure:
    """Drag along the way of an optimiser.

    Args:
        steps, network: (n,) steps and what the network says there.
        checked, drag: (k,) steps at which the solver was asked, and its answers.
        unit: of the drag.
    """
    fig, ax = plt.subplots(figsize=(7, 3.4))
    ax.plot(steps, network, label="network (three members)")
    ax.plot(checked, drag, "o", color="C1", label="solver")
    ax.set(xlabel="step", ylabel=f"drag ({unit})", title="Drag along the way")
    ax.legend()
    return fig


def make_descent_frames(bodies: Sequence[Polygon], drags: Sequence[float], every: int) -> Iterator[Figure]:
    """Frames of `viz.animate`: a body on its way, over the one it began as.

    Args:
        bodies: in channel heights.
        drags: of each body, in rho u_max^2 H.
        every: steps between two bodies.
    """
    fig, ax = plt.subplots(figsize=(5.2, 3.6))
    ax.plot(*np.vstack([bodies[0].vertices, bodies[0].vertices[:1]]).T, ":", color="0.4")
    (patch,) = ax.fill(*bodies[0].vertices.T, color="#0072B2")
    ax.set(
        aspect="equal",
        xlim=(0.1, 1.1),
        ylim=(0.25, 0.75),
        xlabel="x (channel heights)",
        ylabel="y (heights)",
    )
    ax.grid(False)
    for number, (body, drag) in enumerate(zip(bodies, drags, strict=True)):
        patch.set_xy(body.vertices)
        ax.set_title(f"step {every * number}: drag {drag:.3f} by the network")
        yield fig


def draw_speeds(velocity: np.ndarray, bodies: Sequence[Polygon], titles: Sequence[str]) -> Figure:
    """Speed around bodies, side by side on one scale.

    Args:
        velocity: (n, ny, nx, 2) in units of u_max.
        bodies, titles: (n,).
    """
    speed = np.hypot(velocity[..., 0], velocity[..., 1])
    fig, axes = plt.subplots(
        1, len(speed), figsize=(5.2 * len(speed), 3.0), sharey=True, squeeze=False, layout="constrained"
    )
    for ax, values, body, title in zip(axes[0], speed, bodies, titles, strict=True):
        image = ax.imshow(
            values, origin="lower", extent=(0, 2, 0, 1), cmap="viridis", vmin=0, vmax=speed.max()
        )
        ax.fill(*body.vertices.T, color="white")
        ax.set(title=title, xlabel="x (channel heights)")
        ax.grid(False)
    axes[0, 0].set_ylabel("y (channel heights)")
    fig.colorbar(image, ax=axes[0], label="speed (u_max)", shrink=0.8)
    return fig
