"""The first cell of a notebook: processor seconds of an older commit's, of this one's, and of its libraries alone.

    .venv/bin/python benchmarks/first_cell.py 72741ce --rounds 3

Each cell runs in a process of its own, as IPython runs it, with one thread; all take turns, and the least of the
rounds counts. The last column loads only what the cell asks of others, with the collector of garbage off as
`course.begin` has it: below that no cell can come. Commits that import in a second cell get both.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tables

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = {
    "Keras (Lab 1, 03)": "Intro_to_DL/03_Convolutional_Networks.ipynb",
    "PyTorch (Lab 4, 02)": "PINN_SimNet/02_Composite_Bar.ipynb",
    "neither (Lab 3, 02)": "CFD_Steady_Flow/02_Data_and_Task.ipynb",
}
OURS = {"utils", "intro", "cyclone", "flow", "pinn"}
RUN = """
import resource, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
source = sys.stdin.read()
def used():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in both)
started = used()
shell.run_cell(source).raise_error()
print("seconds", used() - started)
"""


def cells(notebook: Path) -> str:
    """The code up to the cell that begins the course; the next one too, where that one imports nothing else."""
    sources = [
        "".join(cell["source"])
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    last = next(number for number, text in enumerate(sources) if "course.begin" in text)
    alone = len(ast.parse(sources[last]).body) <= 4
    return "\n".join(sources[: last + 1 + alone])


def libraries(source: str) -> str:
    """Imports of everything in ``source`` that is not the course's own; Keras stands on TensorFlow."""
    found = []
    for step in ast.walk(ast.parse(source)):
        if isinstance(step, ast.Import):
            found += [part.name for part in step.names]
        elif isinstance(step, ast.ImportFrom) and step.module:
            found.append(step.module)
    names = dict.fromkeys(name for name in found if name.split(".")[0] not in OURS)
    return "\n".join(["import gc", "gc.disable()", *(f"import {name}" for name in names)])


def measure(source: str, folder: Path, cache: str) -> float:
    """Processor seconds of a cell in a new process in ``folder``."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1")
    environment = os.environ | one | {"BOOTCAMP_CACHE": cache, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=source, cwd=folder, env=environment,
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The cell failed in {folder}:\n{done.stdout}{done.stderr}")
    return float(done.stdout.rsplit("seconds ", 1)[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", metavar="COMMIT", help="compare with this commit")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    lines = [
        "| First cell | Before, s | Now, s | Ratio | Its libraries alone, s | Their share of before |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory() as folder, tables.older(given.old, folder) as old:
        for label, notebook in NOTEBOOKS.items():
            now = cells(ROOT / notebook)
            turns = [
                (cells(old / notebook), (old / notebook).parent),
                (now, (ROOT / notebook).parent),
                (libraries(now), Path(folder)),
            ]
            rounds = [
                [measure(source, place, f"{folder}/cache") for source, place in turns]
                for _ in range(given.rounds + 1)
            ][1:]  # the first one fills the caches of files
            before, after, least = (min(column) for column in zip(*rounds, strict=True))
            lines.append(
                f"| {label} | {before:.2f} | {after:.2f} | {after / before:.2f} | {least:.2f} "
                f"| {least / before:.2f} |"
            )
            print(lines[-1], flush=True)
    tables.put("first_cell", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
