"""Our solver's answers to published benchmark flows, in the same units.

The driven cavity, whose tables stand in `utils.published`, and the cylinder in a channel of Schaefer and Turek (1996),
doi:10.1007/978-3-322-89849-4_39, cases 2D-1 and 2D-2; the intervals are the authors' estimates for the exact values.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, RegularGridInterpolator

from flow.solver import Simulation, channel_inflow
from utils.published import CAVITY_X, CAVITY_Y

SCHAEFER_TUREK_2D1 = {
    "drag": (5.57, 5.59),
    "lift": (0.0104, 0.0110),
    "pressure difference": (0.1172, 0.1176),
    "recirculation length": (0.0842, 0.0852),
}
SCHAEFER_TUREK_2D2 = {
    "largest drag": (3.22, 3.24),
    "largest lift": (0.99, 1.01),
    "Strouhal number": (0.295, 0.305),
}

# The cylinder's channel in metres, and the mean inflow of case 2D-1 in metres a second
LENGTH_M, HEIGHT_M, DIAMETER_M, CENTER_M, MEAN_INFLOW = 2.2, 0.41, 0.1, 0.2, 0.2


def cavity(n: int, reynolds: float, lid_speed: float = 0.1, tolerance: float = 1e-5) -> np.ndarray:
    """Steady velocity (n, n, 2) in a square box of n by n cells under a lid that moves, relative to the lid.

    It is steady when it changes less than `tolerance` while the lid moves by one side of the box.

    Raises:
        RuntimeError: it is not within 300 sides of the box.
    """
    box = Simulation(np.zeros((n, n), bool), lid_speed * n / reynolds, lid_speed=lid_speed)
    for _ in range(300):
        before = box.velocity()
        box.run(round(n / lid_speed))
        after = box.velocity()
        if np.linalg.norm(after - before) < tolerance * np.linalg.norm(after):
            return after / lid_speed
    raise RuntimeError("The cavity did not become steady. Lower the Reynolds number or raise the tolerance.")


def cavity_lines(velocity: np.ndarray) -> np.ndarray:
    """x-velocity at CAVITY_Y and y-velocity at CAVITY_X of a cavity (n, n, 2), n even: (2, 15)."""
    n = len(velocity)
    position = np.concatenate([[0], (np.arange(n) + 0.5) / n, [1]])
    middle = slice(n // 2 - 1, n // 2 + 1)
    u = np.concatenate([[0], velocity[:, middle, 0].mean(1), [1]])
    v = np.concatenate([[0], velocity[middle, :, 1].mean(0), [0]])
    return np.stack([CubicSpline(position, u)(CAVITY_Y), CubicSpline(position, v)(CAVITY_X)])


@dataclass(frozen=True)
class Cylinder:
    """The channel of Schaefer and Turek with `cells` lattice cells across the cylinder.

    Args:
        cells: across the diameter of 0.1 m; a multiple of 10 makes the channel fit exactly.
        reynolds: mean inflow * diameter / viscosity: 20 is case 2D-1, 100 is 2D-2.
        interpolated: False puts the cylinder's wall half-way between cells.
        u_max: largest inflow velocity in cells a step.
    """

    cells: int
    reynolds: float
    interpolated: bool = True
    u_max: float = 0.1

    @property
    def cell_m(self) -> float:
        return DIAMETER_M / self.cells

    @property
    def mean(self) -> float:
        """Mean inflow in cells a step."""
        return 2 / 3 * self.u_max

    def distance(self) -> np.ndarray:
        """(ny, nx) float32, signed distance of cell centres to the cylinder, in cells."""
        ny, nx = round(HEIGHT_M / self.cell_m), round(LENGTH_M / self.cell_m)
        y, x = (np.mgrid[:ny, :nx] + 0.5) - CENTER_M / self.cell_m
        return (np.hypot(x, y) - self.cells / 2).astype(np.float32)

    def simulation(self) -> Simulation:
        distance = self.distance()
        return Simulation(
            distance < 0,
            self.mean * self.cells / self.reynolds,
            inflow=channel_inflow(len(distance), self.u_max),
            outlet=True,
            distance=distance if self.interpolated else None,
        )

    def coefficients(self, simulation: Simulation) -> np.ndarray:
        """Drag and lift coefficients (2,): force / (mean^2 * diameter / 2)."""
        return 2 * simulation.force()[0] / (self.mean**2 * self.cells)

    def vorticity(self, simulation: Simulation) -> np.ndarray:
        """dv/dx - du/dy times diameter over mean inflow, (ny, nx)."""
        u, v = np.moveaxis(simulation.velocity().astype(float), -1, 0)
        return (np.gradient(v, axis=1) - np.gradient(u, axis=0)) * self.cells / self.mean

    def steady(self, tolerance: float = 2e-6) -> Simulation:
        """Run until the force changes less than `tolerance` while the inflow crosses a quarter of the height.

        Raises:
            RuntimeError: it still changes after 200 quarters.
        """
        channel = self.simulation()
        before = np.zeros(2)
        for _ in range(200):
            channel.run(round(HEIGHT_M / self.cell_m / self.u_max / 4))
            force = channel.force()[0]
            if np.abs(force - before).max() < tolerance * abs(force[0]):
                return channel
            before = force
        raise RuntimeError("The flow did not become steady. Use a Reynolds number below 40.")

    def answers(self, channel: Simulation) -> dict[str, float]:
        """What case 2D-1 asks for, of a steady flow: coefficients, pressure in m^2/s^2, length in m."""
        pressure = (channel.density() - 1) / 3 * (MEAN_INFLOW / self.mean) ** 2
        wall, ahead = CENTER_M - DIAMETER_M / 2, CENTER_M + DIAMETER_M / 2
        difference = self._at_wall(pressure, wall, -1) - self._at_wall(pressure, ahead, 1)
        x = np.arange(ahead + 1.5 * self.cell_m, 0.5, self.cell_m / 20)
        u = self._sample(channel.velocity()[..., 0], x)
        last = np.flatnonzero(u < 0)[-1]
        length = x[last] - u[last] * (x[last + 1] - x[last]) / (u[last + 1] - u[last]) - ahead
        drag, lift = self.coefficients(channel)
        return {"drag": drag, "lift": lift, "pressure difference": difference, "recirculation length": length}

    def _sample(self, field: np.ndarray, x: np.ndarray) -> np.ndarray:
        """(ny, nx) at positions x in metres on the line through the cylinder's centre, linear."""
        grid = tuple((np.arange(n) + 0.5) * self.cell_m for n in field.shape)
        return RegularGridInterpolator(grid, field)(np.stack([np.full_like(x, CENTER_M), x], -1))

    def _at_wall(self, field: np.ndarray, x: float, outward: int) -> float:
        """Value at the wall, by a parabola through three points outside: cells at the wall are cut by it."""
        away = np.array([1.5, 2.5, 3.5])
        values = self._sample(field, x + outward * away * self.cell_m)
        return float(np.polynomial.Polynomial.fit(away, values, 2)(0.0))
