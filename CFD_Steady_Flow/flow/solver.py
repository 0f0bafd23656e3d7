"""Lattice-Boltzmann solver for flow through a channel around bodies, and for a driven cavity.

Two-relaxation-time collision, half-way or interpolated bounce-back, force by momentum exchange.
`Simulation` takes steps; `solve_steady` finds a steady flow and says whether there is one.

Where the formulas come from:
    Krueger et al. (2017), The Lattice Boltzmann Method, doi:10.1007/978-3-319-44649-3: moving walls
        (5.3.3), anti-bounce-back (5.3.4), momentum exchange (5.4.3).
    Ginzburg, Verhaeghe and d'Humieres (2008), Communications in Computational Physics 3, 427: two relaxation times,
        interpolated bounce-back "CLI", which keeps the magic number's accuracy.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage

from flow import kernel
from flow.lattice import OPPOSITE, SOUND_SPEED, VELOCITY_X, VELOCITY_Y, WEIGHTS, equilibrium, relaxation_rates
from utils.engine.fixed import Fixed

_MAX_DEPTH = 24  # steps in one sweep through the grid, whose wave of rows must stay in the cache
_MAX_HEIGHTS = 60  # channel heights that the inflow may cross before a flow counts as unsteady
LEAST_WORK = 200_000  # cell updates a band in a sweep; with less, starting threads costs more than it saves
_COARSEST = 32  # rows of the first grid: the smallest bodies of the data set are 4 cells high there
SMALLEST_DISTANCE = 0.01  # of a cell centre to a wall, in cells


@dataclass(frozen=True)
class Flow:
    """A flow, in lattice units (cells and steps), and how it was found.

    Attributes:
        velocity: (ny, nx, 2) float32, x and y; zero in solid cells.
        density: (ny, nx) float32; 1 at the outlet and in solid cells. Pressure is density / 3.
        force: (2,) of the fluid on the bodies.
        torque: of the fluid on the bodies about the centre of the domain, anticlockwise.
        drag_coefficient: 2 force_x / (mean inflow^2 * frontal height); nan without a body.
        steps: steps taken on the full grid.
        converged: False for a flow that is unsteady, still changing or diverged.
        change: relative change of the velocity over the last interval.
        seconds: wall-clock time.
    """

    velocity: np.ndarray
    density: np.ndarray
    force: np.ndarray
    torque: float
    drag_coefficient: float
    steps: int
    converged: bool
    change: float
    seconds: float


def channel_inflow(ny: int, u_max: float) -> np.ndarray:
    """Parabola of height ny cells with walls half a cell outside; its continuous maximum is u_max."""
    y = (np.arange(ny) + 0.5) / ny
    return 4 * u_max * y * (1 - y)


class Simulation(Fixed):
    """A box of ny by nx cells with walls half a cell outside, bodies in it, and time. The bodies do not move.

    Args:
        solid: (ny, nx) bool, True inside bodies.
        viscosity: in cells squared a step.
        magic: see `lattice.relaxation_rates`; None is BGK.
        inflow: (ny,) x-velocity at the west side, half a cell outside; None is a wall.
        outlet: True for a pressure outlet at the east side, False for a wall.
        lid_speed: x-velocity of the north wall.
        distance: (ny, nx) signed distance of cell centres to the bodies, in cells, negative
            inside: bodies by interpolated bounce-back. None: half-way bounce-back.
        num_threads: bands of rows that are updated side by side, at most; a small grid gets one.

    Raises:
        ValueError: shapes, types or signs do not fit; the sentence says which.
    """

    changing = ("steps", "_old", "_new")

    def __init__(
        self,
        solid: np.ndarray,
        viscosity: float,
        *,
        magic: float | None = 3 / 16,
        inflow: np.ndarray | None = None,
        outlet: bool = False,
        lid_speed: float = 0.0,
        distance: np.ndarray | None = None,
        num_threads: int = 1,
    ):
        _check_geometry(solid, distance)
        ny, nx = solid.shape
        if inflow is not None and np.shape(inflow) != (ny,):
            raise ValueError(
                f"The inflow needs one velocity for each of the {ny} rows, not {np.shape(inflow)}."
            )
        if outlet and solid[:, -1].any():
            raise ValueError("A body reaches the outlet. Leave a column of fluid cells before it.")
        if lid_speed and solid[-1].any():
            raise ValueError("A body touches the lid. Leave a row of fluid cells below it.")
        self.solid, self.steps = solid.copy(), 0
        self.solid.flags.writeable = False
        self._stride = kernel.row_stride(nx)
        self._depth = int(np.clip(nx // 32 * 2, 2, _MAX_DEPTH))  # the outlet must hear each sound wave often
        self._plane = kernel.plane_size((ny + 2) * self._stride + kernel.MARGIN)
        self._old, self._new = kernel.allocate(self._plane)
        bands: list[int] = []
        num_threads = min(num_threads, ny // (2 * self._depth), ny * nx * self._depth // LEAST_WORK)
        if num_threads > 1:
            bands = np.linspace(0, ny, num_threads + 1).round().astype(int).tolist()
            self._pool = ThreadPoolExecutor(num_threads)
        self._bands = bands
        self._sweep = kernel.compile_sweep(self._plane)
        rows = np.arange(ny if outlet else 0)
        self._outlet_cells = self._index(rows, nx - 1).astype(np.uint32)
        self._outflow = np.float32(0 if inflow is None else np.asarray(inflow)[~solid[:, 0]].sum())
        self._make_links(solid, distance)
        self._setting = (
            *solid.shape,
            self._stride,
            *(np.float32(rate) for rate in relaxation_rates(viscosity, magic)),
            _inlet_terms(np.zeros(ny) if inflow is None else np.asarray(inflow)),
            np.float32(6 * WEIGHTS[5] * lid_speed),  # a moving wall adds 2 w u / c^2, and c^2 = 1/3
            *self._links,
            self._outlet_cells,
            self._outflow,
        )
        start = np.zeros((ny, nx, 2))
        if inflow is not None:
            start[..., 0] = np.asarray(inflow)[:, None]
        self.set_state(start)

    def set_state(self, velocity: np.ndarray, density: np.ndarray | float = 1.0) -> None:
        """Start from a velocity (ny, nx, 2) and a density, in local equilibrium."""
        populations = equilibrium(np.broadcast_to(density, self.solid.shape), np.asarray(velocity))
        self._planes(self._old)[:] = np.where(self.solid, 0, populations)
        ny, nx = self.solid.shape
        east = np.arange(9)[:, None] * self._plane + self._index(np.arange(ny), nx)
        self._old[east] = populations[:, :, -1] - WEIGHTS[:, None] * populations[:, :, -1].sum(0)

    def run(self, num_steps: int) -> None:
        """Take `num_steps` time steps."""
        self._old[self._solid_populations] = 0  # keeps what the branch-free loop does in solids bounded
        self._new[self._solid_populations] = 0
        num_sweeps, rest = divmod(num_steps, self._depth)
        if self._bands:
            for _ in range(num_sweeps):
                self._sweep_bands()
        elif num_sweeps:
            self._sweep_rows(self._depth, 0, self.solid.shape[0], num_sweeps=num_sweeps)
        if rest:
            self._sweep_rows(rest, 0, self.solid.shape[0])
        if rest % 2:
            self._old, self._new = self._new, self._old
        self.steps += num_steps

    def _sweep_rows(
        self, depth: int, first: int, last: int, slope_first: int = 0, slope_last: int = 0,
        density: np.float32 = kernel.MEASURE, num_sweeps: int = 1,
    ) -> None:  # fmt: skip
        self._sweep(self._old, self._new, num_sweeps, depth, first, last, slope_first, slope_last,
                    *self._setting, density)  # fmt: skip

    def _sweep_bands(self) -> None:
        """One sweep of each band in a thread of its own, then of the wedges that are left between them.

        Near the edge of a band each step covers one row less than the step before, so that no
        band waits for its neighbour.
        """
        edges, depth, density = self._bands, self._depth, self._outlet_density()
        bands = [
            (depth, first, last, int(first > 0), -int(last < self.solid.shape[0]), density)
            for first, last in pairwise(edges)
        ]
        wedges = [(depth, edge, edge, -1, 1, density) for edge in edges[1:-1]]
        for part in (bands, wedges):
            list(self._pool.map(lambda arguments: self._sweep_rows(*arguments), part))

    def _outlet_density(self) -> np.float32:
        """Density at the outlet, minus 1, as the kernel finds it where no band runs beside another."""
        if not self._outlet_cells.size:
            return np.float32(0)
        f1, f3, f5, f6, f7, f8 = (self._old[q * self._plane + self._outlet_cells] for q in (1, 3, 5, 6, 7, 8))
        flux = (f1 - f3 + f5 - f6 - f7 + f8).sum()
        return np.float32((flux - self._outflow) / (self._outlet_cells.size * SOUND_SPEED))

    def density(self) -> np.ndarray:
        """(ny, nx) float32, 1 in solid cells."""
        return np.where(self.solid, np.float32(1), 1 + self._planes(self._old).sum(0))

    def velocity(self) -> np.ndarray:
        """(ny, nx, 2) float32, zero in solid cells."""
        f = self._planes(self._old)
        diagonal_up, diagonal_down = f[5] - f[7], f[8] - f[6]
        velocity = np.stack(
            [f[1] - f[3] + diagonal_up + diagonal_down, f[2] - f[4] + diagonal_up - diagonal_down], -1
        )
        velocity[self.solid] = 0
        return velocity

    def force(self) -> tuple[np.ndarray, float]:
        """Force (2,) on the bodies, and torque about the centre of the domain, by momentum exchange.

        Pressure counts from that of density 1, so a body that touches a wall feels no weight of it.
        """
        _, _, source, second, third, weight = self._links
        f = self._old
        arriving = f[source].astype(float)
        leaving = arriving + weight * (f[second].astype(float) - f[third])
        given = (arriving + leaving)[:, None] * self._link_directions
        force = given.sum(0)
        torque = (self._link_arms[:, 0] * given[:, 1] - self._link_arms[:, 1] * given[:, 0]).sum()
        return force, float(torque)

    def _index(self, y: np.ndarray, x: np.ndarray | int) -> np.ndarray:
        return (y + 1) * self._stride + kernel.MARGIN + x

    def _planes(self, memory: np.ndarray) -> np.ndarray:
        """(9, ny, nx) view of the populations inside the padded memory."""
        ny, nx = self.solid.shape
        planes = memory[: 9 * self._plane].reshape(9, self._plane)
        rows = planes[:, self._stride : (ny + 1) * self._stride].reshape(9, ny, self._stride)
        return rows[:, :, kernel.MARGIN : kernel.MARGIN + nx]

    def _make_links(self, solid: np.ndarray, distance: np.ndarray | None) -> None:
        """Tabulate every population that enters a fluid cell from a body."""
        ny, nx = solid.shape
        body, closed = np.pad(solid, 1), np.pad(solid, 1, constant_values=True)
        padded_distance = None if distance is None else np.pad(distance, 1, mode="edge")
        columns: list[list[np.ndarray]] = [[] for _ in range(8)]
        for q in range(1, 9):
            cx, cy, back = VELOCITY_X[q], VELOCITY_Y[q], OPPOSITE[q]
            y, x = np.nonzero(~solid & body[1 - cy : ny + 1 - cy, 1 - cx : nx + 1 - cx])
            cell = self._index(y, x)
            source = back * self._plane + cell
            second, third, weight = source.copy(), source.copy(), np.zeros(cell.size)
            if padded_distance is not None:
                ahead = ~closed[y + cy + 1, x + cx + 1]  # else there is no fluid cell to interpolate with
                here, there = padded_distance[y + 1, x + 1], padded_distance[y - cy + 1, x - cx + 1]
                part = np.clip(here[ahead] / (here[ahead] - there[ahead]), SMALLEST_DISTANCE, 1)
                weight[ahead] = (1 - 2 * part) / (1 + 2 * part)
                second[ahead] = back * self._plane + self._index(y[ahead] + cy, x[ahead] + cx)
                third[ahead] = q * self._plane + cell[ahead]
            target = q * self._plane + cell - cy * self._stride - cx
            row = (y, x, np.full(cell.size, q), target, source, second, third, weight)
            for column, values in zip(columns, row, strict=True):
                column.append(values)
        y, x, direction, target, source, second, third, weight = map(np.concatenate, columns)
        order = np.argsort(y, kind="stable")
        self._links: tuple[np.ndarray, ...] = (
            np.searchsorted(y[order], np.arange(ny + 1)),
            *(table[order].astype(np.uint32) for table in (target, source, second, third)),
            weight[order].astype(np.float32),
        )
        outward = np.stack([VELOCITY_X[direction], VELOCITY_Y[direction]], -1)[order]
        self._link_directions = -outward  # from the fluid cell to the body
        self._link_arms = np.stack([x, y], -1)[order] - outward / 2 - (np.array([nx, ny]) - 1) / 2
        inside = self._index(*np.nonzero(solid))
        self._solid_populations = (np.arange(9)[:, None] * self._plane + inside).ravel()


def _inlet_terms(inflow: np.ndarray) -> np.ndarray:
    """What an inlet that moves with `inflow` (ny,) adds to directions 1, 5 and 8: (3, ny) float32.

    A diagonal link crosses the inlet half-way between two rows; at the corners the wall is at rest.
    """
    between = (inflow[1:] + inflow[:-1]) / 2
    crossing = np.stack([inflow, np.append(0, between), np.append(between, 0)])
    return (6 * WEIGHTS[[1, 5, 8], None] * crossing).astype(np.float32)  # 2 w u / c^2, as a moving wall


def _check_geometry(solid: np.ndarray, distance: np.ndarray | None) -> None:
    if not isinstance(solid, np.ndarray) or solid.dtype != bool or solid.ndim != 2:
        raise ValueError("`solid` must be a boolean array of shape (ny, nx), True inside bodies.")
    if min(solid.shape) < 4:
        raise ValueError(f"The grid is {solid.shape}; the solver needs at least 4 cells on each side.")
    if distance is not None:
        if np.shape(distance) != solid.shape:
            raise ValueError(f"`distance` has shape {np.shape(distance)}, `solid` has {solid.shape}.")
        if not np.all(np.isfinite(distance)):
            raise ValueError("`distance` holds a value that is not finite (nan or inf).")
        if not np.array_equal(np.asarray(distance) < 0, solid):
            raise ValueError("`distance` must be negative exactly in the solid cells.")


@np.errstate(invalid="ignore", over="ignore")  # a flow that diverges is reported, not warned about
def solve_steady(
    solid: np.ndarray,
    *,
    reynolds: float = 100.0,
    u_max: float = 0.1,
    distance: np.ndarray | None = None,
    tolerance: float = 1e-4,
    max_steps: int | None = None,
    start: Flow | None = None,
) -> Flow:
    """Steady flow through a channel around the bodies in it.

    Parabolic inflow from the west, no-slip walls north and south, density 1 at an outlet that lies
    one channel height east of the domain.

    Args:
        solid: (ny, nx) bool, True inside bodies.
        reynolds: u_max * ny / viscosity.
        u_max: largest inflow velocity, in cells a step. A steady flow hardly depends on it.
        distance: (ny, nx) signed distance to the bodies in cells, negative inside; with it the
            body's surface is where the distance is 0, not at half-way between cells.
        tolerance: converged when velocity and drag change less than this part of themselves while
            the inflow crosses a quarter of the channel height.
        max_steps: give up after this many steps; None is 60 channel heights of inflow.
        start: a flow to start from; None starts from the solution on a grid half as fine, which
            starts from that on a quarter, and so on while 32 rows are left.

    Returns:
        The flow. `converged` is False where it is unsteady or diverged; then it is the last state.

    Raises:
        ValueError: wrong shape or type, or no way through the channel.
    """
    began = time.perf_counter()
    check_channel(solid, distance, reynolds, u_max)
    ny, nx = solid.shape
    if start is None:
        # Ten times the tolerance: what the coarse grid gets wrong is larger than that.
        simulation = _from_coarse_to_fine(solid, distance, reynolds, u_max, 10 * tolerance)
    else:
        simulation = _channel(solid, distance, reynolds, u_max)
        simulation.set_state(_extend(start.velocity, ny), _extend(start.density, ny))
    limit = step_limit(ny, u_max) if max_steps is None else max_steps
    change, converged = _run_until_steady(simulation, u_max, tolerance, limit)
    force, torque = simulation.force()
    return Flow(
        velocity=simulation.velocity()[:, :nx],
        density=simulation.density()[:, :nx],
        force=force,
        torque=torque + ny / 2 * force[1],  # the simulated domain is ny cells longer: move to our centre
        drag_coefficient=drag_coefficient(force[0], solid, u_max),
        steps=simulation.steps,
        converged=converged,
        change=change,
        seconds=time.perf_counter() - began,
    )


def drag_coefficient(force_x: float, solid: np.ndarray, u_max: float) -> float:
    """2 force_x / (mean inflow^2 * frontal height), the height in rows that hold a solid cell."""
    height = int(solid.any(1).sum())
    return 2 * force_x / ((2 / 3 * u_max) ** 2 * height) if height else float("nan")


def step_limit(ny: int, u_max: float) -> int:
    """Steps after which a flow that still changes counts as unsteady."""
    return round(_MAX_HEIGHTS * ny / u_max)


def check_channel(solid: np.ndarray, distance: np.ndarray | None, reynolds: float, u_max: float) -> None:
    """Raise ValueError, with a sentence that says what is wrong, unless `solve_steady` can run."""
    _check_geometry(solid, distance)
    if not _has_passage(solid):
        raise ValueError("The bodies block the channel: no fluid cells connect the inlet with the outlet.")
    if solid[:, 0].any():
        raise ValueError(
            "A body stands in the first column of cells, the inlet: less than the inflow that is asked for would enter, at "
            "another Reynolds number. Move it downstream."
        )
    if not reynolds > 0 or not 0 < u_max < 0.3:  # 0.3 is half the speed of sound: no longer incompressible
        raise ValueError(f"Needs reynolds > 0 and 0 < u_max < 0.3 cells a step, not {reynolds} and {u_max}.")


def _has_passage(solid: np.ndarray) -> bool:
    regions, _ = ndimage.label(~solid)
    return bool((set(regions[:, 0]) & set(regions[:, -1])) - {0})


def extend_channel(solid: np.ndarray, distance: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Append ny columns of fluid before the outlet; a body that reaches them ends half a cell before."""
    ny = solid.shape[0]
    if distance is not None:
        distance = np.concatenate([distance, np.repeat(np.abs(distance[:, -1:]), ny, axis=1)], axis=1)
    return np.pad(solid, ((0, 0), (0, ny))), distance


