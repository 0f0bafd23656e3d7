"""Train a network of `cyclone.models` under the lab's one recipe, read its answer, score it."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd

from cyclone import models, tracks
from utils import gpu
from utils.training import Muon, Run, fit, one_cycle, one_cycle_adamw

BATCH_SIZE = 64
PEAK_RATE, WEIGHT_DECAY = 3e-3, 0.05


def fit_wind(
    network: keras.Model,
    images: np.ndarray,
    wind_kt: np.ndarray,
    *,
    name: str,
    epochs: float,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    peak: float = PEAK_RATE,
    sample_weight: np.ndarray | None = None,
    loss: Callable = models.gaussian_loss,
    muon: bool = False,
    retrain: bool = False,
) -> Run:
    """Train a network with two outputs (`models.gaussian_loss`); kept in the cache like every `fit`.

    Args:
        network: from `models`, not compiled.
        images: uint8 (n, height, width), or with channels as the fourth axis.
        wind_kt: (n,) winds in knots.
        name: of the run.
        epochs: passes over the images; the last may be a part of one.
        validation_data: (images, wind_kt), scored after every epoch.
        peak: highest learning rate of the cycle.
        sample_weight: (n,) weight of each image in the loss.
        loss: from `models`.
        muon: `utils.training.Muon` for the kernels of convolutions instead of AdamW; the same error in about half
            the epochs, with a peak of 1e-2.
        retrain: train again even if a trained copy exists.
    """
    schedule = (len(images), epochs, BATCH_SIZE, peak)
    if muon:
        optimizer = Muon(one_cycle(*schedule), weight_decay=WEIGHT_DECAY)
    else:
        optimizer = one_cycle_adamw(*schedule, WEIGHT_DECAY)
    network.compile(optimizer, loss, jit_compile=gpu.usable())
    weights: dict[str, Any] = (
        {} if sample_weight is None else {"sample_weight": np.asarray(sample_weight, np.float32)}
    )
    if validation_data is not None:
        validation_data = (_channels_last(validation_data[0]), models.scaled(validation_data[1]))
    return fit(
        network, _channels_last(images), models.scaled(wind_kt), name=name, epochs=epochs,
        validation_data=validation_data, batch_size=BATCH_SIZE, retrain=retrain, **weights,
    )  # fmt: skip


def predict(network: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the wind in knots, each (n,), for images as in `fit_wind`."""
    return models.to_knots(network.predict(_channels_last(images), batch_size=256, verbose=0))


def _channels_last(images: np.ndarray) -> np.ndarray:
    return images[..., np.newaxis] if images.ndim == 3 else images


def predict_turned(network: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `predict`, averaged over the four quarter turns of each image (test-time augmentation)."""
    turned = [predict(network, np.ascontiguousarray(np.rot90(images, k, (1, 2)))) for k in range(4)]
    mean, sd = (np.stack(values) for values in zip(*turned, strict=True))
    return mean.mean(axis=0), sd.mean(axis=0)


def predict_ensemble(
    networks: Sequence[keras.Model], polar: np.ndarray, turns: Sequence[int] = (0,)
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation in knots, each (n,), of the equal mixture of all answers.

    Args:
        networks: from `models.polar_cnn`, trained.
        polar: uint8 (n, angles, radii) or (n, angles, radii, channels).
        turns: shifts along the angle, in steps; every network is asked about each of them.
    """
    answers = [predict(network, np.roll(polar, turn, axis=1)) for network in networks for turn in turns]
    means, sds = (np.stack(values) for values in zip(*answers, strict=True))
    return means.mean(axis=0), np.sqrt(np.mean(sds**2, axis=0) + means.var(axis=0))


def scores(
    wind_kt: np.ndarray,
    mean_kt: np.ndarray,
    sd_kt: np.ndarray | None = None,
    class_share: np.ndarray | None = None,
) -> pd.Series:
    """RMSE in knots, and shares of frames whose class is right, among the best two, off by one at most.

    Args:
        wind_kt: (n,) best-track winds.
        mean_kt: (n,) estimated winds.
        sd_kt: (n,) their standard deviations, which give probabilities of classes.
        class_share: (n, 8) probabilities of the classes in place of those; nan makes the scores nan. Without both
            the class is read from the mean alone, and there is no top-2.

    Raises:
        ValueError: the shapes do not fit, there are no frames, or an estimate is not finite.
    """
    for name, values in {"mean_kt": mean_kt, "sd_kt": sd_kt}.items():
        if values is not None and (np.shape(values) != np.shape(wind_kt) or np.ndim(wind_kt) != 1):
            raise ValueError(  # (n, 1) beside (n,) would compare each frame with all others
                f"wind_kt and {name} have one value a frame, (n,), not {np.shape(wind_kt)} and {np.shape(values)}."
            )
        if values is not None and class_share is None and not np.all(np.isfinite(values)):
            raise ValueError(f"{name} holds a value that is not finite (nan or inf).")
    if len(wind_kt) == 0:
        raise ValueError("There are no frames to score.")
    if class_share is not None and np.shape(class_share) != (len(wind_kt), len(tracks.CLASSES)):
        raise ValueError(
            f"class_share has one row a frame and one column a class, {(len(wind_kt), len(tracks.CLASSES))}, not "
            f"{np.shape(class_share)}."
        )
    truth, mean_kt = tracks.wind_class(wind_kt), np.clip(mean_kt, 0, None)
    result = {"rmse_kt": float(np.sqrt(np.mean((mean_kt - wind_kt) ** 2)))}
    if class_share is None and sd_kt is not None:
        class_share = models.class_probabilities(mean_kt, sd_kt)
    if class_share is None:
        best = tracks.wind_class(mean_kt)
        result["top1"] = float(np.mean(best == truth))
    else:
        order = class_share.argsort(axis=1)[:, ::-1]
        best = order[:, 0]
        result["top1"] = float(np.mean(best == truth))
        result["top2"] = float(np.mean((order[:, :2] == truth[:, np.newaxis]).any(axis=1)))
    result["within_one"] = float(np.mean(np.abs(best - truth) <= 1))
    if class_share is not None and not np.all(np.isfinite(class_share)):
        result |= dict.fromkeys(("top1", "top2", "within_one"), float("nan"))
    return pd.Series(result)


# What the columns of `scores` and of tables made of them are called for readers, and how their numbers are written.
PLAIN_NAMES = {
    "rmse_kt": "RMSE (kt)",
    "low": "95 % from (kt)",
    "high": "to (kt)",
    "rmse_low": "95 % from (kt)",
    "rmse_high": "to (kt)",
    "top1": "right class (%)",
    "top2": "right or second (%)",
    "within_one": "at most one class off (%)",
    "bound_rmse_kt": "bound: RMSE (kt)",
    "bound_top1": "bound: right class (%)",
    "seconds": "training (s)",
    "storms": "training storms",
    "parameters": "parameters",
}
FORMS = {
    name: "{:,.0f}" if column in ("seconds", "storms", "parameters") else "{:.1f}"
    for column, name in PLAIN_NAMES.items()
}


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """A table of scores as readers want it: plain names with units, shares in per cent; for `viz.table` with `FORMS`.

    Args:
        table: one row per estimate, with columns out of `PLAIN_NAMES`.
    """
    shares = [column for column in table if PLAIN_NAMES[column].endswith("(%)")]
    return table.assign(**{column: 100 * table[column] for column in shares}).rename(columns=PLAIN_NAMES)
