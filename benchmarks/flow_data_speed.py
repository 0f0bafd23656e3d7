"""Flows per second that the generator of Lab 3's data set delivers, file and distances included.

    .venv/bin/python benchmarks/flow_data_speed.py

The first samples of the real data sets, computed in this process and with one process per core, each into an
empty cache; the start of the processes counts, the compilation of the solver (once a machine) does not.
Writes benchmarks/flow_data_speed.json and the table in benchmarks/README.md.
"""

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import tables

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "CFD_Steady_Flow")]

SIZES = ((64, 160), (128, 32))  # rows of the grid, number of flows


def measure() -> dict[str, float]:
    """Flows per second, in wall time, by grid and number of processes."""
    import numba

    from flow import dataset
    from utils import gpu

    os.environ["NUMBA_CACHE_DIR"] = numba.config.CACHE_DIR  # for the processes that are started
    rows = {}
    for ny, count in SIZES:
        dataset.solve_slot("train", 0, dataset.Config(ny=ny))  # compiles
        config = dataset.Config(ny=ny, train=count, validation=0, cars=0, airfoils=0)
        for num_workers in sorted({1, gpu.cpu_count()}):
            with tempfile.TemporaryDirectory() as folder:
                os.environ["BOOTCAMP_CACHE"] = folder
                started = time.perf_counter()
                dataset.generate(config, num_workers, quiet=True)
                rate = count / (time.perf_counter() - started)
            rows[f"{ny} x {2 * ny}, {num_workers} process{'es' if num_workers > 1 else ''}"] = rate
    return rows


def main() -> None:
    from utils import gpu

    rows = measure()
    machine = f"{gpu.cpu_count()} cores, {platform.machine()}"
    result = {"date": time.strftime("%Y-%m-%d"), "machine": machine, "flows_per_second": rows}
    (HERE / "flow_data_speed.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    lines = [f"Measured {result['date']}, {machine}.", "", "| Grid | Flows per second |", "|---|--:|"]
    lines += [f"| {label} | {rate:.1f} |" for label, rate in rows.items()]
    text = "\n".join(lines) + "\n"
    print(text)
    tables.put("flow_data_speed", text)


if __name__ == "__main__":
    main()
