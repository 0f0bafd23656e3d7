"""Shapes in one, two and three dimensions: solid geometry, signed distance, and clouds of weighted points.

The vocabulary is SimNet's: primitives, ``a + b``, ``a - b``, ``a & b``, ``translate``, ``rotate``, ``scale``,
``sdf``, ``sample_boundary``, ``sample_interior``. A signed distance is positive inside (as in SimNet). It is
exact for primitives and surfaces; a combination takes the minimum or maximum of its parts, which is exact
inside of ``a & b`` and ``a - b``, exact outside of ``a + b``, and elsewhere never larger in size than the true
distance (https://iquilezles.org/articles/distfunctions/).
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pinn.points import Points, at
from pinn.sampling import Seed, importance, unit_points, unit_stream
from utils import polygons
from utils.engine.fixed import Fixed

Where = Callable[[np.ndarray], np.ndarray]
PROBES = 2**13  # points that measure a piece for which there is no formula
NARROWEST = 2.0**-20  # of a curve: a narrower opening may be overlooked
SHORTEST = 2.0**-15  # the same on a curve that coincides with another
MOST_DRAWS = 200 * PROBES


@dataclass(frozen=True)
class Cloud:
    """Weighted points: the weights sum to the length, area or volume that the points stand for.

    Attributes:
        points: shape (n, dim).
        weights: shape (n,); ``integrate`` multiplies with them.
        sdf: signed distance to the boundary of the shape, positive inside, shape (n,).
        normals: unit vectors out of the shape, shape (n, dim); None for interior points.
        parameters: the parameters of the shape each point belongs to, shape (n, num_parameters), or None.
    """

    points: np.ndarray
    weights: np.ndarray
    sdf: np.ndarray
    normals: np.ndarray | None = None
    parameters: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.points)

    def integrate(self, values: np.ndarray | float) -> float:
        """The integral of a function from its values at the points, shape (n,)."""
        return float(np.sum(self.weights * values))

    def columns(self, *names: str) -> Points:
        """The cloud for `pinn.domain`: a column for each coordinate and then each parameter, and ``sdf``.

        Boundary points also get ``normal_x`` and so on. Example: ``cloud.columns("x", "y", "h")``.

        Raises:
            ValueError: there are not as many names as coordinates and parameters.
        """
        values = self.points if self.parameters is None else np.hstack([self.points, self.parameters])
        if len(names) != values.shape[1]:
            raise ValueError(
                f"{values.shape[1]} names are needed, for coordinates and parameters; got {len(names)}."
            )
        columns = dict(zip(names, values.T, strict=True)) | {"sdf": self.sdf}
        if self.normals is not None:
            columns |= {f"normal_{name}": n for name, n in zip(names, self.normals.T, strict=False)}
        return at(**columns)


@dataclass(frozen=True)
class _Patch:
    """A piece of boundary: ``place`` maps points u of the unit cube evenly to (points, normals)."""

    measure: float
    place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    hidden: Callable[[np.ndarray], np.ndarray]  # True where another part delivers the same boundary
    clear: Callable[[np.ndarray], np.ndarray]  # no other part's boundary is nearer than this


def _whole(measure: float, place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> _Patch:
    """A patch that no other part has cut yet."""
    return _Patch(measure, place, lambda u: np.zeros(len(u), dtype=bool), lambda u: np.full(len(u), np.inf))


class Geometry(Fixed):
    """A shape, which stays as it was made. Subclasses give ``dim``, ``bounds``, ``sdf``, ``_patches`` and, if there is a formula, ``measure``.

    Attributes:
        dim: 1, 2 or 3.
        bounds: lower and upper corner of a box around the shape, shape (2, dim).
        measure: length, area or volume; None where only counting points gives it.
    """

    dim: int
    bounds: np.ndarray
    measure: float | None = None

    def sdf(self, points: np.ndarray) -> np.ndarray:
        """Signed distance to the boundary, positive inside: points (n, dim) to (n,)."""
        raise NotImplementedError

    def _patches(self) -> list[_Patch]:
        raise NotImplementedError

    # --- solid geometry ---------------------------------------------------------------------------

    def __add__(self, other: "Geometry") -> "Geometry":
        """Union: what lies in one of the two."""
        return _Union(self, other)

    def __and__(self, other: "Geometry") -> "Geometry":
        """Intersection: what lies in both."""
        return _Intersection(self, other)

    def __sub__(self, other: "Geometry") -> "Geometry":
        """Difference: what lies in the first and not in the second."""
        return _Intersection(self, _Complement(other))

    def translate(self, offset) -> "Geometry":
        """The shape moved by ``offset``, shape (dim,)."""
        return _Moved(self, np.eye(self.dim), 1.0, offset)

    def rotate(self, angle: float, axis: int = 2, center=None) -> "Geometry":
        """The shape turned by ``angle`` (radians) about ``center`` (by default the origin).

        In 3D ``axis`` 0, 1 or 2 names the axis of the turn.

        Raises:
            ValueError: a shape on a line cannot be turned.
        """
        if self.dim == 1:
            raise ValueError("A shape in one dimension cannot be turned.")
        first, second = (0, 1) if self.dim == 2 else [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(self.dim)
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        center = np.zeros(self.dim) if center is None else np.asarray(center, dtype=float)
        return _Moved(self, turn, 1.0, center - turn @ center)

    def scale(self, factor: float, center=None) -> "Geometry":
        """The shape made ``factor`` times as large about ``center`` (by default the origin).

        Raises:
            ValueError: the factor is not positive.
        """
        if not factor > 0:
            raise ValueError(f"A shape can be scaled by a positive factor only, not by {factor}.")
        center = np.zeros(self.dim) if center is None else np.asarray(center, dtype=float)
        return _Moved(self, np.eye(self.dim), float(factor), center * (1 - factor))

    # --- clouds of points -------------------------------------------------------------------------

    def sample_interior(
        self,
        n: int,
        method: str = "halton",
        rng: Seed = 0,
        where: Where | None = None,
        density: Where | None = None,
    ) -> Cloud:
        """n points inside of the shape; their weights sum to its length, area or volume.

        The measure is exact for whole primitives, else counted (relative error about 1e-3).

        Args:
            n: number of points.
            method: ``"halton"`` or ``"uniform"``.
            rng: a Generator or a seed.
            where: keep only points for which this is True: points (m, dim) to (m,).
            density: importance sampling: more points where this is large, with smaller weights.

        Raises:
            ValueError: the shape is empty or has no end.
        """
        if density is not None:
            pool = self.sample_interior(20 * n, method, rng, where)
            chosen, factor = importance(density(pool.points), n, rng)
            weights = factor * pool.weights.sum() / n
            return Cloud(pool.points[chosen], weights, pool.sdf[chosen])
        low, high = self._finite_bounds()

        def inside(u):
            points = low + (high - low) * u
            kept = self.sdf(points) > 0
            return kept if where is None else kept & where(points)

        measure = self.measure
        if measure is None or where is not None:
            share = inside(unit_points(2 * PROBES, self.dim, "halton", 1)).mean()
            measure = share * float(np.prod(high - low))
        u = _first_kept(inside, n, unit_stream(self.dim, method, rng))
        points = low + (high - low) * u
        return Cloud(points, np.full(n, measure / n), self.sdf(points))

    def sample_boundary(
        self, n: int, method: str = "halton", rng: Seed = 0, where: Where | None = None
    ) -> Cloud:
        """n points on the boundary, spread over its pieces by size; the weights sum to its length or area.

        In 2D the ends of curves that cut each other are found by bisection, so that the length is exact to
        about 1e-7 and an opening of a millionth of a side is seen (one that only ``where`` draws: 1/8000); in
        3D cut surfaces are measured by counting points (relative error about 1e-3). In 1D each end has the
        weight 1.

        Args:
            n: number of points.
            method: ``"halton"``, ``"uniform"`` or, on curves, ``"grid"`` (midpoint rule).
            rng: a Generator or a seed.
            where: keep only this part of the boundary, e.g. the inlet: points (m, dim) to (m,).

        Raises:
            ValueError: no boundary is left, or n is smaller than its number of pieces.
        """
        rng = np.random.default_rng(rng)
        pieces = self._pieces(where)
        if not pieces:
            raise ValueError(
                f"This geometry has no boundary{' there' if where else ''}: check `where` and CSG."
            )
        numbers = _apportion(n, np.array([measure for measure, _, _ in pieces]))
        points: list[np.ndarray] = []
        normals: list[np.ndarray] = []
        weights: list[np.ndarray] = []
        for (measure, patch, kept), number in zip(pieces, numbers, strict=True):
            if kept is None:
                u = unit_points(number, max(1, self.dim - 1), method, rng)
            else:
                u = _first_kept(kept, number, unit_stream(max(1, self.dim - 1), method, rng))
            for column, values in zip((points, normals), patch.place(u), strict=True):
                column.append(values)
            weights.append(np.full(number, measure / number))
        located = np.concatenate(points)
        return Cloud(located, np.concatenate(weights), self.sdf(located), np.concatenate(normals))

    def boundary_measure(self, where: Where | None = None) -> float:
        """Length (2D), area (3D) or number of ends (1D) of the boundary, accurate as in `sample_boundary`."""
        return float(sum(measure for measure, _, _ in self._pieces(where)))

    def _finite_bounds(self) -> np.ndarray:
        if not np.all(np.isfinite(self.bounds)):
            raise ValueError("This geometry has no end (the outside of a shape?): intersect it with a box.")
        if np.any(self.bounds[1] <= self.bounds[0]):
            raise ValueError(
                "This geometry is empty: its parts do not overlap, or one removes all of the other."
            )
        return self.bounds

    def _step(self) -> float:
        """How far a test point is set off the boundary: small against the shape, large against round-off."""
        size = np.ptp(self.bounds, axis=0)
        return 1e-8 * float(np.max(size[np.isfinite(size)], initial=1e-6))

    def _is_boundary(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Whether the shape lies behind the points and not before them."""
        step = self._step() * normals
        return (self.sdf(points - step) > 0) & (self.sdf(points + step) < 0)

    def _pieces(self, where: Where | None) -> list[tuple[float, _Patch, Where | None]]:
        """(measure, patch, None or which u of the patch are kept) of all that is left of the patches."""
        pieces: list[tuple[float, _Patch, Where | None]] = []
        for patch in self._patches():

            def seen(u, patch=patch):
                return self._is_boundary(*patch.place(u)) & ~patch.hidden(u)

            def kept(u, patch=patch, seen=seen):
                return seen(u) if where is None else seen(u) & where(patch.place(u)[0])

            if self.dim == 2:
                for start, stop in _intervals(kept, patch, 1024 if where is None else PROBES):
                    if where is not None and _is_sliver(seen, start, stop):
                        continue
                    length = patch.measure * (stop - start)
                    pieces.append((length, _part(patch, start, stop), None))
                continue
            probes = unit_points(PROBES, max(1, self.dim - 1), "halton", 1)
            share = kept(probes).mean()
            whole = where is None and np.all(np.isinf(patch.clear(probes)))
            if share > 0:
                pieces.append((patch.measure * share, patch, None if whole else kept))
        return pieces


