"""Bodies, signed distance and scenes: formulas against each other, and the limits the data set promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow import cars, shapes

ANY_FAMILY = st.sampled_from(list(shapes.PRIMITIVES))
SEED = st.integers(0, 2**31)
few = settings(max_examples=25, deadline=None)


def scene_of(family: str, seed: int) -> shapes.Scene:
    return shapes.sample_scene(family, np.random.default_rng(seed))


@st.composite
def ellipses(draw) -> shapes.Ellipse:
    axes = draw(st.floats(0.02, 0.5)), draw(st.floats(0.02, 0.5))
    return shapes.Ellipse(
        (draw(st.floats(0, 2)), draw(st.floats(0, 1))), axes, draw(st.floats(-7, 7, allow_subnormal=False))
    )


# --- distance ---------------------------------------------------------------------------------


@few
@given(ellipses())
def test_ellipse_distance_is_that_of_a_dense_polygon(ellipse):
    """Two formulas that share nothing; 4,000 corners leave less than 2e-4 of an axis between them."""
    x, y = shapes.cell_centers(9, 18)
    polygon = shapes.Polygon(ellipse.outline(4000))
    np.testing.assert_allclose(ellipse.distance(x, y), polygon.distance(x, y), atol=2e-4)


@pytest.mark.parametrize("semi_axes", [(0.3, 0.1), (0.1, 0.3), (0.2, 0.2), (0.5, 0.01)])
def test_ellipse_distance_on_its_axes_and_in_its_centre(semi_axes):
    ellipse = shapes.Ellipse((0, 0), semi_axes)
    points = np.array([(0, 0), (semi_axes[0], 0), (0, semi_axes[1]), (1, 0), (0, 1), (-1, 0)])
    expected = [-min(semi_axes), 0, 0, 1 - semi_axes[0], 1 - semi_axes[1], 1 - semi_axes[0]]
    np.testing.assert_allclose(ellipse.distance(*points.T), expected, atol=2e-6)


def test_distance_of_a_circle_and_a_box_in_closed_form():
    x, y = shapes.cell_centers(20, 40)
    circle = shapes.Ellipse((0.7, 0.4), (0.2, 0.2), 1.0)
    np.testing.assert_allclose(circle.distance(x, y), np.hypot(x - 0.7, y - 0.4) - 0.2, atol=1e-6)
    box = shapes.box(0.6, 0.3).moved((0.9, 0.5))
    dx, dy = abs(x - 0.9) - 0.3, abs(y - 0.5) - 0.15
    expected = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0)
    np.testing.assert_allclose(box.distance(x, y), expected, atol=1e-12)


@few
@given(ANY_FAMILY, SEED)
def test_distance_has_slope_one(family, seed):
    """|grad d| = 1 wherever the nearest point is unique: nearly everywhere in the fluid."""
    scene = scene_of(family, seed)
    x, y = shapes.cell_centers(40, 80)
    step = 1e-5

    def distance(dx, dy):
        return np.min([body.distance(x + dx, y + dy) for body in scene], axis=0)

    slope_x = (distance(step, 0) - distance(-step, 0)) / (2 * step)
    slope_y = (distance(0, step) - distance(0, -step)) / (2 * step)
    fluid = distance(0, 0) > 2 * step
    assert np.mean(abs(np.hypot(slope_x, slope_y)[fluid] - 1) < 1e-3) > 0.995


@few
@given(ANY_FAMILY, SEED, st.integers(-8, 8), st.integers(-8, 8))
def test_distance_moves_with_the_body(family, seed, cells_x, cells_y):
    scene = scene_of(family, seed)
    here = shapes.signed_distance(scene, 32, 64)
    there = shapes.signed_distance(shapes.moved(scene, (cells_x / 32, cells_y / 32)), 32, 64)
    np.testing.assert_allclose(
        here[8:-8, 8:-8], np.roll(there, (-cells_y, -cells_x), (0, 1))[8:-8, 8:-8], atol=1e-3
    )


@few
@given(ANY_FAMILY, SEED, st.floats(0.3, 3), st.floats(-4, 4))
def test_turning_and_scaling_the_plane_scales_distances(family, seed, scale, angle):
    scene = scene_of(family, seed)
    x, y = shapes.cell_centers(16, 32)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = shapes.moved(scene, scale=scale, angle=angle)
    for body, copy in zip(scene, turned, strict=True):
        there = copy.distance(scale * (cos * x - sin * y), scale * (sin * x + cos * y))
        np.testing.assert_allclose(there, scale * body.distance(x, y), atol=1e-5)
        assert copy.area == pytest.approx(scale**2 * body.area)


@few
@given(ANY_FAMILY, ANY_FAMILY, SEED)
def test_union_is_the_minimum(one, other, seed):
    first, second = scene_of(one, seed), scene_of(other, seed + 1)
    both = shapes.signed_distance(first + second, 24, 48)
    alone = [shapes.signed_distance(scene, 24, 48) for scene in (first, second)]
    assert np.array_equal(both, np.minimum(*alone))
    assert np.array_equal(both, shapes.signed_distance(second + first, 24, 48))
    assert np.array_equal(both < 0, (alone[0] < 0) | (alone[1] < 0))


@few
@given(ANY_FAMILY, SEED)
def test_share_of_solid_cells_is_the_area(family, seed):
    (body, *_) = scene_of(family, seed)
    distance = shapes.signed_distance((body,), 200, 400)
    perimeter = np.linalg.norm(np.diff(body.outline(), axis=0, append=body.outline()[:1]), axis=1).sum()
    assert np.sum(distance < 0) / 200**2 == pytest.approx(body.area, abs=0.5 * perimeter / 200)


def test_resolution_does_not_move_a_body():
    scene = shapes.car(0)
    coarse, fine = shapes.signed_distance(scene, 32, 64), shapes.signed_distance(scene, 64, 128)
    mean = fine.reshape(32, 2, 64, 2).mean(axis=(1, 3)) / 2
    assert np.abs(mean - coarse)[coarse > 1].max() < 0.3
    assert coarse.dtype == np.float32


def test_distance_of_a_picture_is_known_to_half_a_cell():
    exact = shapes.signed_distance(scene_of("ellipse", 1), 64, 128)
    found = shapes.distance_of_mask(exact < 0)
    assert found.dtype == np.float32
    assert np.array_equal(found < 0, exact < 0)
    error = np.abs(found - exact)[exact > 0]
    assert 0.05 < error.max() < 1.0


# --- outlines ----------------------------------------------------------------------------------


def test_areas_in_closed_form():
    assert shapes.box(0.5, 0.2, lean=0.7).area == pytest.approx(0.1)
    assert shapes.Ellipse((1, 1), (0.5, 0.2), 3).area == pytest.approx(np.pi * 0.1)
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    assert shapes.rounded(square, 0.1, 200).area == pytest.approx(1 - 4 * 0.1**2 / 6, rel=1e-5)
    assert shapes.rounded(square, points_per_corner=200).area == pytest.approx(1 - 4 * 0.5**2 / 6, rel=1e-4)


@pytest.mark.parametrize("thickness", [6, 12, 24])
def test_symmetric_airfoil_has_the_area_and_thickness_of_its_formula(thickness):
    body = shapes.naca(f"00{thickness:02d}", num_points=400)
    integral = 0.2969 * 2 / 3 - 0.1260 / 2 - 0.3516 / 3 + 0.2843 / 4 - 0.1036 / 5
    assert body.area == pytest.approx(10 * thickness / 100 * integral, rel=1e-3)
    left, right, bottom, top = shapes.bounds((body,))
    assert (left, right) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    assert top == pytest.approx(-bottom)
    assert top - bottom == pytest.approx(thickness / 100, rel=2e-3)


def test_camber_and_angle_of_an_airfoil():
    lifted = shapes.naca("4412")
    upper, lower = lifted.vertices[:60][::-1], lifted.vertices[60:]
    middle = (upper[1:-1] + lower) / 2
    assert middle[:, 1].max() == pytest.approx(0.04, abs=1e-3)
    assert middle[middle[:, 1].argmax(), 0] == pytest.approx(0.4, abs=0.03)
    tail = shapes.naca("0012", angle_deg=10).vertices[0]
    np.testing.assert_allclose(tail, [np.cos(np.deg2rad(10)), -np.sin(np.deg2rad(10))])


@pytest.mark.parametrize("code", ["12", "abcd", "0000", "0412", "4012", "24120"])
def test_other_airfoil_codes_are_named(code):
    with pytest.raises(ValueError, match=f"'{code}' is no NACA 4-digit code"):
        shapes.naca(code)


# --- scenes ------------------------------------------------------------------------------------


@few
@given(st.lists(ANY_FAMILY, min_size=1, max_size=6), SEED)
def test_scenes_keep_their_limits(families, seed):
    scene = shapes.sample_scene(tuple(families), np.random.default_rng(seed))
    left, right, bottom, top = shapes.bounds(scene)
    slack = 1e-9
    assert shapes.LEFT - slack <= left < right <= shapes.RIGHT + slack
    assert shapes.TO_WALL - 1e-3 <= bottom < top <= 1 - shapes.TO_WALL + 1e-3
    solid = shapes.signed_distance(scene, 100, 200) < 0
    assert solid.any(axis=1).mean() <= shapes.BLOCKED + 0.03
    assert solid.any(axis=1).mean() >= 0.04
    if len(scene) == 2:
        x, y = shapes.cell_centers(100, 200)
        one, other = (body.distance(x, y) for body in scene)
        gap = (one + other).min()
        assert np.maximum(one, other).min() < -0.5 * shapes.OVERLAP or gap > 0.9 * shapes.GAP


def test_the_same_seed_draws_the_same_scene_and_pairs_come_as_often_as_said():
    number = [len(shapes.choose(("ellipse", "box"), np.random.default_rng(seed))) for seed in range(2000)]
    assert np.mean(np.array(number) == 2) == pytest.approx(shapes.PAIR_SHARE, abs=0.04)
    first, again = scene_of("bezier", 5), scene_of("bezier", 5)
    assert np.array_equal(first[0].outline(), again[0].outline())
    assert not np.array_equal(shapes.bounds(first), shapes.bounds(scene_of("bezier", 6)))


def test_28_cars_are_different_whole_and_in_place():
    number = 2 * len(cars.OUTLINES)
    assert number == 28
    masks = [shapes.signed_distance(shapes.car(k), 64, 128) < 0 for k in range(number)]
    for k, mask in enumerate(masks):
        left, right, bottom, top = shapes.bounds(shapes.car(k))
        assert left == pytest.approx(0.35, abs=0.03)
        assert 0.55 < right - left <= 0.85
        assert 0.15 < top - bottom < 0.33, "as high as a body of the training set"
        assert bottom > 0.25
        assert top < 0.75
        union = [np.sum(mask & other) / np.sum(mask | other) for other in masks[:k]]
        assert not union or max(union) < 0.97, "no car is a copy of another"
    assert np.array_equal(masks[3], shapes.signed_distance(shapes.car(3), 64, 128) < 0)


def test_airfoils_are_in_the_channel():
    for seed in range(50):
        scene, name = shapes.airfoil(np.random.default_rng(seed))
        left, right, bottom, top = shapes.bounds(scene)
        assert left >= shapes.LEFT - 0.01
        assert right <= shapes.RIGHT
        assert 0.2 < bottom < top < 0.8
        assert name.startswith("NACA ")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: shapes.signed_distance((), 8, 16), "scene is empty"),
        (lambda: shapes.signed_distance(shapes.car(0), 0, 16), "has no cells"),
        (lambda: shapes.sample_scene("circle", np.random.default_rng(0)), "no family circle"),
        (lambda: shapes.compose(("box",) * 3, np.random.default_rng(0)), "one body or two, not 3"),
        (lambda: shapes.Polygon(np.zeros((2, 2))), "three corners or more"),
        (lambda: shapes.car(-1), "no car -1"),
        (lambda: shapes.distance_of_mask(np.ones((4, 4), bool)), "has no edge"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        wrong()


@pytest.mark.parametrize("axes", [(0.1, 0.0), (0.1, -0.1), (np.nan, 0.1), (np.inf, 0.1)])
def test_an_ellipse_that_is_none_is_refused(axes):
    with pytest.raises(ValueError, match="both axes are positive"):
        shapes.Ellipse((0.5, 0.5), axes)


def test_a_body_turned_over_keeps_its_size_and_one_shrunk_to_a_point_is_refused():
    assert shapes.Ellipse((0.5, 0.5), (0.2, 0.1)).moved(scale=-1).semi_axes == (0.2, 0.1)
    for change in ({"scale": 0}, {"shift": (np.nan, 0)}, {"angle": np.inf}):
        with pytest.raises(ValueError, match="cannot be shifted"):
            shapes.box(1, 1).moved(**change)


def test_a_body_that_no_cell_sees_is_no_empty_channel():
    plate = shapes.box(0.3, 0.01)
    with pytest.raises(ValueError, match="thicker body"):
        shapes.signed_distance((plate.moved((0.5, 0.5)),), 16, 32)
    with pytest.raises(ValueError, match="lies outside of the channel"):
        shapes.signed_distance((shapes.box(0.3, 0.3).moved((5, 0.5)),), 16, 32)
    assert (shapes.signed_distance((plate.moved((0.5, 0.5)),), 128, 256) < 0).any()


@pytest.mark.parametrize("place", [(-0.2, 0.5), (2.2, 0.5), (1, -0.2), (1, 1.2)])
def test_a_body_outside_of_the_channel_is_said_beside_one_inside(place):
    inside, outside = shapes.Ellipse((0.6, 0.5), (0.1, 0.1)), shapes.Ellipse(place, (0.1, 0.1))
    with pytest.raises(ValueError, match="Body 2 of 2 lies outside of the channel"):
        shapes.signed_distance((inside, outside), 16, 32)
    over_the_end = shapes.Ellipse((2.0, 0.5), (0.1, 0.1))
    assert (shapes.signed_distance((inside, over_the_end), 32, 64)[:, -1] < 0).any()
