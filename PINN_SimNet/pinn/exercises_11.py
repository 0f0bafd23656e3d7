"""Exercises and checkpoint questions of notebook 11, Equations from Data, and Time in Steps."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def amplification(z):
    return (1 + z / 2) / (1 - z / 2)


def time_weight(t, growth):
    return np.exp(2 * growth * (1 - t))


BOOK = Book(
    {
        "pinn-11a": Exercise(
            todo="set relation to the two numbers [a, b] for which cos(2t) = a + b cos(t)^2.",
            reference=[-1.0, 2.0],
            mistakes=[
                ([2.0, -1.0], "The order is [a, b]: first the constant, then the factor of cos(t)^2."),
                ([1.0, -2.0], "At t = 0 the left side is 1; yours gives -1."),
                ([1.0, 2.0], "At t = 0 the left side is 1; yours gives 3."),
            ],
        ),
        "pinn-11b": Exercise(
            todo="write amplification(z): what one step with one stage multiplies u by, with z = h * rate.",
            reference=amplification,
            arguments=[(-1.0,), (-4.0,), (0.5,)],
            mistakes=[
                (
                    lambda z: 1 + z,
                    "This is the explicit Euler step: the slope is taken at the start, not in the middle.",
                ),
                (
                    lambda z: 1 / (1 - z),
                    "This is the implicit Euler step: the slope is taken at the end, not in the middle.",
                ),
                (np.exp, "This is the exact solution; a step only comes near it."),
                (lambda z: (1 - z / 2) / (1 + z / 2), "Upside down: a negative rate must make u smaller."),
            ],
        ),
        "pinn-11c": Exercise(
            todo="write time_weight(t, growth): the weight of a squared residual at time t, 1 at t = 1.",
            reference=time_weight,
            arguments=[(np.array([0.0, 0.5, 1.0]), 5.0), (np.array([0.2, 0.7]), 2.0), (0.3, 1.0)],
            mistakes=[
                (
                    lambda t, growth: np.exp(growth * (1 - t)),
                    "The error grows so; the loss holds the square of the residual.",
                ),
                (
                    lambda t, growth: np.exp(2 * growth * t),
                    "Late residuals have no time left to grow: the weight must fall with t.",
                ),
                (lambda t, growth: np.exp(-2 * growth * t), "The shape is right; scale it to 1 at t = 1."),
            ],
        ),
    },
    {
        "pinn-11-library": Question(
            text="SINDy returns large coefficients that change with every draw of 0.1 % noise. What do you look at first?",
            options={
                "A": "The threshold: raise it until few terms are left.",
                "B": "The condition number of the library on these data.",
                "C": "The noise: smooth the data more.",
            },
            right="B",
            feedback={
                "A": "Large wrong coefficients survive every threshold.",
                "B": "If columns depend on each other, the data cannot tell them apart, and no method can.",
                "C": "One motion fails at any noise here, and two succeed with a hundred times as much.",
            },
        ),
        "pinn-11-time": Question(
            text="A step with three stages has an error of 1e-6. You halve the step. What do you expect at the end?",
            options={
                "A": "About 1.6e-8, until the error in space shows.",
                "B": "About 1.3e-7, since three stages have order three.",
                "C": "About 5e-7.",
            },
            right="A",
            feedback={
                "A": "Order 2 q = 6, so 64 times less. The network's error in space is the floor.",
                "B": "Gauss-Legendre points double the order: q stages have order 2 q.",
                "C": "That is a method of order one.",
            },
        ),
        "pinn-11-published": Question(
            text="A paper reports an error of 2e-8 and you reach 1e-5. What makes the comparison fair?",
            options={
                "A": "The same equation is enough.",
                "B": "The same equation, test points and computing time, and the same knowledge built in.",
                "C": "The same network.",
            },
            right="B",
            feedback={
                "A": "With a thousand times the computing time either may win.",
                "B": "So the table names what differs: time, symmetry, built-in start, weights.",
                "C": "A network is a means; what it costs and what it is told decide.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
