"""The touches of Lab 3's notebook 05 with all flows and a long training, over several seeds.

    .venv/bin/python benchmarks/flow_touches.py [seeds, default 0 1 2]

Notebook 05 adds the touches one after the other in trainings of seconds, one run each. Here each network is as wide
as the lab's best one in the laptop profile and learns for six epochs. Results go to flow_touches.json and to the table in
benchmarks/README.md. Trainings are kept in the cache, so an interrupted run goes on.
"""

import json
import os
import sys
import time
from pathlib import Path

import tables

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]

import keras  # noqa: E402

from flow import dataset, models, training  # noqa: E402
from utils import course, gpu  # noqa: E402

SQUARES = training.Recipe(loss="sum_of_squares")
TOUCHES: dict[str, tuple[dict[str, str], training.Recipe]] = {
    "picture, squares": ({"boundary": "binary"}, SQUARES),
    "+ relative loss": ({"boundary": "binary"}, training.TODAY),
    "+ signed distance": ({"boundary": "distance"}, training.TODAY),
    "+ coordinates (the best network's inputs)": ({"boundary": "rich"}, training.TODAY),
    "+ stream function": ({"boundary": "rich", "head": "stream"}, training.TODAY),
}
EPOCHS = 6
SPLITS = ("validation", "cars", "airfoils")


def main() -> None:
    seeds = [int(seed) for seed in sys.argv[1:]] or [0, 1, 2]
    train, *tests = (dataset.load(split, quiet=True) for split in ("train", *SPLITS))
    ny, nx = train.distance.shape[1:]
    results: dict[str, dict[str, list[float]]] = {name: {split: [] for split in SPLITS} for name in TOUCHES}
    for seed in seeds:
        course.begin("CFD_Steady_Flow/05_Residual_U_Nets", uses=["keras"], seed=seed)
        for name, (options, recipe) in TOUCHES.items():
            keras.utils.set_random_seed(seed)
            network = models.compact_unet(ny, nx, **options)
            training.train(network, train, name="flow_touch", epochs=EPOCHS, recipe=recipe)
            for split, data in zip(SPLITS, tests, strict=True):
                results[name][split].append(100 * float(training.errors(network, data).mean()))
            print(
                seed,
                name,
                {split: round(errors[-1], 2) for split, errors in results[name].items()},
                flush=True,
            )
    machine = gpu.list_gpus()[0].name if gpu.list_gpus() else f"{gpu.cpu_count()} cores, no GPU"
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')}, {machine}, {len(train):,} flows, {EPOCHS} epochs, "
        f"seeds {', '.join(map(str, seeds))}: mean relative error in per cent, lowest to highest over the seeds.",
        "",
        "| Network | Primitives | Cars | Airfoils |",
        "|---|--:|--:|--:|",
    ]
    for name, row in results.items():
        lines.append(f"| {name} | {' | '.join(map(tables.spread, row.values()))} |")
    report = {"seeds": seeds, "date": time.strftime("%Y-%m-%d"), "rel_l2_percent": results}
    (HERE / "flow_touches.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    tables.put("flow_touches", "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
