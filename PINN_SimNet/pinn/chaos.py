"""Polynomial chaos for independent inputs: an answer as a sum of orthonormal polynomials of its inputs.

Xiu and Karniadakis 2002, doi:10.1137/S1064827501387826; Sobol indices from the coefficients as in Sudret 2008,
doi:10.1016/j.ress.2007.04.002. Built on numpy.polynomial. chaospy 4.3.21 would do the same, but stands on numpoly:
its last pure wheel, 1.2.14, fails with NumPy 2.4 (`numpy.reshape` lost an argument), and later ones are C code without
wheels, which need a compiler.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import hermite_e, legendre


@dataclass(frozen=True)
class Uniform:
    """An input that is uniform between two values; its polynomials are Legendre's."""

    low: float
    high: float

    def __post_init__(self):
        if not -np.inf < self.low < self.high < np.inf:
            raise ValueError(
                f"The lower end {self.low} must lie below the upper end {self.high}, both finite."
            )

    def nodes(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss points (count,) and weights (count,) that sum to 1."""
        z, weights = legendre.leggauss(count)
        return self.low + (z + 1) / 2 * (self.high - self.low), weights / 2

    def polynomials(self, order: int, x: np.ndarray) -> np.ndarray:
        """Orthonormal polynomials of degree 0 to order at x (n,), shape (order + 1, n)."""
        z = 2 * (np.asarray(x) - self.low) / (self.high - self.low) - 1
        return legendre.legvander(z, order).T * np.sqrt(2 * np.arange(order + 1) + 1)[:, None]


@dataclass(frozen=True)
class Normal:
    """A normally distributed input; its polynomials are Hermite's."""

    mean: float
    std: float

    def __post_init__(self):
        if not (0 < self.std < np.inf and np.isfinite(self.mean)):
            raise ValueError(
                f"The standard deviation must be positive and the mean finite, not {self.std}, {self.mean}."
            )

    def nodes(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss points (count,) and weights (count,) that sum to 1."""
        z, weights = hermite_e.hermegauss(count)
        return self.mean + self.std * z, weights / np.sqrt(2 * np.pi)

    def polynomials(self, order: int, x: np.ndarray) -> np.ndarray:
        """Orthonormal polynomials of degree 0 to order at x (n,), shape (order + 1, n)."""
        size = np.sqrt([math.factorial(k) for k in range(order + 1)])
        return hermite_e.hermevander((np.asarray(x) - self.mean) / self.std, order).T / size[:, None]


Input = Uniform | Normal


def quadrature(inputs: Sequence[Input], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss points of all inputs together.

    Args:
        inputs: independent random inputs.
        count: points along each of them.

    Returns:
        Nodes (number of inputs, count ** number of inputs) and weights that sum to 1.
    """
    nodes, weights = zip(*(one.nodes(count) for one in inputs), strict=True)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*nodes, indexing="ij")])
    return grid, np.prod(np.meshgrid(*weights, indexing="ij"), axis=0).ravel()


@dataclass(frozen=True)
class Expansion:
    """A sum of products of orthonormal polynomials.

    Attributes:
        inputs: the random inputs.
        degrees: (terms, number of inputs), of each factor; the first term is the constant.
        coefficients: (terms,).
    """

    inputs: tuple[Input, ...]
    degrees: np.ndarray
    coefficients: np.ndarray

    def __call__(self, *x: np.ndarray) -> np.ndarray:
        """Value at inputs of shape (n,) each.

        Raises:
            ValueError: another shape, another number of inputs, or a value that a uniform input never has: there the
                polynomials run away.
        """
        if len(x) != len(self.inputs) or any(np.ndim(values) != 1 for values in x):
            raise ValueError(
                f"This answer has {len(self.inputs)} inputs of shape (n,) each, not {[np.shape(values) for values in x]}."
            )
        for number, (one, values) in enumerate(zip(self.inputs, x, strict=True)):
            if isinstance(one, Uniform):
                slack = 1e-9 * (one.high - one.low)
                if not np.all(
                    (np.asarray(values) >= one.low - slack) & (np.asarray(values) <= one.high + slack)
                ):
                    raise ValueError(
                        f"Input {number} lies outside of its range, {one.low:g} to {one.high:g}."
                    )
        return self.coefficients @ _terms(self.inputs, self.degrees, x)

    @property
    def mean(self) -> float:
        """Of the answer: the coefficient of the constant."""
        return float(self.coefficients[0])

    @property
    def std(self) -> float:
        """Standard deviation of the answer: root of the sum of the other squared coefficients."""
        return float(np.sqrt(np.sum(self.coefficients[1:] ** 2)))

    @property
    def first_order_indices(self) -> np.ndarray:
        """Share of the variance that each input causes alone, (number of inputs,).

        Raises:
            ValueError: the answer does not depend on any input.
        """
        if self.std <= 1e-12 * np.abs(self.coefficients).max():  # what rounding leaves of a constant
            raise ValueError("This answer is the same for all inputs: there is no variance to share out.")
        squares = self.coefficients**2
        alone = (self.degrees > 0).sum(axis=1) == 1
        return np.array([squares[alone & (column > 0)].sum() for column in self.degrees.T]) / self.std**2


def fit(
    inputs: Sequence[Input], order: int, nodes: np.ndarray, weights: np.ndarray, answers: np.ndarray
) -> Expansion:
    """The expansion of total degree ``order``, by projection: each coefficient is a mean, computed by quadrature.

    Args:
        inputs: independent random inputs.
        order: largest total degree.
        nodes, weights: from `quadrature`, with more than ``order`` points along each input.
        answers: (number of nodes,) of the model at the nodes.

    Raises:
        ValueError: the answers do not belong to the nodes or are not finite, or the nodes are too few for the order:
            a high polynomial looks like a low one there.
    """
    if np.shape(answers) != np.shape(weights):
        raise ValueError(f"There are {np.size(weights)} nodes, and answers of shape {np.shape(answers)}.")
    if not np.all(np.isfinite(answers)):
        raise ValueError("An answer is not finite (nan or inf): no coefficient could be computed.")
    fewest = min(
        len(np.unique(np.round(row / np.ptp(row), 9))) if np.ptp(row) > 0 else 1 for row in np.asarray(nodes)
    )
    if fewest <= order:
        raise ValueError(f"Order {order} takes {order + 1} nodes or more along each input, not {fewest}.")
    every = itertools.product(range(order + 1), repeat=len(inputs))
    degrees = np.array(sorted((d for d in every if sum(d) <= order), key=sum))
    return Expansion(tuple(inputs), degrees, _terms(inputs, degrees, nodes) @ (weights * answers))


def _terms(inputs: Sequence[Input], degrees: np.ndarray, x: Iterable[np.ndarray]) -> np.ndarray:
    factors = [one.polynomials(int(degrees.max()), values) for one, values in zip(inputs, x, strict=True)]
    return math.prod(factor[column] for factor, column in zip(factors, degrees.T, strict=True))
