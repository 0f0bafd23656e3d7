"""The banded normal equations against the same equations in one dense matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn import normal_equations
from pinn.chip import Chip
from pinn.local_networks import LocalNetworks
from pinn.normal_equations import NormalEquations


def random_problem(num_blocks, size, reach, num_dense, seed):
    """Equations among near blocks, and the same rows with all columns, (n, unknowns)."""
    rng = np.random.default_rng(seed)
    equations = NormalEquations(num_blocks, size, reach, num_dense)
    num_banded, rows, targets = num_blocks * size, [], []
    for first in range(num_blocks):
        for blocks in {(first,), tuple(range(first, min(first + reach + 1, num_blocks), max(reach, 1)))}:
            part = rng.normal(size=(2 * size * len(blocks) + num_dense, size * len(blocks) + num_dense))
            target = rng.normal(size=len(part))
            equations.add(blocks, torch.tensor(part), torch.tensor(target))
            wide = np.zeros((len(part), num_banded + num_dense))
            for k, block in enumerate(blocks):
                wide[:, block * size : (block + 1) * size] = part[:, k * size : (k + 1) * size]
            wide[:, num_banded:] = part[:, len(blocks) * size :]
            rows.append(wide)
            targets.append(target)
    return equations, np.concatenate(rows), np.concatenate(targets)


@given(st.integers(1, 7), st.integers(1, 5), st.integers(0, 4), st.integers(0, 3), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_it_is_the_least_squares_problem(num_blocks, size, reach, num_dense, seed):
    equations, rows, target = random_problem(num_blocks, size, reach, num_dense, seed)
    assert np.allclose(equations.matrix(), rows.T @ rows, atol=1e-9)
    assert np.allclose(equations.right, rows.T @ target, atol=1e-9)
    assert np.allclose(equations.solve(), np.linalg.lstsq(rows, target)[0], atol=1e-7)


def test_a_copy_with_one_more_unknown_holds_the_same_equations_and_shares_nothing():
    equations, rows, _ = random_problem(4, 3, 2, 1, seed=1)
    wider = equations.copy(more_dense=1)
    assert np.allclose(wider.matrix()[:-1, :-1], equations.matrix())
    assert np.all(wider.matrix()[-1] == 0)
    wider.add([2], torch.ones(1, 3 + 2), torch.ones(1))
    assert np.allclose(equations.matrix(), rows.T @ rows)


def test_the_shift_grows_until_the_factor_exists():
    equations = NormalEquations(2, 2, 1, 1)
    equations.add([0, 1], torch.ones(3, 5), torch.ones(3))  # rank 1: only the shift makes it definite
    assert np.ones(5) @ equations.solve() == pytest.approx(1)


@pytest.mark.parametrize("part", ["band", "corner"])
def test_equations_without_a_solution_are_refused(part):
    equations = NormalEquations(2, 2, 1, 1)
    equations.add([0, 1], torch.eye(5), torch.ones(5))
    getattr(equations, part)[-1, 0] = -1.0
    with pytest.raises(FloatingPointError, match="fewer hidden neurons"):
        equations.solve()


def test_equations_that_are_no_numbers_are_refused():
    equations = NormalEquations(2, 2, 1, 1)
    equations.add([0, 1], torch.full((5, 5), float("nan")), torch.ones(5))
    with pytest.raises(FloatingPointError, match="fewer hidden neurons"):
        equations.solve()


@pytest.mark.parametrize("corners", [True, False])
def test_a_step_of_the_chip_is_as_good_as_with_the_dense_matrix(corners):
    """Objective equal to 1e-8 of its size, though the weights are known to fewer digits."""
    equations = LocalNetworks(Chip(), width=24, corners=corners)._borders
    matrix, right = equations.matrix(), equations.right
    shift = normal_equations.TIKHONOV * matrix.diagonal().max()

    def objective(weights):
        return weights @ matrix @ weights - 2 * weights @ right

    by_dense = np.linalg.solve(matrix + 10 * shift * np.eye(len(matrix)), right)
    best = objective(by_dense)
    assert objective(equations.solve()) - best < 1e-8 * abs(best)
