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
    # Few pixels, one pair of axes and no layout to solve: it is drawn anew with every move of a slider.
    fig, ax = plt.subplots(figsize=(7.6, 2.3), dpi=90, layout="none")
    fig.subplots_adjust(left=0.07, right=0.91, bottom=0.2, top=0.88)
    left, right, low, high = EXTENT
    aside = right + 0.2  # from here the solver's picture begins
    for start, velocity in ((0.0, answers.network), (aside, answers.solver)):
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
        place = (start + left, start + right, low, high)
        image = ax.imshow(speed, origin="lower", extent=place, vmin=0, vmax=FASTEST)
        for body in answers.scene:
            ax.fill(*(body.outline() + (start, 0)).T, color=BODY)
    state = "" if answers.steady else ", not at rest"
    ax.set_title(f"network: {answers.difference:.0%} away from the solver", fontsize=9, loc="left")
    ax.set_title(f"solver at Reynolds number {reynolds:g}{state}", fontsize=9, loc="right")
    ax.set_xticks([*(0, 1, 2), *(aside, aside + 1, aside + 2)], ["0", "1", "2"] * 2)
    ax.set(
        xlim=(left, aside + right), ylim=(low, high), yticks=(0, 1), xlabel="x (channel heights)",
        ylabel="y (heights)",
    )  # fmt: skip
    ax.spines[:].set_visible(False)
    ax.grid(False)
    fig.colorbar(image, cax=fig.add_axes((0.935, 0.2, 0.012, 0.68)), label="speed (u_max)", ticks=(0, 1, 2))
    return fig
