"""The figure that follows the sliders of notebook 05: network and solver around one body."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from flow.figures_data import BODY, EXTENT
from flow.play import Answers

FASTEST = 2.2  # of the colour scale, in u_max: one scale for all bodies, so that pictures can be compared


def draw_network_and_solver(answers: Answers, reynolds: float) -> Figure:
    """Speed around one body by a network and by the solver.

    Args:
        answers: of both.
        reynolds: that the solver was given.
    """
    # Few pixels and no layout to solve: it is drawn anew with every move of a slider.
    fig, axes = plt.subplots(1, 2, figsize=(7.6, 2.3), dpi=90, layout="none")
    fig.subplots_adjust(left=0.07, right=0.92, bottom=0.2, top=0.88, wspace=0.14)
    state = "" if answers.steady else ", not at rest"
    titles = (
        f"network: {answers.difference:.0%} away from the solver",
        f"solver at Reynolds number {reynolds:g}{state}",
    )
    for ax, velocity, title in zip(axes, (answers.network, answers.solver), titles, strict=True):
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
        image = ax.imshow(speed, origin="lower", extent=EXTENT, vmin=0, vmax=FASTEST)
        for body in answers.scene:
            ax.fill(*body.outline().T, color=BODY)
        ax.set_title(title, fontsize=9)
        ax.set(
            xlim=EXTENT[:2], ylim=EXTENT[2:], xlabel="x (channel heights)", xticks=(0, 1, 2), yticks=(0, 1)
        )
        ax.grid(False)
    axes[0].set_ylabel("y (heights)")
    fig.colorbar(image, cax=fig.add_axes((0.94, 0.2, 0.012, 0.68)), label="speed (u_max)")
    return fig
