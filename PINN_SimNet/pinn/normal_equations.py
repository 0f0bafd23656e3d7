"""Least squares whose matrix is banded, but for a few dense columns at its end.

Unknowns come in blocks, and a block meets only those near it: patches of a domain, numbered column by column. What
acts everywhere (the amplitude of a corner flow, a viscosity) stands after them. SciPy's banded Cholesky factor
(LAPACK's pbtrf) does the work; the dense unknowns follow from their Schur complement.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg
from torch import Tensor

TIKHONOV = 1e-15  # relative to the largest diagonal element: a few times the rounding error of one sum


class NormalEquations:
    """The sums of ``rows.T @ rows`` and ``rows.T @ target`` over all equations that are added.

    Args:
        num_blocks: in the band.
        size: unknowns of a block.
        reach: how far apart, in blocks, two that share an equation may be.
        num_dense: unknowns after the blocks that may share an equation with any.

    Attributes:
        band: (num_blocks * size, (reach + 1) * size + 1); [j, i - j] holds row i and column j of the lower
            triangle, the transpose of LAPACK's band.
        border: (num_blocks * size, num_dense), the dense columns.
        corner: (num_dense, num_dense), where they meet.
        right: (num_blocks * size + num_dense,).
    """

    def __init__(self, num_blocks: int, size: int, reach: int, num_dense: int):
        self.size = size
        self.band = np.zeros((num_blocks * size, (reach + 1) * size + 1))  # one to spare, for `_block`
        self.border = np.zeros((num_blocks * size, num_dense))
        self.corner = np.zeros((num_dense, num_dense))
        self.right = np.zeros(num_blocks * size + num_dense)

    def copy(self, more_dense: int = 0) -> NormalEquations:
        """The same equations, with ``more_dense`` further unknowns at the end that none of them holds."""
        new = NormalEquations(0, self.size, 0, 0)
        new.band = self.band.copy()
        new.border = np.pad(self.border, ((0, 0), (0, more_dense)))
        new.corner = np.pad(self.corner, (0, more_dense))
        new.right = np.pad(self.right, (0, more_dense))
        return new

    def matrix(self) -> np.ndarray:
        """The whole symmetric matrix, (n, n) with n unknowns: to look at, and to compare solvers."""
        num_banded, width = self.band.shape
        lower = np.zeros((num_banded, num_banded))
        for column in range(num_banded):
            end = min(column + width, num_banded)
            lower[column:end, column] = self.band[column, : end - column]
        banded = lower + np.tril(lower, -1).T
        return np.block([[banded, self.border], [self.border.T, self.corner]])

    def add(self, blocks: Sequence[int], rows: Tensor, target: Tensor) -> None:
        """Ask for ``rows @ unknowns = target``, in the sense of least squares.

        Args:
            blocks: those that the equations hold, in rising order.
            rows: (n, len(blocks) * size + num_dense): their columns, then the dense ones.
            target: (n,).
        """
        matrix, right = (rows.T @ rows).numpy(), (rows.T @ target).numpy()
        num_banded, size = len(self.band), self.size
        here = [slice(k * size, (k + 1) * size) for k in range(len(blocks))]
        there = [slice(block * size, (block + 1) * size) for block in blocks]
        dense = slice(len(blocks) * size, None)
        for i, row in enumerate(there):
            for j, column in enumerate(there[: i + 1]):
                part = matrix[here[i], here[j]]
                self._block(row.start, column.start)[...] += np.tril(part) if i == j else part
            self.border[row] += matrix[here[i], dense]
            self.right[row] += right[here[i]]
        self.corner += matrix[dense, dense]
        self.right[num_banded:] += right[dense]

    def _block(self, row: int, column: int) -> np.ndarray:
        """A view of one block of the lower triangle. Above the diagonal it shows places of other elements."""
        step, width = self.band.itemsize, self.band.shape[1]
        corner = self.band[column:, row - column :]
        return np.lib.stride_tricks.as_strided(corner, (self.size, self.size), (step, (width - 1) * step))

    def solve(self) -> np.ndarray:
        """The unknowns, (num_blocks * size + num_dense,), with the smallest Tikhonov term that works.

        Raises:
            FloatingPointError: none works, or a term of the equations is not finite.
        """
        largest = max([self.band[:, 0].max(), *self.corner.diagonal()])
        for strength in TIKHONOV * 10.0 ** np.arange(6):  # up to 1e-10
            try:
                found = self._solve(strength * largest)
            except linalg.LinAlgError:
                continue
            if np.isfinite(found).all():
                return found
        raise FloatingPointError(
            "The normal equations cannot be solved: use fewer hidden neurons, or a larger TIKHONOV."
        )

    def _solve(self, shift: float) -> np.ndarray:
        """Raises LinAlgError where the matrix plus ``shift`` times one is not positive definite."""
        num_banded = len(self.band)
        band = self.band.copy()
        band[:, 0] += shift
        factor = linalg.cholesky_banded(band.T, lower=True, overwrite_ab=True, check_finite=False)
        sides = np.column_stack([self.right[:num_banded], self.border])
        solved = linalg.cho_solve_banded((factor, True), sides, check_finite=False)
        banded, border = solved[:, 0], solved[:, 1:]
        schur = self.corner + shift * np.eye(len(self.corner)) - self.border.T @ border
        rest = self.right[num_banded:] - self.border.T @ banded
        dense = linalg.cho_solve(linalg.cho_factor(schur, check_finite=False), rest, check_finite=False)
        return np.concatenate([banded - border @ dense, dense])
