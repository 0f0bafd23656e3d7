"""Set-up from nothing, an older commit's launcher beside this one's, in turn: wall and processor seconds.

    python benchmarks/setup_speed.py 72741ce --rounds 3

Each set-up gets an environment and a home of its own, so that no cache is there; with ``--warm`` the caches of pip and
uv stay from round to round. Where packages come from is as pip's settings say.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tables

ROOT = Path(__file__).resolve().parents[1]
SET_UP = """
import os, runpy, sys
sys.argv = ["bootcamp"]
launcher = runpy.run_path("bootcamp")
launcher["surroundings"].scrub(os.environ) if "surroundings" in launcher else None
launcher["set_up"]()
"""


def set_up(tree: Path, scratch: Path, warm: bool) -> tuple[float, float]:
    """Wall and processor seconds of one set-up."""
    place = scratch / "environment"
    caches = scratch / ("warm-" + tree.name if warm else "cold")
    for folder in [place] + [caches] * (not warm):
        shutil.rmtree(folder, ignore_errors=True)
    caches.mkdir(exist_ok=True)
    environment = os.environ | {
        "BOOTCAMP_VENV": str(place), "BOOTCAMP_CACHE": str(caches / "course"),
        "PIP_CACHE_DIR": str(caches / "pip"), "XDG_CACHE_HOME": str(caches),
    }  # fmt: skip
    if warm:
        environment["UV_CACHE_DIR"] = str(caches / "uv")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", SET_UP], cwd=tree, env=environment, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the older one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", action="store_true", help="keep the caches of pip and uv")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tables.older(given.commit, folder) as old:
        seconds: dict[str, list[tuple[float, float]]] = {"old": [], "new": []}
        for number in range(given.rounds + given.warm):
            for name, tree in (("old", old), ("new", ROOT)):
                measured = set_up(tree, Path(folder), given.warm)
                print(f"{name}: {measured[0]:.1f} s wall, {measured[1]:.1f} processor s", flush=True)
                if number or not given.warm:  # the first one fills the caches
                    seconds[name].append(measured)
    for column, quantity in enumerate(("wall", "processor")):
        medians = {name: statistics.median(row[column] for row in rows) for name, rows in seconds.items()}
        print(
            f"{quantity}: {medians['old']:.1f} s before, {medians['new']:.1f} s now, "
            f"ratio {medians['new'] / medians['old']:.2f} (medians of {given.rounds})"
        )


if __name__ == "__main__":
    main()
