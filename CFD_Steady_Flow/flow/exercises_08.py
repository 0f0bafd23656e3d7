"""Exercises and checkpoint questions of notebook 08, Competition."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def mirrored(velocity):
    return velocity[:, ::-1] * np.array([1, -1])


def masked(velocity, distance):
    return np.where((distance < 0)[..., np.newaxis], 0, velocity)


_RNG = np.random.default_rng(8)
_SMALL, _OTHER = _RNG.normal(size=(2, 3, 4, 2)), _RNG.normal(size=(1, 2, 2, 2))

BOOK = Book(
    {
        "flow-08a": Exercise(
            todo="write masked(velocity, distance), which sets the velocity to 0 in the body and keeps it elsewhere.",
            reference=masked,
            arguments=[
                (_SMALL, _RNG.normal(size=(2, 3, 4))),
                (_OTHER, np.array([[[1.0, -1.0], [-2.0, 3.0]]])),
            ],
            mistakes=[
                (
                    lambda v, d: np.where((d > 0)[..., np.newaxis], 0, v),
                    "The flow outside is gone and the one in the body is left: negative distances are the body.",
                ),
                (
                    lambda v, d: v * d[..., np.newaxis],
                    "You multiplied by the distance itself. Only its sign says where the body is.",
                ),
            ],
        ),
        "flow-08b": Exercise(
            todo="write mirrored(velocity), the flow seen in a mirror that swaps bottom and top.",
            reference=mirrored,
            arguments=[(_SMALL,), (_OTHER,)],
            mistakes=[
                (
                    lambda v: v[:, ::-1],
                    "The rows are turned over. What went up must now go down: v changes sign.",
                ),
                (lambda v: v * np.array([1, -1]), "v changed its sign. The rows must be turned over, too."),
                (
                    lambda v: v[:, :, ::-1] * np.array([-1, 1]),
                    "This mirror swaps inlet and outlet. Swap bottom and top: axis 1.",
                ),
                (
                    lambda v: -v[:, ::-1],
                    "The flow along the channel must not change its direction: only v does.",
                ),
            ],
        ),
        "flow-08c": Exercise(
            todo='set number to "mean error", "worst car", "training error" or "parameters".',
            reference="worst car",
            mistakes=[
                (
                    "training error",
                    "The training error is known before any new car is seen. Look at the cars.",
                ),
                ("mean error", "The mean hides the one design on which the tool fails."),
                ("parameters", "The number of parameters says what it costs, not how far to trust it."),
            ],
        ),
    },
    {
        "flow-08-q1": Question(
            "Why does the scorer compute the error on fluid cells only, and relative to the size of the flow?",
            {
                "A": "In the body every sensible entry is zero, and cars with fast flow would dominate otherwise.",
                "B": "Because the network does not predict the cells of the body.",
                "C": "To make the errors look small.",
            },
            right="A",
            feedback={
                "A": "Cells of the body would dilute the mean, and absolute errors depend on the units of the flow.",
                "B": "It does predict them, unless a mask is built in. They tell nothing about the flow.",
                "C": "Without the cells of the body, where all are right, the error becomes larger.",
            },
        ),
        "flow-08-q2": Question(
            "You try 50 networks on the hidden cars and enter the best. What is wrong?",
            {
                "A": "Nothing: the hidden cars are not used for training.",
                "B": "The best of 50 scores is partly luck: the hidden cars became your validation set.",
                "C": "The scorer is too slow for that.",
            },
            right="B",
            feedback={
                "A": "They are used for a choice, and a choice among many is a kind of training.",
                "B": "Choose on cars of your own, and use the hidden ones once.",
                "C": "It takes a few seconds. The harm is that your score becomes too good to be true.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
