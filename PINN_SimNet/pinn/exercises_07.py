"""Exercises and checkpoint questions of notebook 07, Uncertainty and Transfer."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def mean_and_std(c):
    k = np.arange(len(c))
    return c[0], np.sqrt(np.sum(c[1:] ** 2 / (2 * k[1:] + 1)))


def samples_needed(std, error):
    return (std / error) ** 2


def coverage(low, high, truth):
    return np.mean((low <= truth) & (truth <= high))


BOOK = Book(
    {
        "pinn-07a": Exercise(
            todo="write mean_and_std(c): mean and standard deviation of a sum of c[k] times Legendre polynomial k.",
            reference=mean_and_std,
            arguments=[(np.array([2.0, 0.5, -0.25]),), (np.array([-1.0, 1.0, 0.3, 0.2]),)],
            mistakes=[
                (
                    lambda c: (c[0], np.sqrt(np.sum(c[1:] ** 2))),
                    "Legendre polynomials are not normalized: the mean of P_k squared is 1 / (2 k + 1).",
                ),
                (
                    lambda c: (c[0], np.sum(c[1:] ** 2 / (2 * np.arange(1, len(c)) + 1))),
                    "This is the variance. The standard deviation is its root.",
                ),
                (
                    lambda c: (c[0], np.sqrt(np.sum(c**2 / (2 * np.arange(len(c)) + 1)))),
                    "The first coefficient is the mean. It does not vary: leave it out of the sum.",
                ),
            ],
        ),
        "pinn-07b": Exercise(
            todo="write samples_needed(std, error): samples after which the mean of a Monte Carlo run has this error.",
            reference=samples_needed,
            arguments=[(2.0, 0.1), (0.5, 0.001)],
            mistakes=[
                (
                    lambda std, error: std / error,
                    "The error falls with the ROOT of the number of samples. Square.",
                ),
                (
                    lambda std, error: (error / std) ** 2,
                    "The other way up: a smaller error needs more samples.",
                ),
                (lambda std, error: std**2 / error, "Square the error, too: error = std / sqrt(n)."),
            ],
        ),
        "pinn-07c": Exercise(
            todo="write coverage(low, high, truth): the share of intervals from low to high that hold the truth.",
            reference=coverage,
            arguments=[
                (
                    np.array([0.0, 1.0, 2.0, 3.0]),
                    np.array([1.0, 2.0, 3.0, 4.0]),
                    np.array([0.5, 0.5, 2.5, 5.0]),
                ),
                (np.array([0.0, -1.0, 0.2]), np.array([1.0, 2.0, 0.4]), 0.3),
            ],
            mistakes=[
                (
                    lambda low, high, truth: np.sum((low <= truth) & (truth <= high)),
                    "This is a count. A share is between 0 and 1: take the mean.",
                ),
                (
                    lambda low, high, truth: np.mean((low > truth) | (truth > high)),
                    "This is the share of intervals that miss.",
                ),
                (
                    lambda low, high, truth: np.mean(truth <= high),
                    "The truth must also lie above the lower end.",
                ),
            ],
        ),
    },
    {
        "pinn-07-q1": Question(
            text="With ten uncertain inputs instead of three, a full grid of 5 points along each axis needs how many evaluations?",
            options={"A": "50", "B": "1,000", "C": "Nearly ten million"},
            right="C",
            feedback={
                "A": "That is one axis at a time. A full grid combines all values: they multiply.",
                "B": "Three inputs need 5 x 5 x 5 = 125. Each further input multiplies by 5.",
                "C": "5 to the power 10. This is the curse of dimension: use sparse grids, regression, or Monte Carlo.",
            },
        ),
        "pinn-07-q2": Question(
            text="Your error bars come from an ensemble whose members all assume the same wrong law. What do you see?",
            options={
                "A": "Wide bars, which warn you.",
                "B": "Narrow bars in the wrong place.",
                "C": "No agreement: the trainings fail.",
            },
            right="B",
            feedback={
                "A": "The members agree with each other, since they share the mistake. Agreement gives narrow bars.",
                "B": "Right. An ensemble measures what the noise can do, not what the modeller forgot.",
                "C": "The law is wrong, not impossible: each member finds its best compromise.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
