"""How far a computed field is from the true one: the measures that Labs 3 and 4 share."""

from typing import Any

import numpy as np


def relative_l2(found: Any, truth: Any, axis: int | tuple[int, ...] | None = None, where: Any = True) -> Any:
    """Root of the sum of squared errors, divided by the same root for the truth.

    0 is perfect; 1 is what "zero everywhere" gets.

    Args:
        found, truth: arrays or tensors of one shape, of any numbers: whole, single, double, complex. What a masked
            array hides does not count.
        axis: the axes that are summed over. None gives one number for all; 0 one for each column of (n, columns).
        where: bool, of a shape that fits: the entries that count, e.g. the fluid cells. The others may hold anything
            that is finite.

    Returns:
        A float, or an array without the axes that were summed over.

    Raises:
        ValueError: the shapes differ, a value is not finite, or there is no truth to compare with: all zeros.
    """
    for values in (found, truth):
        where = where & ~np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else where
    found, truth = _array(found), _array(truth)
    if found.shape != truth.shape:
        raise ValueError(f"Shapes do not fit: found {found.shape}, truth {truth.shape}.")
    for name, values in (("What was found", found), ("The truth", truth)):
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name} holds a value that is not finite (nan or inf).")
    error, size = (
        np.sum(np.square(np.abs(values)), axis=axis, where=where) for values in (found - truth, truth)
    )
    if not np.all(size > 0):
        raise ValueError("The truth is zero everywhere, so that no error can be relative to it.")
    ratio = np.sqrt(error / size)
    return float(ratio) if ratio.ndim == 0 else ratio


def mass_imbalance(flux: np.ndarray, axis: int = -1) -> Any:
    """Largest error of the flow through sections of a channel.

    Args:
        flux: through each section, in units of what flows in: 1 is right.
        axis: along which the sections of one flow lie.

    Returns:
        A float, or an array without this axis.
    """
    worst = np.abs(np.asarray(flux) - 1).max(axis=axis)
    return float(worst) if worst.ndim == 0 else worst


def _array(values: Any) -> np.ndarray:
    """In double precision: bytes have no negative differences. A tensor of PyTorch may carry a gradient or lie on a GPU."""
    values = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
