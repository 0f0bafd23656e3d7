"""How fast the solver is, and how fast this machine could be: million lattice updates a second."""

import statistics
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from flow import kernel
from flow.solver import Simulation, channel_inflow

COPIED_BYTES = 72  # nine float32 read and nine written for each cell and step


def obstacle_channel(ny: int, nx: int, num_threads: int = 1) -> Simulation:
    """The channel that speed is measured in: parabolic inflow, outlet, a round body, viscosity 0.05."""
    y, x = np.mgrid[:ny, :nx] + 0.5
    distance = (np.hypot(x - 0.25 * nx, y - 0.5 * ny) - ny / 8).astype(np.float32)
    return Simulation(
        distance < 0, 0.05, inflow=channel_inflow(ny, 0.1), outlet=True, distance=distance, num_threads=num_threads
    )  # fmt: skip


@cache
def compile_copy(plane: int) -> Any:
    """The function `copy(a, b, num_steps, height, width, stride)`: streaming alone, in the solver's memory layout."""

    @njit(nogil=True, cache=True)
    def copy(a, b, num_steps, height, width, stride):
        for step in range(num_steps):
            if step % 2 == 0:
                old, new = a, b
            else:
                old, new = b, a
            for y in range(1, height + 1):
                first = np.uint64(y * stride + kernel.MARGIN)
                _copy_row(old, new, plane, first, first + np.uint64(width), np.uint64(stride))

    return copy


@njit(nogil=True, inline="always")
def _copy_row(a, b, plane, first, stop, row):
    one = np.uint64(1)
    p1, p2, p3, p4 = np.uint64(plane), np.uint64(2 * plane), np.uint64(3 * plane), np.uint64(4 * plane)
    p5, p6, p7, p8 = np.uint64(5 * plane), np.uint64(6 * plane), np.uint64(7 * plane), np.uint64(8 * plane)
    for i in range(first, stop):
        b[i] = a[i]
        b[p1 + i], b[p3 + i] = a[p1 + i - one], a[p3 + i + one]
        b[p2 + i], b[p4 + i] = a[p2 + i - row], a[p4 + i + row]
        b[p5 + i], b[p7 + i] = a[p5 + i - row - one], a[p7 + i + row + one]
        b[p6 + i], b[p8 + i] = a[p6 + i - row + one], a[p8 + i + row - one]


def bare_copy(ny: int, nx: int) -> Callable[[int], None]:
    """A function that takes steps of streaming alone: the traffic of a solver, without its arithmetic.

    Nine planes are read with the lattice's offsets and written to nine others, in the memory
    layout of the solver, one step after the other.
    """
    stride = kernel.row_stride(nx)
    plane = kernel.plane_size((ny + 2) * stride + kernel.MARGIN)
    a, b = kernel.allocate(plane)
    copy = compile_copy(plane)
    return lambda num_steps: copy(a, b, num_steps, ny, nx, stride)


@njit(fastmath=True, nogil=True, cache=True)
def _collide_one_row(a, b, plane, num_rows, width, stride, even, odd):
    first = np.uint64(stride + kernel.MARGIN)
    for _ in range(num_rows):
        kernel._collide_row(a, b, plane, first, first + np.uint64(width), np.uint64(stride), even, odd)


def bare_arithmetic(ny: int, nx: int) -> Callable[[int], None]:
    """A function that takes steps of collision alone: one row again and again, which never leaves the first cache.

    As many rows a step as the grid has; no walls, no bodies. With `bare_copy` it bounds a solver from two sides.
    """
    stride = kernel.row_stride(nx)
    plane = kernel.plane_size(3 * stride + kernel.MARGIN)
    a, b = kernel.allocate(plane)
    even, odd = np.float32(1.5), np.float32(0.5)
    return lambda num_steps: _collide_one_row(a, b, plane, ny * num_steps, nx, stride, even, odd)


def race(
    runs: dict[str, Callable[[int], Any]], num_cells: int, rounds: int = 7, seconds: float = 0.15
) -> dict[str, float]:
    """Million lattice updates a second of functions that take steps, measured in turn.

    Args:
        runs: by name, a function of the number of steps.
        num_cells: lattice cells of each.
        rounds: the median over so many turns counts; all take turns, so a busy machine hurts all.
        seconds: of each turn, about.
    """
    num_steps = {}
    for name, run in runs.items():
        run(2)  # compiles, and fills the cache
        began = time.perf_counter()
        run(4)
        num_steps[name] = 2 * max(2, round(seconds / (time.perf_counter() - began) * 2))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run(num_steps[name])
            times[name].append(time.perf_counter() - began)
    return {name: num_cells * num_steps[name] / statistics.median(times[name]) / 1e6 for name in runs}
