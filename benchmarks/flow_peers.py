"""Lattice-Boltzmann programs of others behind one small protocol, for flow_speed.py; not for users.

Reads JSON lines {"name", "ny", "nx", "threads"} or {"steps"} from standard input and answers with
{"ok"} or {"seconds", "cpu"}. Every program computes the same kind of flow in float32: a channel with inflow
from the left, an outlet, walls, and a round body, on D2Q9. It needs NumPy and the program asked for.
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

VISCOSITY, SPEED = 0.05, 0.08
RATE = 1 / (3 * VISCOSITY + 0.5)
ODD_RATE = 1 / (3 / 16 / (1 / RATE - 0.5) + 0.5)
X = np.array([0, 1, 0, -1, 0, 1, -1, -1, 1])
Y = np.array([0, 0, 1, 0, -1, 1, 1, -1, -1])
W = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4, np.float32)
BACK = np.array([0, 3, 4, 1, 2, 7, 8, 5, 6])
Run = Callable[[int], None]


def body(ny: int, nx: int) -> np.ndarray:
    y, x = np.mgrid[:ny, :nx] + 0.5
    return np.hypot(x - 0.25 * nx, y - 0.5 * ny) < ny / 8


def naive_numpy(ny: int, nx: int, threads: int) -> Run:
    """The dozen lines of a textbook: roll, bounce back, BGK."""
    solid = body(ny, nx)
    solid[[0, -1]] = True

    def equilibrium(rho, u, v):
        along = X[:, None, None] * u + Y[:, None, None] * v
        return (W[:, None, None] * rho * (1 + 3 * along + 4.5 * along**2 - 1.5 * (u**2 + v**2))).astype(
            np.float32
        )

    inlet = equilibrium(np.ones((ny, nx), np.float32), np.full((ny, nx), SPEED), np.zeros((ny, nx)))
    state = [inlet.copy()]

    def run(number):
        f = state[0]
        for _ in range(number):
            f = np.stack([np.roll(f[q], (Y[q], X[q]), (0, 1)) for q in range(9)])
            f[:, :, 0] = inlet[:, :, 0]
            f[[3, 6, 7], :, -1] = f[[3, 6, 7], :, -2]
            bounced = f[BACK][:, solid]
            rho = f.sum(0)
            u = (f[1] + f[5] + f[8] - f[3] - f[6] - f[7]) / rho
            v = (f[2] + f[5] + f[6] - f[4] - f[7] - f[8]) / rho
            f += np.float32(RATE) * (equilibrium(rho, u, v) - f)
            f[:, solid] = bounced
        state[0] = f

    return run


def lbmpy(ny: int, nx: int, threads: int, method: str) -> Run:
    import pystencils as ps
    from lbmpy import LBMConfig, LBMOptimisation, LBStencil, Method, Stencil
    from lbmpy.boundaries import UBB, FixedDensity, NoSlip
    from lbmpy.lbstep import LatticeBoltzmannStep
    from pystencils import CreateKernelConfig, Target

    config = CreateKernelConfig(default_dtype="float32", target=Target.X86_AVX512)
    config.cpu.openmp.enable = threads > 1
    config.cpu.vectorize.enable = True
    config.cpu.vectorize.assume_inner_stride_one = True
    rates = [RATE] if method == "SRT" else [RATE, ODD_RATE]
    step = LatticeBoltzmannStep(
        domain_size=(nx, ny),
        lbm_config=LBMConfig(stencil=LBStencil(Stencil.D2Q9), method=getattr(Method, method), relaxation_rates=rates,
                             compressible=False, zero_centered=True, delta_equilibrium=True),
        lbm_optimisation=LBMOptimisation(cse_global=True, field_layout="fzyx"),
        config=config,
    )  # fmt: skip
    edges, wall, solid = step.boundary_handling, NoSlip(), body(ny, nx)
    edges.set_boundary(wall, ps.make_slice[:, 0])
    edges.set_boundary(wall, ps.make_slice[:, -1])
    edges.set_boundary(UBB((SPEED, 0), data_type="float32"), ps.make_slice[0, 1:-1])
    edges.set_boundary(FixedDensity(1.0), ps.make_slice[-1, 1:-1])
    edges.set_boundary(wall, mask_callback=lambda x, y: np.hypot(x - 0.25 * nx, y - 0.5 * ny) < ny / 8)
    assert solid.any()
    return step.run


def xlb(ny: int, nx: int, threads: int, backend: str) -> Run:
    import xlb as library
    from xlb.compute_backend import ComputeBackend
    from xlb.grid import grid_factory
    from xlb.operator.boundary_condition import (
        ExtrapolationOutflowBC,
        FullwayBounceBackBC,
        HalfwayBounceBackBC,
        RegularizedBC,
    )
    from xlb.operator.stepper import IncompressibleNavierStokesStepper
    from xlb.precision_policy import PrecisionPolicy

    kind, precision = getattr(ComputeBackend, backend), PrecisionPolicy.FP32FP32
    lattice = library.velocity_set.D2Q9(precision_policy=precision, compute_backend=kind)
    library.init(velocity_set=lattice, default_backend=kind, default_precision_policy=precision)
    grid = grid_factory((nx, ny), compute_backend=kind)
    box, inner = grid.bounding_box_indices(), grid.bounding_box_indices(remove_edges=True)
    walls = np.unique(np.array([box["bottom"][i] + box["top"][i] for i in range(2)]), axis=-1).tolist()
    edges = [
        HalfwayBounceBackBC(indices=walls),
        RegularizedBC("velocity", prescribed_value=(SPEED, 0.0), indices=inner["left"]),
        ExtrapolationOutflowBC(indices=inner["right"]),
        FullwayBounceBackBC(indices=[axis.tolist() for axis in np.nonzero(body(ny, nx).T)]),
    ]
    stepper = IncompressibleNavierStokesStepper(grid=grid, boundary_conditions=edges, collision_type="BGK")
    state = list(stepper.prepare_fields())

    def run(number):
        a, b, mask, missing = state
        for k in range(number):
            a, b = stepper(a, b, mask, missing, RATE, k)
            a, b = b, a
        state[:2] = a, b
        if backend == "JAX":
            a.block_until_ready()
        else:
            import warp

            warp.synchronize()

    return run


def taichi(ny: int, nx: int, threads: int) -> Run:
    """Taichi has no solver of its own: a fused pull kernel in its language, with a mask for walls."""
    import taichi as ti

    ti.init(arch=ti.cpu, cpu_max_num_threads=threads, default_fp=ti.f32, fast_math=True, log_level=ti.ERROR)
    f, g = (ti.field(ti.f32, (9, ny, nx)) for _ in range(2))
    solid = ti.field(ti.i8, (ny, nx))
    closed = body(ny, nx)
    closed[[0, -1]] = True
    solid.from_numpy(closed.astype(np.int8))
    along = X[:, None, None] * SPEED
    start = W[:, None, None] * (1 + 3 * along + 4.5 * along**2 - 1.5 * SPEED**2) * np.ones((9, ny, nx))
    f.from_numpy(start.astype(np.float32))
    g.from_numpy(start.astype(np.float32))
    cx, cy, back = X.tolist(), Y.tolist(), BACK.tolist()

    @ti.kernel
    def step(a: ti.template(), b: ti.template()):  # type: ignore[valid-type]
        for y, x in ti.ndrange((1, ny - 1), (1, nx - 1)):
            if solid[y, x] == 0:
                p = ti.Vector([0.0] * 9)
                for q in ti.static(range(9)):
                    p[q] = a[back[q], y, x] if solid[y - cy[q], x - cx[q]] else a[q, y - cy[q], x - cx[q]]
                r = p.sum()
                u = p[1] + p[5] + p[8] - p[3] - p[6] - p[7]
                v = p[2] + p[5] + p[6] - p[4] - p[7] - p[8]
                for q in ti.static(range(9)):
                    c = cx[q] * u + cy[q] * v
                    equal = float(W[q]) * (r + 3.0 * c + 4.5 * c * c - 1.5 * (u * u + v * v))
                    b[q, y, x] = p[q] + RATE * (equal - p[q])

    state = [f, g]

    def run(number):
        for _ in range(number):
            step(*state)
            state.reverse()
        ti.sync()

    return run


MAKERS: dict[str, Callable[[int, int, int], Run]] = {
    "NumPy, a dozen lines": naive_numpy,
    "lbmpy, BGK, AVX-512": lambda *size: lbmpy(*size, "SRT"),
    "lbmpy, two rates, AVX-512": lambda *size: lbmpy(*size, "TRT"),
    "XLB, JAX": lambda *size: xlb(*size, "JAX"),
    "XLB, Warp": lambda *size: xlb(*size, "WARP"),
    "Taichi kernel": taichi,
}


def serve() -> None:
    answer, sys.stdout = sys.stdout, sys.stderr  # what the programs print is no answer
    run: Run | None = None
    for line in sys.stdin:
        request = json.loads(line)
        if "name" in request:
            try:
                run = MAKERS[request["name"]](request["ny"], request["nx"], request["threads"])
                run(2)
                reply: dict = {"ok": True}
            except Exception as error:  # a program that does not run is reported, not hidden
                reply = {"ok": False, "error": f"{type(error).__name__}: {error}"[:300]}
        else:
            assert run is not None
            began, began_cpu = time.perf_counter(), time.process_time()
            run(request["steps"])
            reply = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - began_cpu}
        print(json.dumps(reply), file=answer, flush=True)


if __name__ == "__main__":
    if os.environ.get("OMP_NUM_THREADS") == "1":
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    serve()