def _part(patch: _Patch, start: float, stop: float) -> _Patch:
    return replace(patch, place=lambda u: patch.place(start + (stop - start) * u))


def _is_sliver(seen: Where, start: float, stop: float) -> bool:
    """True for a short interval that goes on where `where` ends it: a tolerance has drawn it, as in ``r < 1 + 1e-6``."""
    width = stop - start
    beyond = np.array([u for u in (start - width, stop + width) if 0 < u < 1])
    return width < 1 / PROBES and len(beyond) > 0 and bool(seen(beyond[:, None]).any())


def _intervals(kept: Where, patch: _Patch, num_cells: int) -> list[tuple[float, float]]:
    """The intervals of (0, 1) in which ``kept`` is True; their ends are found by bisection.

    Where another boundary may come nearer than half a cell, the cell is halved, down to `NARROWEST`, or to
    `SHORTEST` where the boundaries coincide.
    """
    middles, half = (np.arange(num_cells) + 0.5) / num_cells, 0.5 / num_cells
    done: list[np.ndarray] = []
    while len(middles) and half > NARROWEST / 2:
        distance = patch.clear(middles[:, None])
        coincide = (distance <= 1e-9 * patch.measure) & (2 * half <= SHORTEST)
        near = (distance <= patch.measure * half * (1 + 1e-9)) & ~coincide
        done.append(middles[~near])
        half /= 2
        middles = np.concatenate([middles[near] - half, middles[near] + half])
    middles = np.sort(np.concatenate([*done, middles]))
    inside = kept(middles[:, None])
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    left, right = middles[changes], middles[changes + 1]
    for _ in range(40):
        centre = (left + right) / 2
        same = kept(centre[:, None]) == inside[changes]
        left, right = np.where(same, centre, left), np.where(same, right, centre)
    ends = [0.0] * bool(inside[0]) + list((left + right) / 2) + [1.0] * bool(inside[-1])
    return list(zip(ends[::2], ends[1::2], strict=True))


