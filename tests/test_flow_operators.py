"""Notebook 06 of Lab 3: places, features that know no grid, interpolation."""

import numpy as np
import pytest

from flow import models, operators, shapes, solver


def plane(rows: int) -> np.ndarray:
    """2 x + 3 y at the cell centres, (1, rows, 2 rows, 1)."""
    place = operators.places(np.ones((1, rows, 2 * rows)))
    return 2 * place[..., :1] + 3 * place[..., 1:2]


def test_the_places_of_a_grid_are_its_cell_centres_in_channel_heights():
    place = operators.places(np.full((2, 4, 8), 3.0))
    assert place.shape == (2, 4, 8, 3)
    assert place[1, 0, 0] == pytest.approx([0.125, 0.125, 0.75])
    assert place[1, -1, -1] == pytest.approx([1.875, 0.875, 0.75])


def test_interpolation_is_exact_for_a_plane():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.1, 1.9, (3, 5)), rng.uniform(0.1, 0.9, (3, 5))
    assert np.allclose(operators.interpolate(plane(8), x, y)[0, ..., 0], 2 * x + 3 * y, atol=1e-5)


def test_a_flow_is_interpolated_to_rest_at_the_walls():
    flow = np.ones((1, 8, 16, 2), np.float32)
    x, y = np.array([0.7, 0.7, 0.7]), np.array([0.0, 0.5, 1.0])
    assert operators.interpolate(flow, x, y, wall=0.0)[0, :, 0] == pytest.approx([0, 1, 0])


def test_on_its_own_grid_a_refined_flow_is_itself_and_rests_in_the_body():
    distance = shapes.signed_distance(shapes.car(0), 16, 32)[None]
    flow = np.random.default_rng(1).normal(size=(1, 16, 32, 2)).astype(np.float32)
    refined = operators.refined(flow, distance)
    assert np.allclose(refined[distance >= 0], flow[distance >= 0], atol=1e-5)
    assert not refined[distance < 0].any()
    assert operators.refined(flow, np.ones((1, 48, 96))).shape == (1, 48, 96, 2)


def test_features_depend_on_the_place_and_not_on_the_grid():
    """Cell 1 of 3 lies where cell 0 of 1 lies: on three times the rows the middle cells are the coarse ones."""
    coarse, fine = (operators.places(rows * np.full((1, rows, 2 * rows), 0.1)) for rows in (4, 12))
    features = [np.asarray(operators.Features()(place)) for place in (coarse, fine)]
    assert np.allclose(features[0], features[1][:, 1::3, 1::3], atol=1e-6)


def test_without_a_correction_the_channel_is_empty_and_the_body_at_rest():
    distance = np.ones((1, 8, 16), np.float32)
    distance[0, 3, 4] = -1
    flow = np.asarray(operators.Flow()(np.zeros((1, 8, 16, 2), np.float32), operators.places(distance)))
    expected = models.poiseuille(8, 16)[None] * (distance >= 0)[..., None]
    assert np.allclose(flow, expected, atol=1e-6)


def test_all_grids_have_the_same_reynolds_number(monkeypatch):
    asked = []

    def steady(solid, *, distance, reynolds, u_max):
        asked.append((solid.shape, reynolds, u_max))
        flow = np.zeros((*solid.shape, 2), np.float32)
        return solver.Flow(flow, flow[..., 0], np.zeros(2), 0.0, 0.0, 0, len(asked) < 3, 0.0, 0.0)

    monkeypatch.setattr(solver, "solve_steady", steady)
    for rows in (16, 32):
        distance, velocity = operators.solve([shapes.car(0)], rows, 100.0)
        assert distance.shape == (1, rows, 2 * rows)
        assert velocity.shape == (1, rows, 2 * rows, 2)
    assert {each[1:] for each in asked} == {(100.0, operators.U_MAX)}
    with pytest.raises(ValueError, match="scene 0 is not steady on 16 rows"):
        operators.solve([shapes.car(0)], 16, 100.0)
