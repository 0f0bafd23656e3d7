"""Exercises and checkpoint questions of notebook 09, Competition Solutions."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def turned(polar, steps):
    return np.roll(polar, steps, axis=1)


def vote(probabilities):
    return probabilities.mean(axis=0).argmax(axis=1)


def weighted(wind_kt, distance):
    weight = 1 / distance**2
    return (weight * wind_kt).sum(axis=1) / weight.sum(axis=1)


def _vote_arguments():
    rng = np.random.default_rng(9)
    sharp = np.array([[[0.05, 0.9, 0.05]], [[0.0, 0.49, 0.51]], [[0.0, 0.49, 0.51]]])
    raw = rng.random((3, 40, 8)) ** 3
    return [(sharp,), (raw / raw.sum(axis=2, keepdims=True),)]


def _weighted_arguments():
    rng = np.random.default_rng(10)
    return [
        (np.array([[60.0, 70.0]]), np.array([[1.0, 2.0]])),
        (rng.uniform(30, 120, (6, 2)), rng.uniform(0.5, 4, (6, 2))),
    ]


BOOK = Book(
    {
        "cyclone-09a": Exercise(
            todo="write turned(polar, steps), which turns all storms by so many steps of the angle.",
            reference=turned,
            arguments=[(np.arange(24.0).reshape(2, 4, 3), 1), (np.arange(60.0).reshape(2, 6, 5), 4)],
            mistakes=[
                (
                    lambda polar, steps: np.roll(polar, steps, axis=2),
                    "You moved along the radius: the eye now lies outside. The angle is axis 1.",
                ),
                (
                    lambda polar, steps: np.roll(polar, steps, axis=0),
                    "Axis 0 counts the frames. You gave each storm the picture of another one.",
                ),
                (
                    lambda polar, steps: np.roll(polar, steps),
                    "Without axis, np.roll moves all numbers in one row. Give the axis of the angle.",
                ),
                (
                    lambda polar, steps: np.flip(polar, axis=1),
                    "This mirrors the storm: it would turn the other way. A turn is a shift.",
                ),
            ],
        ),
        "cyclone-09b": Exercise(
            todo="write vote(probabilities), the class with the highest mean probability for each frame.",
            reference=vote,
            arguments=_vote_arguments(),
            mistakes=[
                (
                    lambda p: np.array(
                        [np.bincount(k, minlength=p.shape[2]).argmax() for k in p.argmax(axis=2).T]
                    ),
                    "This counts the votes. It forgets how sure each member is: average the probabilities first.",
                ),
                (
                    lambda p: p.max(axis=0).argmax(axis=1),
                    "This believes the one member that is most sure. Take the mean over axis 0.",
                ),
                (
                    lambda p: p.mean(axis=0).max(axis=1),
                    "This is the probability of the best class. Its number is asked for: argmax.",
                ),
                (
                    lambda p: p.argmax(axis=2),
                    "This is the class of each member. Average over the members first.",
                ),
            ],
        ),
        "cyclone-09c": Exercise(
            todo="write weighted(wind_kt, distance), the mean of the neighbours' winds with weights 1 / distance squared.",
            reference=weighted,
            arguments=_weighted_arguments(),
            mistakes=[
                (
                    lambda w, d: ((1 / d) * w).sum(axis=1) / (1 / d).sum(axis=1),
                    "You weighted with 1 / distance. Square the distance.",
                ),
                (
                    lambda w, d: (d**2 * w).sum(axis=1) / (d**2).sum(axis=1),
                    "Here the farther neighbour weighs more. Divide by the squared distance.",
                ),
                (lambda w, d: (w / d**2).sum(axis=1), "The weights must sum to one: divide by their sum."),
                (
                    lambda w, d: w.mean(axis=1),
                    "This is the plain mean. The nearer neighbour should weigh more.",
                ),
            ],
        ),
    },
    {
        "cyclone-09-q1": Question(
            text="The winning entry copies winds from neighbours in time on the shuffled set. What must its one-sentence "
            "description say?",
            options={
                "A": "That it is the most accurate method known for cyclone intensity.",
                "B": "Nothing about neighbours: the rules allow any data.",
                "C": "That its shuffled score uses labelled neighbours in time and says nothing about a new storm.",
            },
            right="C",
            feedback={
                "A": "It is accurate where the answer lies half an hour away. On unseen storms it is a normal network.",
                "B": "Allowed is not enough: a reader who does not know of the leak takes the score for skill.",
                "C": "Then every reader knows which of the two numbers to use.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
