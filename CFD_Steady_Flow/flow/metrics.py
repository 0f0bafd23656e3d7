"""How good a predicted flow is: relative errors, and physics that no network was asked to keep.

Velocities are float (n, ny, nx, 2) in units of u_max, row 0 at the bottom; ``solid`` is bool (n, ny, nx).
"""

import numpy as np
from keras import ops
from scipy import stats

from utils import metrics

mean_interval = metrics.mean_interval


def relative_l2(prediction: np.ndarray, truth: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Error of each sample over its fluid cells, relative to its true flow, shape (n,).

    The sums of `utils.metrics.relative_l2` run over the cells and both components of each flow.

    Raises:
        ValueError: shapes differ, or a value is not finite.
    """
    if truth.shape[:3] != solid.shape:
        raise ValueError(f"Shapes do not fit: truth {truth.shape}, solid {solid.shape}.")
    return metrics.relative_l2(prediction, truth, axis=(1, 2, 3), where=~solid[..., None])


def divergence(velocity: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """du/dx + dv/dy about the corners between cells, (n, ny - 1, nx - 1), in u_max per channel height.

    The mean of u on the two cells right of a corner minus that on the left, and the same for v. nan where one
    of the four cells is solid.
    """
    u, v = velocity[..., 0], velocity[..., 1]
    across, up = np.diff(u, axis=2), np.diff(v, axis=1)
    result = (across[:, 1:] + across[:, :-1]) / 2 + (up[:, :, 1:] + up[:, :, :-1]) / 2
    return np.where(_touches_solid(solid), np.nan, velocity.shape[1] * result)


def _touches_solid(solid: np.ndarray) -> np.ndarray:
    """Corners with a solid cell among their four, (n, ny - 1, nx - 1)."""
    return solid[:, 1:, 1:] | solid[:, 1:, :-1] | solid[:, :-1, 1:] | solid[:, :-1, :-1]


def rms_divergence(velocity: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Root mean square of `divergence` over the fluid corners of each sample, (n,); nan where an answer is nan."""
    square = divergence(velocity, solid) ** 2
    return np.sqrt(np.mean(square, axis=(1, 2), where=~_touches_solid(solid)))


def flux(velocity: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Flow through each column of cells, (n, nx), in units of what the inflow brings: 1 is right."""
    through = np.sum(np.where(solid, 0, velocity[..., 0]), axis=1)
    y = (np.arange(velocity.shape[1]) + 0.5) / velocity.shape[1]
    return through / np.sum(4 * y * (1 - y))


def mass_imbalance(velocity: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Largest error of `flux` over the columns of each sample, (n,)."""
    return metrics.mass_imbalance(flux(velocity, solid))


def drag_of(velocity, solid, reynolds: float):
    """`drag` as a tensor (n,), for gradients; ``velocity`` and ``solid`` may be arrays or tensors."""
    velocity = ops.convert_to_tensor(velocity, "float32")
    outside = ops.logical_not(ops.cast(ops.convert_to_tensor(solid), "bool"))
    fluid = ops.cast(outside, "float32")
    velocity = ops.where(
        outside[..., None], velocity, 0.0
    )  # a network without a mask answers in the body, too
    height, (ny, nx) = 1 / velocity.shape[1], velocity.shape[1:3]
    u, v = velocity[..., 0], velocity[..., 1]
    friction = (2 / reynolds) * ops.sum(u[:, 0] + u[:, -1], axis=1)  # half a cell from each channel wall
    dissipation = (2 / reynolds) * ops.sum(
        ops.square(velocity[:, 0]) + ops.square(velocity[:, -1]), axis=(1, 2)
    )
    for axis in (1, 2):
        low, high = ([slice(None)] * 3 for _ in range(2))
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        before, after = fluid[tuple(low)], fluid[tuple(high)]
        squares = sum(ops.square((a[tuple(high)] - a[tuple(low)]) / height) for a in (u, v))
        # two fluid cells: the whole gradient; a fluid and a solid cell: twice the gradient, over half a cell
        weight = before * after + 2 * (before + after - 2 * before * after)
        dissipation += ops.sum(weight * squares, axis=(1, 2)) * height**2 / reynolds
    y = (np.arange(ny) + 0.5) / ny
    inflow = (4 * y * (1 - y)).astype(np.float32)
    outflow = ops.mean(u[:, :, nx - 3 : nx - 1], axis=2)
    momentum, power = (np.sum(inflow**k) - ops.sum(outflow**k, axis=1) for k in (2, 3))
    pressure = (dissipation - height * power / 2) / (height * np.sum(inflow))
    return pressure + height * momentum - friction


def drag(velocity: np.ndarray, solid: np.ndarray, reynolds: float) -> np.ndarray:
    """Drag of all bodies from the velocity alone, (n,), in rho * u_max**2 * channel height.

    What the pressure pays for each second is what friction turns into heat, plus what the jet gains in kinetic
    energy; so the energy balance gives the loss of pressure, and the momentum balance of the channel the drag:
    pressure and momentum that go in, minus those that go out, minus the friction on the channel walls.
    The body's own wall is taken half a cell from the nearest fluid cells, so a coarse grid reads somewhat high. What
    stands in the body itself does not count.
    """
    return np.asarray(ops.convert_to_numpy(drag_of(velocity, solid, reynolds)))


def paired_interval(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of ``first - second`` by Student's t, for pairs of runs with equal seeds.

    Raises:
        ValueError: fewer than two pairs, or a run without a partner.
    """
    first, second = _column(first), _column(second)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} runs and {len(second)} are no pairs.")
    difference = first - second
    half = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
    return float(difference.mean() - half), float(difference.mean() + half)


def _column(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) < 2 or not np.all(np.isfinite(values)):
        raise ValueError(
            f"An interval takes two finite values or more, (n,), not {values.size} of shape {values.shape}."
        )
    return values
