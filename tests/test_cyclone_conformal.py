"""Notebook 10 of Lab 2: the ten lines of its guarantee, as they stand there, and the best reader's distribution."""

import ast
import itertools
from pathlib import Path

import numpy as np
import pytest

import notebooks
from cyclone import dataset, posterior

PATH = notebooks.ROOT / "Tropical_Cyclone" / "10_Guaranteed_Error_Bars.ipynb"


def from_notebook(name: str, path: Path = PATH):
    """A function of the notebook, from its own cell."""
    (tree,) = (
        tree
        for tree in notebooks.trees(path)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    names: dict = {"np": np, "LEVEL": 0.9}
    exec(compile(ast.Module([function], []), name, "exec"), names)
    return names[name]


conformal_limit = from_notebook("conformal_limit")


@pytest.mark.parametrize("level", [0.5, 0.7, 0.8])
def test_the_guarantee_holds_exactly_over_all_orders_of_the_storms(level):
    """Six storms of 1 to 6 frames: each is the new one once, all others calibrate. No draw, no tolerance."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        scores = [rng.exponential(rng.uniform(0.2, 5), size) for size in (1, 2, 3, 4, 5, 6)]
        shares = []
        for new in range(6):
            others = [scores[k] for k in range(6) if k != new]
            storm = np.repeat(np.arange(5), [len(part) for part in others])
            limit = conformal_limit(np.concatenate(others), storm, level)
            shares.append(np.mean(scores[new] <= limit))
        assert np.mean(shares) >= level - 1e-12


def test_a_limit_that_counts_frames_breaks_the_same_guarantee():
    """The test above can fail: frames counted one by one are not covered."""
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(300):
        scores = [rng.normal(rng.normal(0, 3), 0.1, 40) for _ in range(5)]
        for new in range(5):
            pooled = np.sort(np.concatenate([scores[k] for k in range(5) if k != new]))
            shares.append(np.mean(scores[new] <= pooled[int(np.ceil(161 * 0.9)) - 1]))
    assert np.mean(shares) < 0.87


def test_the_limit_is_the_weighted_quantile_of_its_definition():
    rng = np.random.default_rng(2)
    for _ in range(50):
        storm = rng.integers(0, 25, 300)
        scores = rng.random(300).round(2)  # with ties
        present = np.unique(storm)
        enough = [
            value
            for value in np.unique(scores)
            if sum(np.mean(scores[storm == one] <= value) for one in present) / (len(present) + 1)
            >= 0.9 - 1e-9
        ]
        assert conformal_limit(scores, storm) == min(enough, default=np.inf)


def test_the_order_of_frames_and_the_names_of_storms_do_not_matter():
    rng = np.random.default_rng(3)
    storm, scores = np.repeat(np.arange(12), 9), rng.random(108)
    order = rng.permutation(108)
    names = np.array([f"storm {number}" for number in range(12)])
    assert conformal_limit(scores[order], names[storm][order]) == conformal_limit(scores, storm)


def test_too_few_storms_and_an_empty_class_give_infinity_and_never_an_interval_of_width_zero():
    assert conformal_limit([], []) == np.inf
    assert conformal_limit(np.zeros(8), np.arange(8)) == np.inf
    assert conformal_limit(np.zeros(9), np.arange(9)) == 0


@pytest.mark.parametrize(
    ("scores", "storm", "level"),
    [([1.0, np.nan], [0, 1], 0.9), ([1.0, 2.0], [0], 0.9), ([1.0], [0], 1.0), ([1.0], [0], 90)],
)
def test_bad_input_is_refused_in_a_sentence(scores, storm, level):
    with pytest.raises(ValueError, match="one score and one storm per frame"):
        conformal_limit(scores, storm, level)


# --- the best reader's distribution ------------------------------------------------------------


def reading() -> posterior.Reading:
    clouds = {
        "t_number": [2.0, 4.5, 6.5, np.nan], "shear_ms": [7.0] * 4, "rmw_km": [40.0, 30.0, 20.0, 30.0],
        "lat": [15.0, 20.0, 25.0, 20.0], "land": [0.0] * 4, "eye_clarity": [0.0, 0.5, 1.0, 0.0],
    }  # fmt: skip
    return posterior.read(
        **{name: np.array(values) for name, values in clouds.items()},
        moments=dataset.best_track_moments(), mix=np.full(8, 1 / 8),
    )  # fmt: skip


def test_the_distribution_has_the_mean_and_the_spread_that_the_reader_states():
    known = reading()[:3]
    middle = (posterior.WIND_EDGES_KT[:-1] + posterior.WIND_EDGES_KT[1:]) / 2
    assert known.wind_share.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert known.wind_share @ middle == pytest.approx(known.wind_kt, abs=0.01)
    assert np.sqrt(known.wind_share @ middle**2 - known.wind_kt**2) == pytest.approx(known.sd_kt, abs=0.05)


def test_quantiles_increase_and_undo_the_distribution():
    known = reading()[:3]
    levels = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
    values = np.array([known.quantile(level) for level in levels])
    for lower, higher in itertools.pairwise(values):
        assert (lower <= higher).all()
    for level, row in zip(levels[1:-1], values[1:-1], strict=True):
        below = [
            np.interp(wind, posterior.WIND_EDGES_KT, of_one)
            for wind, of_one in zip(row, known.below(), strict=True)
        ]
        assert below == pytest.approx(np.full(3, level), abs=1e-6)
    assert values[3] == pytest.approx(known.wind_kt, abs=6)
    assert (np.diff(values[3]) > 10).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        known.quantile(95)


def test_of_an_unknown_frame_nothing_is_stated():
    unknown = reading()[3:]
    assert np.isnan(unknown.below()[0, 1:]).all()
    assert np.isnan(unknown.quantile(0.5)).all()