def _first_kept(kept: Where, n: int, draw: Callable[[int], np.ndarray]) -> np.ndarray:
    """The first n points of a sequence that are kept, shape (n, dim)."""
    found: list[np.ndarray] = []
    number = drawn = 0
    batch = max(n, 256)
    while number < n:
        if drawn > MOST_DRAWS + 100 * n:
            raise ValueError(
                "This geometry is empty, or tiny in its box: hardly any point is left. Check its parts and `where`."
            )
        u = draw(batch)
        found.append(u[kept(u)])
        number, drawn = number + len(found[-1]), drawn + batch
    return np.concatenate(found)[:n]


def _apportion(n: int, measures: np.ndarray) -> np.ndarray:
    """Share n points out by size, at least one to each piece."""
    if n < len(measures):
        raise ValueError(f"The boundary has {len(measures)} pieces, so that {n} points are too few.")
    numbers = 1 + np.floor((n - len(measures)) * measures / measures.sum()).astype(int)
    for _ in range(n - numbers.sum()):
        numbers[np.argmax(measures / numbers)] += 1
    return numbers


# --- combinations ---------------------------------------------------------------------------------


class _Complement(Geometry):
    """All that lies outside of a shape."""

    def __init__(self, part: Geometry):
        self.part, self.dim = part, part.dim
        self.bounds = np.array([[-np.inf] * self.dim, [np.inf] * self.dim])

    def sdf(self, points):
        return -self.part.sdf(points)

    def _patches(self):
        def turned(patch):
            def place(u):
                points, normals = patch.place(u)
                return points, -normals

            return replace(patch, place=place)

        return [turned(patch) for patch in self.part._patches()]


