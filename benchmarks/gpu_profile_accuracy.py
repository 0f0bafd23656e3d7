"""Test accuracy of notebook 04's residual network in the size of the gpu profile, on any machine.

    .venv/bin/python benchmarks/gpu_profile_accuracy.py

Same network, recipe and seed as the notebook with BOOTCAMP_PROFILE=gpu. Without a GPU it takes more than an hour on
2 cores; it can be stopped and goes on after the last full epoch. Writes its line into benchmarks/README.md.
"""

import os
import sys
import time
from pathlib import Path

import tables

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "Intro_to_DL")]
os.environ["BOOTCAMP_PROFILE"] = "gpu"

from utils import course, data, gpu, preprocess  # noqa: E402

course.begin("benchmarks/gpu_profile_accuracy", uses=["keras"])
import keras  # noqa: E402

from intro import models_residual  # noqa: E402
from utils.training import fit, one_cycle_adamw  # noqa: E402

EPOCHS = 28


def main() -> None:
    (x, y), (x_test, y_test) = data.load_images("fashion-mnist")
    train, valid = preprocess.split(len(x), (55 / 60, 5 / 60), seed=course.seed())
    x, x_test = preprocess.to_unit(x), preprocess.to_unit(x_test)
    keras.utils.set_random_seed(course.seed())
    network = models_residual.fashion_resnet(widths=(32, 64, 128, 256), strides=(1, 2, 2), shift=0.08)
    network.compile(
        one_cycle_adamw(len(train), EPOCHS, 128, peak=8e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=gpu.usable(),
    )
    run = fit(
        network, x[train], y[train], name="fashion_resnet", epochs=EPOCHS, batch_size=128,
        validation_data=(x[valid], y[valid]),
    )  # fmt: skip
    right = network.predict(x_test, batch_size=500, verbose=0).argmax(axis=1) == y_test
    machine = gpu.list_gpus()[0].name if gpu.list_gpus() else f"{gpu.cpu_count()} cores, no GPU"
    line = (
        f"Measured {time.strftime('%Y-%m-%d')} on {machine}, seed {course.seed()}: {100 * right.mean():.2f} % of the "
        f"10,000 test images after {run.seconds / 60:.0f} minutes of training, {network.count_params():,} parameters.\n"
    )
    print(line)
    tables.put("gpu_profile", line)


if __name__ == "__main__":
    main()
