"""Data-parallel training in several processes: every process takes its share of the points.

This file is what ``torchrun`` starts, one copy per process or GPU::

    torchrun --standalone --nproc-per-node=2 PINN_SimNet/pinn/distributed.py --steps 100 --output run.json

`run` does that from a notebook. The problem is every parabola u(x, l), u'' = 1, u(0) = u(l) = 0.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":  # started by torchrun: the course's code is found from here
    sys.path[:0] = [str(ROOT), str(ROOT / "PINN_SimNet")]

from pinn.domain import Domain  # noqa: E402
from pinn.networks import FullyConnected  # noqa: E402
from pinn.points import Points, at, box  # noqa: E402
from pinn.problems import parabola_exact  # noqa: E402
from utils.metrics import relative_l2  # noqa: E402


def parabolas(
    part: int = 0, parts: int = 1, points: int = 512, width: int = 16, device: str | torch.device = "cpu"
) -> Domain:
    """Every parabola on (0, l) with l in (1, 2), on one of equal shares of the points.

    The network sees s = x / l, so that the domain is the unit square.

    Args:
        part, parts: this is share number ``part`` of ``parts``.
        points: in all shares together.
        width: neurons in each of two hidden layers.
        device: where to compute.

    Raises:
        ValueError: the points cannot be shared equally. Then a mean of means is no mean.
    """
    if points % parts or not 0 <= part < parts:
        raise ValueError(f"{points} points do not make {parts} equal shares, or there is no share {part}.")
    network = FullyConnected(("x", "l"), ("u",), {"x": (0, 2), "l": (1, 2)}, width=width)
    domain = Domain([network], device=device)
    square = box({"s": (0, 1), "l": (1, 2)}, points)
    inside = {"x": square["s"] * square["l"], "l": square["l"]}
    length = square["l"]
    domain.add("interior", _share(inside, part, parts), lambda p: p.u_xx - 1)
    domain.add("left", _share(at(x=0, l=length), part, parts), lambda p: p.u)
    domain.add("right", _share({"x": length, "l": length}, part, parts), lambda p: p.u)
    return domain


def relative_error(domain: Domain) -> float:
    """Relative L2 error of `parabolas` on a grid over all x / l and l."""
    s, length = torch.meshgrid(torch.linspace(0, 1, 101), torch.linspace(1, 2, 21), indexing="ij")
    x, length = (s * length).reshape(-1, 1), length.reshape(-1, 1)
    truth = parabola_exact(x, length)
    return relative_l2(domain.predict({"x": x, "l": length}, "u"), truth)


class Loss(nn.Module):
    """The loss of a domain as a module, which is what `DistributedDataParallel` wraps.

    Attributes:
        theta: all parameters of the networks, the only ones of this module.
    """

    def __init__(self, domain: Domain):
        super().__init__()
        self.domain = domain
        self.theta = nn.Parameter(domain.theta.clone())

    def forward(self) -> Tensor:
        return self.domain.loss(self.theta)


def train(loss: nn.Module, steps: int, learning_rate: float = 1e-3) -> float:
    """Adam on a `Loss`, wrapped or not.

    Returns:
        Seconds of all steps on the wall clock.
    """
    optimizer = torch.optim.Adam(loss.parameters(), lr=learning_rate)
    began = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


class Aborted(RuntimeError):
    """A process was ended by a signal of the system, and not by an error of Python."""


def several(wanted: int) -> int:
    """How many processes can work together here: ``wanted``, or one.

    Some sandboxes let gloo open its connections and then abort it. Then this says so.
    """
    try:
        run(wanted, steps=1, points=8 * wanted, width=4)
    except Aborted as failure:
        print(f"Processes cannot work together on this machine, so one works alone here. {failure}")
        return 1
    return wanted


def run(processes: int, *, limit_s: float = 120, **settings: int) -> dict[str, Any]:
    """Start `main` in several processes through torchrun, wait for them, and read their result.

    A free port of this machine is chosen; nothing is reachable from outside. On a machine with as many
    GPUs as processes each takes one, else they share the processor.

    Args:
        processes: how many.
        limit_s: stop them after so many seconds.
        settings: ``steps``, ``points``, ``width``.

    Returns:
        ``theta`` (list), ``seconds``, ``loss``, ``backend``, ``processes`` and the settings.

    Raises:
        Aborted: the system ended one of them, as it does where gloo finds no connection.
        RuntimeError: they could not start, failed, or took too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "result.json")
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
        options = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
        command = [*launcher, f"--nproc-per-node={processes}", __file__, "--output", str(output), *options]
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            said = f"They were stopped after {limit_s:g} s."
        finally:
            if process.poll() is None:
                process.terminate()  # torchrun passes this on to its processes
                process.communicate()
        if process.returncode or not output.exists():
            raise (Aborted if re.search(r"Signal 6\b", said) else RuntimeError)(
                f"{processes} processes did not finish their training. Look whether this machine lets programs "
                f"open a port on 127.0.0.1, and whether memory is free. Their words: {_last_words(said)}"
            )
        return json.loads(output.read_text(encoding="utf-8"))


