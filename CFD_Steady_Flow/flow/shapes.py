"""Bodies in the channel, their exact signed distance, and the families that the data set draws from.

Lengths are in channel heights. The origin is the lower left corner of the channel, x points downstream
(0 to 2) and y upward (0 to 1). Row 0 of every array is the bottom; the centre of cell (i, j) of a grid
with ny rows is x = (j + 0.5) / ny, y = (i + 0.5) / ny. The solver and the networks read the same grid.
"""

from copy import copy
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import ndimage

from flow.cars import OUTLINES
from utils import polygons

LENGTH = 2.0  # of the channel, in channel heights

# Where the data set puts bodies, in channel heights.
LEFT, RIGHT = 0.30, 1.30  # all bodies lie between these
TO_WALL = 0.15  # at least, from a body to the wall below and above
LONGEST = 0.85  # of one body along the channel
HEIGHT_ALONE, HEIGHT_IN_PAIR = (0.14, 0.42), (0.12, 0.28)  # frontal height, smallest and largest
ALIGNED_SHARE, ALIGNED_DEG = 0.5, 15.0  # of the bodies that lie along the flow, and how closely
PAIR_SHARE = 0.4  # of the scenes of primitives
GAP, OVERLAP, BLOCKED = 0.08, 0.02, 0.45  # of a pair: free gap or depth of overlap, share of the height

# They reach rounding for axes of every ratio from 1 to 30; with 12 of them the error is 5e-6 at a ratio of 2.
NEWTON_STEPS = 16


