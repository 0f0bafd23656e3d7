"""The chip challenge: geometry, constants, a finite-element reference computed here, and what is measured on a flow.

A channel of length 5 and height 1 with a chip on its floor; viscosity 0.02, parabolic inflow with mean speed 1,
pressure 0 at the outlet, no slip on all walls. All quantities are without dimension: lengths in channel heights,
speeds in the mean inflow speed, pressure in density times that speed squared. Reynolds number 50.

The reference solves the steady Navier-Stokes equations with Taylor-Hood elements (Q2 velocity, Q1 pressure) by
Newton's method on a mesh that is graded toward the corners of the chip. At the outlet it uses the natural
condition ``p = nu u_x, v_x = 0``. There p stays below 0.02 behind the standard chip; behind the highest and
widest one, whose jet still bends at the outlet, it reaches 0.44, of a pressure loss of 64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu
from skfem import Basis, BilinearForm, ElementQuad1, ElementQuad2, ElementVector, LinearForm, MeshQuad
from skfem.helpers import ddot, div, dot, grad, mul

from utils import metrics
from utils.engine import store

LEFT, RIGHT, FLOOR, CEILING = -2.5, 2.5, -0.5, 0.5  # of a channel of height 1
FRONT = -1.0  # x of the chip's front face
VISCOSITY = 0.02  # mean inflow 1, height 1: a Reynolds number of 50
HEIGHTS, WIDTHS = (0.4, 0.8), (0.6, 1.4)  # of the parameterized challenge
FIELDS = ("u", "v", "p")
Flow = Callable[[np.ndarray], np.ndarray]  # points (n, 2) to u, v, p (n, 3)


@dataclass(frozen=True)
class Chip:
    """The rectangle in the channel.

    Attributes:
        height, width: in channel heights; the challenge's first part has 0.6 and 1.

    Raises:
        ValueError: it fills the channel or reaches the outlet.
    """

    height: float = 0.6
    width: float = 1.0

    def __post_init__(self):
        if not (0 < self.height < 1 and 0 < self.width < RIGHT - FRONT):
            raise ValueError(
                f"A chip of height {self.height} and width {self.width} does not fit: the height lies between "
                f"0 and 1, the width between 0 and {RIGHT - FRONT}."
            )

    @property
    def top(self) -> float:
        """y of the upper face."""
        return FLOOR + self.height

    @property
    def back(self) -> float:
        """x of the rear face."""
        return FRONT + self.width

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The two upper corners, where the flow is singular."""
        return (FRONT, self.top), (self.back, self.top)

    def covers(self, points: np.ndarray) -> np.ndarray:
        """Whether each of the points (n, 2) lies inside the chip."""
        x, y = points.T
        return (x > FRONT) & (x < self.back) & (y < self.top)

    def in_fluid(self, points: np.ndarray) -> np.ndarray:
        """The points (n, 2) as float64, walls included; one within rounding of a wall or a corner is moved onto it.

        Beside a face two patches of networks end, and the mesh of a reference: a point that lay 1e-16 inside of the chip
        would be answered by the wrong patch.

        Args:
            points: of any kind of real numbers; rounding is 1e-9, or what single and half precision know of 2.5.

        Raises:
            ValueError: some lie in the chip, outside of the channel, or nowhere (NaN): no flow is there.
        """
        given = np.asarray(points)
        coarse = given.dtype.kind == "f" and given.dtype.itemsize < 8
        off = max(1e-9, 2 * float(np.finfo(given.dtype).eps)) if coarse else 1e-9
        points = np.array(given, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"Points have the shape (n, 2), not {points.shape}.")
        x, y = points.T  # views
        for place, ends in ((x, (LEFT, RIGHT)), (y, (FLOOR, CEILING))):
            for end in ends:
                place[np.abs(place - end) <= off] = end
        beside = (x >= FRONT - off) & (x <= self.back + off)
        for place, face, near in (
            (y, self.top, beside), (x, FRONT, y <= self.top + off), (x, self.back, y <= self.top + off),
        ):  # fmt: skip
            place[near & (np.abs(place - face) <= off)] = face
        inside = (x >= LEFT) & (x <= RIGHT) & (y >= FLOOR) & (y <= CEILING) & ~self.covers(points)
        if not inside.all():
            x, y = points[~inside][0]
            raise ValueError(
                f"{np.sum(~inside)} of {len(points)} points lie in the chip or outside of the channel, the first at "
                f"({x:g}, {y:g}). Leave them out: no fluid is there."
            )
        return points

    def within(self, heights: Sequence[float], widths: Sequence[float]) -> Chip:
        """The chip itself, if its height and width lie between the ends of these ranges.

        Raises:
            ValueError: they do not; networks for a family know nothing of such a chip.
        """
        for name, value, ends in (("height", self.height, heights), ("width", self.width, widths)):
            if not min(ends) - 1e-9 <= value <= max(ends) + 1e-9:
                raise ValueError(
                    f"The {name} {value:g} lies outside of the family, which goes from {min(ends):g} to {max(ends):g}: "
                    "these networks would extrapolate. Train a family that holds this chip."
                )
        return self

    def wall_distance(self, points: np.ndarray) -> np.ndarray:
        """Distance of fluid points (n, 2) to the nearest wall, the signed distance of the geometry."""
        x, y = points.T
        beside = np.maximum(np.maximum(FRONT - x, x - self.back), 0)
        above = np.maximum(y - self.top, 0)
        return np.minimum(np.minimum(y - FLOOR, CEILING - y), np.hypot(beside, above))

    def grid(self, per_unit: int = 40) -> np.ndarray:
        """Centres (n, 2) of the squares of side 1 / per_unit that lie in the fluid: equal areas, no point on a wall."""
        x = LEFT + (np.arange(5 * per_unit) + 0.5) / per_unit
        y = FLOOR + (np.arange(per_unit) + 0.5) / per_unit
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return points[~self.covers(points)]


