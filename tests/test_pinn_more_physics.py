"""Lab 4's referees: closed forms satisfy their equations, finite elements reproduce a known flow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn import more_physics as referee
from utils import published

STEP = 1e-4


def derivative(function, points, axis):
    """Central difference of a function of points (n, 2)."""
    step = STEP * np.eye(2)[axis]
    return (function(points + step) - function(points - step)) / (2 * STEP)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 1.5), st.floats(-3, 3), st.integers(0, 1000))
def test_plate_stress_is_in_balance_and_leaves_the_hole_free(radius, tension, seed):
    rng = np.random.default_rng(seed)
    angle, distance = rng.uniform(0, 2 * np.pi, 50), radius * rng.uniform(1.1, 5, 50)
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def stress(points):
        return referee.plate_stress(points, radius, tension)

    along_x = derivative(stress, distance[:, None] * direction, 0)
    along_y = derivative(stress, distance[:, None] * direction, 1)
    assert np.allclose(along_x[:, 0] + along_y[:, 2], 0, atol=1e-4)
    assert np.allclose(along_x[:, 2] + along_y[:, 1], 0, atol=1e-4)
    xx, yy, xy = stress(radius * direction).T
    assert np.allclose(xx * direction[:, 0] + xy * direction[:, 1], 0, atol=1e-12)
    assert np.allclose(xy * direction[:, 0] + yy * direction[:, 1], 0, atol=1e-12)
    assert np.allclose(stress(1e5 * direction), [tension, 0, 0], atol=1e-8)
    assert np.isclose(stress(np.array([[0, radius]]))[0, 0], 3 * tension)


@settings(max_examples=20, deadline=None)
@given(st.floats(3.3, 12), st.floats(0.5, 3), st.lists(st.floats(-2, 2), min_size=1, max_size=3))
def test_waveguide_field_satisfies_helmholtz_and_its_ends(wavenumber, length, amplitudes):
    def field(points):
        return referee.waveguide_field(*points.T, wavenumber, length, amplitudes)

    rng = np.random.default_rng(0)
    points = rng.random((40, 2)) * [length, 1]
    curvature = sum(
        field(points + STEP * unit) - 2 * field(points) + field(points - STEP * unit) for unit in np.eye(2)
    )
    size = 1 + np.abs(field(points)).max()
    assert np.abs(curvature / STEP**2 + wavenumber**2 * field(points)).max() < 1e-3 * wavenumber**2 * size
    y = rng.random(20)
    start = sum(a * np.sin((m + 1) * np.pi * y) for m, a in enumerate(amplitudes))
    assert np.allclose(field(np.stack([0 * y, y], axis=1)), start)
    end = np.stack([np.full(20, length), y], axis=1)
    beta = np.sqrt(wavenumber**2 - np.pi**2)
    assert np.allclose(derivative(field, end, 0), 1j * beta * field(end), atol=1e-4 * size * wavenumber)


def test_warm_flow_without_heat_is_poiseuille():
    flow = referee.warm_flow(4, 2.0, 0.1, 0.1, 5.0, lambda x: 0 * x, lambda y: 6 * y * (1 - y))
    x, y = np.linspace(0.1, 1.9, 30), np.linspace(0.05, 0.95, 30)
    u, v, p, heat = flow.probe(x, y).T
    assert np.allclose(u, 6 * y * (1 - y), atol=1e-8)
    assert np.allclose(v, 0, atol=1e-8)
    assert np.allclose(p, 12 * 0.1 * (2.0 - x), atol=1e-6)
    assert np.allclose(heat, 0)


def test_warm_flow_converges_and_feels_its_heat():
    def floor(x):
        return np.sin(np.pi * x / 2) ** 2

    settings = (2.0, 0.1, 0.1, 4.0, floor, lambda y: 6 * y * (1 - y))
    x, y = np.random.default_rng(0).random((2, 200)) * [[2], [1]]
    coarse, middle, fine = (referee.warm_flow(cells, *settings).probe(x, y) for cells in (3, 6, 12))
    assert np.linalg.norm(middle - fine) < 0.4 * np.linalg.norm(coarse - middle)
    assert np.abs(fine[:, 1]).max() > 0.02
    with pytest.raises(RuntimeError, match="lower the buoyancy"):
        referee.warm_flow(3, 2.0, 0.01, 0.01, 1e5, floor, lambda y: 6 * y * (1 - y))


def test_published_profiles_obey_mass_balance():
    """Through either centre line of a closed box flows nothing in all."""
    y, x = np.r_[1, published.CAVITY_Y, 0], np.r_[1, published.CAVITY_X, 0]
    assert np.all(np.diff(y) < 0)
    assert np.all(np.diff(x) < 0)
    for u, v in (*published.GHIA.values(), published.BOTELLA_PEYRET_1000):
        assert abs(np.trapezoid(np.r_[1, u, 0], y)) < 0.025
        assert abs(np.trapezoid(np.r_[0, v, 0], x)) < 0.025


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_a_mode_at_its_cut_off_has_the_limit(mode):
    x, y = np.meshgrid(np.linspace(0, 2, 9), np.linspace(0, 1, 5))
    at, near = (
        referee.waveguide_field(x, y, k, 2.0, (1, 0.5, 0.2))
        for k in (mode * np.pi, mode * np.pi * (1 + 1e-12))
    )
    assert np.allclose(at, near, atol=1e-4)


def test_no_stress_is_invented_in_the_hole():
    assert np.allclose(referee.plate_stress(np.array([[0.0, 0.3]]), 0.3)[0], [3, 0, 0])
    with pytest.raises(ValueError, match="1 of 2 points lie in the hole"):
        referee.plate_stress(np.array([[1.0, 0], [0, 0]]), 0.3)
