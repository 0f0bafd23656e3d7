"""Processor seconds of training until a network reaches a target accuracy on validation data.

    .venv/bin/python benchmarks/training_speed.py [--cap 400]

Compares this course's networks and recipes with those of the original course (its CNN, its ResNet, the
network on its slide) in one run on one machine, and writes benchmarks/training_speed.json and the table in
benchmarks/README.md. Processor seconds are those of all cores together (wall time is about half of them on
2 cores), so that other programs on the machine do not change the ratios. Only training counts: validation
every 12,800 images is not timed. A contender that does not reach the target within the cap is reported as such.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tables

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "Intro_to_DL")]

from utils import course, data, gpu, preprocess  # noqa: E402

course.begin("benchmarks/training_speed", uses=["keras"])
import keras  # noqa: E402

from intro import models, models_residual  # noqa: E402
from utils.training import one_cycle_muon, reshuffled  # noqa: E402

IMAGES_BETWEEN_CHECKS = 12_800
NUM_TRAIN = 55_000


Answer = Callable[[keras.Model, np.ndarray], np.ndarray]


def one_view(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return model.predict(images, batch_size=500, verbose=0)


@dataclass(frozen=True)
class Contender:
    """A network with the optimizer and batch size it is trained with, and how it is asked."""

    label: str
    network: Callable[[], keras.Model]
    optimizer: Callable[[], keras.optimizers.Optimizer]
    batch_size: int
    max_epochs: int
    answer: Answer = one_view


def ours(
    label: str, network: Callable[[], keras.Model], epochs: int, peak: float, answer: Answer = one_view
) -> Contender:
    return Contender(
        label, network, lambda: one_cycle_muon(NUM_TRAIN, epochs, 128, peak), 128, epochs, answer
    )


CONTESTS = {
    ("mnist", 0.99): [
        ours("this course: CNN, one-cycle Muon, 2 epochs", models.mnist_cnn, 2, 2e-2),
        Contender("slide network, Adam", models.slide_cnn, keras.optimizers.Adam, 128, 12),
        Contender(
            "slide network, Adadelta at rate 1.0 (the default when the slide was made)",
            models.slide_cnn,
            lambda: keras.optimizers.Adadelta(1.0),
            128,
            12,
        ),
        Contender(
            "slide network, Adadelta at today's default rate 0.001",
            models.slide_cnn,
            keras.optimizers.Adadelta,
            128,
            12,
        ),
    ],
    ("fashion-mnist", 0.90): [
        ours(
            "this course: CNN, one-cycle Muon, 1 epoch, both views",
            models.fashion_cnn,
            1,
            2e-2,
            models.both_views,
        ),
        Contender("original CNN, Adam, batch 32", models.original_cnn, keras.optimizers.Adam, 32, 15),
        Contender(
            "original ResNet, Adam, batch 32", models_residual.original_resnet, keras.optimizers.Adam, 32, 15
        ),
    ],
}


class UntilTarget(keras.callbacks.Callback):
    """Stops at the target or at the cap; counts training time only."""

    def __init__(self, answer: Answer, validation, target: float, cap_s: float, steps_between_checks: int):
        super().__init__()
        self.answer = answer
        self.validation, self.target, self.cap_s, self.every = validation, target, cap_s, steps_between_checks
        self.seconds, self.best, self.steps, self.started = 0.0, 0.0, 0, 0.0

    def on_train_begin(self, logs=None):
        self.started = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps % self.every == 0 or self.seconds + time.process_time() - self.started >= self.cap_s:
            self.check()

    def on_train_end(self, logs=None):
        if self.best < self.target:
            self.check()

    def check(self):
        self.seconds += time.process_time() - self.started
        x, y = self.validation
        accuracy = float((self.answer(self.model, x).argmax(axis=1) == y).mean())
        self.best = max(self.best, accuracy)
        self.model.stop_training = self.best >= self.target or self.seconds >= self.cap_s
        self.started = time.process_time()


def seconds_to_target(contender: Contender, train, validation, target: float, cap_s: float) -> dict:
    """Train one contender; the first step, in which TensorFlow traces the graph, counts as well."""
    keras.utils.set_random_seed(course.seed())
    model = contender.network()
    model.compile(contender.optimizer(), "sparse_categorical_crossentropy", jit_compile=False)
    clock = UntilTarget(
        contender.answer, validation, target, cap_s, IMAGES_BETWEEN_CHECKS // contender.batch_size
    )
    batches = reshuffled(*train, contender.batch_size)
    model.fit(batches, epochs=contender.max_epochs, shuffle=False, verbose=0, callbacks=[clock])
    return {
        "label": contender.label,
        "parameters": model.count_params(),
        "seconds": round(clock.seconds, 1),
        "reached": clock.best >= target,
        "best": round(clock.best, 4),
    }


def table(report: dict) -> str:
    lines = [
        f"Measured {report['date']}, {report['machine']}, seed {report['seed']}, cap {report['cap_s']:.0f} processor seconds."
    ]
    for contest in report["contests"]:
        first = contest["rows"][0]
        lines += [
            "",
            f"**{contest['data']}, {100 * contest['target']:.0f} % on 5,000 validation images**",
            "",
            "| Network and recipe | Parameters | Processor seconds | Times ours |",
            "|---|--:|--:|--:|",
        ]
        for row in contest["rows"]:
            ratio = row["seconds"] / first["seconds"]
            seconds, times = f"{row['seconds']:.0f}", f"{ratio:.1f}"
            if not row["reached"]:
                seconds = f"not in {seconds} (best {100 * row['best']:.1f} %)"
                times = f"more than {times}"
            lines.append(f"| {row['label']} | {row['parameters']:,} | {seconds} | {times} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cap", type=float, default=400, help="processor seconds per contender")
    cap_s = parser.parse_args().cap
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{gpu.cpu_count()} cores, {platform.machine()}, no GPU"
        if not gpu.list_gpus()
        else gpu.list_gpus()[0].name,
        "seed": course.seed(),
        "cap_s": cap_s,
        "contests": [],
    }
    for (name, target), contenders in CONTESTS.items():
        (images, labels), _ = data.load_images(name)
        x, y = preprocess.to_unit(images), labels.astype("int32")
        inside, outside = preprocess.split(len(x), (NUM_TRAIN / len(x), 1 - NUM_TRAIN / len(x)), seed=0)
        rows = []
        for contender in contenders:
            rows.append(
                seconds_to_target(contender, (x[inside], y[inside]), (x[outside], y[outside]), target, cap_s)
            )
            print(name, rows[-1], flush=True)
        report["contests"].append({"data": name, "target": target, "rows": rows})
    (HERE / "training_speed.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tables.put("training_speed", table(report))


if __name__ == "__main__":
    main()