@dataclass(frozen=True)
class Ellipse:
    """An ellipse.

    Attributes:
        center: (x, y).
        semi_axes: (a, b).
        angle: of axis a against x, in radians, counter-clockwise.

    Raises:
        ValueError: a semi-axis is not positive, or a number is not finite.
    """

    center: tuple[float, float]
    semi_axes: tuple[float, float]
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not (min(self.semi_axes) > 0 and np.all(np.isfinite([*self.center, *self.semi_axes, self.angle]))):
            raise ValueError(
                f"An ellipse at {self.center} with semi-axes {self.semi_axes} at {self.angle} rad is none: both axes are "
                "positive, and all numbers finite."
            )

    def distance(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Exact signed distance of points, negative inside.

        The closest point of the ellipse solves one equation, whose root Newton's method reaches from the
        left without overshoot (D. Eberly, "Distance from a Point to an Ellipse", Geometric Tools, 2013).
        """
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        dx, dy = x - self.center[0], y - self.center[1]
        p, q = np.abs(cos * dx + sin * dy), np.abs(cos * dy - sin * dx)
        (a, b) = self.semi_axes
        if a < b:
            a, b, p, q = b, a, q, p
        p, q = np.maximum(p, 1e-6 * b), np.maximum(q, 1e-6 * b)  # a millionth of b off the axes
        focus = a * a - b * b
        s = np.maximum(a * p - focus, b * q)
        for _ in range(NEWTON_STEPS):
            u, v = a * p / (s + focus), b * q / s
            s = s + (u * u + v * v - 1) / (2 * (u * u / (s + focus) + v * v / s))
        gap = np.hypot(p - a * a * p / (s + focus), q - b * b * q / s)
        return np.where((p / a) ** 2 + (q / b) ** 2 > 1, gap, -gap)

    def outline(self, num_points: int = 200) -> np.ndarray:
        """Points on the boundary, counter-clockwise, shape (num_points, 2)."""
        t = np.linspace(0, 2 * np.pi, num_points, endpoint=False)
        points = np.stack([self.semi_axes[0] * np.cos(t), self.semi_axes[1] * np.sin(t)], axis=1)
        return points @ _turn(self.angle).T + self.center

    def moved(self, shift: tuple[float, float] = (0, 0), scale: float = 1.0, angle: float = 0.0) -> "Ellipse":
        """A copy: turned by ``angle`` about the origin, then scaled, then shifted."""
        x, y = scale * (_turn(angle) @ self.center) + shift
        a, b = abs(scale) * np.array(self.semi_axes)
        return Ellipse((float(x), float(y)), (float(a), float(b)), self.angle + angle)

    @property
    def area(self) -> float:
        """In squared channel heights."""
        return float(np.pi * self.semi_axes[0] * self.semi_axes[1])


@dataclass(frozen=True, eq=False)
class Polygon:
    """A polygon whose edges do not cross; a curve is a polygon with many corners.

    Attributes:
        vertices: corners in order, either way round, shape (n, 2); the last is joined to the first. See
            `utils.polygons.outline` for closed rings and repeated corners.

    Raises:
        ValueError: fewer than three corners, no area, or edges that cross or touch.
    """

    vertices: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", polygons.outline(self.vertices))

    def distance(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Exact signed distance of points, negative inside."""
        return polygons.signed_distance(self.vertices, x, y)

    def outline(self) -> np.ndarray:
        """The corners, shape (n, 2)."""
        return self.vertices

    def moved(self, shift: tuple[float, float] = (0, 0), scale: float = 1.0, angle: float = 0.0) -> "Polygon":
        """A copy: turned by ``angle`` about the origin, then scaled, then shifted."""
        if scale == 0 or not np.all(np.isfinite([*shift, scale, angle])):
            raise ValueError(
                f"A body cannot be shifted by {shift}, scaled by {scale} and turned by {angle} rad."
            )
        body = copy(self)  # its edges do not cross, wherever it goes: no need to look again
        object.__setattr__(body, "vertices", scale * (self.vertices @ _turn(angle).T) + shift)
        return body

    @property
    def area(self) -> float:
        """In squared channel heights."""
        return abs(polygons.signed_area(self.vertices))


Body = Ellipse | Polygon
Scene = tuple[Body, ...]


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


# --- from shapes to grids ----------------------------------------------------------------------


def signed_distance(scene: Scene, ny: int, nx: int) -> np.ndarray:
    """Distance of every cell centre to the nearest body.

    The union of bodies is the minimum of their distances. That is exact in the fluid; inside of
    overlapping bodies the depth is a lower bound.

    Args:
        scene: one body or more.
        ny, nx: cells across and along the channel.

    Returns:
        float32 (ny, nx) in cells, positive in the fluid and negative in a body.

    Raises:
        ValueError: no body, no cells, a body that lies wholly outside of the channel, or bodies so thin that no cell
            centre lies in them. What reaches over an end or a wall of the channel is cut off there.
    """
    if not scene:
        raise ValueError("The scene is empty: give at least one body.")
    if min(ny, nx) < 1:
        raise ValueError(f"A grid of {ny} by {nx} has no cells.")
    for number, body in enumerate(scene, start=1):
        left, right, bottom, top = bounds((body,))
        if right <= 0 or left >= nx / ny or top <= 0 or bottom >= 1:
            raise ValueError(
                f"Body {number} of {len(scene)} lies outside of the channel, from ({left:.3g}, {bottom:.3g}) to "
                f"({right:.3g}, {top:.3g}) in channel heights: no cell would see it."
            )
    x, y = cell_centers(ny, nx)
    distance = (ny * reduce(np.minimum, (body.distance(x, y) for body in scene))).astype(np.float32)
    if not np.any(distance < 0):
        raise ValueError(
            f"No cell centre of a grid of {ny} by {nx} lies in a body: the channel would be empty. Take a thicker body, a "
            "finer grid, or a place in the channel."
        )
    return distance


def cell_centers(ny: int, nx: int) -> tuple[np.ndarray, np.ndarray]:
    """x of shape (1, nx) and y of shape (ny, 1), in channel heights."""
    return (np.arange(nx)[np.newaxis] + 0.5) / ny, (np.arange(ny)[:, np.newaxis] + 0.5) / ny


def distance_of_mask(solid: np.ndarray) -> np.ndarray:
    """Signed distance of a picture, where no formula exists: the exact distance between cell centres (scipy).

    Args:
        solid: bool (ny, nx), True in the body. Its edge is known to half a cell, and so is the distance.

    Returns:
        float32 (ny, nx) in cells, positive in the fluid.

    Raises:
        ValueError: all cells are fluid, or all are solid.
    """
    if np.all(solid) or not np.any(solid):
        raise ValueError("The picture has no edge: it needs fluid cells and solid cells.")
    outside, inside = (ndimage.distance_transform_edt(cells) for cells in (np.logical_not(solid), solid))
    return np.where(solid, 0.5 - inside, outside - 0.5).astype(np.float32)  # the edge is half a cell away


def bounds(scene: Scene) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of all bodies."""
    points = np.concatenate([body.outline() for body in scene])
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    return float(left), float(right), float(bottom), float(top)


def moved(scene: Scene, shift: tuple[float, float] = (0, 0), scale: float = 1.0, angle: float = 0.0) -> Scene:
    """All bodies turned by ``angle`` (radians) about the origin, then scaled, then shifted."""
    return tuple(body.moved(shift, scale, angle) for body in scene)


# --- outlines ----------------------------------------------------------------------------------


def box(length: float, height: float, lean: float = 0.0) -> Polygon:
    """A rectangle about the origin; with ``lean`` its top is shifted by lean * height (parallelogram)."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (length / 2, height / 2)
    corners[:, 0] += lean * corners[:, 1]
    return Polygon(corners)


def rounded(vertices: np.ndarray, radius: float = np.inf, points_per_corner: int = 8) -> Polygon:
    """A polygon with each corner replaced by a quadratic Bezier curve.

    Args:
        vertices: corners, shape (n, 2), as in `Polygon`.
        radius: how far from a corner the curve begins, at most half an edge; with ``inf`` nothing
            stays straight (a closed quadratic B-spline).
        points_per_corner: on each curve.
    """
    vertices = polygons.outline(vertices)
    before, after = np.roll(vertices, 1, axis=0) - vertices, np.roll(vertices, -1, axis=0) - vertices
    start, end = (
        vertices + edge * np.minimum(0.5, radius / np.linalg.norm(edge, axis=1, keepdims=True))
        for edge in (before, after)
    )
    t = np.linspace(0, 1, points_per_corner)[:, np.newaxis, np.newaxis]
    curves = (1 - t) ** 2 * start + 2 * t * (1 - t) * vertices + t**2 * end
    return Polygon(curves.swapaxes(0, 1).reshape(-1, 2))


def naca(code: str, angle_deg: float = 0.0, num_points: int = 60) -> Polygon:
    """A NACA 4-digit airfoil of chord 1 with its nose at the origin (NACA Report 460, 1933; closed tail).

    Args:
        code: four digits: camber (%), its place (tenths of the chord), thickness (%), e.g. ``"2412"``.
        angle_deg: angle of attack; positive lifts the nose against a flow from the left.
        num_points: on the upper and on the lower side.

    Raises:
        ValueError: not four digits, no thickness, or camber without a place.
    """
    if len(code) != 4 or not code.isdigit() or code[2:] == "00" or (code[0] == "0") != (code[1] == "0"):
        raise ValueError(f"'{code}' is no NACA 4-digit code; examples: 0012, 2412, 4418.")
    camber, place, thickness = int(code[0]) / 100, int(code[1]) / 10, int(code[2:]) / 100
    x = (1 - np.cos(np.linspace(0, np.pi, num_points))) / 2  # dense at nose and tail
    half = 5 * thickness * (
        0.2969 * np.sqrt(x) - 0.1260 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1036 * x**4
    )  # fmt: skip
    if camber:
        fore = x < place
        scale = camber / np.where(fore, place, 1 - place) ** 2
        line = scale * np.where(fore, 2 * place * x - x**2, 1 - 2 * place + 2 * place * x - x**2)
        slope = np.arctan(2 * scale * (place - x))
    else:
        line = slope = np.zeros_like(x)
    upper = np.stack([x - half * np.sin(slope), line + half * np.cos(slope)], axis=1)
    lower = np.stack([x + half * np.sin(slope), line - half * np.cos(slope)], axis=1)
    return Polygon(np.concatenate([upper[::-1], lower[1:-1]])).moved(angle=-np.deg2rad(angle_deg))


# --- families ----------------------------------------------------------------------------------


def _ellipse(rng: np.random.Generator) -> Body:
    return Ellipse((0, 0), (1, rng.uniform(0.3, 1)))


def _box(rng: np.random.Generator) -> Body:
    return box(2, 2 * rng.uniform(0.3, 1), rng.uniform(-0.7, 0.7) if rng.random() < 0.5 else 0.0)


def _polygon(rng: np.random.Generator) -> Body:
    return Polygon(_corners(rng, int(rng.integers(4, 9)), 0.65))


def _triangle(rng: np.random.Generator) -> Body:
    return Polygon(_corners(rng, 3, 0.7))


def _bezier(rng: np.random.Generator) -> Body:
    return rounded(_corners(rng, int(rng.integers(4, 8)), 0.4))


def _halfdisk(rng: np.random.Generator) -> Body:
    t = np.linspace(0, np.pi, 49)
    return Polygon(np.stack([np.cos(t), rng.uniform(0.5, 1.2) * np.sin(t)], axis=1))


def _corners(rng: np.random.Generator, number: int, nearest: float) -> np.ndarray:
    """Corners around the origin, roughly evenly spread; squeezed by a factor of 0.4 to 1 across."""
    angle = 2 * np.pi * (np.arange(number) + rng.uniform(-0.3, 0.3, number)) / number
    corners = rng.uniform(nearest, 1, number)[:, np.newaxis] * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )
    return corners * (1, rng.uniform(0.4, 1))


