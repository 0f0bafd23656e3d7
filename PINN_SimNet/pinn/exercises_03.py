"""Exercises and questions of 03_Spring_and_Mass."""

import numpy as np

from utils.exercises import Book, Exercise, Question

EXERCISES = {
    "pinn-3a": Exercise(
        todo="Give the 3 x 3 matrix K in u'' = -K u.",
        reference=np.array([[3.0, -1, 0], [-1, 2, -1], [0, -1, 3]]),
        mistakes=[
            (
                -np.array([[3.0, -1, 0], [-1, 2, -1], [0, -1, 3]]),
                "The sign is turned: the minus stands before K.",
            ),
            (
                np.array([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]]),
                "The outer masses have a spring of 2 and one of 1: 3.",
            ),
            (
                np.array([[3.0, 1, 0], [1, 2, 1], [0, 1, 3]]),
                "A neighbour that moves away pulls: its entry is negative.",
            ),
        ],
    ),
    "pinn-3b": Exercise(
        todo="Write causal_weights(losses, eps): exp(-eps times the sum of all earlier losses).",
        reference=lambda losses, eps: np.exp(-eps * (np.cumsum(losses) - losses)),
        arguments=[(np.array([0.5, 0.1, 0.0, 2.0]), 1.0), (np.array([1.0, 1.0]), 3.0)],
        mistakes=[
            (
                lambda losses, eps: np.exp(-eps * np.cumsum(losses)),
                "That counts the own loss too: the first weight is 1.",
            ),
            (
                lambda losses, eps: np.exp(eps * (np.cumsum(losses) - losses)),
                "Those weights grow: the minus is missing.",
            ),
            (lambda losses, eps: np.exp(-eps * losses), "All earlier losses count, not the own one."),
        ],
    ),
    "pinn-3c": Exercise(
        todo="Give the three angular frequencies, smallest first.",
        reference=np.array([1.0, np.sqrt(3), 2.0]),
        mistakes=[
            (np.array([1.0, 3.0, 4.0]), "Those are the eigenvalues, the squares of the frequencies."),
            (np.array([2.0, np.sqrt(3), 1.0]), "The smallest first."),
            (np.array([1.0, np.sqrt(3), 2.0]) / (2 * np.pi), "Those are in hertz; rad/s are asked for."),
        ],
    ),
}

QUESTIONS = {
    "pinn-3-causality": Question(
        "Why can the loss be small while the motion is wrong at late times?",
        {
            "A": "The equation also holds for other motions, and only the start tells which one is meant.",
            "B": "The loss has too few decimal places.",
            "C": "There are no points at late times.",
        },
        "A",
        {
            "A": "A small jump in the residual at one time switches to another motion, at a low price.",
            "B": "The numbers have sixteen digits.",
            "C": "The points cover all of the interval.",
        },
    ),
    "pinn-3-noise": Question(
        "The noise falls to a tenth. What happens to the predicted error bars of m and k?",
        {
            "A": "They shrink to a hundredth.",
            "B": "They shrink to a tenth.",
            "C": "They stay, because the network is the same.",
        },
        "B",
        {
            "A": "The variances do; error bars are standard deviations.",
            "B": "Linear error propagation: bars are proportional to the noise.",
            "C": "J is divided by sigma, so the covariance changes with it.",
        },
    ),
}

BOOK = Book(EXERCISES, QUESTIONS)
check, quiz = BOOK.check, BOOK.quiz
