"""Images per second of one small network: Keras backend, XLA, precision, batch size, side by side.

    .venv/bin/python benchmarks/training_backends.py

Each setting runs in its own process, one after the other, because a backend can be chosen only once.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import tables

HERE = Path(__file__).resolve().parent
SETTINGS = [
    {"backend": "tensorflow", "jit": False, "policy": "float32", "batch": 128},
    {"backend": "tensorflow", "jit": False, "policy": "float32", "batch": 32},
    {"backend": "tensorflow", "jit": False, "policy": "float32", "batch": 512},
    {"backend": "tensorflow", "jit": True, "policy": "float32", "batch": 128},
    {"backend": "tensorflow", "jit": False, "policy": "mixed_bfloat16", "batch": 128},
    {"backend": "torch", "jit": False, "policy": "float32", "batch": 128},
]


def measure(setting: dict) -> float:
    """Images per second, the tracing of the first step not counted."""
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "Intro_to_DL")]
    import keras
    import numpy as np

    from intro import models

    keras.mixed_precision.set_global_policy(setting["policy"])
    random = np.random.default_rng(0)
    count = 7_680
    x, y = random.random((count, 28, 28, 1), np.float32), random.integers(0, 10, count)
    model = models.mnist_cnn()
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=setting["jit"])
    model.fit(x[:1024], y[:1024], batch_size=setting["batch"], verbose=0)
    started = time.perf_counter()
    model.fit(x, y, batch_size=setting["batch"], epochs=2, verbose=0)
    return 2 * count / (time.perf_counter() - started)


def main() -> None:
    if len(sys.argv) > 1:
        print(measure(json.loads(sys.argv[1])))
        return
    rows = ["| Backend | XLA | Precision | Batch | Images/s | Ratio |", "|---|---|---|--:|--:|--:|"]
    first = None
    for setting in SETTINGS:
        environment = {**os.environ, "KERAS_BACKEND": setting["backend"], "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, __file__, json.dumps(setting)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        speed = float(done.stdout.split()[-1])
        first = first or speed
        xla = "yes" if setting["jit"] else "no"
        rows.append(
            f"| {setting['backend']} | {xla} | {setting['policy']} | {setting['batch']} "
            f"| {speed:.0f} | {speed / first:.2f} |"
        )
        print(rows[-1], flush=True)
    tables.put("training_backends", "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
