"""`fit`: Keras training that shows its progress, can be interrupted, and is never paid twice; its schedule."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from tqdm.keras import TqdmCallback

from utils import course
from utils.engine import store
from utils.engine.fingerprint import configuration, without_names
from utils.engine.paths import cache_dir

DECIDED_HERE = {"initial_epoch", "shuffle", "steps_per_epoch", "validation_split", "verbose"}
WEIGHTS = ".weights.h5"


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        history: one row per epoch; columns such as accuracy, loss, val_accuracy, val_loss.
        seconds: wall time of the training, measured when it was run.
        processor_seconds: time of all cores together, of that training; without a GPU's own.
        from_cache: True if the weights were loaded and not trained now.
    """

    history: pd.DataFrame
    seconds: float
    processor_seconds: float
    from_cache: bool


def fit(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    *,
    name: str,
    epochs: float,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    batch_size: int = 128,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    extra: str = "",
    retrain: bool = False,
    **kwargs,
) -> Run:
    """``model.fit`` with a progress bar, TensorBoard log, resume and cache.

    The trained weights are kept under ``data/cache/LAB/trained`` by a key of network, optimizer, loss, data, callbacks,
    settings, seed, code and library versions (see `utils.engine.store`): the same call in a restarted kernel loads them in a
    moment. A training that was interrupted goes on after its last saved epoch; one is saved every ten seconds.
    The TensorBoard log is in ``data/cache/logs/<name>``.

    Args:
        model: compiled Keras model; holds the trained weights afterwards.
        x, y: training data.
        name: of the run, e.g. ``"fashion_cnn"``.
        epochs: number of passes over the data; 2.5 ends in the middle of the third.
        validation_data: ``(x_val, y_val)``, scored after every epoch.
        batch_size: images per step.
        callbacks: further Keras callbacks. What one remembers, as ``ReduceLROnPlateau`` does, it forgets when the
            training is interrupted.
        extra: anything else that changes the result, as text.
        retrain: train again even if a trained copy exists.
        kwargs: passed to ``model.fit``, without those of `DECIDED_HERE`; they enter the key.

    Returns:
        The training history and time.

    Raises:
        OSError: the disk is full; what was saved before is used when the cell is run again.
        TypeError: one of `DECIDED_HERE` is given.
        ValueError: there is not one y, or not one weight, for each x.
    """
    for word in DECIDED_HERE & kwargs.keys():
        raise TypeError(
            f"{word} cannot be given: fit shuffles, resumes and validates by itself. Leave it out."
        )
    weight = kwargs.pop("sample_weight", None)
    data = (x, y, weight, validation_data)
    _check_lengths(x, y, weight)

    def train(path: Path, work: Path) -> store.Facts:
        progress = _Progress(work)
        finished = progress.resume(model)
        model.fit(
            reshuffled(x, y, batch_size, sample_weight=weight, finished=finished),
            epochs=math.ceil(epochs), initial_epoch=finished, validation_data=validation_data, verbose=0, shuffle=False,
            callbacks=[
                progress,
                keras.callbacks.TensorBoard(cache_dir("logs") / name, write_graph=False),
                TqdmCallback(verbose=0, desc=name, leave=False),
                *([StopAfter(num_steps(len(x), epochs, batch_size))] if epochs % 1 else []),
                *callbacks,
            ], **kwargs,
        )  # fmt: skip
        model.save_weights(path)
        return progress.facts()

    recipe = store.Recipe(
        lab=f"{course.lab()}/trained",
        name=name,
        suffix=WEIGHTS,
        made_of=(*made_of(model), data, epochs, batch_size, extra, kwargs, list(callbacks), course.seed()),
        make=train,
        again="trained again",
    )
    # Unbuilt, the optimizer would be skipped by load_weights, and fit would trace the network twice.
    model.optimizer.build(model.trainable_variables)
    with store.kept(recipe, anew=retrain, wait=False) as entry:
        seconds = entry.facts["seconds"]
        if not entry.is_new:
            model.load_weights(entry.path)
            print(
                f"{name}: loaded the trained copy ({seconds:.0f} s of training saved); retrain=True trains anew."
            )
        lost = [row["epoch"] for row in entry.facts["rows"] if not math.isfinite(row["loss"])]
        if lost:
            print(
                f"{name}: from epoch {lost[0] + 1:.0f} on the loss is no number (nan or inf), and neither is what this network "
                "answers. Look for nan in the data, or lower the learning rate."
            )
        return Run(
            pd.DataFrame(entry.facts["rows"]), seconds, entry.facts["processor_seconds"], not entry.is_new
        )


