"""How far a computed field is from the true one, and how sure a mean is: the measures that labs share."""

from typing import Any

import numpy as np

NUM_DRAWS = 2000  # of a bootstrap: 50 of them lie beyond each end of a 95 % interval


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
        flux: through each section, in units of what flows in: 1 is right. What a masked array hides does not count.
        axis: along which the sections of one flow lie.

    Returns:
        A float, or an array without this axis.
    """
    worst = np.abs(np.ma.asanyarray(flux) - 1).max(axis=axis)
    if np.ma.is_masked(worst):
        raise ValueError("All sections of a flow are masked: nothing is left to measure.")
    worst = np.asarray(worst)
    return float(worst) if worst.ndim == 0 else worst


def mean_interval(
    values: np.ndarray, groups: np.ndarray | None = None, coverage: float = 0.95
) -> tuple[float, float]:
    """Interval of the mean when whole groups are drawn again with replacement (percentile bootstrap).

    What belongs together resembles itself, as the frames of one storm do: drawing single values would make the interval
    far too narrow. The interval of a single group is nan: it says nothing of the spread.

    Args:
        values: (n,), one per sample. What a masked array hides does not count.
        groups: (n,) to which group each belongs; None lets each stand for itself.
        coverage: of the interval between the two quantiles.

    Raises:
        ValueError: there is not one value for each sample.
    """
    counts, (sums,) = _drawn(groups, values)
    return _middle(sums / counts, coverage)


def excess_interval(
    error: np.ndarray, bound: np.ndarray, groups: np.ndarray, coverage: float = 0.95
) -> tuple[float, float]:
    """Interval of how far a root mean square error lies above that of a bound, as a share of it.

    Both errors belong to the same samples: a group that is hard makes both large, and the ratio moves less.

    Args:
        error, bound: (n,) errors of the estimate and of the best possible one, one per sample.
        groups, coverage: as for `mean_interval`.
    """
    _, (own, best) = _drawn(
        groups, *(np.square(np.ma.asanyarray(one), dtype=float) for one in (error, bound))
    )
    return _middle(np.sqrt(own / best) - 1, coverage)


def _drawn(groups: np.ndarray | None, *values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Number of samples and sums of the values in each of `NUM_DRAWS` draws of groups, (draws,)."""
    _, which = np.unique(np.arange(len(values[0])) if groups is None else groups, return_inverse=True)
    if any(np.shape(v) != which.shape for v in values):
        raise ValueError(f"There is one value a sample, {which.shape}, not {[np.shape(v) for v in values]}.")
    if any(np.ma.is_masked(v) for v in values):
        seen = ~np.any([np.ma.getmaskarray(v) for v in values], axis=0)
        values = tuple(np.asarray(v)[seen] for v in values)
        _, which = np.unique(which[seen], return_inverse=True)
    counts = np.bincount(which)
    if len(counts) < 2:  # one says nothing of the spread
        return np.full(NUM_DRAWS, np.nan), [np.full(NUM_DRAWS, np.nan) for _ in values]
    drawn = np.random.default_rng(0).multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), NUM_DRAWS
    )
    return drawn @ counts, [drawn @ np.bincount(which, weights=np.asarray(v, float)) for v in values]


def _middle(values: np.ndarray, coverage: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - coverage) / 2, (1 + coverage) / 2])
    return float(low), float(high)


def _array(values: Any) -> np.ndarray:
    """In double precision: bytes have no negative differences. A tensor of PyTorch may carry a gradient or lie on a GPU."""
    values = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
