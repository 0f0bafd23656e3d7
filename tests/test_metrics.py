"""One relative L2 error and one mass balance for Labs 3 and 4; each lab's own call agrees with them."""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch

from flow import metrics as flow_metrics
from pinn import chip as challenge
from pinn import problems
from utils import metrics

ROOT = Path(__file__).resolve().parents[1]
RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=(3, 4, 5, 2))
FOUND = TRUTH + 0.1 * RNG.normal(size=TRUTH.shape)
SOLID = RNG.random((3, 4, 5)) < 0.3


def test_by_hand():
    assert metrics.relative_l2([3.0, 4.0], [3.0, 0.0]) == pytest.approx(4 / 3)
    np.testing.assert_allclose(metrics.relative_l2([[1.0, 1], [1, 1]], [[1.0, 2], [1, 2]], axis=0), [0, 0.5])
    assert metrics.relative_l2([1.0, 9.0], [2.0, 3.0], where=[True, False]) == 0.5
    assert isinstance(metrics.relative_l2(FOUND, TRUTH), float)


def test_a_tensor_with_a_gradient_is_an_array():
    found, truth = torch.tensor(FOUND, requires_grad=True), torch.tensor(TRUTH)
    assert metrics.relative_l2(found, truth) == pytest.approx(metrics.relative_l2(FOUND, TRUTH))
    assert metrics.relative_l2(found, truth) == pytest.approx(((found - truth).norm() / truth.norm()).item())


def test_the_labs_measure_alike():
    by_flow = flow_metrics.relative_l2(FOUND, TRUTH, SOLID)
    for k, error in enumerate(by_flow):
        fluid = ~SOLID[k]
        assert error == pytest.approx(metrics.relative_l2(FOUND[k][fluid], TRUTH[k][fluid]))
    columns = challenge.relative_l2(FOUND.reshape(-1, 2), TRUTH.reshape(-1, 2))
    for k, error in enumerate(columns):
        assert error == pytest.approx(metrics.relative_l2(FOUND[..., k], TRUTH[..., k]))


@pytest.mark.parametrize(
    ("found", "truth", "sentence"),
    [
        (np.ones((4, 1)), np.ones(4), r"found \(4, 1\), truth \(4,\)"),
        ([1.0, np.nan], [1.0, 2.0], "What was found holds"),
        ([1.0, 2.0], [1.0, np.inf], "The truth holds"),
        ([1.0, 2.0], [0.0, 0.0], "zero everywhere"),
    ],
)
def test_what_has_no_relative_error_is_refused(found, truth, sentence):
    with pytest.raises(ValueError, match=sentence):
        metrics.relative_l2(found, truth)


def test_mass_imbalance_is_the_worst_section():
    assert metrics.mass_imbalance([1, 1.02, 0.9]) == pytest.approx(0.1)
    np.testing.assert_allclose(metrics.mass_imbalance(np.array([[1, 1.02], [0.7, 1]])), [0.02, 0.3])
    flow = lambda points: np.stack([np.full(len(points), 1.1)] * 3, axis=1)  # noqa: E731
    chip = challenge.Chip()
    x = challenge.sections(chip)[0][:, 0, 0]
    widest = 1 - np.where((x > challenge.FRONT) & (x < chip.back), chip.height, 0)
    assert challenge.mass_imbalance(flow, chip) == pytest.approx(np.abs(1.1 * widest - 1).max())


def test_the_parabola_has_one_formula():
    x, length = torch.rand(5, 1), 1 + torch.rand(5, 1)
    assert torch.equal(problems.parabola_exact(x, length), x * (x - length) / 2)


def bodies(path: Path):
    """Functions of a module whose bodies, without docstring, are longer than a call."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            text = "\n".join(ast.dump(line) for line in body)
            if len(text) > 150:
                yield text, node.name


def test_no_function_of_the_labs_and_of_utils_stands_twice():
    known = {
        "get_config",
        "compute_output_shape",
        "initial",
        "score",
    }  # what a framework, or the command that scores, asks for
    places: dict[str, list[str]] = {}
    for folder in ("utils", "Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow", "PINN_SimNet"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for text, name in bodies(path):
                if name not in known:
                    places.setdefault(text, []).append(f"{path.relative_to(ROOT)}: {name}")
    assert not [found for found in places.values() if len(found) > 1]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float16, np.float32, np.int64])
def test_the_relative_error_is_the_same_in_every_kind_of_number(kind):
    found, truth = np.array([1, 200, 90]), np.array([2, 201, 95])
    exact = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    assert metrics.relative_l2(found.astype(kind), truth.astype(kind)) == pytest.approx(exact, rel=1e-12)
    assert metrics.relative_l2(found.astype(kind)[::-1], truth.astype(kind)[::-1]) == pytest.approx(exact)


def test_the_relative_error_of_complex_masked_and_large_numbers():
    assert metrics.relative_l2(np.array([1j, 1.0]), np.array([2j, 1.0])) == pytest.approx(1 / np.sqrt(5))
    hidden = [np.ma.array([1.0, value], mask=[False, True]) for value in (9.0, 3.0)]
    assert metrics.relative_l2(*hidden) == 0
    assert metrics.relative_l2(np.float32([1e30]), np.float32([2e30])) == pytest.approx(0.5)


def test_what_a_mask_hides_does_not_count():
    masked = np.ma.array([1.0, 2.0, 3.0, -999.0], mask=[0, 0, 0, 1])
    assert metrics.mean_interval(masked) == metrics.mean_interval(masked.compressed())
    groups = np.array([0, 0, 1, 2])
    assert metrics.mean_interval(masked, groups) == metrics.mean_interval(masked.compressed(), groups[:3])
    bound = np.array([1.0, 1.0, 2.0, 2.0])
    seen = metrics.excess_interval(masked.compressed(), bound[:3], groups[:3])
    assert metrics.excess_interval(masked, bound, groups) == seen
    assert metrics.mass_imbalance(np.ma.array([1.0, 1.2, 5.0], mask=[0, 0, 1])) == pytest.approx(0.2)
    assert metrics.mass_imbalance(np.ma.array([[1.0, 5.0], [2.0, 1.0]], mask=[[0, 1], [0, 0]])).tolist() == [
        0,
        1,
    ]
    with pytest.raises(ValueError, match="nothing is left"):
        metrics.mass_imbalance(np.ma.masked_all(3))
