"""Exercises and checkpoint questions of notebook 03, Fully Connected Networks."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def count_parameters(sizes):
    return sum(before * after + after for before, after in zip(sizes[:-1], sizes[1:], strict=True))


def best_without_backflow(truth):
    return np.maximum(truth, 0)


def downstream(distance, cells):
    return np.roll(distance, cells, axis=-1)


def moves_bodies(move):
    """What is off with a field moved to the right; what comes in at the left end is free."""
    for field, cells in ((_FIELD, 1), (_FIELD, 2), (_FIELD[0], 1), (-_FIELD, 3)):
        moved = move(field, cells)
        if moved.shape != field.shape:
            return f"The field has the shape {field.shape}, and yours gives {moved.shape}."
        if not np.allclose(moved[..., cells:], field[..., :-cells]):
            return f"With cells = {cells} each value must stand {cells} columns further to the right (the last axis)."
    return None


_FLOW = np.array([[[0.5, -0.2], [-0.1, 0.3]], [[1.4, 0.0], [-0.4, -0.6]]])
_FIELD = np.arange(24.0).reshape(2, 3, 4)

BOOK = Book(
    {
        "flow-03a": Exercise(
            todo="write count_parameters(sizes): weights and biases of dense layers between layers of these sizes.",
            reference=count_parameters,
            arguments=[([3, 2],), ([32768, 256, 65536],), ([5, 4, 3, 2],)],
            mistakes=[
                (
                    lambda sizes: sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True)),
                    "Every unit has a bias too: one more number per unit of each layer but the first.",
                ),
                (
                    lambda sizes: sum((a + 1) * (b + 1) for a, b in zip(sizes[:-1], sizes[1:], strict=True)),
                    "A bias belongs to a unit of the layer after, not of the layer before.",
                ),
                (
                    lambda sizes: sum(sizes),
                    "These are the units. Each unit has one weight for every unit of the layer before.",
                ),
            ],
        ),
        "flow-03b": Exercise(
            todo="write best_without_backflow(truth): the flow nearest to the truth that has no negative value.",
            reference=best_without_backflow,
            arguments=[(_FLOW,), (-_FLOW,)],
            mistakes=[
                (
                    np.abs,
                    "The absolute value turns backflow into flow: zero is nearer to -0.4 than 0.4 is.",
                ),
                (
                    lambda truth: truth - truth.min(),
                    "This moves every value. Only the negative ones have to change.",
                ),
                (
                    lambda truth: np.minimum(truth, 0),
                    "This keeps the negative values, and those are the ones a ReLU cannot give.",
                ),
            ],
        ),
        "flow-03c": Exercise(
            todo="write downstream(distance, cells): the same body, moved by some cells to the right.",
            reference=downstream,
            arguments=[(_FIELD, 1), (_FIELD, 2), (_FIELD[0], 1)],
            property=moves_bodies,
            mistakes=[
                (
                    lambda distance, cells: np.roll(distance, -cells, axis=-1),
                    "This moves the body to the left, against the flow.",
                ),
                (
                    lambda distance, cells: np.roll(distance, cells, axis=-2),
                    "This moves the body up. The last axis runs along the channel.",
                ),
                (
                    lambda distance, cells: distance + cells,
                    "This makes the body thinner and leaves it where it is.",
                ),
            ],
        ),
    },
    {
        "flow-03-q1": Question(
            text="You shift a body by one cell. How many of the binary input values of a dense network change?",
            options={
                "A": "Those along the edges of the body that face or leave the flow, on both sides of it.",
                "B": "None: it is the same body.",
                "C": "All of them.",
            },
            right="A",
            feedback={
                "A": "A few cells turn solid and a few turn fluid. Each has its own weights, learned for itself.",
                "B": "It is the same body for us. For dense layers each cell is a variable of its own.",
                "C": "Cells inside the body and cells far from it keep their value.",
            },
        ),
        "flow-03-q2": Question(
            text="A dense network has a training error of 5 % and a validation error of 20 %. What helps most?",
            options={
                "A": "More units per layer.",
                "B": "More epochs.",
                "C": "Layers that know that a body may stand anywhere.",
            },
            right="C",
            feedback={
                "A": "It fits the training flows already. More weights fit them better still, and others no better.",
                "B": "Longer training lowers the training error. The gap is what hurts.",
                "C": "A convolution uses one set of weights at every place: what it learns here it knows there.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
