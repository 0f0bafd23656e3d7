"""Exercises and checkpoint questions of notebook 04, The Leak."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def shared_storms(storm, train, test):
    return len(np.intersect1d(storm[train], storm[test]))


def effective_frames(correlation):
    n = len(correlation) + 1
    lag = np.arange(1, n)
    return n / (1 + 2 * np.sum((1 - lag / n) * correlation))


def _audits():
    storm = np.repeat(np.arange(4), 5)
    even, odd = np.arange(0, 20, 2), np.arange(1, 20, 2)
    return [
        (storm, even, odd),
        (storm, np.arange(10), np.arange(10, 20)),
        (storm, np.arange(12), np.arange(12, 20)),
    ]


def _correlations():
    return [(np.exp(-np.arange(1, 50) / 10),), (np.full(9, 0.5),), (np.zeros(4),)]


BOOK = Book(
    {
        "cyclone-04a": Exercise(
            todo="set chance to the probability that a test frame has a training frame right before or after it.",
            reference=0.96,
            mistakes=[
                (0.8, "That is the chance that one given neighbour is in the training set. There are two."),
                (0.64, "That is the chance that both neighbours are in the training set. One is enough."),
                (0.04, "That is the chance that neither neighbour is in the training set."),
                (
                    1.6,
                    "A probability is never above 1: the two chances overlap, so they cannot simply be added.",
                ),
            ],
        ),
        "cyclone-04b": Exercise(
            todo="write shared_storms(storm, train, test), the number of storms with frames on both sides.",
            reference=shared_storms,
            arguments=_audits(),
            mistakes=[
                (
                    lambda storm, train, test: len(np.intersect1d(train, test)),
                    "You compared frame numbers. They never repeat; look up the storm of each frame first.",
                ),
                (
                    lambda storm, train, test: int(np.isin(storm[test], storm[train]).sum()),
                    "You counted frames. Each storm counts once.",
                ),
                (
                    lambda storm, train, test: len(np.unique(storm[test])),
                    "These are all test storms. Count only those that occur in the training set as well.",
                ),
            ],
        ),
        "cyclone-04c": Exercise(
            todo="write effective_frames(correlation), the number of independent frames that n frames are worth.",
            reference=effective_frames,
            arguments=_correlations(),
            mistakes=[
                (
                    lambda r: (len(r) + 1) / (1 + np.sum((1 - np.arange(1, len(r) + 1) / (len(r) + 1)) * r)),
                    "The factor 2 is missing: a frame is correlated with later and with earlier ones.",
                ),
                (
                    lambda r: (len(r) + 1) / (1 + 2 * np.sum(r)),
                    "There are only n - k pairs of lag k: weight each correlation with 1 - k / n.",
                ),
                (
                    lambda r: 1 + 2 * np.sum((1 - np.arange(1, len(r) + 1) / (len(r) + 1)) * r),
                    "This is how many frames one independent frame costs. Divide n by it.",
                ),
            ],
        ),
    },
    {
        "cyclone-04-q1": Question(
            text="A colleague reports an RMSE of 6 kt. The bound, the best reader of single images, reaches "
            "9 kt on the same frames. What is the most likely reason?",
            options={
                "A": "The network is better than the bound, because it has more parameters.",
                "B": "The network knew something besides the pattern, such as other frames of the same storm.",
                "C": "Chance: the test set is too small.",
            },
            right="B",
            feedback={
                "A": "The part of the wind that the pattern does not show cannot be computed from it, with any "
                "number of parameters.",
                "B": "The best reader misses what differs from storm to storm. Only labels of the same storm give "
                "that away.",
                "C": "Possible with a handful of storms. So look at the interval over storms: here it would have "
                "to be 3 kt wide.",
            },
        ),
        "cyclone-04-q2": Question(
            text="You add a second image per storm, taken 30 minutes after the first, to a test set of 20 storms. "
            "How much narrower does the interval of the RMSE become?",
            options={
                "A": "By a factor of the square root of 2.",
                "B": "By a factor of 2.",
                "C": "Hardly at all.",
            },
            right="C",
            feedback={
                "A": "That holds for independent frames. Errors half an hour apart are almost the same error.",
                "B": "Twice the data never halves an interval, and these frames are no new data.",
                "C": "The second frame repeats the error of the first. Only new storms narrow the interval.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
