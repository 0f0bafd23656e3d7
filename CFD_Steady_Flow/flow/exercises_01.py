"""Exercises and checkpoint questions of notebook 01, Flow by Particles."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def relaxation_time(reynolds, speed, length):
    return 3 * speed * length / reynolds + 0.5


def order_of(coarse_error, fine_error):
    return np.log2(coarse_error / fine_error)


def drag_coefficient(force_x, mean, diameter):
    return 2 * force_x / (mean**2 * diameter)


BOOK = Book(
    {
        "flow-01a": Exercise(
            todo="write relaxation_time(reynolds, speed, length): tau for a wanted Reynolds number.",
            reference=relaxation_time,
            arguments=[(20.0, 0.1, 40.0), (100.0, 0.05, 64.0)],
            mistakes=[
                (
                    lambda reynolds, speed, length: 3 * speed * length / reynolds,
                    "This is tau - 1/2. Solve viscosity = (tau - 1/2) / 3 for tau once more.",
                ),
                (
                    lambda reynolds, speed, length: speed * length / reynolds,
                    "This is the viscosity. tau follows from viscosity = (tau - 1/2) / 3.",
                ),
                (
                    lambda reynolds, speed, length: 3 * reynolds / (speed * length) + 0.5,
                    "The Reynolds number is speed * length / viscosity: a large one means a small viscosity.",
                ),
            ],
        ),
        "flow-01b": Exercise(
            todo="write order_of(coarse_error, fine_error): the order of convergence from two grids, one twice as fine.",
            reference=order_of,
            arguments=[(0.04, 0.01), (0.3, 0.15), (0.02, 0.0045)],
            mistakes=[
                (
                    lambda coarse_error, fine_error: coarse_error / fine_error,
                    "This is the factor by which the error falls. It is 2 to the power of the order.",
                ),
                (
                    lambda coarse_error, fine_error: np.log(coarse_error / fine_error),
                    "Take the logarithm to base 2: the cells are half as large.",
                ),
                (
                    lambda coarse_error, fine_error: np.log2(fine_error / coarse_error),
                    "The sign is wrong: the error falls, and the order is positive.",
                ),
            ],
        ),
        "flow-01c": Exercise(
            todo="write drag_coefficient(force_x, mean, diameter) for density 1.",
            reference=drag_coefficient,
            arguments=[(0.5, 0.0667, 40.0), (1.2, 0.05, 20.0)],
            mistakes=[
                (
                    lambda force_x, mean, diameter: force_x / (mean**2 * diameter),
                    "A factor of 2 is missing: the dynamic pressure is half of density times velocity squared.",
                ),
                (
                    lambda force_x, mean, diameter: 2 * force_x / (mean * diameter),
                    "The velocity is squared in the dynamic pressure.",
                ),
                (
                    lambda force_x, mean, diameter: 2 * force_x / (mean**2 * np.pi * diameter**2 / 4),
                    "In two dimensions the frontal area is the diameter, per unit of depth.",
                ),
            ],
        ),
        "flow-01d": Exercise(
            todo="set cost_factor: how many times more cell updates a grid twice as fine needs until the same time.",
            reference=8,
            mistakes=[
                (
                    4,
                    "That is the number of cells. How many steps does the flow need to cross twice as many cells?",
                ),
                (2, "That is the number of steps. There are more cells as well."),
                (
                    16,
                    "That holds if the viscosity decides and steps grow with the square. Here u_max stays 0.1.",
                ),
            ],
        ),
    },
    {
        "flow-01-q1": Question(
            text="A solver stops when nothing changes by more than 1 % a step. Is the flow steady then?",
            options={
                "A": "Yes: 1 % is accurate enough.",
                "B": "No: a step is short. A slow drift changes little in each step.",
                "C": "Yes, if the change (the residual) fell to a thousandth of its first value.",
            },
            right="B",
            feedback={
                "A": "A change of 1 % in every step doubles a value within 70 steps.",
                "B": "Compare states that lie a physical time apart, such as the time to cross part of the channel.",
                "C": "It says how far apart two steps are, not how far away the steady state is.",
            },
        ),
        "flow-01-q2": Question(
            text="Our cavity at Reynolds number 1000 lies further from one published table than from another. What now?",
            options={
                "A": "Tune the solver until the first table is met.",
                "B": "Ask which table is more accurate, and refine our own grid.",
                "C": "Quote the table that agrees.",
            },
            right="B",
            feedback={
                "A": "Then the solver would copy the errors of the table.",
                "B": "A table from 129 by 129 points has an error of its own. A spectral one has seven digits.",
                "C": "Show both, and say what is known about each. Choosing the friendly one is no validation.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
