"""Exercises and checkpoint questions of notebook 08, Competition."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def repaired(wind_kt):
    wind_kt = np.asarray(wind_kt, float)
    usable = np.isfinite(wind_kt)
    return np.clip(np.where(usable, wind_kt, wind_kt[usable].mean()), 0, 200)


def nearest(known, asked):
    distances = ((asked[:, np.newaxis] - known[np.newaxis]) ** 2).sum(axis=2)
    return distances.argmin(axis=1)


def _nearest_arguments():
    rng = np.random.default_rng(8)
    return [
        (rng.normal(size=(9, 4)), rng.normal(size=(5, 4))),
        (rng.normal(size=(4, 2)), rng.normal(size=(7, 2))),
    ]


BOOK = Book(
    {
        "cyclone-08a": Exercise(
            todo="write repaired(wind_kt), which replaces what is not finite by the mean of the rest and clips to 0 to 200 kt.",
            reference=repaired,
            arguments=[
                (np.array([50.0, np.nan, 70.0, 30.0]),),
                (np.array([-5.0, 60.0, 260.0, 45.0]),),
                (np.array([np.inf, 20.0, 90.0, -np.inf, -8.0]),),
            ],
            mistakes=[
                (
                    lambda w: np.clip(np.nan_to_num(w, nan=0.0, posinf=200.0, neginf=0.0), 0, 200),
                    "What is not finite became 0 or 200 kt. The mean of the finite winds is a better guess.",
                ),
                (
                    lambda w: np.where(np.isfinite(w), w, w[np.isfinite(w)].mean()),
                    "Every wind is finite now. Some still lie outside of 0 to 200 kt: clip them.",
                ),
                (
                    lambda w: np.clip(w[np.isfinite(w)], 0, 200),
                    "You dropped frames. Every test frame needs a wind.",
                ),
            ],
        ),
        "cyclone-08b": Exercise(
            todo="write nearest(known, asked): for each row of asked the number of the most similar row of known.",
            reference=nearest,
            arguments=_nearest_arguments(),
            mistakes=[
                (
                    lambda known, asked: (
                        ((asked[:, np.newaxis] - known[np.newaxis]) ** 2).sum(axis=2).argmin(axis=0)
                    ),
                    "These are the nearest asked rows for each known one. Take the minimum over the other axis.",
                ),
                (
                    lambda known, asked: (
                        ((asked[:, np.newaxis] - known[np.newaxis]) ** 2).sum(axis=2).argmax(axis=1)
                    ),
                    "These are the rows farthest away: argmin, not argmax.",
                ),
                (
                    lambda known, asked: (
                        ((asked[:, np.newaxis] - known[np.newaxis]) ** 2).sum(axis=2).min(axis=1)
                    ),
                    "These are the distances. The position of the smallest one is asked for.",
                ),
                (
                    lambda known, asked: (
                        (asked[:, np.newaxis] - known[np.newaxis]).sum(axis=2).argmin(axis=1)
                    ),
                    "Differences of both signs cancel in your sum. Square them first.",
                ),
            ],
        ),
        "cyclone-08c": Exercise(
            todo="set number to the column that tells a forecaster most about the next storm.",
            reference="storm_top1",
            mistakes=[
                (
                    "shuffled_top1",
                    "The next storm has no neighbours with known winds, half an hour away. Shuffled frames have.",
                ),
                ("score", "Half of the score is the shuffled set, which says little about a new storm."),
                (
                    "shuffled_bound",
                    "The bound is a limit for all submissions: it says nothing about this one.",
                ),
            ],
        ),
    },
    {
        "cyclone-08-q1": Question(
            text="Your network beats the bound on the shuffled frames by 20 points, and stays below it on unseen "
            "storms. What have you found?",
            options={
                "A": "An error in the bound: nothing can beat the best reader.",
                "B": "A network that reads more from the clouds than Dvorak's method.",
                "C": "A leak: neighbours in time of the test frames were in training, with their winds.",
            },
            right="C",
            feedback={
                "A": "The bound is a limit for those who have the frame only. Neighbours are more than the frame.",
                "B": "No reading of single frames beats the bound by 20 points, and it would not stop at unseen storms.",
                "C": "The wind hardly changes in half an hour, and neither do the clouds: similar frame, known wind.",
            },
        ),
        "cyclone-08-q2": Question(
            text="Submission A has 62 % on unseen storms with an interval of 55 % to 69 %, B has 64 % with 57 % to 70 %. "
            "Which one is better?",
            options={
                "A": "B, since 64 is more than 62.",
                "B": "Nobody can tell from these numbers: compare the two on the same storms, pair by pair.",
                "C": "They are equally good, since the intervals overlap.",
            },
            right="B",
            feedback={
                "A": "With other storms of the same kind A could be ahead. 40 storms are few.",
                "B": "Both met the same storms, so the difference storm by storm is sharper than two intervals.",
                "C": "Overlap does not show equality. It shows that these two numbers do not settle it.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
