"""Lab 3: does a gate help a residual U-net? Pairs of short trainings over several seeds.

    .venv/bin/python benchmarks/flow_gates.py [seeds, default 0 1 2]

Hennigh's U-net with half the filters and four resolutions, with and without gates, on 400 flows for three epochs: hard mask,
linear output, signed distance, no dropout, AdamW. Equal steps, one thread; set-up and tracing count. Results go to
flow_gates.json and to the table in benchmarks/README.md.
"""

import json
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

from flow import dataset, metrics, models, training  # noqa: E402

FLOWS, EPOCHS = 400, 3
SPLITS = ("validation", "cars", "airfoils")


def main() -> None:
    seeds = [int(seed) for seed in sys.argv[1:]] or [0, 1, 2]
    train, *tests = (dataset.load(split, quiet=True) for split in ("train", *SPLITS))
    train = train[:FLOWS]
    ny, nx = train.distance.shape[1:]
    kinds = {"non-gated": False, "gated": True}
    results: dict[str, dict[str, list[float]]] = {
        name: {key: [] for key in (*SPLITS, "processor_s", "parameters")} for name in kinds
    }
    for seed in seeds:
        for name, gated in kinds.items():
            keras.utils.set_random_seed(seed)
            network = models.residual_unet(
                ny, nx, gated=gated, dropout=0.0, depth=4, filters=4, boundary="distance", original=False
            )
            started = time.process_time()
            training.TODAY.compile(network, len(train), EPOCHS)
            x, y = train.distance[..., None], train.velocity
            network.fit(x, y, batch_size=training.TODAY.batch_size, epochs=EPOCHS, verbose=0)
            results[name]["processor_s"].append(time.process_time() - started)
            results[name]["parameters"].append(network.count_params())
            for split, data in zip(SPLITS, tests, strict=True):
                results[name][split].append(100 * float(training.errors(network, data).mean()))
            print(seed, name, {key: round(row[-1], 2) for key, row in results[name].items()}, flush=True)
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')}, {len(train):,} flows, {EPOCHS} epochs, one thread, seeds "
        f"{', '.join(map(str, seeds))}: mean relative error in per cent, lowest to highest over the seeds.",
        "",
        "| U-net | Parameters | Primitives | Cars | Airfoils | Processor time |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, row in results.items():
        cells = " | ".join(tables.spread(row[split]) for split in SPLITS)
        seconds = np.mean(row["processor_s"])
        lines.append(f"| {name} | {row['parameters'][0]:,} | {cells} | {seconds:.0f} s |")
    lines += ["", "Non-gated minus gated, 95 % interval of the mean over the pairs, in points:"]
    for split in SPLITS:
        low, high = metrics.paired_interval(
            np.array(results["non-gated"][split]), np.array(results["gated"][split])
        )
        lines[-1] += f" {split} {low:+.2f} to {high:+.2f};"
    lines[-1] = lines[-1].removesuffix(";") + "."
    report = {"seeds": seeds, "date": time.strftime("%Y-%m-%d"), "results": results}
    (HERE / "flow_gates.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tables.put("flow_gates", "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
