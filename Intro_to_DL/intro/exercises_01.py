"""Exercises and checkpoint questions of notebook 01, Learning as Curve Fitting."""

import numpy as np
import torch

from utils.exercises import Book, Exercise, Question


def largest_stable_rate(hessian):
    return 2 / np.linalg.eigvalsh(hessian).max()


def relu_backward(grad_output, pre_activation):
    return grad_output * (pre_activation > 0)


def absolute_loss(prediction, target):
    return (prediction - target).abs().mean()


def hat(x):
    def relu(z):
        return np.maximum(z, 0)

    return relu(x + 1) - 2 * relu(x) + relu(x - 1)


_HESSIANS = [
    (np.array([[2.0, 0.0], [0.0, 8.0]]),),
    (np.array([[27.0, 6.0], [6.0, 2.0]]),),
]
_GRADIENTS = [
    (np.array([[1.5, -2.0, 0.5]]), np.array([[0.3, -0.7, 2.0]])),
    (np.array([[4.0, 3.0], [-1.0, 2.0]]), np.array([[-1.0, 0.2], [2.5, -3.0]])),
]
_READINGS = [
    (torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 2.0, 7.0])),
    (torch.tensor([0.0, -1.0]), torch.tensor([-0.25, 1.0])),
]

BOOK = Book(
    {
        "intro-01a": Exercise(
            todo="write largest_stable_rate(hessian): the learning rate at which gradient descent "
            "just stops converging.",
            reference=largest_stable_rate,
            arguments=_HESSIANS,
            mistakes=[
                (
                    lambda hessian: 1 / np.linalg.eigvalsh(hessian).max(),
                    "This rate reaches the bottom of the steepest direction in one step. "
                    "Descent still converges up to twice that rate.",
                ),
                (
                    lambda hessian: 2 / np.linalg.eigvalsh(hessian).min(),
                    "This uses the flattest direction. The steepest direction diverges first.",
                ),
                (
                    lambda hessian: 2 / np.trace(hessian),
                    "The trace is the sum of all curvatures. Only the largest one sets the limit.",
                ),
            ],
        ),
        "intro-01b": Exercise(
            todo="write relu_backward(grad_output, pre_activation): the gradient that passes back through a ReLU.",
            reference=relu_backward,
            arguments=_GRADIENTS,
            mistakes=[
                (
                    lambda grad_output, pre_activation: grad_output,
                    "The gradient passes only where the neuron was active. Where it was off, nothing passes.",
                ),
                (
                    lambda grad_output, pre_activation: grad_output * np.maximum(pre_activation, 0),
                    "This multiplies by the value of the ReLU. The chain rule asks for its slope, 0 or 1.",
                ),
                (
                    lambda grad_output, pre_activation: (pre_activation > 0).astype(float),
                    "This is the slope of the ReLU. Multiply it by the gradient that comes from behind.",
                ),
            ],
        ),
        "intro-01c": Exercise(
            todo="change squared_loss into absolute_loss(prediction, target): the mean of absolute errors.",
            reference=absolute_loss,
            arguments=_READINGS,
            mistakes=[
                (
                    lambda prediction, target: (prediction - target).pow(2).mean(),
                    "This is still the squared loss: one error of 4 counts as much as 16 errors of 1.",
                ),
                (
                    lambda prediction, target: (prediction - target).mean(),
                    "Errors of opposite sign cancel here. Take the absolute value before the mean.",
                ),
                (
                    lambda prediction, target: (prediction - target).mean().abs(),
                    "The absolute value comes after the mean, so errors of opposite sign have cancelled already.",
                ),
                (
                    lambda prediction, target: (prediction - target).abs().sum(),
                    "This is the sum. A mean does not grow with the number of points.",
                ),
            ],
        ),
        "intro-01d": Exercise(
            todo="write hat(x): a triangle of height 1 on -1 < x < 1, zero elsewhere, from three ReLUs.",
            reference=hat,
            arguments=[(np.array([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.5]),)],
            mistakes=[
                (
                    lambda x: np.maximum(x + 1, 0) - np.maximum(x, 0),
                    "This ramp goes up to 1 and stays there. Subtract one more to turn it down.",
                ),
                (
                    lambda x: np.maximum(x + 1, 0) - 2 * np.maximum(x, 0),
                    "The triangle is right up to x = 1, and then it goes on falling. One more ReLU stops it.",
                ),
            ],
        ),
    },
    {
        "intro-01-q1": Question(
            text="A model has training loss 0.30 and validation loss 0.31. The noise of the data gives about 0.003. "
            "What helps?",
            options={
                "A": "More data of the same kind.",
                "B": "A model with more capacity.",
                "C": "Stopping the training earlier.",
            },
            right="B",
            feedback={
                "A": "More data closes a gap between the two losses. Here there is almost no gap.",
                "B": "Both losses are far above the noise, and they agree: the model cannot bend enough.",
                "C": "Stopping early helps when the validation loss rises while the training loss falls.",
            },
        ),
        "intro-01-q2": Question(
            text="You have 300 samples, each with 12 measured quantities, and want to predict one number. "
            "What do you try first?",
            options={
                "A": "A linear regression and a random forest, with a validation set.",
                "B": "A deep network with many layers, because it can approximate any function.",
                "C": "A convolutional network, because it finds features by itself.",
            },
            right="A",
            feedback={
                "A": "Small tables are where traditional machine learning is strong. It also gives you the number to beat.",
                "B": "That it can approximate any function does not say that 300 samples are enough to find the function.",
                "C": "A convolution uses neighbourhood, as in an image. Twelve quantities in a table have no neighbours.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