class _Pair(Geometry):
    """Two shapes combined; where their boundaries coincide, the first delivers the points."""

    def __init__(self, first: Geometry, second: Geometry):
        if first.dim != second.dim:
            raise ValueError(f"A shape in {first.dim}D cannot be combined with one in {second.dim}D.")
        self.first, self.second, self.dim = first, second, first.dim

    def _patches(self):
        tolerance = max(self.first._step(), self.second._step())

        def cut(patch, other):
            def clear(u):
                return np.minimum(patch.clear(u), np.abs(other.sdf(patch.place(u)[0])))

            return replace(patch, clear=clear)

        def once(patch):
            def hidden(u):
                return patch.hidden(u) | (np.abs(self.first.sdf(patch.place(u)[0])) < tolerance)

            return replace(patch, hidden=hidden)

        return [cut(patch, self.second) for patch in self.first._patches()] + [
            once(cut(patch, self.first)) for patch in self.second._patches()
        ]


class _Union(_Pair):
    @property
    def bounds(self) -> np.ndarray:  # type: ignore[override]
        (low, high), (other_low, other_high) = self.first.bounds, self.second.bounds
        return np.array([np.minimum(low, other_low), np.maximum(high, other_high)])

    def sdf(self, points):
        return np.maximum(self.first.sdf(points), self.second.sdf(points))


class _Intersection(_Pair):
    @property
    def bounds(self) -> np.ndarray:  # type: ignore[override]
        (low, high), (other_low, other_high) = self.first.bounds, self.second.bounds
        return np.array([np.maximum(low, other_low), np.minimum(high, other_high)])

    def sdf(self, points):
        return np.minimum(self.first.sdf(points), self.second.sdf(points))