PRIMITIVES = {
    "ellipse": _ellipse, "box": _box, "polygon": _polygon,
    "triangle": _triangle, "bezier": _bezier, "halfdisk": _halfdisk,
}  # fmt: skip


def sample_scene(families: str | tuple[str, ...], rng: np.random.Generator) -> Scene:
    """One primitive (6 of 10 scenes) or two, of random families, sizes, angles and places.

    Args:
        families: of `PRIMITIVES`; each body is of one of them, by chance.
        rng: the only source of chance.

    Raises:
        ValueError: an unknown family.
    """
    return compose(choose(families, rng), rng)


def choose(families: str | tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """The family of each body of a random scene: one name, or two."""
    families = (families,) if isinstance(families, str) else tuple(families)
    number = 2 if rng.random() < PAIR_SHARE else 1
    return tuple(families[rng.integers(len(families))] for _ in range(number))


def compose(names: tuple[str, ...], rng: np.random.Generator) -> Scene:
    """A scene with one body of each family named, at random sizes, angles and places.

    Args:
        names: one or two, of `PRIMITIVES`.
        rng: the only source of chance.

    Raises:
        ValueError: an unknown family, or a number of bodies other than one or two.
    """
    unknown = [name for name in names if name not in PRIMITIVES]
    if unknown:
        raise ValueError(f"There is no family {', '.join(unknown)}; choose of {', '.join(PRIMITIVES)}.")
    if len(names) not in (1, 2):
        raise ValueError(f"A scene has one body or two, not {len(names)}.")
    heights = HEIGHT_IN_PAIR if len(names) == 2 else HEIGHT_ALONE
    while True:
        scene = tuple(_placed(PRIMITIVES[name](rng), heights, rng) for name in names)
        if len(scene) == 1 or _fit_together(*scene):
            return scene


def _placed(body: Body, heights: tuple[float, float], rng: np.random.Generator) -> Body:
    """Turn, scale and shift a body to a random place within the limits of this module."""
    aligned = rng.random() < ALIGNED_SHARE
    angle = rng.normal(0, np.deg2rad(ALIGNED_DEG)) if aligned else rng.uniform(0, 2 * np.pi)
    body = body.moved(angle=angle + np.pi * rng.integers(2))
    left, right, bottom, top = bounds((body,))
    scale = min(rng.uniform(*heights) / (top - bottom), LONGEST / (right - left))
    x = rng.uniform(LEFT - scale * left, RIGHT - scale * right)
    y = rng.uniform(TO_WALL - scale * bottom, 1 - TO_WALL - scale * top)
    return body.moved((x, y), scale)


def _fit_together(one: Body, other: Body) -> bool:
    """Two bodies overlap well or leave a gap that the grid resolves, and leave room for the flow."""
    x, y = cell_centers(50, 100)
    first, second = one.distance(x, y), other.distance(x, y)
    overlap = np.maximum(first, second).min() < -OVERLAP
    blocked = (np.minimum(first, second) < 0).any(axis=1).mean()
    return bool((overlap or (first + second).min() > GAP) and blocked <= BLOCKED)


def car(number: int) -> Scene:
    """A car with its wheels, nose to the flow, in the middle of the channel.

    Args:
        number: 0, 1, 2, ...: the types of `cars.OUTLINES` in turn; each round has other sizes.

    Raises:
        ValueError: a negative number.
    """
    if number < 0:
        raise ValueError(f"There is no car {number}; the first is car 0.")
    outline = list(OUTLINES.values())[number % len(OUTLINES)]
    rng = np.random.default_rng(number)
    height, radius, length = rng.uniform(0.93, 1.07), rng.uniform(0.015, 0.05), rng.uniform(0.70, 0.85)
    body = rounded(np.array(outline.profile) * (1, height), radius)
    wheels = [Ellipse((x, outline.wheel_radius), (outline.wheel_radius,) * 2) for x in outline.axles]
    scene: Scene = (body, *wheels)
    _, _, bottom, top = bounds(scene)
    scale = min(length, 0.32 / (top - bottom))
    return moved(scene, (0.35, rng.uniform(0.46, 0.52) - scale * (bottom + top) / 2), scale)


def random_car(rng: np.random.Generator) -> Scene:
    """One of the course's cars with other corners, size and place."""
    outline = list(OUTLINES.values())[rng.integers(len(OUTLINES))]
    profile = np.array(outline.profile) * (1, rng.uniform(0.9, 1.1))
    profile += rng.normal(0, 0.006, profile.shape)
    body = rounded(profile, rng.uniform(0.015, 0.05))
    radius = outline.wheel_radius * rng.uniform(0.85, 1.15)
    scene: Scene = (body, *(Ellipse((x, radius), (radius, radius)) for x in outline.axles))
    left, _, bottom, top = bounds(scene)
    scale = min(rng.uniform(0.65, 0.85), 0.34 / (top - bottom))
    x, y = rng.uniform(0.32, 0.45), rng.uniform(0.44, 0.56)
    return moved(scene, (x - scale * left, y - scale * (bottom + top) / 2), scale)


def airfoil(rng: np.random.Generator) -> tuple[Scene, str]:
    """A NACA airfoil of random camber, thickness, chord, angle and place, and its name."""
    camber = int(rng.integers(0, 7))
    code = f"{camber}{int(rng.integers(3, 6)) if camber else 0}{int(rng.integers(12, 25)):02d}"
    angle_deg, chord = rng.uniform(-15, 15), rng.uniform(0.5, 0.8)
    body = naca(code, angle_deg)
    left, _, bottom, top = bounds((body,))
    x = rng.uniform(LEFT, 0.5) - chord * left
    y = rng.uniform(0.4, 0.6) - chord * (bottom + top) / 2
    return (body.moved((x, y), chord),), f"NACA {code} at {angle_deg:.0f} degrees"
