"""Exercises and checkpoint questions of notebook 09, Chip Solutions."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def velocity(psi_x, psi_y):
    return np.stack([psi_y, -psi_x], axis=-1)


def linearised(a, b, new_a, new_b):
    return a * new_b + new_a * b - a * b


def lagrange(nodes, x):
    return np.array([np.prod([(x - b) / (a - b) for b in nodes if b != a]) for a in nodes])


_A, _B = np.array([1.0, 2.0, -1.0]), np.array([0.5, -1.0, 3.0])
_NEW_A, _NEW_B = np.array([1.1, 1.7, -1.2]), np.array([0.4, -1.3, 3.3])

BOOK = Book(
    {
        "chip-09a": Exercise(
            todo="write velocity(psi_x, psi_y): an array (n, 2) of u and v.",
            reference=velocity,
            arguments=[(_A, _B), (np.array([2.0]), np.array([-3.0]))],
            mistakes=[
                (lambda x, y: np.stack([x, y], axis=-1), "This is the gradient: it crosses the streamlines."),
                (
                    lambda x, y: np.stack([y, x], axis=-1),
                    "Without the minus sign u_x + v_y is 2 psi_xy and not zero.",
                ),
                (lambda x, y: np.stack([-y, x], axis=-1), "This flow runs backwards: change both signs."),
            ],
        ),
        "chip-09b": Exercise(
            todo="write linearised(a, b, new_a, new_b): new_a * new_b without the product of both changes.",
            reference=linearised,
            arguments=[(_A, _B, _NEW_A, _NEW_B), (2.0, 3.0, 2.5, 3.5)],
            mistakes=[
                (
                    lambda a, b, new_a, new_b: a * new_b + new_a * b,
                    "The old product is in it twice: subtract it once.",
                ),
                (
                    lambda a, b, new_a, new_b: new_a * new_b,
                    "That is the full product, quadratic in the unknowns.",
                ),
                (
                    lambda a, b, new_a, new_b: a * new_b,
                    "That is Picard's iteration: the change of a is left out.",
                ),
            ],
        ),
        "chip-09c": Exercise(
            todo="write lagrange(nodes, x): for each node the polynomial that is 1 there and 0 at the others, at x.",
            reference=lagrange,
            arguments=[(np.array([0.0, 1.0, 3.0]), 2.0), (np.array([0.42, 0.6, 0.78]), 0.5)],
            mistakes=[
                (
                    lambda nodes, x: np.array([np.prod([x - b for b in nodes if b != a]) for a in nodes]),
                    "It vanishes at the other nodes, but it is not 1 at its own: divide.",
                ),
                (
                    lambda nodes, x: 1 / np.abs(nodes - x + 1e-12) / np.sum(1 / np.abs(nodes - x + 1e-12)),
                    "These are weights by inverse distance. A polynomial is asked for.",
                ),
            ],
        ),
    },
    {
        "chip-09-q1": Question(
            text="Why does Gauss-Newton need so few steps here?",
            options={
                "A": "The hidden weights stay, so all residuals but the inertia are linear in what is trained.",
                "B": "Because float64 is twice as exact as float32.",
                "C": "Because the patches are trained one after the other.",
            },
            right="A",
            feedback={
                "A": "One least-squares problem solves all that is linear; a handful more settle the inertia.",
                "B": "Digits matter at the end, not for the number of steps.",
                "C": "They are trained together: conditions on the borders couple them.",
            },
        ),
        "chip-09-q2": Question(
            text="A colleague trains the same networks on the reference instead of the equations. What is lost?",
            options={
                "A": "Nothing, the networks are the same.",
                "B": "The flow for a chip that nobody has computed: equations are free, references are not.",
                "C": "Speed: fitting data takes longer than solving equations.",
            },
            right="B",
            feedback={
                "A": "The networks are, the source of their knowledge is not.",
                "B": "Each new chip would need a solver first, and then the network is not needed.",
                "C": "Fitting data is one linear problem, so it is even faster.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
