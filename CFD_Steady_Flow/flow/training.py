"""Train the networks of `flow.models`, read their answers, score them; the two trainings that notebooks share."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from flow import dataset, metrics, models
from flow.dataset import FlowData
from utils import course, gpu
from utils.training import Muon, OneCycle, Run, fit, num_steps


@models.register
def relative_loss(truth, prediction):
    """Root of the squared error of each sample, relative to the size of its flow, (batch,)."""
    error = ops.sum(ops.square(prediction - truth), axis=(1, 2, 3))
    return ops.sqrt(error / ops.sum(ops.square(truth), axis=(1, 2, 3)) + 1e-8)


@models.register
def sum_of_squares(truth, prediction):
    """Half the squared error, summed over the cells of each sample, (batch,); Keras averages over the batch."""
    return ops.sum(ops.square(prediction - truth), axis=(1, 2, 3)) / 2


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        loss: `relative_loss` or `sum_of_squares`.
        batch_size: samples per step.
        rate: learning rate; its highest value if ``cycle``.
        cycle: AdamW with a rate that climbs and falls (`utils.training.one_cycle`), else Adam at a constant rate.
        muon: with ``cycle``, `utils.training.Muon` for the kernels of convolutions instead of AdamW.
    """

    loss: str = "relative"
    batch_size: int = 8
    rate: float = 2e-3
    cycle: bool = True
    muon: bool = False

    def compile(self, network: keras.Model, num_samples: int, epochs: float) -> None:
        """Give the network its loss and optimizer."""
        losses = {"relative": relative_loss, "sum_of_squares": sum_of_squares}
        if self.loss not in losses:
            raise ValueError(f"There is no loss '{self.loss}'. Choose one of: {', '.join(losses)}.")
        optimizer: keras.optimizers.Optimizer = keras.optimizers.Adam(self.rate)
        if self.cycle:
            steps = num_steps(num_samples, epochs, self.batch_size)
            rate = OneCycle(self.rate, climb=steps // 5, steps=steps)
            optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, global_clipnorm=1.0)
            if self.muon:
                optimizer = Muon(rate, weight_decay=0.01)
        network.compile(optimizer, losses[self.loss], jit_compile=gpu.usable())


TODAY = Recipe()
BEST = Recipe(rate=3e-3, muon=True)  # under half the epochs of TODAY, smaller errors: benchmarks/README.md
ORIGINAL = Recipe(loss="sum_of_squares", batch_size=8, rate=1e-4, cycle=False)


def train(
    network: keras.Model,
    data: FlowData,
    *,
    name: str,
    epochs: float,
    recipe: Recipe = TODAY,
    validation: FlowData | None = None,
    retrain: bool = False,
) -> Run:
    """Compile and fit a network of `models`; the result is kept in the cache (see `utils.training.fit`).

    Args:
        network: from `models`; holds the trained weights afterwards.
        data: flows to learn from.
        name: of the run, in file names and the progress bar.
        epochs: passes over the data; 2.5 ends in the middle of the third.
        recipe: loss, batch size and optimizer.
        validation: flows that are scored after every epoch.
        retrain: train again even if a trained copy exists.
    """
    recipe.compile(network, len(data), epochs)
    scored = None if validation is None else (validation.distance[..., None], validation.velocity)
    return fit(
        network, data.distance[..., None], data.velocity, name=name, epochs=epochs,
        validation_data=scored, batch_size=recipe.batch_size, retrain=retrain,
    )  # fmt: skip


def predict(network: keras.Model, distance: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """Velocity (n, ny, nx, 2) in units of u_max for signed distances (n, ny, nx) in cells."""
    return network.predict(distance[..., None], batch_size=batch_size, verbose=0)


def errors(network: keras.Model, data: FlowData) -> np.ndarray:
    """`metrics.relative_l2` of the network's answer for each flow of ``data``, (n,)."""
    return metrics.relative_l2(predict(network, data.distance), data.velocity, data.solid)


BEST_EPOCHS, ORIGINAL_EPOCHS = 2.75, 3  # the original is the larger network and gets more seconds


def best_architecture(ny: int, nx: int) -> keras.Model:
    """The lab's best network, untrained: `models.compact_unet`, wider on a GPU."""
    size: dict[str, Any] = course.pick(laptop={}, gpu={"widths": (64, 128, 256, 256, 256)})
    return models.compact_unet(ny, nx, **size)


def best_network(data: FlowData | None = None, retrain: bool = False) -> tuple[keras.Model, Run]:
    """The lab's best network, trained once and then loaded from the cache by every notebook.

    Args:
        data: flows to learn from; None loads the training split.
        retrain: train again even if a trained copy exists.
    """
    data = dataset.load("train", quiet=True) if data is None else data
    _, ny, nx = data.distance.shape
    with course.seeded():
        network = best_architecture(ny, nx)
    epochs = course.pick(laptop=BEST_EPOCHS, gpu=100)
    return network, train(network, data, name="flow_best", epochs=epochs, recipe=BEST, retrain=retrain)


def original_network(data: FlowData | None = None, retrain: bool = False) -> tuple[keras.Model, Run]:
    """The gated residual U-net of the slides with the slides' own settings; it gets more time than `best_network`.

    Adam at 1e-4, batches of 8, sum of squares, dropout 0.3, tanh output, binary boundary, no mask. The slides
    train it for 15 epochs on a GPU.

    Args:
        data, retrain: as in `best_network`.
    """
    data = dataset.load("train", quiet=True) if data is None else data
    _, ny, nx = data.distance.shape
    with course.seeded():
        network = models.residual_unet(ny, nx)
    epochs = course.pick(laptop=ORIGINAL_EPOCHS, gpu=60)
    return network, train(
        network, data, name="flow_original", epochs=epochs, recipe=ORIGINAL, retrain=retrain
    )
