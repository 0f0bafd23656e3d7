"""The 1D problems of Lab 4: this course against Adam as in the original course, and against DeepXDE.

    .venv/bin/python benchmarks/pinn_problems.py [--seconds 20] [--deepxde PYTHON] [--only NAME ...]
    .venv/bin/python benchmarks/pinn_problems.py --plain [--seconds 10] [--seeds 0 1 2] [--deepxde PYTHON]

Writes pinn_problems.json and pinn_problems.md beside this file. Processor seconds of one thread; the monitors' time
is not counted. All contenders solve the same scaled equations, which helps the others too. PYTHON is an interpreter
that has `benchmarks/requirements.txt` installed. With ``--plain`` every contender trains all weights of one and the
same plain network, so that the rows differ in the optimizer alone. What is measured already with the same time and
libraries is kept.
"""

import argparse
import json
import math
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
from pinn.domain import Domain  # noqa: E402
from pinn.optimizers import SOAP, Adam, LevenbergMarquardt, Optimizer, SelfScaledBroyden  # noqa: E402
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

DEPTH, WIDTH = 2, 20  # of the plain network
DEEPXDE = "DeepXDE, Adam then L-BFGS"
RATES = {"SOAP": (SOAP, 3e-3), "Adam": (Adam, 3e-3)}  # at the start; at the end a hundredth
CURVATURE = {"Levenberg-Marquardt": LevenbergMarquardt, "self-scaled Broyden": SelfScaledBroyden}


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
    usual_start(domain, 0)
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


def usual_start(domain: Domain, seed: int) -> None:
    """Glorot's uniform start values with biases of zero, in place of the spread first layer."""
    generator = torch.Generator().manual_seed(seed)
    start = []
    for shape in domain.shapes[: len(domain.shapes) - len(domain.unknowns)]:
        value = torch.zeros(shape)
        if len(shape) == 2:
            torch.nn.init.xavier_uniform_(value, generator=generator)
        start.append(value.reshape(-1))
    domain.theta = torch.cat([*start, domain.theta[sum(map(len, start)) :]]).to(domain.theta.dtype)


def plain(name: str, optimizer: Optimizer, seed: int, seconds: float) -> tuple[float, float]:
    """(processor seconds, error) of one optimizer on all weights of the plain network, in float64."""
    problem = getattr(problems, name)(width=WIDTH, depth=DEPTH, seed=seed)
    usual_start(problem.domain, seed)
    run = solve(problem.domain, optimizer, 10**9, seconds=seconds, report_every=10**9, quiet=True)
    return run.seconds, problem.error(problem.domain)


def falling(kind: str, name: str, seconds: float) -> Optimizer:
    """A first-order optimizer whose rate falls to a hundredth in that time: its steps are timed first."""
    make, rate = RATES[kind]
    trial, number = getattr(problems, name)(width=WIDTH, depth=DEPTH), 60
    used = solve(trial.domain, make(rate), number, report_every=10**9, quiet=True).seconds
    return make(rate, decay=0.01, every=round(seconds / used * number))


def compare_plain(name: str, seed: int, seconds: float, python: str) -> dict[str, list[float]]:
    """[processor seconds, error] of every contender."""
    result = {label: list(plain(name, make(), seed, seconds)) for label, make in CURVATURE.items()}
    for kind in RATES:
        result[kind] = list(plain(name, falling(kind, name, seconds), seed, seconds))
    if python:
        result[DEEPXDE] = deepxde(name, seconds, python, seed, DEPTH, WIDTH)[-1]
    return result


