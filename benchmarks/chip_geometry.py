"""Every chip of Lab 4's challenge: networks with the geometry as an input beside polynomials through solved flows.

    .venv/bin/python benchmarks/chip_geometry.py [--only "polynomial, 20 flows"] [--seeds 0 1 2]

Writes chip_geometry.json beside this file and the table in README.md. The errors are the largest of u, v, p, worst and
mean over eight chips, against finite elements; seconds are processor time of one thread; megabytes are what has to be
kept to answer. Contenders that are not asked for keep their rows.
"""

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import tables

REPORT = Path(__file__).with_suffix(".json")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "PINN_SimNet")]
import numpy as np  # noqa: E402
import torch  # noqa: E402

from pinn import chip as challenge  # noqa: E402
from pinn.chip import HEIGHTS, WIDTHS, Chip  # noqa: E402
from pinn.geometry_network import GeometryNetworks  # noqa: E402
from pinn.local_networks import ParameterizedNetworks  # noqa: E402

CHIPS = [(h, w) for h in HEIGHTS for w in WIDTHS] + [(0.5, 1.3), (0.55, 1.0), (0.65, 0.75), (0.75, 1.2)]
CHIPS = [Chip(*sizes) for sizes in CHIPS]


def networks(width: int, seed: int):
    """Flow around a chip, seconds of training, numbers kept."""
    family = GeometryNetworks(width, seed=seed)
    seconds = family.train(quiet=True)["seconds"].iloc[-1]
    return family.at, seconds, family.weights.numel()


def polynomial(nodes: tuple[int, int], seed: int):
    """The same of polynomials through solved flows."""
    family = ParameterizedNetworks(HEIGHTS, WIDTHS, nodes, seed=seed)
    seconds = family.train(quiet=True)
    return family.at, seconds, family.table.numel()


CONTENDERS = {
    "geometry as input, 110 neurons": (networks, 110),
    "geometry as input, 60 neurons": (networks, 60),
    "polynomial, 9 flows": (polynomial, (3, 3)),
    "polynomial, 20 flows": (polynomial, (5, 4)),
}


def table(content: dict) -> str:
    """Means over seeds, beside the finite elements."""
    lines = [
        f"Measured {content['measured']}.", "",
        "| Every chip by | Seeds | Error of the worst chip | Mean error | Processor seconds | Kept (MB) |", "|---|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for name in CONTENDERS:
        runs = [run for run in content["runs"] if run["contender"] == name]
        if runs:
            means = {key: fmean(run[key] for run in runs) for key in ("mean", "seconds", "kept_mb")}
            worst = tables.spread([run["worst"] for run in runs])
            lines.append(
                f"| {name} | {len(runs)} | {worst} | {means['mean']:.3f} | {means['seconds']:.0f} | {means['kept_mb']:.2f} |"
            )
    solver = content["finite_elements"]
    lines.append(
        f"| finite elements, a solve for each chip | | | | {solver['seconds_a_chip']:.0f} a chip | {solver['kept_mb']:.2f} a chip |"
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--only", nargs="+", default=list(CONTENDERS), choices=list(CONTENDERS), help="contenders"
    )
    arguments = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    points = [chip.grid(20) for chip in CHIPS]
    truth = [challenge.reference(chip)(where) for chip, where in zip(CHIPS, points, strict=True)]
    began = time.process_time()
    again = challenge._solve(challenge._mesh(CHIPS[0], 0.005), CHIPS[0], challenge.VISCOSITY)
    solver = {"seconds_a_chip": round(time.process_time() - began, 1), "kept_mb": 8e-6 * again.unknowns}
    content = json.loads(REPORT.read_text(encoding="utf-8"))
    content["finite_elements"] = solver
    for name in arguments.only:
        make, size = CONTENDERS[name]
        content["runs"] = [run for run in content["runs"] if run["contender"] != name]
        for seed in arguments.seeds:
            at, seconds, kept = make(size, seed)
            errors = [
                challenge.relative_l2(at(chip)(where), known).max()
                for chip, where, known in zip(CHIPS, points, truth, strict=True)
            ]
            row = {"contender": name, "seed": seed, "worst": np.max(errors), "mean": np.mean(errors)}
            row |= {"seconds": round(seconds, 1), "kept_mb": round(8e-6 * kept, 2)}
            content["runs"].append(row)
            print(row, flush=True)
            where_and_when = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, one thread"
            content["measured"] = f"{where_and_when}, torch {torch.__version__}"
            REPORT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    tables.put("chip_geometry", table(content))


if __name__ == "__main__":
    main()
