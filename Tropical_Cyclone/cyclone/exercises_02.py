"""Exercises and checkpoint questions of notebook 02, Tracks and Images."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def degrees(field):
    sign = -1 if field[-1] in "SW" else 1
    return sign * float(field[:-1])


def overshoot(wind, hours, fix_hours, fix_wind):
    left = np.searchsorted(fix_hours, hours, side="right") - 1
    left = np.clip(left, 0, len(fix_hours) - 2)
    high = np.maximum(fix_wind[left], fix_wind[left + 1])
    low = np.minimum(fix_wind[left], fix_wind[left + 1])
    return max(0, np.max(wind - high), np.max(low - wind))


def _upwards_only(wind, hours, fix_hours, fix_wind):
    left = np.clip(np.searchsorted(fix_hours, hours, side="right") - 1, 0, len(fix_hours) - 2)
    return max(0, np.max(wind - np.maximum(fix_wind[left], fix_wind[left + 1])))


def same_class_share(storm, wind_class):
    same_storm = storm[1:] == storm[:-1]
    same_class = wind_class[1:] == wind_class[:-1]
    return same_class[same_storm].mean()


def fuse(first, first_error, second, second_error):
    w1, w2 = 1 / first_error**2, 1 / second_error**2
    return (w1 * first + w2 * second) / (w1 + w2), 1 / np.sqrt(w1 + w2)


def _fused(weight_power, error):
    """A wrong `fuse`: weights 1 / error to some power, and another formula for the error."""

    def wrong(first, first_error, second, second_error):
        w1, w2 = first_error**-weight_power, second_error**-weight_power
        return (w1 * first + w2 * second) / (w1 + w2), error(first_error, second_error)

    return wrong


def _right_error(a, b):
    return 1 / np.sqrt(1 / a**2 + 1 / b**2)


_RISING = (
    np.array([62.0, 80.0]),
    np.array([3.0, 9.0]),
    np.array([0.0, 6.0, 12.0]),
    np.array([50.0, 60.0, 100.0]),
)
_FALLING = (
    np.array([27.0, 19.0, 20.0]),
    np.array([3.0, 9.0, 12.0]),
    np.array([0.0, 6.0, 12.0]),
    np.array([40.0, 30.0, 20.0]),
)
_WITHIN = (
    np.array([45.0, 55.0]),
    np.array([2.0, 8.0]),
    np.array([0.0, 6.0, 12.0]),
    np.array([40.0, 50.0, 60.0]),
)
_SERIES = [
    (np.array([0, 0, 0, 1, 1]), np.array([2, 2, 3, 3, 3])),
    (np.array([4, 4, 7, 7, 7, 7]), np.array([1, 2, 2, 2, 2, 5])),
]

BOOK = Book(
    {
        "cyclone-02a": Exercise(
            todo="write degrees(field): '94.8W' becomes -94.8.",
            reference=degrees,
            arguments=[("94.8W",), ("28.0N",), ("0.5S",), ("3.5E",)],
            mistakes=[
                (
                    lambda field: float(field[:-1]) * (-1 if field.endswith("W") else 1),
                    "West is right. South must be negative, too.",
                ),
                (
                    lambda field: -float(field[:-1]),
                    "Now north and east are negative, too. Look at the letter.",
                ),
            ],
        ),
        "cyclone-02b": Exercise(
            todo="write overshoot(wind, hours, fix_hours, fix_wind): the largest excess over both neighbouring fixes.",
            reference=overshoot,
            arguments=[_FALLING, _RISING, _WITHIN],
            mistakes=[
                (_upwards_only, "An undershoot counts as well: below the lower of the two fixes."),
                (
                    lambda wind, hours, fix_hours, fix_wind: max(
                        0, np.max(wind) - np.max(fix_wind), np.min(fix_wind) - np.min(wind)
                    ),
                    "You compare with the range of the whole storm. Compare each time with its two neighbouring fixes.",
                ),
                (
                    lambda wind, hours, fix_hours, fix_wind: np.max(
                        np.abs(wind - np.interp(hours, fix_hours, fix_wind))
                    ),
                    "You measure the distance from the straight line. Between the two fixes every wind is allowed.",
                ),
            ],
        ),
        "cyclone-02c": Exercise(
            todo="write same_class_share(storm, wind_class): how often a frame has the class of the frame before.",
            reference=same_class_share,
            arguments=_SERIES,
            mistakes=[
                (
                    lambda storm, wind_class: (wind_class[1:] == wind_class[:-1]).mean(),
                    "The first frame of a storm has no frame before it: leave pairs of two storms out.",
                ),
                (
                    lambda storm, wind_class: (
                        np.sum((wind_class[1:] == wind_class[:-1]) & (storm[1:] == storm[:-1])) / len(storm)
                    ),
                    "Divide by the number of pairs within storms, not by the number of frames.",
                ),
                (
                    lambda storm, wind_class: (wind_class[1:] != wind_class[:-1])[
                        storm[1:] == storm[:-1]
                    ].mean(),
                    "This is the share of changes. Asked is the share without a change.",
                ),
            ],
        ),
        "cyclone-02d": Exercise(
            todo="write fuse(first, first_error, second, second_error): the best single value and its error.",
            reference=fuse,
            arguments=[(90.0, 12.0, 100.0, 8.0), (60.0, 10.0, 50.0, 10.0)],
            mistakes=[
                (
                    _fused(0, _right_error),
                    "This is the plain mean. The source with the smaller error deserves more weight.",
                ),
                (_fused(1, _right_error), "Weigh with the square: 1 / error ** 2."),
                (
                    _fused(2, lambda a, b: np.hypot(a, b)),
                    "The fused value is right. Its error must be smaller than either: 1 / sqrt(w1 + w2).",
                ),
                (
                    _fused(2, lambda a, b: (a + b) / 2),
                    "The fused value is right. Its error is not the mean of both: two sources know more than one.",
                ),
            ],
        ),
    },
    {
        "cyclone-02-q1": Question(
            text="The fixes are 100, 100, 95, 95 and 95 kt. Why does the cubic spline rise above 130 kt in between?",
            options={
                "A": "It does not pass through fixes that lie so close together.",
                "B": "Its slope is set by the close pair and carried on far into the long gaps.",
                "C": "It needs equal steps, and refuses any others.",
            },
            right="B",
            feedback={
                "A": "It passes through every fix exactly. The trouble lies between the fixes.",
                "B": "5 kt in half an hour is a steep slope. Smooth second derivatives then force a swing beyond the fixes.",
                "C": "It takes any increasing times. It gives no warning, and that is the danger.",
            },
        ),
        "cyclone-02-q2": Question(
            text="You have 8,000 frames of 160 storms. How many independent examples of a storm do you have, roughly?",
            options={
                "A": "8,000, each frame is another image.",
                "B": "8,000 times 6,400 pixels.",
                "C": "Nearer to 160: frames of one storm are alike for many hours.",
            },
            right="C",
            feedback={
                "A": "Most frames have a neighbour, half an hour apart, with almost the same image and the same label.",
                "B": "Pixels are not examples. Neighbouring pixels belong to the same cloud.",
                "C": "A storm's size, shear and the error of its label last for days. New storms bring new information.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
