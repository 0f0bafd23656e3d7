"""Exercises and checkpoint questions of notebook 06, More Physics."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def momentum_x(p, nu):
    return p.u_t + p.u * p.u_x + p.v * p.u_y + p.p_x - nu * (p.u_xx + p.u_yy)


class _Point:
    """Numbers that stand for the fields a residual sees."""

    def __init__(self):
        self.u, self.v = np.array([0.5, -1.0]), np.array([2.0, 0.25])
        self.u_t, self.u_x, self.u_y = np.array([0.1, 0.7]), np.array([-0.3, 1.5]), np.array([0.9, -0.4])
        self.p_x, self.u_xx, self.u_yy = np.array([0.2, -0.6]), np.array([4.0, -1.0]), np.array([-2.0, 3.5])

    def __repr__(self):
        return "p"


BOOK = Book(
    {
        "pinn-06a": Exercise(
            todo="give the angular frequency of the mode sin(2 pi x) sin(pi y) of a drum with wave speed 1.",
            reference=np.pi * np.sqrt(5),
            mistakes=[
                (
                    np.pi * 3,
                    "Wave numbers along x and y add as the sides of a right angle do, by Pythagoras.",
                ),
                (np.pi * 5, "This is omega squared over pi. Take the root of the sum of squares."),
                (np.sqrt(5) / 2, "This is the frequency in oscillations per unit of time. Multiply by 2 pi."),
            ],
        ),
        "pinn-06b": Exercise(
            todo="write momentum_x(p, nu), the residual of the x momentum, with the names p.u, p.u_t, p.p_x, ...",
            reference=momentum_x,
            arguments=[(_Point(), 0.05), (_Point(), 2.0)],
            mistakes=[
                (
                    lambda p, nu: p.u_t + p.u * p.u_x + p.v * p.u_y + p.p_x + nu * (p.u_xx + p.u_yy),
                    "The sign of friction: viscosity damps, so that its term is subtracted on the left side.",
                ),
                (
                    lambda p, nu: p.u_t + p.p_x - nu * (p.u_xx + p.u_yy),
                    "The fluid carries its own momentum along: u u_x + v u_y is missing.",
                ),
                (
                    lambda p, nu: p.u_t + p.u * p.u_x + p.v * p.u_y - p.p_x - nu * (p.u_xx + p.u_yy),
                    "The sign of the pressure: fluid is pushed from high to low pressure, u_t = -p_x + ...",
                ),
                (
                    lambda p, nu: p.u * p.u_x + p.v * p.u_y + p.p_x - nu * (p.u_xx + p.u_yy),
                    "The vortices decay in time: u_t is missing.",
                ),
            ],
        ),
        "pinn-06c": Exercise(
            todo="give the wave number k above which a second mode travels through a guide of width 1.",
            reference=2 * np.pi,
            mistakes=[
                (np.pi, "That is where the first mode begins to travel."),
                (4 * np.pi**2, "This is k squared."),
                (5.0, "Our guide has k = 5, and its second mode dies out: the limit lies higher."),
            ],
        ),
        "pinn-06d": Exercise(
            todo="give the largest stress at the hole, in units of the pull, for a wide plate.",
            reference=3,
            mistakes=[
                (1, "That is the stress far from the hole. At the hole the lines of force are squeezed."),
                (
                    2,
                    "More: beside the hole the stress is that of a slit between round and flat. Put r = a, 90 degrees.",
                ),
                (
                    -1,
                    "That is the stress at the sides that face the pull: there the plate is even compressed.",
                ),
            ],
        ),
    },
    {
        "pinn-06-q1": Question(
            text="In the cavity the loss keeps falling while the error against the table begins to rise. Why?",
            options={
                "A": "The optimizer has diverged.",
                "B": "The network fits the equation at its points, and bends between them.",
                "C": "The table of 1982 is wrong.",
            },
            right="B",
            feedback={
                "A": "Then the loss would rise. It falls at every step.",
                "B": "Right: too few points for so many parameters. It is overfitting, as in Lab 1, with points as the data.",
                "C": "It has rounding and grid errors of about half a per cent of the lid speed, not of ten.",
            },
        ),
        "pinn-06-q2": Question(
            text="You double the frequency of a wave problem. What happens to the same network and points?",
            options={
                "A": "Nothing: a network has no grid.",
                "B": "The error grows, often a lot: more bends are needed, and more points to see them.",
                "C": "Training gets faster.",
            },
            right="B",
            feedback={
                "A": "It has no grid, but a limited number of bends, and points that are a limited distance apart.",
                "B": "Right. Raise width, spread and number of points with the frequency, and check again.",
                "C": "The optimizer has more to do, not less.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
