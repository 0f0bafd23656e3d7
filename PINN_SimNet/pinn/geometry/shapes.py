"""Primitives: intervals (1D); rectangles, circles, polygons, lines (2D); boxes, spheres, cylinders (3D)."""

import numpy as np

from pinn.geometry.boundary import Patch, whole_patch
from pinn.geometry.solids import Geometry, located, place_in
from utils import polygons


def _corners(low, high, dim: int) -> np.ndarray:
    corners = np.array([low, high], dtype=float).reshape(2, -1)
    if corners.shape[1] != dim:
        raise ValueError(f"Corners in {dim}D have {dim} coordinates, not {corners.shape[1]}.")
    if not np.all(corners[0] < corners[1]) or not np.all(np.isfinite(corners)):
        raise ValueError(
            f"The first corner {corners[0]} must lie below the second {corners[1]} in all coordinates, both finite."
        )
    return corners


class _Block(Geometry):
    """Interval, rectangle and box: all points between two corners."""

    def __init__(self, low, high):
        self.bounds = _corners(low, high, self.dim)
        self.measure = float(np.prod(self.bounds[1] - self.bounds[0]))

    def sdf(self, points):
        centre, half = self.bounds.mean(axis=0), np.ptp(self.bounds, axis=0) / 2
        beyond = np.abs(located(points, self.dim) - centre) - half
        return -np.linalg.norm(np.maximum(beyond, 0), axis=1) - np.minimum(beyond.max(axis=1), 0)

    def _patches(self):
        return [self._face(axis, side) for axis in range(self.dim) for side in (0, 1)]

    def _face(self, axis: int, side: int) -> Patch:
        low, high = self.bounds
        others = [other for other in range(self.dim) if other != axis]
        normal = np.zeros(self.dim)
        normal[axis] = 2 * side - 1

        def place(u):
            points = np.empty((len(u), self.dim))
            points[:, axis] = self.bounds[side, axis]
            points[:, others] = low[others] + (high - low)[others] * u[:, : len(others)]
            return points, np.tile(normal, (len(u), 1))

        return whole_patch(float(np.prod((high - low)[others])), place)


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
        height = located(points, 2)[:, 1]
        return np.minimum(height - self.bounds[0, 1], self.bounds[1, 1] - height)

    def _patches(self):
        return [self._face(1, side) for side in (0, 1)]


class _Ball(Geometry):
    def __init__(self, center, radius: float):
        if not 0 < radius < np.inf:
            raise ValueError(f"The radius must be positive, not {radius}.")
        self.center, self.radius = place_in(center, self.dim), float(radius)
        self.bounds = np.array([self.center - radius, self.center + radius])
        self.measure = np.pi * radius**2 if self.dim == 2 else 4 / 3 * np.pi * radius**3

    def sdf(self, points):
        return self.radius - np.linalg.norm(located(points, self.dim) - self.center, axis=1)

    def _patches(self):
        def place(u):
            angle = 2 * np.pi * u[:, 0]
            normals = np.stack([np.cos(angle), np.sin(angle)], axis=1)
            if self.dim == 3:  # Archimedes: equal steps in height cut equal areas
                height = 2 * u[:, 1:2] - 1
                normals = np.hstack([np.sqrt(1 - height**2) * normals, height])
            return self.center + self.radius * normals, normals

        area = 2 * np.pi * self.radius if self.dim == 2 else 4 * np.pi * self.radius**2
        return [whole_patch(area, place)]


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
        return -polygons.signed_distance(self.corners, *located(points, 2).T)

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
        self.start, self.stop = place_in(start, 2), place_in(stop, 2)
        self.bounds = np.array([np.minimum(self.start, self.stop), np.maximum(self.start, self.stop)])
        self.measure = 0.0
        if np.array_equal(self.start, self.stop):
            raise ValueError("A line needs two different ends.")

    def sdf(self, points):
        edge, offset = self.stop - self.start, located(points, 2) - self.start
        along = np.clip(offset @ edge / (edge @ edge), 0, 1)
        return -np.linalg.norm(offset - along[:, None] * edge, axis=1)

    def _is_boundary(self, points, normals):
        return np.ones(len(points), dtype=bool)

    def _patches(self):
        return [_segment(self.start, self.stop)]


def _segment(start: np.ndarray, stop: np.ndarray) -> Patch:
    edge = stop - start
    length = float(np.linalg.norm(edge))
    normal = np.array([edge[1], -edge[0]]) / length
    return whole_patch(length, lambda u: (start + u[:, :1] * edge, np.tile(normal, (len(u), 1))))


class Cylinder(Geometry):
    """A cylinder along z: centre, radius and height."""

    dim = 3

    def __init__(self, center, radius: float, height: float):
        if not (0 < radius < np.inf and 0 < height < np.inf):
            raise ValueError(f"Radius and height must be positive, not {radius} and {height}.")
        self.center, self.radius, self.height = place_in(center, 3), float(radius), float(height)
        size = np.array([radius, radius, height / 2])
        self.bounds = np.array([self.center - size, self.center + size])
        self.measure = np.pi * self.radius**2 * self.height

    def sdf(self, points):
        offset = located(points, 3) - self.center
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
            whole_patch(2 * np.pi * self.radius * self.height, side),
            whole_patch(disc, cap(-1)),
            whole_patch(disc, cap(1)),
        ]


def _upwards(height: np.ndarray) -> np.ndarray:
    return np.stack([0 * height, 0 * height, height], axis=1)
