"""Shapes in one, two and three dimensions: solid geometry, signed distance, and clouds of weighted points.

The vocabulary is SimNet's: primitives, ``a + b``, ``a - b``, ``a & b``, ``translate``, ``rotate``, ``scale``,
``sdf``, ``sample_boundary``, ``sample_interior``. A signed distance is positive inside (as in SimNet). It is
exact for primitives and surfaces; a combination takes the minimum or maximum of its parts, which is exact
inside of ``a & b`` and ``a - b``, exact outside of ``a + b``, and elsewhere never larger in size than the true
distance (https://iquilezles.org/articles/distfunctions/).

    solids.py    what every shape can do: combine, move, turn, scale, deliver points
    shapes.py    intervals, rectangles, circles, polygons, boxes, spheres, cylinders
    surfaces.py  solids bounded by triangles, read from STL files
    clouds.py    weighted points, and those of a whole family of shapes
    boundary.py  which parts of a boundary are left after combining, and how long they are
"""

from pinn.geometry.clouds import Cloud, sample_shapes
from pinn.geometry.shapes import (
    Box,
    Channel2D,
    Circle,
    Cylinder,
    Interval,
    Line,
    Polygon,
    Rectangle,
    Sphere,
    Triangle,
)
from pinn.geometry.solids import Geometry
from pinn.geometry.surfaces import Surface

__all__ = [
    "Box",
    "Channel2D",
    "Circle",
    "Cloud",
    "Cylinder",
    "Geometry",
    "Interval",
    "Line",
    "Polygon",
    "Rectangle",
    "Sphere",
    "Surface",
    "Triangle",
    "sample_shapes",
]
