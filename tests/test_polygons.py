"""Polygons of Labs 3 and 4: one signed distance, whatever way the corners are written."""

import matplotlib.path
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow import shapes
from pinn.geometry import Polygon
from utils import polygons

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-1.5, 1.5, (400, 2))
SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1.0)])
TURN = np.linspace(0, 2 * np.pi, 65)
SAME_SHAPES = {
    "closed ring": (SQUARE, np.vstack([SQUARE, SQUARE[:1]])),
    "ring that closes to rounding": (
        np.stack([np.cos(TURN[:-1]), np.sin(TURN[:-1])], axis=1),
        np.stack([np.cos(TURN), np.sin(TURN)], axis=1),
    ),
    "ring in single precision": (
        np.stack([np.cos(TURN[:-1]), np.sin(TURN[:-1])], axis=1),
        np.stack([np.cos(TURN), np.sin(TURN)], axis=1).astype(np.float32),
    ),
    "ring that closes to the last bit but one": (SQUARE, np.vstack([SQUARE, [(1e-200, 0)]])),
    "repeated corners": (SQUARE, np.repeat(SQUARE, [3, 1, 2, 1], axis=0)),
    "clockwise ring": (SQUARE, np.vstack([SQUARE, SQUARE[:1]])[::-1]),
    "corners on an edge": (SQUARE, np.insert(SQUARE, 1, [(0.25, 0), (0.5, 0)], axis=0)),
    "a list": (SQUARE, SQUARE.tolist()),
}


def in_lab_3(corners):
    body = shapes.Polygon(corners)
    return -body.distance(*POINTS.T), body.area


def in_lab_4(corners):
    shape = Polygon(corners)
    return shape.sdf(POINTS), shape.measure


both_labs = pytest.mark.parametrize("lab", [in_lab_3, in_lab_4])


@both_labs
@pytest.mark.parametrize(("plain", "written"), SAME_SHAPES.values(), ids=SAME_SHAPES)
def test_the_same_outline_is_the_same_shape(lab, plain, written):
    (distance, area), (expected, expected_area) = lab(written), lab(plain)
    np.testing.assert_allclose(distance, expected, atol=2e-7)
    assert area == pytest.approx(expected_area, rel=1e-6)
    assert (distance > 0).any()


@pytest.mark.parametrize("written", [written for _, written in SAME_SHAPES.values()], ids=SAME_SHAPES)
def test_the_boundary_of_a_ring_is_sampled_and_its_normals_point_out(written):
    cloud = Polygon(written).sample_boundary(400)
    assert np.abs(cloud.sdf).max() < 1e-12
    assert cloud.integrate((cloud.points * cloud.normals).sum(axis=1)) / 2 == pytest.approx(
        Polygon(written).measure
    )


@both_labs
@pytest.mark.parametrize(
    ("corners", "sentence"),
    [
        ([(0, 0), (1, 1)], "three corners or more"),
        (np.zeros((5, 3)), "two coordinates each"),
        ([(0, 0), (1, 0), (0, 0), (1, 0)], "turns back|no area"),
        ([(0, 0), (1, 0), (1, 0), (0, 0)], "fewer than three of these differ"),
        ([(0, 0), (0.1, 0.3), (0.2, 0.6), (0.7, 2.1)], "no area"),
        ([(0, 0), (1, 0), (0, float("nan"))], "not finite"),
        ([(0, 0), (2, 2), (2, 0), (0, 1)], "start at corners 0 and 2 .* cross"),
        ([(0, 0), (2, 0), (2, 1), (1, 0), (0, 1)], "cross or touch"),
        ([(0, 0), (2, 0), (1, 0), (1, 1)], "turns back on itself at corner 1"),
        ([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0), (1, 0), (1, 1), (0, 1)], "cross or touch"),
    ],
)
def test_what_is_no_polygon_is_refused(lab, corners, sentence):
    with pytest.raises(ValueError, match=sentence):
        lab(corners)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 12), st.integers(0, 2**31), st.booleans())
def test_distance_agrees_with_matplotlib_and_with_dense_points(number, seed, clockwise):
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * (np.arange(number) + rng.uniform(0, 0.8, number)) / number
    corners = rng.uniform(0.4, 1.2, (number, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    corners = corners[::-1] if clockwise else corners
    found = polygons.signed_distance(polygons.outline(corners), *POINTS.T)
    share = np.linspace(0, 1, 800, endpoint=False)[:, None, None]
    dense = (corners + share * (np.roll(corners, -1, axis=0) - corners)).reshape(-1, 2)
    nearest = np.sqrt(((POINTS[:50, None] - dense) ** 2).sum(axis=2).min(axis=1))
    np.testing.assert_allclose(np.abs(found[:50]), nearest, atol=2e-3)
    clear = np.abs(found) > 1e-9
    inside = matplotlib.path.Path(corners).contains_points(POINTS)
    np.testing.assert_array_equal((found < 0)[clear], inside[clear])
    assert (polygons.signed_area(corners) < 0) == clockwise


def test_two_edges_of_many_that_cross_are_found():
    star = np.stack([np.cos(TURN[:-1]), np.sin(TURN[:-1])], axis=1) * np.tile([1, 0.5], 32)[:, None]
    assert len(polygons.outline(star)) == 64
    for k in range(0, 60, 7):
        crossed = star.copy()
        crossed[[k, k + 3]] = crossed[[k + 3, k]]
        with pytest.raises(ValueError, match="cross or touch"):
            polygons.outline(crossed)


def test_few_points_and_many_are_answered_alike():
    corners = polygons.outline(np.stack([np.cos(TURN[:-1]), 0.4 * np.sin(TURN[:-1])], axis=1))
    many = polygons.signed_distance(corners, *POINTS.T)
    few = np.concatenate([polygons.signed_distance(corners, *part.T) for part in np.split(POINTS, 40)])
    np.testing.assert_array_equal(many, few)
    grid = polygons.signed_distance(corners, np.array([[0.0, 2.0]]), np.array([[0.0], [0.1], [0.2]]))
    np.testing.assert_allclose(grid[0], [-0.4, 1], atol=1e-3)
    assert grid.shape == (3, 2)
    assert polygons.signed_distance(corners, np.zeros(0), np.zeros(0)).shape == (0,)


def test_rounding_the_corners_of_a_ring():
    ring = np.vstack([SQUARE, SQUARE[:1]])
    for radius in (0.1, np.inf):
        assert shapes.rounded(ring, radius).area == pytest.approx(shapes.rounded(SQUARE, radius).area)


def test_the_area_of_corners_in_bytes():
    assert polygons.signed_area(np.array([[5, 5], [1, 0], [1, 1]], np.uint8)) == pytest.approx(-2.0)
