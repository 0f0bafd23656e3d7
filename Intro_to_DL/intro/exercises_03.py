"""Exercises and checkpoints of notebook 03, convolutional networks."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def _output_size(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def _max_pool(image):
    height, width = image.shape
    return image.reshape(height // 2, 2, width // 2, 2).max(axis=(1, 3))


def _mean_pool(image):
    height, width = image.shape
    return image.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def _unit(row: int, column: int) -> np.ndarray:
    kernel = np.zeros((3, 3))
    kernel[row, column] = 1
    return kernel


_small = np.array([[1.0, -2.0, 5.0, 0.0], [3.0, 4.0, -6.0, 2.0]])
_random = np.random.default_rng(3).normal(size=(6, 8))

BOOK = Book(
    {
        "intro-03a": Exercise(
            todo="Give the 3x3 kernel, as a NumPy array, that moves a picture one pixel to the right.",
            reference=_unit(1, 0),
            mistakes=[
                (
                    _unit(1, 2),
                    "This one moves the picture to the left. Ask which neighbour each pixel must copy.",
                ),
                (_unit(1, 1), "This kernel copies every pixel onto itself: the picture stays where it is."),
                (_unit(0, 1), "This one copies the neighbour above, so the picture moves down."),
                (_unit(2, 1), "This one copies the neighbour below, so the picture moves up."),
            ],
        ),
        "intro-03b": Exercise(
            todo="Write output_size(size, kernel, stride, padding): the number of windows along one axis.",
            reference=_output_size,
            arguments=[(28, 3, 1, 0), (10, 3, 1, 3), (28, 5, 2, 2), (27, 3, 2, 0), (7, 2, 2, 0)],
            mistakes=[
                (
                    lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
                    "You count the moves of the window. The first position counts as well: one more.",
                ),
                (
                    lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
                    "The padding is added on both sides of the picture, so it counts twice.",
                ),
                (
                    lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1,
                    "A window that does not fit completely is dropped: divide with //, not with /.",
                ),
            ],
        ),
        "intro-03c": Exercise(
            todo="Write max_pool(image): the largest value of each 2x2 block, without a loop.",
            reference=_max_pool,
            arguments=[(_small,), (_random,)],
            mistakes=[
                (_mean_pool, "This is average pooling. Take the largest value of each block, not the mean."),
                (
                    lambda image: image[::2, ::2],
                    "You keep the upper left pixel of each block. Compare all four and keep the largest.",
                ),
            ],
        ),
        "intro-03d": Exercise(
            todo="Give the parameters of the four layers with weights, as a list of four whole numbers.",
            reference=[320, 8224, 401664, 2570],
            mistakes=[
                (
                    [320, 8224, 1567 * 256 + 256, 2570],
                    "Flatten gives 7 * 7 * 32 = 1568 numbers. The original course printed 1567; multiply it out.",
                ),
                (
                    [256, 8192, 401408, 2560],
                    "You counted the weights. Each filter and each dense unit has one bias as well.",
                ),
                (
                    [320, 160, 401664, 2570],
                    "A filter of the second layer looks at all 64 channels below it, not at one.",
                ),
            ],
            rtol=1e-9,
        ),
    },
    {
        "intro-03-q1": Question(
            text=(
                "A network has three stages, each with a convolution (stride 1) and a 2x2 max pooling "
                "(stride 2). You move the picture by how many pixels, so that its last feature maps move "
                "exactly along?"
            ),
            options={
                "A": "By any number of pixels",
                "B": "By a multiple of 2 pixels",
                "C": "By a multiple of 8 pixels",
                "D": "Never, because pooling destroys the position",
            },
            right="C",
            feedback={
                "A": "That holds for convolutions with stride 1 alone. Each pooling keeps every second position.",
                "B": "That holds after the first pooling. Each further pooling doubles the number.",
                "C": "The strides multiply: 2 * 2 * 2 = 8 pixels of the picture are 1 pixel of the last map.",
                "D": "Pooling coarsens the position to a grid, but on that grid it is still exact.",
            },
        ),
        "intro-03-q2": Question(
            text=(
                "You have micrographs of a metal. You want the distribution of grain areas, and grains touch "
                "each other. Which task is this?"
            ),
            options={
                "A": "Classification",
                "B": "Object detection",
                "C": "Semantic segmentation",
                "D": "Instance segmentation",
            },
            right="D",
            feedback={
                "A": "One label for the whole micrograph tells you nothing about the single grains.",
                "B": "Boxes count the grains, but the area of a box is not the area of an irregular grain.",
                "C": "Every pixel would be called grain, and touching grains would merge into one.",
                "D": "Each grain gets its own mask. Its area is the number of pixels in the mask.",
            },
        ),
    },
)
check, quiz = BOOK.check, BOOK.quiz
