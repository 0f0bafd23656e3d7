"""Exercises and checkpoint questions of notebook 04, The Toolbox."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def siren_bound(width, frequency):
    return np.sqrt(6 / width) / frequency


def annealing_weight(gradient_equation, gradient_term):
    return np.abs(gradient_equation).max() / np.abs(gradient_term).mean()


def causal(losses, tolerance):
    return np.exp(-tolerance * (np.cumsum(losses) - losses))


BOOK = Book(
    {
        "pinn-04a": Exercise(
            todo="write siren_bound(width, frequency): the bound of the uniform weights of a hidden layer.",
            reference=siren_bound,
            arguments=[(20, 30.0), (256, 5.0)],
            mistakes=[
                (
                    lambda width, frequency: np.sqrt(6 / width),
                    "The activation multiplies by the frequency: the weights are divided by it.",
                ),
                (
                    lambda width, frequency: 6 / width / frequency,
                    "This is a variance divided by the frequency. Take the square root of 6 / width.",
                ),
                (
                    lambda width, frequency: 1 / width,
                    "That is the bound of the first layer, which sees the coordinates.",
                ),
            ],
        ),
        "pinn-04b": Exercise(
            todo="set missing to the relative L2 error of an answer without the fast wave.",
            reference=0.3 / np.sqrt(1 + 0.3**2),
            rtol=2e-3,
            mistakes=[
                (0.3, "That is relative to the slow wave alone. The norm of the whole is larger."),
                (0.3**2 / (1 + 0.3**2), "That is the ratio of the squares. Take the square root."),
                (0.3 / 1.3, "Norms of orthogonal waves do not add; their squares do."),
            ],
        ),
        "pinn-04c": Exercise(
            todo="write annealing_weight(gradient_equation, gradient_term).",
            reference=annealing_weight,
            arguments=[
                (np.array([1.0, -8.0, 2.0]), np.array([0.5, -0.25, 0.0])),
                (np.array([0.1, 0.3, -0.2, 0.0]), np.array([-2.0, 1.0, 1.0, -1.0, 0.5])),
            ],
            mistakes=[
                (
                    lambda equation, term: equation.max() / term.mean(),
                    "Take absolute values first: gradients of both signs would cancel in the mean.",
                ),
                (
                    lambda equation, term: np.abs(term).mean() / np.abs(equation).max(),
                    "This is the inverse: a term with small gradients needs a large weight.",
                ),
                (
                    lambda equation, term: np.abs(equation).mean() / np.abs(term).mean(),
                    "The numerator is the largest absolute value, not the mean.",
                ),
            ],
        ),
        "pinn-04d": Exercise(
            todo="write causal(losses, tolerance): weights that wait for all earlier windows.",
            reference=causal,
            arguments=[(np.array([0.5, 2.0, 1.0]), 1.0), (np.array([0.1, 0.0, 0.3, 0.2]), 10.0)],
            mistakes=[
                (
                    lambda losses, tolerance: np.exp(-tolerance * np.cumsum(losses)),
                    "This waits for the window itself, too: the first weight must be 1.",
                ),
                (
                    lambda losses, tolerance: np.exp(-tolerance * losses),
                    "Sum over all earlier windows, not the window's own loss.",
                ),
                (
                    lambda losses, tolerance: np.exp(tolerance * (np.cumsum(losses) - losses)),
                    "The sign is wrong: an unsolved past must make the weight small.",
                ),
            ],
        ),
    },
    {
        "pinn-04-q1": Question(
            text="Your network has a perfectly smooth answer, but the solution ripples on a scale you know. What first?",
            options={
                "A": "Train ten times longer.",
                "B": "Give it sines of about that scale: a Fourier or SiReN layer, or a spread first layer.",
                "C": "Double the number of layers.",
            },
            right="B",
            feedback={
                "A": "Spectral bias is slow, not only late: fast waves are learned many times more slowly.",
                "B": "The scale is knowledge you have. In the table it was worth more than any other change of the network.",
                "C": "Deeper tanh networks are still biased towards slow waves, and each step costs more.",
            },
        ),
        "pinn-04-q2": Question(
            text="The loss falls to 1e-9, yet the solution is wrong by 30 per cent. Where do you look first?",
            options={
                "A": "At the optimizer: it must be stuck.",
                "B": "At the learning rate: it is too small.",
                "C": "At the question: does the residual contain the load and all conditions, at enough points?",
            },
            right="C",
            feedback={
                "A": "A loss of 1e-9 means that the optimizer did what it was asked for.",
                "B": "The loss is low already. Smaller steps would not change what the loss leaves out.",
                "C": "The string with a point load is that case: the strong form had a low loss and saw no load.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
