"""The chip challenge: geometry, reference, corner flows, local networks, viscosity from a flow."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn import chip as challenge
from pinn.chip import CEILING, FLOOR, FRONT, HEIGHTS, LEFT, RIGHT, VISCOSITY, WIDTHS, Chip
from pinn.geometry_network import GeometryNetworks
from pinn.local_networks import CornerMode, LocalNetworks, ParameterizedNetworks, find_viscosity

chips = st.builds(Chip, st.floats(*HEIGHTS), st.floats(*WIDTHS))


@pytest.fixture(scope="module")
def coarse(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTCAMP_CACHE", str(tmp_path_factory.mktemp("chip")))
        yield challenge.reference(finest=0.02)


@pytest.fixture(scope="module")
def networks():
    nets = LocalNetworks(Chip(), width=60)
    nets.train(5, quiet=True)
    return nets


@given(chips)
def test_grid_points_lie_in_the_fluid_and_fill_it(chip):
    points = chip.grid(20)
    assert not chip.covers(points).any()
    assert len(points) / 400 == pytest.approx(5 - chip.height * chip.width, abs=0.06)
    assert chip.wall_distance(points).min() >= 0


@given(chips, st.floats(-2.4, 2.4), st.floats(-0.49, 0.49))
def test_wall_distance_is_the_distance_to_the_nearest_wall(chip, x, y):
    point = np.array([[x, y]])
    if chip.covers(point)[0]:
        return
    t = np.linspace(0, 1, 4001)
    line = np.ones_like(t)
    walls = [
        (-2.5 + 5 * t, 0.5 * line), (-2.5 + 5 * t, -0.5 * line), (FRONT * line, -0.5 + chip.height * t),
        (chip.back * line, -0.5 + chip.height * t), (FRONT + chip.width * t, chip.top * line),
    ]  # fmt: skip
    nearest = min(np.hypot(x - a, y - b).min() for a, b in walls)
    assert chip.wall_distance(point)[0] == pytest.approx(nearest, abs=2e-3)


@pytest.mark.parametrize("size", [(0, 1), (1, 1), (0.6, 0), (0.6, 4), (float("nan"), 1)])
def test_a_chip_that_does_not_fit_is_refused(size):
    with pytest.raises(ValueError, match="does not fit"):
        Chip(*size)


@given(chips)
def test_sections_and_faces_integrate_polynomials_exactly(chip):
    points, weights = challenge.sections(chip)
    beside = (points[:, 0, 0] <= FRONT) | (points[:, 0, 0] >= chip.back)
    heights = np.where(beside, 1, 1 - chip.height)
    assert np.allclose(weights.sum(axis=1), heights)
    assert np.allclose((weights * challenge.inflow(points[..., 1])).sum(axis=1)[beside], 1)
    assert challenge.pressure_drag(lambda p: np.stack([0 * p[:, 0]] * 2 + [-p[:, 0]], 1), chip) == (
        pytest.approx(chip.height * chip.width)
    )


def test_reference_obeys_its_conditions(coarse):
    y = np.linspace(-0.49, 0.49, 21)
    inlet = coarse(np.stack([np.full(21, -2.5), y], axis=1))
    assert np.allclose(inlet[:, 0], challenge.inflow(y), atol=1e-9)
    assert np.allclose(inlet[:, 1], 0, atol=1e-9)
    walls = [[-2.0, -0.5], [0.5, 0.5], [-1.0, -0.2], [0.0, -0.2], [-0.5, 0.1]]
    assert np.abs(coarse(np.array(walls))[:, :2]).max() < 1e-9
    outlet = coarse(np.stack([np.full(21, 2.5), y], axis=1))
    assert np.abs(outlet[:, 2]).max() < 0.02
    assert challenge.mass_imbalance(coarse, coarse.chip) < 0.005
    assert coarse.drag > challenge.pressure_drag(coarse, coarse.chip) * 0.9


def test_reference_converges_with_the_mesh(coarse):
    points = coarse.chip.grid(20)
    fine, rough = (challenge.reference(finest=size)(points) for size in (0.01, 0.04))
    assert (challenge.relative_l2(coarse(points), fine) < 0.7 * challenge.relative_l2(rough, fine)).all()
    assert challenge.relative_l2(coarse(points), fine).max() < 0.03


@pytest.mark.parametrize("width", WIDTHS)
def test_newton_converges_for_the_highest_chips(width, coarse):
    high = challenge.reference(Chip(HEIGHTS[1], width), finest=0.02)
    assert high.drag > 4 * coarse.drag
    assert challenge.mass_imbalance(high, high.chip) < 0.01


def test_the_lattice_boltzmann_solver_of_lab_3_agrees(coarse):
    from flow.solver import solve_steady

    x, y = -2.5 + (np.arange(200) + 0.5) / 40, -0.5 + (np.arange(40) + 0.5) / 40
    cells = np.stack(np.meshgrid(x, y), axis=-1)
    solid = coarse.chip.covers(cells.reshape(-1, 2)).reshape(40, 200)
    flow = solve_steady(solid, reynolds=1.5 / VISCOSITY, u_max=0.05)
    assert flow.converged
    truth = coarse(cells[~solid])[:, :2]
    difference = np.linalg.norm(flow.velocity[~solid] * 30 - truth, axis=0) / np.linalg.norm(truth, axis=0)
    assert difference[0] < 0.04
    assert difference[1] < 0.12


def test_upstream_the_pressure_falls_as_in_an_empty_channel(coarse):
    ends = coarse(np.array([[-2.4, 0.0], [-2.0, 0.0]]))
    assert (ends[0, 2] - ends[1, 2]) / 0.4 == pytest.approx(12 * VISCOSITY, rel=0.03)


@pytest.mark.parametrize("kind", [0, 1])
@given(angle=st.floats(-0.74, 0.74), radius=st.floats(0.05, 1))
@settings(max_examples=30, deadline=None)
def test_corner_modes_obey_stokes_and_no_slip(kind, angle, radius):
    mode = CornerMode((-1.0, 0.1), 0.75 * np.pi, kind, VISCOSITY)

    def at(turn):
        phi = turn * np.pi + 0.75 * np.pi
        return torch.tensor([[-1 + radius * np.cos(phi), 0.1 + radius * np.sin(phi)]])

    f = mode.derivatives(at(angle))
    scale = float(VISCOSITY * (f[0, 3].abs() + f[2, 1].abs() + f[3, 0].abs() + f[1, 2].abs()))
    assert abs(float(f["p_x"] - VISCOSITY * (f[2, 1] + f[0, 3]))) < 1e-9 * (1 + scale)
    assert abs(float(f["p_y"] + VISCOSITY * (f[3, 0] + f[1, 2]))) < 1e-9 * (1 + scale)
    for wall in (-0.75 + 1e-12, 0.75 - 1e-12):
        g = mode.derivatives(at(wall))
        assert max(abs(float(g[key])) for key in ((0, 0), (1, 0), (0, 1))) < 1e-9


def test_corner_mode_derivatives_agree_with_differences():
    mode = CornerMode((0.0, 0.1), 0.25 * np.pi, 0, VISCOSITY)
    points, step = torch.tensor([[0.2, 0.3], [-0.3, 0.2], [0.1, -0.4]]), 1e-5
    for axis, pairs in (
        (0, [((0, 0), (1, 0)), ((1, 1), (2, 1)), ((0, 2), (1, 2)), ("p", "p_x")]),
        (1, [((0, 0), (0, 1)), ((0, 2), (0, 3)), ((2, 0), (2, 1)), ("p", "p_y")]),
    ):
        shift = torch.zeros(2)
        shift[axis] = step
        up, down, here = (mode.derivatives(points + k * shift) for k in (1, -1, 0))
        for low, high in pairs:
            assert torch.allclose((up[low] - down[low]) / (2 * step), here[high], atol=1e-7)


def test_features_of_networks_agree_with_differences(networks):
    patch, step = (1, 0), 1e-5
    points = torch.tensor([[-1.5, -0.2], [-1.4, 0.05]])
    f = networks.features(patch, points)
    for axis, low, high in ((0, (0, 0), (1, 0)), (0, (0, 2), (1, 2)), (1, (2, 0), (2, 1)), (1, "p", "p_y")):
        shift = torch.zeros(2)
        shift[axis] = step
        up, down = networks.features(patch, points + shift), networks.features(patch, points - shift)
        assert torch.allclose((up[low] - down[low]) / (2 * step), f[high], atol=1e-6)


def test_small_networks_find_the_flow_in_seconds(networks, coarse):
    points = coarse.chip.grid(20)
    u, v, p = challenge.relative_l2(networks(points), coarse(points))
    assert u < 0.1
    assert v < 0.25
    assert p < 0.1
    assert challenge.mass_imbalance(networks, coarse.chip) < 0.01


def test_the_flow_is_continuous_across_patches(networks):
    y = np.linspace(-0.45, 0.45, 10)
    for x in (-1.6, -1.2, 0.3):
        left, right = (networks(np.stack([np.full(10, x + side * 1e-9), y], axis=1)) for side in (-1, 1))
        assert np.abs(left - right)[:, :2].max() < 0.1


def test_points_on_walls_are_answered(networks):
    points = np.concatenate([challenge.face_points(Chip())[0], [[-2.5, 0.0], [2.5, 0.5], [-0.5, 0.1]]])
    found = networks(points)
    assert np.isfinite(found).all()
    assert challenge.pressure_drag(networks, Chip()) == pytest.approx(4.3, abs=1.5)


def test_a_corner_has_the_velocity_0_and_no_pressure_and_says_so(networks):
    corners = np.array(Chip().corners)
    with pytest.warns(UserWarning, match="2 of 3 points are upper corners of the chip"):
        found = networks(np.concatenate([corners, [[-0.5, 0.3]]]))
    assert np.array_equal(found[:2, :2], np.zeros((2, 2)))
    assert np.array_equal(np.isnan(found[:, 2]), [True, True, False])
    without = LocalNetworks(Chip(), width=8, corners=False)
    assert np.isfinite(without(corners)).all()


@pytest.mark.parametrize("kind", [0, 1])
def test_corner_modes_in_the_corner_itself(kind):
    mode = CornerMode((-1.0, 0.1), 0.75 * np.pi, kind, 0.02)
    found = mode.derivatives(torch.tensor([[-1.0, 0.1]], dtype=torch.float64))
    assert all(found[order].item() == 0 for order in ((0, 0), (1, 0), (0, 1)))
    assert all(found[name].isnan().item() for name in ((2, 0), (1, 1), (0, 3), "p", "p_x"))


@pytest.mark.parametrize("point", [(-0.5, 0.0), (3, 0), (0, 0.6), (float("nan"), 0)])
def test_a_point_without_fluid_is_refused_by_every_flow(point, coarse, networks):
    family = ParameterizedNetworks((0.5, 0.6), (0.9, 1.0), nodes=(2, 2), width=4)
    family.train(1, quiet=True)
    for flow in (coarse, networks, family.at(Chip())):
        with pytest.raises(ValueError, match="1 of 2 points lie in the chip or outside"):
            flow(np.array([(-2.0, 0.0), point]))


@settings(deadline=None, max_examples=20)
@given(chips)
def test_a_family_answers_on_faces_corners_and_borders_of_patches_as_beside_them(chip):
    family = ParameterizedNetworks(HEIGHTS, WIDTHS, nodes=(2, 2), width=6)
    family.table = torch.linspace(-1, 1, 4 * len(LocalNetworks(chip, 6).weights)).reshape(2, 2, -1)
    flow, cuts = family.at(chip), LocalNetworks(chip, 1)
    low = (FRONT, chip.top - chip.height / 2), (chip.back, chip.top - chip.height / 2), (-0.8, chip.top)
    walls = np.array(
        [*low, (LEFT, 0.0), (RIGHT, 0.0), (LEFT, FLOOR), (RIGHT, CEILING), (FRONT, FLOOR), (chip.back, FLOOR)]
    )
    into = np.array([(-1, 0), (1, 0), (0, 1), (1, 0), (-1, 0), (1, 1), (-1, -1), (-1, 1), (1, 1)])
    assert np.allclose(flow(walls), flow(walls + 2e-9 * into), rtol=1e-5, atol=1e-5)
    borders = np.array([(x, y) for x in cuts.x_cuts for y in cuts.y_cuts])
    with pytest.warns(UserWarning, match="2 of .* points are upper corners"):
        assert np.isfinite(flow(borders[~chip.covers(borders)])[:, :2]).all()


@settings(deadline=None, max_examples=20)
@given(chips, st.sampled_from([np.float64, np.float32, np.float16]))
def test_a_point_within_rounding_of_a_wall_is_on_it(chip, kind):
    faces = [(FRONT, -0.45), (chip.back, -0.45), (FRONT + 0.1, chip.top), *chip.corners]
    walls = np.array([*faces, (LEFT, 0.0), (RIGHT, 0.0), (0.5, FLOOR), (0.5, CEILING)])
    off = 0.0 if kind != np.float64 else 9e-10
    for step in ((off, off), (-off, off), (off, -off), (-off, -off)):
        found = chip.in_fluid((walls + step).astype(kind))
        for number, axis in enumerate((0, 0, 1, (0, 1), (0, 1), 0, 0, 1, 1)):
            assert np.array_equal(found[number][[axis]], walls[number][[axis]]), number
    given = np.array([(FRONT + 5e-10, -0.3)])
    chip.in_fluid(given)
    assert given[0, 0] == FRONT + 5e-10, "a learner's own points are not changed"


@pytest.mark.parametrize("off", [1e-16, 5e-10])
def test_no_flow_changes_by_a_rounding_into_the_chip(off, coarse, networks):
    family = ParameterizedNetworks((0.5, 0.6), (0.9, 1.0), nodes=(2, 2), width=4)
    family.train(1, quiet=True)
    chip = Chip()
    walls = np.array([(FRONT, -0.3), (chip.back, -0.3), (-0.5, chip.top)])
    inside = walls + off * np.array([(1, 0), (-1, 0), (0, -1)])
    for flow in (coarse, networks, family.at(chip)):
        assert np.array_equal(flow(inside), flow(walls))
        assert flow(np.zeros((0, 2))).shape == (0, 3)


def test_a_corner_by_rounding_is_a_corner(networks):
    corners = np.array(Chip().corners) + [[0, 1e-16], [1e-10, 0]]
    with pytest.warns(UserWarning, match="2 of 2 points are upper corners"):
        assert np.isnan(networks(corners)[:, 2]).all()


@pytest.mark.parametrize("size", [(0.3, 1.0), (0.9, 1.0), (0.6, 0.5), (0.6, 1.5)])
def test_a_chip_outside_of_a_family_is_refused(size):
    family = ParameterizedNetworks(HEIGHTS, WIDTHS, nodes=(2, 2), width=4)
    family.table = torch.zeros(2, 2, len(LocalNetworks(Chip(), 4).weights))
    for networks in (family, GeometryNetworks(width=4, nodes=(2, 2))):
        with pytest.raises(ValueError, match="lies outside of the family"):
            networks.at(Chip(*size))


def test_a_family_gives_the_trained_flow_at_a_node_and_keeps_the_flux_between():
    family = ParameterizedNetworks((0.5, 0.6), (0.9, 1.0), nodes=(2, 2), width=16)
    with pytest.raises(ValueError, match="not trained"):
        family.at(Chip())
    family.train(1, quiet=True)
    node = Chip(family.heights[1], family.widths[0])
    nets = LocalNetworks(node, 16)
    nets.weights = family.table[1, 0]
    assert np.allclose(family.at(node)(node.grid(10)), nets(node.grid(10)), atol=1e-9)
    between = Chip(0.55, 0.95)
    by_weights = sum(
        challenge.mass_imbalance(family.at(Chip(h, w)), Chip(h, w))
        for h in family.heights
        for w in family.widths
    )
    assert challenge.mass_imbalance(family.at(between), between) < by_weights


def test_viscosity_is_found_in_a_flow(coarse):
    points = coarse.chip.grid(12)
    rows, _ = find_viscosity(points, coarse(points), coarse.chip, width=80, steps=7, quiet=True)
    assert rows["viscosity"].iloc[-1] == pytest.approx(VISCOSITY, rel=0.05)


@pytest.mark.parametrize(
    ("points", "measured", "sentence"),
    [
        ([[1.0, 0], [-0.5, 0]], np.zeros((2, 3)), "1 of 2 points lie in the chip"),
        ([[1.0, 0], [1.2, 0]], np.full((2, 3), np.nan), "finite u, v, p"),
        ([[1.0, 0], [1.2, 0]], np.zeros((2, 2)), "finite u, v, p"),
    ],
)
def test_a_measurement_where_no_fluid_is_finds_no_viscosity(points, measured, sentence):
    with pytest.raises(ValueError, match=sentence):
        find_viscosity(np.array(points), measured, Chip(), quiet=True)
