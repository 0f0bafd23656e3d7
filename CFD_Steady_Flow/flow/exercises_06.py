"""Exercises and checkpoint questions of notebook 06, Benchmark."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def break_even(solver_seconds, network_seconds, data_seconds, training_seconds):
    return (data_seconds + training_seconds) / (solver_seconds - network_seconds)


def disagreement(answers):
    return np.sqrt(np.var(answers, axis=0).sum(axis=-1))


def tokens(weights, values):
    return weights.T @ values / weights.sum(axis=0)[:, np.newaxis]


_RNG = np.random.default_rng(6)

BOOK = Book(
    {
        "flow-06a": Exercise(
            todo="write break_even(solver_seconds, network_seconds, data_seconds, training_seconds): the number of flows after which the network has saved time.",
            reference=break_even,
            arguments=[(0.05, 0.01, 50.0, 100.0), (2.0, 0.5, 300.0, 0.0)],
            mistakes=[
                (
                    lambda s, n, d, t: t / (s - n),
                    "The training data had to be computed too: add their seconds.",
                ),
                (
                    lambda s, n, d, t: (d + t) / s,
                    "The network takes time as well: each flow saves only the difference.",
                ),
            ],
        ),
        "flow-06b": Exercise(
            todo="write disagreement(answers): for answers (members, ny, nx, 2) the root of the variance over the members, summed over both components.",
            reference=disagreement,
            arguments=[(_RNG.normal(size=(3, 4, 5, 2)),), (_RNG.normal(size=(2, 2, 2, 2)),)],
            mistakes=[
                (
                    lambda a: np.sqrt(np.var(a, axis=0)),
                    "This keeps both components. Sum their variances, then take the root.",
                ),
                (
                    lambda a: np.var(a, axis=0).sum(axis=-1),
                    "That is a squared speed. Take the root, so that it can be compared with an error.",
                ),
                (
                    lambda a: np.sqrt(np.var(a, axis=0, ddof=1).sum(axis=-1)),
                    "The variance over these members divides by their number, not by one less: torch.var and pandas do the latter.",
                ),
                (
                    lambda a: np.std(a, axis=0).sum(axis=-1),
                    "Add the variances first, and take the root of the sum.",
                ),
            ],
        ),
        "flow-06c": Exercise(
            todo='set rival to the comparison that a fair speed-up needs: "slowest solver", "converged solver" or "solver of equal error".',
            reference="solver of equal error",
            mistakes=[
                (
                    "slowest solver",
                    "A slow program makes any rival look fast. It says nothing about the method.",
                ),
                (
                    "converged solver",
                    "That solver delivers four digits, the network delivers two: the products differ.",
                ),
            ],
        ),
        "flow-06d": Exercise(
            todo="write tokens(weights, values): for weights (places, slices) and values (places, channels) the weighted mean of the values in each slice, (slices, channels).",
            reference=tokens,
            arguments=[(_RNG.random((12, 3)), _RNG.normal(size=(12, 4)))],
            mistakes=[
                (
                    lambda weights, values: weights.T @ values,
                    "This is a sum: on a grid with four times the cells each token would be four times as large. Divide by the sum of the weights.",
                ),
                (
                    lambda weights, values: weights.T @ values / len(weights),
                    "This divides by the number of places. A slice with few of them would fade: divide by the sum of its own weights.",
                ),
                (
                    lambda weights, values: weights.T @ values / weights.sum(),
                    "This divides by the weights of all slices together. Each slice has its own sum: weights.sum(axis=0).",
                ),
            ],
        ),
    },
    {
        "flow-06-q1": Question(
            "One paper reports a speed-up of 10, another of 10,000, for similar networks. What is the likeliest reason?",
            {
                "A": "The second network is a thousand times smaller.",
                "B": "They compare with different solvers: a fast one, and a slow one that runs far past the needed accuracy.",
                "C": "The second one has a better activation function.",
            },
            right="B",
            feedback={
                "A": "Then its error would be of another kind too.",
                "B": "The denominator of a speed-up is a choice. Ask for the solver, its hardware and its error.",
                "C": "Activations change the time of a network by a few per cent.",
            },
        ),
        "flow-06-q2": Question(
            "All members of a committee agree closely on a flow at a Reynolds number that none was trained for. What follows?",
            {
                "A": "The prediction is right.",
                "B": "Nothing: they share what they do not know.",
                "C": "The committee is too small.",
            },
            right="B",
            feedback={
                "A": "They answer for the Reynolds number of their training set, all of them.",
                "B": "Disagreement finds what members learned differently. The Reynolds number is no input: no member can know.",
                "C": "More members of the same kind share the same blind spot.",
            },
        ),
        "flow-06-q3": Question(
            "A network has learned on 32 rows. Asked on 96 rows, its error is that of 32 rows. What is gained over interpolating its answer on 32 rows?",
            {
                "A": "Detail: the finer grid shows more of the flow.",
                "B": "Freedom: it can be asked where one likes. The answer is about as good as the interpolated one.",
                "C": "Accuracy: on 96 rows the solver is better, so the network is, too.",
            },
            right="B",
            feedback={
                "A": "It has seen no detail finer than its 32 rows. Look at both of its rows in the table.",
                "B": "What the flows of 32 rows did not show, no architecture knows.",
                "C": "Its teacher was the solver on 32 rows. It has learned that one's errors as well.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
