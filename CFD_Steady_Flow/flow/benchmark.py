"""How long a flow takes: by a network, by the solver, by the solver on a coarser grid, by plain NumPy."""

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage

from flow import fields, shapes, solver
from flow.lattice import OPPOSITE, VELOCITY_X, VELOCITY_Y, equilibrium, relaxation_rates
from flow.solver import Flow
from utils.metrics import relative_l2


def network_seconds(
    network: keras.Model,
    distance: np.ndarray,
    batch_size: int,
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Seconds of one flow in a batch, the median of several rounds, without the tracing of the first call.

    Args:
        network: from `flow.models`.
        distance: (n, ny, nx), from which the batch is filled.
        batch_size: flows predicted at once.
        rounds: timed calls.
        clock: `time.process_time` counts the seconds of all threads together.
    """
    batch = tf.convert_to_tensor(np.resize(distance, (batch_size, *distance.shape[1:]))[..., None])
    call = tf.function(lambda x: network(x, training=False))
    call(batch)
    times = []
    for _ in range(rounds):
        began = clock()
        call(batch).numpy()
        times.append(clock() - began)
    return statistics.median(times) / batch_size


def solver_seconds(
    distance: np.ndarray, reynolds: float, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds of one steady flow by the solver, on one thread, the median over ``distance`` (n, ny, nx)."""
    times = []
    for field in distance:
        began = clock()
        solver.solve_steady(field < 0, distance=field, reynolds=reynolds)
        times.append(clock() - began)
    return statistics.median(times)


def grid_error(scene: shapes.Scene, ny: int, nx: int, reynolds: float) -> float:
    """Relative L2 distance of the solver's velocity from that on a grid twice as fine, averaged over 2 x 2 cells.

    Cells that the body cuts on the finer grid are left out.
    """
    distances = [shapes.signed_distance(scene, k * ny, k * nx) for k in (1, 2)]
    own, fine = (solver.solve_steady(d < 0, distance=d, reynolds=reynolds).velocity for d in distances)
    fluid = (distances[1] >= 0).reshape(ny, 2, nx, 2).all(axis=(1, 3)) & (distances[0] >= 0)
    return relative_l2(own, fields.block_means(fine, 2), where=fluid[..., None])


def coarse_flow(distance: np.ndarray, reynolds: float, u_max: float = 0.1) -> np.ndarray:
    """The flow by the solver on a grid half as fine, interpolated, in units of u_max; zero in the body.

    Args:
        distance: (ny, nx) signed distance in cells, both even.
        reynolds, u_max: as in `flow.solver.solve_steady`.
    """
    half = fields.block_means(distance, 2) / 2
    coarse = solver.solve_steady(half < 0, distance=half, reynolds=reynolds, u_max=u_max)
    fine = ndimage.zoom(coarse.velocity / u_max, (2, 2, 1), order=1, mode="nearest", grid_mode=True)
    return np.where((distance < 0)[..., None], 0, fine).astype(np.float32)


def cold_steps(distance: np.ndarray, reynolds: float, u_max: float = 0.1) -> int:
    """Steps from the flow of the empty channel to the steady flow, without help from coarser grids."""
    ny, nx = distance.shape
    velocity = np.zeros((ny, nx, 2), np.float32)
    velocity[..., 0] = solver.channel_inflow(ny, u_max)[:, None]
    start = Flow(velocity, np.ones((ny, nx), np.float32), np.zeros(2), 0.0, 0.0, 0, False, 1.0, 0.0)
    return solver.solve_steady(
        distance < 0, distance=distance, reynolds=reynolds, u_max=u_max, start=start
    ).steps


def numpy_seconds_per_step(
    distance: np.ndarray, reynolds: float, num_steps: int = 60, u_max: float = 0.1
) -> float:
    """Wall time of one step written in plain NumPy: collide, stream by `numpy.roll`, reflect at solid cells.

    The domain has the solver's extra length before the outlet. It is a clock, not a second solver: the ends of the
    channel are simply joined.
    """
    ny = distance.shape[0]
    solid = np.pad(distance < 0, ((1, 1), (0, ny)))
    solid[[0, -1]] = True
    rate, _ = relaxation_rates(u_max * ny / reynolds, None)
    velocity = np.zeros((*solid.shape, 2))
    velocity[1:-1, :, 0] = solver.channel_inflow(ny, u_max)[:, None]
    f = equilibrium(np.ones(solid.shape), velocity)
    began = time.perf_counter()
    for _ in range(num_steps):
        density = 1 + f.sum(axis=0)
        momentum = np.stack([np.tensordot(c, f, axes=1) for c in (VELOCITY_X, VELOCITY_Y)], axis=-1)
        f += rate * (equilibrium(density, momentum) - f)
        f = np.stack([np.roll(g, (y, x), (0, 1)) for g, x, y in zip(f, VELOCITY_X, VELOCITY_Y, strict=True)])
        f[:, solid] = f[OPPOSITE][:, solid]
    seconds = (time.perf_counter() - began) / num_steps
    if not np.all(np.isfinite(f)):
        raise FloatingPointError("The NumPy lattice-Boltzmann steps diverged: its timing means nothing.")
    return seconds
