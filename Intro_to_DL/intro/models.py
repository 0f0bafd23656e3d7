"""The convolutional networks of notebook 03, their training recipe, and the networks they are compared with."""

import keras
import numpy as np
from keras import layers

IMAGE = (28, 28, 1)  # height, width, channels of MNIST and Fashion-MNIST
NUM_CLASSES = 10


def conv_pool(filters: int) -> list[keras.Layer]:
    """One stage: 3x3 convolution, 2x2 max pooling, batch normalisation, ReLU.

    (batch, height, width, c) becomes (batch, height // 2, width // 2, filters). Pooling stands before
    normalisation and ReLU, so that these two handle a quarter of the numbers. The bias is left out,
    because batch normalisation has its own.
    """
    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.MaxPooling2D(2),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def mnist_cnn() -> keras.Sequential:
    """Three small stages for MNIST: (batch, 28, 28, 1) in 0 to 1, to probabilities (batch, 10).

    The first stage is one convolution of stride 2, so that nothing is computed at 28x28 pixels and 12 halves
    twice without a rest. Stages of 16, 32 and 64 channels (28 to 12 to 6 to 3 pixels), dropout, dense:
    29,834 parameters.
    """
    return keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(16, 6, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            *conv_pool(32),
            *conv_pool(64),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name="mnist_cnn",
    )


def fashion_cnn() -> keras.Sequential:
    """Three stages for Fashion-MNIST: (batch, 28, 28, 1) in 0 to 1, to probabilities (batch, 10).

    The images are mirrored at random while training (a mirrored shoe is a shoe; a mirrored 3 is no
    digit). Stages of 16, 48 and 96 channels (28 to 14 to 7 to 3 pixels), dropout, dense: 57,818
    parameters.
    """
    return keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.RandomFlip("horizontal"),
            *conv_pool(16),
            *conv_pool(48),
            *conv_pool(96),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name="fashion_cnn",
    )


def both_views(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Probabilities (n, classes), averaged over each image (n, 28, 28, 1) and its mirror image."""
    views = (images, images[:, :, ::-1])
    return np.mean([model.predict(view, batch_size=500, verbose=0) for view in views], axis=0)


def slide_cnn() -> keras.Sequential:
    """The MNIST network on the course's slide: (batch, 28, 28, 1) to (batch, 10); 1,199,882 parameters.

    The slide trains it with categorical cross-entropy (one-hot labels), Adadelta, batch 128, 12 epochs.
    """
    return keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name="slide_cnn",
    )


def original_cnn() -> keras.Sequential:
    """The Fashion-MNIST network of the original course: (batch, 28, 28, 1) to (batch, 10); 412,778 parameters.

    The original (``CNN's.ipynb``) trained it with Adam (1e-3), sparse categorical cross-entropy, batch 32,
    5 epochs, no validation data, and recorded a test accuracy of 0.9048. Flatten gives 7 * 7 * 32 = 1568
    numbers (its text said 1567).
    """
    return keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(64, 2, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 2, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name="original_cnn",
    )