def main() -> None:
    """What each process does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--points", type=int, default=512)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    local = int(os.environ["LOCAL_RANK"])
    on_gpu = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
    device = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    backend = "nccl" if on_gpu else "gloo"
    if on_gpu:
        torch.cuda.set_device(device)
    if not on_gpu and os.environ["LOCAL_WORLD_SIZE"] == os.environ["WORLD_SIZE"]:
        distributed.Backend.register_backend("gloo_on_this_machine", _gloo_on_this_machine, devices=["cpu"])
        distributed.init_process_group("gloo_on_this_machine")
    else:
        distributed.init_process_group(backend)
    try:
        rank, processes = distributed.get_rank(), distributed.get_world_size()
        loss = Loss(parabolas(rank, processes, options.points, options.width, device))
        wrapped = DistributedDataParallel(loss)
        wrapped().backward()  # the first step builds the communication, which is not to be timed
        distributed.barrier()
        seconds = train(wrapped, options.steps)
        mean = loss.domain.loss(loss.theta.detach())
        distributed.all_reduce(mean)
        if rank == 0:
            result = {
                "theta": loss.theta.tolist(), "seconds": seconds, "loss": mean.item() / processes,
                "backend": backend, "processes": processes, "steps": options.steps, "points": options.points,
                "width": options.width,
            }  # fmt: skip
            options.output.write_text(json.dumps(result), encoding="utf-8")
        distributed.barrier()  # nobody leaves while another still talks
    finally:
        distributed.destroy_process_group()


def _gloo_on_this_machine(store: Any, rank: int, processes: int, timeout: timedelta) -> Any:
    """gloo on 127.0.0.1.

    By itself gloo takes the address that the machine's name stands for, which others may reach, and given
    the loopback interface it takes IPv4 in one process and IPv6 in the next where the system lists the
    addresses of an interface in no fixed order, and then aborts.
    """
    options = distributed.ProcessGroupGloo._Options()  # type: ignore[attr-defined]
    options._devices = [distributed.ProcessGroupGloo.create_device(hostname="127.0.0.1")]
    options._timeout = timeout
    return distributed.ProcessGroupGloo(store, rank, processes, options)


def _last_words(said: str) -> str:
    """The first error that a process printed (those of torchrun follow it), or the last lines."""
    lines = said.strip().splitlines()
    return next((line for line in lines if re.search(r"\wError: .|what\(\): ", line)), "\n".join(lines[-20:]))


def _share(points: Points, part: int, parts: int) -> Points:
    """Every ``parts``-th point."""
    return {name: column[part::parts] for name, column in points.items()}


if __name__ == "__main__":
    main()
    # All is done and written. On the ordinary way out gloo (PyTorch 2.13) sometimes destroys a thread that still
    # runs, and aborts: seen about once in a hundred runs on a busy machine.
    sys.stdout.flush()
    os._exit(0)
