"""Solids bounded by triangles, read from STL files."""

import io
from pathlib import Path

import numpy as np

from pinn.geometry.boundary import whole_patch
from pinn.geometry.solids import Geometry, located


class Surface(Geometry):
    """A solid bounded by triangles (SimNet: Tessellation). The signed distance is libigl's, exact.

    The triangles may go round either way: each closed body is oriented by itself, and one that lies inside of
    another is a cavity of it, one inside of the cavity a body again, and so on.

    Args:
        vertices: shape (n, 3). Corners nearer to each other than 1e-8 of the size are one.
        faces: three positions in ``vertices`` each, shape (m, 3).

    Raises:
        ValueError: the triangles do not close, or run through each other; a corner is not finite, or a face names one
            that there is not.
    """

    dim = 3

    def __init__(self, vertices, faces):
        vertices, faces = np.asarray(vertices, float), np.asarray(faces)
        if not np.all(np.isfinite(vertices)):
            raise ValueError("A corner of this surface is not finite (nan or inf). Export it again.")
        if faces.size and not (faces.dtype.kind in "iu" and faces.min() >= 0 and faces.max() < len(vertices)):
            raise ValueError(
                f"Faces are whole numbers from 0 to {len(vertices) - 1}, positions in `vertices`; these are {faces.dtype} "
                f"from {faces.min()} to {faces.max()}."
            )
        vertices, faces = _joined(vertices, faces.astype(np.int64))
        if len(faces) == 0:
            raise ValueError("This surface has no triangles.")
        _check_closed(faces)
        faces = _oriented(vertices, faces)
        self.vertices, self.faces = vertices, faces
        corners = vertices[faces] - vertices[faces[0, 0]]  # from a corner nearby: exact for a part far from 0
        double = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        size = np.linalg.norm(double, axis=1)
        self.bounds = np.array([vertices.min(axis=0), vertices.max(axis=0)])
        self.measure = float(np.sum(corners[:, 0] * double) / 6)
        self._areas, self._normals = size / 2, double / np.where(size > 0, size, 1)[:, None]

    @classmethod
    def from_stl(cls, path: str | Path) -> "Surface":
        """Read an STL file, text or binary, in any unit of length.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is no STL file, is cut off, or its surface is none (see `Surface`).
        """
        import trimesh

        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no file {path}.")
        content = path.read_bytes()
        announced = 84 + 50 * int.from_bytes(
            content[80:84], "little"
        )  # STL: 80 bytes, a count, 50 a triangle
        if (
            134 <= announced < len(content) < announced + 50
        ):  # what some programs write after the last triangle
            content = content[:announced]
        try:
            mesh = trimesh.load_mesh(io.BytesIO(content), file_type="stl", process=False)
        except Exception as error:  # the reader raises a different class for each defect
            raise ValueError(f"{path.name} is no complete STL file ({error}). Export it again.") from error
        if len(mesh.faces) == 0:
            raise ValueError(
                f"{path.name} is no complete STL file (no triangle can be read). Export it again."
            )
        if not np.all(np.isfinite(mesh.vertices)):
            raise ValueError(f"{path.name} holds corners that are not finite numbers. Export it again.")
        return cls(mesh.vertices, mesh.faces)

    def sdf(self, points):
        import igl

        points = np.ascontiguousarray(located(points, 3))
        kind = igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL
        return -igl.signed_distance(points, self.vertices, self.faces, kind)[0]

    def _patches(self):
        ends = np.cumsum(self._areas)
        starts = ends - self._areas

        def place(u):
            at = u[:, 0] * ends[-1]
            face = np.minimum(np.searchsorted(ends, at, side="right"), len(ends) - 1)
            first = np.clip((at - starts[face]) / self._areas[face], 0, 1)  # anew even within the triangle
            root = np.sqrt(first)[:, None]
            a, b, c = (self.vertices[self.faces[face, corner]] for corner in range(3))
            points = (1 - root) * a + root * (1 - u[:, 1:2]) * b + root * u[:, 1:2] * c
            return points, self._normals[face]

        return [whole_patch(float(ends[-1]), place)]


def _joined(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One vertex for each place, and no triangle that has shrunk to a line or a point."""
    if len(faces) == 0:
        return vertices, faces
    used = vertices[faces].reshape(-1, 3)
    low, size = used.min(axis=0), np.ptp(used, axis=0).max()
    # Exporters write single precision, which knows 1e-7 of the size: what is nearer than 1e-8 is one place.
    places = np.round((used - low) / (1e-8 * size if size > 0 else 1)).astype(np.int64)
    _, first, number = np.unique(places, axis=0, return_index=True, return_inverse=True)
    faces = number.reshape(-1, 3)
    distinct = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return np.ascontiguousarray(used[first]), np.ascontiguousarray(faces[distinct])


def _check_closed(faces: np.ndarray) -> None:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    counts = np.unique(edges, axis=0, return_counts=True)[1]
    if np.any(counts == 1):
        raise ValueError(
            f"This surface is not watertight: {np.sum(counts == 1)} of {len(counts)} edges belong to one triangle "
            "only, so that there is no inside. Close the holes, e.g. with trimesh.repair.fill_holes."
        )
    if np.any(counts > 2):
        raise ValueError(
            f"{np.sum(counts > 2)} of {len(counts)} edges of this surface join more than two triangles: bodies touch "
            "along an edge or a face. Move them apart, or unite them before you export them."
        )


def _oriented(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The triangles, counter-clockwise seen from outside of the solid."""
    import igl
    from igl import predicates

    crossing = predicates.find_self_intersections(vertices, faces, first_only=True)
    if crossing[0]:
        one, other = crossing[1][0]
        place = ", ".join(f"{value:.6g}" for value in vertices[faces[one]].mean(axis=0))
        raise ValueError(
            f"This surface runs through itself: triangles {one} and {other}, near ({place}), touch or cross, so that "
            "inside and outside are not told apart. Unite the bodies before you export them."
        )
    faces, body = igl.bfs_orient(faces)  # closed and free of crossings, it has two sides
    bodies = [np.ascontiguousarray(faces[body == number]) for number in range(body.max() + 1)]
    for number, triangles in enumerate(bodies):
        corners = vertices[triangles] - vertices[triangles[0, 0]]  # (triangles, 3 corners, 3)
        # Six times the volume of the cones over all triangles: (triangles, 3) and (triangles, 3) to ().
        volume = np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
        point = vertices[triangles[:1]].mean(axis=1)  # a corner may be shared
        around = sum(
            abs(igl.winding_number(vertices, other, point)[0]) > 0.5
            for k, other in enumerate(bodies)
            if k != number
        )
        if (volume < 0) != (around % 2 == 1):  # an odd number of bodies around it: a cavity
            faces[body == number] = triangles[:, ::-1]
    return np.ascontiguousarray(faces)