def _check_lengths(x: Any, y: Any, weight: Any) -> None:
    """Raise unless all arrays have as many samples as ``x``: of a longer one the end would be left out, unsaid."""
    arrays = keras.tree.flatten([part for part in (x, y, weight) if part is not None])
    lengths = [len(array) for array in arrays if getattr(array, "shape", ())]
    if len(set(lengths)) > 1:
        raise ValueError(f"Inputs, targets and weights have one entry a sample; these have {lengths}.")


def num_steps(num_samples: int, epochs: float, batch_size: int) -> int:
    """Updates of the weights in ``epochs`` passes over the data; the last pass may be a part of one."""
    return round(epochs * math.ceil(num_samples / batch_size))


class StopAfter(keras.callbacks.Callback):
    """End a training after a number of steps, also within a pass over the data.

    Args:
        steps: updates of the weights, those before an interruption included.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) >= self.steps:
            self.model.stop_training = True


def made_of(model: keras.Model) -> tuple:
    """What a compiled network is, for the key of its training: layers, weights, optimizer, loss, metrics, this code."""
    metrics = getattr(model._compile_metrics, "_user_metrics", None)
    rest = without_names(configuration(model.get_compile_config()))
    return model, model.optimizer, model.loss, metrics, rest, fit


def reshuffled(
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    *,
    sample_weight: np.ndarray | None = None,
    finished: int = 0,
) -> Any:
    """Batches for ``model.fit`` that come in a new order in every epoch, the same orders in every training.

    ``model.fit(x, y)`` does neither with Keras 3.15 on TensorFlow: after ``keras.utils.set_random_seed`` it shuffles
    once and repeats that order in all epochs, and without a seed no training can be repeated.

    Args:
        x, y: arrays or nested structures of arrays, first axis of length n.
        batch_size: samples of a batch; the last may have fewer.
        sample_weight: (n,), if the loss weighs its samples.
        finished: epochs that an interrupted training has behind it, whose orders are skipped.

    Returns:
        A ``tf.data.Dataset``; each pass over it is an epoch.
    """
    import tensorflow as tf

    data = tuple(part for part in (x, y, sample_weight) if part is not None)
    arrays = [np.asarray(array) for array in tf.nest.flatten(data)]
    number = len(arrays[0])
    epoch = tf.Variable(finished, dtype=tf.int64)

    def chosen(places: Any) -> Any:
        # Taken from the arrays where they lie: as tensors they would be in memory three times more.
        parts = tf.numpy_function(
            lambda rows: [array[rows] for array in arrays], [places], [array.dtype for array in arrays]
        )
        for part, array in zip(parts, arrays, strict=True):
            part.set_shape((None, *array.shape[1:]))
        return tf.nest.pack_sequence_as(data, parts)

    def batches(_: Any) -> tf.data.Dataset:
        seed = tf.stack([tf.constant(course.seed(), tf.int64), epoch.assign_add(1)])
        order = tf.random.experimental.stateless_shuffle(tf.range(number), seed)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size).map(chosen)

    pipeline = tf.data.Dataset.range(1).flat_map(batches)
    return pipeline.apply(tf.data.experimental.assert_cardinality(math.ceil(number / batch_size))).prefetch(1)


def one_cycle_adamw(
    num_images: int, epochs: float, batch_size: int, peak: float, weight_decay: float = 0.01
) -> keras.optimizers.AdamW:
    """AdamW (arXiv:1711.05101) whose learning rate climbs for a fifth of the steps and falls along a cosine.

    Args:
        num_images: training images per epoch.
        epochs: passes over the data; the rate reaches zero with the last step.
        batch_size: images per step.
        peak: highest learning rate; the climb starts at a tenth of it.
        weight_decay: share of each weight taken off per step, times the learning rate.
    """
    return keras.optimizers.AdamW(one_cycle(num_images, epochs, batch_size, peak), weight_decay=weight_decay)


def one_cycle_muon(num_images: int, epochs: float, batch_size: int, peak: float) -> "Muon":
    """`Muon` for the kernels of convolutions, AdamW for the rest, both with the rate of `one_cycle`.

    Args:
        num_images, epochs, batch_size, peak: as in `one_cycle_adamw`.
    """
    return Muon(one_cycle(num_images, epochs, batch_size, peak))


@keras.saving.register_keras_serializable("bootcamp")
class Muon(keras.optimizers.Muon):
    """Muon for the kernels of convolutions, AdamW for all other weights.

    A kernel is read as a matrix, (height * width * channels in, channels out). Muon replaces the singular values of
    its averaged gradient by about one: no direction learns faster than another. (K. Jordan et al. 2024,
    kellerjordan.github.io/posts/muon; the size of the step is that of arXiv:2502.16982.) Keras' own class does so
    for matrices only and leaves kernels to AdamW.

    Args:
        learning_rate: number or schedule, for both kinds of weights.
        weight_decay: share of each weight taken off per step, times the learning rate.
    """

    def __init__(self, learning_rate: Any = 0.01, weight_decay: float = 0.01, **kwargs):
        kwargs["adam_weight_decay"] = weight_decay
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)

    def _should_use_adamw(self, variable):
        return len(variable.shape) < 4

    def zeropower_via_newtonschulz5(self, x, steps):
        matrix = super().zeropower_via_newtonschulz5(keras.ops.reshape(x, (-1, x.shape[-1])), steps)
        return keras.ops.reshape(matrix, x.shape)

    def lr_adjust(self, x):
        return x * (self.rms_rate * math.sqrt(max(math.prod(x.shape[:-1]), x.shape[-1])))


def one_cycle(num_images: int, epochs: float, batch_size: int, peak: float) -> "OneCycle":
    """Learning rate that climbs from a tenth of ``peak`` for a fifth of the steps, then falls to zero.

    Args:
        num_images, epochs, batch_size, peak: as in `one_cycle_adamw`.
    """
    steps = num_steps(num_images, epochs, batch_size)
    return OneCycle(peak, climb=steps // 5, steps=steps)


@keras.saving.register_keras_serializable("bootcamp")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate that climbs linearly from a tenth of its peak, then falls to zero along half a cosine.

    Keras' own ``CosineDecay`` chooses between climb and fall by a branch in the graph, and AdamW repeats that
    branch for every weight of a network: seconds of set-up for each training. Here both are computed.

    Args:
        peak: highest rate.
        climb: steps until the peak.
        steps: steps until zero.
    """

    def __init__(self, peak: float, climb: int, steps: int):
        self.peak, self.climb, self.steps = peak, climb, steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        rising = 0.1 + 0.9 * step / max(self.climb, 1)
        fallen = keras.ops.minimum((step - self.climb) / max(self.steps - self.climb, 1), 1.0)
        falling = 0.5 * (1.0 + keras.ops.cos(math.pi * fallen))
        return self.peak * keras.ops.where(step < self.climb, rising, falling)

    def get_config(self) -> dict[str, float]:
        return {"peak": self.peak, "climb": self.climb, "steps": self.steps}


