"""Exercises and checkpoint questions of notebook 11, Generative Flow."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def between(noise, data, time):
    return (1 - time) * noise + time * data


def euler(velocity, state, num_steps):
    for number in range(num_steps):
        state = state + velocity(state, number / num_steps) / num_steps
    return state


def fair_crps(samples, truth):
    m = len(samples)
    miss = np.abs(samples - truth).mean(axis=0)
    spread = np.abs(samples[:, None] - samples[None]).sum(axis=(0, 1))
    return miss - spread / (2 * m * (m - 1))


def _between_arguments():
    rng = np.random.default_rng(11)
    return [(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.random((4, 1)))]


def _turning(state, time):
    return np.array([-state[1], state[0]]) * (1 + time)


def _crps_arguments():
    rng = np.random.default_rng(12)
    return [(rng.normal(size=(6, 5)), rng.normal(size=5))]


BOOK = Book(
    {
        "flow-11a": Exercise(
            todo="write between(noise, data, time): the point of the straight line that is noise at time 0 and data at time 1.",
            reference=between,
            arguments=_between_arguments(),
            mistakes=[
                (
                    lambda noise, data, time: between(data, noise, time),
                    "This begins with the data and ends in noise. At time 0 it must be the noise.",
                ),
                (
                    lambda noise, data, time: noise + time * data,
                    "At time 1 this is noise plus data. The noise must be gone by then: times (1 - time).",
                ),
                (
                    lambda noise, data, time: (noise + data) / 2,
                    "This is always the middle. The point depends on the time.",
                ),
            ],
        ),
        "flow-11b": Exercise(
            todo="write euler(velocity, state, num_steps): follow velocity(state, time) from time 0 to 1 in equal steps.",
            reference=euler,
            arguments=[(_turning, np.array([1.0, 0.5]), 5)],
            mistakes=[
                (
                    lambda velocity, state, num_steps: state + velocity(state, 0.0),
                    "This is one step, however many are asked for.",
                ),
                (
                    lambda velocity, state, num_steps: euler(lambda s, t: velocity(s, 0.0), state, num_steps),
                    "The time stands still. In step k it is k / num_steps.",
                ),
                (
                    lambda velocity, state, num_steps: euler(
                        lambda s, t: num_steps * velocity(s, t), state, num_steps
                    ),
                    "Each step lasts 1 / num_steps. Divide the velocity by num_steps.",
                ),
            ],
        ),
        "flow-11c": Exercise(
            todo="write fair_crps(samples, truth): mean |sample - truth| minus half the mean |sample - other sample|.",
            reference=fair_crps,
            arguments=_crps_arguments(),
            mistakes=[
                (
                    lambda samples, truth: (
                        np.abs(samples - truth).mean(axis=0)
                        - np.abs(samples[:, None] - samples[None]).mean(axis=(0, 1)) / 2
                    ),
                    "This counts each sample as another of itself. There are m (m - 1) pairs of different ones.",
                ),
                (
                    lambda samples, truth: np.abs(samples.mean(axis=0) - truth),
                    "This is the error of the mean of the samples. Their spread is part of the answer.",
                ),
                (
                    lambda samples, truth: np.abs(samples - truth).mean(axis=0),
                    "The second term is missing. Without it the best forecast would have no spread at all.",
                ),
            ],
        ),
    },
    {
        "flow-11-q1": Question(
            text="A network is trained on snapshots of a wake at random moments, by the squared error, until nothing improves. What does it draw?",
            options={
                "A": "The most frequent snapshot.",
                "B": "The mean of all snapshots, which no moment ever looks like.",
                "C": "Another snapshot each time it is asked.",
            },
            right="B",
            feedback={
                "A": "That would be the mode. The squared error is least at the mean.",
                "B": "It is the right answer to the question that the loss asks. Another question needs another loss.",
                "C": "A plain network has one answer for one input. Chance must come in as an input.",
            },
        ),
        "flow-11-q2": Question(
            text="Two forecasts have the same CRPS in every cell. One draws vortices, the other independent noise of the right size in each cell. What follows?",
            options={
                "A": "They are equally good.",
                "B": "The CRPS must have been computed wrongly.",
                "C": "A score of single cells cannot see how cells go together. Look at spectra or a score of whole fields.",
            },
            right="C",
            feedback={
                "A": "For a question about one cell, yes. For a load on a body, cells must fit each other.",
                "B": "It is right, cell by cell.",
                "C": "Averages over cells, forces and spectra all depend on it.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
