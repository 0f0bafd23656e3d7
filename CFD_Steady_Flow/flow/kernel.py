"""The inner loops of the solver, compiled by numba: float32, one array a time level, branch-free.

What makes it fast, in order of effect:
- Stream and collide in one pass ("pull"): each population is read once and written once.
- The nine planes lie a constant, odd distance apart. The compiler knows it, so it vectorises
  without run-time alias checks, and the planes do not fight for the same cache sets.
- Walls, inlet and a sparse list of links with bodies are applied to a row just before it is
  updated. The main loop has no branch: it updates solid cells too, and nobody reads them.
- Several steps sweep through the rows as one wave: row y of step s+1 follows row y+1 of step s
  while that row is still in the cache (temporal blocking).
"""

from functools import cache
from typing import Any

import numpy as np
from numba import config, njit

from utils.paths import cache_dir

if not getattr(config, "CACHE_DIR", ""):  # compiled once per machine, even if the course is read-only
    setattr(config, "CACHE_DIR", str(cache_dir("numba")))  # noqa: B010 - numba defines it at run time

MARGIN = 16  # columns left of the fluid, so that each row starts on a cache line of 64 bytes
MEASURE = np.float32(10)  # as the outlet's density: find it
_OFFSET = 112  # floats by which planes are shifted against multiples of 4 KiB
_CAPACITIES = (2**16, 2**22, 2**26)  # cells in a plane: one compilation each; unused memory is never touched
_f32 = np.float32


def plane_size(num_cells: int) -> int:
    """Distance between planes, in floats, for a padded grid of `num_cells`.

    Raises:
        ValueError: the grid is larger than the largest compiled size.
    """
    for capacity in _CAPACITIES:
        if num_cells <= capacity:
            return capacity + _OFFSET
    raise ValueError(f"The grid has {num_cells} cells; the solver takes at most {_CAPACITIES[-1]}.")


