"""Speed of Lab 3's solver beside other lattice-Boltzmann programs, and beside the limit of the machine.

    .venv/bin/python benchmarks/flow_speed.py [--peers PYTHON] [--threads 1 2]

PYTHON is an interpreter with lbmpy, taichi and xlb (and its own NumPy); without it only the course's own
programs run. All programs of a grid and a number of threads take turns, in an order drawn anew each round, so
that a busy machine hurts all alike; the median counts. Writes benchmarks/flow_speed.json and benchmarks/flow_speed.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]

GRIDS = ((64, 128), (128, 256), (1024, 2048))
PEERS = (
    "NumPy, a dozen lines",
    "lbmpy, BGK, AVX-512",
    "lbmpy, two rates, AVX-512",
    "XLB, JAX",
    "XLB, Warp",
    "Taichi kernel",
)
OURS, TORCH, COPY, ARITHMETIC, STREAM = (
    "this course, numba",
    "this course, PyTorch",
    "limit: copy of nine planes",
    "limit: arithmetic of one row",
    "limit: large copy",
)
ROUNDS, SECONDS = 9, 0.08
PAUSE = 0.3  # threads of the program before may spin for a while, on the same core


class Peer:
    """A program in another interpreter."""

    def __init__(self, python: str, name: str, ny: int, nx: int, threads: int):
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "passive",  # threads that spin starve each other where cores are shared
        }
        self.threads = threads
        self.process = subprocess.Popen(
            [python, str(HERE / "flow_peers.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, encoding="utf-8", env=environment,
        )  # fmt: skip
        if threads == 1:
            os.sched_setaffinity(self.process.pid, {min(os.sched_getaffinity(0))})
        reply = self.ask({"name": name, "ny": ny, "nx": nx, "threads": threads})
        self.error = None if reply["ok"] else reply["error"]

    def ask(self, request: dict) -> dict:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, num_steps: int) -> float:
        return self.ask({"steps": num_steps})["cpu" if self.threads == 1 else "seconds"]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def timed(run: Callable[[int], object], threads: int) -> Callable[[int], float]:
    clock = _clock(threads)

    def call(num_steps: int) -> float:
        began = clock()
        run(num_steps)
        return clock() - began

    return call


def _clock(threads: int) -> Callable[[], float]:
    """Processor seconds for one thread, so that other programs on the machine count less; else seconds."""
    return time.process_time if threads == 1 else time.perf_counter


def pytorch(ny: int, nx: int, threads: int) -> Callable[[int], object]:
    import torch

    from flow.solver import channel_inflow
    from flow.solver_gpu import BatchSimulation

    torch.set_num_threads(threads)
    y, x = np.mgrid[:ny, :nx] + 0.5
    distance = (np.hypot(x - 0.25 * nx, y - 0.5 * ny) - ny / 8).astype(np.float32)[None]
    return BatchSimulation(distance < 0, 0.05, channel_inflow(ny, 0.1), distances=distance, device="cpu").run


def large_copy(threads: int) -> float:
    """Million lattice updates a second that a copy of 256 MB, in `threads` parts at once, allows."""
    from concurrent.futures import ThreadPoolExecutor

    from flow.speed import COPIED_BYTES

    parts = [
        (np.ones(2**25 // threads, np.float32), np.ones(2**25 // threads, np.float32)) for _ in range(threads)
    ]
    clock, times = _clock(threads), []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(ROUNDS):
            began = clock()
            list(pool.map(lambda part: np.copyto(part[1], part[0]), parts))
            times.append(clock() - began)
    return 2 * 2**25 * 4 / statistics.median(times) / COPIED_BYTES / 1e6


def race(ny: int, nx: int, threads: int, python: str | None) -> dict[str, dict]:
    """Million lattice updates a second of every program: median and best."""
    from flow import speed

    contenders: dict[str, Callable[[int], float]] = {
        OURS: timed(speed.obstacle_channel(ny, nx, threads).run, threads),
        TORCH: timed(pytorch(ny, nx, threads), threads),
    }
    if threads == 1:
        contenders[COPY] = timed(speed.bare_copy(ny, nx), threads)
        contenders[ARITHMETIC] = timed(speed.bare_arithmetic(ny, nx), threads)
    rows: dict[str, dict] = {}
    peers = {name: Peer(python, name, ny, nx, threads) for name in PEERS} if python else {}
    for name, peer in peers.items():
        if peer.error:
            rows[name] = {"error": peer.error}
        elif not (threads > 1 and name.startswith("NumPy")):
            contenders[name] = peer
    num_steps = {}
    for name, run in contenders.items():
        run(2)  # compiles, or loads what was compiled before
        few = run(2)
        per_step = run(20) / 20 if few < SECONDS / 4 else few / 2
        num_steps[name] = 2 * max(1, round(SECONDS / max(per_step, 1e-7) / 2))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order = np.random.default_rng(0)
    for _ in range(ROUNDS):
        for name in order.permutation(list(contenders)):
            time.sleep(PAUSE)
            times[name].append(contenders[name](num_steps[name]))
    for peer in peers.values():
        peer.close()
    for name, values in times.items():
        updates = ny * nx * num_steps[name] / 1e6
        rows[name] = {"mlups": updates / statistics.median(values), "best": updates / min(values)}
    if ny * nx > 10**6:
        rows[STREAM] = {"mlups": large_copy(threads)}
    return rows


def samples() -> dict[str, dict]:
    """Seconds of one thread for a converged flow around random bodies, on both data grids."""
    from flow.shapes import sample_scene, signed_distance
    from flow.solver import solve_steady

    rows = {}
    for ny, nx, number in ((64, 128, 16), (128, 256, 6)):
        random = np.random.default_rng(0)
        flows = []
        for _ in range(number):
            distance = signed_distance(sample_scene(("ellipse", "box", "polygon"), random), ny, nx)
            flows.append(solve_steady(distance < 0, distance=distance))
        rows[f"{ny} x {nx}"] = {
            "seconds": statistics.median(flow.seconds for flow in flows),
            "converged": sum(flow.converged for flow in flows),
            "flows": number,
        }
    return rows


def report(result: dict) -> str:
    """The measurement as Markdown."""
    lines = [
        "## Lab 3: the flow solver",
        "",
        "```bash",
        ".venv/bin/python benchmarks/flow_speed.py --peers PYTHON",
        "```",
        "",
        "Million lattice updates a second (MLUPS), D2Q9, float32, a channel with a round body. All programs of a",
        "column take turns in one run; medians, of processor seconds for one thread, of wall seconds for two. Ours",
        "uses two relaxation times and interpolated walls. Three limits: a bare copy of the nine planes, without",
        "arithmetic, bounds a solver that goes through memory once a step; the collisions of one row in the first",
        "cache, without walls, bound one that computes; the large copy is the memory's own speed. Ours takes up to 24",
        "steps while a row is in the cache, and so passes both copies on large grids. Where another program computes on",
        "the same core, arithmetic slows down more than copying: in brackets the ratio of the best turns.",
        "Two threads share one grid in bands: below 128 x 256 cells that costs more than it brings, so small flows run side by side, one thread each.",
        "",
        f"Measured {result['date']}, {result['machine']}.",
        "",
    ]
    columns = list(result["speed"])
    names = list(dict.fromkeys(name for rows in result["speed"].values() for name in rows))
    lines.append("| Program | " + " | ".join(columns) + " |")
    lines.append("|---|" + "--:|" * len(columns))
    for name in names:
        cells = [result["speed"][column].get(name, {}).get("mlups") for column in columns]
        if any(cell is not None for cell in cells):
            lines.append(f"| {name} | " + " | ".join("" if c is None else f"{c:,.0f}" for c in cells) + " |")
    failed = {n: r["error"] for rows in result["speed"].values() for n, r in rows.items() if "error" in r}
    if failed:
        lines += [
            "",
            "Did not run: " + "; ".join(f"{name} ({error})" for name, error in failed.items()) + ".",
        ]
    lines += ["", "| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    for label, chosen in (
        ("ours / fastest other", "peer"),
        ("ours / copy of nine planes", COPY),
        ("ours / arithmetic of one row", ARITHMETIC),
        ("ours / large copy", STREAM),
    ):
        cells = []
        for column in columns:
            rows = result["speed"][column]
            others = [r["mlups"] for n, r in rows.items() if n in PEERS and "mlups" in r]
            base = max(others, default=None) if chosen == "peer" else rows.get(chosen, {}).get("mlups")
            cells.append("" if base is None else f"{rows[OURS]['mlups'] / base:.2f}")
            if base is not None and "best" in rows.get(chosen, {}):
                cells[-1] += f" ({rows[OURS]['best'] / rows[chosen]['best']:.2f})"
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "One converged steady flow (channel Reynolds number 100, coarse-to-fine start, one thread):",
        "",
    ]
    lines += ["| Grid | Seconds (median) | Converged |", "|---|--:|--:|"]
    for grid, row in result["samples"].items():
        lines.append(f"| {grid} | {row['seconds']:.3f} | {row['converged']} of {row['flows']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python interpreter that has lbmpy, taichi and xlb")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, 2], help="measure these, keep the others' results"
    )
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    path = HERE / "flow_speed.json"
    result: dict = (
        json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"speed": {}, "samples": {}}
    )
    result |= {"date": datetime.now(UTC).date().isoformat(), "machine": f"{cores} cores, {_processor()}"}
    for threads in options.threads:
        for ny, nx in GRIDS:
            label = f"{ny} x {nx}, {threads} thread" + "s" * (threads > 1)
            result["speed"][label] = race(ny, nx, threads, options.peers)
            print(label, {n: round(r.get("mlups", 0)) for n, r in result["speed"][label].items()}, flush=True)
            _write(path, result)
    if 1 in options.threads:
        result["samples"] = samples()
    _write(path, result)
    print(report(result))


def _write(path: Path, result: dict) -> None:
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(report(result), encoding="utf-8")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [
            line.split(":")[1].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if "model name" in line
        ]
        if info.exists()
        else []
    )
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
