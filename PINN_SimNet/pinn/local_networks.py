"""Local networks: the channel is cut into patches, each with a small network of its own.

A network maps (x, y) to the stream function psi and the pressure p. With u = psi_y and v = -psi_x the flow
conserves mass exactly, whatever the weights are. The hidden layer of each network is drawn at random and stays;
the output weights are trained. All residuals are then linear in the weights, but for the inertia, so that
Gauss-Newton (here the same as Newton's method on the equations) needs a handful of least-squares problems.

Random hidden layers: Dwivedi and Srinivasan (2020), doi:10.1016/j.neucom.2019.12.099. Patches with conditions on
their borders: Dong and Li (2021), doi:10.1016/j.cma.2021.114129. Corners: Moffatt (1964),
doi:10.1017/S0022112064000015.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.polynomial import legendre
from scipy.optimize import brentq
from torch import Tensor
from tqdm.auto import tqdm

from pinn.chip import CEILING, FLOOR, FRONT, LEFT, RIGHT, VISCOSITY, Chip, Flow
from pinn.normal_equations import NormalEquations
from utils.engine import store
from utils.engine.fixed import Fixed

Derivative = tuple[int, int] | str  # (1, 0) is psi_x, (0, 3) is psi_yyy; "p", "p_x", "p_y"
ORDERS = [(i, j) for total in range(4) for i in range(total + 1) for j in [total - i]]
# Chosen by trial, on the chip of the challenge and on a low and wide one: relative errors 0.006 and
# 0.004 (85 neurons, 7 steps, seed 0).
PRESSURE_SCALE = 3.0  # brings p to the size of psi; half or twice changes the errors by less than a tenth
SLOPE = 1.5  # largest slope of a hidden neuron, per half side of a patch; twice, and nothing is found (errors above 0.5)
FALL_OFF = 0.3  # within this distance of a corner the equations count less; half: errors 0.008 and 0.005
# Strengths of the conditions on borders against the equations. psi carries the flux: half of it nearly doubles the errors. Half or
# twice of any other leaves them at or below 0.009.
WEIGHTS = {"psi": 60.0, "slope": 3.0, "curvature": 1.0, "p": 1.0, "outlet": 0.5}


@dataclass(frozen=True)
class HiddenLayer:
    """Random tanh neurons on the square [-1, 1] x [-1, 1]: slope vectors (m, 2) and offsets (m,)."""

    slopes: Tensor
    offsets: Tensor

    @staticmethod
    def draw(width: int, generator: torch.Generator) -> HiddenLayer:
        """Directions uniform on the circle; each neuron bends somewhere in the square or just outside."""
        angle = 2 * np.pi * torch.rand(width, generator=generator)
        length = SLOPE * torch.rand(width, generator=generator).sqrt()
        slopes = length[:, None] * torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
        # a tenth beyond the square: bends at its border too
        middle = 1.1 * (2 * torch.rand(width, 2, generator=generator) - 1)
        return HiddenLayer(slopes, -(slopes * middle).sum(dim=1))

    def derivatives(
        self, points: Tensor, box: tuple[float, float, float, float], highest: int = 3
    ) -> dict[Derivative, Tensor]:
        """Neurons and their derivatives in x and y up to an order of 3 or less, each (n, m)."""
        left, right, low, high = box
        scale = torch.tensor([2 / (right - left), 2 / (high - low)])
        middle = torch.tensor([(left + right) / 2, (low + high) / 2])
        t = torch.tanh((points - middle) * scale @ self.slopes.T + self.offsets)
        s = 1 - t * t
        by_order = (t, s, -2 * t * s, (6 * t * t - 2) * s)  # tanh and its derivatives
        a, b = (self.slopes * scale).T
        return {(i, j): by_order[i + j] * (a**i * b**j) for i, j in ORDERS if i + j <= highest}


class CornerMode(Fixed):
    """A flow without inertia around a corner of 270 degrees: psi = r^(1+q) F(angle), p = nu r^(q-1) G(angle).

    It obeys no slip on both faces and Stokes' equations exactly. Its exponent q solves sin(3 pi q / 2) = q for
    the first kind and = -q for the second, so the speed grows like r^0.54 or r^0.91.

    Args:
        corner: (x, y).
        bisector: angle of the middle of the fluid.
        kind: 0 or 1.
        viscosity: scales the pressure.
    """

    EXPONENTS = (  # each bracket holds the one root of its kind between 0 and 1
        brentq(lambda q: np.sin(1.5 * np.pi * q) - q, 0.4, 0.7),
        brentq(lambda q: np.sin(1.5 * np.pi * q) + q, 0.7, 0.99),
    )

    def __init__(self, corner: tuple[float, float], bisector: float, kind: int, viscosity: float):
        self.corner, self.q, self.viscosity = corner, self.EXPONENTS[kind], viscosity
        self.turn = np.exp(-1j * bisector)
        half = 0.75 * np.pi  # of 270 degrees
        wave = (np.cos, np.sin)[kind]
        phase = (1, -1j)[kind]  # real or imaginary part
        self.a = phase * wave((self.q - 1) * half)
        self.b = -phase * wave((self.q + 1) * half)

    def derivatives(self, points: Tensor, highest: int = 3) -> dict[Derivative, Tensor]:
        """psi with derivatives up to an order of 3 or less, and p with its gradient, each (n,).

        Goursat's form: psi is the real part of a z^(1+q) + b conj(z) z^q. In the corner itself psi and its first
        derivatives are 0; the others and p grow without bound toward it and are NaN there.
        """
        z = torch.complex(points[:, 0] - self.corner[0], points[:, 1] - self.corner[1]) * self.turn
        in_corner = z == 0
        z = torch.where(in_corner, torch.ones_like(z), z)

        def power(exponent: float, order: int) -> Tensor:
            """The derivative of z^exponent."""
            return float(np.prod([exponent - k for k in range(order)])) * z ** (exponent - order)

        def wirtinger(m: int, n: int) -> Tensor:
            """m derivatives by z, n by conj(z)."""
            if n == 0:
                return self.a * power(1 + self.q, m) + self.b * z.conj() * power(self.q, m)
            return self.b * power(self.q, m) if n == 1 else torch.zeros_like(z)

        found: dict[Derivative, Tensor] = {}
        by_z, by_conj = self.turn, np.conj(self.turn)
        for i, j in ORDERS:
            if i + j > highest:
                break  # they are sorted
            # d/dx = t d/dz + t* d/dz*, d/dy = i (t d/dz - t* d/dz*)
            total = torch.zeros_like(z)
            for k in range(i + 1):
                for m in range(j + 1):
                    factor = (
                        comb(i, k) * comb(j, m) * by_z ** (i - k + j - m) * by_conj ** (k + m) * (-1) ** m
                    )
                    total = total + 1j**j * factor * wirtinger(i - k + j - m, k + m)
            found[(i, j)] = total.real
        scale = -4 * self.q * self.b * self.viscosity  # vorticity and pressure are harmonic conjugates
        found["p"] = (scale * power(self.q - 1, 0)).imag
        found["p_x"] = (scale * power(self.q - 1, 1) * self.turn).imag
        found["p_y"] = (1j * scale * power(self.q - 1, 1) * self.turn).imag
        for name, value in found.items():
            value[in_corner] = 0.0 if name in ((0, 0), (1, 0), (0, 1)) else torch.nan
        return found


def _gauss(number: int, low: float, high: float) -> tuple[Tensor, Tensor]:
    node, weight = legendre.leggauss(number)
    return torch.tensor(low + (high - low) * (node + 1) / 2), torch.tensor((high - low) * weight / 2)


class LocalNetworks(Fixed):
    """Networks for the flow around one chip. Its settings stay; only ``weights`` may be set.

    Args:
        chip: the geometry; patches stretch with it.
        width: hidden neurons in each patch.
        viscosity: kinematic.
        seed: of the hidden layers. Networks of the same width and seed differ in their output weights only.
        corners: resolve the upper corners of the chip: small patches, and two `CornerMode` at each with trained
            amplitudes. Without it there are fewer and larger patches.
        corner_power: how fast the equations lose weight toward a corner: as this power of the distance.
        momentum_weight: of the equations against the borders of the patches. None: 1 / speed of the jet above the
            chip, which else outweighs the borders.

    Attributes:
        weights: all trained numbers, zero at first.
    """

    changing = ("weights",)
    points_per_side = (
        1.6  # of a patch, per root of its neurons: about 2.6 points and 5 equations for each neuron
    )

    def __init__(
        self,
        chip: Chip,
        width: int = 85,
        viscosity: float = VISCOSITY,
        seed: int = 0,
        corners: bool = True,
        corner_power: float = 0.5,
        momentum_weight: float | None = None,
    ):
        self.chip, self.width, self.viscosity, self.seed = chip, width, viscosity, seed
        self.corner_power = corner_power
        self.strengths = dict(WEIGHTS)
        self.momentum_weight = 1 - chip.height if momentum_weight is None else momentum_weight
        w, rest = chip.width, RIGHT - chip.back
        shares = (
            (0.12, 0.3, 0.55, 0.8) if corners else (0.12, 0.3, 0.6)
        )  # longer toward the outlet: the flow calms
        wake = [chip.back, *(chip.back + share * rest for share in shares), RIGHT]
        self.x_cuts: tuple[float, ...]
        self.y_cuts: tuple[float, ...]
        if corners:
            # Narrow before the front face and behind its corner, where the speed changes fastest.
            self.x_cuts = (LEFT, -1.6, -1.2, -1.06, FRONT, FRONT + 0.07 * w, FRONT + 0.3 * w, *wake)
            above = (CEILING - chip.top) / 5
            # With one patch instead of two on the lower two thirds of a high chip, the jet behind it bends wrongly.
            low, middle = chip.top - 0.7 * chip.height, chip.top - 0.35 * chip.height
            self.y_cuts = (FLOOR, low, middle, chip.top, chip.top + above, CEILING)
        else:
            self.x_cuts = (LEFT, -1.7, -1.25, FRONT, FRONT + w / 4, chip.back - w / 4, *wake)
            self.y_cuts = (FLOOR, chip.top, CEILING)
        self.above = range(self.x_cuts.index(FRONT), self.x_cuts.index(chip.back))  # columns over the chip
        self.beside = self.y_cuts.index(chip.top)  # number of rows below its top
        generator = torch.Generator().manual_seed(seed)
        self.patches: dict[tuple[int, int], HiddenLayer] = {}
        for i in range(len(self.x_cuts) - 1):
            for j in range(len(self.y_cuts) - 1):
                if j >= self.beside or i not in self.above:  # the chip has no patch
                    self.patches[i, j] = self._hidden_layer(generator)
        self.modes: list[tuple[int, CornerMode]] = []  # with the column of patches left of the corner
        if corners:
            for (
                column,
                corner,
                bisector,
            ) in zip(  # the fluid lies up left of the front corner, up right of the other
                (self.above[0] - 1, self.above[-1]), chip.corners, (0.75 * np.pi, 0.25 * np.pi), strict=True
            ):
                self.modes.extend((column, CornerMode(corner, bisector, kind, viscosity)) for kind in (0, 1))
        self.number = {patch: k for k, patch in enumerate(self.patches)}
        self.num_local = 2 * width * len(self.patches)
        self.weights = torch.zeros(self.num_local + len(self.modes))

    def _hidden_layer(self, generator: torch.Generator) -> HiddenLayer:
        return HiddenLayer.draw(self.width, generator)

    # --- evaluation ---

    def box(self, patch: tuple[int, int]) -> tuple[float, float, float, float]:
        """Left, right, low and high end of a patch."""
        i, j = patch
        return self.x_cuts[i], self.x_cuts[i + 1], self.y_cuts[j], self.y_cuts[j + 1]

    def columns(self, patch: tuple[int, int]) -> Tensor:
        """Which weights act in a patch: of psi, of p, of the corner modes."""
        start = 2 * self.width * self.number[patch]
        local = torch.arange(start, start + 2 * self.width)
        return torch.cat([local, torch.arange(self.num_local, len(self.weights))])

    def features(self, patch: tuple[int, int], points: Tensor, highest: int = 3) -> dict[Derivative, Tensor]:
        """Matrices that turn the weights of a patch into psi, p and derivatives at its points (n, 2)."""
        neurons = self.patches[patch].derivatives(points, self.box(patch), highest)
        nothing = torch.zeros(len(points), self.width)
        modes = [
            mode.derivatives(points, highest) if patch[0] in (column, column + 1) else None
            for column, mode in self.modes
        ]

        def tail(name: Derivative) -> Tensor:
            parts = [torch.zeros(len(points)) if mode is None else mode[name] for mode in modes]
            return torch.stack(parts, dim=1) if parts else torch.zeros(len(points), 0)

        found: dict[Derivative, Tensor] = {
            order: torch.cat([neurons[order], nothing, tail(order)], dim=1) for order in neurons
        }
        for name, order in (("p", (0, 0)), ("p_x", (1, 0)), ("p_y", (0, 1))):
            found[name] = torch.cat([nothing, PRESSURE_SCALE * neurons[order], tail(name)], dim=1)
        return found

    def patch_numbers(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Column and row of the patch that each of the fluid points (n, 2) lies in, (n,) each."""
        i = torch.searchsorted(torch.tensor(self.x_cuts), points[:, 0].contiguous()) - 1
        i = i.clamp(0, len(self.x_cuts) - 2)
        j = torch.searchsorted(torch.tensor(self.y_cuts), points[:, 1].contiguous()) - 1
        j = j.clamp(0, len(self.y_cuts) - 2)
        on_chip = (
            (i >= self.above[0]) & (i <= self.above[-1]) & (j < self.beside)
        )  # points on a face: the patch that touches it
        front, back = on_chip & (points[:, 0] <= FRONT), on_chip & (points[:, 0] >= self.chip.back)
        i = torch.where(front, self.above[0] - 1, torch.where(back, self.above[-1] + 1, i))
        return i, torch.where(on_chip & ~front & ~back, self.beside, j)

    def _in_patches(self, points: Tensor, numbers: tuple[Tensor, Tensor] | None = None):
        i, j = numbers or self.patch_numbers(points)
        for patch in self.patches:
            chosen = (i == patch[0]) & (j == patch[1])
            if chosen.any():
                yield patch, chosen

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """u, v, p (n, 3) at fluid points (n, 2).

        In an upper corner of the chip the velocity is 0, and the pressure of a `CornerMode` has no value: p is NaN
        there, with a warning.

        Raises:
            ValueError: a point lies in the chip or outside of the channel.
        """
        where = torch.tensor(self.chip.in_fluid(points))
        found = self.in_patches(where, self.patch_numbers(where)).numpy()
        warn_of_corners(found)
        return found

    def in_patches(self, where: Tensor, numbers: tuple[Tensor, Tensor]) -> Tensor:
        """u, v, p (n, 3) at points (n, 2) by the networks of the patches with these `patch_numbers`."""
        found = torch.zeros(len(where), 3)
        for patch, chosen in self._in_patches(where, numbers):
            f = self.features(patch, where[chosen], highest=1)
            weights = self.weights[self.columns(patch)]
            found[chosen] = torch.stack([f[0, 1] @ weights, -(f[1, 0] @ weights), f["p"] @ weights], dim=1)
        found[found[:, 2].isnan(), :2] = 0.0  # a corner: three patches meet, and no slip is the limit of all
        return found

    # --- the equations ---

    def _corner_weight(self, points: Tensor) -> Tensor:
        """A power of the distance to each corner, 1 away from them: equations blow up there and count less."""
        weight = torch.ones(len(points))
        for x, y in self.chip.corners:
            distance = torch.hypot(points[:, 0] - x, points[:, 1] - y)
            weight = weight * (distance / FALL_OFF).clamp(max=1) ** self.corner_power
        return weight

    @cached_property
    def _interior(self) -> list[tuple[tuple[int, int], dict[Derivative, Tensor], Tensor]]:
        """Each patch with its features at Gauss points and the root of the weights."""
        number = int(self.points_per_side * self.width**0.5) + 1
        found = []
        for patch in self.patches:
            left, right, low, high = self.box(patch)
            (x, wx), (y, wy) = _gauss(number, left, right), _gauss(number, low, high)
            points = torch.stack([x.repeat_interleave(number), y.repeat(number)], dim=1)
            root = (wx[:, None] * wy).reshape(-1).sqrt() * self._corner_weight(points) * self.momentum_weight
            found.append((patch, self.features(patch, points), root))
        return found

    @property
    def reach(self) -> int:
        """How far apart, in the order of patches, two with a common border may be."""
        return max(
            self.number[other] - k
            for (i, j), k in self.number.items()
            for other in ((i, j + 1), (i + 1, j))
            if other in self.number
        )

    @cached_property
    def _borders(self) -> NormalEquations:
        equations = NormalEquations(len(self.patches), 2 * self.width, self.reach, len(self.modes))
        self.add_borders(equations)
        return equations

    def add_borders(self, equations: NormalEquations) -> None:
        """Add all that is linear: walls, inlet, outlet, borders between patches."""
        number = int(1.9 * self.width**0.5) + 1  # the border is a line: a few points more cost little
        for patch in self.patches:
            i, j = patch
            x0, x1, y0, y1 = self.box(patch)
            for along_y, place, other in (
                (True, x0, (i - 1, j)),
                (True, x1, (i + 1, j)),
                (False, y0, (i, j - 1)),
                (False, y1, (i, j + 1)),
            ):
                way, weight = _gauss(number, y0, y1) if along_y else _gauss(number, x0, x1)
                there = torch.full_like(way, place)
                points = torch.stack([there, way] if along_y else [way, there], dim=1)
                conditions = self._conditions(patch, other, points, along_y, place)
                for patches, rows, target, strength in conditions:
                    root = weight.sqrt() * strength
                    self._add(equations, patches, rows * root[:, None], target * root)

    def _add(self, equations: NormalEquations, patches: Sequence, rows: Tensor, target: Tensor) -> None:
        equations.add([self.number[patch] for patch in patches], rows, target)

    def _conditions(
        self, patch: tuple[int, int], other: tuple[int, int], points: Tensor, along_y: bool, place: float
    ):
        """Equations of one side of a patch: (patches they hold, rows, target, strength)."""
        slope, curvature = ((1, 0), (2, 0)) if along_y else ((0, 1), (0, 2))
        if other in self.patches:
            if other > patch:  # each border once: psi, velocity, shear and pressure have no jump
                yield from self._no_jump(patch, other, points, slope, curvature)
            return
        f, zero = self.features(patch, points, highest=2), torch.zeros(len(points))
        if along_y and place == RIGHT:  # p = nu u_x and v_x = 0
            yield (patch,), f["p"] - self.viscosity * f[1, 1], zero, self.strengths["outlet"]
            yield (patch,), f[2, 0], zero, self.strengths["curvature"]
            return
        target = zero
        if along_y and place == LEFT:
            share = points[:, 1] - FLOOR
            target = 3 * share**2 - 2 * share**3  # integral of the parabola
        elif not along_y and place == CEILING:
            target = zero + 1
        yield (patch,), f[0, 0], target, self.strengths["psi"]
        yield (patch,), f[slope], zero, self.strengths["slope"]

    def _no_jump(self, patch, other, points: Tensor, slope, curvature):
        here, there = (self.features(side, points, highest=2) for side in (patch, other))
        m = 2 * self.width
        near = self._corner_weight(points)
        for name, strength in (
            ((0, 0), self.strengths["psi"]),
            (slope, self.strengths["slope"]),
            (curvature, self.strengths["curvature"] * near),
            ("p", self.strengths["p"] * near),
        ):
            rows = [here[name][:, :m], -there[name][:, :m], here[name][:, m:] - there[name][:, m:]]
            yield (patch, other), torch.cat(rows, dim=1), torch.zeros(len(points)), strength

    def _momentum(
        self, f: dict[Derivative, Tensor], weights: Tensor, nu: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Both momentum equations at the points of a patch, linearised at ``weights``, for a viscosity.

        Returns:
            Derivatives (2n, k) and target (2n,): the equations read rows @ new = target. And (2n,) the
            viscous term divided by minus the viscosity, for the inverse problem.
        """
        u, v = f[0, 1] @ weights, -(f[1, 0] @ weights)
        u_x, u_y, v_x, v_y = f[1, 1] @ weights, f[0, 2] @ weights, -(f[2, 0] @ weights), -(f[1, 1] @ weights)
        laplace_u, laplace_v = f[2, 1] + f[0, 3], -(f[3, 0] + f[1, 2])

        def times(column: Tensor, name: Derivative) -> Tensor:
            return column[:, None] * f[name]

        rows_x = (
            times(u, (1, 1)) + times(u_x, (0, 1)) + times(v, (0, 2)) - times(u_y, (1, 0))
            + f["p_x"] - nu * laplace_u
        )  # fmt: skip
        rows_y = (
            -times(u, (2, 0)) + times(v_x, (0, 1)) - times(v, (1, 1)) - times(v_y, (1, 0))
            + f["p_y"] - nu * laplace_v
        )  # fmt: skip
        target = torch.cat([u * u_x + v * u_y, u * v_x + v * v_y])
        viscous = torch.cat([laplace_u @ weights, laplace_v @ weights])
        return torch.cat([rows_x, rows_y]), target, viscous

    def _equations(self) -> tuple[NormalEquations, float]:
        """All equations, linearised at the present weights, and their residual (see `step`)."""
        equations = self._borders.copy()
        return equations, self.add_interior(equations)

    def add_interior(self, equations: NormalEquations) -> float:
        """Add the momentum equations, linearised at the present weights; gives their residual (see `step`)."""
        square, area = 0.0, 0.0
        for patch, f, root in self._interior:
            weights = self.weights[self.columns(patch)]
            rows, target, _ = self._momentum(f, weights, self.viscosity)
            twice = torch.cat([root, root])
            rows, target = rows * twice[:, None], target * twice
            square += float(((rows @ weights - target) ** 2).sum())
            area += float((root**2).sum())
            self._add(equations, [patch], rows, target)
        return (square / area) ** 0.5

    def step(self) -> tuple[float, float]:
        """One Gauss-Newton step.

        Returns:
            Relative change of the weights, and the root of the weighted mean square of the momentum equations
            before the step.
        """
        equations, residual = self._equations()
        new = torch.tensor(equations.solve())
        change = float((new - self.weights).norm() / new.norm())
        self.weights = new
        return change, residual

    def train(
        self, steps: int = 8, monitor: Callable[[LocalNetworks], float] | None = None, quiet: bool = False
    ) -> pd.DataFrame:
        """Gauss-Newton steps; from zero the first one gives the flow without inertia.

        Args:
            steps: how many.
            monitor: a function of the networks that gives a number, e.g. an error; its time is not counted.
            quiet: show no progress bar.

        Returns:
            One row per step: seconds of processor time so far, change of the weights, residual before the
            step, and ``monitor`` after it.
        """
        rows, seconds = [], 0.0
        for _ in tqdm(range(steps), desc="Gauss-Newton", leave=False, disable=quiet):
            began = time.process_time()
            change, residual = self.step()
            seconds += time.process_time() - began
            row = {"seconds": seconds, "change": change, "residual": residual}
            rows.append(row if monitor is None else row | {"monitor": monitor(self)})
        return pd.DataFrame(rows)


class ParameterizedNetworks(Fixed):
    """Local networks for every chip of a range: trained at Chebyshev points of height and width, ends included.

    In between the flow follows without training: a polynomial in both, patch by patch.

    Args:
        heights, widths: the range.
        nodes: how many heights and widths to train at, 2 or more of each.
        width, seed: as in `LocalNetworks`.
    """

    changing = ("table",)

    def __init__(
        self,
        heights: tuple[float, float],
        widths: tuple[float, float],
        nodes: tuple[int, int] = (5, 4),
        width: int = 85,
        seed: int = 0,
    ):
        self.width, self.seed = width, seed
        self.heights, self.widths = (
            [float(low + (high - low) * (1 - np.cos(np.pi * k / (number - 1))) / 2) for k in range(number)]
            for (low, high), number in ((heights, nodes[0]), (widths, nodes[1]))
        )
        self.table: Tensor | None = None

    def train(self, steps: int = 3, name: str = "", retrain: bool = False, quiet: bool = False) -> float:
        """Train at every node, each time from the flow around a lower or narrower chip.

        Args:
            steps: of Gauss-Newton at a node; the first node gets three more.
            name: given one, the result is kept in the cache by a key of the settings and the code.
            retrain: train again even if a finished copy exists.
            quiet: show no progress bar.

        Returns:
            Seconds of processor time of the training, also where it was loaded.
        """
        if not name:
            self.table, seconds = self._trained(steps, quiet)
            return seconds

        def make(path: Path, work: Path) -> store.Facts:
            table, seconds = self._trained(steps, quiet)
            np.savez(path, table=table.numpy())
            return {"seconds": seconds}

        made_of = (steps, self.width, self.seed, self.heights, self.widths, ParameterizedNetworks)
        recipe = store.Recipe("pinn/trained", name, ".npz", made_of, make, again="trained again")
        with store.kept(recipe, anew=retrain) as entry:
            seconds = entry.facts["seconds"]
            with np.load(entry.path, allow_pickle=False) as kept:
                self.table = torch.tensor(kept["table"])
        if not entry.is_new:
            print(
                f"{name}: loaded the trained copy ({seconds:.0f} s of training saved); retrain=True trains anew."
            )
        return seconds

    def _trained(self, steps: int, quiet: bool) -> tuple[Tensor, float]:
        """The weights at every node and the seconds of processor time that they took."""
        began = time.process_time()
        num = len(self.widths)
        order = [(i, k) for i in range(len(self.heights)) for k in range(num)]
        found: dict[tuple[int, int], Tensor] = {}
        for i, k in tqdm(order, desc="chips", leave=False, disable=quiet):
            nets = LocalNetworks(Chip(self.heights[i], self.widths[k]), self.width, seed=self.seed)
            before = found.get((i, k - 1) if k else (i - 1, 0))  # narrower, or for the narrowest chip lower
            if before is not None:
                nets.weights = before
            nets.train(steps + (3 if before is None else 0), quiet=True)
            found[i, k] = nets.weights
        table = torch.stack(
            [torch.stack([found[i, k] for k in range(num)]) for i in range(len(self.heights))]
        )
        return table, time.process_time() - began

    def at(self, chip: Chip) -> Flow:
        """The flow around one chip: a function from points (n, 2) to u, v, p (n, 3).

        A point is moved to the same place within its patch for each trained chip; psi and p are interpolated
        there. So psi keeps its values on floor, chip and ceiling, and mass is conserved as well as at the nodes.
        Corners and points without fluid are treated as in `LocalNetworks`.

        Raises:
            ValueError: the networks are not trained, or the chip does not belong to the family.
        """
        if self.table is None:
            raise ValueError("These networks are not trained yet: call train() first.")
        chip.within(self.heights, self.widths)
        here = LocalNetworks(chip, width=1)  # for its cuts
        shares = torch.outer(_lagrange(self.heights, chip.height), _lagrange(self.widths, chip.width))
        trained = []
        for i, height in enumerate(self.heights):
            for k, width in enumerate(self.widths):
                nets = LocalNetworks(Chip(height, width), self.width, seed=self.seed)
                nets.weights = self.table[i, k]
                trained.append((float(shares[i, k]), nets))

        def flow(points: np.ndarray) -> np.ndarray:
            where = torch.tensor(chip.in_fluid(points))
            column, row = here.patch_numbers(where)
            total = np.zeros((len(where), 3))
            for share, nets in trained:
                if abs(share) > 1e-12:  # the rest is round-off of the weights
                    x, stretch_x = _moved(where[:, 0], column, here.x_cuts, nets.x_cuts)
                    y, stretch_y = _moved(where[:, 1], row, here.y_cuts, nets.y_cuts)
                    u, v, p = nets.in_patches(torch.stack([x, y], dim=1), (column, row)).numpy().T
                    narrower = (1 - nets.chip.height) / (1 - chip.height)
                    p = p * narrower**3  # pressure falls with the cube of the gap: scaled, it varies little
                    total += share * np.stack([u * stretch_y, v * stretch_x, p], axis=1)  # chain rule
            warn_of_corners(total)
            return total

        return flow


def warn_of_corners(found: np.ndarray) -> None:
    """Say where in u, v, p (n, 3) no pressure stands."""
    count = int(np.isnan(found[:, 2]).sum())
    if count:
        warnings.warn(
            f"{count} of {len(found)} points are upper corners of the chip: the pressure grows without bound there, so "
            "that p is NaN. The velocity is right.",
            stacklevel=3,
        )


def _moved(
    x: Tensor, number: Tensor, cuts: Sequence[float], others: Sequence[float]
) -> tuple[Tensor, np.ndarray]:
    """Coordinates that lie between other cuts as x (n,) lies between cut ``number`` (n,) and the next, and the
    derivative of the move; on a cut exactly the other cut."""
    own, other = torch.tensor(cuts), torch.tensor(others)
    share = (x - own[number]) / (own[number + 1] - own[number])
    stretch = (other[number + 1] - other[number]) / (own[number + 1] - own[number])
    return torch.lerp(other[number], other[number + 1], share), stretch.numpy()


def _lagrange(nodes: Sequence[float], x: float) -> Tensor:
    """Values at x of the polynomials that are 1 at one node and 0 at the others."""
    return torch.tensor([np.prod([(x - b) / (a - b) for b in nodes if b != a]) for a in nodes])


def find_viscosity(
    points: np.ndarray,
    measured: np.ndarray,
    chip: Chip,
    start: float = 0.1,
    width: int = 100,
    steps: int = 8,
    data_weight: float = 5.0,
    seed: int = 0,
    quiet: bool = False,
) -> tuple[pd.DataFrame, LocalNetworks]:
    """Fit networks to a measured flow and to the equations at once, with the viscosity as one more unknown.

    The outlet keeps the first guess in p = nu u_x: the flow hardly changes there, so that the answer moves by 1e-4.

    Args:
        points: (n, 2), where it was measured.
        measured: (n, 3) u, v, p.
        chip: the geometry.
        start: first guess of the viscosity.
        width, seed: as in `LocalNetworks`.
        steps: of Gauss-Newton.
        data_weight: of the data against the equations.
        quiet: show no progress bar.

    Returns:
        A row per step with ``seconds`` and ``viscosity``, and the networks.

    Raises:
        ValueError: a point lies where no fluid is, or the measured values are not finite or not one row a point.
    """
    where = torch.tensor(chip.in_fluid(points))
    values = torch.tensor(np.asarray(measured), dtype=torch.float64)
    if tuple(values.shape) != (len(where), 3) or not torch.isfinite(values).all():
        raise ValueError(
            f"{len(where)} points need finite u, v, p of shape ({len(where)}, 3), not {tuple(values.shape)}. Leave out what "
            "was not measured."
        )

    def networks(viscosity: float) -> LocalNetworks:
        # Corners that are not resolved would mislead: their surroundings count little. data_weight balances the rest.
        return LocalNetworks(
            chip, width, viscosity, seed, corners=False, corner_power=2.0, momentum_weight=1.0
        )

    nets, viscosity = networks(start), start
    began, rows = time.process_time(), []
    fixed = nets._borders.copy()
    # A sum over points as an integral over the fluid: its area is 4.4 about the lecture's chip.
    scale = data_weight * (4.4 / len(where)) ** 0.5 / values.std(dim=0)
    for patch, chosen in nets._in_patches(where):
        f = nets.features(patch, where[chosen], highest=1)
        for k, matrix in enumerate((f[0, 1], -f[1, 0], f["p"])):
            nets._add(fixed, [patch], scale[k] * matrix, scale[k] * values[chosen, k])
    nets.weights = torch.tensor(fixed.solve())  # the data alone
    for _ in tqdm(range(steps), desc="viscosity", leave=False, disable=quiet):
        equations = fixed.copy(more_dense=1)
        for patch, f, root in nets._interior:
            rows_here, target, viscous = nets._momentum(f, nets.weights[nets.columns(patch)], viscosity)
            twice = torch.cat([root, root])
            rows_here = torch.cat([rows_here, -viscous[:, None]], dim=1) * twice[:, None]
            target = (target - viscosity * viscous) * twice  # the product of both unknowns, linearised
            nets._add(equations, [patch], rows_here, target)
        found = torch.tensor(equations.solve())
        nets.weights, viscosity = found[:-1], float(found[-1])
        rows.append({"seconds": time.process_time() - began, "viscosity": viscosity})
    fitted = networks(viscosity)
    fitted.weights = nets.weights
    return pd.DataFrame(rows), fitted
