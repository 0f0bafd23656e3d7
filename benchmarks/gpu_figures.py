"""What a GPU changes in this course, in under 8 minutes: the figures that notebook 06 of Lab 1 shows as recorded.

    python benchmarks/gpu_figures.py                     on a machine with a GPU; writes benchmarks/gpu_results.json
    python benchmarks/gpu_figures.py --short FILE        small sizes, seconds, on any device; writes FILE instead

It needs PyTorch, NumPy and SciPy, not TensorFlow. Speeds are ratios, device against all cores of the same machine, both
sides warm, the best of several rounds in turn. A part whose packages are missing is named in the file and has no figure.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), *(str(HERE.parent / lab) for lab in ("CFD_Steady_Flow", "PINN_SimNet"))]

REPORT = HERE / "gpu_results.json"
ROUNDS = 5
CPU = torch.device("cpu")
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
Row = tuple[str, float, str]  # measurement, value, unit


def synchronise() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], object]) -> float:
    """Of one call, from an idle device to an idle device."""
    synchronise()
    began = time.perf_counter()
    work()
    synchronise()
    return time.perf_counter() - began


def in_turn(*works: Callable[[], object]) -> list[float]:
    """The shortest of `ROUNDS` times of each, after one call that warms up."""
    for work in works:
        seconds(work)
    times = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    return [min(one) for one in zip(*times, strict=True)]


def peak_gb(work: Callable[[], object]) -> float:
    """GPU memory that PyTorch held at most during a call, in GB; NaN without a GPU."""
    if DEVICE.type != "cuda":
        return float("nan")
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    work()
    synchronise()
    return torch.cuda.max_memory_allocated() / 1e9


def products(short: bool) -> Iterator[Row]:
    """Lab 1, 06: latency, throughput and bandwidth."""
    n = 256 if short else 8192
    for dtype in (torch.float32, torch.float64):
        a = torch.rand(n, n, dtype=dtype)
        b = a.to(DEVICE)
        on_cpu, on_device = in_turn(lambda a=a: a @ a, lambda b=b: b @ b)
        name = str(dtype).removeprefix("torch.")
        yield f"product of two {n} by {n} matrices, {name}, device against CPU", on_cpu / on_device, "times"
        yield f"the same, {name}, on the device", 2e-12 * n**3 / on_device, "TFLOP/s"
    small = torch.rand(16, 16)
    here = small.to(DEVICE)
    calls = range(200)
    on_cpu, on_device = in_turn(lambda: [small @ small for _ in calls], lambda: [here @ here for _ in calls])
    yield "product of two 16 by 16 matrices, device against CPU", on_cpu / on_device, "times"
    source = torch.rand(2**20 if short else 2**28, device=DEVICE)
    target = torch.empty_like(source)
    [copy] = in_turn(lambda: target.copy_(source))
    yield "memory bandwidth of a copy on the device", 2e-9 * source.nbytes / copy, "GB/s"


def small_cnn() -> torch.nn.Module:
    """The network of Lab 1's notebook 06: Conv 16, conv 32, dense 10."""
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 10),
    )  # fmt: skip


def training(short: bool) -> Iterator[Row]:
    """Lab 1, 06: batch size, short formats and memory of a training step, on random images of Fashion-MNIST's size."""

    def step(device: torch.device, batch: int, short_format: bool = False) -> Callable[[], None]:
        network = small_cnn().to(device)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
        generator = torch.Generator().manual_seed(1)
        x = torch.rand(batch, 1, 28, 28, generator=generator).to(device)
        y = torch.randint(10, (batch,), generator=generator).to(device)

        def once() -> None:
            optimizer.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=short_format):
                loss = torch.nn.functional.cross_entropy(network(x), y)
            loss.backward()
            optimizer.step()

        return once

    small, large = 16, 256 if short else 4096
    on_cpu, one, many, brief = in_turn(
        step(CPU, large), step(DEVICE, small), step(DEVICE, large), step(DEVICE, large, short_format=True)
    )
    yield f"training step of the small CNN, batch {large}, device against CPU", on_cpu / many, "times"
    yield f"images a second on the device, batch {large} against {small}", large / many * one / small, "times"
    yield f"training step on the device, batch {large}, bfloat16 against float32", many / brief, "times"
    yield f"device memory of that step, batch {large}, float32", peak_gb(step(DEVICE, large)), "GB"


def flows(short: bool) -> Iterator[Row]:
    """Lab 3: many channels at once on the device against the compiled solver on one core of the CPU."""
    from flow import dataset, shapes, solver
    from flow.solver_gpu import BatchSimulation

    ny, bodies, steps = (32, 4, 20) if short else (64, 256, 400)
    scenes = [dataset.scene("train", index)[0] for index in range(bodies)]
    distances = np.stack([shapes.signed_distance(one, ny, 2 * ny) for one in scenes]).astype(np.float32)
    inflow, viscosity = solver.channel_inflow(ny, 0.1), 0.1 * ny / 100
    batch = BatchSimulation(distances < 0, viscosity, inflow, distances=distances, device=DEVICE)
    one = solver.Simulation(distances[0] < 0, viscosity, inflow=inflow, outlet=True, distance=distances[0])
    first, together = in_turn(lambda: one.run(steps), lambda: batch.run(steps))
    near = BatchSimulation(distances[:2] < 0, viscosity, inflow, distances=distances[:2], device=CPU)
    near.run(batch.steps)
    apart = float(np.abs(batch.velocity()[:2] - near.velocity()).max())
    yield (
        f"flow solver, {bodies} channels of {ny} by {2 * ny} at once, device against one core",
        bodies * first / together,
        "times",
    )
    yield "the same on the device", 1e-6 * distances.size * steps / together, "million updates/s"
    yield "largest difference to the same steps on the CPU", apart / 0.1, "of the inlet speed"


