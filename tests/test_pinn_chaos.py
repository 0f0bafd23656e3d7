"""Polynomial chaos against closed forms: orthonormality, moments, Sobol indices."""

import numpy as np
import pytest

from pinn import chaos

INPUTS = (chaos.Uniform(5, 25), chaos.Uniform(-1, 2), chaos.Normal(100, 5))


def expansion(function, order):
    nodes, weights = chaos.quadrature(INPUTS, order + 1)
    return chaos.fit(INPUTS, order, nodes, weights, function(*nodes))


@pytest.mark.parametrize("one", [chaos.Uniform(5, 25), chaos.Normal(-3, 0.5)])
def test_polynomials_are_orthonormal(one):
    x, weights = one.nodes(9)
    values = one.polynomials(6, x)
    assert np.allclose((values * weights) @ values.T, np.eye(7), atol=1e-11)


def test_a_polynomial_is_reproduced():
    def function(a, b, c):
        return 2 + a * b + (c - 100) ** 2 - 0.1 * a * b * (c - 100)

    found = expansion(function, 3)
    rng = np.random.default_rng(0)
    points = rng.uniform(5, 25, 50), rng.uniform(-1, 2, 50), rng.normal(100, 5, 50)
    assert np.allclose(found(*points), function(*points), rtol=1e-9)
    assert found.mean == pytest.approx(2 + 15 * 0.5 + 25)


def test_moments_and_indices_of_a_linear_model():
    found = expansion(lambda a, b, c: 3 * a - 2 * b + c, 2)
    variances = np.array([9 * 20**2 / 12, 4 * 3**2 / 12, 25])
    assert found.mean == pytest.approx(3 * 15 - 2 * 0.5 + 100)
    assert found.std == pytest.approx(np.sqrt(variances.sum()))
    assert np.allclose(found.first_order_indices, variances / variances.sum())


def test_a_product_leaves_variance_to_no_input_alone():
    found = expansion(lambda a, b, c: (a - 15) * (c - 100), 2)
    assert np.allclose(found.first_order_indices, 0, atol=1e-12)
    assert found.std == pytest.approx(20 / np.sqrt(12) * 5)


def test_answers_must_belong_to_the_nodes():
    nodes, weights = chaos.quadrature(INPUTS, 2)
    with pytest.raises(ValueError, match="8 nodes"):
        chaos.fit(INPUTS, 1, nodes, weights, np.zeros(3))


def test_inputs_and_answers_without_spread_are_refused():
    with pytest.raises(ValueError, match="must lie below"):
        chaos.Uniform(1, 1)
    with pytest.raises(ValueError, match="must be positive"):
        chaos.Normal(0, 0)
    nodes, weights = chaos.quadrature([chaos.Uniform(0, 1)], 3)
    constant = chaos.fit([chaos.Uniform(0, 1)], 1, nodes, weights, 0 * weights)
    with pytest.raises(ValueError, match="no variance"):
        _ = constant.first_order_indices


def test_too_few_nodes_and_answers_that_are_none_are_refused():
    inputs = [chaos.Uniform(0, 1), chaos.Normal(2, 3)]
    nodes, weights = chaos.quadrature(inputs, 3)
    chaos.fit(inputs, 2, nodes, weights, nodes[0])
    with pytest.raises(ValueError, match="Order 3 takes 4 nodes"):
        chaos.fit(inputs, 3, nodes, weights, nodes[0])
    with pytest.raises(ValueError, match="not finite"):
        chaos.fit(inputs, 2, nodes, weights, np.full(9, np.nan))


def test_rounding_of_a_constant_is_no_variance():
    inputs = [chaos.Uniform(0, 1)] * 2
    nodes, weights = chaos.quadrature(inputs, 6)
    with pytest.raises(ValueError, match="no variance"):
        _ = chaos.fit(inputs, 5, nodes, weights, np.full(36, 0.1)).first_order_indices


@pytest.mark.parametrize(
    "wrong", [(chaos.Uniform, 0, np.inf), (chaos.Normal, np.nan, 1), (chaos.Normal, 0, np.inf)]
)
def test_inputs_are_finite(wrong):
    make, *numbers = wrong
    with pytest.raises(ValueError, match="finite"):
        make(*numbers)


@pytest.mark.parametrize("x", [np.array([1.5]), np.array([np.nan]), np.array([[0.5], [0.2]]), 0.5])
def test_an_answer_outside_of_the_range_or_of_another_shape_is_refused(x):
    inputs = [chaos.Uniform(0, 1)]
    nodes, weights = chaos.quadrature(inputs, 4)
    answer = chaos.fit(inputs, 2, nodes, weights, nodes[0] ** 2)
    assert answer(np.array([0.0, 1.0])) == pytest.approx([0, 1])
    with pytest.raises(ValueError, match="outside of its range|inputs of shape"):
        answer(x)
