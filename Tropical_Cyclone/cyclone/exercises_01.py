"""Exercises and checkpoint questions of notebook 01, The Problem."""

from typing import Any

import numpy as np

from utils.exercises import Book, Exercise, Question

NUM_FRAMES = 10  # of the Dvorak estimate that the learner makes


def class_of(wind_kt):
    limits = [20, 33, 63, 82, 95, 112, 136]
    return np.searchsorted(limits, wind_kt, side="left")


def curved_band_t(share):
    return np.interp(share, [0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2], [1.5, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0])


def own_estimates(answer: Any, fallback: np.ndarray) -> tuple[np.ndarray, str]:
    """The learner's ten winds in knots, or the fallback where there are none; and whose they are.

    Args:
        answer: None while it is open, else ten winds.
        fallback: (10,) estimates to go on with.
    """
    if answer is None:
        print("You have not written down your ten winds yet. The next cells go on with the rule's.")
        return fallback, "rule"
    try:
        winds = np.asarray(answer, float)
    except (TypeError, ValueError):
        winds = np.full(0, np.nan)
    if winds.shape != (NUM_FRAMES,) or not ((winds >= 0) & (winds <= 250)).all():
        print(
            f"Give {NUM_FRAMES} winds in knots, such as [45, 120, ...]. The next cells go on with the rule's."
        )
        return fallback, "rule"
    return winds, "you"


_LIMITS = [20, 33, 63, 82, 95, 112, 136]
_WINDS = [
    (np.array([15.0, 20.0, 21.0, 33.0, 34.0, 63.0, 64.0]),),
    (np.array([82.0, 83.0, 95.0, 96.0, 112.0, 113.0, 136.0, 137.0, 165.0]),),
]
_SHARES = [(np.array([0.1, 0.3, 0.5]),), (np.array([0.0, 0.9, 1.0, 1.2]),)]

BOOK = Book(
    {
        "cyclone-01a": Exercise(
            todo="set factor to the losses at 130 kt divided by the losses at 110 kt, ninth power.",
            reference=(130 / 110) ** 9,
            rtol=5e-3,
            mistakes=[
                (130 / 110, "This is the ratio of the winds. Losses grow with its ninth power."),
                ((130 / 110) ** 3, "This is the third power, the energy of the wind. Use the ninth."),
                ((110 / 130) ** 9, "This is the smaller storm divided by the larger. Turn the ratio around."),
                (9 * 130 / 110, "You multiplied by nine. The ninth power multiplies the ratio with itself."),
            ],
        ),
        "cyclone-01b": Exercise(
            todo="write class_of(wind_kt): the number of the class, 0 for NC to 7 for H5.",
            reference=class_of,
            arguments=_WINDS,
            mistakes=[
                (
                    lambda wind_kt: np.searchsorted(_LIMITS, wind_kt, side="right"),
                    "A wind equal to a limit belongs to the lower class: 63 kt is a tropical storm.",
                ),
                (
                    lambda wind_kt: np.searchsorted(_LIMITS, wind_kt, side="left") + 1,
                    "Your classes begin at 1. Python counts from 0: NC is 0.",
                ),
                (
                    lambda wind_kt: len(_LIMITS) - np.searchsorted(_LIMITS, wind_kt, side="left"),
                    "Your order is reversed: the weakest class, NC, is 0.",
                ),
            ],
        ),
        "cyclone-01c": Exercise(
            todo="write curved_band_t(share): the T-number of a band that covers this share of a turn.",
            reference=curved_band_t,
            arguments=_SHARES,
            mistakes=[
                (
                    lambda share: np.interp(
                        share, [0, 20, 40, 60, 80, 100, 120], [1.5, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
                    ),
                    "Your table is in per cent, but share is a fraction: a whole turn is 1.0.",
                ),
                (
                    lambda share: 1.5 + 2.5 * np.asarray(share),
                    "The table is flat up to 20 % of a turn, and only then rises by 0.5 per 20 %.",
                ),
                (
                    lambda share: 1.0 + 2.5 * np.asarray(share),
                    "That is the slope above 20 % of a turn. Below it the T-number stays at 1.5.",
                ),
            ],
        ),
    },
    {
        "cyclone-01-q1": Question(
            text="A satellite sees cloud tops, not wind. Why can the pattern of the clouds give the wind at all?",
            options={
                "A": "Cold clouds move faster, and the satellite measures their speed.",
                "B": "Wind, rain and cloud are parts of one heat engine: they organise together.",
                "C": "The temperature of the sea surface under the clouds sets the wind.",
            },
            right="B",
            feedback={
                "A": "One image shows no motion. And cloud tops drift with the wind at 15 km, not with that at 10 m.",
                "B": "A stronger engine lifts more air in a tighter ring. The top gets colder, the bands close, an eye opens.",
                "C": "The sea sets an upper limit. Most storms stay below it, and under thick cloud infrared shows no sea.",
            },
        ),
        "cyclone-01-q2": Question(
            text="A classifier of eight classes is right on 95 % of its test frames. Careful readers of the same kind "
            "of images err by 10 kt. What do you ask first?",
            options={
                "A": "Which network was it? I want to use it, too.",
                "B": "Why not 99 %? With more layers it should be possible.",
                "C": "How were the test frames chosen? Did the training data hold frames of the same storms?",
            },
            right="C",
            feedback={
                "A": "No network can read from the clouds what is not there. First find out what it was tested on.",
                "B": "The labels are themselves wrong by more than the error that 95 % allows.",
                "C": "If half an hour lies between a training frame and a test frame, remembering is enough. See notebook 04.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
