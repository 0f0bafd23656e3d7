"""Exercises and checkpoint questions of notebook 02, Your First Classifier."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def distance(first, second):
    difference = first.astype(float) - second.astype(float)
    return np.sqrt((difference**2).sum())


def _distance_in_bytes(first, second):
    return np.sqrt(((first - second) ** 2).sum())


def cross_entropy(probabilities, label):
    return -np.log(probabilities[label])


_RANDOM = np.random.default_rng(2)
_IMAGE_PAIRS = [
    tuple(_RANDOM.integers(0, 256, (2, 28, 28)).astype(np.uint8)),
    (np.full((28, 28), 10, np.uint8), np.full((28, 28), 13, np.uint8)),
]
_PREDICTIONS = [
    (np.array([0.1, 0.7, 0.2]), 1),
    (np.array([0.5, 0.25, 0.25]), 2),
]

BOOK = Book(
    {
        "intro-02a": Exercise(
            todo="write distance(first, second): the Euclidean distance between two uint8 images.",
            reference=distance,
            arguments=_IMAGE_PAIRS,
            mistakes=[
                (
                    _distance_in_bytes,
                    "The type uint8 holds 0 to 255 and no negative number: 10 - 13 gives 253. "
                    "Convert both images to float first.",
                ),
                (
                    lambda first, second: distance(first, second) ** 2,
                    "This is the squared distance. Take the square root.",
                ),
                (
                    lambda first, second: np.abs(first.astype(float) - second.astype(float)).sum(),
                    "This is the sum of absolute differences. The Euclidean distance squares them first.",
                ),
            ],
        ),
        "intro-02b": Exercise(
            todo="give the number of parameters of a network 784 - 300 - 10.",
            reference=784 * 300 + 300 + 300 * 10 + 10,
            mistakes=[
                (784 * 300 + 300 * 10, "You counted the weights. Every neuron also has one bias."),
                (784 * 300 + 300, "This is the hidden layer. The output layer has parameters as well."),
                (101_770, "This is the network with 128 hidden neurons. Use 300."),
            ],
            rtol=0,
            atol=0.5,
        ),
        "intro-02c": Exercise(
            todo="write cross_entropy(probabilities, label): the loss of one image.",
            reference=cross_entropy,
            arguments=_PREDICTIONS,
            mistakes=[
                (
                    lambda probabilities, label: np.log(probabilities[label]),
                    "The sign is wrong: a loss is positive, and smaller is better.",
                ),
                (
                    lambda probabilities, label: -np.log10(probabilities[label]),
                    "Use the natural logarithm, np.log, not the one of base 10.",
                ),
                (
                    lambda probabilities, label: -np.log(probabilities).sum(),
                    "Only the probability of the true class counts. Pick it with the label.",
                ),
                (
                    lambda probabilities, label: 1 - probabilities[label],
                    "This is one minus the probability. The cross-entropy takes its logarithm.",
                ),
            ],
        ),
        "intro-02d": Exercise(
            todo="choose A, B or C.",
            reference="B",
            mistakes=[
                (
                    "A",
                    "The fourth column is already a test score. Naming the winner after looking at it is "
                    "the very mistake.",
                ),
                ("C", "A mean over networks that you will not use says little about the one that you will."),
            ],
        ),
    },
    {
        "intro-02-q1": Question(
            text="Why is the label one-hot encoded, and not used as a number from 0 to 9?",
            options={
                "A": "A computer cannot store the class as a number.",
                "B": "Numbers would say that a bag (8) is nearer to a sneaker (7) than to a T-shirt (0).",
                "C": "Ten outputs make the network larger, and larger networks are better.",
            },
            right="B",
            feedback={
                "A": "It can, and the file does. The question is what the numbers would mean to the loss.",
                "B": "Class numbers are names. One-hot vectors all have the same distance from each other.",
                "C": "The number of outputs follows from the number of classes. It is no measure of quality.",
            },
        ),
        "intro-02-q2": Question(
            text="A network scores 99 % on its training images and 88 % on the validation images. "
            "Which number do you report to a colleague who wants to use it?",
            options={
                "A": "99 %: it is the highest number that you measured.",
                "B": "88 %: it is the accuracy on images that did not set the weights.",
                "C": "Neither: measure once on the test set, after all choices are made.",
            },
            right="C",
            feedback={
                "A": "A table of all training images would score 100 % here and know nothing of new ones.",
                "B": "Close. But you used the validation images to choose among settings, so 88 % is a "
                "little too good.",
                "C": "The test set chose neither the weights nor the settings. It is the only fair judge.",
            },
        ),
        "intro-02-q3": Question(
            text="You shuffle the pixels of all images with one fixed permutation and train a fully "
            "connected network. What do you expect?",
            options={
                "A": "Chance level, about 10 %: the pictures are noise now.",
                "B": "About the same accuracy as before.",
                "C": "A large drop, because neighbouring pixels no longer belong together.",
            },
            right="B",
            feedback={
                "A": "To your eye they are noise. Each pixel still carries the same number in every image.",
                "B": "The network has one weight per pixel and no notion of neighbours. The order is "
                "nothing to it. The next cells measure it.",
                "C": "That would hold for a network that knows which pixels are neighbours. This one does not.",
            },
        ),
    },
)

check, quiz = BOOK.check, BOOK.quiz
