"""The solver of `flow.solver` in PyTorch, for many bodies at once: what a GPU needs to be full.

Same lattice, collision, walls, inlet and outlet, written as operations on whole arrays. On a GPU
`torch.compile` fuses a step into few kernels where Triton and a C compiler are installed and TensorFlow is not in the
process (`utils.course.begin` says why); on a CPU the numba kernel is many times faster.
"""

import importlib.util
import shutil
import time
from collections.abc import Sequence

import numpy as np
import torch

from flow import solver
from flow.lattice import OPPOSITE, SOUND_SPEED, VELOCITY_X, VELOCITY_Y, WEIGHTS, equilibrium, relaxation_rates
from utils.engine.fixed import Fixed

_RIM = ((0, 0), (1, 1), (1, 1))  # a ring of cells around the grid, nothing beside the populations
_X, _Y, _BACK, _W = VELOCITY_X.tolist(), VELOCITY_Y.tolist(), OPPOSITE.tolist(), WEIGHTS.tolist()


class BatchSimulation(Fixed):
    """n channels of equal size side by side, ny by nx cells each.

    Args:
        solids: (n, ny, nx) bool, True inside bodies.
        viscosity: in cells squared a step.
        inflow: (ny,) x-velocity at the west side; the east side is a pressure outlet.
        distances: (n, ny, nx) signed distances in cells, negative inside; None: half-way walls.
        magic: see `lattice.relaxation_rates`.
        device: where to compute; None is the GPU if there is one.
    """

    changing = ("steps", "_populations")

    def __init__(
        self,
        solids: np.ndarray,
        viscosity: float,
        inflow: np.ndarray,
        *,
        distances: np.ndarray | None = None,
        magic: float | None = 3 / 16,
        device: str | torch.device | None = None,
    ):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.steps = 0
        self._rates = relaxation_rates(float(viscosity), magic)
        self.solid = torch.tensor(solids, device=self.device)
        n, ny, nx = solids.shape
        outside = np.pad(solids, _RIM, constant_values=True)
        outside[:, 1:-1, -1] = False
        link, body_link = np.zeros((2, 9, n, ny, nx), bool)
        weight, constant = np.zeros((9, n, ny, nx), np.float32), np.zeros((9, ny, nx))
        for q in range(1, 9):
            cx, cy = _X[q], _Y[q]
            link[q] = ~solids & _neighbour(outside, -cx, -cy)
            body_link[q] = ~solids & _neighbour(np.pad(solids, _RIM), -cx, -cy)
            if cx == 1:
                between = (inflow + np.roll(inflow, cy)) / 2
                inside = np.ones(ny, bool)
                if cy:
                    inside[0 if cy == 1 else -1] = False  # the link from the corner is at rest
                constant[q, :, 0] = 6 * _W[q] * np.where(inside, between, 0)  # 2 w u / c^2, as a moving wall
            if distances is not None:
                weight[q] = _interpolation(body_link[q], outside, distances, cx, cy)
        self._link = torch.as_tensor(link, device=self.device)
        self._weight = None if distances is None else self._tensor(weight)
        self._constant = self._tensor(constant)
        self._body_link = torch.as_tensor(body_link, device=self.device)
        self._outlet = ~self.solid[:, :, -1]
        self._outflow = self._tensor((np.asarray(inflow) * ~solids[:, :, 0]).sum(1))
        compiles = self.device.type == "cuda" and importlib.util.find_spec("triton") and shutil.which("cc")
        self._take_step = torch.compile(self._step, dynamic=False) if compiles else self._step
        velocity = np.zeros((n, ny, nx, 2))
        velocity[..., 0] = np.asarray(inflow)[:, None]
        self.set_state(velocity, np.ones((n, ny, nx)))

    def set_state(self, velocity: np.ndarray, density: np.ndarray) -> None:
        """Start from velocities (n, ny, nx, 2) and densities (n, ny, nx), in local equilibrium."""
        populations = np.stack([equilibrium(r, u) for r, u in zip(density, velocity, strict=True)], 1)
        self._populations = self._tensor(populations) * ~self.solid

    @torch.no_grad()
    def run(self, num_steps: int) -> None:
        """Take `num_steps` time steps."""
        for _ in range(num_steps):
            self._populations = self._take_step(self._populations)
        self.steps += num_steps

    def density(self) -> np.ndarray:
        """(n, ny, nx) float32, 1 in solid cells."""
        return (1 + self._populations.sum(0)).cpu().numpy()

    def velocity(self) -> np.ndarray:
        """(n, ny, nx, 2) float32, zero in solid cells."""
        return torch.stack(_momentum(self._populations), -1).cpu().numpy()

    def force(self) -> tuple[np.ndarray, np.ndarray]:
        """Forces (n, 2) on the bodies and torques (n,) about the centres, as `Simulation.force`."""
        f = self._populations.double()
        ny, nx = self.solid.shape[1:]
        y = torch.arange(ny, device=self.device)[:, None] - (ny - 1) / 2
        x = torch.arange(nx, device=self.device) - (nx - 1) / 2
        force = torch.zeros((2, len(self.solid)), dtype=torch.float64, device=self.device)
        torque = torch.zeros_like(force[0])
        pulled = [_pull(f[q], q) for q in range(9)]
        for q in range(1, 9):
            given = (f[_BACK[q]] + self._reflected(f, pulled, q)) * self._body_link[q]
            force[0] -= _X[q] * given.sum((1, 2))
            force[1] -= _Y[q] * given.sum((1, 2))
            torque -= (given * ((x - _X[q] / 2) * _Y[q] - (y - _Y[q] / 2) * _X[q])).sum((1, 2))
        return force.T.cpu().numpy(), torque.cpu().numpy()

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self.device)

    def _reflected(self, f: torch.Tensor, pulled: Sequence[torch.Tensor], q: int) -> torch.Tensor:
        """What comes back from walls, bodies and inlet in direction q."""
        back = f[_BACK[q]] + self._constant[q]
        return back if self._weight is None else back + self._weight[q] * (pulled[_BACK[q]] - f[q])

    def _step(self, f: torch.Tensor) -> torch.Tensor:
        """Stream and collide populations (9, n, ny, nx)."""
        flux = (_momentum(f[:, :, :, -1])[0] * self._outlet).sum(1)
        density = (flux - self._outflow) / (self._outlet.sum(1) * float(SOUND_SPEED))
        change = density[:, None] - f[:, :, :, -1].sum(0)  # (n, ny): at the outlet, as `kernel._open_east`
        pulled = [_pull(f[q], q) for q in range(9)]
        for q in (3, 6, 7):
            column = f[q, :, :, -1] + _W[q] * change
            pulled[q][:, :, -1] = torch.roll(column, _Y[q], 1)
        a = [pulled[0]] + [
            torch.where(self._link[q], self._reflected(f, pulled, q), pulled[q]) for q in range(1, 9)
        ]
        even, odd = self._rates
        u, v = _momentum(a)
        common = sum(a[1:], a[0]) - 1.5 * (u * u + v * v)  # 1.5, 4.5 and 3 are those of lattice.equilibrium
        new = [a[0] - even * (a[0] - _W[0] * common)] + [a[0]] * 8
        for q, along in ((1, u), (2, v), (5, u + v), (8, u - v)):
            back = _BACK[q]
            e = even * ((a[q] + a[back]) / 2 - _W[q] * (common + 4.5 * along * along))
            o = odd * ((a[q] - a[back]) / 2 - 3 * _W[q] * along)
            new[q], new[back] = a[q] - e - o, a[back] - e + o
        return torch.stack(new) * ~self.solid


