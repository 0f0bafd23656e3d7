"""Steps between raw arrays and a network that more than one lab needs."""

import numpy as np


def to_unit(images: np.ndarray) -> np.ndarray:
    """Grey images uint8 (n, height, width), 0 to 255, as float32 (n, height, width, 1), 0 to 1.

    Raises:
        ValueError: not uint8, or not of rank 3.
    """
    if images.dtype != np.uint8 or images.ndim != 3:
        raise ValueError(
            f"Expected uint8 images of shape (n, height, width), got {images.dtype} of shape {images.shape}."
        )
    return (images[..., np.newaxis] / np.float32(255)).astype(np.float32)


def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Labels (n,) as rows of zeros with a single one, float32 (n, num_classes).

    Raises:
        ValueError: the labels are no column of whole numbers, or one is negative or not below ``num_classes``.
    """
    labels = _unmasked("Labels", labels)
    if labels.ndim != 1 or labels.dtype.kind not in "biu":
        raise ValueError(
            f"Labels are whole numbers of shape (n,), not {labels.dtype} of shape {labels.shape}: "
            "try labels.astype(int).ravel()."
        )
    labels = labels.astype(np.int64)  # True and False would choose rows
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        raise ValueError(
            f"Labels lie between {labels.min()} and {labels.max()}; {num_classes} classes allow 0 to "
            f"{num_classes - 1}."
        )
    return np.eye(num_classes, dtype=np.float32)[labels]


def split(count: int, fractions: tuple[float, ...], seed: int) -> list[np.ndarray]:
    """Shuffled, disjoint index sets that together cover ``range(count)``.

    For samples that are independent of each other. Time series and repeated measurements of
    one object need a split by time or by object instead.

    Args:
        count: number of samples.
        fractions: share of each set; they add up to 1. A set whose share rounds to nothing gets one sample.
        seed: of the shuffle.

    Raises:
        ValueError: the fractions do not add up to 1, or there are fewer samples than sets.
    """
    if abs(sum(fractions) - 1) > 1e-9 or min(fractions) < 0:
        raise ValueError(f"The fractions {fractions} must be positive and add up to 1.")
    least = [int(share > 0) for share in fractions]
    if count < sum(least):
        raise ValueError(f"{count} samples cannot fill {sum(least)} sets: a mean over none is no number.")
    ends = [0, *np.round(np.cumsum(fractions) * count).astype(int)]
    for number, one in enumerate(least, start=1):
        ends[number] = max(ends[number], ends[number - 1] + one)
    ends[-1] = count
    for number in range(len(least) - 1, 0, -1):
        ends[number] = min(ends[number], ends[number + 1] - least[number])
    return np.split(np.random.default_rng(seed).permutation(count), ends[1:-1])


def standardise(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Shift and scale all sets by mean and standard deviation of the training set alone.

    Raises:
        ValueError: the training set is empty or holds a value that is not finite, or values of a set are masked.
    """
    train, *rest = (_unmasked("Values to standardise", values) for values in (train, *others))
    train = train.astype(np.float64)
    if train.size == 0 or not np.all(np.isfinite(train)):
        raise ValueError(
            "The training set is empty or holds a value that is not finite (nan or inf): every value would become nan."
        )
    mean, std = float(train.mean()), float(train.std()) or 1.0
    return [((values - mean) / std).astype(np.float32) for values in (train, *rest)]


def _unmasked(what: str, values: np.ndarray) -> np.ndarray:
    """As an array. numpy.asarray alone would bring back what stands behind a mask, such as -999."""
    if np.ma.is_masked(values):
        raise ValueError(
            f"{what} are masked: fill or drop them first, for instance with values.compressed()."
        )
    return np.asarray(values)
