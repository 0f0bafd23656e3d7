"""Training speed of each network of Lab 3 on this machine: samples per second and processor time per sample.

    .venv/bin/python benchmarks/flow_training_speed.py [rows of the grid, default 64]

One step is forward, backward and update, on random flows, with the batch size of the network's recipe. The median
of the timed steps counts; the tracing of the first step does not. Results go to flow_training_speed.json.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import tables

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from flow import models, training  # noqa: E402

SECONDS_PER_NETWORK, FEWEST_STEPS = 4.0, 4
SMALL_GUO = (32, 128, 256, 128, 64, 16)
NETWORKS: dict[str, tuple[Callable[[int, int], keras.Model], training.Recipe]] = {
    "3 layers": (lambda ny, nx: models.fully_connected(ny, nx), training.ORIGINAL),
    "5 layers": (lambda ny, nx: models.fully_connected(ny, nx, (1024, 1024, 1024)), training.ORIGINAL),
    "Guo et al., original widths": (lambda ny, nx: models.encoder_decoder(ny, nx), training.ORIGINAL),
    "Guo et al., a quarter": (
        lambda ny, nx: models.encoder_decoder(ny, nx, widths=SMALL_GUO), training.ORIGINAL,
    ),
    "residual U-net": (lambda ny, nx: models.residual_unet(ny, nx, gated=False), training.ORIGINAL),
    "gated residual U-net": (lambda ny, nx: models.residual_unet(ny, nx), training.ORIGINAL),
    "gated residual U-net, 4 filters": (lambda ny, nx: models.residual_unet(ny, nx, filters=4), training.ORIGINAL),
    "compact U-net, velocity": (lambda ny, nx: models.compact_unet(ny, nx), training.TODAY),
    "compact U-net, stream function": (lambda ny, nx: models.compact_unet(ny, nx, head="stream"), training.TODAY),
    "Fourier neural operator": (lambda ny, nx: models.fourier_operator(ny, nx), training.TODAY),
}  # fmt: skip


def measure(name: str, ny: int) -> dict[str, float]:
    """Samples per second and processor milliseconds per sample of one network."""
    build, recipe = NETWORKS[name]
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    network = build(ny, 2 * ny)
    recipe.compile(network, 1000, 10)
    x = random.normal(5, 5, (recipe.batch_size, ny, 2 * ny, 1)).astype(np.float32)
    y = random.normal(0, 1, (recipe.batch_size, ny, 2 * ny, 2)).astype(np.float32)
    network.train_on_batch(x, y)
    network.train_on_batch(x, y)
    walls, processors, started = [], [], time.perf_counter()
    while len(walls) < FEWEST_STEPS or time.perf_counter() - started < SECONDS_PER_NETWORK:
        wall, processor = time.perf_counter(), time.process_time()
        network.train_on_batch(x, y)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return {
        "parameters": network.count_params(),
        "batch_size": recipe.batch_size,
        "samples_per_second": recipe.batch_size / statistics.median(walls),
        "processor_ms_per_sample": 1000 * statistics.median(processors) / recipe.batch_size,
    }


def main() -> None:
    ny = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    cores = len(os.sched_getaffinity(0))
    tf.config.threading.set_intra_op_parallelism_threads(cores)
    lines = [f"Measured {time.strftime('%Y-%m-%d')} on {cores} cores, {ny} x {2 * ny} cells.", ""]
    lines += [
        "| Network | Parameters | Batch | Samples/s | Processor ms per sample |",
        "|---|--:|--:|--:|--:|",
    ]
    results = {}
    for name in NETWORKS:
        row = results[name] = measure(name, ny)
        lines.append(
            f"| {name} | {row['parameters']:,} | {row['batch_size']} | {row['samples_per_second']:.1f} "
            f"| {row['processor_ms_per_sample']:.1f} |"
        )
        print(lines[-1], flush=True)
    report = {"cores": cores, "ny": ny, "date": time.strftime("%Y-%m-%d"), "networks": results}
    (HERE / "flow_training_speed.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tables.put("flow_training_speed", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
