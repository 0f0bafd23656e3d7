"""Exercises and checkpoint questions of notebook 04, Going Deep: Residual Networks."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def residual(h, first, second):
    change = np.maximum(h @ first, 0) @ second
    return np.maximum(h + change, 0)


def _layer_arguments():
    rng = np.random.default_rng(4)
    return [
        (rng.random((3, 5)), rng.normal(size=(5, 5)), rng.normal(size=(5, 5))),
        (rng.normal(size=(2, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))),
    ]


_BASIC = 2 * 3 * 3 * 256 * 256
_BOTTLENECK = 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256

BOOK = Book(
    {
        "intro-04a": Exercise(
            todo="set saving to the multiply-adds of the basic block divided by those of the bottleneck.",
            reference=_BASIC / _BOTTLENECK,
            rtol=5e-3,
            mistakes=[
                (_BASIC / 2 / _BOTTLENECK, "The basic block has two 3 x 3 convolutions. You counted one."),
                (
                    2 * 256 * 256 / _BOTTLENECK,
                    "A 3 x 3 kernel multiplies nine numbers per input channel. The basic block misses that factor.",
                ),
                (
                    _BASIC / (_BOTTLENECK - 64 * 256),
                    "The bottleneck has three convolutions: do not forget the last one, from 64 back to 256.",
                ),
                (_BOTTLENECK / _BASIC, "This is bottleneck divided by basic. Turn the ratio around."),
            ],
        ),
        "intro-04b": Exercise(
            todo="write residual(h, first, second), which returns ReLU(h + F(h)).",
            reference=residual,
            arguments=_layer_arguments(),
            mistakes=[
                (
                    lambda h, first, second: np.maximum(np.maximum(h @ first, 0) @ second, 0),
                    "This is the plain block. Add h to the result of F before the last ReLU.",
                ),
                (
                    lambda h, first, second: h + np.maximum(h @ first, 0) @ second,
                    "The last ReLU is missing: it comes after the addition.",
                ),
                (
                    lambda h, first, second: h + np.maximum(np.maximum(h @ first, 0) @ second, 0),
                    "The last ReLU must come after the addition, not before it.",
                ),
                (
                    lambda h, first, second: np.maximum(h + h @ first @ second, 0),
                    "The ReLU between the two products is missing. Without it they are one linear map.",
                ),
            ],
        ),
        "intro-04c": Exercise(
            todo="change one number in blocks so that the network has 101 layers.",
            reference=[3, 4, 23, 3],
            mistakes=[
                ([3, 4, 6, 3], "This is ResNet-50. Change the third number."),
                (
                    [3, 4, 57, 3],
                    "Each bottleneck block holds three layers. You added one block per missing layer.",
                ),
                ([3, 4, 24, 3], "Count the first convolution and the last dense layer as well."),
            ],
        ),
    },
    {
        "intro-04-q1": Question(
            text="In a plain network with batch normalisation the error signal is a thousand times larger at the "
            "first block than at the last. What happens in the first training steps?",
            options={
                "A": "The first layers learn nothing, because their gradient is too small.",
                "B": "The first layers change far too much, so the later layers see new inputs at every step.",
                "C": "Nothing bad: batch normalisation keeps the outputs of all layers in bounds.",
            },
            right="B",
            feedback={
                "A": "That is the plain network without normalisation. Here the gradient is large.",
                "B": "A learning rate that suits the last layers is far too large for the first ones, and the "
                "reverse.",
                "C": "It keeps the forward signal in bounds. The backward signal still grows from block to block.",
            },
        ),
        "intro-04-q2": Question(
            text="Network A reaches a higher test accuracy than network B. Which fact would make you doubt that "
            "its architecture is the reason?",
            options={
                "A": "A has fewer parameters than B.",
                "B": "A was trained with a falling learning rate and mirrored images, B with neither.",
                "C": "A is deeper than B.",
            },
            right="B",
            feedback={
                "A": "That speaks for the architecture of A, not against it.",
                "B": "Then architecture and recipe changed together. Train both with one recipe, or change one "
                "thing at a time.",
                "C": "Depth is a part of the architecture.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
