"""Exercises and checkpoint questions of notebook 10, Flow in Time."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def error_of(prediction, truth, mean):
    axes = tuple(range(1, truth.ndim))
    wrong = np.sqrt(np.sum((prediction - truth) ** 2, axis=axes))
    return wrong / np.sqrt(np.sum((truth - mean) ** 2, axis=axes))


def best_matrix(before, after):
    return np.linalg.lstsq(before, after, rcond=None)[0]


def roll_out(step, state, num_steps):
    states = []
    for _ in range(num_steps):
        state = step(state)
        states.append(state)
    return np.array(states)


def _error_arguments():
    rng = np.random.default_rng(10)
    truth = rng.normal(size=(5, 4, 6, 2))
    return [(truth + 0.1 * rng.normal(size=truth.shape), truth, rng.normal(size=(4, 6, 2)))]


def _matrix_arguments():
    rng = np.random.default_rng(11)
    before = rng.normal(size=(30, 3))
    return [(before, before @ rng.normal(size=(3, 3)) + 0.1 * rng.normal(size=(30, 3)))]


def _turn(state):
    return np.array([0.8 * state[0] - 0.6 * state[1], 0.6 * state[0] + 0.8 * state[1]])


BOOK = Book(
    {
        "flow-10a": Exercise(
            todo="write error_of(prediction, truth, mean): for each frame the size of the error over the size of truth - mean.",
            reference=error_of,
            arguments=_error_arguments(),
            mistakes=[
                (
                    lambda prediction, truth, mean: error_of(prediction, truth, 0 * mean),
                    "Take the mean flow off the truth first. It is most of the flow, and everybody knows it.",
                ),
                (
                    lambda prediction, truth, mean: error_of(prediction, truth, mean) ** 2,
                    "Take the roots of both sums.",
                ),
                (
                    lambda prediction, truth, mean: (
                        np.linalg.norm(prediction - truth) / np.linalg.norm(truth - mean)
                    ),
                    "This is one number for all frames. Sum over all axes but the first.",
                ),
            ],
        ),
        "flow-10b": Exercise(
            todo="write best_matrix(before, after): the matrix A for which before @ A is closest to after.",
            reference=best_matrix,
            arguments=_matrix_arguments(),
            mistakes=[
                (
                    lambda before, after: best_matrix(before, after).T,
                    "This is the transpose. Each row is a state, so it is multiplied from the right: before @ A.",
                ),
                (
                    lambda before, after: best_matrix(after, before),
                    "This goes back in time. The states before are given, those after are wanted.",
                ),
                (
                    lambda before, after: before @ best_matrix(before, after),
                    "This is what the matrix makes of the states. Return the matrix itself, (16, 16) in the notebook.",
                ),
            ],
        ),
        "flow-10c": Exercise(
            todo="write roll_out(step, state, num_steps): the states after 1, 2, ... num_steps steps, as one array.",
            reference=roll_out,
            arguments=[(_turn, np.array([1.0, 0.5]), 4)],
            mistakes=[
                (
                    lambda step, state, num_steps: np.array([step(state)] * num_steps),
                    "Every step starts from the same state. Feed each result into the next step.",
                ),
                (
                    lambda step, state, num_steps: np.concatenate(
                        [[state], roll_out(step, state, num_steps - 1)]
                    ),
                    "The start is no prediction. The first state of the result is that after one step.",
                ),
                (
                    lambda step, state, num_steps: roll_out(step, state, num_steps)[-1],
                    "This is the last state alone. Keep every state on the way.",
                ),
            ],
        ),
    },
    {
        "flow-10-q1": Question(
            text="A network predicts the next frame with an error of 1 %. What is its error after 100 steps?",
            options={
                "A": "About 100 %: errors add up.",
                "B": "About 10 %: errors add up like steps of a random walk.",
                "C": "The one-step error does not tell.",
            },
            right="C",
            feedback={
                "A": "If the step neither grows nor shrinks errors, and they all point one way. Here they are fed back.",
                "B": "If they were independent and stayed as they are. The next step changes what the last one did wrong.",
                "C": "What decides is what the step does to a state that is slightly wrong, and training never showed it one.",
            },
        ),
        "flow-10-q2": Question(
            text="A forecast stays sharp and swings for ever, but its period is 1 % too long. What happens to its error?",
            options={
                "A": "It stays at 1 %.",
                "B": "It grows until truth and forecast are in opposite phase, after 50 periods: twice the swing.",
                "C": "It falls, since the flow is periodic.",
            },
            right="B",
            feedback={
                "A": "One per cent of a period is lost in each period. Fifty of them are half a period.",
                "B": "The mean flow would score better by then. Statistics (period, largest lift, spectrum) are still right: say which you need.",
                "C": "It would fall again only after half a period has been lost.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
