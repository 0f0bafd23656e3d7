"""Lab 2 with several seeds: how near the honest network comes to the bound, and what Model 1 does in that time.

    .venv/bin/python benchmarks/cyclone_seeds.py seed 0 1 2     # the final network of notebook 06, once per seed
    .venv/bin/python benchmarks/cyclone_seeds.py leak           # shuffled scores, and Model 1, seed 0

A seed changes the split, so the unseen storms are others, and the first weights. The first part executes the
notebook's own cells; the learning curve, transfer and the compact network are left out. Every part adds its figures
to benchmarks/cyclone_seeds.json and to the table in benchmarks/README.md. Trainings are kept in the cache, so an
interrupted run goes on.
"""

import ast
import os
import sys
import time

import nbformat
import numpy as np
import pandas as pd
import tables
from cyclone_speed import HERE, patches

LAB = HERE.parent / "Tropical_Cyclone"
NOTEBOOK = LAB / "06_A_Better_Model.ipynb"
REPORT = HERE / "cyclone_seeds.json"
# The cells of notebook 06 that lead to the final network, each by a line of it.
CELLS = (
    "course.begin(", "from cyclone import", "SOURCE =", "def enter(", "polar = models.to_polar(frames.images)",
    "def learn(", "lives = archives.load(", "def of_storms(", "def informed(", "def shares(",
    "again = dataset.joined(", "life_truth, life_storm =",
)  # fmt: skip


def notebook_06(seed: int) -> None:
    """Execute the cells of the final network with this process's seed, and write its scores on both tests."""
    os.chdir(LAB)
    book = nbformat.read(NOTEBOOK, as_version=4)
    sources = [cell.source for cell in book.cells if cell.cell_type == "code"]
    names: dict = {}
    for line in CELLS:
        (code,) = (text for text in sources if line in text)
        if line == "def learn(":  # leave the compact network out
            code = "\n".join(
                ast.unparse(step)
                for step in ast.parse(code).body
                if not {"compact", "table"}
                & {part.id for part in ast.walk(step) if isinstance(part, ast.Name)}
            )
        exec(compile(code, line, "exec"), names)
    nature, life_storm = names["nature"], names["life_storm"]
    again, frames, test, truth = (names[name] for name in ("again", "frames", "test", "truth"))
    lives = (names["life_mean"] - names["life_truth"], names["life_best"].wind_kt - names["life_truth"])
    peaks = (names["again_mean"] - again.wind_kt, names["again_best"].wind_kt - again.wind_kt)
    one_sky = (names["final_mean"] - truth, names["best"].wind_kt - truth)
    tables.add(REPORT, table, {
        f"seed {seed}": scores(nature, lives, life_storm),
        f"seed {seed}, peaks": scores(names["peak_rows"], peaks, again.storm_ids[again.storm]),
        f"seed {seed}, peaks under one sky": scores(
            pd.DataFrame(names["rows"]).T.rename({"final: for the mix": "final"}), one_sky, frames.storm[test]
        ),
    })  # fmt: skip


def scores(table: pd.DataFrame, errors_kt: tuple[np.ndarray, np.ndarray], storm: np.ndarray) -> dict:
    """Rows "final" and "bound" of a table of scores, and the interval of the distance between them."""
    from cyclone.contest import excess_interval

    final, bound = table.loc["final"], table.loc["bound"]
    return {
        "rmse_kt": final.rmse_kt, "bound_rmse_kt": bound.rmse_kt, "top1": final.top1, "bound_top1": bound.top1,
        "storms": len(np.unique(storm)), "above": excess_interval(*errors_kt, storm),
    }  # fmt: skip


def leak() -> None:
    """Polar network and Model 1 on shuffled frames, and Model 1 on unseen storms, each for the same processor time."""
    import keras

    from cyclone import archives, dataset, models, training
    from utils import course

    course.begin("benchmarks/cyclone_seeds", uses=["keras"])
    frames = archives.load("synthetic")
    train, test = dataset.split_shuffled(frames, 0.25, seed=0)
    polar = models.to_polar(frames.images)
    keras.utils.set_random_seed(0)
    network = models.polar_cnn()
    started = time.process_time()
    training.fit_wind(
        network, polar[train], frames.wind_kt[train], name="seeds_shuffled", epochs=25, retrain=True
    )
    budget_s = time.process_time() - started
    scores = training.scores(frames.wind_kt[test], *training.predict(network, polar[test]))
    tables.add(REPORT, table, {"polar network, shuffled": {**scores, "cpu_s": budget_s}})
    large = archives.load("synthetic", num_pixels=256, width_km=1024.0, frames_per_storm=6, step_minutes=180)
    for name, split in (("shuffled", dataset.split_shuffled), ("unseen storms", dataset.split_by_storm)):
        tables.add(REPORT, table, {f"Model 1, {name}": model_1(large, *split(large, 0.25, seed=0), budget_s)})


def model_1(frames, train: np.ndarray, test: np.ndarray, budget_s: float) -> dict[str, float]:
    """Model 1 under the recipe of the lecture, epoch by epoch, until the processor time is used up."""
    import keras

    from cyclone import models, tracks

    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    network = models.model_1()
    network.compile(
        keras.optimizers.SGD(1e-3, momentum=0.9), "sparse_categorical_crossentropy", jit_compile=False
    )
    kinds, wind = tracks.wind_class(frames.wind_kt), frames.wind_kt
    started, epochs = time.process_time(), 0
    while time.process_time() - started < budget_s:
        network.fit(patches(frames.images[train], random), kinds[train], batch_size=32, verbose=0)
        epochs += 1
    cpu_s = time.process_time() - started
    middle = np.repeat(frames.images[test, 12:244, 12:244, None].astype(np.float32) / 255, 3, axis=3)
    shares = network.predict(middle, batch_size=32, verbose=0)
    class_kt = np.array([wind[train][kinds[train] == k].mean() for k in range(len(tracks.CLASSES))])
    rmse = float(np.sqrt(np.mean((shares @ class_kt - wind[test]) ** 2)))
    top1 = float(np.mean(shares.argmax(axis=1) == kinds[test]))
    return {"rmse_kt": rmse, "top1": top1, "epochs": epochs, "cpu_s": cpu_s}


def table(report: dict[str, dict[str, float]]) -> str:
    """The report as Markdown: one table of seeds, one of the other rows."""
    lines = [
        "| Seed | Unseen storms | RMSE (kt) | Bound (kt) | Above it | 95 % over storms | Right class | Bound | Points below it |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    seeds = {name: row for name, row in sorted(report.items()) if name.startswith("seed")}
    for name, row in seeds.items():
        rmse, limit, top1, best = (row[k] for k in ("rmse_kt", "bound_rmse_kt", "top1", "bound_top1"))
        low, high = row["above"]
        lines.append(
            f"| {name[5:]} | {row['storms']} | {rmse:.2f} | {limit:.2f} | {rmse / limit - 1:.1%} "
            f"| {low:.0%} to {high:.0%} | {top1:.1%} | {best:.1%} | {100 * (best - top1):.1f} |"
        )
    lines.append("")
    lines += ["| Same processor time | RMSE (kt) | Right class | Processor seconds |", "|---|--:|--:|--:|"]
    for name, row in sorted(report.items()):
        if name not in seeds:
            lines.append(f"| {name} | {row['rmse_kt']:.1f} | {row['top1']:.1%} | {row['cpu_s']:.0f} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    if arguments == ["leak"]:
        leak()
    elif arguments[:1] == ["seed"]:
        tables.for_seeds(__file__, arguments[1:], notebook_06)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
