"""Published benchmark flows, and our solver's answers in the same units.

Sources:
    Ghia, Ghia and Shin (1982), doi:10.1016/0021-9991(82)90058-4, tables I and II: driven cavity,
        finite differences on 129 by 129 points.
    Botella and Peyret (1998), doi:10.1016/S0045-7930(98)00002-4, tables 9 and 10: the same cavity at
        Reynolds number 1000 by a spectral method, to seven digits.
    Schaefer and Turek (1996), doi:10.1007/978-3-322-89849-4_39: cylinder in a channel, cases 2D-1
        and 2D-2; the intervals are the authors' estimates for the exact values.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline, RegularGridInterpolator

from flow.solver import Simulation, channel_inflow

# x-velocity on the vertical centre line at heights y, and y-velocity on the horizontal one at x
CAVITY_Y = np.array(
    [0.9766, 0.9688, 0.9609, 0.9531, 0.8516, 0.7344, 0.6172, 0.5000, 0.4531, 0.2813, 0.1719, 0.1016, 0.0703, 0.0625, 0.0547]
)  # fmt: skip
CAVITY_X = np.array(
    [0.9688, 0.9609, 0.9531, 0.9453, 0.9063, 0.8594, 0.8047, 0.5000, 0.2344, 0.2266, 0.1563, 0.0938, 0.0781, 0.0703, 0.0625]
)  # fmt: skip
GHIA = {
    100: np.array([
        [0.84123, 0.78871, 0.73722, 0.68717, 0.23151, 0.00332, -0.13641, -0.20581, -0.21090, -0.15662, -0.10150, -0.06434, -0.04775, -0.04192, -0.03717],
        [-0.05906, -0.07391, -0.08864, -0.10313, -0.16914, -0.22445, -0.24533, 0.05454, 0.17527, 0.17507, 0.16077, 0.12317, 0.10890, 0.10091, 0.09233],
    ]),
    1000: np.array([
        [0.65928, 0.57492, 0.51117, 0.46604, 0.33304, 0.18719, 0.05702, -0.06080, -0.10648, -0.27805, -0.38289, -0.29730, -0.22220, -0.20196, -0.18109],
        [-0.21388, -0.27669, -0.33714, -0.39188, -0.51550, -0.42665, -0.31966, 0.02526, 0.32235, 0.33075, 0.37095, 0.32627, 0.30353, 0.29012, 0.27485],
    ]),
}  # fmt: skip
BOTELLA_PEYRET_1000 = np.array([
    [0.6644227, 0.5808359, 0.5169277, 0.4723329, 0.3372212, 0.1886747, 0.0570178, -0.0620561, -0.1081999, -0.2803696, -0.3885691, -0.3004561, -0.2228955, -0.2023300, -0.1812881],
    [-0.2279225, -0.2936869, -0.3553213, -0.4103754, -0.5264392, -0.4264545, -0.3202137, 0.0257995, 0.3253592, 0.3339924, 0.3769189, 0.3330442, 0.3099097, 0.2962703, 0.2807056],
])  # fmt: skip

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
