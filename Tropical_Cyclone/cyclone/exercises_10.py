"""Exercises and checkpoint questions of notebook 10, Guaranteed Error Bars."""

import numpy as np
from scipy.stats import norm

from utils.exercises import Book, Exercise, Question


def smallest_enough(scores, level):
    rank = int(np.ceil((len(scores) + 1) * level))
    return np.sort(scores)[rank - 1] if rank <= len(scores) else 1e9


def share_by_storm(inside, storm):
    return np.mean([inside[storm == one].mean() for one in np.unique(storm)])


def crps(wind_kt, mean_kt, sd_kt):
    z = (wind_kt - mean_kt) / sd_kt
    return sd_kt * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))


def _score_arguments():
    rng = np.random.default_rng(10)
    return [
        (rng.exponential(size=19), 0.9),
        (rng.exponential(size=57), 0.8),
        (rng.exponential(size=8), 0.9),
        (rng.exponential(size=9), 0.9),
    ]


def _storm_arguments():
    rng = np.random.default_rng(11)
    storm = np.repeat([4, 7, 9], [40, 5, 15])
    return [(rng.random(60) < np.repeat([0.95, 0.4, 0.7], [40, 5, 15]), storm)]


def _crps_arguments():
    rng = np.random.default_rng(12)
    mean, sd = rng.uniform(30, 120, 50), rng.uniform(5, 20, 50)
    return [(mean + sd * rng.normal(size=50), mean, sd)]


BOOK = Book(
    {
        "cyclone-10a": Exercise(
            todo="write smallest_enough(scores, level), the score of rank ceil((n + 1) level), or 1e9 if there is none.",
            reference=smallest_enough,
            arguments=_score_arguments(),
            mistakes=[
                (
                    lambda scores, level: np.sort(scores)[int(np.ceil(len(scores) * level)) - 1],
                    "You counted n scores. The new storm is one more: the rank is ceil((n + 1) level).",
                ),
                (
                    np.quantile,
                    "np.quantile interpolates and forgets the new storm. Sort, and take the score of the rank.",
                ),
                (
                    lambda scores, level: np.sort(scores)[
                        min(int(np.ceil((len(scores) + 1) * level)), len(scores)) - 1
                    ],
                    "With too few scores the rank lies beyond the last one. Then nothing is enough: return 1e9.",
                ),
                (
                    lambda scores, level: np.sort(scores)[
                        min(int(np.ceil((len(scores) + 1) * level)), len(scores) - 1)
                    ],
                    "Python counts from 0: the score of rank k is np.sort(scores)[k - 1].",
                ),
            ],
        ),
        "cyclone-10b": Exercise(
            todo="write share_by_storm(inside, storm), the mean over storms of the share of frames inside.",
            reference=share_by_storm,
            arguments=_storm_arguments(),
            mistakes=[
                (
                    lambda inside, storm: np.mean(inside),
                    "This counts every frame once, so a long storm counts more. Take the share of each storm first.",
                ),
                (
                    lambda inside, storm: np.array([inside[storm == one].mean() for one in np.unique(storm)]),
                    "This is one share per storm. Return their mean, one number.",
                ),
                (
                    lambda inside, storm: np.mean([inside[storm == one].all() for one in np.unique(storm)]),
                    "This asks that every frame of a storm be inside. Take the share of its frames.",
                ),
            ],
        ),
        "cyclone-10c": Exercise(
            todo="write crps(wind_kt, mean_kt, sd_kt), the score of a normal distribution for each wind, in knots.",
            reference=crps,
            arguments=_crps_arguments(),
            mistakes=[
                (
                    lambda wind, mean, sd: crps(wind, mean, sd) / sd,
                    "This is the score in standard deviations. Multiply by sd_kt: it has the unit of the wind.",
                ),
                (
                    lambda wind, mean, sd: np.mean(crps(wind, mean, sd)),
                    "This is the mean. Return one score per wind, so that it can be averaged storm by storm.",
                ),
                (
                    lambda wind, mean, sd: np.abs(wind - mean),
                    "This is the score of the mean alone, as if it were certain. The spread counts, too.",
                ),
                (
                    lambda wind, mean, sd: crps(wind, mean, sd) + sd / np.sqrt(np.pi),
                    "The last term is missing: minus one over the root of pi.",
                ),
            ],
        ),
    },
    {
        "cyclone-10-q1": Question(
            text="A ship lies in a hurricane. The conformal interval says 95 to 125 kt, made for 90 %. What was guaranteed?",
            options={
                "A": "The wind of this hurricane lies in the interval with a probability of 90 %.",
                "B": "Of 100 hurricanes of this class, 90 lie inside.",
                "C": "Over new storms like those of the calibration, all classes together, at least 90 % lie inside.",
            },
            right="C",
            feedback={
                "A": "No method without assumptions can promise that for one picture. Which pictures fail is left open.",
                "B": "That would be coverage given the class. The table by class shows that the plain interval does not have it.",
                "C": "It is an average over storms and over calibrations. Ask for the table by class before you rely on it.",
            },
        ),
        "cyclone-10-q2": Question(
            text="A team has 12 storms with 4,000 frames for the calibration, no frame of which was used in training. "
            "It sorts all frames and takes the score of rank 3,601. What is wrong?",
            options={
                "A": "Nothing: 4,000 frames are plenty, and the network has not seen them.",
                "B": "Frames of one storm go together. It has 12 pieces of evidence, and its interval is a matter of luck.",
                "C": "It should have taken the mean of the scores.",
            },
            right="B",
            feedback={
                "A": "Another frame of a known storm says little about a new storm. The count that matters is 12.",
                "B": "With 12 storms the storm-wise quantile is far out, and that is the honest answer.",
                "C": "A mean says nothing about the share of the winds inside.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
