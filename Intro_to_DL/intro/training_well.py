"""Notebook 05: small pictures in, summary tables out. The experiments stand in the notebook."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import mannwhitneyu

SIDE = 14  # pixels along an edge after pooling


def pool(images: np.ndarray) -> torch.Tensor:
    """Average 2 x 2 pixels: uint8 (n, 28, 28), 0 to 255, becomes float32 (n, 196), 0 to 1.

    Raises:
        ValueError: other numbers, which would be divided by 255 once more.
    """
    if images.dtype != np.uint8:
        raise ValueError(f"Expected uint8 images, 0 to 255, not {images.dtype}.")
    blocks = images.reshape(len(images), SIDE, 2, SIDE, 2).mean(axis=(2, 4), dtype=np.float32)
    return torch.from_numpy(blocks.reshape(len(images), SIDE * SIDE) / np.float32(255))


def labels(values: np.ndarray) -> torch.Tensor:
    """Class numbers as the int64 tensor that PyTorch's cross-entropy wants.

    Raises:
        ValueError: they are no whole numbers: 1.7 would become class 1, nan a huge negative one.
    """
    if values.dtype.kind not in "biu":
        raise ValueError(f"Class numbers are whole numbers, not {values.dtype}.")
    return torch.from_numpy(values.astype(np.int64))


def turn(pixels: torch.Tensor, quarter: int) -> torch.Tensor:
    """Pooled pictures (n, 196) turned anticlockwise by ``quarter`` times 90 degrees."""
    square = pixels.reshape(-1, SIDE, SIDE)
    return torch.rot90(square, quarter, (1, 2)).reshape(len(pixels), -1)


def mean_spread(rows: Sequence[Mapping[str, object]], by: Sequence[str], value: str) -> pd.DataFrame:
    """Mean and standard deviation of ``value`` over the repeats in ``rows``, one row per group of ``by``.

    A repeat that gave nan makes both nan: pandas would leave the failed run out, and the others look better.
    """
    groups = pd.DataFrame(rows).groupby(list(by), sort=False, dropna=False)[value]
    return groups.agg(
        mean=lambda values: values.mean(skipna=False), std=lambda values: values.std(skipna=False)
    ).reset_index()


def separation(known: np.ndarray, strange: np.ndarray) -> float:
    """Chance that a strange input gets the higher score than a known one (area under the ROC curve)."""
    return float(mannwhitneyu(strange, known).statistic / len(strange) / len(known))
