"""Many seats at once, before the people come: ``./bootcamp rehearse --seats N [NOTEBOOK]``.

Each seat steps through the notebook in a kernel of its own, with a private cache, against one shared folder of data. In a
Slurm allocation of several nodes the seats go round the nodes.
"""

import argparse
import json
import os
import re
import shutil
import stat
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from utils.engine import parallel, settings, usage
from utils.engine.paths import ROOT, cache_dir

NOTEBOOK = "PINN_SimNet/01_From_Data_to_Physics.ipynb"
MOST_SEATS = 1000


@dataclass(frozen=True)
class Seat:
    """What one seat did.

    Attributes:
        number: from 1.
        start: seconds from the start of the program to the first cell of a kernel that answers; None after a failure.
        seconds: of the notebook, start included.
        peak_mb: memory of its kernel, MiB.
        failure: one sentence; ``""`` if all cells passed.
    """

    number: int
    start: float | None
    seconds: float
    peak_mb: float
    failure: str


def rehearse(notebook: str, seats: int) -> tuple[list[Seat], list[str], Path]:
    """Run all seats at once and wait for the last one.

    Args:
        notebook: path from the course's folder.
        seats: how many.

    Returns:
        Seats; names of files in the shared data that were changed, added or removed; folder of the seats' caches.
    """
    shared = settings.data() or cache_dir("downloads")
    before = _state(shared)
    home = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=cache_dir()))  # only its owner may enter
    running = []
    for number in range(1, seats + 1):
        cache = home / f"seat-{number}"
        cache.mkdir(mode=0o700)
        environment = os.environ | {
            "BOOTCAMP_CACHE": str(cache), "BOOTCAMP_DATA": str(shared), "JUPYTER_RUNTIME_DIR": str(cache / "runtime"),
            "IPYTHONDIR": str(cache / "ipython"),
        }  # fmt: skip
        command = [*_on_a_node(number), sys.executable, "-m", "utils.engine.runner", "run", notebook]
        with open(cache / "said", "w", encoding="utf-8") as said:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT
            )
        running.append((number, cache, process))
    try:
        done = [_seat(number, cache, process.wait()) for number, cache, process in running]
    finally:
        for _, _, process in running:
            if process.poll() is None:
                process.terminate()
    after = _state(shared)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return done, changed, home


def _on_a_node(number: int) -> list[str]:
    """The command that puts a seat on one node of an allocation; empty on a single machine."""
    nodes = os.environ.get("SLURM_JOB_NUM_NODES", "1")
    if not nodes.isdigit() or int(nodes) < 2 or not shutil.which("srun"):
        return []
    where = (number - 1) % int(nodes)
    return ["srun", "--overlap", "--nodes=1", "--ntasks=1", f"--relative={where}", "--export=ALL"]


def _seat(number: int, cache: Path, status: int) -> Seat:
    found = list((cache / "results").glob("*.seconds.json"))
    if status == 0 and found:
        entry = json.loads(found[0].read_text(encoding="utf-8"))
        return Seat(number, entry["start_seconds"], entry["value"], entry["peak_mb"], "")
    said = (cache / "said").read_text(encoding="utf-8", errors="replace").splitlines()
    sentences = [line for line in said if line.strip() and not re.match(r".*\.\.\.$|The executed part", line)]
    if status < 0:
        sentences = [f"It was ended by signal {-status}; out of memory is the usual reason."]
    return Seat(
        number, None, 0.0, 0.0, sentences[-1] if sentences else f"It ended with status {status} and no word."
    )


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def report(notebook: str, seats: list[Seat], changed: list[str], free_gb: float) -> list[str]:
    """Sentences for the instructor."""
    good = [seat for seat in seats if not seat.failure]
    lines = [
        f"{len(seats)} seats of {notebook} at once, on {parallel.cpu_count()} cores with {free_gb:.1f} GB of memory free: "
        f"{len(good)} reached the end, {len(seats) - len(good)} failed."
    ]
    if good:
        starts = {seat.number: seat.start or 0.0 for seat in good}
        slowest = max(good, key=lambda seat: seat.start or 0.0)
        last = max(good, key=lambda seat: seat.seconds)
        peaks = [seat.peak_mb / 1024 for seat in good]
        lines += [
            f"Slowest start: {slowest.start:.1f} s (seat {slowest.number}); half of them started within "
            f"{statistics.median(starts.values()):.1f} s.",
            f"Slowest notebook: {last.seconds:.0f} s (seat {last.number}).",
            f"Peak memory: {max(peaks):.2f} GB in the largest kernel, at most {sum(peaks):.1f} GB in all together.",
        ]
        if sum(peaks) > usage.MEMORY_SHARE * free_gb:
            lines.append("That is more than was free: fewer seats, or more memory, before the people come.")
    lines += [f"Seat {seat.number} failed. {seat.failure}" for seat in seats if seat.failure]
    lines.append(
        "The shared data is as it was."
        if not changed
        else f"The shared data was CHANGED: {', '.join(changed[:5])}."
    )
    return lines


def usage_limit(free_gb: float) -> float:
    """Memory that seats may take together, GB."""
    return 0.9 * free_gb


def writable(folder: Path) -> str:
    """A sentence where others than its owner may write to the shared data, else ``""``."""
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o022:
        return (
            f"Others may write to {folder}: close it (chmod -R a-w,a+rX), or one seat can spoil it for all."
        )
    return ""


def main(arguments: list[str]) -> int:
    """Command line: 0 if every seat reached the end and the shared data is unchanged."""
    parser = argparse.ArgumentParser(prog="bootcamp rehearse", description="Start many seats at once.")
    parser.add_argument("--seats", type=_number, required=True, help="how many")
    parser.add_argument(
        "notebook", nargs="?", default=NOTEBOOK, help=f"path from the course's folder ({NOTEBOOK})"
    )
    given = parser.parse_args(arguments)
    path = (ROOT / given.notebook).resolve()
    if path.suffix != ".ipynb" or not path.is_file() or not path.is_relative_to(ROOT):
        print(f"{given.notebook} is not a notebook of the course, for example {NOTEBOOK}.", file=sys.stderr)
        return 2
    free_gb = psutil.virtual_memory().available / 2**30
    print(f"Starting {given.seats} seats ...", flush=True)
    started = time.monotonic()
    seats, changed, home = rehearse(path.relative_to(ROOT).as_posix(), given.seats)
    print("\n".join(report(path.relative_to(ROOT).as_posix(), seats, changed, free_gb)))
    if sentence := writable(settings.data() or cache_dir("downloads")):
        print(sentence)
    print(f"The rehearsal took {time.monotonic() - started:.0f} s.")
    failed = any(seat.failure for seat in seats)
    if failed:
        print(f"What the seats said and executed: {home}/seat-*", file=sys.stderr)
    else:
        shutil.rmtree(home, ignore_errors=True)
    return 1 if failed or changed else 0


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_SEATS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_SEATS}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
