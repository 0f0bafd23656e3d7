"""Exercises and checkpoint questions of notebook 10, On to Production."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def combine(gradients, sizes):
    return (sizes[:, None] * gradients).sum(axis=0) / sizes.sum()


def linear_exponential(step, base, processes, warmup, decay, every):
    peak = base * processes
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * decay ** ((step - warmup) / every)


def efficiency(seconds_one, seconds_many, processes):
    return seconds_one / seconds_many / processes


BOOK = Book(
    {
        "pinn-10a": Exercise(
            todo="write combine(gradients, sizes): the mean gradient over the points of all processes.",
            reference=combine,
            arguments=[
                (np.array([[1.0, 2.0], [5.0, 0.0]]), np.array([300, 100])),
                (np.array([[1.0], [2.0], [4.0]]), np.array([10, 20, 50])),
            ],
            mistakes=[
                (
                    lambda gradients, sizes: gradients.mean(axis=0),
                    "The mean of the means treats a share of 100 points like one of 300.",
                ),
                (
                    lambda gradients, sizes: (sizes[:, None] * gradients).sum(axis=0),
                    "This is the sum over all points: divide by their number.",
                ),
                (
                    lambda gradients, sizes: gradients.sum(axis=0) / len(gradients) * sizes.mean(),
                    "Each gradient has its own factor, the size of its share.",
                ),
            ],
        ),
        "pinn-10b": Exercise(
            todo="write linear_exponential(step, base, processes, warmup, decay, every).",
            reference=linear_exponential,
            arguments=[
                (0, 1e-3, 4, 10, 0.9, 100),
                (9, 1e-3, 4, 10, 0.9, 100),
                (10, 1e-3, 4, 10, 0.9, 100),
                (250, 2e-3, 8, 50, 0.8, 100),
            ],
            atol=1e-9,
            mistakes=[
                (
                    lambda step, base, processes, warmup, decay, every: linear_exponential(
                        step, base, 1, warmup, decay, every
                    ),
                    "The peak grows with the number of processes: base * processes.",
                ),
                (
                    lambda step, base, processes, warmup, decay, every: (
                        base * processes * min(1, (step + 1) / warmup) * decay ** (step / every)
                    ),
                    "The decay starts after the warm-up: use step - warmup, and none before.",
                ),
                (
                    lambda step, base, processes, warmup, decay, every: (
                        base * processes * decay ** ((step - warmup) / every)
                    ),
                    "Without the linear climb the first steps are the largest of all.",
                ),
            ],
        ),
        "pinn-10c": Exercise(
            todo="write efficiency(seconds_one, seconds_many, processes).",
            reference=efficiency,
            arguments=[(10.0, 6.0, 2), (100.0, 20.0, 8)],
            mistakes=[
                (
                    lambda one, many, processes: one / many,
                    "This is the speed-up. Divide it by the number of processes.",
                ),
                (
                    lambda one, many, processes: many / one / processes,
                    "Upside down: less time with many processes must raise the efficiency.",
                ),
                (
                    lambda one, many, processes: processes * many / one,
                    "This is the inverse of the efficiency: it grows when sharing fails.",
                ),
            ],
        ),
    },
    {
        "pinn-10-q1": Question(
            text="A script of 2022 uses PointwiseBoundaryConstraint and Solver. What do you do with PhysicsNeMo 2.x?",
            options={
                "A": "Change the import to physicsnemo.sym and keep the rest.",
                "B": "Keep the equation as a PDE, evaluate it with PhysicsInformer, and write points and loop yourself.",
                "C": "Nothing: equations are no longer possible there.",
            },
            right="B",
            feedback={
                "A": "Domain, constraints and solver are gone; the import of these names fails.",
                "B": "The symbolic equation survived. What was around it is now plain PyTorch.",
                "C": "They are: PDE and PhysicsInformer live in physicsnemo.sym.",
            },
        ),
        "pinn-10-q2": Question(
            text="Eight GPUs make your small problem slower than one. What is the best next step?",
            options={
                "A": "Use one GPU for it, and the other seven for seven other runs.",
                "B": "Use sixteen GPUs.",
                "C": "Multiply the learning rate by eight.",
            },
            right="A",
            feedback={
                "A": "Independent runs (seeds, designs, members of an ensemble) need no communication at all.",
                "B": "Each share becomes smaller, and the communication does not.",
                "C": "That changes the training, not the time of a step.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