class _Progress(keras.callbacks.Callback):
    """History and seconds of a training; saved with the weights now and then, so that a killed one can go on.

    Keras' ``BackupAndRestore`` saves after every epoch: 0.2 s each, more than a short epoch takes.
    """

    def __init__(self, work: Path):
        super().__init__()
        self.work = work
        self.rows: list[dict[str, float]] = []
        self.seconds = self.processor_seconds = 0.0

    def resume(self, model: keras.Model) -> int:
        """Load what was saved, if anything was; return the number of epochs that it holds."""
        if saved := store.last_checkpoint(self.work, WEIGHTS):
            self.rows, self.seconds = list(saved.facts["rows"]), saved.facts["seconds"]
            self.processor_seconds = saved.facts["processor_seconds"]
            model.load_weights(saved.path)
            for counter, value in zip(_random_counters(model), saved.facts["random"], strict=True):
                counter.assign(value)
        return len(self.rows)

    def on_train_begin(self, logs=None):
        self._start = self._saved = time.perf_counter()
        self._processor_start = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        now = time.perf_counter()
        self.seconds += now - self._start
        self.processor_seconds += time.process_time() - self._processor_start
        self.rows.append({"epoch": epoch} | {name: float(value) for name, value in sorted(logs.items())})
        if now - self._saved > store.SAVE_SECONDS and len(self.rows) < self.params["epochs"]:
            store.checkpoint(self.work, WEIGHTS, self._save)
            self._saved = time.perf_counter()
        self._start, self._processor_start = time.perf_counter(), time.process_time()

    def facts(self) -> store.Facts:
        return {
            "rows": self.rows, "seconds": self.seconds, "processor_seconds": self.processor_seconds,
        }  # fmt: skip

    def _save(self, path: Path) -> store.Facts:
        self.model.save_weights(path)
        random = [keras.ops.convert_to_numpy(counter).tolist() for counter in _random_counters(self.model)]
        return {**self.facts(), "random": random}


def _random_counters(model: keras.Model) -> list:
    """Where dropout and the like stand in their streams of random numbers; saved weights do not hold them."""
    saved = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in saved and "seed" in variable.name]
