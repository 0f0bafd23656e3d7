"""Exercises and checkpoint questions of notebook 09, Competition Solutions."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def best_weight(first, second, truth):
    difference = first - second
    return float(np.sum(difference * (truth - second)) / np.sum(difference**2))


_RNG = np.random.default_rng(9)
_TRUTH = _RNG.normal(size=(2, 3, 4, 2))
_FIRST, _SECOND = (_TRUTH + scale * _RNG.normal(size=_TRUTH.shape) for scale in (0.1, 0.3))

BOOK = Book(
    {
        "flow-09a": Exercise(
            todo="write best_weight(first, second, truth): the w for which w * first + (1 - w) * second is nearest to truth.",
            reference=best_weight,
            arguments=[
                (_FIRST, _SECOND, _TRUTH),
                (np.array([1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.5, 1.25])),
            ],
            mistakes=[
                (
                    lambda a, b, t: 1 - best_weight(a, b, t),
                    "That is the weight of the second answer. Give the one of the first.",
                ),
                (lambda a, b, t: 0.5, "Half and half is a guess. The better answer deserves more."),
                (
                    lambda a, b, t: float(np.sum((a - b) * (t - b)) / np.sum(a**2)),
                    "The denominator is the sum of squares of the difference of the two answers.",
                ),
            ],
        ),
        "flow-09b": Exercise(
            todo="set total to the training time of the whole entry: 150 s for a first network, which starts a second one of 90 s and a third one of 90 s.",
            reference=330,
            mistakes=[
                (
                    90,
                    "The second and third network would not exist without the first, nor the entry without all.",
                ),
                (240, "One of the two later networks is missing: the entry averages both."),
                (180, "The first network was trained too, before the others could start from it."),
            ],
        ),
        "flow-09c": Exercise(
            todo='set claim to "any body", "cars of this kind" or "any Reynolds number".',
            reference="cars of this kind",
            mistakes=[
                (
                    "any body",
                    "Look at the airfoils in the last table: what did the cars in training do for them?",
                ),
                (
                    "any reynolds number",
                    "All flows of the lab have one Reynolds number. Nothing was tested elsewhere.",
                ),
            ],
        ),
    },
    {
        "flow-09-q1": Question(
            "The entry was trained on cars too. Is its score still a test out of distribution?",
            {
                "A": "Yes: the hidden cars are not among the training cars.",
                "B": "No: training and test cars are now drawn in the same way. It is a test on new samples of a known kind.",
                "C": "It never was.",
            },
            right="B",
            feedback={
                "A": "They are other cars, but of the same kind. That is a different, easier question.",
                "B": "The score is honest, and it answers another question than the network that saw primitives only.",
                "C": "The first network has never seen a car: for it, cars are out of distribution.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
