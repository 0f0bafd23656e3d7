"""Wall seconds, processor seconds and peak memory of whole notebooks; with an older commit beside them, in turn.

    .venv/bin/python benchmarks/notebooks.py PINN_SimNet/09_Chip_Solutions.ipynb --old 72741ce
    .venv/bin/python benchmarks/notebooks.py                      every notebook, this commit only: what a seat needs
    .venv/bin/python benchmarks/notebooks.py --old 72741ce        every notebook beside the course before it was sped up
    .venv/bin/python benchmarks/notebooks.py --show               the table of what was measured beside an older commit

Each commit runs in a worktree and with a cache of its own, with one thread, so that nothing is loaded that another run
trained; a lab's notebooks follow each other as learners run them. Memory is the largest resident size of the kernel;
worker processes that a notebook starts come on top. What stands beside an older commit is kept in `notebooks.json`
after each notebook, so that two runs can share the labs between two cores and an interrupted one loses one notebook.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import tables

ROOT = Path(__file__).resolve().parents[1]
MEASURED = Path(__file__).with_suffix(".json")
LABS = ("Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow", "PINN_SimNet")
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
RUN = """
import importlib, importlib.util, json, resource, sys, time
rooms = ("utils.engine.runner", "utils.runner")  # commits before the engine had a room of its own keep it in utils
runner = importlib.import_module(rooms[importlib.util.find_spec("utils.engine") is None])
started = time.perf_counter()
status = runner.run([sys.argv[1]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the kernel, which has ended
scale = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps([time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / scale]))
sys.exit(status)
"""


def measure(tree: Path, cache: Path, notebook: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of one notebook."""
    environment = os.environ | {"BOOTCAMP_CACHE": str(cache)} | dict.fromkeys(THREADS, "1")
    command = [sys.executable, "-c", RUN, notebook]
    done = subprocess.run(
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise SystemExit(f"{notebook} failed in {tree}:\n{done.stdout}")
    wall, processor, peak = json.loads(done.stdout.splitlines()[-1])
    return wall, processor, peak


def keep(notebook: str, row: dict[str, tuple[float, float, float]], old: str) -> None:
    """One notebook's figures beside those of the others that were measured against the same commit."""
    kept = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    rows = kept["notebooks"] if kept.get("old") == old else {}
    rows[notebook] = {name: [round(value, 1) for value in values] for name, values in row.items()}
    text = json.dumps({"old": old, "notebooks": dict(sorted(rows.items()))}, indent=1)
    MEASURED.write_text(text + "\n", encoding="utf-8")
    tables.put(MEASURED.stem, table(json.loads(text)["notebooks"]) + "\n")


def table(measured: dict[str, dict[str, tuple[float, float, float]]]) -> str:
    """A row for each notebook, in Markdown; ratios where there is an older commit, and their sums."""
    both = any("old" in row for row in measured.values())
    names = ["Wall, s", "Processor, s", "Peak, MB"]
    heads = [f"{name} {when}" for name in names for when in ("before", "now", "ratio")] if both else names
    lines = ["| Notebook | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    rows = dict(measured)
    if both:
        shared = [row for row in measured.values() if "old" in row]
        rows["**those that both have**"] = {
            name: (
                sum(row[name][0] for row in shared),
                sum(row[name][1] for row in shared),
                max(row[name][2] for row in shared),
            )
            for name in ("old", "new")
        }
        rows["**with those added since**"] = {
            "old": rows["**those that both have**"]["old"],
            "new": tuple(
                how(row["new"][column] for row in measured.values())
                for column, how in enumerate((sum, sum, max))
            ),
        }
    for notebook, row in rows.items():
        cells = []
        for column in range(3):
            values = [row[name][column] for name in ("old", "new") if name in row]
            if both and len(values) == 1:
                cells += ["", f"{values[0]:.0f}", ""]
                continue
            cells += [f"{value:.0f}" for value in values] + [f"{values[-1] / values[0]:.2f}"] * (
                len(values) == 2
            )
        lines.append(f"| {notebook} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "notebooks", nargs="*", help="paths from the course's folder; without any, all of them"
    )
    parser.add_argument("--old", metavar="COMMIT", help="compare with this commit")
    parser.add_argument("--show", action="store_true", help="print the table of notebooks.json")
    given = parser.parse_args()
    if given.show:
        print(table(json.loads(MEASURED.read_text(encoding="utf-8"))["notebooks"]))
        return
    names = given.notebooks or [
        path.relative_to(ROOT).as_posix() for lab in LABS for path in sorted((ROOT / lab).glob("*.ipynb"))
    ]
    measured: dict[str, dict[str, tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        trees = {"new": ROOT}
        if given.old:
            trees = {"old": stack.enter_context(tables.older(given.old, folder))} | trees
        for notebook in names:
            measured[notebook] = {
                name: measure(tree, Path(folder) / f"cache-{name}", notebook)
                for name, tree in trees.items()
                if (tree / notebook).exists()
            }
            if given.old:
                keep(notebook, measured[notebook], given.old)
            print(notebook, measured[notebook], flush=True)
    print("\n" + table(measured))


if __name__ == "__main__":
    main()
