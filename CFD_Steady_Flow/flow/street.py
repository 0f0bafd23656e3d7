"""Frames of a vortex street, the cylinder of `flow.published` at Reynolds number 100, and what they say of it.

Three runs of the solver: the settled street, and two that start from it with its swing made weaker and find back.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from flow import fields, solver
from flow.published import Cylinder
from utils.engine import store

CELLS, BLOCK = 30, 3  # lattice cells across the cylinder, and those averaged for one cell of a frame
COLUMNS = 128  # cells of a frame along the channel, 1.28 m
FIRST_COLUMN = 28  # of the wake, behind the cylinder
STEPS = 75  # of the solver from frame to frame
PERIOD = 20  # frames of one swing of the lift, about
SETTLING = 40_000  # steps until the swing no longer grows
NUM_FRAMES, NUM_DISTURBED = 400, 120  # twenty periods of the settled street, six of a disturbed one
WEAK, HALF = 0.3, 0.6  # share of its swing that a disturbed street begins with


@dataclass(frozen=True)
class Frames:
    """One run, a frame every `STEPS` steps; all of a kernel share it, so that it cannot be changed in place.

    Attributes:
        velocity: float32 (n, 41, 128, 2) along and across the channel, in units of the largest inflow; 0 in the cylinder.
        coefficients: float64 (n, 2) drag and lift of the cylinder at the moment of each frame.
    """

    velocity: np.ndarray
    coefficients: np.ndarray


CASE = Cylinder(CELLS, reynolds=100)
FRAME_TIME = STEPS * CASE.mean / CELLS  # in the time that the mean inflow takes for one diameter
CELL_M = BLOCK * CASE.cell_m  # of a frame


def solid() -> np.ndarray:
    """(41, 128) bool, cells of a frame that lie wholly in the cylinder."""
    return _blocks((CASE.distance() < 0).astype(float)[..., None])[..., 0] == 1


@cache
def load() -> dict[str, Frames]:
    """The runs "settled", "weak" and "half", computed on first use (about ten seconds) and kept."""
    recipe = store.Recipe(
        lab="flow",
        name="street",
        suffix=".npz",
        made_of=(_make, NUM_FRAMES, NUM_DISTURBED, WEAK, HALF),
        make=_make,
        holds="frames",
        again="computed again",
    )
    with store.kept(recipe) as entry, np.load(entry.path) as file:
        return {
            name: Frames(*(fields.read_only(file[f"{name}_{part}"]) for part in ("velocity", "coefficients")))
            for name in ("settled", "weak", "half")
        }


def _make(path: Path, work: Path) -> store.Facts:
    simulation = CASE.simulation()
    simulation.run(SETTLING)
    velocity, density = [], []
    for _ in range(PERIOD):
        simulation.run(STEPS)
        velocity.append(simulation.velocity())
        density.append(simulation.density())
    mean, mean_density = np.mean(velocity, axis=0), np.mean(density, axis=0)
    runs = {"settled": _record(simulation, NUM_FRAMES)}
    for name, share in (("weak", WEAK), ("half", HALF)):
        disturbed = CASE.simulation()
        disturbed.set_state(
            mean + share * (velocity[-1] - mean), mean_density + share * (density[-1] - mean_density)
        )
        disturbed.run(STEPS)  # the equilibrium that it starts from is no flow yet
        runs[name] = _record(disturbed, NUM_DISTURBED)
    arrays = {f"{name}_{field}": getattr(run, field) for name, run in runs.items() for field in vars(run)}
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    return {"frames": sum(len(run.velocity) for run in runs.values())}


def _record(simulation: solver.Simulation, num_frames: int) -> Frames:
    velocity, coefficients = [], []
    for _ in range(num_frames):
        velocity.append(_blocks(simulation.velocity() / CASE.u_max))
        coefficients.append(CASE.coefficients(simulation))
        simulation.run(STEPS)
    return Frames(np.array(velocity, np.float32), np.array(coefficients))


def _blocks(field: np.ndarray) -> np.ndarray:
    """Means over blocks of cells of (ny, nx, c), the first `COLUMNS` of them."""
    return fields.block_means(field, BLOCK)[:, :COLUMNS]


def rising(signal: np.ndarray) -> np.ndarray:
    """Where a signal (n,) crosses zero upward, in frames, linear between them."""
    before = np.flatnonzero((signal[:-1] < 0) & (signal[1:] >= 0))
    return before - signal[before] / (signal[before + 1] - signal[before])


def strouhal(lift: np.ndarray) -> float:
    """Vortex pairs in the time that the mean inflow takes for one diameter; nan with fewer than two swings."""
    crossings = rising(lift)
    return 1 / (np.diff(crossings).mean() * FRAME_TIME) if len(crossings) > 1 else float("nan")


def phase_error(lift: np.ndarray, truth: np.ndarray) -> float:
    """Periods by which the last swing of ``lift`` (n,) that has a partner comes later than in ``truth`` (n,); nan with fewer than three."""
    ours, right = rising(lift), rising(truth)
    if min(len(ours), len(right)) < 3:
        return float("nan")
    period = np.diff(right).mean()
    if ours[0] - right[0] > period / 2:  # the first swing of one lies before the first frame of the other
        right = right[1:]
    elif right[0] - ours[0] > period / 2:
        ours = ours[1:]
    last = min(len(ours), len(right)) - 1
    return float((ours[last] - right[last]) / period)


def wake_spectrum(velocity: np.ndarray) -> np.ndarray:
    """Power of the velocity across the channel by waves along the wake, (m,): wave k fits k times into the line.

    Args:
        velocity: (n, 41, 128, 2) frames, over which the power is averaged.
    """
    line = velocity[:, velocity.shape[1] // 2, FIRST_COLUMN:, 1]
    return fields.power(line).mean(axis=0) / line.shape[1]
