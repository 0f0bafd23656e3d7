"""Networks that see the geometry: the chip's height and width are inputs beside x and y.

The patches of `local_networks` stretch with the chip, and each neuron becomes tanh(slope . place in the patch + turn .
geometry + offset). For one chip that is a hidden layer with other offsets; the output weights are the same for all chips.
So the equations of many chips add up in one system of least squares, and each Gauss-Newton step trains for the family.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from pinn.chip import HEIGHTS, WIDTHS, Chip
from pinn.local_networks import Derivative, HiddenLayer, LocalNetworks
from pinn.normal_equations import NormalEquations
from utils.engine.fixed import Fixed
from utils.engine.paths import ROOT

TURN = 0.3  # how much the geometry moves a neuron in a patch, against 1.5 for the place


def scaled(chip: Chip) -> Tensor:
    """Height and width of a chip, each from -1 to 1 over the range of the challenge."""
    ranges = ((chip.height, HEIGHTS), (chip.width, WIDTHS))
    return torch.tensor([2 * (value - low) / (high - low) - 1 for value, (low, high) in ranges])


def chebyshev(bounds: tuple[float, float], number: int) -> np.ndarray:
    """Chebyshev points of an interval, its ends included."""
    low, high = bounds
    return low + (high - low) * (1 - np.cos(np.pi * np.arange(number) / (number - 1))) / 2


def chips_of(nodes: tuple[int, int]) -> list[Chip]:
    """The chips at Chebyshev points of height and width, their ends included."""
    heights, widths = chebyshev(HEIGHTS, nodes[0]), chebyshev(WIDTHS, nodes[1])
    return [Chip(float(height), float(width)) for height in heights for width in widths]


class OneChip(LocalNetworks):
    """The networks of the family as they stand for one chip.

    All is in units of the chip's own jet, so that chips of all heights count alike in a sum of squares: with g for the
    gap above it, speeds grow with 1 / g, shear with its square, pressure with its cube.

    Args:
        chip, width, seed: as in `LocalNetworks`.
        order: the amplitude of a corner mode is a polynomial of this degree in height and width.
    """

    points_per_side = 0.9  # all chips together still bring many more equations than there are weights

    def __init__(self, chip: Chip, width: int, seed: int, order: int):
        gap = (1 - chip.height) / 0.4
        self.jet, self.place = gap**-3, scaled(chip)
        super().__init__(chip, width, seed=seed, momentum_weight=0.4 * gap**3)
        for name, power in (("slope", 1), ("curvature", 2), ("p", 3), ("outlet", 3)):
            self.strengths[name] *= gap**power
        h, w = self.place
        powers = torch.stack([h**i * w**j for i in range(order + 1) for j in range(order + 1 - i)])
        self.amplitudes = torch.kron(torch.eye(len(self.modes)), powers[None])  # (modes, modes * powers)

    def _hidden_layer(self, generator: torch.Generator) -> HiddenLayer:
        layer = super()._hidden_layer(generator)
        turn = TURN * (2 * torch.rand(self.width, 2, generator=generator) - 1)
        return HiddenLayer(layer.slopes, layer.offsets + turn @ self.place)

    def features(self, patch: tuple[int, int], points: Tensor, highest: int = 3) -> dict[Derivative, Tensor]:
        found = super().features(patch, points, highest)
        for name in ("p", "p_x", "p_y"):
            found[name][:, self.width : 2 * self.width] *= self.jet
        return found

    def _add(self, equations: NormalEquations, patches: Sequence, rows: Tensor, target: Tensor) -> None:
        local = 2 * self.width * len(patches)
        rows = torch.cat([rows[:, :local], rows[:, local:] @ self.amplitudes], dim=1)
        super()._add(equations, patches, rows, target)


class GeometryNetworks(Fixed):
    """Networks in patches whose neurons are tanh(slope . place + turn . geometry + offset), for all chips of the range.

    Args:
        width: hidden neurons in each patch.
        nodes: number of heights and of widths to train at.
        order: the amplitude of a corner mode is a polynomial of this degree in height and width.
        seed: of the hidden layers.

    Attributes:
        weights: all trained numbers, zero at first: one set for every chip.
    """

    changing = ("weights",)

    def __init__(self, width: int = 110, nodes: tuple[int, int] = (3, 3), order: int = 2, seed: int = 0):
        self.width, self.order, self.seed = width, order, seed
        self.chips = chips_of(nodes)
        one = self._one(self.chips[0])
        self.num_local, self.num_dense = one.num_local, one.amplitudes.shape[1]
        self.weights = torch.zeros(self.num_local + self.num_dense)

    def _one(self, chip: Chip) -> OneChip:
        return OneChip(chip, self.width, self.seed, self.order)

    def at(self, chip: Chip) -> OneChip:
        """The flow around one chip: a function from points (n, 2) to u, v, p (n, 3).

        Raises:
            ValueError: the chip does not belong to the family.
        """
        one = self._one(chip.within(HEIGHTS, WIDTHS))
        local, dense = self.weights.split([self.num_local, self.num_dense])
        one.weights = torch.cat([local, one.amplitudes @ dense])
        return one

    def train(
        self, steps: int = 3, monitor: Callable[[GeometryNetworks], float] | None = None, quiet: bool = False
    ) -> pd.DataFrame:
        """Gauss-Newton steps for all chips at once; the first gives the flows without inertia.

        Args:
            steps, monitor, quiet: as in `LocalNetworks.train`.

        Returns:
            One row per step: seconds of processor time so far, and ``monitor`` after it.
        """
        began = time.process_time()
        one = self._one(self.chips[0])
        linear = NormalEquations(len(one.patches), 2 * self.width, one.reach, self.num_dense)
        for chip in self.chips:
            self._one(chip).add_borders(linear)
        rows, seconds = [], time.process_time() - began
        for _ in tqdm(range(steps), desc="Gauss-Newton", leave=False, disable=quiet):
            began = time.process_time()
            equations = linear.copy()
            for chip in self.chips:
                self.at(chip).add_interior(equations)
            self.weights = torch.tensor(equations.solve())
            seconds += time.process_time() - began
            row = {"seconds": seconds}
            rows.append(row if monitor is None else row | {"monitor": monitor(self)})
        return pd.DataFrame(rows)


def recorded() -> tuple[pd.DataFrame, str]:
    """What ``benchmarks/chip_geometry.py`` measured: these networks beside polynomials through solved flows.

    Returns:
        One row per contender and seed: ``worst`` and ``mean`` error over eight chips, ``seconds`` of training,
        ``kept_mb``; and when and on what it was measured.
    """
    content = json.loads((ROOT / "benchmarks" / "chip_geometry.json").read_text(encoding="utf-8"))
    return pd.DataFrame(content["runs"]), content["measured"]
