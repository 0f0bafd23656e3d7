"""Exercises and checkpoint questions of notebook 05, Residual U-Nets."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def concat_elu(x):
    return elu(np.concatenate([x, -x], axis=-1))


def velocity_of(psi):
    u = np.diff((psi[:, 1:] + psi[:, :-1]) / 2, axis=0)
    v = -np.diff((psi[1:] + psi[:-1]) / 2, axis=1)
    return np.stack([u, v], axis=-1)


def keep_waves(signal, modes):
    waves = np.fft.rfft(signal)
    waves[modes:] = 0
    return np.fft.irfft(waves, len(signal))


def _kept_high(signal, modes):
    waves = np.fft.rfft(signal)
    waves[:modes] = 0
    return np.fft.irfft(waves, len(signal))


_X = np.array([[-2.0, 0.5, 1.0], [0.0, -0.1, 3.0]])
_PSI = np.random.default_rng(5).normal(size=(4, 6))
_SIGNAL = np.random.default_rng(6).normal(size=16)

BOOK = Book(
    {
        "flow-05a": Exercise(
            todo="write concat_elu(x): the ELU of x and of -x, side by side along the last axis.",
            reference=concat_elu,
            arguments=[(_X,), (_X[:1],)],
            mistakes=[
                (
                    lambda x: np.concatenate([elu(x), -elu(x)], axis=-1),
                    "The minus sign belongs inside: the second half is the ELU of -x.",
                ),
                (
                    lambda x: elu(np.concatenate([-x, x], axis=-1)),
                    "The order is x first, then -x.",
                ),
                (
                    lambda x: np.maximum(np.concatenate([x, -x], axis=-1), 0),
                    "This is the concatenated ReLU. The ELU is exp(x) - 1 for negative x.",
                ),
            ],
        ),
        "flow-05b": Exercise(
            todo="write velocity_of(psi): u = dpsi/dy and v = -dpsi/dx at the cell centres, from psi on the corners.",
            reference=velocity_of,
            arguments=[(_PSI,), (_PSI.T,)],
            mistakes=[
                (
                    lambda psi: velocity_of(psi) * np.array([1, -1]),
                    "v is minus the derivative along x. With a plus the flow has sources.",
                ),
                (
                    lambda psi: velocity_of(psi)[..., ::-1],
                    "u comes first: the derivative along y, the first axis of the array.",
                ),
                (
                    lambda psi: 2 * velocity_of(psi),
                    "The mean of two neighbours is their sum divided by 2.",
                ),
            ],
        ),
        "flow-05c": Exercise(
            todo="write keep_waves(signal, modes): the signal with only its lowest waves.",
            reference=keep_waves,
            arguments=[(_SIGNAL, 3), (_SIGNAL, 1), (_SIGNAL, 9)],
            mistakes=[
                (
                    _kept_high,
                    "This keeps the high waves and drops the low ones. The slow waves come first in rfft.",
                ),
                (
                    lambda signal, modes: keep_waves(signal, modes + 1),
                    "One wave too many: the constant is wave 0, so that modes = 1 keeps the mean alone.",
                ),
            ],
        ),
    },
    {
        "flow-05-q1": Question(
            text="What do the skip connections of a U-net carry?",
            options={
                "A": "Fine detail, past the coarse levels, to the place where the flow is painted.",
                "B": "The gradient only: they have no effect once the network is trained.",
                "C": "The error of the last epoch.",
            },
            right="A",
            feedback={
                "A": "The coarse levels see the whole channel and lose the edges. Skips bring the edges back.",
                "B": "They help gradients too, but they are part of every prediction.",
                "C": "A network keeps no error. Skips carry features of the present input.",
            },
        ),
        "flow-05-q2": Question(
            text="A network with a stream function has zero divergence, and a larger error than one without. What follows?",
            options={
                "A": "Its flow is wrong in ways that conserve mass.",
                "B": "The measurement must be wrong: a physical flow is accurate.",
                "C": "Divergence is of no use.",
            },
            right="A",
            feedback={
                "A": "A law kept exactly removes one kind of error, not all of them.",
                "B": "A body of another shape has a physical flow as well, and the wrong one here.",
                "C": "Whoever carries heat or dust with this flow needs it free of sources. It depends on the use.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
