"""Exercises and checkpoint questions of notebook 05, Geometry."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def difference(first, second):
    return np.minimum(first, -second)


def area_from_boundary(points, normals, weights):
    return 0.5 * np.sum(weights * np.sum(points * normals, axis=1))


def flux(gradient, normals, weights):
    return np.sum(weights * np.sum(gradient * normals, axis=1))


_SDF = (np.array([1.0, 1.0, -2.0, 0.5]), np.array([0.25, -3.0, 0.5, -0.25]))
_SQUARE = (
    np.array([[1.0, 0.0], [2.0, 0.5], [1.0, 1.0], [0.0, 0.5]]),
    np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]),
    np.array([2.0, 1.0, 2.0, 1.0]),
)
_GRADIENT = np.array([[0.3, -1.0], [2.0, 0.4], [0.1, 0.7], [-0.5, 1.0]])

BOOK = Book(
    {
        "pinn-05a": Exercise(
            todo="write difference(first, second): the signed distance of 'in the first and not in the second'.",
            reference=difference,
            arguments=[_SDF],
            mistakes=[
                (
                    lambda first, second: first - second,
                    "Subtracting distances gives no distance. 'Outside of the second' has the distance -second.",
                ),
                (
                    lambda first, second: np.maximum(first, -second),
                    "The maximum is positive where ONE condition holds. Both must hold: take the minimum.",
                ),
                (
                    lambda first, second: np.minimum(first, second),
                    "This is 'in both'. The second shape must be turned inside out first.",
                ),
            ],
        ),
        "pinn-05b": Exercise(
            todo="write area_from_boundary(points, normals, weights) by the divergence theorem.",
            reference=area_from_boundary,
            arguments=[_SQUARE],
            mistakes=[
                (
                    lambda points, normals, weights: np.sum(weights * np.sum(points * normals, axis=1)),
                    "The field (x, y) has the divergence 2, so that the sum is twice the area.",
                ),
                (
                    lambda points, normals, weights: 0.5 * np.sum(points * normals),
                    "Each point stands for a piece of boundary: multiply by its length, the weight.",
                ),
                (
                    lambda points, normals, weights: np.sum(weights),
                    "That is the length of the boundary.",
                ),
            ],
        ),
        "pinn-05c": Exercise(
            todo="give the length of the boundary of the flow region: channel 5 x 1 m, chip 1 x 0.6 m on its floor.",
            reference=13.2,
            mistakes=[
                (15.2, "The chip's lower side touches the floor: no fluid is there, on neither side."),
                (14.2, "The floor under the chip is no boundary of the fluid. Take it away."),
                (12.0, "That is the channel alone. The chip takes 1 m of floor away and adds three sides."),
            ],
        ),
        "pinn-05d": Exercise(
            todo="write flux(gradient, normals, weights): the integral of gradient . normal over a boundary.",
            reference=flux,
            arguments=[(_GRADIENT, *_SQUARE[1:])],
            mistakes=[
                (
                    lambda gradient, normals, weights: np.mean(np.sum(gradient * normals, axis=1)),
                    "This is a mean. An integral multiplies by the length of each piece and adds up.",
                ),
                (
                    lambda gradient, normals, weights: np.sum(weights * np.linalg.norm(gradient, axis=1)),
                    "Only the part of the gradient along the normal crosses the boundary.",
                ),
                (
                    lambda gradient, normals, weights: -np.sum(weights * np.sum(gradient * normals, axis=1)),
                    "The sign is wrong: normals point out of the shape, and flux is counted along them.",
                ),
            ],
        ),
    },
    {
        "pinn-05-q1": Question(
            text="You walk along the middle of the rod's shank, where it joins a ring. What does max(a, b) tell you there?",
            options={
                "A": "The exact distance to the nearest wall.",
                "B": "A distance that is never too large: the wall is at least that far away.",
                "C": "A distance that is never too small: the wall is at most that far away.",
            },
            right="B",
            feedback={
                "A": "The boundary of each part runs through the other part there, and is no wall of the union.",
                "B": "Right: both parts see boundary that the union has swallowed, so that they stop too early.",
                "C": "A part cannot overlook a wall of the union: that wall belongs to one of the parts.",
            },
        ),
        "pinn-05-q2": Question(
            text="An STL file is refused: 12 edges belong to one triangle only. What is the right reaction?",
            options={
                "A": "Flip the sign of the signed distance.",
                "B": "Use the triangles anyway: 12 edges are few.",
                "C": "Close the hole, then check volume and flux again.",
            },
            right="C",
            feedback={
                "A": "The sign is not reversed, it is undefined: without a closed surface there is no inside.",
                "B": "Points behind the hole get the wrong side, and the network learns on a different body.",
                "C": "A closed surface has a volume, and the divergence theorem tells you whether it is the right one.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
