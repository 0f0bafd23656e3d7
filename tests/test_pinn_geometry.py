"""Lab 4's shapes: signed distances, solid geometry, weighted points, surfaces from files."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from pinn import geometry as geo
from pinn.geometry.solids import Union
from pinn.points import box_points, importance, unit_points

quick = settings(max_examples=12, deadline=None)
coordinate = st.floats(-1, 1).map(lambda x: round(x, 3))
size = st.floats(0.2, 1.2).map(lambda x: round(x, 3))
seeds = st.integers(0, 2**32 - 1)


@st.composite
def flat(draw):
    """A primitive in the plane, turned by some angle."""
    x, y, a, b = draw(coordinate), draw(coordinate), draw(size), draw(size)
    shape = draw(
        st.sampled_from(
            [
                geo.Circle((x, y), a),
                geo.Rectangle((x - a, y - b), (x + a, y + b)),
                geo.Triangle([(x, y), (x + a, y + 0.1), (x + 0.2, y + b)]),
                geo.Polygon([(x, y), (x + a, y), (x + a, y + b), (x + a / 2, y + b / 3)]),
            ]
        )
    )
    return shape.rotate(draw(st.floats(0, 6.28)), center=(x, y))


@st.composite
def solid(draw):
    x, y, z, a, b = (draw(coordinate), draw(coordinate), draw(coordinate), draw(size), draw(size))
    shape = draw(
        st.sampled_from(
            [
                geo.Sphere((x, y, z), a),
                geo.Box((x - a, y - b, z - a), (x + a, y + b, z + a)),
                geo.Cylinder((x, y, z), a, b),
            ]
        )
    )
    return shape.rotate(draw(st.floats(0, 6.28)), axis=draw(st.integers(0, 2)))


def around(shape: geo.Geometry, n: int = 400) -> np.ndarray:
    low, high = shape.bounds
    return box_points(n, [low - 0.3, high + 0.3])


def distance_to_boundary(shape: geo.Geometry, points: np.ndarray, n: int = 3000) -> np.ndarray:
    return cKDTree(shape.sample_boundary(n).points).query(points)[0]


# --- signed distance ------------------------------------------------------------------------------


@quick
@given(flat() | solid())
def test_sdf_of_a_primitive_is_the_distance_to_its_boundary(shape):
    points = around(shape)
    gap = 0.01 if shape.dim == 2 else 0.25
    found = distance_to_boundary(shape, points)
    assert np.all(np.abs(shape.sdf(points)) <= found + 1e-9)
    assert np.all(found <= np.abs(shape.sdf(points)) + gap)


@quick
@given(flat(), flat(), seeds)
def test_combinations_hold_the_right_points(a, b, seed):
    points = np.random.default_rng(seed).uniform(-3, 3, (500, 2))
    in_a, in_b = a.sdf(points) > 0, b.sdf(points) > 0
    assert np.array_equal((a + b).sdf(points) > 0, in_a | in_b)
    assert np.array_equal((a & b).sdf(points) > 0, in_a & in_b)
    assert np.array_equal((a - b).sdf(points) > 0, in_a & (b.sdf(points) < 0))


@quick
@given(flat(), flat(), seeds)
def test_combined_sdf_never_exceeds_the_distance_and_is_exact_where_promised(a, b, seed):
    points = np.random.default_rng(seed).uniform(-2, 2, (300, 2))
    for shape in (a + b, a - b, a & b):
        if shape.boundary_measure() < 0.5:
            continue
        found, value = distance_to_boundary(shape, points), shape.sdf(points)
        assert np.all(np.abs(value) <= found + 1e-6)
        exact = value < 0 if isinstance(shape, Union) else value > 0
        assert np.all(found[exact] <= np.abs(value[exact]) + 0.01)


@quick
@given(flat() | solid(), seeds)
def test_sdf_changes_no_faster_than_one_walks(shape, seed):
    rng = np.random.default_rng(seed)
    start, stop = rng.uniform(-2, 2, (2, 200, shape.dim))
    change = np.abs(shape.sdf(start) - shape.sdf(stop))
    assert np.all(change <= np.linalg.norm(start - stop, axis=1) + 1e-9)


@quick
@given(flat() | solid(), st.floats(0.3, 3), coordinate, st.floats(0, 6))
def test_moving_turning_and_scaling_carry_the_distance_along(shape, factor, shift, angle):
    points = around(shape)
    offset = np.full(shape.dim, shift)
    moved = shape.scale(factor).translate(offset)
    assert np.allclose(moved.sdf(points * factor + offset), factor * shape.sdf(points))
    assert np.isclose(moved.measure, shape.measure * factor**shape.dim)
    assert np.isclose(moved.boundary_measure(), shape.boundary_measure() * factor ** (shape.dim - 1))
    full_turn = shape.rotate(angle).rotate(2 * np.pi - angle)
    assert np.allclose(full_turn.sdf(points), shape.sdf(points))


def test_distances_known_by_hand():
    square = geo.Rectangle((0, 0), (2, 2))
    assert np.allclose(square.sdf(np.array([[1, 1], [1.5, 1], [5, 6], [3, 1]])), [1, 0.5, -5, -1])
    assert np.allclose(geo.Interval(0, 2).sdf(np.array([[0.5], [3]])), [0.5, -1])
    channel = geo.Channel2D((0, -1), (4, 1))
    assert np.allclose(channel.sdf(np.array([[0.0, 0.0], [9, 0.75], [1, 2]])), [1, 0.25, -1])
    assert np.allclose(geo.Line((0, 0), (0, 1)).sdf(np.array([[2, 0.5], [0, 3]])), [-2, -2])
    corner = geo.Polygon([(0, 0), (2, 0), (2, 2), (1, 2), (1, 1), (0, 1)])  # an L
    assert np.allclose(corner.sdf(np.array([[1.5, 0.5], [0.5, 1.5], [0.5, 0.5]])), [0.5, -0.5, 0.5])


# --- clouds -----------------------------------------------------------------------------------------


@quick
@given(flat(), flat(), seeds)
def test_boundary_points_lie_on_the_boundary_with_normals_pointing_out(a, b, seed):
    for shape in (a + b, a - b):
        if shape.boundary_measure() < 0.5:
            continue
        cloud = shape.sample_boundary(200, rng=seed)
        assert len(cloud) == 200
        assert np.abs(cloud.sdf).max() < 1e-7
        assert np.allclose(np.linalg.norm(cloud.normals, axis=1), 1)
        assert np.all(shape.sdf(cloud.points + 1e-6 * cloud.normals) < 0)
        assert np.isclose(cloud.weights.sum(), shape.boundary_measure())


@quick
@given(flat(), flat(), st.lists(coordinate, min_size=6, max_size=6))
def test_divergence_theorem_closes_every_combined_boundary(a, b, c):
    """The flux of a constant field is zero, and that of a linear one is its divergence times the area."""
    for shape in (a + b, a - b):
        if shape.boundary_measure() < 0.5:
            continue
        cloud = shape.sample_boundary(4000, "grid")
        flux = (cloud.normals * (np.array(c[:2]) + cloud.points @ np.reshape(c[2:], (2, 2)).T)).sum(axis=1)
        area = shape.sample_interior(100).weights.sum()
        assert abs(cloud.integrate(flux) - (c[2] + c[5]) * area) < 0.02


@settings(max_examples=10, deadline=None)
@given(solid(), solid())
def test_divergence_theorem_in_space(a, b):
    shape = a + b
    cloud = shape.sample_boundary(3000)
    volume = cloud.integrate((cloud.points * cloud.normals).sum(axis=1)) / 3
    box = np.prod(np.ptp(shape.bounds, axis=0))
    assert abs(volume - shape.sample_interior(100).weights.sum()) < 0.02 * box
    assert np.abs(cloud.sdf).max() < 1e-7


@quick
@given(st.lists(st.integers(-8, 8), min_size=8, max_size=8))
def test_area_and_outline_of_two_rectangles(c):
    low_a, low_b = np.array(c[:2]) / 8, np.array(c[2:4]) / 8
    size_a, size_b = 0.25 + np.abs(c[4:6]) / 8, 0.25 + np.abs(c[6:8]) / 8
    a, b = geo.Rectangle(low_a, low_a + size_a), geo.Rectangle(low_b, low_b + size_b)
    shared = np.maximum(np.minimum(low_a + size_a, low_b + size_b) - np.maximum(low_a, low_b), 0)
    union = a + b
    assert abs(union.sample_interior(50).weights.sum() - (a.measure + b.measure - np.prod(shared))) < 0.02
    if np.all(shared > 0):
        outline = a.boundary_measure() + b.boundary_measure() - 2 * shared.sum()
        assert np.isclose(union.boundary_measure(), outline, atol=1e-6)


def test_a_chip_on_the_wall_of_a_channel_leaves_no_double_and_no_hidden_boundary():
    channel, chip = geo.Rectangle((-2.5, -0.5), (2.5, 0.5)), geo.Rectangle((-1, -0.5), (0, 0.1))
    flow = channel - chip
    assert np.isclose(flow.boundary_measure(), 2 * 5 + 2 * 1 + 2 * 0.6)
    under = flow.sample_boundary(500).points
    assert not np.any((under[:, 1] == -0.5) & (under[:, 0] > -1) & (under[:, 0] < 0))
    inlet = flow.sample_boundary(50, where=lambda p: p[:, 0] < -2.4999)
    assert np.isclose(inlet.weights.sum(), 1)
    assert np.all(inlet.normals == [-1, 0])
    touching = geo.Rectangle((0, 0), (1, 1)) + geo.Rectangle((1, 0), (2, 1))
    assert np.isclose(touching.boundary_measure(), 6)
    same = geo.Circle((0, 0), 1)
    assert np.isclose((same & geo.Circle((0, 0), 1)).boundary_measure(), 2 * np.pi)


def test_one_dimension_counts_ends():
    shape = geo.Interval(0, 3) - geo.Interval(1, 2)
    ends = shape.sample_boundary(8)
    assert set(np.round(ends.points[:, 0], 9)) == {0, 1, 2, 3}
    assert np.isclose(ends.weights.sum(), 4)
    assert np.array_equal(np.unique(ends.points[ends.normals[:, 0] > 0]), [1, 3])
    assert np.isclose(shape.sample_interior(100).weights.sum(), 2, atol=1e-2)


def test_sections_of_a_channel_are_lines():
    line = geo.Line((0, -0.5), (0, 0.5)).translate((1, 0))
    cloud = line.sample_boundary(2000, "grid")
    assert np.allclose(cloud.normals, [1, 0])
    assert np.isclose(cloud.integrate(1.5 * (1 - 4 * cloud.points[:, 1] ** 2)), 1, atol=1e-6)
    walls = geo.Channel2D((0, 0), (3, 1)) - geo.Circle((1, 0.5), 0.25)
    assert np.isclose(walls.boundary_measure(), 6 + 0.5 * np.pi)
    assert np.isclose(walls.sample_interior(100).weights.sum(), 3 - np.pi / 16, atol=0.01)


@pytest.mark.parametrize("method", ["uniform", "halton"])
def test_a_seed_fixes_the_points_and_another_changes_them(method):
    ring = geo.Circle((0, 0), 1) - geo.Circle((0, 0), 0.5)
    for sample in (ring.sample_interior, ring.sample_boundary):
        first, again, other = (sample(64, method, rng=seed).points for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.any(np.all(first == other, axis=1))


def test_importance_sampling_moves_points_and_keeps_integrals():
    ring = geo.Circle((0, 0), 1) - geo.Circle((0.2, 0), 0.5)

    def near_the_hole(points):
        return np.exp(-10 * np.abs(np.hypot(points[:, 0] - 0.2, points[:, 1]) - 0.5)) + 0.3

    even = ring.sample_interior(2000)
    chosen = ring.sample_interior(2000, density=near_the_hole)
    assert np.median(chosen.sdf) < 0.85 * np.median(even.sdf)
    area = ring.sample_interior(100).weights.sum()
    assert np.isclose(chosen.weights.sum(), area)
    for values in (lambda p: p[:, 0] ** 2, lambda p: np.cos(3 * p[:, 1])):
        exact = ring.sample_interior(40000).integrate(values(ring.sample_interior(40000).points))
        assert abs(chosen.integrate(values(chosen.points)) - exact) < 0.05


def test_halton_is_more_even_than_chance():
    area = {}
    for method in ("halton", "uniform"):
        points = [box_points(1024, [(-1, -1), (1, 1)], method, seed) for seed in range(8)]
        inside = np.array([(np.hypot(*p.T) < 1).mean() * 4 - np.pi for p in points])
        area[method] = np.sqrt(np.mean(inside**2))
    assert area["halton"] < 0.5 * area["uniform"]


@quick
@given(st.lists(st.floats(0, 10), min_size=3, max_size=30).filter(lambda d: sum(d) > 0.1), seeds)
def test_importance_draws_in_proportion(density, seed):
    density = np.array(density)
    chosen, factor = importance(density, 5000, seed)
    share = np.bincount(chosen, minlength=len(density)) / 5000
    assert np.all(np.abs(share - density / density.sum()) <= 2 / 5000 + 1e-9)
    assert np.isclose(factor.mean(), 1)


def test_a_family_of_shapes_knows_the_parameters_of_each_point():
    channel = geo.Rectangle((-2.5, -0.5), (2.5, 0.5))

    def make(height, width):
        return channel - geo.Rectangle((-1, -0.5), (width - 1, height - 0.5))

    ranges = {"height": (0.4, 0.8), "width": (0.6, 1.4)}
    cloud = geo.sample_shapes(make, ranges, 32, 20)
    assert cloud.parameters.shape == (640, 2)
    assert np.all(cloud.parameters >= [0.4, 0.6])
    assert np.all(cloud.parameters <= [0.8, 1.4])
    for number in range(0, 640, 20):
        assert make(*cloud.parameters[number]).sdf(cloud.points[number : number + 20]).min() > 0
    assert np.isclose(cloud.weights.sum(), 5 - 0.6, atol=0.05)  # mean of height * width is 0.6
    walls = geo.sample_shapes(make, ranges, 16, 40, kind="boundary")
    assert np.isclose(walls.weights.sum(), 12 + 2 * 0.6, atol=0.05)
    assert walls.normals.shape == walls.points.shape
    columns = walls.columns("x", "y", "h", "w")
    assert np.array_equal(columns["h"].numpy()[:, 0], walls.parameters[:, 0])
    assert np.array_equal(columns["normal_y"].numpy()[:, 0], walls.normals[:, 1])
    with pytest.raises(ValueError, match="4 names are needed"):
        walls.columns("x", "y")


# --- surfaces ---------------------------------------------------------------------------------------


@pytest.fixture
def ball(tmp_path):
    path = tmp_path / "ball.stl"
    trimesh.creation.icosphere(3).export(path)
    return path


def test_stl_surface_has_the_distance_of_its_triangles(ball):
    surface = geo.Surface.from_stl(ball)
    points = box_points(500, [(-1.5, -1.5, -1.5), (1.5, 1.5, 1.5)])
    assert np.abs(surface.sdf(points) - geo.Sphere((0, 0, 0), 1).sdf(points)).max() < 0.02
    cloud = surface.sample_boundary(2000)
    assert np.abs(cloud.sdf).max() < 1e-12
    assert np.isclose(cloud.integrate((cloud.points * cloud.normals).sum(axis=1)) / 3, surface.measure)
    assert np.all(surface.sdf(cloud.points + 1e-6 * cloud.normals) < 0)
    shell = surface - geo.Sphere((0, 0, 0), 0.5)
    assert np.isclose(shell.sample_interior(200).weights.sum(), surface.measure - np.pi / 6, rtol=0.02)


def test_stl_text_and_inside_out_surfaces_are_read(ball, tmp_path):
    mesh = trimesh.load_mesh(ball)
    mesh.export(tmp_path / "text.stl", file_type="stl_ascii")
    text = geo.Surface.from_stl(tmp_path / "text.stl")
    inside_out = geo.Surface(mesh.vertices, mesh.faces[:, ::-1])
    middle = np.zeros((1, 3))
    assert text.sdf(middle)[0] > 0.9
    assert np.allclose(inside_out.sdf(middle), text.sdf(middle), atol=1e-5)


def test_bad_stl_files_are_refused_in_a_sentence(ball, tmp_path):
    content = ball.read_bytes()
    bad = tmp_path / "bad.stl"
    for damaged in (
        b"",
        b"hello",
        content[:60],
        content[:84],
        content[:5000],
        b"solid x\nfacet normal a b c\n",
    ):
        bad.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"bad\.stl is no complete STL file"):
            geo.Surface.from_stl(bad)
    with pytest.raises(FileNotFoundError, match="no file"):
        geo.Surface.from_stl(tmp_path / "none.stl")
    mesh = trimesh.load_mesh(ball)
    with pytest.raises(ValueError, match="not watertight: 3 of"):
        geo.Surface(mesh.vertices, mesh.faces[1:])
    with pytest.raises(ValueError, match="no triangles"):
        geo.Surface(np.zeros((0, 3)), np.zeros((0, 3)))


def _cube(centre, side=1.0):
    return trimesh.creation.box((side, side, side)).apply_translation(centre)


def _together(*meshes, turned=()):
    """Vertices and faces of several bodies in one list, some of them inside out."""
    first = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces[:, ::-1] if k in turned else mesh.faces for k, mesh in enumerate(meshes)]
    return (
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([part + start for part, start in zip(faces, first, strict=False)]),
    )


@pytest.mark.parametrize("turned", [(), (0,), (1,), (0, 1)])
def test_each_body_of_a_surface_is_oriented_by_itself(turned, tmp_path):
    vertices, faces = _together(_cube((0, 0, 0)), _cube((3, 0, 0)), turned=turned)
    trimesh.Trimesh(vertices, faces, process=False).export(tmp_path / "two.stl")
    for surface in (geo.Surface(vertices, faces), geo.Surface.from_stl(tmp_path / "two.stl")):
        assert surface.measure == pytest.approx(2)
        assert np.allclose(
            surface.sdf(np.array([[0, 0, 0], [3, 0, 0], [1.5, 0, 0], [10.0, 0, 0]])), [0.5, 0.5, -1, -6.5]
        )
        cloud = surface.sample_boundary(400)
        assert np.isclose(cloud.integrate((cloud.points * cloud.normals).sum(axis=1)) / 3, 2)


@pytest.mark.parametrize("turned", [(), (0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_a_body_within_a_body_is_a_cavity_and_one_within_the_cavity_a_body(turned):
    nested = [_cube((0, 0, 0), side) for side in (3, 2, 1)]
    surface = geo.Surface(*_together(*nested, turned=turned))
    assert surface.measure == pytest.approx(27 - 8 + 1)
    points = np.array([[0, 0, 0], [0, 0, 0.75], [0, 0, 1.25], [0, 0, 5.0]])
    assert np.allclose(surface.sdf(points), [0.5, -0.25, 0.25, -3.5])


def test_one_triangle_the_wrong_way_round_is_turned():
    ball = trimesh.creation.icosphere(2)
    faces = ball.faces.copy()
    faces[7] = faces[7][::-1]
    assert geo.Surface(ball.vertices, faces).measure == pytest.approx(ball.volume)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ((0.5, 0.5, 0.5), "runs through itself"),
        ((1, 0.3, 0.3), "runs through itself"),  # half a face on half a face
        ((0, 0, 0), "join more than two triangles"),
        ((1, 0, 0), "join more than two triangles"),
        ((1, 1, 0), "join more than two triangles"),
    ],
)
def test_surfaces_that_do_not_tell_inside_from_outside_are_refused(other, message):
    with pytest.raises(ValueError, match=message):
        geo.Surface(*_together(_cube((0, 0, 0)), _cube(other)))


@pytest.mark.parametrize("unit", [1e-9, 1e-6, 1e-3, 1e6])
def test_a_surface_is_read_in_any_unit_of_length(unit, tmp_path):
    ball = trimesh.creation.icosphere(3)
    ball.apply_scale(unit).export(tmp_path / "ball.stl")
    surface = geo.Surface.from_stl(tmp_path / "ball.stl")
    assert surface.measure / unit**3 == pytest.approx(4 / 3 * np.pi, rel=0.02)
    assert surface.sdf(np.zeros((1, 3)))[0] / unit == pytest.approx(1, rel=0.01)
    assert surface.sample_boundary(200).weights.sum() / unit**2 == pytest.approx(4 * np.pi, rel=0.02)


def test_bytes_after_the_last_triangle_do_no_harm_but_a_wrong_count_is_told(ball, tmp_path):
    content, path = ball.read_bytes(), tmp_path / "more.stl"
    for rest in (b"\0", b"\r\n", b"\0" * 49):
        path.write_bytes(content + rest)
        assert geo.Surface.from_stl(path).measure == geo.Surface.from_stl(ball).measure
    path.write_bytes(content + content[-50:])
    with pytest.raises(ValueError, match="no complete STL file"):
        geo.Surface.from_stl(path)


# --- thin features ----------------------------------------------------------------------------------


@quick
@given(st.floats(-5.5, -1), st.floats(0.05, 0.9), st.floats(0.1, 3))
def test_a_slot_however_thin_opens_the_wall(exponent, place, angle):
    width = 10**exponent
    slot = geo.Rectangle((place, 0.5), (place + width, 2))
    square = (geo.Rectangle((0, 0), (1, 1)) - slot).rotate(angle)
    assert square.boundary_measure() == pytest.approx(5, abs=1e-6)  # less the opening, plus sides and end
    wall = square.sample_boundary(3000).points @ np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    on_top = wall[np.abs(wall[:, 1] - 1) < 1e-9, 0]
    assert not np.any((on_top > place + 1e-9) & (on_top < place + width - 1e-9))


def test_thin_openings_in_a_wall_that_two_shapes_share_and_in_space():
    channel, width = geo.Rectangle((-2.5, -0.5), (2.5, 0.5)), 1 / 2500
    chip = geo.Rectangle((-1, -0.5), (0, 0.1)) - geo.Rectangle((-0.5, -0.5), (-0.5 + width, 0))
    assert (channel - chip).boundary_measure() == pytest.approx(12 + 1.2 + 1 + 2 * width, abs=1e-6)
    inlet = channel.boundary_measure(where=lambda p: np.abs(p[:, 1] - 0.3) < width / 2)
    assert inlet == pytest.approx(2 * width, abs=1e-6)
    box = geo.Box((0, 0, 0), (1, 1, 1)) - geo.Box((0.3, -1, 0.5), (0.3 + 1e-5, 2, 2))
    top = box.sample_boundary(60_000, where=lambda p: p[:, 2] == 1).points[:, 0]
    assert not np.any((top > 0.3) & (top < 0.3 + 1e-5))


def test_a_corner_that_is_named_twice_counts_once():
    square = geo.Polygon([(0, 0), (1, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    assert np.allclose(square.sdf(np.array([[0.5, 0.5], [2, 0.5]])), [0.5, -1])
    assert square.sample_boundary(40).weights.sum() == pytest.approx(4)


def test_a_line_may_be_short():
    assert geo.Line((0, 0), (1e-9, 0)).boundary_measure() == 1e-9


# --- mistakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: geo.Circle((0, 0), -1), "radius must be positive"),
        (lambda: geo.Rectangle((1, 0), (0, 1)), "must lie below"),
        (lambda: geo.Rectangle((0, 0, 0), (1, 1, 1)), "2 coordinates, not 3"),
        (lambda: geo.Polygon([(0, 0), (1, 1)]), "three corners"),
        (lambda: geo.Polygon([(0, 0), (1, 1), (2, 2)]), "no area"),
        (lambda: geo.Polygon([(0, 0), (0, 0), (1, 1), (1, 1)]), "fewer than three of these differ"),
        (lambda: geo.Polygon([(0, 0), (2, 2), (2, 0), (0, 1)]), "start at corners 0 and 2 .* cross"),
        (lambda: geo.Polygon([(0, 0), (2, 0), (2, 1), (1, 0), (0, 1)]), "cross or touch"),
        (lambda: geo.Cylinder((0, 0, 0), 1, 0), "must be positive"),
        (lambda: geo.Line((0, 0), (0, 0)), "two different ends"),
        (lambda: geo.Line((0, 0), (0, float("nan"))), "2 finite coordinates"),
        (lambda: geo.Circle((0, float("nan")), 1), "2 finite coordinates"),
        (lambda: geo.Sphere((0, 0), 1), "3 finite coordinates"),
        (lambda: geo.Circle((0, 0), float("inf")), "must be positive"),
        (lambda: geo.Cylinder((0, 0, float("nan")), 1, 1), "3 finite coordinates"),
        (lambda: geo.Circle((0, 0), 1).translate((float("nan"), 0)), "2 finite coordinates"),
        (lambda: geo.Circle((0, 0), 1) + geo.Sphere((0, 0, 0), 1), "2D cannot be combined with one in 3D"),
        (lambda: geo.Circle((0, 0), 1).scale(-1), "positive factor"),
        (lambda: geo.Interval(0, 1).rotate(1), "cannot be turned"),
        (lambda: (geo.Circle((0, 0), 1) & geo.Circle((5, 0), 1)).sample_interior(9), "empty"),
        (lambda: (geo.Circle((0, 0), 1) - geo.Circle((0, 0), 2)).sample_interior(9), "empty"),
        (lambda: (geo.Circle((0, 0), 1) - geo.Circle((0, 0), 2)).sample_boundary(9), "no boundary"),
        (lambda: geo.Rectangle((0, 0), (1, 1)).sample_boundary(3), "4 pieces, so that 3 points are too few"),
        (lambda: geo.Circle((0, 0), 1).sample_interior(9, "grid"), "no sequence"),
        (lambda: geo.Circle((0, 0), 1).sample_boundary(9, where=lambda p: p[:, 0] > 3), "no boundary there"),
        (lambda: unit_points(10, 2, "grid"), "1, 4, 9"),
        (lambda: importance(np.array([1.0, -1.0]), 3), "non-negative"),
    ],
)
def test_mistakes_are_told_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("tolerance", [1e-3 / 8, 1e-6, 1e-9])
def test_a_tolerance_in_where_draws_no_slivers_of_other_sides(tolerance):
    plate = geo.Rectangle((0, 0), (2, 2)) - geo.Circle((0, 0), 0.5)
    rim = plate.sample_boundary(60, "grid", where=lambda p: np.hypot(*p.T) < 0.5 + tolerance)
    np.testing.assert_allclose(np.hypot(*rim.points.T), 0.5, rtol=1e-12)
    np.testing.assert_allclose(rim.normals, -rim.points / 0.5, atol=1e-9)
    np.testing.assert_allclose(rim.weights, np.pi / 4 / 60, rtol=1e-6)


@pytest.mark.parametrize("width", [1e-1, 1e-2, 1e-3, 1e-4])
def test_the_measure_of_a_thin_shape(width):
    strip = geo.Rectangle((0, 0), (1, 1)) - geo.Rectangle((width, -1), (2, 2))
    assert strip.sample_interior(50).weights.sum() == pytest.approx(width, rel=1e-3)
    if width >= 1e-3:
        sheet = geo.Box((0, 0, 0), (1, 1, 1)) - geo.Box((width, -1, -1), (2, 2, 2))
        assert sheet.sample_interior(50).weights.sum() == pytest.approx(width, rel=3e-3)


def test_an_area_whose_boundary_is_not_closed_is_counted():
    strip = geo.Channel2D((0, 0), (2, 1)) - geo.Rectangle((0.5, 0.25), (1.5, 0.75))
    assert strip.sample_interior(50).weights.sum() == pytest.approx(1.5, rel=0.01)


def test_values_of_another_shape_are_not_spread_over_the_points():
    cloud = geo.Rectangle((0, 0), (1, 1)).sample_interior(10)
    assert cloud.integrate(2.0) == pytest.approx(2)
    with pytest.raises(ValueError, match=r"\(10,\)"):
        cloud.integrate(np.ones((10, 1)))


@pytest.mark.parametrize(
    "shape",
    [
        geo.Rectangle((0, 0), (1, 1)),
        geo.Circle((0, 0), 1),
        geo.Line((0, 0), (1, 0)),
        geo.Box((0, 0, 0), (1, 1, 1)),
        geo.Cylinder((0, 0, 0), 1, 1),
        geo.Triangle([(0, 0), (1, 0), (0, 1)]),
    ],
)
def test_points_of_another_dimension_are_refused(shape):
    for dim in (1, 4):
        with pytest.raises(ValueError, match="have the shape"):
            shape.sdf(np.full((3, dim), 0.5))


def test_a_block_without_end_is_refused():
    with pytest.raises(ValueError, match="both finite"):
        geo.Rectangle((0, 0), (np.inf, 1))


def test_corners_and_faces_that_there_are_not_are_refused():
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    assert geo.Surface(corners, faces).measure == pytest.approx(1 / 6)
    for wrong in (faces + 0.6, faces - 4, faces + 1):
        with pytest.raises(ValueError, match="whole numbers from 0 to 3"):
            geo.Surface(corners, wrong)
    with pytest.raises(ValueError, match="not finite"):
        geo.Surface(np.where(corners == 1, np.nan, corners), faces)


@pytest.mark.parametrize("shape", [geo.Box((0, 0, 0), (1, 1, 1)), geo.Sphere((0, 0, 0), 1)])
def test_points_of_another_dimension_have_no_distance_to_a_surface_or_a_turned_shape(shape):
    box = trimesh.creation.box()
    for solid in (shape, geo.Surface(box.vertices, box.faces), shape.rotate(0.3)):
        for points in (np.zeros((4, 2)), np.zeros(3), np.zeros((1, 4))):
            with pytest.raises(ValueError, match="Points in 3D have the shape"):
                solid.sdf(points)
        assert solid.sdf(np.zeros((0, 3))).shape == (0,)
        assert np.isnan(solid.sdf(np.array([[np.nan, 0, 0]]))).all()