def coarsen(solid: np.ndarray, distance: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None] | None:
    """The bodies on a grid half as fine; None where that has too few rows, an odd side or no passage."""
    ny, nx = solid.shape
    if ny % 2 or nx % 2 or ny < 2 * _COARSEST:
        return None
    blocks = (solid if distance is None else distance).reshape(ny // 2, 2, nx // 2, 2).mean((1, 3))
    coarse = blocks > 0.5 if distance is None else blocks < 0
    return (
        (coarse, None if distance is None else (blocks / 2).astype(np.float32))
        if _has_passage(coarse)
        else None
    )


def refine(velocity: np.ndarray, density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Velocity (ny, nx, 2) and density (ny, nx) on a grid twice as fine, linear between cell centres."""
    u, v = (_refine(velocity[..., component], -1) for component in (0, 1))
    return np.stack([u, v], -1), _refine(density, 1)


def _refine(field: np.ndarray, wall_sign: int) -> np.ndarray:
    """(ny, nx) to (2 ny, 2 nx); beyond the walls the field continues times `wall_sign`."""
    field = np.pad(field, 1, mode="edge")
    field[[0, -1]] *= wall_sign
    for _ in range(2):  # rows, then, transposed, columns
        inner = 0.75 * field[1:-1]  # a fine centre lies a quarter of a coarse cell beside the coarse one
        field = (
            np.stack([inner + 0.25 * field[:-2], inner + 0.25 * field[2:]], 1).reshape(-1, field.shape[1]).T
        )
    return field


def _channel(solid: np.ndarray, distance: np.ndarray | None, reynolds: float, u_max: float) -> Simulation:
    """The channel of `solve_steady`, longer than the domain."""
    ny = solid.shape[0]
    solid, distance = extend_channel(solid, distance)
    inflow = channel_inflow(ny, u_max)
    return Simulation(solid, u_max * ny / reynolds, inflow=inflow, outlet=True, distance=distance)


def _extend(field: np.ndarray, columns: int) -> np.ndarray:
    """Repeat the last column of (ny, nx) or (ny, nx, 2)."""
    return np.concatenate([field, np.repeat(field[:, -1:], columns, axis=1)], axis=1)


def _from_coarse_to_fine(
    solid: np.ndarray, distance: np.ndarray | None, reynolds: float, u_max: float, tolerance: float
) -> Simulation:
    """The channel, started from its steady flow on a grid half as fine where there is one."""
    simulation = _channel(solid, distance, reynolds, u_max)
    half = coarsen(solid, distance)
    if half:
        coarse = _from_coarse_to_fine(*half, reynolds, u_max, tolerance)
        _run_until_steady(coarse, u_max, tolerance, step_limit(solid.shape[0] // 2, u_max))
        velocity, density = refine(coarse.velocity(), coarse.density())
        if np.isfinite(velocity).all():
            simulation.set_state(velocity, density)
    return simulation


def _run_until_steady(
    simulation: Simulation, u_max: float, tolerance: float, max_steps: int
) -> tuple[float, bool]:
    """Run; return the last relative change of the velocity, and whether it and the drag's are small."""
    interval = max(2, round(simulation.solid.shape[0] / u_max / 4))
    velocity, drag = simulation.velocity(), simulation.force()[0][0]
    change = float("inf")
    while simulation.steps < max_steps:
        simulation.run(min(interval, max_steps - simulation.steps))
        old_velocity, old_drag = velocity, drag
        velocity, drag = simulation.velocity(), simulation.force()[0][0]
        change = float(np.linalg.norm(velocity - old_velocity) / np.linalg.norm(velocity))
        if not np.isfinite(change):
            return change, False
        if change < tolerance and abs(drag - old_drag) <= tolerance * abs(drag):
            return change, True
    return change, False
