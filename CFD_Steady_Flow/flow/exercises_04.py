"""Exercises and checkpoint questions of notebook 04, Convolutional Networks."""

import numpy as np

from utils.exercises import Book, Exercise, Question

STUDENT_T = {3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365}  # 95 %, two-sided, for this many values


def disc_distance(ny, nx, center_y, center_x, radius):
    y, x = np.mgrid[0:ny, 0:nx] + 0.5
    return np.hypot(y - center_y, x - center_x) - radius


def conv_parameters(height, width, before, after):
    return height * width * before * after + after


def paired_interval(first, second):
    difference = np.asarray(first) - np.asarray(second)
    half = STUDENT_T[len(difference)] * difference.std(ddof=1) / np.sqrt(len(difference))
    return difference.mean() - half, difference.mean() + half


def _unpaired(first, second):
    first, second = np.asarray(first), np.asarray(second)
    spread = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / len(first))
    middle = first.mean() - second.mean()
    return middle - STUDENT_T[len(first)] * spread, middle + STUDENT_T[len(first)] * spread


BOOK = Book(
    {
        "flow-04a": Exercise(
            todo="write disc_distance(ny, nx, center_y, center_x, radius): signed distance at the cell centres.",
            reference=disc_distance,
            arguments=[(6, 12, 3.0, 5.0, 2.0), (4, 8, 1.5, 2.5, 1.0)],
            mistakes=[
                (
                    lambda ny, nx, cy, cx, r: -disc_distance(ny, nx, cy, cx, r),
                    "The sign is turned round: negative in the body, positive in the fluid.",
                ),
                (
                    lambda ny, nx, cy, cx, r: disc_distance(ny, nx, cy + 0.5, cx + 0.5, r),
                    "The centre of the first cell is at (0.5, 0.5), not at (0, 0).",
                ),
                (
                    lambda ny, nx, cy, cx, r: disc_distance(ny, nx, cy, cx, 0.0),
                    "This is the distance to the centre. Measure it to the edge of the disc.",
                ),
            ],
        ),
        "flow-04b": Exercise(
            todo="write conv_parameters(height, width, before, after): weights and biases of a convolution.",
            reference=conv_parameters,
            arguments=[(3, 3, 1, 8), (16, 16, 1, 128), (8, 4, 512, 256)],
            mistakes=[
                (
                    lambda height, width, before, after: height * width * before * after,
                    "Each output channel has a bias too.",
                ),
                (
                    lambda height, width, before, after: height * width * after + after,
                    "Every output channel looks at all channels before it.",
                ),
                (
                    lambda height, width, before, after: height * width * (before * after + after),
                    "One bias for each output channel, not one for each weight of the kernel.",
                ),
            ],
        ),
        "flow-04c": Exercise(
            todo="write paired_interval(first, second): 95 % interval of the mean difference, (low, high).",
            reference=paired_interval,
            arguments=[
                (np.array([0.20, 0.24, 0.22, 0.21, 0.23]), np.array([0.18, 0.23, 0.19, 0.20, 0.20])),
                (np.array([1.0, 2.0, 3.0]), np.array([1.5, 1.0, 2.5])),
            ],
            mistakes=[
                (
                    _unpaired,
                    "This takes the two groups apart. Each pair shares its seed: take the difference first.",
                ),
                (
                    lambda first, second: (
                        np.mean(first - second)
                        + np.array([-1, 1])
                        * STUDENT_T[len(first)]
                        * np.std(first - second)
                        / np.sqrt(len(first))
                    ),
                    "The spread of a few values divides by n - 1: np.std(..., ddof=1).",
                ),
                (
                    lambda first, second: paired_interval(second, first),
                    "The order is first minus second.",
                ),
                (
                    lambda first, second: (
                        np.mean(first - second)
                        + np.array([-1, 1]) * STUDENT_T[len(first)] * np.std(first - second, ddof=1)
                    ),
                    "This is where single differences lie. The mean of n of them is surer by the root of n.",
                ),
            ],
        ),
    },
    {
        "flow-04-q1": Question(
            text="A 16 x 16 patch of the binary picture is all zeros. What does the first layer learn from it?",
            options={
                "A": "That the patch is fluid, and nothing about where the body is.",
                "B": "The direction of the nearest body.",
                "C": "That there is no body in the channel.",
            },
            right="A",
            feedback={
                "A": "All patches without a piece of edge look alike. The signed distance differs in every one.",
                "B": "Zeros have no direction. A signed distance grows away from the body, and so it has one.",
                "C": "The body may stand in the next patch. This one cannot know.",
            },
        ),
        "flow-04-q2": Question(
            text="Network A is better than B by 0.3 points, and the 95 % interval of the difference is -0.2 to 0.8. Then:",
            options={
                "A": "A is better.",
                "B": "Both are equally good.",
                "C": "These runs cannot tell which is better.",
            },
            right="C",
            feedback={
                "A": "The interval holds zero: with other seeds B may well win.",
                "B": "Not shown either: the difference may be as large as 0.8.",
                "C": "Right: run more seeds, or call it open.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