def deepxde(
    name: str, seconds: float, python: str, seed: int = 0, depth: int = 3, width: int = 32
) -> list[list[float]]:
    """Adam, then L-BFGS, in float64; see pinn_deepxde.py."""
    script = str(Path(__file__).with_name("pinn_deepxde.py"))
    done = subprocess.run(
        [python, script, name, str(seconds), str(seed), str(depth), str(width)],
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


def stamp(seconds: float) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"{today}, {platform.machine()}, one thread, torch {torch.__version__}, cap {seconds:.0f} s"


def undated(measured: str) -> str:
    """A `stamp` without its day."""
    return measured.partition(", ")[2]


def write(report: dict, folder: Path) -> None:
    """JSON with all that is measured, and tables in Markdown."""
    (folder / "pinn_problems.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    lines = [
        "# The 1D problems of Lab 4", "", "Written by `benchmarks/pinn_problems.py`. Error: relative L2 against the exact "
        "solution (bar: the worse half; spring_inverse: the worse of m and k).", "",
        *(plain_table(report["plain"]) if "plain" in report else []),
        "## This course's recipe against others' habits", "",
        f"Measured {report.get('measured', 'never')}. *Equal error*: processor seconds this course needs to be as good as "
        "that contender at its end.", "",
        "Read the large factors with care: six of the seven problems are linear in what the output layer gives, and there "
        "this course solves that layer by linear least squares. The contenders train all layers alike, as on any problem. "
        "So the factors compare two kinds of method, and say nothing about nonlinear equations.", "",
        "| Problem | Contender | Error | Seconds | Times our error | Equal error after |", "|---|---|--:|--:|--:|--:|",
    ]  # fmt: skip
    results = report["problems"]
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
    published = Path(__file__).with_name("pinn_published.md").read_text(encoding="utf-8")
    (folder / "pinn_problems.md").write_text("\n".join(lines) + "\n\n" + published, encoding="utf-8")


def plain_table(entry: dict) -> list[str]:
    """Lines of Markdown: geometric mean and range over seeds for each contender, the best in bold where it is clear."""
    labels = [*CURVATURE, *RATES, DEEPXDE]
    lines = [
        "## One plain network, trained by each optimizer", "",
        f"Measured {entry['measured']}. Network: {DEPTH} x {WIDTH} tanh, Glorot's start, float64, no least squares in the "
        "output layer, nothing built in; all but DeepXDE, which draws its own, share points and start values. SOAP and "
        "Adam: rate 3e-3, falling to a hundredth within the cap. Levenberg-Marquardt and Broyden stop when no step helps. "
        "Geometric mean of the error, lowest and highest seed below it; bold where the highest seed of one is below the "
        "lowest of all others.", "",
        "| Problem | Seeds | " + " | ".join(labels) + " |", "|---|--:|" + "--:|" * len(labels),
    ]  # fmt: skip
    for name in ORIGINAL:
        seeds = entry["problems"].get(name, {})
        errors = {
            label: [row[label][1] for row in seeds.values() if label in row and math.isfinite(row[label][1])]
            for label in labels
        }
        cells = []
        for label, some in errors.items():
            others = [min(values) for other, values in errors.items() if other != label and values]
            if not some:
                cells.append("")
                continue
            mean = f"{math.exp(sum(map(math.log, some)) / len(some)):.1e}"
            clear = len(some) == len(seeds) > 2 and max(some) < min(others)
            cells.append((f"**{mean}**" if clear else mean) + f"<br>{min(some):.0e} to {max(some):.0e}")
        if seeds:
            lines.append(f"| {name} | {len(seeds)} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plain", action="store_true", help="one plain network for every optimizer")
    parser.add_argument("--seconds", type=float, help="processor time of each run; 20, with --plain 10")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="with --plain")
    parser.add_argument(
        "--deepxde", default="", help="Python with DeepXDE; without it that column is left out"
    )
    parser.add_argument("--only", nargs="*", default=list(ORIGINAL))
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = arguments.output / "pinn_problems.json"
    report = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"problems": {}}
    ours("parabola", 5.0)  # load libraries before the clock starts
    if arguments.plain:
        seconds = arguments.seconds or 10.0
        entry = report.get("plain", {})
        if undated(entry.get("measured", "")) != undated(stamp(seconds)):  # other time or library: anew
            report["plain"] = entry = {"problems": {}, "measured": stamp(seconds)}
        for seed in map(str, arguments.seeds):
            for name in arguments.only:
                seeds = entry["problems"].setdefault(name, {})
                if seed in seeds:
                    continue
                seeds[seed] = compare_plain(name, int(seed), seconds, arguments.deepxde)
                for label, (used, error) in seeds[seed].items():
                    print(f"{name:18s} seed {seed} {label:28s} {error:.1e} after {used:.2f} s", flush=True)
                entry["measured"] = stamp(seconds)
                write(report, arguments.output)
        return
    seconds = arguments.seconds or 20.0
    for name in arguments.only:
        depth, width = ORIGINAL[name][:2]
        curves = {
            "this course": ours(name, seconds),
            f"Adam, original schedule and network ({depth} x {width}), float32": adam(name, seconds, False),
            "Adam, original schedule, 3 x 32, float32": adam(name, seconds, True),
        }
        if arguments.deepxde:
            curves["DeepXDE 1.15, Adam then L-BFGS, 3 x 32, float64"] = deepxde(
                name, seconds, arguments.deepxde
            )
        report["problems"][name] = {"summary": summary(curves), "curves": curves}
        for label, row in report["problems"][name]["summary"].items():
            print(f"{name:18s} {label:64s} {row['error']:.1e} after {row['seconds']:.2f} s", flush=True)
        report["measured"] = stamp(seconds)
        write(report, arguments.output)


if __name__ == "__main__":
    main()