def equations(short: bool) -> Iterator[Row]:
    """Lab 4: a loss with its gradient, a Jacobian, and the chip's normal equations, all in float64."""
    from pinn import distributed

    points, width = (256, 16) if short else (16384, 64)
    near, far = (distributed.parabolas(points=points, width=width, device=device) for device in (CPU, DEVICE))

    def gradient(domain) -> Callable[[], torch.Tensor]:
        def once() -> torch.Tensor:
            theta = domain.theta.clone().requires_grad_()
            return torch.autograd.grad(domain.loss(theta), theta)[0]

        return once

    on_cpu, on_device = in_turn(gradient(near), gradient(far))
    yield (
        f"loss and gradient of a PINN, {points} points, float64, device against CPU",
        on_cpu / on_device,
        "times",
    )
    few = (64, 8) if short else (2048, 32)
    near, far = (
        distributed.parabolas(points=few[0], width=few[1], device=device) for device in (CPU, DEVICE)
    )
    on_cpu, on_device = in_turn(lambda: near.jacobian(near.theta), lambda: far.jacobian(far.theta))
    ours, theirs = near.jacobian(near.theta)[1], far.jacobian(far.theta)[1].cpu()
    yield f"Jacobian of a PINN, {few[0]} points, float64, device against CPU", on_cpu / on_device, "times"
    yield (
        "largest difference of the Jacobians, relative",
        float((ours - theirs).abs().max() / ours.abs().max()),
        "",
    )
    yield "device memory of that Jacobian", peak_gb(lambda: far.jacobian(far.theta)), "GB"


def chip(short: bool) -> Iterator[Row]:
    """Lab 4: one step's equations of the chip's networks by a dense factor on the device, a banded one on the CPU."""
    from pinn.chip import Chip
    from pinn.local_networks import LocalNetworks
    from pinn.normal_equations import TIKHONOV

    networks = LocalNetworks(Chip(), width=20 if short else 85)
    networks.train(1, quiet=True)
    made = networks._equations()[0]
    matrix = torch.tensor(made.matrix())
    matrix.diagonal().add_(1e5 * TIKHONOV * float(matrix.diagonal().max()))  # large enough for a dense factor
    right = torch.tensor(made.right)[:, None]
    far, far_right = matrix.to(DEVICE), right.to(DEVICE)

    def dense(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.cholesky_solve(b, torch.linalg.cholesky(a))

    on_cpu, on_device, banded = in_turn(
        lambda: dense(matrix, right), lambda: dense(far, far_right), made.solve
    )
    residual = far @ dense(far, far_right) - far_right
    n = len(right)
    yield (
        f"chip's {n} normal equations, float64, dense on the device against dense on the CPU",
        on_cpu / on_device,
        "times",
    )
    yield "the same against the banded factor on the CPU that the course uses", banded / on_device, "times"
    yield "residual of the device's solution, relative", float(residual.norm() / far_right.norm()), ""
    yield "device memory of the dense factor", peak_gb(lambda: dense(far, far_right)), "GB"


PARTS = (products, training, flows, equations, chip)


def machine() -> dict[str, str]:
    """Where the figures come from."""
    gpu = torch.cuda.is_available()
    versions = f"PyTorch {torch.__version__}, Python {platform.python_version()}"
    if gpu:
        versions += f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    return {
        "device": torch.cuda.get_device_name(0) if gpu else "the CPU itself: no GPU",
        "against": f"{torch.get_num_threads()} threads of {os.cpu_count()} cores, {platform.machine()}",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "versions": versions,
    }


def measure(short: bool) -> dict:
    """All parts: provenance, rows, and what is missing here."""
    found: dict = machine() | {"short": short, "rows": [], "missing": []}
    began = time.perf_counter()
    for part in PARTS:
        try:
            rows = list(part(short))
        except ModuleNotFoundError as error:
            found["missing"].append(f"{part.__name__}: {error.name} is not installed")
            print(found["missing"][-1])
            continue
        for name, value, unit in rows:
            print(f"{name}: {value:.4g} {unit}")
            if value == value:  # no memory of a GPU without one
                found["rows"].append({"measurement": name, "value": float(f"{value:.3g}"), "unit": unit})
    found["seconds"] = round(time.perf_counter() - began)
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", type=Path, metavar="FILE", help="small sizes, kept in FILE")
    short = parser.parse_args(arguments).short
    if short is None and DEVICE.type != "cuda":
        sys.exit("PyTorch finds no GPU here, so nothing is recorded. --short FILE tries every part in small.")
    report = json.dumps(measure(short is not None), indent=1)
    (short or REPORT).write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
