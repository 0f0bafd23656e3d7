"""The 1D problems of Lab 4: this course against Adam as in the original course, and against DeepXDE.

    .venv/bin/python benchmarks/pinn_problems.py [--seconds 20] [--deepxde PYTHON] [--only NAME ...]

Writes pinn_problems.json and pinn_problems.md beside this file. Processor seconds of one thread; the monitors' time
is not counted. All contenders solve the same scaled equations, which helps the others too. PYTHON is an interpreter
that has `benchmarks/requirements.txt` installed.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "PINN_SimNet")]
import torch  # noqa: E402

from pinn import derivatives, problems  # noqa: E402
from pinn.optimizers import Adam  # noqa: E402
from pinn.training import solve  # noqa: E402

# name: (size of the original network, its learning rate, steps for each factor 0.95, points per step)
ORIGINAL = {
    "parabola": (6, 512, 1e-3, 100, 200),
    "parabola_family": (6, 512, 1e-3, 100, 400),
    "parabola_inverse": (6, 512, 1e-3, 100, 200),
    "bar": (6, 256, 1e-4, 100, 200),
    "bar_family": (6, 256, 1e-4, 200, 400),
    "spring": (6, 512, 1e-3, 100, 500),
    "spring_inverse": (6, 256, 1e-3, 100, 500),
}


def ours(name: str, seconds: float) -> list[list[float]]:
    """(seconds, error) after every step of this course's recipe."""
    problem = getattr(problems, name)(seed=0)
    optimizers, steps = problems.recipe(name)
    run = solve(
        problem.domain,
        optimizers,
        steps,
        seconds=seconds,
        monitors={"error": problem.error},
        report_every=1,
        quiet=True,
    )
    return run.history[["seconds", "error"]].values.tolist()


def adam(name: str, seconds: float, small: bool) -> list[list[float]]:
    """The original's schedule and sampling in float32, on its own network (SiLU) or on 3 x 32 tanh."""
    depth, width, rate, every, points = ORIGINAL[name]
    if small:
        depth, width = 3, 32
    options = {"width": width, "depth": depth, "fresh": points, "seed": 0, "dtype": torch.float32}
    problem = getattr(problems, name)(**options)
    domain = problem.domain
    start = []
    generator = torch.Generator().manual_seed(0)
    for shape in domain.shapes[
        : len(domain.shapes) - len(domain.unknowns)
    ]:  # the usual start, not the spread one
        value = torch.zeros(shape)
        if len(shape) == 2:
            torch.nn.init.xavier_uniform_(value, generator=generator)
        start.append(value.reshape(-1))
    domain.theta = torch.cat([*start, domain.theta[sum(map(len, start)) :]]).to(torch.float32)
    if not small:
        for network in domain.networks:
            network.activation = derivatives.silu
    for constraint in domain.constraints.values():
        constraint.wanted = [{} for _ in constraint.points]
    curve, optimizer, used, shown = [], Adam(rate, 0.95, every), 0.0, -1.0
    torch.manual_seed(0)
    while used < seconds:
        before = time.process_time()
        optimizer.step(domain)
        used += time.process_time() - before
        if used - shown > 0.5 or used > seconds:
            curve.append([used, problem.error(domain)])
            shown = used
    return curve


def deepxde(name: str, seconds: float, python: str) -> list[list[float]]:
    """Adam, then L-BFGS, in float64 on 3 x 32 tanh; see pinn_deepxde.py."""
    script = str(Path(__file__).with_name("pinn_deepxde.py"))
    done = subprocess.run(
        [python, script, name, str(seconds)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=20 * seconds + 120,
    )
    if done.returncode:
        raise RuntimeError(f"DeepXDE failed on {name}: {done.stderr[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])["curve"]


def summary(curves: dict[str, list[list[float]]]) -> dict[str, dict[str, float]]:
    """Last error of each contender, and our seconds until we are at least as good as it."""
    own = curves["this course"]
    table = {}
    for label, curve in curves.items():
        last = curve[-1][1]
        equal = next((t for t, error in own if error <= last), float("inf"))
        table[label] = {
            "error": last,
            "seconds": curve[-1][0],
            "our_seconds_to_equal_error": equal,
            "times_our_error": last / own[-1][1],
        }
    return table


def write(results: dict, seconds: float, folder: Path) -> None:
    """JSON with all curves, and a table in Markdown."""
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, one thread, torch {torch.__version__}, cap {seconds:.0f} s"
    (folder / "pinn_problems.json").write_text(
        json.dumps({"measured": stamp, "problems": results}, indent=1), encoding="utf-8"
    )
    lines = [
        "# The 1D problems of Lab 4", "", f"Measured {stamp}. Written by `benchmarks/pinn_problems.py`.", "",
        "Error: relative L2 against the exact solution (bar: the worse half; spring_inverse: the worse of m and k). "
        "*Equal error*: processor seconds this course needs to be as good as that contender at its end.", "",
        "Read the large factors with care: six of the seven problems are linear in what the output layer gives, and there "
        "this course solves that layer by linear least squares. The contenders train all layers alike, as on any problem. "
        "So the factors compare two kinds of method, and say nothing about nonlinear equations.", "",
        "| Problem | Contender | Error | Seconds | Times our error | Equal error after |", "|---|---|--:|--:|--:|--:|",
    ]  # fmt: skip
    for name, entry in sorted(results.items(), key=lambda item: list(ORIGINAL).index(item[0])):
        for label, row in entry["summary"].items():
            own = label == "this course"
            lines.append(
                f"| {name} | {label} | {row['error']:.1e} | {row['seconds']:.2g} | "
                + (
                    "1 | |"
                    if own
                    else f"{row['times_our_error']:.0e} | {row['our_seconds_to_equal_error']:.3f} s |"
                )
            )
    (folder / "pinn_problems.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument(
        "--deepxde", default="", help="Python with DeepXDE; without it that column is left out"
    )
    parser.add_argument("--only", nargs="*", default=list(ORIGINAL))
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    ours("parabola", 5.0)  # load libraries before the clock starts
    kept = arguments.output / "pinn_problems.json"
    results = (
        json.loads(kept.read_text(encoding="utf-8"))["problems"] if kept.exists() else {}
    )  # a run of some problems keeps the others
    for name in arguments.only:
        depth, width = ORIGINAL[name][:2]
        curves = {
            "this course": ours(name, arguments.seconds),
            f"Adam, original schedule and network ({depth} x {width}), float32": adam(
                name, arguments.seconds, False
            ),
            "Adam, original schedule, 3 x 32, float32": adam(name, arguments.seconds, True),
        }
        if arguments.deepxde:
            curves["DeepXDE 1.15, Adam then L-BFGS, 3 x 32, float64"] = deepxde(
                name, arguments.seconds, arguments.deepxde
            )
        results[name] = {"summary": summary(curves), "curves": curves}
        for label, row in results[name]["summary"].items():
            print(f"{name:18s} {label:64s} {row['error']:.1e} after {row['seconds']:.2f} s", flush=True)
        write(results, arguments.seconds, arguments.output)


if __name__ == "__main__":
    main()
