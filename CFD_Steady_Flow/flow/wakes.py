"""Snapshots of unsteady wakes at random moments, behind many bodies: a distribution of flows for each body.

Each body stands in a channel of 64 x 128 cells; a snapshot holds means over 2 x 2 of them. Bodies are drawn from a
generator seeded by the split and their number alone.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from flow import fields, shapes, solver
from utils.engine import store

NY, BLOCK = 64, 2  # cells across the channel, and those averaged for one cell of a snapshot
REYNOLDS = 120.0  # largest inflow * frontal height / viscosity
U_MAX = 0.1  # cells a step, a sixth of the speed of sound: errors of compressibility go with its square
SETTLING, APART = 9000, (100, 300)  # steps before the first snapshot, and from one to the next
SPLITS = {"train": (200, 16), "test": (16, 64)}  # bodies, and snapshots of each
HEIGHTS, SHAPES = (0.20, 0.32), (0.4, 1.2)  # of the bodies in channel heights, and their length / height
PLACES = ((0.45, 0.60), (0.40, 0.60))  # of their centres


@dataclass(frozen=True)
class Wakes:
    """Wakes of n bodies, m snapshots of each; all of a kernel share them, so that they cannot be changed in place.

    Attributes:
        distance: float32 (n, 32, 64) signed distance to the body in cells of a snapshot, negative in it.
        velocity: float32 (n, m, 32, 64, 2) along and across the channel, in units of the largest inflow.
    """

    distance: np.ndarray
    velocity: np.ndarray


@cache
def load(split: str) -> Wakes:
    """The wakes of ``"train"`` or ``"test"``, computed on first use (about 20 s) and kept.

    Raises:
        ValueError: there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"There is no split '{split}'. Choose one of: {', '.join(SPLITS)}.")

    def make(path: Path, work: Path) -> store.Facts:
        number, snapshots = SPLITS[split]
        drawn = [_wake(list(SPLITS).index(split), body, snapshots) for body in range(number)]
        with open(path, "wb") as file:
            np.savez(file, distance=[one[0] for one in drawn], velocity=[one[1] for one in drawn])
        return {"bodies": number, "snapshots": snapshots}

    made_of = (_wake, split, SPLITS, HEIGHTS, SHAPES, PLACES)
    recipe = store.Recipe(
        "flow", f"wakes_{split}", ".npz", made_of, make, holds="snapshots", again="computed again"
    )
    with store.kept(recipe) as entry, np.load(entry.path) as file:
        return Wakes(fields.read_only(file["distance"]), fields.read_only(file["velocity"]))


def _body(rng: np.random.Generator, number: int) -> tuple[shapes.Ellipse | shapes.Polygon, float]:
    """An ellipse or, for odd numbers, a box; and its frontal height."""
    height, length = rng.uniform(*HEIGHTS), rng.uniform(*SHAPES)
    place = (rng.uniform(*PLACES[0]), rng.uniform(*PLACES[1]))
    if number % 2:
        return shapes.box(length * height, height).moved(place), height
    return shapes.Ellipse(place, (length * height / 2, height / 2)), height


def _wake(split: int, number: int, snapshots: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance (32, 64) and snapshots (m, 32, 64, 2) of one body; one that the grid cannot carry is drawn anew."""
    rng = np.random.default_rng((split, number))
    for _ in range(20):
        body, height = _body(rng, number)
        distance = shapes.signed_distance((body,), NY, 2 * NY).astype(np.float32)
        solid, longer = solver.extend_channel(distance < 0, distance)
        inflow = solver.channel_inflow(NY, U_MAX)
        simulation = solver.Simulation(
            solid, U_MAX * height * NY / REYNOLDS, inflow=inflow, outlet=True, distance=longer
        )
        start = np.zeros((*solid.shape, 2))
        start[..., 0] = inflow[:, None]
        place = np.arange(solid.shape[1]) / NY  # a push across, so that the wake need not wait for chance
        start[..., 1] = 0.3 * U_MAX * np.sin(np.pi * place / (2 * height)) * np.exp(-((place - 1) ** 2))
        start[solid] = 0
        simulation.set_state(start)
        simulation.run(SETTLING)
        frames = []
        for _ in range(snapshots):
            simulation.run(int(rng.uniform(*APART)))
            frames.append(fields.block_means(simulation.velocity()[:, : 2 * NY] / U_MAX, BLOCK))
        if np.isfinite(frames).all():
            return fields.block_means(distance, BLOCK) / BLOCK, np.array(frames, np.float32)
    raise RuntimeError(f"No wake of body {number} stayed finite in 20 draws. Lower the Reynolds number.")


def spectrum(velocity: np.ndarray) -> np.ndarray:
    """Power of the velocity across the channel by waves along the wake, (19,), mean over all snapshots and rows.

    Args:
        velocity: (..., 32, 64, 2).
    """
    power = fields.power(velocity[..., 28:, 1])
    return power.reshape(-1, power.shape[-1]).mean(axis=0)