class _Moved(Geometry):
    """A shape turned, scaled and moved: x' = factor * turn @ x + offset."""

    def __init__(self, part: Geometry, turn: np.ndarray, factor: float, offset):
        self.part, self.dim, self.turn, self.factor = part, part.dim, turn, factor
        self.offset = _place(np.broadcast_to(np.asarray(offset, dtype=float), (self.dim,)), self.dim)
        self.measure = None if part.measure is None else part.measure * factor**self.dim

    @property
    def bounds(self) -> np.ndarray:  # type: ignore[override]
        corners = np.stack(np.meshgrid(*self.part.bounds.T, indexing="ij"), -1).reshape(-1, self.dim)
        if not np.all(np.isfinite(corners)):
            return np.array([[-np.inf] * self.dim, [np.inf] * self.dim])
        corners = self.factor * corners @ self.turn.T + self.offset
        return np.array([corners.min(axis=0), corners.max(axis=0)])

    def sdf(self, points):
        return self.factor * self.part.sdf((np.asarray(points) - self.offset) @ self.turn / self.factor)

    def _is_boundary(self, points, normals):
        local = (points - self.offset) @ self.turn / self.factor
        return self.part._is_boundary(local, normals @ self.turn)

    def _patches(self):
        def moved(patch):
            def place(u):
                points, normals = patch.place(u)
                return self.factor * points @ self.turn.T + self.offset, normals @ self.turn.T

            return replace(
                patch,
                measure=patch.measure * self.factor ** (self.dim - 1),
                place=place,
                clear=lambda u: self.factor * patch.clear(u),
            )

        return [moved(patch) for patch in self.part._patches()]


# --- primitives -----------------------------------------------------------------------------------


def _corners(low, high, dim: int) -> np.ndarray:
    corners = np.array([low, high], dtype=float).reshape(2, -1)
    if corners.shape[1] != dim:
        raise ValueError(f"Corners in {dim}D have {dim} coordinates, not {corners.shape[1]}.")
    if not np.all(corners[0] < corners[1]):
        raise ValueError(
            f"The first corner {corners[0]} must lie below the second {corners[1]} in all coordinates."
        )
    return corners


def _place(coordinates, dim: int) -> np.ndarray:
    """A point, shape (dim,)."""
    place = np.asarray(coordinates, dtype=float).reshape(-1)
    if place.shape != (dim,) or not np.all(np.isfinite(place)):
        raise ValueError(f"A place in {dim}D has {dim} finite coordinates, not {coordinates}.")
    return place


class _Block(Geometry):
    """Interval, rectangle and box: all points between two corners."""

    def __init__(self, low, high):
        self.bounds = _corners(low, high, self.dim)
        self.measure = float(np.prod(self.bounds[1] - self.bounds[0]))

    def sdf(self, points):
        centre, half = self.bounds.mean(axis=0), np.ptp(self.bounds, axis=0) / 2
        beyond = np.abs(np.asarray(points) - centre) - half
        return -np.linalg.norm(np.maximum(beyond, 0), axis=1) - np.minimum(beyond.max(axis=1), 0)

    def _patches(self):
        return [self._face(axis, side) for axis in range(self.dim) for side in (0, 1)]

    def _face(self, axis: int, side: int) -> _Patch:
        low, high = self.bounds
        others = [other for other in range(self.dim) if other != axis]
        normal = np.zeros(self.dim)
        normal[axis] = 2 * side - 1

        def place(u):
            points = np.empty((len(u), self.dim))
            points[:, axis] = self.bounds[side, axis]
            points[:, others] = low[others] + (high - low)[others] * u[:, : len(others)]
            return points, np.tile(normal, (len(u), 1))

        return _whole(float(np.prod((high - low)[others])), place)


class Interval(_Block):
    """The points between ``low`` and ``high`` on a line (SimNet: Line1D)."""

    dim = 1


class Rectangle(_Block):
    """A rectangle from its lower left to its upper right corner."""

    dim = 2


class Box(_Block):
    """A box from its lowest to its highest corner."""

    dim = 3


class Channel2D(Rectangle):
    """A strip without ends: only the lower and the upper wall of the rectangle bound it."""

    def sdf(self, points):
        height = np.asarray(points)[:, 1]
        return np.minimum(height - self.bounds[0, 1], self.bounds[1, 1] - height)

    def _patches(self):
        return [self._face(1, side) for side in (0, 1)]


