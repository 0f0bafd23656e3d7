"""Exercises and checkpoint questions of notebook 08, The Chip Challenge."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def sdf_weight(points):
    x, y = points[:, 0], points[:, 1]
    channel = np.minimum(y + 0.5, 0.5 - y)
    beside = np.maximum(np.maximum(-1 - x, x - 0), 0)
    above = np.maximum(y - 0.1, 0)
    return 2 * np.minimum(channel, np.hypot(beside, above))


def flux(u, y):
    return np.sum((u[1:] + u[:-1]) / 2 * np.diff(y))


def least_squares_viscosity(inertia, laplacian):
    return np.sum(inertia * laplacian) / np.sum(laplacian**2)


def _only_channel(points):
    return 2 * np.minimum(points[:, 1] + 0.5, 0.5 - points[:, 1])


_POINTS = np.array([[-2.0, 0.1], [-1.2, 0.2], [-0.5, 0.25], [0.3, -0.3], [0.2, 0.45], [-1.05, -0.2]])
_Y = np.array([-0.5, -0.3, -0.2, 0.1, 0.5])
_RNG = np.random.default_rng(8)
_LAPLACIAN = _RNG.normal(0, 20, 30)
_INERTIA = 0.02 * _LAPLACIAN + _RNG.normal(0, 0.05, 30)

BOOK = Book(
    {
        "chip-08a": Exercise(
            todo="give the exponent q between 0.4 and 0.7 that solves sin(1.5 pi q) = q, to three digits.",
            reference=0.54448,
            rtol=2e-3,
            mistakes=[
                (0.9085, "That solves sin(1.5 pi q) = -q, the second kind. The first kind is stronger."),
                (2 / 3, "That is the exponent of a potential flow, which slips along the wall."),
                (1.0, "With q = 1 the speed would grow in proportion to the distance: no singularity."),
            ],
        ),
        "chip-08b": Exercise(
            todo="write sdf_weight(points): twice the distance to the nearest wall, chip included.",
            reference=sdf_weight,
            arguments=[(_POINTS,), (_POINTS[:3],)],
            mistakes=[
                (_only_channel, "This forgets the chip: its faces are walls too."),
                (
                    lambda points: sdf_weight(points) / 2,
                    "The factor 2 is missing, so the middle of the channel does not count 1.",
                ),
                (
                    lambda points: (
                        2
                        * np.minimum(
                            _only_channel(points) / 2,
                            np.maximum(np.maximum(-1 - points[:, 0], points[:, 0]), points[:, 1] - 0.1),
                        )
                    ),
                    "Beyond a corner the nearest point of the chip is the corner itself: use the hypotenuse.",
                ),
            ],
        ),
        "chip-08c": Exercise(
            todo="write flux(u, y): the integral of u over y by the trapezoidal rule, for y that are not equally spaced.",
            reference=flux,
            arguments=[(1.5 * (1 - 4 * _Y**2), _Y), (np.array([0.0, 2.0, 1.0]), np.array([0.1, 0.2, 0.5]))],
            mistakes=[
                (
                    lambda u, y: np.mean(u) * (y[-1] - y[0]),
                    "A plain mean counts all points alike, but they are not equally spaced.",
                ),
                (
                    lambda u, y: np.sum(u[:-1] * np.diff(y)),
                    "This takes the left value of each interval: take the mean of both ends.",
                ),
            ],
        ),
        "chip-08d": Exercise(
            todo="write least_squares_viscosity(inertia, laplacian): the nu that minimises the sum of (inertia - nu laplacian)^2.",
            reference=least_squares_viscosity,
            arguments=[(_INERTIA, _LAPLACIAN), (np.array([1.0, 2.0, 2.5]), np.array([1.0, 1.0, 2.0]))],
            mistakes=[
                (
                    lambda inertia, laplacian: np.mean(inertia / laplacian),
                    "A mean of ratios is ruled by the points with a laplacian near 0. Set the derivative of the sum to 0.",
                ),
                (
                    lambda inertia, laplacian: np.sum(inertia) / np.sum(laplacian),
                    "Multiply by the laplacian before you sum: set the derivative of the sum of squares to 0.",
                ),
                (
                    lambda inertia, laplacian: np.sum(laplacian**2) / np.sum(inertia * laplacian),
                    "This is one divided by the viscosity.",
                ),
            ],
        ),
    },
    {
        "chip-08-q1": Question(
            text="The loss of the network is small, and its speed v is still far off. What is the likely reason?",
            options={
                "A": "The loss adds squared residuals; where v matters, near one corner, few points speak for it.",
                "B": "v is smaller than u, and squared errors of small numbers are always large.",
                "C": "The equation for v is missing from the loss.",
            },
            right="A",
            feedback={
                "A": "A small mean residual says little about a small region, and the singular corner rules v.",
                "B": "The error of v is relative to v itself, so its size does not matter here.",
                "C": "Look at the residual: both momentum equations and continuity are in it.",
            },
        ),
        "chip-08-q2": Question(
            text="Two meshes differ by 1 % in v. What does an error of 0.1 % against one of them mean?",
            options={
                "A": "The network is better than both meshes.",
                "B": "Nothing below 1 % can be claimed: the reference itself is uncertain by that much.",
                "C": "The mesh is too coarse to be used at all.",
            },
            right="B",
            feedback={
                "A": "It agrees with one mesh, including the errors of that mesh.",
                "B": "Refine the reference first, until its own change is well below the error you want to state.",
                "C": "It can be used for statements well above 1 %.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
