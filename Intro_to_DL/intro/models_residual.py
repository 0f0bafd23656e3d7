"""Residual networks: the block, the networks of notebook 04, and the original course's ResNet."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
from keras import layers

from utils.training import one_cycle

Tensor: TypeAlias = Any  # keras.KerasTensor while a network is built


def conv_bn(
    h: Tensor,
    filters: int,
    kernel: int = 3,
    strides: int = 1,
    norm: bool = True,
    init: str = "glorot_uniform",
) -> Tensor:
    """Convolution with "same" padding, followed by batch normalisation if ``norm``."""
    conv = layers.Conv2D(filters, kernel, strides, padding="same", use_bias=not norm, kernel_initializer=init)
    return layers.BatchNormalization(momentum=0.9)(conv(h)) if norm else conv(h)


def residual_block(
    h: Tensor,
    filters: int,
    strides: int = 1,
    skip: bool = True,
    norm: bool = True,
    init: str = "glorot_uniform",
) -> Tensor:
    """ReLU(h + F(h)) with two 3x3 convolutions in F (He et al. 2015, arXiv:1512.03385, figure 2).

    Args:
        h: feature maps, shape (batch, height, width, channels).
        filters: channels of the result.
        strides: 2 halves height and width.
        skip: False leaves out the skip connection: a plain block of the same size.
        norm: with batch normalisation after each convolution.
        init: Keras name of the distribution of the starting weights.
    """
    z = layers.ReLU()(conv_bn(h, filters, 3, strides, norm, init))
    z = conv_bn(z, filters, norm=norm, init=init)
    if skip:
        if strides > 1:  # average, so that no pixel is thrown away
            h = layers.AveragePooling2D(strides, padding="same")(h)
        if h.shape[-1] != filters:
            h = conv_bn(h, filters, kernel=1, norm=norm, init=init)
        z = layers.Add()([h, z])
    return layers.ReLU()(z)


def stack(
    num_layers: int, skip: bool, norm: bool = True, width: int = 16, init: str = "glorot_uniform"
) -> keras.Model:
    """A deep narrow network whose layers are all alike: 7x7 pixels, ``width`` channels.

    Args:
        num_layers: layers with weights: one stem, an even number in blocks, one dense layer.
        skip: with skip connections (residual) or without (plain). Both have the same parameters.
        norm: with batch normalisation.
        width: channels.
        init: Keras name of the distribution of the starting weights.

    Raises:
        ValueError: ``num_layers`` is odd or below 4.
    """
    if num_layers % 2 or num_layers < 4:
        raise ValueError(f"num_layers is {num_layers}; choose an even number of at least 4.")
    inputs = keras.Input((28, 28, 1))
    h = layers.ReLU()(conv_bn(inputs, width, kernel=5, strides=4, norm=norm, init=init))
    for _ in range((num_layers - 2) // 2):
        h = residual_block(h, width, skip=skip, norm=norm, init=init)
    h = layers.GlobalAveragePooling2D()(h)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(h))


def fashion_resnet(
    widths: Sequence[int] = (16, 48, 96),
    strides: Sequence[int] = (2, 2),
    dropout: float = 0.3,
    shift: float = 0.0,
) -> keras.Model:
    """The residual network of notebook 04: (batch, 28, 28, 1) in 0 to 1, to probabilities (batch, 10).

    Mirroring (and shifting) while training, a stem of convolution and pooling that keeps 14x14 pixels,
    one residual block per further width, global average pooling, dropout, dense.

    Args:
        widths: channels of the stem and of each block.
        strides: of each block; 2 halves height and width.
        dropout: share of the averaged channels that is dropped while training.
        shift: largest shift of an image while training, as a share of its size.
    """
    inputs = keras.Input((28, 28, 1))
    h = layers.RandomFlip("horizontal")(inputs)
    if shift:
        h = layers.RandomTranslation(shift, shift, fill_mode="constant", interpolation="nearest")(h)
    h = layers.Conv2D(widths[0], 3, padding="same", use_bias=False)(h)
    h = layers.MaxPooling2D(2)(h)  # before normalisation and ReLU, which then handle a quarter
    h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    for width, stride in zip(widths[1:], strides, strict=True):
        h = residual_block(h, width, stride)
    h = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(h))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(h), name="fashion_resnet")


def one_cycle_sgd(num_images: int, epochs: int, batch_size: int, peak: float) -> keras.optimizers.SGD:
    """Descent with Nesterov momentum 0.9; the rate climbs for a fifth of the steps, then falls along a cosine.

    Args:
        num_images: training images per epoch.
        epochs: passes over the data; the rate reaches zero with the last step.
        batch_size: images per step.
        peak: highest learning rate.
    """
    rate = one_cycle(num_images, epochs, batch_size, peak)
    return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)


def _bottleneck(
    h: Tensor, filters: tuple[int, int, int], strides: int, project: bool, momentum: float
) -> Tensor:
    """1x1, 3x3, 1x1 convolutions and a skip (arXiv:1512.03385, figure 5), as the original wrote them."""

    def norm(x: Tensor) -> Tensor:
        return layers.BatchNormalization(momentum=momentum)(x)

    z = layers.ReLU()(norm(layers.Conv2D(filters[0], 1, strides)(h)))
    z = layers.ReLU()(norm(layers.Conv2D(filters[1], 3, padding="same")(z)))
    z = norm(layers.Conv2D(filters[2], 1)(z))
    if project:
        h = norm(layers.Conv2D(filters[2], 1, strides)(h))
    return layers.ReLU()(layers.Add()([h, z]))


def original_resnet(
    width: int = 64, stem: str = "original", blocks: tuple[int, int] = (3, 4), momentum: float = 0.99
) -> keras.Model:
    """The ResNet of the original course (``Resnets.ipynb``): 1,474,314 parameters.

    The original trained it with Adam (1e-3), batch 32, 5 epochs, no validation data, and recorded
    a test accuracy of 0.8713 on Fashion-MNIST, below its own convolutional network (0.9048).

    Args:
        width: channels of the stem; 64 is the original. Less makes a narrow copy for experiments.
        stem: ``"original"``, a 7x7 convolution of stride 2 and a 3x3 max-pooling of stride 2, which
            leave 6x6 pixels of 28x28; or ``"gentle"``, a 3x3 convolution of stride 2 (14x14 pixels).
        blocks: bottleneck blocks in each of the two stages; (3, 4) is the original.
        momentum: of the running batch statistics; 0.99 is the Keras default and the original.
    """
    inputs = keras.Input((28, 28, 1))
    if stem == "original":
        h = layers.ZeroPadding2D(3)(inputs)
        h = layers.Conv2D(width, 7, 2)(h)
    else:
        h = layers.Conv2D(width, 3, 2, padding="same")(inputs)
    h = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(h))
    if stem == "original":
        h = layers.MaxPooling2D(3, 2)(h)
    for stage, (filters, num_blocks) in enumerate(zip(((1, 1, 4), (2, 2, 8)), blocks, strict=True)):
        for block in range(num_blocks):
            strides = 2 if stage == 1 and block == 0 else 1
            first, second, third = (width * factor for factor in filters)
            h = _bottleneck(h, (first, second, third), strides, project=block == 0, momentum=momentum)
    h = (
        layers.AveragePooling2D(2, padding="same")(h)
        if stem == "original"
        else layers.GlobalAveragePooling2D()(h)
    )
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(h)))
