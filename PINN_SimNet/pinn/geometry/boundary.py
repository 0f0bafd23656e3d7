"""Pieces of boundary: which of them combining shapes leaves, how long they are, and where their points lie."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Where = Callable[[np.ndarray], np.ndarray]
PROBES = 2**13  # points that measure a piece for which there is no formula
NARROWEST = 2.0**-20  # of a curve: a narrower opening may be overlooked
SHORTEST = 2.0**-15  # the same on a curve that coincides with another
MOST_DRAWS = 200 * PROBES  # a shape that is not met then has less than a millionth of its box


@dataclass(frozen=True)
class Patch:
    """A piece of boundary: ``place`` maps points u of the unit cube evenly to (points, normals)."""

    measure: float
    place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    hidden: Callable[[np.ndarray], np.ndarray]  # True where another part delivers the same boundary
    clear: Callable[[np.ndarray], np.ndarray]  # no other part's boundary is nearer than this


def whole_patch(measure: float, place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Patch:
    """A patch that no other part has cut yet."""
    return Patch(measure, place, lambda u: np.zeros(len(u), dtype=bool), lambda u: np.full(len(u), np.inf))


def part_of(patch: Patch, start: float, stop: float) -> Patch:
    return replace(patch, place=lambda u: patch.place(start + (stop - start) * u))


def is_sliver(seen: Where, start: float, stop: float) -> bool:
    """True for a short interval that goes on where `where` ends it: a tolerance has drawn it, as in ``r < 1 + 1e-6``."""
    width = stop - start
    beyond = np.array([u for u in (start - width, stop + width) if 0 < u < 1])
    return width < 1 / PROBES and len(beyond) > 0 and bool(seen(beyond[:, None]).any())


def intervals(kept: Where, patch: Patch, num_cells: int) -> list[tuple[float, float]]:
    """The intervals of (0, 1) in which ``kept`` is True; their ends are found by bisection.

    Where another boundary may come nearer than half a cell, the cell is halved, down to `NARROWEST`, or to
    `SHORTEST` where the boundaries coincide.
    """
    middles, half = (np.arange(num_cells) + 0.5) / num_cells, 0.5 / num_cells
    done: list[np.ndarray] = []
    while len(middles) and half > NARROWEST / 2:
        distance = patch.clear(middles[:, None])
        coincide = (distance <= 1e-9 * patch.measure) & (2 * half <= SHORTEST)  # 1e-9 for round-off
        near = (distance <= patch.measure * half * (1 + 1e-9)) & ~coincide
        done.append(middles[~near])
        half /= 2
        middles = np.concatenate([middles[near] - half, middles[near] + half])
    middles = np.sort(np.concatenate([*done, middles]))
    inside = kept(middles[:, None])
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    left, right = middles[changes], middles[changes + 1]
    for _ in range(40):  # an end is known to 1e-12 of a cell
        centre = (left + right) / 2
        same = kept(centre[:, None]) == inside[changes]
        left, right = np.where(same, centre, left), np.where(same, right, centre)
    ends = [0.0] * bool(inside[0]) + list((left + right) / 2) + [1.0] * bool(inside[-1])
    return list(zip(ends[::2], ends[1::2], strict=True))


def first_kept(kept: Where, n: int, draw: Callable[[int], np.ndarray]) -> np.ndarray:
    """The first n points of a sequence that are kept, shape (n, dim)."""
    found: list[np.ndarray] = []
    number = drawn = 0
    batch = max(n, 256)  # a call costs as much for one point
    while number < n:
        if drawn > MOST_DRAWS + 100 * n:
            raise ValueError(
                "This geometry is empty, or tiny in its box: hardly any point is left. Check its parts and `where`."
            )
        u = draw(batch)
        found.append(u[kept(u)])
        number, drawn = number + len(found[-1]), drawn + batch
    return np.concatenate(found)[:n]


def apportion(n: int, measures: np.ndarray) -> np.ndarray:
    """Share n points out by size, at least one to each piece."""
    if n < len(measures):
        raise ValueError(f"The boundary has {len(measures)} pieces, so that {n} points are too few.")
    numbers = 1 + np.floor((n - len(measures)) * measures / measures.sum()).astype(int)
    for _ in range(n - numbers.sum()):
        numbers[np.argmax(measures / numbers)] += 1
    return numbers
