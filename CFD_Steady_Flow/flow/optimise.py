"""Bodies described by a few numbers, so that drag can be differentiated with respect to their shape.

A body is a closed curve around a centre: ln r(t) = a constant + sum over k of c_k cos(k t) + s_k sin(k t), with
the constant chosen so that the body has a given area. Lengths are in channel heights, as in `flow.shapes`.
"""

import keras
import numpy as np
from keras import layers, ops

from flow import shapes, solver
from flow.models import RandomFlip

NUM_CORNERS = 96  # of the polygon that stands for a smooth outline
ANGLE = np.linspace(0, 2 * np.pi, NUM_CORNERS, endpoint=False, dtype=np.float32)  # of the corners


def radius(coefficients, angle, area: float):
    """Distance of the curve from its centre, any shape like ``angle``; array or tensor.

    Args:
        coefficients: (2 m,) first the m factors of cos(k t), then those of sin(k t), k = 1 to m.
        angle: radians.
        area: enclosed by the curve: half the integral of r^2 over a turn.
    """
    mean_square = ops.mean(ops.exp(2 * _series(coefficients, ANGLE)))  # the trapezoidal rule on a circle
    return ops.exp(_series(coefficients, angle)) * ops.sqrt(area / np.pi / mean_square)


def _series(coefficients, angle):
    half = coefficients.shape[0] // 2
    waves = [ops.cos((k + 1) * angle) for k in range(half)] + [ops.sin((k + 1) * angle) for k in range(half)]
    return sum(coefficients[k] * wave for k, wave in enumerate(waves))


def distance(coefficients, area: float, center: tuple[float, float], ny: int, nx: int):
    """Signed distance of every cell centre to the body in cells, (ny, nx), as a differentiable tensor.

    Exact for the polygon with `NUM_CORNERS` corners on the curve; positive in the fluid.
    """
    r = radius(coefficients, ANGLE, area)
    corner_x, corner_y = center[0] + r * np.cos(ANGLE), center[1] + r * np.sin(ANGLE)
    edge_x, edge_y = ops.roll(corner_x, -1) - corner_x, ops.roll(corner_y, -1) - corner_y
    x, y = (np.broadcast_to(c, (ny, nx)).astype(np.float32) for c in shapes.cell_centers(ny, nx))
    to_x, to_y = x[..., None] - corner_x, y[..., None] - corner_y
    along = ops.clip((to_x * edge_x + to_y * edge_y) / (edge_x**2 + edge_y**2), 0, 1)
    squared = (to_x - along * edge_x) ** 2 + (to_y - along * edge_y) ** 2
    gap = ops.sqrt(ops.min(squared, axis=-1) + 1e-12)  # at 0 the root has no slope
    dx, dy = x - np.float32(center[0]), y - np.float32(center[1])
    inside = ops.cast(np.hypot(dx, dy) < radius(coefficients, np.arctan2(dy, dx), area), "float32")
    return ny * gap * (1 - 2 * inside)


def body(coefficients: np.ndarray, area: float, center: tuple[float, float]) -> shapes.Polygon:
    """The same body for the solver and for figures."""
    r = ops.convert_to_numpy(radius(np.asarray(coefficients, np.float32), ANGLE, area))
    return shapes.Polygon(np.stack([center[0] + r * np.cos(ANGLE), center[1] + r * np.sin(ANGLE)], axis=1))


def solve(
    coefficients: np.ndarray, area: float, center: tuple[float, float], ny: int, reynolds: float
) -> tuple[np.ndarray, float]:
    """Velocity (ny, 2 ny, 2) in u_max and drag in rho * u_max^2 * channel height, by the solver.

    Raises:
        ValueError: the flow is not steady, or the body blocks the channel.
    """
    u_max = 0.1
    far = shapes.signed_distance((body(coefficients, area, center),), ny, 2 * ny)
    found = solver.solve_steady(far < 0, distance=far, reynolds=reynolds, u_max=u_max)
    if not found.converged:
        raise ValueError("The flow around this body is not steady: choose smaller coefficients.")
    return found.velocity / np.float32(u_max), float(found.force[0]) / (u_max**2 * ny)


def drag_network(ny: int, nx: int) -> keras.Model:
    """A small network from the signed distance in cells (ny, nx, 1) to the logarithm of the drag (1,).

    Smooth in the shape throughout (no mask, no rectifier), so that its gradient means something. A random
    mirror image while training: the drag of a mirrored body is the same.
    """
    inputs = keras.Input((ny, nx, 1))
    distance, _ = RandomFlip()(inputs)
    # Cells: the wall, the neighbourhood of the body, half of the channel.
    h = layers.Concatenate()([ops.tanh(distance / scale) for scale in (2.0, 8.0, 32.0)])
    for filters in (16, 32, 48, 64):
        h = layers.Conv2D(filters, 4, strides=2, padding="same", activation="gelu")(h)
    h = layers.Dense(64, activation="gelu")(layers.Flatten()(h))
    return keras.Model(inputs, layers.Dense(1)(h), name="drag_network")
