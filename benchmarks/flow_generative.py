"""Lab 3, notebook 11 with several seeds, and its score beside a library's.

    .venv/bin/python benchmarks/flow_generative.py seed 0 1 2    # the notebook's own cells, once per seed
    .venv/bin/python benchmarks/flow_generative.py library       # needs scoringrules

A seed changes first weights, noise and draws; the wakes are the same. The figures go to benchmarks/flow_generative.json
and to the table in benchmarks/README.md. Trainings are kept in the cache.
"""

import importlib.metadata
import os
import sys
from pathlib import Path

import nbformat
import numpy as np
import tables

HERE = Path(__file__).resolve().parent
LAB = HERE.parent / "CFD_Steady_Flow"
sys.path[:0] = [str(HERE.parent), str(LAB)]
NOTEBOOK = LAB / "11_Generative_Flow.ipynb"
REPORT = HERE / "flow_generative.json"
COLUMNS = {"mean, rel. error": "mean", "variance / truth": "variance", "CRPS": "crps",
           "spectrum off by (decades)": "spectrum"}  # fmt: skip


def notebook_11(seed: int) -> None:
    """Execute the notebook's cells with this process's seed, and write its figures."""
    os.chdir(LAB)
    names: dict = {}
    for number, cell in enumerate(nbformat.read(NOTEBOOK, as_version=4).cells):
        if cell.cell_type == "code" and "course.end()" not in cell.source:
            exec(compile(cell.source, f"cell {number}", "exec"), names)
    table = names["table"].rename(columns=COLUMNS)
    rows = {name: {k: float(v) for k, v in row.items()} for name, row in table.to_dict("index").items()}
    steps = {str(number): row["CRPS"] for number, row in names["by_steps"].items()}
    tables.add(
        REPORT,
        render,
        {f"seed {seed}": {"answers": rows, "crps_by_steps": steps, "ratio": float(names["ratio"])}},
    )


def library() -> None:
    """The fair estimator of the exercise beside that of scoringrules."""
    import scoringrules

    from flow.exercises_11 import fair_crps

    rng, largest = np.random.default_rng(0), 0.0
    for number in (2, 7, 32):
        samples, truth = rng.normal(size=(number, 50)), rng.normal(size=50)
        theirs = scoringrules.crps_ensemble(truth, samples.T, estimator="fair")
        difference = float(np.abs(fair_crps(samples, truth) - theirs).max())
        assert difference < 1e-12, (number, difference)
        largest = max(largest, difference)
    version = importlib.metadata.version("scoringrules")
    tables.add(REPORT, render, {"library": {"scoringrules": version, "largest_difference": largest}})


def render(report: dict[str, dict]) -> str:
    """Mean and range over the seeds as a Markdown table."""
    seeds = [row for name, row in sorted(report.items()) if name.startswith("seed")]
    lines = [
        "| Answer | Mean, relative error | Variance / truth | CRPS | Spectrum off by (decades) |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in seeds[0]["answers"] if seeds else ():
        values = [[row["answers"][name][column] for row in seeds] for column in COLUMNS.values()]
        lines.append(f"| {name} | " + " | ".join(shown(each) for each in values) + " |")
    if seeds:
        lines.append(f"| flow matching / regression | | | {shown([row['ratio'] for row in seeds])} | |")
    return "\n".join(lines) + "\n"


def shown(values: list[float]) -> str:
    """The mean and the range, in three digits."""
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main(arguments: list[str]) -> None:
    if arguments == ["library"]:
        library()
    elif arguments[:1] == ["seed"]:
        tables.for_seeds(__file__, arguments[1:], notebook_11)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
