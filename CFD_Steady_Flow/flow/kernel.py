"""The inner loops of the solver, compiled by numba: float32, one array a time level, branch-free.

What makes it fast, in order of effect:
- Stream and collide in one pass ("pull"): each population is read once and written once.
- The nine planes lie a constant, odd distance apart, and the two time levels do not overlap. The
  compiler knows both, so it vectorises without checks of each row at run time, and the planes do not
  fight for the same cache sets.
- Walls, inlet and a sparse list of links with bodies are applied to a row just before it is
  updated. The main loop has no branch: it updates solid cells too, and nobody reads them.
- Several steps sweep through the rows as one wave: row y of step s+1 follows row y+1 of step s
  while that row is still in the cache (temporal blocking).
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import config, njit
from numba.core.compiler import Compiler

from utils.engine.fingerprint import code, fingerprint
from utils.engine.paths import private_dir

# Compiled once per machine, even if the course is read-only. The folder is named for this code: numba looks at the file
# of a function, not at the files of those that it calls.
_folder = Path(getattr(config, "CACHE_DIR", "") or private_dir("numba"))
_version = fingerprint(code(Path(__file__)))
if _folder.name != _version:
    setattr(config, "CACHE_DIR", str(_folder / _version))  # noqa: B010 - numba defines it at run time

MARGIN = 16  # columns left of the fluid, so that each row starts on a cache line of 64 bytes
MEASURE = np.float32(10)  # as the outlet's density: find it
_OFFSET = 112  # floats, 7 cache lines: planes a multiple of 4 KiB apart would share their sets of the cache
_CAPACITIES = (2**16, 2**22, 2**26)  # cells in a plane: one compilation each; unused memory is never touched
_f32 = np.float32


def row_stride(num_columns: int) -> int:
    """Distance between rows, in floats: margin and columns, in whole cache lines."""
    return -(-(num_columns + MARGIN) // 16) * 16  # 16 floats fill a line of 64 bytes


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
    size = 9 * plane + 48  # three lines more: the other level lies in other sets of the cache
    memory = np.zeros(2 * size + 16, np.float32)
    first = (-memory.ctypes.data // 4) % 16  # floats up to the next line
    return memory[first : first + size], memory[first + size : first + 2 * size]


class _ArraysDoNotOverlap(Compiler):
    """Compiles a function for arrays that share no memory (`noalias` in LLVM, `restrict` in C)."""

    def __init__(self, typingctx, targetctx, library, args, return_type, flags, locals):
        flags.noalias = True
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)


@njit(fastmath=True, nogil=True, inline="always")
def _collide_cell(a, plane, i, row, even, odd):
    """Pull the nine populations of cell `i` from `a`; return them relaxed towards equilibrium, and their sum.

    The pair of directions q and its opposite becomes E + O and E - O: E is the relaxed mean of
    the two, O their relaxed half difference.
    """
    one = np.uint64(1)
    p1, p2, p3, p4 = np.uint64(plane), np.uint64(2 * plane), np.uint64(3 * plane), np.uint64(4 * plane)
    p5, p6, p7, p8 = np.uint64(5 * plane), np.uint64(6 * plane), np.uint64(7 * plane), np.uint64(8 * plane)
    keep, even_keep, odd_keep = _f32(1) - even, (_f32(1) - even) / _f32(2), (_f32(1) - odd) / _f32(2)
    # lattice.WEIGHTS, times 9/2 and 3 of its equilibrium
    weight0, weight1, weight5 = even * _f32(4 / 9), even * _f32(1 / 9), even * _f32(1 / 36)
    square1, square5 = weight1 * _f32(4.5), weight5 * _f32(4.5)
    linear1, linear5 = odd * _f32(1 / 3), odd * _f32(1 / 12)
    f0 = a[i]
    f1, f3 = a[p1 + i - one], a[p3 + i + one]
    f2, f4 = a[p2 + i - row], a[p4 + i + row]
    f5, f7 = a[p5 + i - row - one], a[p7 + i + row + one]
    f6, f8 = a[p6 + i - row + one], a[p8 + i + row - one]
    sum13, sum24, sum57, sum68 = f1 + f3, f2 + f4, f5 + f7, f6 + f8
    dif13, dif24, dif57, dif68 = f1 - f3, f2 - f4, f5 - f7, f6 - f8
    u = dif13 + (dif57 - dif68)
    v = dif24 + (dif57 + dif68)
    mass = f0 + ((sum13 + sum24) + (sum57 + sum68))
    common = mass - _f32(1.5) * (u * u + v * v)
    up, down = u + v, v - u
    common1, common5 = weight1 * common, weight5 * common
    e13, o13 = even_keep * sum13 + (common1 + square1 * (u * u)), odd_keep * dif13 + linear1 * u
    e24, o24 = even_keep * sum24 + (common1 + square1 * (v * v)), odd_keep * dif24 + linear1 * v
    e57, o57 = even_keep * sum57 + (common5 + square5 * (up * up)), odd_keep * dif57 + linear5 * up
    e68, o68 = even_keep * sum68 + (common5 + square5 * (down * down)), odd_keep * dif68 + linear5 * down
    return (
        keep * f0 + weight0 * common, e13 + o13, e24 + o24, e13 - o13, e24 - o24,
        e57 + o57, e68 + o68, e57 - o57, e68 - o68, mass,
    )  # fmt: skip


@njit(fastmath=True, nogil=True, inline="always")
def _collide_row(a, b, plane, first, stop, row, even, odd):
    """Stream and collide the cells first to stop - 1, from `a` to `b`."""
    p1, p2, p3, p4 = np.uint64(plane), np.uint64(2 * plane), np.uint64(3 * plane), np.uint64(4 * plane)
    p5, p6, p7, p8 = np.uint64(5 * plane), np.uint64(6 * plane), np.uint64(7 * plane), np.uint64(8 * plane)
    for i in range(first, stop):
        g = _collide_cell(a, plane, i, row, even, odd)
        b[i], b[p1 + i], b[p3 + i], b[p2 + i], b[p4 + i] = g[0], g[1], g[3], g[2], g[4]
        b[p5 + i], b[p7 + i], b[p6 + i], b[p8 + i] = g[5], g[7], g[6], g[8]


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
def _open_east(a, b, plane, last, row, even, odd, density):
    """Pressure outlet: the cell east of `last` copies velocity and stress, at the outlet's density.

    It collides the last cell once more, by itself: what the main loop writes there is faster to
    compute again than to read back.
    """
    east = last + np.uint64(1)
    g = _collide_cell(a, plane, last, row, even, odd)
    change = density - g[9]  # each population gets its weight of it
    b[np.uint64(3 * plane) + east] = g[3] + _f32(1 / 9) * change
    b[np.uint64(6 * plane) + east] = g[6] + _f32(1 / 36) * change
    b[np.uint64(7 * plane) + east] = g[7] + _f32(1 / 36) * change


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


@njit(fastmath=True, nogil=True, inline="always")
def _update_row(a, b, plane, y, height, width, stride, even, odd,
                inlet, lid, link_start, target, source, second, third, weight, outlet, density):  # fmt: skip
    """One step of row `y`: what enters it from walls, bodies, inlet and outlet, then from `a` to `b`."""
    row = np.uint64(stride)
    first = np.uint64((y + 1) * stride + MARGIN)
    last = first + np.uint64(width - 1)
    _close_row(a, plane, y, height, first, last, row, inlet, lid)
    if not outlet:
        _close_east(a, plane, last, row)
    for k in range(link_start[y], link_start[y + 1]):
        a[target[k]] = a[source[k]] + weight[k] * (a[second[k]] - a[third[k]])
    if outlet:
        _open_east(a, b, plane, last, row, even, odd, density)
    _collide_row(a, b, plane, first, last + np.uint64(1), row, even, odd)


@cache
def compile_sweep(plane: int) -> Any:
    """The function `sweep(...)` for planes this far apart; see its docstring.

    The distance is its only closure variable, so that numba finds the compiled code on disk again.
    """

    @njit(fastmath=True, nogil=True, cache=True, pipeline_class=_ArraysDoNotOverlap)
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
        outlet = outlet_cells.size > 0
        measure = density == MEASURE
        for _ in range(num_sweeps):
            if outlet and measure:
                density = _outlet_density(a, plane, outlet_cells, outflow)
            for front in range(first - depth, last + 2 * depth):
                # Two calls: each names the array that it reads and the one that it writes.
                for s in range(0, depth, 2):
                    y = front - s
                    if first + s * slope_first <= y < last + s * slope_last:
                        _update_row(a, b, plane, y, height, width, stride, even, odd, inlet, lid, link_start,
                                    target, source, second, third, weight, outlet, density)  # fmt: skip
                    y, s_next = y - 1, s + 1
                    if s_next < depth and first + s_next * slope_first <= y < last + s_next * slope_last:
                        _update_row(b, a, plane, y, height, width, stride, even, odd, inlet, lid, link_start,
                                    target, source, second, third, weight, outlet, density)  # fmt: skip

    return sweep
