"""Lab 3: four more contenders for the race of notebook 06, with about the same processor seconds as those there.

    .venv/bin/python benchmarks/flow_contenders.py [seeds, default 0 1 2]

400 flows, one thread; how often each network passes over them stands in the notebook, too (appendix). Set-up and tracing count. Results go to
flow_contenders.json and to the table in benchmarks/README.md, after each network.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import tables

os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]

import keras  # noqa: E402

from flow import dataset, models, training  # noqa: E402

QUARTER = {"widths": (32, 128, 256, 128, 64, 16)}
OLD = {"boundary": "distance", "original": False}
CONTENDERS: dict[str, tuple[Any, dict[str, Any], float]] = {
    "dense, 5 layers": (models.fully_connected, {"hidden": (1024, 1024, 1024)}, 2.4),
    "encoder-decoder, picture": (models.encoder_decoder, {"boundary": "binary", **QUARTER}, 13.5),
    "U-net of 2017": (models.residual_unet, {"gated": False, **OLD}, 1.42),
    "U-net of 2017, gated": (models.residual_unet, {"gated": True, **OLD}, 1.17),
}
FLOWS = 400
SPLITS = ("validation", "cars", "airfoils")
REPORT = HERE / "flow_contenders.json"


def render(rows: dict[str, dict]) -> str:
    """The table of all networks that were raced so far."""
    lines = [
        f"{FLOWS} flows, one thread: mean relative error in per cent, lowest to highest over the seeds named.",
        "",
        "| Network | Parameters | Passes | Primitives | Cars | Airfoils | Processor s | Seeds |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for name in (name for name in CONTENDERS if name in rows):
        runs = rows[name]
        errors = " | ".join(tables.spread([run[split] for run in runs.values()]) for split in SPLITS)
        one = next(iter(runs.values()))
        seconds = sum(run["processor_s"] for run in runs.values()) / len(runs)
        lines.append(
            f"| {name} | {one['parameters']:,} | {CONTENDERS[name][2]:g} | {errors} | {seconds:.0f} | {', '.join(sorted(runs))} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    seeds = sys.argv[1:] or ["0", "1", "2"]
    train, *tests = (dataset.load(split, quiet=True) for split in ("train", *SPLITS))
    train = train[:FLOWS]
    ny, nx = train.distance.shape[1:]
    for seed in seeds:
        for name, (build, options, passes) in CONTENDERS.items():
            keras.utils.set_random_seed(int(seed))
            network = build(ny, nx, **options)
            started = time.process_time()
            training.train(network, train, name=f"contender_{name}", epochs=passes, retrain=True)
            found = {"processor_s": time.process_time() - started, "parameters": network.count_params()}
            for split, data in zip(SPLITS, tests, strict=True):
                found[split] = 100 * float(training.errors(network, data).mean())
            kept = json.loads(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else {}
            tables.add(REPORT, render, {name: kept.get(name, {}) | {seed: found}})


if __name__ == "__main__":
    main()
