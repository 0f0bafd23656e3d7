"""Exercises and checkpoint questions of notebook 06, Using Your GPU."""

import numpy as np

from utils.exercises import Book, Exercise, Question

SMALL_GRADIENTS = np.array([2e-3, 5e-6, 2e-8, 3e-10])


def whole_speedup(share, speedup):
    return 1 / ((1 - share) + share / speedup)


def round_mantissa(values, bits):
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2.0 ** (bits + 1)) / 2.0 ** (bits + 1), exponent)


def _without_hidden_bit(values, bits):
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent)


def _cut_off(values, bits):
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.trunc(mantissa * 2.0 ** (bits + 1)) / 2.0 ** (bits + 1), exponent)


def smallest_loss_scale(gradients):
    scale = 1
    while np.any(np.float16(gradients * scale) == 0):
        scale *= 2
    return scale


_VALUES = np.array([np.pi, -1 / 3, 0.0, 1.0, 1234.567, -6.02e-5, 0.1])

BOOK = Book(
    {
        "intro-06a": Exercise(
            todo="write whole_speedup(share, speedup): the gain of the whole when only a share gets faster.",
            reference=whole_speedup,
            arguments=[(0.5, 10.0), (0.95, 20.0), (0.2, 1000.0)],
            mistakes=[
                (
                    lambda share, speedup: (1 - share) + share * speedup,
                    "This averages the speed-ups. Add the times first, then take the ratio.",
                ),
                (
                    lambda share, speedup: speedup / share,
                    "This counts only the accelerated part. The rest still takes its 1 - share.",
                ),
                (
                    lambda share, speedup: (1 - share) + share / speedup,
                    "This is the new time. The speed-up is the old time, 1, divided by it.",
                ),
            ],
        ),
        "intro-06b": Exercise(
            todo="write round_mantissa(values, bits): keep that many mantissa bits, round to nearest.",
            reference=round_mantissa,
            arguments=[(_VALUES, 7), (_VALUES, 10), (_VALUES, 23)],
            mistakes=[
                (
                    _without_hidden_bit,
                    "One bit is lost: the leading 1 is not stored, so it comes on top of the mantissa bits.",
                ),
                (_cut_off, "This cuts the surplus bits off. Hardware rounds to the nearest value."),
            ],
            rtol=1e-12,
            atol=1e-15,
        ),
        "intro-06c": Exercise(
            todo="find the smallest power of two that keeps all four gradients above zero in float16.",
            reference=smallest_loss_scale(SMALL_GRADIENTS),
            mistakes=[
                (1, "That is no scaling: two of the four gradients become zero."),
                (64, "Close: the smallest gradient is still rounded to zero. Double once more."),
                (256, "All four survive, and one doubling fewer would do as well."),
                (65536, "All four survive, but a much smaller factor does as well."),
            ],
        ),
    },
    {
        "intro-06-q1": Question(
            "The table shows one GPU: memory 14,800 of 15,360 MB used, utilisation 0 %, and one process, "
            "python, that belongs to you. Your new notebook stops with an out-of-memory error. What is going on?",
            {
                "A": "The GPU is broken.",
                "B": "An older notebook kernel still holds the memory.",
                "C": "The new network is too large for this GPU.",
            },
            "B",
            {
                "A": "A broken GPU would not answer the driver at all.",
                "B": "Memory in use with no computation is the mark of a forgotten kernel. Shut it down.",
                "C": "You cannot tell yet: almost nothing is free. Free the memory first, then try again.",
            },
        ),
        "intro-06-q2": Question(
            "One training step takes 100 ms: 70 ms to prepare the data on the CPU, 5 ms to copy it, 25 ms to "
            "compute on the GPU. Which single change helps most?",
            {
                "A": "Mixed precision, which makes the computation twice as fast.",
                "B": "A GPU that computes four times as fast.",
                "C": "Preparing the next batch in the background while the GPU computes.",
            },
            "C",
            {
                "A": "That saves 12.5 of 100 ms. The data would still take 70.",
                "B": "That saves about 19 of 100 ms, and the expensive GPU then waits even more.",
                "C": "Both now run at the same time, so a step takes about 70 ms. Then make the 70 ms shorter.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
