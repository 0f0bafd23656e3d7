"""Lab 3, notebook 10 with several seeds, and its linear step beside PyDMD.

    .venv/bin/python benchmarks/flow_rollout.py seed 0 1 2    # the notebook's own cells, once per seed
    .venv/bin/python benchmarks/flow_rollout.py pydmd         # needs pydmd 2025.8.1

A seed changes the first weights and the noise of the training; the flow is the same. The figures go to
benchmarks/flow_rollout.json and to the table in benchmarks/README.md. Trainings are kept in the cache.
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
NOTEBOOK = LAB / "10_Flow_in_Time.ipynb"
REPORT = HERE / "flow_rollout.json"
METHODS = ("DMD, settled", "DMD, both runs", "one step", "one step, noise", "one step, spectral",
           "modes, one step", "modes, 20 steps")  # fmt: skip


def notebook_10(seed: int, until: str = "course.end()") -> dict:
    """Execute the notebook's cells up to one with this process's seed; write its figures, return its names."""
    os.chdir(LAB)
    names: dict = {}
    for number, cell in enumerate(nbformat.read(NOTEBOOK, as_version=4).cells):
        if until in cell.source:
            break
        if cell.cell_type == "code":
            exec(compile(cell.source, f"cell {number}", "exec"), names)
    if "table" in names:
        table, errors, truth = names["table"], names["errors"], names["strouhal"]
        rows = {
            method: {
                "first_step": float(errors[method]["settled"][0]),
                "settled": float(table.loc[method, "error, settled"]),
                "half": float(table.loc[method, "error, half"]),
                "strouhal_rel_error": float(abs(table.loc[method, "Strouhal number"] / truth - 1)),
                "phase_periods": float(abs(table.loc[method, "phase error (periods)"])),
                "largest_lift": float(table.loc[method, "largest lift"]),
                "largest_drag": float(table.loc[method, "largest drag"]),
                "spectrum_decades": names["wrong"].get(method),
            }
            for method in METHODS
        }
        rows["periods"] = float(names["periods"])
        tables.add(REPORT, render, {f"seed {seed}": rows})
    return names


def pydmd() -> None:
    """The eigenvalues of the notebook's matrix beside those of PyDMD's exact method, of the same coordinates."""
    from pydmd import DMD

    names = notebook_10(0, "viz.show(\n    figures_street.draw_eigenvalues")
    ours = np.linalg.eigvals(names["matrices"]["DMD, settled"])
    theirs = DMD(svd_rank=-1, exact=True).fit(names["to_modes"](names["learn"][0]).T.astype(float)).eigs
    difference = max(np.abs(theirs - value).min() for value in ours if abs(value) > 0.99)
    assert difference < 1e-3, (ours, theirs)
    tables.add(
        REPORT,
        render,
        {"pydmd": {"version": importlib.metadata.version("pydmd"), "largest_difference": float(difference)}},
    )


def render(report: dict[str, dict]) -> str:
    """Mean and range over the seeds as a Markdown table."""
    seeds = [rows for name, rows in sorted(report.items()) if name.startswith("seed")]
    columns = {
        "first_step": "Error after one step", "settled": "after ten periods", "half": "half street, after six",
        "strouhal_rel_error": "Strouhal number off by (%)", "phase_periods": "phase (periods)",
    }  # fmt: skip
    lines = ["| Step | " + " | ".join(columns.values()) + " |", "|---|" + "--:|" * len(columns)]
    for method in METHODS if seeds else ():
        values = {c: [(100 if "rel" in c else 1) * rows[method][c] for rows in seeds] for c in columns}
        lines.append(f"| {method} | " + " | ".join(shown(values[c]) for c in columns) + " |")
    return "\n".join(lines) + "\n"


def shown(values: list[float]) -> str:
    """The mean and the range, in three digits."""
    return f"{np.mean(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def main(arguments: list[str]) -> None:
    if arguments == ["pydmd"]:
        pydmd()
    elif arguments[:1] == ["seed"]:
        tables.for_seeds(__file__, arguments[1:], notebook_10)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
