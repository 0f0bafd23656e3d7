"""Networks of the lab: Model 1 of the lecture, and small networks that answer in knots and in classes."""

import cv2
import keras
import numpy as np
from keras import layers, ops

from cyclone.tracks import CLASS_LIMITS_KT, COAST_BOX, is_land, within_180

CENTRE_KT, SCALE_KT = 55.0, 30.0  # networks see winds in these units, so that they are near 0 and 1
SMALLEST_SD_KT = 2.0  # best tracks come in steps of 5 kt, whose rounding alone has 1.4 kt
POLAR_ANGLES, POLAR_RADII = 64, 40


def model_1(
    num_classes: int = 8, channels: int = 3, narrower: int = 1, normalised: bool = False
) -> keras.Sequential:
    """The network of the lecture (Pradhan et al. 2018, doi:10.1109/TIP.2017.2766358): 42,817,400 parameters.

    Images (batch, 232, 232, channels) in 0 to 1, to probabilities (batch, num_classes). The lecture trains
    it with stochastic gradient descent and cross-entropy, the first edition of the course with rate 1e-3 and
    momentum 0.9.

    Args:
        num_classes, channels: of the answer, of the images.
        narrower: divides the width of every layer but the last.
        normalised: batch normalisation between each convolution and its ReLU.
    """

    def convolution(filters: int, size: int, **options) -> list[layers.Layer]:
        if not normalised:
            return [layers.Conv2D(filters // narrower, size, activation="relu", **options)]
        return [
            layers.Conv2D(filters // narrower, size, use_bias=False, **options),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
        ]

    return keras.Sequential(
        [
            keras.Input((232, 232, channels)),
            *convolution(64, 10, strides=3),
            layers.MaxPooling2D(3, 2),
            *convolution(256, 5),
            layers.MaxPooling2D(3, 2),
            *convolution(288, 3, padding="same"),
            layers.MaxPooling2D(2, 1),
            *convolution(272, 3, padding="same"),
            *convolution(256, 3),
            layers.MaxPooling2D(3, 2),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(3584 // narrower, activation="relu"),
            layers.Dense(2048 // narrower, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name="model_1",
    )


class TurnedInTraining(layers.Layer):
    """Turn images at random while training; a trained network sees them as they are.

    A turned cyclone is a cyclone of the same hemisphere; a mirrored one is not.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.random = keras.random.SeedGenerator()

    def call(self, images, training=False):
        return self.turned(images) if training else images

    def turned(self, images):
        """The images of a batch, turned."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("cyclone")
class RandomQuarterTurn(TurnedInTraining):
    """Turn each image by 0, 90, 180 or 270 degrees."""

    def turned(self, images):
        shape = (ops.shape(images)[0], 1, 1, 1)
        quarter, half = (keras.random.uniform(shape, seed=self.random) < 0.5 for _ in range(2))
        images = ops.where(quarter, ops.flip(ops.transpose(images, (0, 2, 1, 3)), axis=1), images)
        return ops.where(half, ops.flip(images, axis=(1, 2)), images)


@keras.saving.register_keras_serializable("cyclone")
class WrapAngle(layers.Layer):
    """Pad the first image axis (the angle) with its other end, and the second (the radius) with zeros."""

    def __init__(self, width: int, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def call(self, images):
        wrapped = ops.concatenate([images[:, -self.width :], images, images[:, : self.width]], axis=1)
        return ops.pad(wrapped, ((0, 0), (0, 0), (self.width, self.width), (0, 0)))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("cyclone")
class RandomTurn(TurnedInTraining):
    """Turn polar images by a number of angles, all images of a batch alike."""

    def turned(self, images):
        angles = images.shape[1]
        start = keras.random.randint((), 0, angles, seed=self.random)
        return ops.take(images, (ops.arange(angles) + start) % angles, axis=1)


def to_polar(images: np.ndarray) -> np.ndarray:
    """Images (n, size, size) uint8 about their centre as (n, 64 angles, 40 radii), out to the nearest edge.

    A turn of the storm becomes a shift along the first axis.

    Raises:
        ValueError: other numbers than uint8 (0.5 would become 0), or images that are not square.
    """
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(
            f"Expected uint8 images of shape (n, size, size), not {images.dtype} of shape {images.shape}."
        )
    size = images.shape[1]
    centre = ((size - 1) / 2, (size - 1) / 2)
    polar = [
        cv2.warpPolar(image, (POLAR_RADII, POLAR_ANGLES), centre, size / 2, cv2.INTER_LINEAR)
        for image in images
    ]
    return np.array(polar, np.uint8).reshape(len(images), POLAR_ANGLES, POLAR_RADII)


def _unit(filters: int, kernel: int = 3, strides: int = 1) -> list[keras.Layer]:
    return [
        layers.Conv2D(filters, kernel, strides, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def _head(dropout: float) -> list[keras.Layer]:
    return [
        layers.Dropout(dropout),
        layers.Dense(64, activation="relu"),
        layers.Dropout(dropout),
        layers.Dense(2),
    ]


def compact_cnn(num_pixels: int = 80, turn: bool = True, dropout: float = 0.3) -> keras.Sequential:
    """Four convolutions with pooling: frames (batch, n, n, 1) uint8, to (batch, 2): see `gaussian_loss`.

    Args:
        num_pixels: n, height and width of a frame.
        turn: turn the images by random quarters while training.
        dropout: share of the features left out while training.
    """
    network = [keras.Input((num_pixels, num_pixels, 1)), layers.Rescaling(1 / 64, -1.2)]
    network += [RandomQuarterTurn()] if turn else []
    network += _unit(16, 5, strides=2)
    for filters in (32, 64, 96):
        network += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.MaxPooling2D(2)]
        network += [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
    return keras.Sequential([*network, layers.Flatten(), *_head(dropout)], name="compact_cnn")


def polar_cnn(
    widths: tuple[int, ...] = (16, 32, 64),
    dropout: float = 0.3,
    circumstances: int = 0,
    coarse_angle: bool = False,
    rings: bool = False,
    turn: bool = False,
) -> keras.Model:
    """Convolutions on (angle, radius): `to_polar` images (batch, 64, 40, 1), to (batch, 2): see the losses below.

    The angle is periodic, and the features are averaged over it: a turned storm gives the same answer
    (exactly for turns by 1/8 of a circle) without any augmentation. Mean and maximum over the angle keep how
    symmetric the storm is.

    Args:
        widths: features of each convolution.
        dropout: share of the features left out while training.
        circumstances: channels after the image, from `with_circumstances`; they shift the first features.
        coarse_angle: average neighbouring angles first. Near the centre they lie closer than pixels, so little is
            lost; it costs half as much, and the answer is exact for turns by 1/4 of a circle only.
        rings: show the last layers the mean, the coldest and the warmest gray level of each ring, too. Dvorak's
            method reads just these, of the eye and of the cloud around it.
        turn: turn the images by random angles while training.
    """
    inputs = keras.Input((POLAR_ANGLES, POLAR_RADII, 1 + circumstances))
    scaled_inputs = layers.Rescaling(1 / 64, -1.2)(RandomTurn()(inputs) if turn else inputs)
    h = image = scaled_inputs[..., :1] if circumstances else scaled_inputs
    known = scaled_inputs[:, :1, :1, 1:]
    if coarse_angle:
        h = layers.AveragePooling2D((2, 1))(h)
    for number, filters in enumerate(widths):
        kernel = 5 if number == 0 else 3
        h = layers.Conv2D(filters, kernel, use_bias=False)(WrapAngle(kernel // 2)(h))
        if circumstances and number == 0:
            h = layers.Add()([h, layers.Dense(filters)(layers.Dense(16, activation="relu")(known))])
        h = layers.MaxPooling2D(2)(h)
        h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    radii, channels = h.shape[2], h.shape[3]
    average = layers.AveragePooling2D((h.shape[1], 1))(h)
    highest = layers.MaxPooling2D((h.shape[1], 1))(h)
    h = layers.Reshape((2 * radii * channels,))(layers.Concatenate()([average, highest]))
    if circumstances:
        h = layers.Concatenate()([h, layers.Flatten()(known)])
    if rings:
        h = layers.Concatenate()([h, _rings(image)])
    for layer in _head(dropout):
        h = layer(h)
    return keras.Model(inputs, h, name="polar_cnn")


def _rings(image):
    """Mean, coldest and warmest gray level of each ring, normalised: (batch, 120)."""
    ring = (POLAR_ANGLES, 1)
    mean, coldest = layers.AveragePooling2D(ring)(image), layers.MaxPooling2D(ring)(image)
    warmest = layers.MaxPooling2D(ring)(layers.Rescaling(-1.0)(image))
    levels = layers.Flatten()(layers.Concatenate()([mean, coldest, warmest]))
    return layers.BatchNormalization(momentum=0.9)(levels)


def with_circumstances(polar: np.ndarray, lat: np.ndarray, lon: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Images with what a forecaster knows besides: latitude, local solar time and land, as constant channels.

    Cloud tops are warmer towards the poles and coldest before dawn, and over land a storm is ragged for its wind:
    the same picture means another wind.

    Args:
        polar: uint8 (n, angles, radii), from `to_polar`.
        lat, lon: (n,) degrees; where they are not known (NaN), 20 degrees north, noon and the sea are assumed, and
            the sea outside `tracks.COAST_BOX`, too.
        time: datetime64 (n,), UTC.

    Returns:
        uint8 (n, angles, radii, 5) for `polar_cnn` with four circumstances.

    Raises:
        ValueError: there is not one place and time for each image, a time is missing, or a latitude lies beyond a pole.
    """
    if any(np.shape(values) != (len(polar),) for values in (lat, lon, time)):
        raise ValueError(
            f"{len(polar)} images need as many latitudes, longitudes and times, (n,), not {np.shape(lat)}, "
            f"{np.shape(lon)} and {np.shape(time)}."
        )
    if np.isnat(time).any() or np.any(np.abs(lat) > 90):
        raise ValueError("A time is missing (NaT), or a latitude lies beyond a pole.")
    hours = (time - time.astype("datetime64[D]")) / np.timedelta64(3600, "s")
    turn = 2 * np.pi * np.where(np.isfinite(lon), hours + lon / 15, 12) / 24
    west, east, south, north = COAST_BOX
    lon = within_180(lon)
    mapped = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    land = np.zeros(len(polar), bool)
    land[mapped] = is_land(lat[mapped], lon[mapped])
    known = (
        3 * np.where(np.isfinite(lat), np.abs(lat), 20),
        127 + 64 * np.cos(turn),
        127 + 64 * np.sin(turn),
        255 * land,
    )
    channels = np.clip(np.stack(known, axis=1), 0, 255).astype(np.uint8)
    filled = np.broadcast_to(channels[:, None, None], (*polar.shape, len(known)))
    return np.concatenate([polar[..., np.newaxis], filled], axis=3)


# --- one answer, read in knots and in classes -------------------------------------------------


def scaled(wind_kt: np.ndarray) -> np.ndarray:
    """Winds in the units the networks are trained in."""
    return ((np.asarray(wind_kt) - CENTRE_KT) / SCALE_KT).astype(np.float32)


@keras.saving.register_keras_serializable("cyclone")
def gaussian_loss(truth, outputs):
    """Negative log-likelihood of a normal distribution whose mean and spread are the two outputs.

    Args:
        truth: `scaled` winds, (batch, 1).
        outputs: (batch, 2): mean in scaled units, and the softplus argument of the standard deviation.
    """
    sd = ops.softplus(outputs[:, 1]) + SMALLEST_SD_KT / SCALE_KT
    error = (ops.reshape(truth, (-1,)) - outputs[:, 0]) / sd
    return 0.5 * ops.square(error) + ops.log(sd)


@keras.saving.register_keras_serializable("cyclone")
def even_gaussian_loss(truth, outputs):
    """`gaussian_loss`, weighted by the stated standard deviation, which counts as a constant here.

    The plain loss divides an error by its variance: strong storms, which are hard to read, hardly count.
    Here knots count more evenly (Seitzer et al. 2022, arXiv:2203.09168 with beta = 0.5).

    Args:
        truth, outputs: as for `gaussian_loss`.
    """
    sd = ops.softplus(outputs[:, 1]) + SMALLEST_SD_KT / SCALE_KT
    return ops.stop_gradient(sd) * gaussian_loss(truth, outputs)


def to_knots(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation in knots, each (n,), from network outputs (n, 2)."""
    sd = np.logaddexp(0, outputs[:, 1]) + SMALLEST_SD_KT / SCALE_KT
    return outputs[:, 0] * SCALE_KT + CENTRE_KT, sd * SCALE_KT


def class_probabilities(mean_kt: np.ndarray, sd_kt: np.ndarray) -> np.ndarray:
    """Probability of each class, (n, 8): the normal distribution cut at the limits of the classes.

    The classes keep their order: a wind between two of them shares its probability between these two.

    Raises:
        ValueError: a spread is not positive, or there is not one for each mean.
    """
    from scipy.stats import norm

    mean_kt, sd_kt = np.asarray(mean_kt), np.asarray(sd_kt)
    if mean_kt.ndim != 1 or mean_kt.shape != sd_kt.shape or np.any(sd_kt <= 0):
        raise ValueError(
            f"Means and standard deviations have the shape (n,), not {mean_kt.shape} and {sd_kt.shape}, and each standard "
            "deviation is positive."
        )
    limits = np.array([-np.inf, *CLASS_LIMITS_KT, np.inf])
    below = norm.cdf((limits[None, :] - mean_kt[:, None]) / sd_kt[:, None])
    return np.diff(below, axis=1)
