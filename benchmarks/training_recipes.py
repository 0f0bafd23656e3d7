"""Processor seconds and test accuracy of notebook 03's recipes beside the ones they replaced.

    .venv/bin/python benchmarks/training_recipes.py [--only "MNIST, whole training"] [--seeds 5] [--before 5] [--threads 1]

Each training takes the 55,000 training images; its seconds are those of all cores together and include the tracing
of the first step and the answers to the 10,000 test images. The recipes take turns, seed by seed, so that other
programs on the machine do not favour one of them. Everything was chosen on validation data; the test images are
counted once. Writes benchmarks/training_recipes.json and the table in benchmarks/README.md.
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

from utils import course, data, preprocess  # noqa: E402

course.begin("benchmarks/training_recipes", uses=["keras"])
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from intro import models  # noqa: E402
from utils.training import one_cycle_adamw, one_cycle_muon, reshuffled  # noqa: E402


def before(widths: tuple[int, int, int], dropout: float, mirrored: bool) -> keras.Sequential:
    """The networks before: all stages pooled, more dropout."""
    first = [layers.RandomFlip("horizontal")] if mirrored else []
    stages = [layer for width in widths for layer in models.conv_pool(width)]
    head = [
        layers.Flatten(),
        layers.Dropout(dropout),
        layers.Dense(models.NUM_CLASSES, activation="softmax"),
    ]
    return keras.Sequential([keras.Input(models.IMAGE), *first, *stages, *head])


@dataclass(frozen=True)
class Recipe:
    """A network, its optimizer and its epochs; ``both_views`` answers to an image and its mirror image."""

    goal: str
    data: str
    label: str
    network: Callable[[], keras.Model]
    optimizer: Callable[..., keras.optimizers.Optimizer]
    peak: float
    epochs: int
    both_views: bool = False
    steps_per_execution: int = 10
    smoothing: float = 0.0
    old: bool = False


RECIPES = [
    Recipe("MNIST, whole training", "mnist", "before: AdamW, 3 epochs", lambda: before((16, 32, 64), 0.4, False), one_cycle_adamw, 8e-3, 3,
           steps_per_execution=1, old=True),
    Recipe("MNIST, whole training", "mnist", "notebook 03: Muon, 2 epochs", models.mnist_cnn, one_cycle_muon, 2e-2, 2),
    Recipe("Fashion-MNIST, whole training", "fashion-mnist", "before: AdamW, 9 epochs", lambda: before((16, 48, 96), 0.25, True), one_cycle_adamw,
           8e-3, 9, steps_per_execution=1, old=True),
    Recipe("Fashion-MNIST, whole training", "fashion-mnist", "notebook 03: Muon, 4 epochs, both views", models.fashion_cnn, one_cycle_muon, 1e-2, 4,
           both_views=True, smoothing=0.1),
    Recipe("Fashion-MNIST, whole training", "fashion-mnist", "the same with AdamW", models.fashion_cnn, one_cycle_adamw, 8e-3, 4,
           both_views=True, smoothing=0.1, old=True),
    Recipe("Fashion-MNIST to 90 %", "fashion-mnist", "before: AdamW, 3 epochs", lambda: before((16, 48, 96), 0.25, True),
           one_cycle_adamw, 6e-3, 3, steps_per_execution=1, old=True),
    Recipe("Fashion-MNIST to 90 %", "fashion-mnist", "Muon, 1 epoch, both views", models.fashion_cnn,
           one_cycle_muon, 2e-2, 1, both_views=True, smoothing=0.1),
]  # fmt: skip


def measure(recipe: Recipe, seed: int, train, test) -> dict[str, float]:
    """Train and test once: processor seconds and test accuracy."""
    course.begin("benchmarks/training_recipes", uses=["keras"], seed=seed)
    started = time.process_time()
    model = recipe.network()
    model.compile(
        recipe.optimizer(len(train[0]), recipe.epochs, 128, recipe.peak),
        keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing),
        jit_compile=False, steps_per_execution=recipe.steps_per_execution,
    )  # fmt: skip
    x, y = train
    model.fit(
        reshuffled(x, preprocess.one_hot(y, models.NUM_CLASSES), 128),
        epochs=recipe.epochs,
        shuffle=False,
        verbose=0,
    )
    x, y = test
    shares = models.both_views(model, x) if recipe.both_views else model.predict(x, batch_size=500, verbose=0)
    accuracy = float(np.mean(shares.argmax(axis=1) == y))
    return {"seed": seed, "seconds": round(time.process_time() - started, 1), "accuracy": accuracy}


def table(report: dict) -> str:
    lines = [
        f"Measured {report['date']}, {report['machine']}, {report['threads']} thread(s).",
        "",
        "| Goal | Recipe | Seeds | Test accuracy, mean (lowest) | Processor seconds, mean | Ratio |",
        "|---|---|--:|--:|--:|--:|",
    ]
    reference: dict[str, float] = {}
    for row in report["rows"]:
        seconds = np.mean([run["seconds"] for run in row["runs"]])
        accuracies = [100 * run["accuracy"] for run in row["runs"]]
        ratio = seconds / reference.setdefault(row["goal"], seconds)
        lines.append(
            f"| {row['goal']} | {row['label']} | {len(accuracies)} "
            f"| {np.mean(accuracies):.2f} % ({min(accuracies):.2f} %) | {seconds:.1f} | {ratio:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=sorted({recipe.goal for recipe in RECIPES}), help="one goal")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the notebook's recipes")
    parser.add_argument("--before", type=int, default=5, help="seeds of the others")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    sets = {}
    for name in ("mnist", "fashion-mnist"):
        (images, labels), (test_images, test_labels) = data.load_images(name)
        inside, _ = preprocess.split(len(images), (55 / 60, 5 / 60), seed=0)
        x, y = preprocess.to_unit(images)[inside], labels[inside].astype("int32")
        sets[name] = (x, y), (preprocess.to_unit(test_images), test_labels)
    recipes = [recipe for recipe in RECIPES if options.only in (None, recipe.goal)]
    rows = [{"goal": recipe.goal, "label": recipe.label, "runs": []} for recipe in recipes]
    path = HERE / "training_recipes.json"
    others = json.loads(path.read_text(encoding="utf-8"))["rows"] if options.only and path.exists() else []
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, no GPU",
        "threads": options.threads,
        "rows": [row for row in others if row["goal"] != options.only] + rows,
    }
    for seed in range(max(options.seeds, options.before)):
        for recipe, row in zip(recipes, rows, strict=True):
            if seed < (options.before if recipe.old else options.seeds):
                row["runs"].append(measure(recipe, seed, *sets[recipe.data]))
                print(recipe.data, recipe.label, row["runs"][-1], flush=True)
                path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tables.put("training_recipes", table(report))


if __name__ == "__main__":
    main()
