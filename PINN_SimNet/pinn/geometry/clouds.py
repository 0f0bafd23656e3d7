"""Weighted points of a shape, and of a whole family of shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pinn.points import Points, Seed, at, unit_points

if TYPE_CHECKING:
    from pinn.geometry.solids import Geometry


@dataclass(frozen=True)
class Cloud:
    """Weighted points: the weights sum to the length, area or volume that the points stand for.

    Attributes:
        points: shape (n, dim).
        weights: shape (n,); ``integrate`` multiplies with them.
        sdf: signed distance to the boundary of the shape, positive inside, shape (n,).
        normals: unit vectors out of the shape, shape (n, dim); None for interior points.
        parameters: the parameters of the shape each point belongs to, shape (n, num_parameters), or None.
    """

    points: np.ndarray
    weights: np.ndarray
    sdf: np.ndarray
    normals: np.ndarray | None = None
    parameters: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.points)

    def integrate(self, values: np.ndarray | float) -> float:
        """The integral of a function from its values at the points, shape (n,), or one value for all.

        Raises:
            ValueError: another shape, such as (n, 1), which beside (n,) would count each value n times.
        """
        if np.ndim(values) and np.shape(values) != self.weights.shape:
            raise ValueError(
                f"Values at {len(self)} points have the shape ({len(self)},), not {np.shape(values)}."
            )
        return float(np.sum(self.weights * values))

    def columns(self, *names: str) -> Points:
        """The cloud for `pinn.domain`: a column for each coordinate and then each parameter, and ``sdf``.

        Boundary points also get ``normal_x`` and so on. Example: ``cloud.columns("x", "y", "h")``.

        Raises:
            ValueError: there are not as many names as coordinates and parameters.
        """
        values = self.points if self.parameters is None else np.hstack([self.points, self.parameters])
        if len(names) != values.shape[1]:
            raise ValueError(
                f"{values.shape[1]} names are needed, for coordinates and parameters; got {len(names)}."
            )
        columns = dict(zip(names, values.T, strict=True)) | {"sdf": self.sdf}
        if self.normals is not None:
            columns |= {f"normal_{name}": n for name, n in zip(names, self.normals.T, strict=False)}
        return at(**columns)


def sample_shapes(
    make: Callable[..., Geometry],
    ranges: Mapping[str, Sequence[float]],
    num_shapes: int,
    points_per_shape: int,
    kind: str = "interior",
    method: str = "halton",
    rng: Seed = 0,
    **options,
) -> Cloud:
    """Points of many shapes of a family, with the parameters of each: a network trained on them knows them all.

    Args:
        make: builds a shape from named parameters, e.g. ``lambda height, width: channel - chip``.
        ranges: lowest and highest value of each parameter, e.g. ``{"height": (0.4, 0.8), "width": (0.6, 1.4)}``.
        num_shapes: number of parameter sets, spread by ``method``.
        points_per_shape: points taken of each.
        kind: ``"interior"`` or ``"boundary"``.
        method, rng, options: as `Geometry.sample_interior` or `Geometry.sample_boundary`.

    Returns:
        A cloud with ``parameters`` in the order of ``ranges``. ``integrate`` gives the mean over the shapes.
    """
    rng = np.random.default_rng(rng)
    low, high = np.array([list(ends) for ends in ranges.values()], dtype=float).T
    sets = low + (high - low) * unit_points(num_shapes, len(ranges), method, rng)
    clouds = []
    for values in sets:
        shape = make(**dict(zip(ranges, map(float, values), strict=True)))
        sample = shape.sample_boundary if kind == "boundary" else shape.sample_interior
        clouds.append(sample(points_per_shape, method, rng, **options))
    return Cloud(
        np.concatenate([cloud.points for cloud in clouds]),
        np.concatenate([cloud.weights for cloud in clouds]) / num_shapes,
        np.concatenate([cloud.sdf for cloud in clouds]),
        np.concatenate([cloud.normals for cloud in clouds]) if kind == "boundary" else None,
        np.repeat(sets, points_per_shape, axis=0),
    )
