"""Train a network of `cyclone.models` under the lab's one recipe, read its answer, score it."""

from typing import Any

import keras
import numpy as np
import pandas as pd

from cyclone import models, tracks
from utils import gpu
from utils.training import Run, fit, one_cycle_adamw

BATCH_SIZE = 64
PEAK_RATE, WEIGHT_DECAY = 3e-3, 0.05


def fit_wind(
    network: keras.Model,
    images: np.ndarray,
    wind_kt: np.ndarray,
    *,
    name: str,
    epochs: int,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    peak: float = PEAK_RATE,
    sample_weight: np.ndarray | None = None,
    retrain: bool = False,
) -> Run:
    """Train a network with two outputs (`models.gaussian_loss`); kept in the cache like every `fit`.

    Args:
        network: from `models`, not compiled.
        images: uint8 (n, height, width).
        wind_kt: (n,) winds in knots.
        name: of the run.
        epochs: passes over the images.
        validation_data: (images, wind_kt), scored after every epoch.
        peak: highest learning rate of the cycle.
        sample_weight: (n,) weight of each image in the loss.
        retrain: train again even if a trained copy exists.
    """
    network.compile(
        one_cycle_adamw(len(images), epochs, BATCH_SIZE, peak, WEIGHT_DECAY),
        models.gaussian_loss,
        jit_compile=bool(gpu.list_gpus()),
    )
    weights: dict[str, Any] = (
        {} if sample_weight is None else {"sample_weight": np.asarray(sample_weight, np.float32)}
    )
    if validation_data is not None:
        validation_data = (validation_data[0][..., np.newaxis], models.scaled(validation_data[1]))
    return fit(
        network, images[..., np.newaxis], models.scaled(wind_kt), name=name, epochs=epochs,
        validation_data=validation_data, batch_size=BATCH_SIZE, retrain=retrain, **weights,
    )  # fmt: skip


def predict(network: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the wind in knots, each (n,), for uint8 images (n, height, width)."""
    return models.to_knots(network.predict(images[..., np.newaxis], batch_size=256, verbose=0))


def predict_turned(network: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `predict`, averaged over the four quarter turns of each image (test-time augmentation)."""
    turned = [predict(network, np.ascontiguousarray(np.rot90(images, k, (1, 2)))) for k in range(4)]
    mean, sd = (np.stack(values) for values in zip(*turned, strict=True))
    return mean.mean(axis=0), sd.mean(axis=0)


def scores(wind_kt: np.ndarray, mean_kt: np.ndarray, sd_kt: np.ndarray | None = None) -> pd.Series:
    """RMSE in knots, and shares of frames whose class is right, among the best two, off by one at most.

    Args:
        wind_kt: (n,) best-track winds.
        mean_kt: (n,) estimated winds.
        sd_kt: (n,) their standard deviations; without them the class is read from the mean alone,
            and there is no top-2.
    """
    truth, mean_kt = tracks.wind_class(wind_kt), np.clip(mean_kt, 0, None)
    result = {"rmse_kt": float(np.sqrt(np.mean((mean_kt - wind_kt) ** 2)))}
    if sd_kt is None:
        best = tracks.wind_class(mean_kt)
        result["top1"] = float(np.mean(best == truth))
    else:
        order = models.class_probabilities(mean_kt, sd_kt).argsort(axis=1)[:, ::-1]
        best = order[:, 0]
        result["top1"] = float(np.mean(best == truth))
        result["top2"] = float(np.mean((order[:, :2] == truth[:, np.newaxis]).any(axis=1)))
    result["within_one"] = float(np.mean(np.abs(best - truth) <= 1))
    return pd.Series(result)
