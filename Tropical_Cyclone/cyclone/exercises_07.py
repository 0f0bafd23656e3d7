"""Exercises and checkpoint questions of notebook 07, Can You Trust It?"""

import numpy as np
from scipy.stats import norm

from utils.exercises import Book, Exercise, Question


def share_inside(maps, area):
    return np.mean(maps[:, area].sum(axis=1) / maps.sum(axis=(1, 2)))


def coverage(wind_kt, mean_kt, sd_kt, level):
    half = norm.ppf((1 + level) / 2) * sd_kt
    return np.mean(np.abs(wind_kt - mean_kt) <= half)


def _map_arguments():
    rng = np.random.default_rng(7)
    area = np.zeros((6, 6), bool)
    area[:2, :3] = True
    return [(rng.random((4, 6, 6)) * rng.uniform(1, 9, (4, 1, 1)), area)]


def _coverage_arguments():
    rng = np.random.default_rng(8)
    mean, sd = rng.uniform(30, 120, 500), rng.uniform(5, 20, 500)
    wind = mean + sd * rng.normal(size=500)
    return [(wind, mean, sd, 0.5), (wind, mean, sd, 0.9)]


_MEANS, _SDS = np.array([90.0, 100.0, 110.0]), np.array([10.0, 12.0, 14.0])

BOOK = Book(
    {
        "cyclone-07a": Exercise(
            todo="write share_inside(maps, area), the mean share of each map that lies inside the area.",
            reference=share_inside,
            arguments=_map_arguments(),
            mistakes=[
                (
                    lambda maps, area: maps[:, area].sum() / maps.sum(),
                    "You pooled all maps. Take the share of each map first, then the mean: each frame counts once.",
                ),
                (
                    lambda maps, area: np.mean(maps[:, area].mean(axis=1) / maps.mean(axis=(1, 2))),
                    "You divided means. A share divides sums: inside by all.",
                ),
                (
                    lambda maps, area: maps[:, area].sum(axis=1) / maps.sum(axis=(1, 2)),
                    "This is one share per map. Return their mean, one number.",
                ),
                (
                    lambda maps, area: np.mean(maps[:, ~area].sum(axis=1) / maps.sum(axis=(1, 2))),
                    "This is the share outside of the area.",
                ),
            ],
        ),
        "cyclone-07b": Exercise(
            todo="write coverage(wind_kt, mean_kt, sd_kt, level), the share of winds inside the central interval.",
            reference=coverage,
            arguments=_coverage_arguments(),
            mistakes=[
                (
                    lambda wind, mean, sd, level: np.mean(np.abs(wind - mean) <= norm.ppf(level) * sd),
                    "norm.ppf(level) leaves (1 - level) above, and as much below. Split what is left over both sides.",
                ),
                (
                    lambda wind, mean, sd, level: np.mean(wind - mean <= norm.ppf((1 + level) / 2) * sd),
                    "The interval has two ends. Take the absolute value of the error.",
                ),
                (
                    lambda wind, mean, sd, level: np.mean(np.abs(wind - mean) <= level * sd),
                    "level is a probability, not a number of standard deviations: norm.ppf translates it.",
                ),
            ],
        ),
        "cyclone-07c": Exercise(
            todo="set total_sd to the standard deviation in knots of the mixture of the three answers.",
            reference=np.sqrt(np.mean(_SDS**2) + np.var(_MEANS)),
            rtol=5e-3,
            mistakes=[
                (np.mean(_SDS), "This is the mean of what the members state. Their disagreement is missing."),
                (
                    np.std(_MEANS),
                    "This is the disagreement only. What the members state themselves is missing.",
                ),
                (
                    np.sqrt(np.mean(_SDS**2)),
                    "This is the first part. Add the variance of the three means under the root.",
                ),
                (
                    np.mean(_SDS) + np.std(_MEANS),
                    "Standard deviations do not add. Variances do: square, add, take the root.",
                ),
                (
                    np.mean(_SDS**2) + np.var(_MEANS),
                    "This is the variance, in square knots. Take the root.",
                ),
                (
                    np.sqrt(np.mean(_SDS**2) + np.var(_MEANS, ddof=1)),
                    "The mixture consists of exactly these three: divide by 3, not by 2 (np.var without ddof).",
                ),
            ],
        ),
    },
    {
        "cyclone-07-q1": Question(
            text="A network is tested on frames of unseen storms and does well. All frames, for training and for "
            "test, carry the wind in a caption. What does the test score tell you?",
            options={
                "A": "That the network reads clouds well, since the storms are unseen.",
                "B": "Nothing about clouds: caption and answer go together in the test as in training.",
                "C": "That the test storms are too easy.",
            },
            right="B",
            feedback={
                "A": "The storms are new, the caption is not. A network that reads it would score as well.",
                "B": "A test sees a shortcut only if it breaks it: remove or change the caption and score again.",
                "C": "The same storms without a caption may be hard. Difficulty is not the problem here.",
            },
        ),
        "cyclone-07-q2": Question(
            text="A colleague wants to use this ensemble to warn a coast tonight. What do you answer?",
            options={
                "A": "Yes, but only with the ensemble's 90 % interval beside the estimate.",
                "B": "Yes, if the storm is tropical and the satellite image is sharp.",
                "C": "No: it has seen only synthetic clouds, and its error on real ones has never been measured.",
            },
            right="C",
            feedback={
                "A": "The interval was measured on synthetic clouds. On real ones nobody knows what it covers.",
                "B": "Both conditions are needed. Neither replaces a test on real storms.",
                "C": "Train and test on real images first, storm by storm, and compare with what forecasters use.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
