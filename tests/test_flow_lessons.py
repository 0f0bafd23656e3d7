"""Lab 3's drawings, films and the control of notebook 05: nothing is cut off, nothing overlaps, both sides answer."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import notebooks
from flow import (
    dataset,
    figures_networks,
    figures_optimise,
    figures_play,
    figures_setups,
    figures_solver,
    play,
    shapes,
)
from flow.lattice import VELOCITY_X, VELOCITY_Y
from flow.models import poiseuille
from utils import viz

SPINE = {1: "Data", 2: "Task", 3: "Model", 4: "Loss", 5: "Learning", 6: "Evaluation"}
LESSONS = [path for path in notebooks.paths() if path.parent.name == "CFD_Steady_Flow"]
DRAWINGS = {
    "channel": lambda: figures_setups.draw_channel(
        shapes.car(0)[0].outline(), 2, 1, "channel heights", "inlet: a parabola", "body: any shape"
    ),
    "streaming": lambda: figures_setups.draw_streaming(VELOCITY_X, VELOCITY_Y),
    "data flow": lambda: figures_setups.draw_data_flow(dataset.FAMILIES, dataset.Config().counts),
    "U-net": lambda: figures_setups.draw_unet(64, 128, (24, 48, 64, 64)),
    "blocks": figures_setups.draw_blocks,
}  # fmt: skip


class Empty:
    """A network that answers every body with the flow of the empty channel."""

    def predict_on_batch(self, distance):
        return poiseuille(64, 128) * (distance >= 0)


def texts(fig: Figure) -> list:
    fig.canvas.draw()
    return [text for ax in fig.axes for text in ax.texts if text.get_text()]


@pytest.mark.parametrize("name", DRAWINGS)
def test_words_of_a_drawing_do_not_overlap(name):
    viz.use_style()
    fig = DRAWINGS[name]()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(fig)]
    assert len(boxes) > 2
    for number, (one, first) in enumerate(boxes):
        for other, second in boxes[number + 1 :]:
            assert not first.overlaps(second), f"'{one}' lies on '{other}'"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_steps_have_one_numbering(path):
    """The spine of Start_Here: Data, Task, Model, Loss, Learning, Evaluation."""
    for heading in re.findall(r"^#+ (.*[Ss]teps? \d.*)$", "\n".join(notebooks.markdown(path)), re.MULTILINE):
        for number, name in re.findall(r"[Ss]tep (\d), (\w+)", heading):
            assert name == SPINE[int(number)], heading


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_nothing_is_said_of_slides_that_are_not_shown(path):
    text = "\n".join(notebooks.markdown(path))
    assert not re.search(r"\b(the slides|lecture|first edition|original course|original data)\b", text)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_tables_have_captions_and_plain_labels(path):
    for cell in notebooks.code_cells(path):
        for call in re.findall(r"viz\.table\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", cell.source):
            assert re.search(r'"[A-Z][^"]{15,}', call), f"{cell.id}: a table without a caption"


def test_the_solver_follows_the_reynolds_number_and_a_network_does_not():
    slow, fast = (play.answers(Empty(), 0.4, 0, reynolds) for reynolds in (20, 100))
    assert slow.steady
    assert fast.steady
    assert np.array_equal(slow.network, fast.network)
    assert slow.solver[..., 0].min() > fast.solver[..., 0].min(), "more backflow in the longer wake"
    assert 0.1 < slow.difference < 1


def test_a_flow_that_never_rests_is_named():
    found = play.answers(Empty(), 0.5, 0, 400)
    assert not found.steady
    panel = figures_play.draw_network_and_solver(found, 400).axes[0]
    assert "not at rest" in panel.get_title(loc="right")
    assert "network" in panel.get_title(loc="left")


def test_films_have_a_frame_for_each_state():
    distance = np.hypot(*(np.mgrid[:16, :32] - 8)) - 3
    truth, guess = np.ones((16, 32, 2)), np.zeros((16, 32, 2))
    learning = list(figures_networks.make_training_frames({0: guess, 5: truth}, truth, distance))
    street = list(figures_solver.make_street_frames([distance, -distance], distance < 0, 0.005))
    circle = shapes.Polygon(0.2 * np.stack([np.cos(a := np.linspace(0, 6, 40)), np.sin(a)], 1) + 0.5)
    descent = list(figures_optimise.make_descent_frames([circle, circle], [0.3, 0.2], 4))
    assert [len(film) for film in (learning, street, descent)] == [2, 2, 2]
    assert descent[-1].axes[0].get_title().startswith("step 4: drag 0.200")
