"""Lab 3's best network: less than half the epochs of Muon against AdamW, errors and processor seconds over several seeds.

    .venv/bin/python benchmarks/flow_best.py [seeds, default 0 1 2]

Both train the same network on the same flows, in turn, with one thread. Set-up and tracing count. Results go to
flow_best.json and to the table in benchmarks/README.md.
"""

import json
import math
import os
import sys
import time
from pathlib import Path

import tables

os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]

import keras  # noqa: E402
import numpy as np  # noqa: E402

from flow import dataset, training  # noqa: E402
from utils.training import StopAfter, num_steps  # noqa: E402

RECIPES = {
    "AdamW, 6 epochs": (training.TODAY, 6),
    f"Muon, {training.BEST_EPOCHS} epochs (the lab's)": (training.BEST, training.BEST_EPOCHS),
}
SPLITS = ("validation", "cars", "airfoils")


def main() -> None:
    seeds = [int(seed) for seed in sys.argv[1:]] or [0, 1, 2]
    train, *tests = (dataset.load(split, quiet=True) for split in ("train", *SPLITS))
    x, y = train.distance[..., None], train.velocity
    results: dict[str, dict[str, list[float]]] = {
        name: {key: [] for key in (*SPLITS, "processor_s")} for name in RECIPES
    }
    for seed in seeds:
        for name, (recipe, epochs) in RECIPES.items():
            keras.utils.set_random_seed(seed)
            network = training.best_architecture(*train.distance.shape[1:])
            started = time.process_time()
            recipe.compile(network, len(train), epochs)
            stop = StopAfter(num_steps(len(x), epochs, recipe.batch_size))
            network.fit(
                x, y, batch_size=recipe.batch_size, epochs=math.ceil(epochs), verbose=0, callbacks=[stop]
            )
            results[name]["processor_s"].append(time.process_time() - started)
            for split, data in zip(SPLITS, tests, strict=True):
                results[name][split].append(100 * float(training.errors(network, data).mean()))
            print(seed, name, {key: round(row[-1], 2) for key, row in results[name].items()}, flush=True)
    seconds = {name: np.mean(row["processor_s"]) for name, row in results.items()}
    first = next(iter(seconds.values()))
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')}, {len(train):,} flows, one thread, seeds "
        f"{', '.join(map(str, seeds))}: mean relative error in per cent, lowest to highest over the seeds.",
        "",
        "| Training | Primitives | Cars | Airfoils | Processor time |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, row in results.items():
        cells = (tables.spread(row[split]) for split in SPLITS)
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds[name]:.0f} s, {seconds[name] / first:.2f} |")
    report = {"seeds": seeds, "date": time.strftime("%Y-%m-%d"), "results": results}
    (HERE / "flow_best.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tables.put("flow_best", "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