class _Ball(Geometry):
    def __init__(self, center, radius: float):
        if not 0 < radius < np.inf:
            raise ValueError(f"The radius must be positive, not {radius}.")
        self.center, self.radius = _place(center, self.dim), float(radius)
        self.bounds = np.array([self.center - radius, self.center + radius])
        self.measure = np.pi * radius**2 if self.dim == 2 else 4 / 3 * np.pi * radius**3

    def sdf(self, points):
        return self.radius - np.linalg.norm(np.asarray(points) - self.center, axis=1)

    def _patches(self):
        def place(u):
            angle = 2 * np.pi * u[:, 0]
            normals = np.stack([np.cos(angle), np.sin(angle)], axis=1)
            if self.dim == 3:  # Archimedes: equal steps in height cut equal areas
                height = 2 * u[:, 1:2] - 1
                normals = np.hstack([np.sqrt(1 - height**2) * normals, height])
            return self.center + self.radius * normals, normals

        area = 2 * np.pi * self.radius if self.dim == 2 else 4 * np.pi * self.radius**2
        return [_whole(area, place)]


class Circle(_Ball):
    """A disc."""

    dim = 2


class Sphere(_Ball):
    """A ball."""

    dim = 3


class Polygon(Geometry):
    """A polygon without crossing edges.

    Args:
        corners: shape (n, 2), either way round; see `utils.polygons.outline` for rings and repeated corners.

    Raises:
        ValueError: fewer than three corners, no area, or edges that cross or touch.
    """

    dim = 2

    def __init__(self, corners):
        corners = polygons.outline(corners)
        area = polygons.signed_area(corners)
        self.corners = corners if area > 0 else corners[::-1]  # counter-clockwise: normals point out
        self.measure = abs(area)
        self.bounds = np.array([corners.min(axis=0), corners.max(axis=0)])

    def sdf(self, points):
        return -polygons.signed_distance(self.corners, *np.asarray(points, dtype=float).T)

    def _patches(self):
        return [_segment(*ends) for ends in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True)]


class Triangle(Polygon):
    """Three corners, shape (3, 2)."""


class Line(Geometry):
    """A line in the plane without an inside: an inlet, an outlet or a section of a channel.

    Its normal points to the right of the way from ``start`` to ``stop``.
    """

    dim = 2

    def __init__(self, start, stop):
        self.start, self.stop = _place(start, 2), _place(stop, 2)
        self.bounds = np.array([np.minimum(self.start, self.stop), np.maximum(self.start, self.stop)])
        self.measure = 0.0
        if np.array_equal(self.start, self.stop):
            raise ValueError("A line needs two different ends.")

    def sdf(self, points):
        edge, offset = self.stop - self.start, np.asarray(points) - self.start
        along = np.clip(offset @ edge / (edge @ edge), 0, 1)
        return -np.linalg.norm(offset - along[:, None] * edge, axis=1)

    def _is_boundary(self, points, normals):
        return np.ones(len(points), dtype=bool)

    def _patches(self):
        return [_segment(self.start, self.stop)]


def _segment(start: np.ndarray, stop: np.ndarray) -> _Patch:
    edge = stop - start
    length = float(np.linalg.norm(edge))
    normal = np.array([edge[1], -edge[0]]) / length
    return _whole(length, lambda u: (start + u[:, :1] * edge, np.tile(normal, (len(u), 1))))


class Cylinder(Geometry):
    """A cylinder along z: centre, radius and height."""

    dim = 3

    def __init__(self, center, radius: float, height: float):
        if not (0 < radius < np.inf and 0 < height < np.inf):
            raise ValueError(f"Radius and height must be positive, not {radius} and {height}.")
        self.center, self.radius, self.height = _place(center, 3), float(radius), float(height)
        size = np.array([radius, radius, height / 2])
        self.bounds = np.array([self.center - size, self.center + size])
        self.measure = np.pi * self.radius**2 * self.height

    def sdf(self, points):
        offset = np.asarray(points) - self.center
        beyond = np.stack(
            [np.hypot(offset[:, 0], offset[:, 1]) - self.radius, np.abs(offset[:, 2]) - self.height / 2],
            axis=1,
        )
        return -np.linalg.norm(np.maximum(beyond, 0), axis=1) - np.minimum(beyond.max(axis=1), 0)

    def _patches(self):
        def side(u):
            angle = 2 * np.pi * u[:, 0]
            normals = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
            return self.center + self.radius * normals + _upwards(self.height * (u[:, 1] - 0.5)), normals

        def cap(sign):
            def place(u):
                angle, radius = 2 * np.pi * u[:, 0], self.radius * np.sqrt(u[:, 1])
                flat = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], axis=1)
                up = _upwards(np.full(len(u), float(sign)))
                return self.center + flat + self.height / 2 * up, up

            return place

        disc = np.pi * self.radius**2
        return [
            _whole(2 * np.pi * self.radius * self.height, side),
            _whole(disc, cap(-1)),
            _whole(disc, cap(1)),
        ]


