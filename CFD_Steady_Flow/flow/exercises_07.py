"""Exercises and checkpoint questions of notebook 07, Shape Optimisation."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def with_area(radius, area):
    return radius * np.sqrt(area / (np.pi * np.mean(radius**2)))


def central_gradient(function, point, step):
    steps = step * np.eye(len(point))
    return np.array([(function(point + h) - function(point - h)) / (2 * step) for h in steps])


def _parabola(point):
    return float(np.sum(np.arange(1, len(point) + 1) * point**2) + 3 * point[0])


def _wave(point):
    return float(np.sin(point[0]) * point[1])


_RNG = np.random.default_rng(7)

BOOK = Book(
    {
        "flow-07a": Exercise(
            todo="write with_area(radius, area): the radii of a closed curve, scaled so that it encloses the area.",
            reference=with_area,
            arguments=[(np.full(8, 2.0), 1.0), (_RNG.uniform(0.5, 2, 12), 0.3)],
            mistakes=[
                (
                    lambda r, a: r * a / (np.pi * np.mean(r**2)),
                    "The area grows with the square of the scale: take a root.",
                ),
                (
                    lambda r, a: r * np.sqrt(a / np.mean(r**2)),
                    "Half the integral of r^2 over a turn is pi times the mean of r^2: pi is missing.",
                ),
                (
                    lambda r, a: r * np.sqrt(a / (np.pi * np.mean(r) ** 2)),
                    "You used the square of the mean radius; the mean of the squared radius is asked for.",
                ),
            ],
        ),
        "flow-07b": Exercise(
            todo="write central_gradient(function, point, step): the gradient by central differences, one entry per coordinate.",
            reference=central_gradient,
            arguments=[(_parabola, np.array([0.3, -0.2, 0.5]), 0.01), (_wave, np.array([0.4, 0.7]), 0.1)],
            mistakes=[
                (
                    lambda f, p, s: np.array([(f(p + h) - f(p)) / s for h in s * np.eye(len(p))]),
                    "These are forward differences. Step to both sides, and divide by twice the step.",
                ),
                (
                    lambda f, p, s: 2 * central_gradient(f, p, s),
                    "Twice too large: the two points are two steps apart.",
                ),
            ],
        ),
        "flow-07c": Exercise(
            todo="set calls to the number of flows that a solver computes for one gradient by central differences with 8 coefficients.",
            reference=16,
            mistakes=[
                (8, "A central difference needs two flows for each coefficient."),
                (9, "That is the number for forward differences: one for each coefficient, and the centre."),
                (2, "Two flows give one component of the gradient. How many components are there?"),
            ],
        ),
    },
    {
        "flow-07-q1": Question(
            "An optimiser walks along the gradient of a network. Why is its result often worse than the network says?",
            {
                "A": "Because gradients of networks are only approximate derivatives of the network.",
                "B": "Because it looks for the lowest prediction, and finds places where the network errs downwards.",
                "C": "Because the solver is wrong.",
            },
            right="B",
            feedback={
                "A": "Automatic differentiation gives the exact derivative of the network, up to rounding.",
                "B": "The minimum of a noisy estimate is biased. So check the winner with the solver, always.",
                "C": "The solver was validated in notebook 01; the network learned from it.",
            },
        ),
        "flow-07-q2": Question(
            "The drag network was trained on ellipses, boxes and polygons. For which body do you trust its gradient least?",
            {
                "A": "An ellipse that it has not seen.",
                "B": "A rounded box.",
                "C": "A body that fills three quarters of the channel.",
            },
            right="C",
            feedback={
                "A": "That is inside of the training distribution.",
                "B": "Close to boxes and polygons of the training set.",
                "C": "No training body blocks that much of the channel: the network extrapolates there.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