def inflow(y: np.ndarray) -> np.ndarray:
    """Speed at the inlet, a parabola with maximum 1.5 and mean 1."""
    return 1.5 * (1 - 4 * y**2)


# --- the reference ------------------------------------------------------------------------


AT_ONCE = 256  # points: scikit-fem tries each of them in every cell that is near any of them (findings/)


def probed(basis: Basis, coefficients: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values (n, components) of a finite-element function at points (n, 2)."""
    if len(points) == 0:
        return probed(basis, coefficients, basis.mesh.p[:, :1].T)[:0]
    parts = np.split(points, range(AT_ONCE, len(points), AT_ONCE))
    return np.concatenate([(basis.probes(part.T) @ coefficients).reshape(-1, len(part)).T for part in parts])


@dataclass(frozen=True)
class Reference:
    """A finite-element flow.

    Attributes:
        chip, viscosity: of the problem.
        mesh: quadrilaterals.
        velocity, pressure: coefficients.
        drag: force on the chip in flow direction, from the residual at its wall.
    """

    chip: Chip
    viscosity: float
    mesh: MeshQuad
    velocity: np.ndarray
    pressure: np.ndarray
    drag: float

    @cached_property
    def _bases(self) -> tuple[Basis, Basis]:
        return _bases(self.mesh)

    @property
    def unknowns(self) -> int:
        """Number of coefficients."""
        return len(self.velocity) + len(self.pressure)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """u, v, p (n, 3) at fluid points (n, 2).

        At the upper corners of the chip the pressure has no value: what stands there grows with a finer mesh.

        Raises:
            ValueError: a point lies in the chip or outside of the channel.
        """
        points = self.chip.in_fluid(points)
        q2, q1 = self._bases
        return np.concatenate([probed(q2, self.velocity, points), probed(q1, self.pressure, points)], axis=1)


def reference(chip: Chip = Chip(), viscosity: float = VISCOSITY, finest: float = 0.005) -> Reference:
    """The flow around a chip, computed once and kept in the cache.

    Args:
        chip: the geometry.
        viscosity: kinematic.
        finest: size of the cells at the chip's corners; the others follow from it.

    Raises:
        RuntimeError: Newton's method did not converge.
    """

    def make(path: Path, work: Path) -> store.Facts:
        found = _solve(_mesh(chip, finest), chip, viscosity)
        arrays = {
            "p": found.mesh.p,
            "t": found.mesh.t,
            "velocity": found.velocity,
            "pressure": found.pressure,
        }
        np.savez(path, **arrays)
        return {"drag": found.drag}

    recipe = store.Recipe(
        "pinn", "chip_reference", ".npz", (chip, viscosity, finest, reference), make, again="computed again"
    )
    with store.kept(recipe) as entry, np.load(entry.path, allow_pickle=False) as kept:
        mesh = MeshQuad(kept["p"], kept["t"])
        return Reference(chip, viscosity, mesh, kept["velocity"], kept["pressure"], entry.facts["drag"])


def _graded(start: float, stop: float, first: float, last: float, largest: float) -> np.ndarray:
    """Points from start to stop; cells of size ``first`` and ``last`` at the ends grow by a quarter each."""
    way = np.linspace(
        0, stop - start, 20001
    )  # steps of a twentieth of the finest cell of `reference`, or less
    middle = (way[1:] + way[:-1]) / 2
    size = np.minimum(np.minimum(first + middle / 4, last + (stop - start - middle) / 4), largest)
    cells = np.concatenate([[0], np.cumsum(np.diff(way) / size)])
    return start + np.interp(np.linspace(0, cells[-1], int(np.ceil(cells[-1])) + 1), cells, way)


def _mesh(chip: Chip, finest: float) -> MeshQuad:
    largest = min(
        1.1 * finest**0.5, 0.25
    )  # far from the corners the flow is smooth: cells shrink more slowly
    gap = CEILING - chip.top
    x = np.concatenate([
        _graded(LEFT, FRONT, largest, finest, largest)[:-1],
        _graded(FRONT, chip.back, finest, finest, largest)[:-1],
        _graded(chip.back, RIGHT, finest, largest, largest),
    ])  # fmt: skip
    y = np.concatenate([
        _graded(FLOOR, chip.top, largest / 2, finest, largest / 2)[:-1],
        _graded(chip.top, CEILING, finest, min(largest, gap) / 4, largest / 2),
    ])  # fmt: skip
    mesh = MeshQuad.init_tensor(x, y)
    inside = chip.covers(mesh.p[:, mesh.t].mean(axis=1).T)
    return mesh.remove_elements(np.flatnonzero(inside))


def _bases(mesh: MeshQuad) -> tuple[Basis, Basis]:
    q2 = Basis(mesh, ElementVector(ElementQuad2()), intorder=5)  # 3 x 3 Gauss points in each cell
    return q2, q2.with_element(ElementQuad1())


@BilinearForm
def _viscous(u, v, w):
    return w["viscosity"] * ddot(grad(u), grad(v))


@BilinearForm
def _divergence(u, q, w):
    return -div(u) * q


@BilinearForm
def _transport(u, v, w):  # derivative of (u . grad) u
    return dot(mul(grad(u), w["flow"]) + mul(w["flow"].grad, u), v)


@LinearForm
def _inertia(v, w):  # (u . grad) u
    return dot(mul(w["flow"].grad, w["flow"]), v)


def _solve(mesh: MeshQuad, chip: Chip, viscosity: float) -> Reference:
    q2, q1 = _bases(mesh)
    diffusion = _viscous.assemble(q2, viscosity=viscosity)
    gradient = _divergence.assemble(q2, q1)
    size = diffusion.shape[0]
    state = np.zeros(size + gradient.shape[0])
    inlet = mesh.facets_satisfying(lambda x: np.isclose(x[0], LEFT))
    outlet = mesh.facets_satisfying(lambda x: np.isclose(x[0], RIGHT))
    walls = np.setdiff1d(mesh.boundary_facets(), np.concatenate([inlet, outlet]))
    given = np.union1d(q2.get_dofs(inlet).all(), q2.get_dofs(walls).all())
    ahead = q2.get_dofs(inlet).all(["u^1"])
    state[ahead] = inflow(q2.doflocs[1][ahead])
    free = np.setdiff1d(np.arange(len(state)), given)
    for step in range(30):  # the first step is the flow without inertia
        thicker = max(10 / 1.3**step, 1)  # a viscosity that falls to its value: Newton needs a start nearby
        matrix, load = thicker * diffusion, np.zeros(len(state))
        if step:
            flow = q2.interpolate(state[:size])
            matrix = matrix + _transport.assemble(q2, flow=flow)
            load[:size] = _inertia.assemble(q2, flow=flow)
        system = sparse.bmat([[matrix, gradient.T], [gradient, None]], "csr")
        rest = load[free] - system[free][:, given] @ state[given]
        before = state[free]
        factors = splu(  # a pattern that is symmetric, and pivots on its diagonal: sparse factors
            system[free][:, free].tocsc(),
            permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=1e-3, options={"SymmetricMode": True},
        )  # fmt: skip
        state[free] = factors.solve(rest)
        # Newton's method doubles the right digits: after a move of 1e-9 what is left is round-off.
        if thicker == 1 and np.linalg.norm(state[free] - before) < 1e-9 * np.linalg.norm(state[free]):
            break
    else:
        raise RuntimeError(
            f"Newton's method did not converge for {chip} at viscosity {viscosity}: use a larger viscosity, or a "
            "finer mesh."
        )
    flow = q2.interpolate(state[:size])
    force = diffusion @ state[:size] + _inertia.assemble(q2, flow=flow) + gradient.T @ state[size:]
    faces = mesh.facets_satisfying(  # 1e-9 for round-off
        lambda x: (x[0] > FRONT - 1e-9) & (x[0] < chip.back + 1e-9) & (x[1] < chip.top + 1e-9)
    )
    on_chip = q2.get_dofs(np.intersect1d(faces, walls)).all(["u^1"])
    return Reference(chip, viscosity, mesh, state[:size], state[size:], -float(force[on_chip].sum()))


# --- what is measured on a flow -----------------------------------------------------------


def probes(chip: Chip, per_unit: int) -> pd.DataFrame:
    """Where a flow is looked at: kind ("field", "section" or "face"), x and y of each point, see `measured`."""
    kinds = {
        "field": chip.grid(per_unit),
        "section": sections(chip)[0].reshape(-1, 2),
        "face": face_points(chip)[0],
    }
    kind = np.repeat(list(kinds), [len(points) for points in kinds.values()])
    return pd.DataFrame(np.concatenate(list(kinds.values())), columns=["x", "y"]).assign(kind=kind)


def measured(chip: Chip, kind: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """What values (n, 3) of u, v, p at the probes of a kind (n,) tell of a flow.

    Returns:
        Values on the field (m, 3), `mass_imbalance` and `pressure_drag`.
    """
    field, section, face = (values[kind == which] for which in ("field", "section", "face"))
    weights = sections(chip)[1]
    flux = (weights * section[:, 0].reshape(weights.shape)).sum(axis=1)
    return field, metrics.mass_imbalance(flux), float(face_points(chip)[1] @ face[:, 2])


def relative_l2(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Relative L2 errors of u, v and p, each over all points.

    Args:
        found, truth: (n, 3).

    Returns:
        Shape (3,).
    """
    return metrics.relative_l2(found, truth, axis=0)


def sections(chip: Chip, number: int = 10, points: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Gauss points and weights on upright sections through the channel.

    Returns:
        Points (number, points, 2) and weights (number, points): ``(weights * u).sum(axis=1)`` is the flux.
    """
    x = LEFT + (RIGHT - LEFT) * (np.arange(number) + 0.5) / number
    node, weight = np.polynomial.legendre.leggauss(points)
    low = np.where((x > FRONT) & (x < chip.back), chip.top, FLOOR)[:, None]
    y = low + (CEILING - low) * (node + 1) / 2
    return np.stack([np.broadcast_to(x[:, None], y.shape), y], axis=-1), (CEILING - low) * weight / 2


def mass_imbalance(flow: Flow, chip: Chip, number: int = 10) -> float:
    """Largest deviation of the flux through upright sections from the inflow, which is 1."""
    points, weights = sections(chip, number)
    u = flow(points.reshape(-1, 2))[:, 0].reshape(weights.shape)
    return metrics.mass_imbalance((weights * u).sum(axis=1))


def face_points(chip: Chip, points: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Gauss points (2 points, 2) on the front face and then on the rear face, and signed weights (2 points,)."""
    node, weight = np.polynomial.legendre.leggauss(points)
    y = FLOOR + chip.height * (node + 1) / 2
    faces = [np.stack([np.full(points, x), y], axis=1) for x in (FRONT, chip.back)]
    return np.concatenate(faces), np.concatenate([weight, -weight]) * chip.height / 2


def pressure_drag(flow: Flow, chip: Chip) -> float:
    """Force of the pressure on the chip in flow direction: front face minus rear face."""
    points, weights = face_points(chip)
    return float(weights @ flow(points)[:, 2])