def _upwards(height: np.ndarray) -> np.ndarray:
    return np.stack([0 * height, 0 * height, height], axis=1)


# --- surfaces from files --------------------------------------------------------------------------


class Surface(Geometry):
    """A solid bounded by triangles (SimNet: Tessellation). The signed distance is libigl's, exact.

    The triangles may go round either way: each closed body is oriented by itself, and one that lies inside of
    another is a cavity of it, one inside of the cavity a body again, and so on.

    Args:
        vertices: shape (n, 3). Corners nearer to each other than 1e-8 of the size are one.
        faces: three positions in ``vertices`` each, shape (m, 3).

    Raises:
        ValueError: the triangles do not close, or run through each other.
    """

    dim = 3

    def __init__(self, vertices, faces):
        vertices, faces = _joined(np.asarray(vertices, float), np.asarray(faces, np.int64))
        if len(faces) == 0:
            raise ValueError("This surface has no triangles.")
        _check_closed(faces)
        faces = _oriented(vertices, faces)
        self.vertices, self.faces = vertices, faces
        corners = vertices[faces] - vertices[faces[0, 0]]  # from a corner nearby: exact for a part far from 0
        double = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        size = np.linalg.norm(double, axis=1)
        self.bounds = np.array([vertices.min(axis=0), vertices.max(axis=0)])
        self.measure = float(np.sum(corners[:, 0] * double) / 6)
        self._areas, self._normals = size / 2, double / np.where(size > 0, size, 1)[:, None]

    @classmethod
    def from_stl(cls, path: str | Path) -> "Surface":
        """Read an STL file, text or binary, in any unit of length.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is no STL file, is cut off, or its surface is none (see `Surface`).
        """
        import trimesh

        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no file {path}.")
        content = path.read_bytes()
        announced = 84 + 50 * int.from_bytes(content[80:84], "little")
        if (
            134 <= announced < len(content) < announced + 50
        ):  # what some programs write after the last triangle
            content = content[:announced]
        try:
            mesh = trimesh.load_mesh(io.BytesIO(content), file_type="stl", process=False)
        except Exception as error:  # the reader raises a different class for each defect
            raise ValueError(f"{path.name} is no complete STL file ({error}). Export it again.") from error
        if len(mesh.faces) == 0:
            raise ValueError(
                f"{path.name} is no complete STL file (no triangle can be read). Export it again."
            )
        if not np.all(np.isfinite(mesh.vertices)):
            raise ValueError(f"{path.name} holds corners that are not finite numbers. Export it again.")
        return cls(mesh.vertices, mesh.faces)

    def sdf(self, points):
        import igl

        points = np.ascontiguousarray(points, dtype=float)
        kind = igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL
        return -igl.signed_distance(points, self.vertices, self.faces, kind)[0]

    def _patches(self):
        ends = np.cumsum(self._areas)
        starts = ends - self._areas

        def place(u):
            at = u[:, 0] * ends[-1]
            face = np.minimum(np.searchsorted(ends, at, side="right"), len(ends) - 1)
            first = np.clip((at - starts[face]) / self._areas[face], 0, 1)  # anew even within the triangle
            root = np.sqrt(first)[:, None]
            a, b, c = (self.vertices[self.faces[face, corner]] for corner in range(3))
            points = (1 - root) * a + root * (1 - u[:, 1:2]) * b + root * u[:, 1:2] * c
            return points, self._normals[face]

        return [_whole(float(ends[-1]), place)]