def _momentum(f: torch.Tensor | Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    up, down = f[5] - f[7], f[8] - f[6]
    return f[1] - f[3] + up + down, f[2] - f[4] + up - down


def _pull(plane: torch.Tensor, q: int) -> torch.Tensor:
    """What arrives in direction q at each cell of (n, ny, nx); wrong at the rim, where links replace it."""
    return torch.roll(plane, (_Y[q], _X[q]), (1, 2))


def _neighbour(padded: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """What (n, ny + 2, nx + 2) holds dx cells east and dy cells north of each of the (n, ny, nx) inner cells."""
    ny, nx = padded.shape[1] - 2, padded.shape[2] - 2
    return padded[:, 1 + dy : ny + 1 + dy, 1 + dx : nx + 1 + dx]


def _interpolation(
    body_link: np.ndarray, outside: np.ndarray, distances: np.ndarray, cx: int, cy: int
) -> np.ndarray:
    """Weight of interpolated bounce-back, (n, ny, nx); 0 where the cell ahead is not fluid, as in `Simulation`."""
    closed = outside.copy()
    closed[:, :, -1] = True  # beyond the outlet there is no cell to read
    usable = body_link & ~_neighbour(closed, cx, cy)
    gap = distances - _neighbour(np.pad(distances, _RIM, mode="edge"), -cx, -cy)
    part = np.clip(distances[usable] / gap[usable], solver.SMALLEST_DISTANCE, 1)
    weight = np.zeros(distances.shape, np.float32)
    weight[usable] = (1 - 2 * part) / (1 + 2 * part)
    return weight


def solve_steady_batch(
    solids: np.ndarray,
    *,
    reynolds: float = 100.0,
    u_max: float = 0.1,
    distances: np.ndarray | None = None,
    tolerance: float = 1e-4,
    max_steps: int | None = None,
    device: str | torch.device | None = None,
) -> list[solver.Flow]:
    """`solver.solve_steady` for (n, ny, nx) solids and distances at once; `seconds` is each flow's share.

    All run until the last has converged or `max_steps` are over.

    Raises:
        ValueError: as `solver.solve_steady`; the sentence does not say which of the n.
    """
    began = time.perf_counter()
    if solids.ndim != 3 or not len(solids):
        raise ValueError(f"`solids` has shape {solids.shape}; it needs (n, ny, nx) with at least one body.")
    for k, solid in enumerate(solids):
        solver.check_channel(solid, None if distances is None else distances[k], reynolds, u_max)
    n, ny, nx = solids.shape
    channel = _from_coarse_to_fine(solids, distances, reynolds, u_max, 10 * tolerance, device)
    limit = solver.step_limit(ny, u_max) if max_steps is None else max_steps
    change, converged = _run_until_steady(channel, u_max, tolerance, limit)
    velocity, density = channel.velocity()[:, :, :nx], channel.density()[:, :, :nx]
    force, torque = channel.force()
    seconds = (time.perf_counter() - began) / n
    return [
        solver.Flow(
            velocity=velocity[k],
            density=density[k],
            force=force[k],
            torque=float(torque[k] + ny / 2 * force[k, 1]),
            drag_coefficient=solver.drag_coefficient(force[k, 0], solids[k], u_max),
            steps=channel.steps,
            converged=bool(converged[k]),
            change=float(change[k]),
            seconds=seconds,
        )
        for k in range(n)
    ]


def _from_coarse_to_fine(solids, distances, reynolds, u_max, tolerance, device) -> BatchSimulation:
    """The channels, started from their steady flows on a grid half as fine where there is one."""
    ny, nx = solids.shape[1:]
    inflow = solver.channel_inflow(ny, u_max)
    halves = [solver.coarsen(solid, distance) for solid, distance in _pairs(solids, distances)]
    channel = _channels(solids, distances, u_max * ny / reynolds, inflow, device)
    can_be_coarse = [k for k, half in enumerate(halves) if half]
    if can_be_coarse:
        coarse = _from_coarse_to_fine(
            *_stack([halves[k] for k in can_be_coarse]), reynolds, u_max, tolerance, device
        )
        _run_until_steady(coarse, u_max, tolerance, solver.step_limit(ny // 2, u_max))
        velocity, density = channel.velocity(), channel.density()
        for k, u, r in zip(can_be_coarse, coarse.velocity(), coarse.density(), strict=True):
            if np.isfinite(u).all():
                velocity[k], density[k] = solver.refine(u, r)
        channel.set_state(velocity, density)
    return channel


def _channels(solids, distances, viscosity, inflow, device) -> BatchSimulation:
    longer, longer_distances = _stack([solver.extend_channel(*pair) for pair in _pairs(solids, distances)])
    return BatchSimulation(longer, viscosity, inflow, distances=longer_distances, device=device)


def _pairs(solids: np.ndarray, distances: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray | None]]:
    return list(zip(solids, [None] * len(solids) if distances is None else distances, strict=True))


def _stack(pairs: list) -> tuple[np.ndarray, np.ndarray | None]:
    solids, distances = zip(*pairs, strict=True)
    return np.stack(solids), None if distances[0] is None else np.stack(distances)


def _run_until_steady(
    channel: BatchSimulation, u_max: float, tolerance: float, max_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Run; return the last relative changes (n,) of the velocities, and which flows are steady."""
    n, ny = channel.solid.shape[:2]
    interval = max(2, round(ny / u_max / 4))
    velocity, drag = channel.velocity().reshape(n, -1), channel.force()[0][:, 0]
    change, converged = np.full(n, np.inf), np.zeros(n, bool)
    while channel.steps < max_steps and not converged.all():
        channel.run(min(interval, max_steps - channel.steps))
        old_velocity, old_drag = velocity, drag
        velocity, drag = channel.velocity().reshape(n, -1), channel.force()[0][:, 0]
        change = np.linalg.norm(velocity - old_velocity, axis=1) / np.linalg.norm(velocity, axis=1)
        settled = (change < tolerance) & (abs(drag - old_drag) <= tolerance * abs(drag))
        converged = settled | (converged & (change < 3 * tolerance))
        if not np.isfinite(change[~converged]).any() and not converged.all():
            break  # what is left has diverged
    return change, converged
