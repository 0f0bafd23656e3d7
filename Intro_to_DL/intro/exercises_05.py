"""Exercises and questions of notebook 05."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def examples_needed(a, b, c, target):
    return ((target - c) / a) ** (-1 / b)


def _floor_ignored(a, b, c, target):
    return (target / a) ** (-1 / b)


def _wrong_sign(a, b, c, target):
    return ((target - c) / a) ** (1 / b)


def least_certain(probability, count):
    ordered = np.sort(probability, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    return np.argsort(margin, kind="stable")[:count]


def _most_certain(probability, count):
    ordered = np.sort(probability, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    return np.argsort(-margin, kind="stable")[:count]


def _entropy(probability, count):
    entropy = -np.sum(probability * np.log(probability + 1e-12), axis=1)
    return np.argsort(-entropy, kind="stable")[:count]


def project(fractions):
    excess = fractions.sum(axis=1, keepdims=True) - 1
    return fractions - excess / fractions.shape[1]


def _forgot_share(fractions):
    return fractions - (fractions.sum(axis=1, keepdims=True) - 1)


def _rescaled(fractions):
    return fractions / fractions.sum(axis=1, keepdims=True)


def calibration_error(confidence, correct, num_bins=10):
    step = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    total = 0.0
    for k in range(num_bins):
        inside = step == k
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return total


def _unweighted(confidence, correct, num_bins=10):
    step = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = [abs(confidence[step == k].mean() - correct[step == k].mean()) for k in np.unique(step)]
    return np.mean(gaps)


def _one_bin(confidence, correct, num_bins=10):
    return abs(confidence.mean() - correct.mean())


_rng = np.random.default_rng(5)
_probability = _rng.dirichlet(np.full(4, 0.6), size=40)
_six_classes = _rng.dirichlet(np.full(6, 0.6), size=12)
_fractions = np.array([[0.5, 0.4, 0.2], [0.2, 0.3, 0.2], [-0.1, 0.5, 0.6]])
_confidence = np.concatenate([_rng.uniform(0.3, 0.6, 30), _rng.uniform(0.85, 1.0, 70)])
_correct = (_rng.random(100) < np.concatenate([np.full(30, 0.65), np.full(70, 0.7)])).astype(float)

_certain = np.where(_confidence > 0.95, 1.0, _confidence)

BOOK = Book(
    exercises={
        "intro-05a": Exercise(
            todo="write examples_needed(a, b, c, target): solve target = a n^(-b) + c for n.",
            reference=examples_needed,
            arguments=[(2.0, 0.4, 0.05, 0.15), (3.0, 0.5, 0.0, 0.1)],
            mistakes=[
                (_floor_ignored, "You left out the floor c: only target - c can shrink with more data."),
                (_wrong_sign, "The sign of the exponent is wrong: more data must give a smaller error."),
            ],
        ),
        "intro-05b": Exercise(
            todo="write least_certain(probability, count) with the margin between the two best classes.",
            reference=least_certain,
            arguments=[(_probability, 5), (_probability[:10], 3), (_six_classes, 4)],
            mistakes=[
                (_most_certain, "These are the most certain rows: a small margin means uncertain."),
                (_entropy, "This still ranks by entropy. Rank by the margin instead."),
            ],
        ),
        "intro-05c": Exercise(
            todo="write project(fractions): shift each row by equal amounts so that it adds up to 1.",
            reference=project,
            arguments=[(_fractions,), (_fractions[:, :2] + 0.3,)],
            mistakes=[
                (_forgot_share, "You subtract the whole excess from every box: share it between the boxes."),
                (
                    _rescaled,
                    "Division rescales; it is not the nearest point with sum 1. Shift all boxes equally.",
                ),
            ],
        ),
        "intro-05d": Exercise(
            todo="write calibration_error(confidence, correct, num_bins).",
            reference=calibration_error,
            arguments=[(_confidence, _correct, 10), (_confidence, _correct, 5), (_certain, _correct, 10)],
            mistakes=[
                (_unweighted, "Weight each step of confidence with its share of the pictures."),
                (
                    _one_bin,
                    "This compares two overall means. Compare inside each step, then take the weighted mean.",
                ),
            ],
        ),
    },
    questions={
        "intro-05-q1": Question(
            text="The widest network has the lowest validation error and a high validation loss. What happened?",
            options={
                "A": "It makes fewer mistakes, but is far too sure of those it makes.",
                "B": "The validation data were used for training by accident.",
                "C": "A loss and an error always move together, so this is a bug.",
            },
            right="A",
            feedback={
                "A": "Cross-entropy punishes confident mistakes hard; the error only counts mistakes.",
                "B": "Then the validation loss would be as small as the training loss.",
                "C": "The error looks at the largest output only; the loss looks at its probability.",
            },
        ),
        "intro-05-q2": Question(
            text="A network scores 99 % on test pictures from the same hospital as its training pictures. "
            "What do you ask first?",
            options={
                "A": "Nothing: a test set was used, so the score holds everywhere.",
                "B": "Is there a mark, a scanner or a background that goes with the class only there?",
                "C": "Can we make the network wider?",
            },
            right="B",
            feedback={
                "A": "A test set with the same shortcut cannot show the shortcut.",
                "B": "Test on data without the shortcut, and look at what the decision rests on.",
                "C": "A wider network finds the same shortcut sooner.",
            },
        ),
    },
)

check, quiz = BOOK.check, BOOK.quiz
