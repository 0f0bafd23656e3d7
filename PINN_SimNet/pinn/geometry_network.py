"""One set of networks that see the geometry: the chip's height and width are inputs beside x and y.

The patches of `local_networks` stretch with the chip, and each neuron becomes tanh(slope . place in the patch + turn .
geometry + offset). For one chip that is a hidden layer with other offsets; the output weights are the same for all
chips. So the equations of many chips add up in one system of least squares, and each Gauss-Newton step trains for the
whole family.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from pinn.chip import HEIGHTS, WIDTHS, Chip, Flow
from pinn.local_networks import Derivative, HiddenLayer, LocalNetworks
from pinn.normal_equations import NormalEquations
from utils.engine.fixed import Fixed

# Chosen by trial with seed 0: how much the geometry moves a neuron, from one end of the range to the other, against
# 1.5 for the place in the patch.
TURN = 0.5


def scaled(chip: Chip) -> np.ndarray:
    """Height and width of a chip, each from -1 to 1 over the range of the challenge."""
    ranges = ((chip.height, HEIGHTS), (chip.width, WIDTHS))
    return np.array([2 * (value - low) / (high - low) - 1 for value, (low, high) in ranges])


def chebyshev(bounds: tuple[float, float], number: int) -> np.ndarray:
    """Chebyshev points of an interval, its ends included."""
    low, high = bounds
    return low + (high - low) * (1 - np.cos(np.pi * np.arange(number) / (number - 1))) / 2


class OneChip(LocalNetworks):
    """The networks as they stand for one chip: neurons moved by the geometry, pressure in units of the jet's.

    Args:
        chip: the geometry.
        width, seed: as in `LocalNetworks`; the networks of all chips have the same.
    """

    points_per_side = 0.9  # all chips together still bring many more equations than there are weights

    def __init__(self, chip: Chip, width: int, seed: int):
        self.place = torch.tensor(scaled(chip))
        self.jet = 0.1 / (1 - chip.height) ** 3  # the pressure loss in a gap grows with its inverse cube
        super().__init__(chip, width, seed=seed)

    def _hidden_layer(self, generator: torch.Generator) -> HiddenLayer:
        layer = super()._hidden_layer(generator)
        turn = TURN * (2 * torch.rand(self.width, 2, generator=generator) - 1)
        return HiddenLayer(layer.slopes, layer.offsets + turn @ self.place)

    def features(self, patch: tuple[int, int], points: Tensor, highest: int = 3) -> dict[Derivative, Tensor]:
        found = super().features(patch, points, highest)
        for name in ("p", "p_x", "p_y"):
            found[name][:, self.width : 2 * self.width] *= self.jet
        return found


class GeometryNetworks(Fixed):
    """Networks of place and geometry for all chips of the range, trained at some of them at once.

    Args:
        width: hidden neurons in each patch.
        nodes: number of heights and of widths to train at.
        order: the amplitude of a corner mode is a polynomial of this degree in height and width.
        seed: of the hidden layers.
    """

    changing = ("weights",)

    def __init__(self, width: int = 150, nodes: tuple[int, int] = (5, 4), order: int = 3, seed: int = 0):
        self.width, self.order, self.seed = width, order, seed
        self.chips = [
            Chip(float(h), float(w))
            for h in chebyshev(HEIGHTS, nodes[0])
            for w in chebyshev(WIDTHS, nodes[1])
        ]
        first = OneChip(self.chips[0], 1, seed)
        self.num_local, self.num_modes = 2 * width * len(first.patches), len(first.modes)
        self.weights = torch.zeros(self.num_local + self.num_modes * len(self._powers(self.chips[0])))

    def _powers(self, chip: Chip) -> Tensor:
        h, w = scaled(chip)
        return torch.tensor([h**i * w**j for i in range(self.order + 1) for j in range(self.order + 1 - i)])

    def _of_modes(self, chip: Chip) -> Tensor:
        """From the trained amplitudes to those of one chip, (modes, modes * powers)."""
        return torch.kron(torch.eye(self.num_modes), self._powers(chip)[None])

    def at(self, chip: Chip) -> Flow:
        """The flow around one chip: a function from points (n, 2) to u, v, p (n, 3)."""
        nets = OneChip(chip, self.width, self.seed)
        nets.weights = torch.cat(
            [self.weights[: self.num_local], self._of_modes(chip) @ self.weights[self.num_local :]]
        )
        return nets

    def train(
        self,
        steps: int = 6,
        monitor: Callable[[GeometryNetworks], float] | None = None,
        quiet: bool = False,
    ) -> pd.DataFrame:
        """Gauss-Newton steps for all chips at once; the first gives the flows without inertia.

        Args:
            steps, monitor, quiet: as in `LocalNetworks.train`.

        Returns:
            One row per step: seconds of processor time so far, and ``monitor`` after it.
        """
        rows, seconds = [], 0.0
        for _ in tqdm(range(steps), desc="Gauss-Newton", leave=False, disable=quiet):
            began = time.process_time()
            total: NormalEquations | None = None
            for chip in self.chips:
                equations = self.at(chip)._equations()[0]  # its borders are as linear as its equations
                spread = self._of_modes(chip).numpy()
                if total is None:
                    total = NormalEquations(0, equations.size, 0, 0)
                    total.band = np.zeros_like(equations.band)
                    total.border = np.zeros((len(equations.band), spread.shape[1]))
                    total.corner = np.zeros((spread.shape[1],) * 2)
                    total.right = np.zeros(len(self.weights))
                total.band += equations.band
                total.border += equations.border @ spread
                total.corner += spread.T @ equations.corner @ spread
                total.right[: self.num_local] += equations.right[: self.num_local]
                total.right[self.num_local :] += spread.T @ equations.right[self.num_local :]
            self.weights = torch.tensor(total.solve())
            seconds += time.process_time() - began
            row = {"seconds": seconds}
            rows.append(row if monitor is None else row | {"monitor": monitor(self)})
        return pd.DataFrame(rows)
