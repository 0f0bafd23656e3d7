"""What every shape can do: combine with others, move, turn, scale, and deliver points of its inside and its boundary."""

from dataclasses import replace

import numpy as np

from pinn.geometry.boundary import (
    PROBES,
    Patch,
    Where,
    apportion,
    first_kept,
    intervals,
    is_sliver,
    part_of,
)
from pinn.geometry.clouds import Cloud
from pinn.points import Seed, importance, unit_points, unit_stream
from utils.engine.fixed import Fixed


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

    def _patches(self) -> list[Patch]:
        raise NotImplementedError

    # --- solid geometry ---------------------------------------------------------------------------

    def __add__(self, other: "Geometry") -> "Geometry":
        """Union: what lies in one of the two."""
        return Union(self, other)

    def __and__(self, other: "Geometry") -> "Geometry":
        """Intersection: what lies in both."""
        return Intersection(self, other)

    def __sub__(self, other: "Geometry") -> "Geometry":
        """Difference: what lies in the first and not in the second."""
        return Intersection(self, Complement(other))

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

        The measure is exact for whole primitives, else counted (relative error about 1e-3). Where the shape fills
        less than a thirtieth of its box, it follows from the boundary (in the plane) or is counted at more points.

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
            pool = self.sample_interior(20 * n, method, rng, where)  # enough to choose from by density
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
            box = float(np.prod(high - low))
            measure = box * inside(unit_points(2 * PROBES, self.dim, "halton", 1)).mean()
            if measure < box / 30:
                if self.dim == 2 and where is None:
                    measure = self._enclosed(measure)
                else:
                    measure = box * inside(unit_points(32 * PROBES, self.dim, "halton", 1)).mean()
        u = first_kept(inside, n, unit_stream(self.dim, method, rng))
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
        numbers = apportion(n, np.array([measure for measure, _, _ in pieces]))
        points: list[np.ndarray] = []
        normals: list[np.ndarray] = []
        weights: list[np.ndarray] = []
        for (measure, patch, kept), number in zip(pieces, numbers, strict=True):
            if kept is None:
                u = unit_points(number, max(1, self.dim - 1), method, rng)
            else:
                u = first_kept(kept, number, unit_stream(max(1, self.dim - 1), method, rng))
            for column, values in zip((points, normals), patch.place(u), strict=True):
                column.append(values)
            weights.append(np.full(number, measure / number))
        located = np.concatenate(points)
        return Cloud(located, np.concatenate(weights), self.sdf(located), np.concatenate(normals))

    def raster(
        self, num: int = 220, margin: float = 0.15, bounds: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X, Y, and the signed distance on a grid around a plane shape, each (num, num).

        Args:
            num: grid points along each side.
            margin: around the bounds, in units of length.
            bounds: other ones than the shape's own, shape (2, 2).
        """
        (left, low), (right, high) = self.bounds if bounds is None else bounds
        x, y = np.meshgrid(
            np.linspace(left - margin, right + margin, num), np.linspace(low - margin, high + margin, num)
        )
        return x, y, self.sdf(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(x.shape)

    def boundary_measure(self, where: Where | None = None) -> float:
        """Length (2D), area (3D) or number of ends (1D) of the boundary, accurate as in `sample_boundary`."""
        return float(sum(measure for measure, _, _ in self._pieces(where)))

    def _enclosed(self, counted: float) -> float:
        """Area within the boundary, by Gauss' theorem; the counted one where the boundary is not closed."""
        node, weight = np.polynomial.legendre.leggauss(32)
        area, middle = 0.0, self.bounds.mean(axis=0)
        for length, patch, _ in self._pieces(None):
            points, normals = patch.place((node[:, None] + 1) / 2)
            area += length * float(weight @ ((points - middle) * normals).sum(axis=1)) / 4
        box = float(np.prod(np.ptp(self.bounds, axis=0)))
        return area if area > 0 and abs(area - counted) < 0.01 * box else counted

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

    def _pieces(self, where: Where | None) -> list[tuple[float, Patch, Where | None]]:
        """(measure, patch, None or which u of the patch are kept) of all that is left of the patches."""
        pieces: list[tuple[float, Patch, Where | None]] = []
        for patch in self._patches():

            def seen(u, patch=patch):
                return self._is_boundary(*patch.place(u)) & ~patch.hidden(u)

            def kept(u, patch=patch, seen=seen):
                return seen(u) if where is None else seen(u) & where(patch.place(u)[0])

            if self.dim == 2:
                # A learner's `where` may cut a curve anywhere, and more finely than shapes do.
                for start, stop in intervals(kept, patch, 1024 if where is None else PROBES):
                    if where is not None and is_sliver(seen, start, stop):
                        continue
                    length = patch.measure * (stop - start)
                    pieces.append((length, part_of(patch, start, stop), None))
                continue
            probes = unit_points(PROBES, max(1, self.dim - 1), "halton", 1)
            share = kept(probes).mean()
            whole = where is None and np.all(np.isinf(patch.clear(probes)))
            if share > 0:
                pieces.append((patch.measure * share, patch, None if whole else kept))
        return pieces


def place_in(coordinates, dim: int) -> np.ndarray:
    """A point, shape (dim,)."""
    place = np.asarray(coordinates, dtype=float).reshape(-1)
    if place.shape != (dim,) or not np.all(np.isfinite(place)):
        raise ValueError(f"A place in {dim}D has {dim} finite coordinates, not {coordinates}.")
    return place


def located(points: np.ndarray, dim: int) -> np.ndarray:
    """Points as float64 (n, dim); other shapes would be spread over all coordinates, and answered."""
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != dim:
        raise ValueError(f"Points in {dim}D have the shape (n, {dim}), not {points.shape}.")
    return points


class Complement(Geometry):
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


class Union(_Pair):
    @property
    def bounds(self) -> np.ndarray:  # type: ignore[override]
        (low, high), (other_low, other_high) = self.first.bounds, self.second.bounds
        return np.array([np.minimum(low, other_low), np.maximum(high, other_high)])

    def sdf(self, points):
        return np.maximum(self.first.sdf(points), self.second.sdf(points))


class Intersection(_Pair):
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
        self.offset = place_in(np.broadcast_to(np.asarray(offset, dtype=float), (self.dim,)), self.dim)
        self.measure = None if part.measure is None else part.measure * factor**self.dim

    @property
    def bounds(self) -> np.ndarray:  # type: ignore[override]
        corners = np.stack(np.meshgrid(*self.part.bounds.T, indexing="ij"), -1).reshape(-1, self.dim)
        if not np.all(np.isfinite(corners)):
            return np.array([[-np.inf] * self.dim, [np.inf] * self.dim])
        corners = self.factor * corners @ self.turn.T + self.offset
        return np.array([corners.min(axis=0), corners.max(axis=0)])

    def sdf(self, points):
        return self.factor * self.part.sdf(
            (located(points, self.dim) - self.offset) @ self.turn / self.factor
        )

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
