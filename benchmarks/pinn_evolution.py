"""Burgers and Allen-Cahn by the optimizers of Lab 4, seeds 0, 1, 2, beside published errors.

    .venv/bin/python benchmarks/pinn_evolution.py [--seconds 20] [--seeds 0 1 2]

Writes pinn_evolution.json beside this file and the table in README.md. Every contender has the same network, points and
processor seconds of one thread; the monitors' time is not counted. What is measured already with the same time and
libraries is kept.
"""

import argparse
import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import geometric_mean

import tables

REPORT = Path(__file__).with_suffix(".json")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "PINN_SimNet")]
import torch  # noqa: E402

from pinn import evolution  # noqa: E402
from pinn.optimizers import Adam, LevenbergMarquardt, SelfScaledBroyden  # noqa: E402
from pinn.training import solve  # noqa: E402

OPTIMIZERS = {
    "self-scaled Broyden": SelfScaledBroyden,
    "Levenberg-Marquardt": LevenbergMarquardt,
    "Adam": lambda: Adam(3e-3, 0.95, 100),
}
EQUAL_TIMES = "allen_cahn, all times weigh the same"
PROBLEMS = {
    "burgers": evolution.burgers,
    "allen_cahn": evolution.allen_cahn,
    EQUAL_TIMES: lambda seed: evolution.allen_cahn(seed=seed, growth=0.0),
}
# Relative L2 errors of others on the same two problems. Their budgets differ from ours, mostly hours of a GPU. A star:
# read in one table of others, not in the paper; PirateNet's is in its authors' README, the rest in several tables.
PUBLISHED = {
    "burgers": {
        "Raissi et al. 2019, L-BFGS (doi:10.1016/j.jcp.2018.10.045)": 6.7e-4,
        "Wang et al. 2025, SOAP (arXiv:2502.00604)": 4.03e-5,
        "Toscano et al. 2025, self-scaled Broyden, adaptive weights (arXiv:2509.14198)*": 2.68e-7,
        "Kiyani et al. 2025, self-scaled Broyden (arXiv:2501.16371)*": 1.62e-8,
    },
    "allen_cahn": {
        "Wang et al. 2024, PirateNet (arXiv:2402.00326)": 2.24e-5,
        "Wang et al. 2025, SOAP (arXiv:2502.00604)": 3.48e-6,
        "Toscano et al. 2025, self-scaled Broyden, adaptive weights (arXiv:2509.14198)*": 1.88e-6,
        "Kiyani et al. 2025, self-scaled Broyden (arXiv:2501.16371)*": 9.43e-7,
    },
}


def table(content: dict) -> str:
    """Geometric mean of the error over seeds, and its range, beside what others published."""
    lines = [
        f"Measured {content['measured']}.",
        "",
        "| Problem | Method | Seeds | Relative L2 error | Steps |",
        "|---|---|--:|--:|--:|",
    ]
    for problem in PROBLEMS:
        for name in OPTIMIZERS:
            runs = [r for r in content["runs"] if (r["problem"], r["optimizer"]) == (problem, name)]
            if runs:
                errors = [run["relative_l2"] for run in runs]
                steps = sum(run["steps"] for run in runs) / len(runs)
                lines.append(
                    f"| {problem} | {name}, {runs[0]['seconds']:.0f} s | {len(runs)} | {geometric_mean(errors):.1e} "
                    f"({min(errors):.1e} to {max(errors):.1e}) | {steps:,.0f} |"
                )
        lines += [
            f"| {problem} | {source} | | {error:.1e} | |"
            for source, error in PUBLISHED.get(problem, {}).items()
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    made_by = f"{platform.machine()}, one thread, torch {torch.__version__}, cap {arguments.seconds:.0f} s"
    content = json.loads(REPORT.read_text(encoding="utf-8"))
    if not content["measured"].endswith(made_by):
        content = {"runs": []}
    done = {(run["problem"], run["optimizer"], run["seed"]) for run in content["runs"]}
    races = [(problem, name) for name in OPTIMIZERS for problem in PUBLISHED]
    races.insert(len(PUBLISHED), (EQUAL_TIMES, "self-scaled Broyden"))
    for problem, name in races:
        for seed in arguments.seeds:
            if (problem, name, seed) in done:
                continue
            started = PROBLEMS[problem](seed=seed)
            run = solve(started.domain, OPTIMIZERS[name](), 10**6, seconds=arguments.seconds, quiet=True)
            row = {"problem": problem, "optimizer": name, "seed": seed}
            row |= {"relative_l2": started.error(started.domain), "seconds": round(run.seconds, 1)}
            content["runs"].append(row | {"steps": int(run.history["step"].iloc[-1])})
            print(content["runs"][-1], flush=True)
            content |= {"measured": f"{datetime.now(UTC):%Y-%m-%d}, {made_by}", "published": PUBLISHED}
            REPORT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    tables.put("pinn_evolution", table(content))


if __name__ == "__main__":
    main()
