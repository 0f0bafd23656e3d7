"""Notebook 10 of Lab 3: the frames of its street, what is read from them, and its functions as they stand there."""

import ast

import numpy as np
import pytest

import notebooks
from flow import street

PATH = notebooks.ROOT / "CFD_Steady_Flow" / "10_Flow_in_Time.ipynb"


def from_notebook(name: str, **names):
    """A function of the notebook, from its own cell, with the names that it uses."""
    (function,) = (
        node
        for tree in notebooks.trees(PATH)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    space = {"np": np} | names
    exec(compile(ast.Module([function], []), name, "exec"), space)
    return space[name]


def test_a_frame_holds_the_means_over_blocks_of_cells():
    field = np.arange(123 * 660 * 2, dtype=float).reshape(123, 660, 2)
    frame = street._blocks(field)
    assert frame.shape == (41, 128, 2)
    assert frame[3, 5, 1] == pytest.approx(field[9:12, 15:18, 1].mean())


def test_the_cylinder_of_a_frame_is_a_tenth_of_a_metre_wide():
    solid = street.solid()
    y, x = np.argwhere(solid).mean(axis=0)
    assert (x + 0.5) * street.CELL_M == pytest.approx(0.2, abs=0.002)
    assert (y + 0.5) * street.CELL_M == pytest.approx(0.2, abs=0.002)
    area = solid.sum() * street.CELL_M**2
    assert 0.7 * np.pi * 0.05**2 < area < np.pi * 0.05**2, "cells that lie wholly inside"


def test_rhythm_and_phase_are_found_between_frames():
    time = np.arange(200)
    truth = np.sin(2 * np.pi * time / 20.3)
    assert street.strouhal(truth) == pytest.approx(1 / (20.3 * street.FRAME_TIME), rel=1e-3)
    late = np.sin(2 * np.pi * (time - 2.03) / 20.3)
    assert street.phase_error(late, truth) == pytest.approx(0.1, abs=0.01)
    assert street.phase_error(truth, truth) == 0
    slow = np.sin(2 * np.pi * time / 20.5)  # nine periods of 0.2 frames
    assert street.phase_error(slow, truth) == pytest.approx(9 * 0.2 / 20.3, abs=0.02)


def test_a_signal_that_does_not_swing_has_no_rhythm():
    still = np.full(50, 0.3)
    assert np.isnan(street.strouhal(still))
    assert np.isnan(street.phase_error(still, np.sin(np.arange(50))))


def test_the_spectrum_shows_a_wave_where_it_is():
    velocity = np.zeros((3, 41, street.COLUMNS, 2))
    length = street.COLUMNS - street.FIRST_COLUMN
    wave = np.sin(2 * np.pi * 7 * np.arange(length) / length)
    velocity[:, 20, street.FIRST_COLUMN :, 1] = wave
    assert street.wake_spectrum(velocity).argmax() == 7


def test_the_linear_step_of_the_notebook_is_exact_for_a_linear_flow():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    states = [rng.normal(size=4)]
    for _ in range(30):
        states.append(states[-1] @ turn)
    best = lambda before, after: np.linalg.lstsq(before, after, rcond=None)[0]  # noqa: E731
    same = lambda state: state  # noqa: E731
    linear_step = from_notebook("linear_step", best_matrix=best, to_modes=same, to_frames=same)
    matrix, step = linear_step([np.array(states[:15]), np.array(states[15:])])
    assert matrix == pytest.approx(turn, abs=1e-10)
    assert step(states[0]) == pytest.approx(states[1])


def test_frames_that_are_made_of_modes_come_back_whole():
    modes, mean = np.linalg.qr(np.random.default_rng(1).normal(size=(24, 5)))[0].T, np.zeros((3, 4, 2))
    to_modes = from_notebook("to_modes", modes=modes)
    to_frames = from_notebook("to_frames", modes=modes, mean=mean)
    coordinates = np.random.default_rng(2).normal(size=(7, 5))
    assert to_frames(coordinates).shape == (7, 3, 4, 2)
    assert to_modes(to_frames(coordinates)) == pytest.approx(coordinates)
