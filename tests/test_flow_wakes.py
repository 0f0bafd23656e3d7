"""Notebook 11 of Lab 3: its wakes, its spectrum, its score."""

import numpy as np
import pytest

from flow import wakes
from flow.exercises_11 import euler, fair_crps


def test_a_wake_depends_on_its_split_and_number_alone(monkeypatch):
    monkeypatch.setattr(wakes, "SETTLING", 50)
    distance, frames = wakes._wake(0, 3, 2)
    again, same = wakes._wake(0, 3, 2)
    other, _ = wakes._wake(1, 3, 2)
    assert np.array_equal(distance, again)
    assert np.array_equal(frames, same)
    assert not np.array_equal(distance, other)
    assert distance.shape == (32, 64)
    assert frames.shape == (2, 32, 64, 2)
    assert np.all(frames[:, distance < -1] == 0), "at rest in the body"


def test_the_bodies_are_ellipses_and_boxes_of_the_stated_heights():
    for number in range(6):
        body, height = wakes._body(np.random.default_rng(number), number)
        low, high = body.outline()[:, 1].min(), body.outline()[:, 1].max()
        assert high - low == pytest.approx(height, rel=1e-3)
        assert wakes.HEIGHTS[0] <= height <= wakes.HEIGHTS[1]


def test_a_split_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="There is no split 'cars'"):
        wakes.load("cars")


def test_the_spectrum_shows_a_wave_where_it_is():
    velocity = np.zeros((2, 3, 32, 64, 2))
    velocity[..., 28:, 1] = np.cos(2 * np.pi * 5 * np.arange(36) / 36)
    assert wakes.spectrum(velocity).argmax() == 5


def test_the_score_is_fair_at_any_number_of_samples_and_least_for_the_truth():
    """Of a standard normal against itself the CRPS is 1 / sqrt(pi); counting pairs of a sample with itself is not fair."""
    rng = np.random.default_rng(0)
    for number in (2, 8, 32):
        score = fair_crps(rng.normal(size=(number, 60_000)), rng.normal(size=60_000)).mean()
        assert score == pytest.approx(1 / np.sqrt(np.pi), abs=0.012)
    narrow = fair_crps(0.3 * rng.normal(size=(8, 60_000)), rng.normal(size=60_000)).mean()
    assert narrow > 1 / np.sqrt(np.pi) + 0.05


def test_steps_follow_a_velocity():
    state = euler(lambda state, time: -state, np.array([1.0]), 1000)
    assert state[0] == pytest.approx(np.exp(-1), rel=1e-3)
    assert euler(lambda state, time: 2 * time, np.zeros(1), 1000)[0] == pytest.approx(1, abs=2e-3)
