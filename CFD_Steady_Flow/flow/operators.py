"""What networks need that are asked on any grid or at scattered points: places, layers in physical units, interpolation.

A place is three numbers: x and y in channel heights, and the signed distance to the body in channel heights, negative in
it. Networks take places as (n, rows, columns, 3) and answer with velocities (n, rows, columns, 2) in units of the largest
inflow; scattered points are one row of many columns.
"""

from collections.abc import Sequence

import numpy as np
from keras import layers, ops
from scipy import ndimage

from flow import models, shapes, solver

U_MAX = 0.1  # of the solver, in cells a step


def solve(scenes: Sequence[shapes.Scene], rows: int, reynolds: float) -> tuple[np.ndarray, np.ndarray]:
    """The same bodies on a grid of their own, and their flows.

    The Reynolds number holds on every grid: the solver scales the viscosity, in cells squared a step, with the rows.

    Args:
        scenes: n of them.
        rows: cells across the channel; there are twice as many along it.
        reynolds: u_max * channel height / kinematic viscosity.

    Returns:
        Distance float32 (n, rows, 2 rows) in cells, velocity float32 (n, rows, 2 rows, 2) in units of u_max.

    Raises:
        ValueError: a flow is not steady on this grid.
    """
    distances, velocities = [], []
    for number, scene in enumerate(scenes):
        distance = shapes.signed_distance(scene, rows, 2 * rows)
        flow = solver.solve_steady(distance < 0, distance=distance, reynolds=reynolds, u_max=U_MAX)
        if not flow.converged:
            raise ValueError(f"The flow of scene {number} is not steady on {rows} rows. Leave it out.")
        distances.append(distance)
        velocities.append(flow.velocity / U_MAX)
    return np.array(distances, np.float32), np.array(velocities, np.float32)


def places(distance: np.ndarray) -> np.ndarray:
    """The centres of all cells as places, float32 (n, rows, columns, 3), for distances (n, rows, columns) in cells."""
    rows, columns = distance.shape[1:]
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / rows, indexing="ij")
    x, y = (np.broadcast_to(axis, distance.shape) for axis in (x, y))
    return np.stack([x, y, distance / rows], axis=-1).astype(np.float32)


def interpolate(field: np.ndarray, x: np.ndarray, y: np.ndarray, wall: float | None = None) -> np.ndarray:
    """Values of cell centres, carried bilinearly to other points; float32 (n, *points, c).

    Args:
        field: (n, rows, columns, c).
        x, y: the points in channel heights, of any shape; the same for all fields.
        wall: value on the channel walls, half a cell outside; None goes on with the nearest cell's.
    """
    rows = field.shape[1]
    field = np.pad(field, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    if wall is not None:
        field[:, [0, -1]] = 2 * wall - field[:, [0, -1]]
    at = np.stack([y, x]) * rows + 0.5  # the centre of the first cell is number 1 of the padded field
    answer = [
        [ndimage.map_coordinates(one[..., c], at, order=1, mode="nearest") for c in range(one.shape[-1])]
        for one in field
    ]
    return np.moveaxis(np.array(answer, np.float32), 1, -1)


def refined(velocity: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Velocity (n, rows, columns, 2), interpolated to the cells of a finer grid; at rest in the body.

    Args:
        velocity: on the coarse grid.
        distance: (n, finer rows, finer columns) on the fine one.
    """
    x, y, _ = np.moveaxis(places(distance[:1])[0], -1, 0)
    return interpolate(velocity, x, y, wall=0.0) * (distance >= 0)[..., None]


@models.register
class Features(layers.Layer):
    """What a network sees of a place, six numbers that do not depend on the grid.

    Coordinates between -1 and 1, the parabola of the inflow, and the distance to the body near it, around it, far from it.
    """

    def call(self, place):
        x, y, distance = ops.split(place, 3, axis=-1)
        near, around, far = ops.tanh(48 * distance), ops.tanh(16 * distance), ops.minimum(3 * distance, 2)
        return ops.concatenate([x - 1, 2 * y - 1, 4 * y * (1 - y), near, around, far], axis=-1)


@models.register
class Flow(layers.Layer):
    """A correction (n, rows, columns, 2) to the flow of the empty channel; at rest in the body."""

    def call(self, correction, place):
        _, y, distance = ops.split(place, 3, axis=-1)
        channel = ops.concatenate([4 * y * (1 - y), ops.zeros_like(y)], axis=-1)
        return (channel + correction) * ops.cast(distance >= 0, correction.dtype)