def _joined(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One vertex for each place, and no triangle that has shrunk to a line or a point."""
    if len(faces) == 0:
        return vertices, faces
    used = vertices[faces].reshape(-1, 3)
    low, size = used.min(axis=0), np.ptp(used, axis=0).max()
    places = np.round((used - low) / (1e-8 * size if size > 0 else 1)).astype(np.int64)
    _, first, number = np.unique(places, axis=0, return_index=True, return_inverse=True)
    faces = number.reshape(-1, 3)
    distinct = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return np.ascontiguousarray(used[first]), np.ascontiguousarray(faces[distinct])


def _check_closed(faces: np.ndarray) -> None:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    counts = np.unique(edges, axis=0, return_counts=True)[1]
    if np.any(counts == 1):
        raise ValueError(
            f"This surface is not watertight: {np.sum(counts == 1)} of {len(counts)} edges belong to one triangle "
            "only, so that there is no inside. Close the holes, e.g. with trimesh.repair.fill_holes."
        )
    if np.any(counts > 2):
        raise ValueError(
            f"{np.sum(counts > 2)} of {len(counts)} edges of this surface join more than two triangles: bodies touch "
            "along an edge or a face. Move them apart, or unite them before you export them."
        )


def _oriented(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The triangles, counter-clockwise seen from outside of the solid."""
    import igl
    from igl import predicates

    crossing = predicates.find_self_intersections(vertices, faces, first_only=True)
    if crossing[0]:
        one, other = crossing[1][0]
        place = ", ".join(f"{value:.6g}" for value in vertices[faces[one]].mean(axis=0))
        raise ValueError(
            f"This surface runs through itself: triangles {one} and {other}, near ({place}), touch or cross, so that "
            "inside and outside are not told apart. Unite the bodies before you export them."
        )
    faces, body = igl.bfs_orient(faces)  # closed and free of crossings, it has two sides
    bodies = [np.ascontiguousarray(faces[body == number]) for number in range(body.max() + 1)]
    for number, triangles in enumerate(bodies):
        corners = vertices[triangles] - vertices[triangles[0, 0]]
        volume = np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
        point = vertices[triangles[:1]].mean(axis=1)  # a corner may be shared
        around = sum(
            abs(igl.winding_number(vertices, other, point)[0]) > 0.5
            for k, other in enumerate(bodies)
            if k != number
        )
        if (volume < 0) != (around % 2 == 1):  # an odd number of bodies around it: a cavity
            faces[body == number] = triangles[:, ::-1]
    return np.ascontiguousarray(faces)


# --- parameterized shapes -------------------------------------------------------------------------


def sample_shapes(
    make: Callable[..., Geometry],
    ranges: Mapping[str, Sequence[float]],
    num_shapes: int,
    points_per_shape: int,
    kind: str = "interior",
    method: str = "halton",
    rng: Seed = 0,
    **options,
) -> Cloud:
    """Points of many shapes of a family, with the parameters of each: a network trained on them knows them all.

    Args:
        make: builds a shape from named parameters, e.g. ``lambda height, width: channel - chip``.
        ranges: lowest and highest value of each parameter, e.g. ``{"height": (0.4, 0.8), "width": (0.6, 1.4)}``.
        num_shapes: number of parameter sets, spread by ``method``.
        points_per_shape: points taken of each.
        kind: ``"interior"`` or ``"boundary"``.
        method, rng, options: as `Geometry.sample_interior` or `Geometry.sample_boundary`.

    Returns:
        A cloud with ``parameters`` in the order of ``ranges``. ``integrate`` gives the mean over the shapes.
    """
    rng = np.random.default_rng(rng)
    low, high = np.array([list(ends) for ends in ranges.values()], dtype=float).T
    sets = low + (high - low) * unit_points(num_shapes, len(ranges), method, rng)
    clouds = []
    for values in sets:
        shape = make(**dict(zip(ranges, map(float, values), strict=True)))
        sample = shape.sample_boundary if kind == "boundary" else shape.sample_interior
        clouds.append(sample(points_per_shape, method, rng, **options))
    return Cloud(
        np.concatenate([cloud.points for cloud in clouds]),
        np.concatenate([cloud.weights for cloud in clouds]) / num_shapes,
        np.concatenate([cloud.sdf for cloud in clouds]),
        np.concatenate([cloud.normals for cloud in clouds]) if kind == "boundary" else None,
        np.repeat(sets, points_per_shape, axis=0),
    )
