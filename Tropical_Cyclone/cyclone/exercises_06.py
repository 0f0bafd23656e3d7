"""Exercises and checkpoint questions of notebook 06, A Better Model."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def gaussian_loss(error, sd):
    return 0.5 * (error / sd) ** 2 + np.log(sd)


def over_turns(predict, images):
    return np.mean([predict(np.rot90(images, k, (1, 2))) for k in range(4)], axis=0)


def storms_needed(storms, errors, goal):
    slope, offset = np.polyfit(np.log(storms), np.log(errors), 1)
    return np.exp((np.log(goal) - offset) / slope)


def _one_pixel(images):  # beside a corner, so that turns and mirror images move it to different places
    return images[:, 0, 1]


def _lopsided(images):
    return (images * np.arange(images.shape[2])).mean(axis=(1, 2)) ** 2 + images[:, 1, 0]


_PICTURES = np.random.default_rng(6).integers(0, 255, (3, 4, 4)).astype(float)

BOOK = Book(
    {
        "cyclone-06a": Exercise(
            todo="write gaussian_loss(error, sd): minus the logarithm of the normal density, without its constant.",
            reference=gaussian_loss,
            arguments=[
                (np.array([0.0, 2.0, -3.0]), np.array([1.0, 0.5, 4.0])),
                (np.array([1.0]), np.array([3.0])),
            ],
            mistakes=[
                (
                    lambda error, sd: 0.5 * (error / sd) ** 2,
                    "Without log(sd) the cheapest answer is an endless spread: nothing makes doubt expensive.",
                ),
                (
                    lambda error, sd: 0.5 * (error / sd) ** 2 - np.log(sd),
                    "The sign of log(sd) is wrong: the density is divided by sd, and the loss is minus its logarithm.",
                ),
                (
                    lambda error, sd: 0.5 * error**2 / sd + np.log(sd),
                    "The error is divided by sd before it is squared.",
                ),
            ],
        ),
        "cyclone-06b": Exercise(
            todo="write over_turns(predict, images): the mean answer over the four quarter turns of each image.",
            reference=over_turns,
            arguments=[(_one_pixel, _PICTURES), (_lopsided, _PICTURES)],
            mistakes=[
                (
                    lambda predict, images: predict(images),
                    "This asks once. Turn the images by 0, 90, 180 and 270 degrees and average the answers.",
                ),
                (
                    lambda predict, images: np.sum(
                        [predict(np.rot90(images, k, (1, 2))) for k in range(4)], axis=0
                    ),
                    "This is the sum of four answers: divide by four.",
                ),
                (
                    lambda predict, images: np.mean(
                        [predict(images[:, ::a, ::b]) for a in (1, -1) for b in (1, -1)], axis=0
                    ),
                    "These are mirror images. A mirrored storm belongs to the other hemisphere: use np.rot90.",
                ),
            ],
        ),
        "cyclone-06c": Exercise(
            todo="give the smallest turn, in degrees, that leaves the answer exactly the same with four poolings.",
            reference=90,
            mistakes=[
                (45, "That is with three poolings. A fourth one halves the number of angles once more."),
                (22.5, "One more pooling makes the steps coarser, not finer."),
                (16, "These are rows of the polar image. 64 of them are 360 degrees."),
            ],
        ),
        "cyclone-06d": Exercise(
            todo="write storms_needed(storms, errors, goal) from a straight line in log-log.",
            reference=storms_needed,
            arguments=[
                (np.array([15.0, 30.0, 60.0]), np.array([20.0, 16.0, 13.0]), 10.0),
                (np.array([10.0, 100.0]), np.array([8.0, 4.0]), 2.0),
            ],
            mistakes=[
                (
                    lambda storms, errors, goal: (
                        (goal - np.polyfit(storms, errors, 1)[1]) / np.polyfit(storms, errors, 1)[0]
                    ),
                    "This line is straight in storms and errors. Take the logarithm of both first.",
                ),
                (
                    lambda storms, errors, goal: (
                        (np.log(goal) - np.polyfit(np.log(storms), np.log(errors), 1)[1])
                        / np.polyfit(np.log(storms), np.log(errors), 1)[0]
                    ),
                    "This is the logarithm of the number of storms: np.exp brings it back.",
                ),
            ],
        ),
    },
    {
        "cyclone-06-q1": Question(
            text="You may have 3,000 more images. Which do you ask for?",
            options={
                "A": "Images between those you have: every 15 minutes instead of every 30.",
                "B": "Copies of those you have, turned by a few degrees.",
                "C": "Images of storms that you have not seen yet.",
            },
            right="C",
            feedback={
                "A": "Neighbours in time look alike. The network learns the same storms a little better.",
                "B": "Augmentation makes them while training, for nothing. It brings no new storm.",
                "C": "A test storm is a new storm. Only other storms show the network how much storms differ.",
            },
        ),
        "cyclone-06-q2": Question(
            text="Network A has the lower error, and was trained four times as long as network B. What do you conclude?",
            options={
                "A": "A has the better architecture.",
                "B": "Nothing about the architectures: train both equally long.",
                "C": "B is more efficient.",
            },
            right="B",
            feedback={
                "A": "It may be the training. Give B the same time before you praise A.",
                "B": "Same storms, same split, same seconds: then the difference belongs to the network.",
                "C": "It cost less so far. Whether it would reach the same error, and when, is not measured.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
