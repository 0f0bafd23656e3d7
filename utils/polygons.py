"""Polygons in the plane, for the bodies of Lab 3 and the shapes of Lab 4.

A polygon is its corners in order, shape (n, 2); the last is joined to the first.
"""

import numpy as np

SAME = 1e-7  # of the size: corners nearer to each other are one, so that a ring in single precision closes
FLAT = 1e-12  # of the squared size: rounding error of an area that is none


def outline(corners: np.ndarray) -> np.ndarray:
    """The corners of a polygon without crossing edges, each once, shape (n, 2), n >= 3.

    Args:
        corners: shape (m, 2), either way round. A ring that names its first corner again at the end, as files do,
            and corners named twice in a row count once. Corners on a straight edge stay.

    Raises:
        ValueError: not of this shape, not finite, fewer than three different corners, no area, or edges that cross,
            touch or turn back.
    """
    corners = np.array(corners, dtype=float)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise ValueError(
            f"A polygon needs three corners or more, of two coordinates each; these have shape {corners.shape}."
        )
    if not np.all(np.isfinite(corners)):
        raise ValueError("A corner of this polygon is not finite (nan or inf). Look for a gap in its source.")
    size = np.ptp(corners, axis=0).max()
    corners = corners[np.abs(corners - np.roll(corners, -1, axis=0)).max(axis=1) > SAME * size]
    if len(corners) < 3:
        raise ValueError("A polygon needs three corners or more, and fewer than three of these differ.")
    if abs(signed_area(corners)) <= FLAT * size**2:
        raise ValueError(
            "These corners enclose no area: they lie on a line, or the outline runs back on itself."
        )
    _check_simple(corners)
    return corners


def signed_area(corners: np.ndarray) -> float:
    """Area by the shoelace formula, positive where the corners (n, 2) go round counter-clockwise."""
    corners = np.asarray(corners, dtype=float)  # bytes have no negative differences
    x, y = (corners - corners[0]).T  # from a corner: exact for a polygon far from the origin
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def signed_distance(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Exact distance of points to the boundary, negative inside.

    The nearest point of each edge, and a count of the edges that a ray to the right crosses (an odd number: inside).

    Args:
        corners: from `outline`, (n, 2).
        x, y: coordinates of the points, of shapes that fit together, such as (1, nx) and (ny, 1).

    Returns:
        The shape that x and y have together.
    """
    starts, stops = corners, np.roll(corners, -1, axis=0)
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    if np.prod(shape) < len(corners):  # few points: all edges at once
        squared, crossed = _to_edges(np.asarray(x)[..., None], np.asarray(y)[..., None], starts.T, stops.T)
        nearest, inside = squared.min(axis=-1), np.logical_xor.reduce(crossed, axis=-1)
    else:
        nearest, inside = np.full(shape, np.inf), np.zeros(shape, bool)
        for start, stop in zip(starts, stops, strict=True):
            squared, crossed = _to_edges(x, y, start, stop)
            nearest = np.minimum(nearest, squared)
            inside ^= crossed
    return np.where(inside, -1, 1) * np.sqrt(nearest)


def _to_edges(x, y, start, stop) -> tuple[np.ndarray, np.ndarray]:
    """Squared distance to edges from (x0, y0) to (x1, y1), and whether a ray to the right crosses them."""
    (x0, y0), (x1, y1) = start, stop
    ex, ey, px, py = x1 - x0, y1 - y0, x - x0, y - y0
    t = np.clip((px * ex + py * ey) / (ex * ex + ey * ey), 0, 1)
    crossed = ((y0 > y) != (y1 > y)) & ((ex * py - ey * px > 0) == (ey > 0))
    return (px - t * ex) ** 2 + (py - t * ey) ** 2, crossed


def _check_simple(corners: np.ndarray) -> None:
    """Raise where an edge turns back on the one before, or meets one that is no neighbour."""
    stops = np.roll(corners, -1, axis=0)
    edges = stops - corners
    after = np.roll(edges, -1, axis=0)
    along = (edges * after).sum(axis=1)
    back = (along < 0) & (np.abs(_cross(edges, after)) <= FLAT * np.abs(along))
    if back.any():
        corner = (int(np.argmax(back)) + 1) % len(corners)
        raise ValueError(
            f"The outline of this polygon turns back on itself at corner {corner}: leave it out."
        )
    one, other = _near_pairs(np.minimum(corners, stops), np.maximum(corners, stops))
    gap = np.abs(one - other)
    strangers = (gap > 1) & (gap < len(corners) - 1)
    one, other = one[strangers], other[strangers]
    # Edges are apart if one of them lies on one side of the other.
    apart = (
        _cross(edges[one], corners[other] - corners[one]) * _cross(edges[one], stops[other] - corners[one])
        > 0
    )
    apart |= (
        _cross(edges[other], corners[one] - corners[other])
        * _cross(edges[other], stops[one] - corners[other])
        > 0
    )
    if not apart.all():
        first, second = sorted((one[~apart][0], other[~apart][0]))
        raise ValueError(
            f"The edges that start at corners {first} and {second} of this polygon cross or touch: list the corners in "
            "the order of the outline, and make one polygon of each part."
        )


def _near_pairs(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of boxes with lower and upper corners (n, 2) that overlap or touch: positions (m,) and (m,)."""
    order = np.argsort(low[:, 0], kind="stable")
    ends = np.searchsorted(low[order, 0], high[order, 0], side="right")  # those before it begin early enough
    numbers = ends - np.arange(len(low)) - 1
    before = np.cumsum(numbers) - numbers
    first = np.repeat(np.arange(len(low)), numbers)
    second = first + 1 + np.arange(len(first)) - before[first]
    one, other = order[first], order[second]
    meet = (low[one, 1] <= high[other, 1]) & (low[other, 1] <= high[one, 1])
    return one[meet], other[meet]


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Positive where the second vector points to the left of the first; vectors of shape (..., 2)."""
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
