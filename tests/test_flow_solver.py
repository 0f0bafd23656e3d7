"""The lattice-Boltzmann solver against closed forms, conservation laws and published benchmarks."""

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow import benchmark, lattice, shapes, solver
from flow.solver import Simulation, channel_inflow, solve_steady

NY, NX = 32, 64


def cylinder(ny: int, nx: int, radius: float, x: float, y: float) -> np.ndarray:
    """(ny, nx) signed distance in cells of a circle around (x, y), cell (0, 0) having its centre at (0.5, 0.5)."""
    rows, columns = np.mgrid[:ny, :nx] + 0.5
    return (np.hypot(columns - x, rows - y) - radius).astype(np.float32)


BODY = cylinder(NY, NX, 5.0, 20.0, 15.0)


def poiseuille(ny: int, magic: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Velocity in the middle of an empty channel, and the parabola at its inlet, relative to u_max."""
    u_max = 0.4 / ny
    inflow = channel_inflow(ny, u_max)
    channel = Simulation(np.zeros((ny, 4 * ny), bool), 0.1, inflow=inflow, outlet=True, magic=magic)
    channel.run(40 * ny**2)
    return channel.velocity()[:, 2 * ny, 0].astype(float) / u_max, inflow / u_max


def test_poiseuille_profile_is_second_order():
    errors = [abs(np.subtract(*poiseuille(ny, None))).max() for ny in (8, 16)]
    assert 1.8 < np.log2(errors[0] / errors[1]) < 2.2
    assert errors[1] < 0.005


@pytest.mark.parametrize(("magic", "exact"), [(3 / 16, True), (1 / 4, False), (None, False)])
def test_magic_number_puts_the_walls_exactly_half_way(magic, exact):
    profile, parabola = poiseuille(12, magic)
    error = abs(profile / profile.sum() - parabola / parabola.sum()).max() * parabola.sum()
    assert (error < 1e-5) if exact else (error > 1e-3)


def test_closed_box_keeps_its_mass():
    box = Simulation(np.zeros((20, 24), bool), 0.05, lid_speed=0.1)
    box.run(3000)
    assert abs(box.density().mean() - 1) < 1e-5
    assert box.velocity()[-1, :, 0].max() > 0.05


@given(
    st.lists(
        st.tuples(st.integers(0, 15), st.integers(0, 19), st.integers(1, 9), st.integers(1, 9)), max_size=4
    ),
    st.floats(0.01, 0.5),
)
@settings(max_examples=25, deadline=None)
def test_bodies_in_a_closed_box_neither_take_nor_give_mass(boxes, viscosity):
    solid = np.zeros((16, 20), bool)
    for y, x, height, width in boxes:
        solid[y : y + height, x : x + width] = True
    box = Simulation(solid, viscosity)
    velocity = np.zeros((16, 20, 2))
    velocity[..., 0] = 0.03
    box.set_state(velocity)
    before = box.density()[~solid].sum()
    box.run(150)
    assert box.density()[~solid].sum() == pytest.approx(before, abs=1e-3)
    assert not box.velocity()[solid].any()


def test_flux_is_the_same_through_every_column():
    flow = solve_steady(BODY < 0, reynolds=20)
    flux = flow.velocity[..., 0].sum(0)
    assert flow.converged
    assert np.ptp(flux) / flux.mean() < 1e-3


def test_force_on_the_body_balances_pressure_and_wall_friction():
    flow = solve_steady(BODY < 0, reynolds=20, tolerance=1e-6)
    viscosity = 0.1 * NY / 20
    left, right = 3, NX - 3
    momentum = flow.velocity[..., 0] ** 2 + (flow.density - 1) / 3
    u = flow.velocity[:, left:right, 0]
    friction = viscosity * (3 * (u[0] + u[-1]) - (u[1] + u[-2]) / 3).sum()  # du/dy at the walls, second order
    balance = (
        momentum[:, left - 1 : left + 1].mean(1).sum() - momentum[:, right - 1 : right + 1].mean(1).sum()
    )
    assert flow.force[0] == pytest.approx(balance - friction, rel=0.02)


def test_mirrored_body_gives_mirrored_flow():
    up = solve_steady(BODY < 0, distance=BODY, reynolds=20)
    down = solve_steady(BODY[::-1] < 0, distance=BODY[::-1], reynolds=20)
    np.testing.assert_allclose(up.velocity[..., 0], down.velocity[::-1, :, 0], atol=2e-5)
    assert up.force[1] == pytest.approx(-down.force[1], rel=1e-2)
    assert up.torque == pytest.approx(-down.torque, rel=1e-2)


def cylinder_drag(cells: int, interpolated: bool) -> float:
    """Drag coefficient of the Schaefer-Turek cylinder 2D-1, `cells` across the diameter."""
    ny, nx, u_max = round(4.1 * cells), 22 * cells, 0.1
    distance = cylinder(ny, nx, cells / 2, 2 * cells, 2 * cells)
    channel = Simulation(
        distance < 0, 2 / 3 * u_max * cells / 20, inflow=channel_inflow(ny, u_max), outlet=True,
        distance=distance if interpolated else None,
    )  # fmt: skip
    channel.run(10000)
    return 2 * channel.force()[0][0] / ((2 / 3 * u_max) ** 2 * cells)


def test_interpolated_walls_are_closer_to_the_published_drag_than_half_way_walls():
    published = 5.5795  # Schaefer and Turek (1996), 2D-1: 5.57 to 5.59
    half_way, interpolated = cylinder_drag(10, False), cylinder_drag(10, True)
    assert abs(interpolated / published - 1) < 0.005
    assert abs(half_way / published - 1) > 2 * abs(interpolated / published - 1)


def test_relaxation_rates():
    even, odd = lattice.relaxation_rates(0.1, 3 / 16)
    assert (1 / even - 0.5) / 3 == pytest.approx(0.1)
    assert (1 / even - 0.5) * (1 / odd - 0.5) == pytest.approx(3 / 16)
    assert len(set(lattice.relaxation_rates(0.1, None))) == 1
    with pytest.raises(ValueError, match="must be positive"):
        lattice.relaxation_rates(0.0)


def test_equilibrium_holds_density_and_velocity():
    velocity = np.random.default_rng(0).normal(0, 0.05, (3, 4, 2))
    f = lattice.equilibrium(np.full((3, 4), 1.01), velocity)
    np.testing.assert_allclose(f.sum(0), 0.01, atol=1e-12)
    np.testing.assert_allclose(np.tensordot(lattice.VELOCITY_X, f, 1), velocity[..., 0], atol=1e-12)
    np.testing.assert_allclose(np.tensordot(lattice.VELOCITY_Y, f, 1), velocity[..., 1], atol=1e-12)


def test_odd_numbers_of_steps_add_up():
    whole, parts = (Simulation(BODY < 0, 0.05, inflow=channel_inflow(NY, 0.1)) for _ in range(2))
    whole.run(60)
    for steps in (1, 7, 2, 33, 17):
        parts.run(steps)
    np.testing.assert_allclose(whole.velocity(), parts.velocity(), atol=1e-6)


@pytest.mark.parametrize("num_threads", [2, 3, 50])
def test_threads_do_not_change_the_flow(num_threads, monkeypatch):
    monkeypatch.setattr(solver, "LEAST_WORK", 1)
    distance = cylinder(96, 192, 20.0, 60.0, 48.0)
    runs = []
    for threads in (1, num_threads):
        channel = Simulation(
            distance < 0,
            0.05,
            inflow=channel_inflow(96, 0.1),
            outlet=True,
            distance=distance,
            num_threads=threads,
        )
        channel.run(100)
        runs.append(channel.velocity())
    np.testing.assert_allclose(*runs, atol=1e-6)


def test_start_from_a_coarse_grid_leads_to_the_same_flow_in_fewer_steps():
    distance = cylinder(64, 128, 9.0, 40.0, 30.0)
    fast = solve_steady(distance < 0, distance=distance)
    velocity = np.zeros((64, 128, 2), np.float32)
    velocity[..., 0] = channel_inflow(64, 0.1)[:, None]
    rest = dataclasses.replace(fast, velocity=velocity, density=np.ones((64, 128), np.float32))
    plain = solve_steady(distance < 0, distance=distance, start=rest)
    assert fast.converged
    assert plain.converged
    assert np.linalg.norm(fast.velocity - plain.velocity) < 1e-3 * np.linalg.norm(plain.velocity)
    assert fast.drag_coefficient == pytest.approx(plain.drag_coefficient, rel=1e-3)
    assert fast.steps < 0.8 * plain.steps


def test_unsteady_flow_is_flagged():
    distance = cylinder(64, 128, 8.0, 30.0, 30.0)
    flow = solve_steady(distance < 0, distance=distance, reynolds=1000)
    assert not flow.converged


def test_bodies_in_the_outlet_or_at_the_lid_are_refused():
    solid = np.zeros((NY, NX), bool)
    solid[10:20, -5:] = True
    with pytest.raises(ValueError, match="reaches the outlet"):
        Simulation(solid, 0.1, outlet=True)
    with pytest.raises(ValueError, match="touches the lid"):
        Simulation(solid[:20], 0.1, lid_speed=0.1)
    assert np.isfinite(solve_steady(solid, reynolds=20, max_steps=200).velocity).all()


BLOCKED = np.zeros((NY, NX), bool)
BLOCKED[:, 30] = True


@pytest.mark.parametrize(
    ("solid", "options", "message"),
    [
        (np.zeros((NY, NX)), {}, "boolean array"),
        (np.zeros((NY, NX, 1), bool), {}, "boolean array"),
        (np.zeros((3, 3), bool), {}, "at least 4 cells"),
        (BLOCKED, {}, "block the channel"),
        (BODY < 0, {"distance": BODY[:, :-1]}, "shape"),
        (BODY < 0, {"distance": -BODY}, "negative exactly in the solid"),
        (BODY < 0, {"reynolds": 0}, "reynolds > 0"),
        (BODY < 0, {"u_max": 0.5}, "u_max < 0.3"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(solid, options, message):
    with pytest.raises(ValueError, match=message):
        solve_steady(solid, **options)


def test_a_grid_twice_as_fine_and_processor_time_are_measured():
    """The solver's own error is below a per cent on cars, and its change over the last interval is far below that."""
    assert benchmark.grid_error(shapes.car(0), 64, 128, 100.0) < 0.01
    distance = shapes.signed_distance(shapes.car(0), 32, 64)[None]
    assert 0 < benchmark.solver_seconds(distance, 100.0, clock=time.process_time) < 60


def test_a_distance_that_is_not_finite_is_refused():
    solid = np.zeros((8, 16), bool)
    distance = np.full((8, 16), 5.0)
    distance[3, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        solve_steady(solid, distance=distance)


def test_a_body_in_the_inlet_is_refused():
    solid = np.zeros((16, 32), bool)
    solid[6:10, :3] = True
    with pytest.raises(ValueError, match="the inlet"):
        solve_steady(solid)
