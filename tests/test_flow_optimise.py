"""Bodies described by coefficients: area, distance and its derivative; the clocks of the benchmark."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from flow import benchmark, optimise, shapes, solver

CENTER = (0.6, 0.5)
coefficients = st.lists(st.floats(-0.25, 0.25), min_size=8, max_size=8).map(np.array)


@settings(max_examples=15, deadline=None)
@given(coefficients, st.floats(0.02, 0.12))
def test_area_and_distance_are_those_of_the_body(c, area):
    body = optimise.body(c, area, CENTER)
    assert body.area == pytest.approx(area, rel=0.02)
    mine = np.asarray(optimise.distance(c.astype(np.float32), area, CENTER, 32, 64))
    exact = shapes.signed_distance((body,), 32, 64)
    assert np.allclose(np.abs(mine), np.abs(exact), atol=2e-3)
    clear = np.abs(exact) > 0.2  # the curve bulges over its chords by less than this
    assert np.array_equal(mine[clear] < 0, exact[clear] < 0)


def test_derivative_of_the_distance_is_that_of_differences():
    c = np.array([0.1, 0.2, -0.1, 0.05, 0.1, -0.05, 0, 0.02], np.float32)
    x = tf.constant(c)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(tf.square(optimise.distance(x, 0.06, CENTER, 16, 32)))
    gradient = tape.gradient(value, x).numpy()

    def total(point):
        return float(
            np.sum(np.square(np.asarray(optimise.distance(point, 0.06, CENTER, 16, 32)), dtype=float))
        )

    differences = [(total(c + h) - total(c - h)) / 2e-2 for h in 1e-2 * np.eye(8, dtype=np.float32)]
    assert np.allclose(gradient, differences, rtol=0.02, atol=0.02 * np.abs(gradient).max())


def test_an_unsteady_body_is_refused_with_a_sentence(monkeypatch):
    flow = solver.Flow(np.zeros((16, 32, 2)), np.ones((16, 32)), np.zeros(2), 0.0, 0.0, 1, False, 1.0, 0.0)
    monkeypatch.setattr(solver, "solve_steady", lambda *args, **options: flow)
    with pytest.raises(ValueError, match="not steady"):
        optimise.solve(np.zeros(8), 0.06, CENTER, 16, 100.0)


def test_drag_network_is_smooth_in_the_shape():
    keras.utils.set_random_seed(0)
    network = optimise.drag_network(32, 64)
    shape = tf.constant(np.zeros(8, np.float32))
    with tf.GradientTape() as tape:
        tape.watch(shape)
        value = network(optimise.distance(shape, 0.06, CENTER, 32, 64)[None, ..., None], training=False)
    gradient = tape.gradient(value, shape).numpy()
    assert np.all(np.isfinite(gradient))
    assert np.linalg.norm(gradient) > 0


def test_coarse_solver_is_near_the_fine_one_and_respects_the_body():
    distance = shapes.signed_distance((shapes.Ellipse((0.6, 0.5), (0.15, 0.15)),), 32, 64)
    fine = solver.solve_steady(distance < 0, distance=distance, reynolds=50).velocity / 0.1
    coarse = benchmark.coarse_flow(distance, 50)
    fluid = distance >= 0
    assert not coarse[~fluid].any()
    assert np.linalg.norm((coarse - fine)[fluid]) < 0.2 * np.linalg.norm(fine[fluid])
    assert benchmark.cold_steps(distance, 50) > 500
    assert benchmark.numpy_seconds_per_step(distance, 50, num_steps=3) > 0
