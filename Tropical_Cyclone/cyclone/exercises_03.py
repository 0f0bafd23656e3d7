"""Exercises and checkpoint questions of notebook 03, Preprocessing and Model 1."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def alias(frequency, factor):
    new = frequency * factor % 1
    return min(new, 1 - new)


def cross_entropy(one_hot, probabilities):
    return -np.mean(np.sum(one_hot * np.log(probabilities), axis=1))


def _predictions():
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(8), size=5)
    return [
        (np.eye(8)[[0, 3, 3, 7, 2]], probabilities),
        (np.eye(3)[[1]], np.array([[0.06, 0.87, 0.07]])),
    ]


_DENSE = 9216 * 3584 + 3584
_ALL = 42_817_400

BOOK = Book(
    {
        "cyclone-03a": Exercise(
            todo="write alias(frequency, factor), the frequency that a wave seems to have after shrinking.",
            reference=alias,
            arguments=[(0.1, 4), (0.3, 4), (0.15, 4), (0.45, 4), (0.4, 3)],
            mistakes=[
                (
                    lambda frequency, factor: frequency * factor % 1,
                    "0.6 cycles per pixel look like 0.4: fold what lies between 0.5 and 1.",
                ),
                (
                    lambda frequency, factor: frequency * factor,
                    "Pixels cannot show more than 0.5 cycles each. Fold the result back.",
                ),
                (
                    lambda frequency, factor: frequency * factor % 0.5,
                    "Folding mirrors at 0.5, it does not start again from 0 there.",
                ),
                (
                    lambda frequency, factor: frequency / factor,
                    "Each new pixel covers several old ones, so there are more cycles per pixel, not fewer.",
                ),
            ],
        ),
        "cyclone-03b": Exercise(
            todo="set num_patches to the number of different 232 x 232 patches in an image of 256 x 256.",
            reference=625,
            mistakes=[
                (
                    576,
                    "24 is the number of spare pixels. The corner can stand at 0, 1, ... up to and with 24.",
                ),
                (24, "The patch moves in two directions, and it can also stay at 0."),
                (25, "25 positions in one direction. There are two directions."),
                (65536, "The patch must fit into the image: its corner cannot stand at every pixel."),
            ],
        ),
        "cyclone-03c": Exercise(
            todo="set share to the part of all parameters, 0 to 1, that sits in the first dense layer.",
            reference=_DENSE / _ALL,
            rtol=5e-3,
            mistakes=[
                (3584 / _ALL, "Every output of the layer is connected with every one of its 9,216 inputs."),
                ((3584 * 2048 + 2048) / _ALL, "That is the second dense layer."),
                (_DENSE, "That is the number of parameters. Divide by that of the whole network."),
                (100 * _DENSE / _ALL, "A share lies between 0 and 1; this is in per cent."),
            ],
        ),
        "cyclone-03d": Exercise(
            todo="write cross_entropy(one_hot, probabilities), the mean loss of the images.",
            reference=cross_entropy,
            arguments=_predictions(),
            mistakes=[
                (
                    lambda one_hot, p: -np.mean(np.sum(one_hot * np.log10(p), axis=1)),
                    "That is the logarithm to base 10, as on the slide. Keras takes the natural one, np.log.",
                ),
                (
                    lambda one_hot, p: -np.mean(one_hot * np.log(p)),
                    "You divided by images times classes. Sum over the classes, then take the mean over the images.",
                ),
                (
                    lambda one_hot, p: np.mean(np.sum(one_hot * np.log(p), axis=1)),
                    "The sign is missing: the logarithm of a probability is negative, a loss is positive.",
                ),
                (
                    lambda one_hot, p: (
                        -np.mean(np.sum(one_hot * np.log(p) + (1 - one_hot) * np.log(1 - p), axis=1))
                    ),
                    "That is the binary cross-entropy of eight yes-or-no questions. Only the true class counts here.",
                ),
            ],
        ),
    },
    {
        "cyclone-03-q1": Question(
            text="A grey image is fed to Model 1 as three equal channels. What does the network gain over one channel?",
            options={
                "A": "Three times the information.",
                "B": "Nothing: the three kernels act like one, their sum.",
                "C": "It becomes invariant to brightness.",
            },
            right="B",
            feedback={
                "A": "The channels are copies. A copy holds no new information.",
                "B": "Convolution is linear, so equal channels see only the sum of their kernels. It costs "
                "12,800 more parameters.",
                "C": "All three channels brighten together, and so does the result.",
            },
        ),
        "cyclone-03-q2": Question(
            text="A network of eight classes is right in 30 % of the test frames. What do you ask first?",
            options={
                "A": "How often is the most frequent class right?",
                "B": "How many parameters does the network have?",
                "C": "Nothing: chance is 12.5 %, so it has learned a lot.",
            },
            right="A",
            feedback={
                "A": "If 30 % of the frames are tropical storms, a constant answer does just as well.",
                "B": "That does not tell whether 30 % is good.",
                "C": "Chance is 12.5 % only if all classes are equally frequent and the guesses are random.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