def allocate(plane: int) -> tuple[np.ndarray, np.ndarray]:
    """Two time levels of nine planes each, zero, aligned to 64 bytes, with different cache sets."""
    size = 9 * plane + 48
    memory = np.zeros(2 * size + 16, np.float32)
    first = (-memory.ctypes.data // 4) % 16
    return memory[first : first + size], memory[first + size : first + 2 * size]


@njit(fastmath=True, nogil=True, inline="always")
def _collide_row(a, b, plane, first, stop, row, even, odd):
    """Pull nine populations from `a`, relax even and odd parts towards equilibrium, write to `b`.

    The pair of directions q and its opposite becomes E + O and E - O: E is the relaxed mean of
    the two, O their relaxed half difference.
    """
    one = np.uint64(1)
    p1, p2, p3, p4 = np.uint64(plane), np.uint64(2 * plane), np.uint64(3 * plane), np.uint64(4 * plane)
    p5, p6, p7, p8 = np.uint64(5 * plane), np.uint64(6 * plane), np.uint64(7 * plane), np.uint64(8 * plane)
    keep, even_keep, odd_keep = _f32(1) - even, (_f32(1) - even) / _f32(2), (_f32(1) - odd) / _f32(2)
    weight0, weight1, weight5 = even * _f32(4 / 9), even * _f32(1 / 9), even * _f32(1 / 36)
    square1, square5 = weight1 * _f32(4.5), weight5 * _f32(4.5)
    linear1, linear5 = odd * _f32(1 / 3), odd * _f32(1 / 12)
    for i in range(first, stop):
        f0 = a[i]
        f1, f3 = a[p1 + i - one], a[p3 + i + one]
        f2, f4 = a[p2 + i - row], a[p4 + i + row]
        f5, f7 = a[p5 + i - row - one], a[p7 + i + row + one]
        f6, f8 = a[p6 + i - row + one], a[p8 + i + row - one]
        sum13, sum24, sum57, sum68 = f1 + f3, f2 + f4, f5 + f7, f6 + f8
        dif13, dif24, dif57, dif68 = f1 - f3, f2 - f4, f5 - f7, f6 - f8
        u = dif13 + (dif57 - dif68)
        v = dif24 + (dif57 + dif68)
        common = f0 + ((sum13 + sum24) + (sum57 + sum68)) - _f32(1.5) * (u * u + v * v)
        up, down = u + v, v - u
        common1, common5 = weight1 * common, weight5 * common
        b[i] = keep * f0 + weight0 * common
        e = even_keep * sum13 + (common1 + square1 * (u * u))
        o = odd_keep * dif13 + linear1 * u
        b[p1 + i], b[p3 + i] = e + o, e - o
        e = even_keep * sum24 + (common1 + square1 * (v * v))
        o = odd_keep * dif24 + linear1 * v
        b[p2 + i], b[p4 + i] = e + o, e - o
        e = even_keep * sum57 + (common5 + square5 * (up * up))
        o = odd_keep * dif57 + linear5 * up
        b[p5 + i], b[p7 + i] = e + o, e - o
        e = even_keep * sum68 + (common5 + square5 * (down * down))
        o = odd_keep * dif68 + linear5 * down
        b[p6 + i], b[p8 + i] = e + o, e - o


@njit(fastmath=True, nogil=True, inline="always")
def _close_row(a, plane, y, height, first, last, row, inlet, lid):
    """Bounce-back at the box: write what enters row `y` of `a` from the west, south and north."""
    one = np.uint64(1)
    p1, p2, p3, p4 = np.uint64(plane), np.uint64(2 * plane), np.uint64(3 * plane), np.uint64(4 * plane)
    p5, p6, p7, p8 = np.uint64(5 * plane), np.uint64(6 * plane), np.uint64(7 * plane), np.uint64(8 * plane)
    a[p1 + first - one] = a[p3 + first] + inlet[0, y]
    a[p5 + first - row - one] = a[p7 + first] + inlet[1, y]
    a[p8 + first + row - one] = a[p6 + first] + inlet[2, y]
    if y == 0:
        for i in range(first, last + one):
            a[p2 + i - row] = a[p4 + i]
            a[p5 + i - row - one] = a[p7 + i]
            a[p6 + i - row + one] = a[p8 + i]
    if y == height - 1:
        for i in range(first, last + one):
            a[p4 + i + row] = a[p2 + i]
            a[p7 + i + row + one] = a[p5 + i] - lid
            a[p8 + i + row - one] = a[p6 + i] + lid
        a[p7 + last + row + one] = a[p5 + last]  # the corners do not move
        a[p8 + first + row - one] = a[p6 + first]


@njit(fastmath=True, nogil=True, inline="always")
def _close_east(a, plane, last, row):
    """Bounce-back at an east wall."""
    one = np.uint64(1)
    p1, p3, p5, p6, p7, p8 = (
        np.uint64(plane),
        np.uint64(3 * plane),
        np.uint64(5 * plane),
        np.uint64(6 * plane),
        np.uint64(7 * plane),
        np.uint64(8 * plane),
    )
    a[p3 + last + one] = a[p1 + last]
    a[p7 + last + row + one] = a[p5 + last]
    a[p6 + last - row + one] = a[p8 + last]


@njit(fastmath=True, nogil=True, inline="always")
def _open_east(a, plane, last, density):
    """Pressure outlet: the cell east of `last` copies velocity and stress, at the outlet's density."""
    one = np.uint64(1)
    p3, p6, p7 = np.uint64(3 * plane), np.uint64(6 * plane), np.uint64(7 * plane)
    change = density - a[last]
    for q in range(1, 9):
        change -= a[np.uint64(q * plane) + last]
    a[p3 + last + one] = a[p3 + last] + _f32(1 / 9) * change
    a[p6 + last + one] = a[p6 + last] + _f32(1 / 36) * change
    a[p7 + last + one] = a[p7 + last] + _f32(1 / 36) * change


@njit(fastmath=True, nogil=True, inline="always")
def _outlet_density(a, plane, outlet_cells, outflow):
    """Density of a sound wave that leaves through the outlet, minus 1.

    The outlet holds density 1 in a steady flow. While the flux through it differs from `outflow`,
    a wave is on its way, and with this density it does not come back.
    """
    flux = _f32(0)
    for i in outlet_cells:
        flux += a[plane + i] + a[5 * plane + i] + a[8 * plane + i]
        flux -= a[3 * plane + i] + a[6 * plane + i] + a[7 * plane + i]
    return (flux - outflow) / _f32(outlet_cells.size) * _f32(np.sqrt(3))


@cache
def compile_sweep(plane: int) -> Any:
    """The function `sweep(...)` for planes this far apart; see its docstring.

    The distance is its only closure variable, so that numba finds the compiled code on disk again.
    """

    @njit(fastmath=True, nogil=True, cache=True)
    def sweep(a, b, num_sweeps, depth, first, last, slope_first, slope_last, height, width, stride, even, odd,
              inlet, lid, link_start, target, source, second, third, weight, outlet_cells, outflow, density):  # fmt: skip
        """Take num_sweeps * depth steps in the rows first to last - 1; each sweep is one wave of `depth` steps.

        Step s of a sweep covers the rows first + s * slope_first to last + s * slope_last. `depth` is
        even, or there is one sweep, whose result is in `b` if its depth is odd; else the result is in
        `a`. Links of row y with bodies are link_start[y] to link_start[y + 1]: population[target] =
        population[source] + weight * (population[second] - population[third]). `inlet` (3, height)
        is what a moving west side adds to directions 1, 5 and 8, `lid` what the north side adds to
        the diagonals. `outlet_cells` are empty where the east side is a wall; `outflow` is the flux
        through them in a steady flow. `density` is the outlet's, minus 1; with MEASURE each sweep
        finds it for itself.
        """
        row = np.uint64(stride)
        outlet = outlet_cells.size > 0
        measure = density == MEASURE
        for _ in range(num_sweeps):
            if outlet and measure:
                density = _outlet_density(a, plane, outlet_cells, outflow)
            for front in range(first - depth, last + 2 * depth):
                for s in range(depth):
                    y = front - s
                    if y < first + s * slope_first or y >= last + s * slope_last:
                        continue
                    if s % 2 == 0:
                        old, new = a, b
                    else:
                        old, new = b, a
                    begin = np.uint64((y + 1) * stride + MARGIN)
                    end = begin + np.uint64(width - 1)
                    _close_row(old, plane, y, height, begin, end, row, inlet, lid)
                    if not outlet:
                        _close_east(old, plane, end, row)
                    for k in range(link_start[y], link_start[y + 1]):
                        old[target[k]] = old[source[k]] + weight[k] * (old[second[k]] - old[third[k]])
                    _collide_row(old, new, plane, begin, end + np.uint64(1), row, even, odd)
                    if outlet:
                        _open_east(new, plane, end, density)

    return sweep
