"""Drawings of Lab 1's set-ups say what the code computes."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Intro_to_DL"))
from intro import figures_fitting, figures_setups


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_stencil_tells_the_sum_that_it_marks():
    image, kernel = np.arange(16.0).reshape(4, 4), np.array([[1.0, 0], [0, -1]])
    result = image[:3, :3] - image[1:, 1:]
    figure = figures_setups.draw_stencil(image, kernel, result, (0, 1))
    assert figure.get_supxlabel() == "1·1 - 1·6 = -5"


def test_a_training_plays_on_one_figure_with_its_losses_up_to_now():
    grid = np.linspace(0, 1, 5)
    losses = (np.ones(11), np.full(11, 2.0))
    lengths = []
    for figure in figures_fitting.draw_fit_by_fit(
        [0, 4, 10], [grid, 2 * grid, 3 * grid], losses, grid, grid, (grid, grid)
    ):
        lengths.append(len(figure.axes[1].lines[0].get_xdata()))
    assert lengths == [0, 4, 10]
    assert np.array_equal(figure.axes[0].lines[2].get_ydata(), 3 * grid)
