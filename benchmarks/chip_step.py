"""One Gauss-Newton step of the chip's networks: LAPACK's banded Cholesky against a dense one of the same equations.

    .venv/bin/python benchmarks/chip_step.py

Both solve the same equations of `pinn.local_networks` (42 patches of 85 neurons, four corner modes) in turn, one
thread, three rounds; medians of processor seconds. Writes the table in benchmarks/README.md.
"""

import platform
import sys
import time
from pathlib import Path

import numpy as np
import tables
import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "PINN_SimNet")]

from pinn.chip import Chip  # noqa: E402 (after the paths)
from pinn.local_networks import LocalNetworks  # noqa: E402
from pinn.normal_equations import TIKHONOV  # noqa: E402

ROUNDS = 3


def by_dense_cholesky(matrix: torch.Tensor, right: torch.Tensor) -> np.ndarray:
    """As the course did it before: the smallest Tikhonov term for which the factor exists."""
    for strength in TIKHONOV * 10.0 ** np.arange(6):
        shifted = matrix.clone()
        shifted.diagonal().add_(strength * float(matrix.diagonal().max()))
        factor, failed = torch.linalg.cholesky_ex(shifted)
        if not failed:
            return torch.cholesky_solve(right[:, None], factor)[:, 0].numpy()
    raise FloatingPointError("no Tikhonov term was enough")


def main() -> None:
    networks = LocalNetworks(Chip())
    networks.train(3, quiet=True)
    equations = networks._equations()[0]
    matrix, right = torch.tensor(equations.matrix()), torch.tensor(equations.right)
    times: dict[str, list[float]] = {"banded": [], "dense": []}
    found: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for name, solve in (("banded", equations.solve), ("dense", lambda: by_dense_cholesky(matrix, right))):
            began = time.process_time()
            found[name] = solve()
            times[name].append(time.process_time() - began)
    seconds = {name: float(np.median(values)) for name, values in times.items()}
    megabytes = {
        "banded": (equations.band.nbytes + equations.border.nbytes) / 1e6,
        "dense": matrix.element_size() * matrix.nelement() / 1e6,
    }
    objective = {name: float(x @ (matrix.numpy() @ x) - 2 * x @ equations.right) for name, x in found.items()}
    apart = abs(objective["banded"] / objective["dense"] - 1)
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')}, {platform.machine()}, one thread, {len(right):,} unknowns.",
        "",
        "| Solver | Processor seconds | Ratio | Matrix (MB) |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {seconds[name]:.2f} | {seconds[name] / seconds['dense']:.3f} | {megabytes[name]:.0f} |"
        for name in ("dense", "banded")
    ]
    lines += ["", f"Both minimise the same sum of squares; the minima agree to {apart:.0e} of their value."]
    text = "\n".join(lines) + "\n"
    print(text)
    tables.put("chip_step", text)


if __name__ == "__main__":
    main()
