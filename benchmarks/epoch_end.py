"""What the tuner of tf.data costs at the end of an epoch: Keras as it comes, and as `utils.course.begin` sets it.

    .venv/bin/python benchmarks/epoch_end.py

Each way runs in its own process, twice, in turn: three epochs of one network of Lab 3 over 320 random flows, after
a first one that is not counted because it traces the network.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
EPOCHS, FLOWS = 3, 320


def measure(begun: bool) -> dict[str, list[float]]:
    """Wall and processor seconds of each epoch."""
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]
    import keras
    import numpy as np

    from flow import models, training
    from utils import course

    if begun:
        course.begin("benchmarks/epoch_end", uses=["keras"])
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(5, 5, (FLOWS, 64, 128, 1)).astype(np.float32)
    y = random.normal(0, 1, (FLOWS, 64, 128, 2)).astype(np.float32)
    network = models.compact_unet(64, 128)
    training.TODAY.compile(network, FLOWS, EPOCHS + 1)
    wall, processor = [], []
    for _ in range(EPOCHS + 1):
        started, used = time.perf_counter(), time.process_time()
        network.fit(x, y, batch_size=training.TODAY.batch_size, verbose=0)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return {"wall": wall[1:], "processor": processor[1:]}


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1] == "begun")))
        return
    rows = [
        "| Way | Wall seconds of each epoch | Mean | Processor seconds, mean | Ratio |",
        "|---|---|--:|--:|--:|",
    ]
    seconds: dict[str, list[dict[str, list[float]]]] = {"as it comes": [], "begun": []}
    for _ in range(2):
        for way, runs in seconds.items():
            done = subprocess.run(
                [sys.executable, __file__, way], stdout=subprocess.PIPE, check=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            )  # fmt: skip
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    first = None
    for way, runs in seconds.items():
        walls = [wall for run in runs for wall in run["wall"]]
        processors = [used for run in runs for used in run["processor"]]
        mean = sum(walls) / len(walls)
        first = first or mean
        rows.append(
            f"| {way} | {', '.join(f'{wall:.1f}' for wall in walls)} | {mean:.1f} "
            f"| {sum(processors) / len(processors):.1f} | {mean / first:.2f} |"
        )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
