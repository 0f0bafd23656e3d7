"""Famous image classifiers as Keras models with random weights, and how deep a model is.

VGG-16, ResNet-50 and DenseNet-121 come from ``keras.applications``; the others are built here.
"""

import keras
from keras import layers

IMAGENET_CLASSES = 1000


def lenet5() -> keras.Model:
    """LeNet-5 (LeCun et al. 1998, doi:10.1109/5.726791), as written today: 61,706 parameters.

    The original joined only some of the maps in its third layer and learned its pooling: 60,000.
    """
    inputs = h = keras.Input((32, 32, 1))
    for filters in (6, 16):
        h = layers.Conv2D(filters, 5, activation="tanh")(h)
        h = layers.AveragePooling2D(2)(h)
    h = layers.Flatten()(layers.Conv2D(120, 5, activation="tanh")(h))
    h = layers.Dense(84, activation="tanh")(h)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(h), name="LeNet-5")


def alexnet() -> keras.Model:
    """AlexNet (Krizhevsky et al. 2012, doi:10.1145/3065386): 60,965,224 parameters.

    Three convolutions work in two groups, one for each of the two GPUs of 2012. The local response
    normalisation has no parameters and is left out.
    """
    inputs = keras.Input((227, 227, 3))
    h = layers.Conv2D(96, 11, 4, activation="relu")(inputs)
    h = layers.MaxPooling2D(3, 2)(h)
    h = layers.Conv2D(256, 5, padding="same", groups=2, activation="relu")(h)
    h = layers.MaxPooling2D(3, 2)(h)
    for filters, groups in ((384, 1), (384, 2), (256, 2)):
        h = layers.Conv2D(filters, 3, padding="same", groups=groups, activation="relu")(h)
    h = layers.Flatten()(layers.MaxPooling2D(3, 2)(h))
    for _ in range(2):
        h = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(h))
    return keras.Model(inputs, layers.Dense(IMAGENET_CLASSES, activation="softmax")(h), name="AlexNet")


INCEPTION_V1 = (  # GoogLeNet, table 1: 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; after the pooling
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)


def inception_v1() -> keras.Model:
    """Inception-v1, or GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842): 6,998,552 parameters.

    Without the two auxiliary classifiers that helped its training.
    """

    def conv(h, filters: int, kernel: int, strides: int = 1):
        return layers.Conv2D(filters, kernel, strides, padding="same", activation="relu")(h)

    def pool(h):
        return layers.MaxPooling2D(3, 2, padding="same")(h)

    inputs = keras.Input((224, 224, 3))
    h = pool(conv(inputs, 64, 7, 2))
    h = conv(conv(h, 64, 1), 192, 3)
    for stage in INCEPTION_V1:
        h = pool(h)
        for one, reduce_three, three, reduce_five, five, pooled in stage:
            branches = [
                conv(h, one, 1),
                conv(conv(h, reduce_three, 1), three, 3),
                conv(conv(h, reduce_five, 1), five, 5),
                conv(layers.MaxPooling2D(3, 1, padding="same")(h), pooled, 1),
            ]
            h = layers.Concatenate()(branches)
    h = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(h))
    return keras.Model(inputs, layers.Dense(IMAGENET_CLASSES, activation="softmax")(h), name="Inception-v1")


def from_keras(name: str) -> keras.Model:
    """``"VGG16"``, ``"ResNet50"`` or ``"DenseNet121"`` of ``keras.applications``, with random weights."""
    return getattr(keras.applications, name)(weights=None)


def depth(model: keras.Model) -> int:
    """Layers with weights (convolution or dense) on the longest way from input to output."""
    longest: dict[int, int] = {}
    for layer in model.layers:  # in an order in which inputs come first
        parents = [node.operation for node in layer._inbound_nodes[0].parent_nodes]
        counts = isinstance(layer, layers.Conv2D | layers.Dense)
        longest[id(layer)] = counts + max((longest[id(parent)] for parent in parents), default=0)
    return max(longest.values())
