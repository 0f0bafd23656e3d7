"""Exercises and checkpoint questions of notebook 05, Class Imbalance."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def macro_recall(truth, predicted):
    return np.mean([np.mean(predicted[truth == k] == k) for k in np.unique(truth)])


def class_weights(labels, num_classes):
    return len(labels) / (num_classes * np.bincount(labels, minlength=num_classes))


def focal_loss(p, gamma):
    return -((1 - p) ** gamma) * np.log(p)


_TRUTH = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2])
_ANSWERS = [
    (_TRUTH, np.array([0, 0, 0, 0, 0, 1, 0, 1, 0])),
    (_TRUTH, np.array([0, 0, 2, 0, 0, 0, 1, 1, 2])),
]
_LABELS = [(np.array([0, 0, 0, 0, 0, 0, 1, 1]), 2), (np.array([2, 2, 1, 0, 2, 1, 2, 2, 2, 1]), 3)]
_SHARES = [(np.array([0.05, 0.5, 0.9, 0.99]), 2.0), (np.array([0.3, 0.7]), 1.0)]

BOOK = Book(
    {
        "cyclone-05a": Exercise(
            todo="write macro_recall(truth, predicted): the recall of each class, averaged over the classes.",
            reference=macro_recall,
            arguments=_ANSWERS,
            mistakes=[
                (
                    lambda truth, predicted: np.mean(truth == predicted),
                    "This is the accuracy: every frame counts alike, so the common class decides it.",
                ),
                (
                    lambda truth, predicted: np.mean(
                        [np.sum(predicted[truth == k] == k) / len(truth) for k in np.unique(truth)]
                    ),
                    "Divide the hits of a class by the frames of this class, not by all frames.",
                ),
            ],
        ),
        "cyclone-05b": Exercise(
            todo="write class_weights(labels, num_classes): weights that give every class the same total.",
            reference=class_weights,
            arguments=_LABELS,
            mistakes=[
                (
                    lambda labels, num_classes: 1 / np.bincount(labels, minlength=num_classes),
                    "The ratios are right. Scale them so that the weights of all frames add up to their number: "
                    "otherwise you change the size of the loss as well.",
                ),
                (
                    lambda labels, num_classes: len(labels) / np.bincount(labels, minlength=num_classes),
                    "All classes weigh the same now, but the loss grows by the number of classes. Divide by it.",
                ),
                (
                    lambda labels, num_classes: np.bincount(labels, minlength=num_classes) / len(labels),
                    "These are the shares of the classes: the common class would weigh most. Turn them over.",
                ),
            ],
        ),
        "cyclone-05c": Exercise(
            todo="write focal_loss(p, gamma) for the probability p that the network gives to the right class.",
            reference=focal_loss,
            arguments=_SHARES,
            mistakes=[
                (
                    lambda p, gamma: -np.log(p),
                    "This is cross-entropy. The focal loss multiplies it by (1 - p) to the power gamma.",
                ),
                (
                    lambda p, gamma: -(p**gamma) * np.log(p),
                    "This factor is large for sure answers and small for wrong ones: the opposite of what is asked.",
                ),
                (
                    lambda p, gamma: (1 - p) ** gamma * np.log(p),
                    "The sign is missing: log(p) is negative, and a loss is positive.",
                ),
            ],
        ),
        "cyclone-05d": Exercise(
            todo="count the turns and mirror images of a square picture that keep a northern storm a northern storm.",
            reference=4,
            mistakes=[
                (
                    8,
                    "Eight is all of them. Half of them mirror the picture, and a mirrored spiral turns the other way.",
                ),
                (3, "Three turns change the picture. Leaving it as it is counts as well."),
                (2, "A turn by 90 degrees is allowed as well: a cyclone has no preferred side."),
            ],
        ),
    },
    {
        "cyclone-05-q1": Question(
            text="A network names the right class for 60 % of the frames. Of the frames of class NC it finds none. "
            "Which figure tells you?",
            options={
                "A": "The accuracy on more test frames of the same kind.",
                "B": "The recall of each class.",
                "C": "The cross-entropy on the training frames.",
            },
            right="B",
            feedback={
                "A": "More frames make the accuracy more precise. It still averages over frames, and few are NC.",
                "B": "Recall looks at one class at a time. Average it over the classes, and you have macro recall.",
                "C": "The loss on training frames averages over frames too, and it says nothing about unseen storms.",
            },
        ),
        "cyclone-05-q2": Question(
            text="You want to oversample class H5. When do you copy its frames?",
            options={
                "A": "Before the split, so that both sides have enough of them.",
                "B": "After the split, on both sides.",
                "C": "After the split, and only among the training frames.",
            },
            right="C",
            feedback={
                "A": "Then copies of one frame lie on both sides, and the test asks what was learned by heart.",
                "B": "Copies in the test add no information. They change what the score stands for.",
                "C": "The test stays what it is: storms as nature gives them, each frame once.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
