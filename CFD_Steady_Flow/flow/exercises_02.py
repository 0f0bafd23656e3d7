"""Exercises and checkpoint questions of notebook 02, Data and Task."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def distance_to_circles(x, y, circles):
    return np.min([np.hypot(x - cx, y - cy) - radius for cx, cy, radius in circles], axis=0)


def flux(velocity):
    ny = len(velocity)
    return velocity[..., 0].sum(axis=0) / (2 / 3 * ny)


def relative_l2(prediction, truth, solid):
    fluid = ~solid[..., np.newaxis]
    error = np.sum(fluid * (prediction - truth) ** 2, axis=(1, 2, 3))
    return np.sqrt(error / np.sum(fluid * truth**2, axis=(1, 2, 3)))


def _without_mask(prediction, truth, solid):
    return np.sqrt(np.sum((prediction - truth) ** 2, axis=(1, 2, 3)) / np.sum(truth**2, axis=(1, 2, 3)))


def _mean_of_squares(prediction, truth, solid):
    return relative_l2(prediction, truth, solid) ** 2


def _pooled(prediction, truth, solid):
    fluid = ~solid[..., np.newaxis]
    error = np.sum(fluid * (prediction - truth) ** 2) / np.sum(fluid * truth**2)
    return np.full(len(truth), np.sqrt(error))


_RANDOM = np.random.default_rng(2)
_X, _Y = _RANDOM.uniform(0, 2, (2, 5))
_CIRCLES = [(0.5, 0.5, 0.2), (1.1, 0.4, 0.3)]
_FLOW = _RANDOM.normal(size=(4, 6, 2))
_TRUTH, _GUESS = _RANDOM.normal(size=(2, 3, 4, 5, 2))
_SOLID = _RANDOM.random((3, 4, 5)) < 0.3

BOOK = Book(
    {
        "flow-02a": Exercise(
            todo="write distance_to_circles(x, y, circles): the signed distance to several circles.",
            reference=distance_to_circles,
            arguments=[(_X, _Y, _CIRCLES), (_X, _Y, _CIRCLES[:1])],
            mistakes=[
                (
                    lambda x, y, circles: np.max([np.hypot(x - a, y - b) - r for a, b, r in circles], axis=0),
                    "The maximum is the distance to the part that all circles share. A union takes the minimum.",
                ),
                (
                    lambda x, y, circles: np.min([np.hypot(x - a, y - b) for a, b, r in circles], axis=0),
                    "This is the distance to the centres. The surface is one radius nearer.",
                ),
                (
                    lambda x, y, circles: -distance_to_circles(x, y, circles),
                    "The sign is turned: positive in the fluid, negative in the body.",
                ),
            ],
        ),
        "flow-02b": Exercise(
            todo="write flux(velocity): what flows through each column of cells, as a share of the inflow.",
            reference=flux,
            arguments=[(_FLOW,), (_FLOW[:3],)],
            mistakes=[
                (
                    lambda velocity: velocity[..., 0].mean(axis=0),
                    "This is the mean velocity. Divide by that of the inflow, which is 2/3 of u_max.",
                ),
                (
                    lambda velocity: velocity[..., 0].sum(axis=1) / (2 / 3 * len(velocity)),
                    "This sums along the channel. A section runs across it: sum over the rows, axis 0.",
                ),
                (
                    lambda velocity: np.linalg.norm(velocity, axis=-1).sum(axis=0) / (2 / 3 * len(velocity)),
                    "Only the component along the channel, number 0, carries fluid through a section.",
                ),
            ],
        ),
        "flow-02c": Exercise(
            todo="write relative_l2(prediction, truth, solid): one error for each flow, over its fluid cells.",
            reference=relative_l2,
            arguments=[(_GUESS, _TRUTH, _SOLID), (_GUESS[:2], _TRUTH[:2], _SOLID[:2])],
            mistakes=[
                (
                    _without_mask,
                    "Solid cells count as well here. Multiply by ~solid[..., np.newaxis] before you sum.",
                ),
                (_mean_of_squares, "This is the square of the error: take the root."),
                (_pooled, "This is one error for all flows together. Sum over axes 1, 2 and 3, not over 0."),
            ],
        ),
    },
    {
        "flow-02-q1": Question(
            text="Why are velocities stored in units of u_max, and not of cells a step?",
            options={
                "A": "The solver works in units of u_max.",
                "B": "Numbers of order one suit a network, and the same physical flow gets the same "
                "numbers on every grid and at every u_max.",
                "C": "It makes the files smaller.",
            },
            right="B",
            feedback={
                "A": "It works in cells and steps, where u_max is 0.1. The data set divides by it.",
                "B": "At one Reynolds number the flow in units of u_max depends on the shape alone.",
                "C": "A float32 has four bytes, whatever its value.",
            },
        ),
        "flow-02-q2": Question(
            text="You shuffle all flows, cars included, and hold 10 % back for the test. What does the test measure?",
            options={
                "A": "The error on new shapes of the kinds that the network has seen, cars included.",
                "B": "The error on kinds of shapes that the network has never seen.",
                "C": "Nothing: each test flow is in the training set.",
            },
            right="A",
            feedback={
                "A": "It is an honest number, for an easier question: the network has seen other cars.",
                "B": "For that, a kind must be held back whole. This is what the split by family does.",
                "C": "No flow is on both sides. But its kind is.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
