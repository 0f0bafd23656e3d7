"""The data set of the lab: steady flows around random bodies, computed by `flow.solver` on first use.

Each sample has a slot (split, index). Its body is drawn from a generator seeded by the slot alone, and
its flow is computed by one thread: the result does not depend on how many processes share the work.
A flow that does not become steady is replaced by the next draw of its slot.

One HDF5 file holds a group for each split. Networks learn from "train", are compared on "validation"
(families of primitives that training has not seen) and tested on "cars" and "airfoils".
"""

import hashlib
import inspect
import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tqdm.auto import tqdm

from flow import cars, shapes, solver
from utils import course
from utils.engine import fingerprint, parallel, store
from utils.engine.paths import DataError, disk_full

FAMILIES = {
    "train": ("ellipse", "box", "polygon"),
    "validation": ("triangle", "bezier", "halfdisk"),
    "cars": tuple(cars.OUTLINES),
    "airfoils": ("NACA",),
}
NUM_CARS = 2 * len(cars.OUTLINES)  # each type in two sizes
SLOTS_PER_JOB = 8  # few enough that all cores end together
MOST_DRAWS = 20  # of one slot


@dataclass(frozen=True)
class Config:
    """What defines a data set.

    Attributes:
        ny: cells across the channel; there are twice as many along it.
        train, validation, cars, airfoils: number of samples of each split.
        reynolds: u_max * channel height / kinematic viscosity.
        u_max: largest inlet velocity in lattice units.
        seed: of all random bodies.
    """

    ny: int = 64
    train: int = 1000
    validation: int = 100
    cars: int = NUM_CARS
    airfoils: int = 28
    reynolds: float = 100.0
    u_max: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.ny < 16:
            raise ValueError(f"ny is {self.ny}; 16 cells across the channel are the least.")
        if min(self.counts.values()) < 0 or not any(self.counts.values()):
            raise ValueError("The number of samples of a split is 0 or more, and one split must have some.")
        if self.reynolds <= 0 or not 0 < self.u_max < 0.3 or self.seed < 0:
            raise ValueError("reynolds must be positive, u_max between 0 and 0.3, seed 0 or more.")

    @property
    def counts(self) -> dict[str, int]:
        """Number of samples of each split."""
        return {split: getattr(self, split) for split in FAMILIES}

    @property
    def file_name(self) -> str:
        """Changes with everything that changes the flows."""
        return _recipe(self).file_name


def default_config() -> Config:
    """Of this machine's profile: 64 x 128 cells and 1,000 flows to learn from, or 128 x 256 and 3,000."""
    return course.pick(laptop=Config(), gpu=Config(ny=128, train=3000, validation=300))


@dataclass(frozen=True)
class FlowData:
    """Flows of one split: n samples on ny by nx cells, row 0 at the bottom of the channel.

    Attributes:
        distance: float32 (n, ny, nx) signed distance to the body in cells, negative in it.
        velocity: float32 (n, ny, nx, 2) along and across the channel, in units of u_max; 0 in the body.
        force: float32 (n, 2) drag and lift on all bodies, in rho * u_max^2 * channel height.
        family: str (n,), e.g. "ellipse" or "box + polygon".
        index, draw: int32 (n,) slot of the sample, and how many unsteady draws came before it.
        converged: bool (n,) steady by the solver's criterion: True throughout.
        change: float32 (n,) last relative change of the velocity that the solver saw.
        steps: int32 (n,) time steps of the solver.
        split: name of the split.
        config: what the data set was made with.
    """

    distance: np.ndarray
    velocity: np.ndarray
    force: np.ndarray
    family: np.ndarray
    index: np.ndarray
    draw: np.ndarray
    converged: np.ndarray
    change: np.ndarray
    steps: np.ndarray
    split: str
    config: Config

    def __len__(self) -> int:
        return len(self.distance)

    def __getitem__(self, which: np.ndarray | slice) -> "FlowData":
        """Some of the samples."""
        arrays = {name: getattr(self, name)[which] for name in _arrays(1, 1)}
        return FlowData(**arrays, split=self.split, config=self.config)

    @property
    def solid(self) -> np.ndarray:
        """bool (n, ny, nx), True in a body: the mask that the solver used."""
        return self.distance < 0

    @property
    def drag(self) -> np.ndarray:
        """float32 (n,) force along the channel, in rho * u_max^2 * channel height."""
        return self.force[:, 0]

    @property
    def reynolds(self) -> float:
        """u_max * channel height / kinematic viscosity."""
        return self.config.reynolds

    def scene(self, number: int) -> shapes.Scene:
        """The bodies of a sample, e.g. to draw them on a finer grid."""
        return scene(self.split, int(self.index[number]), int(self.draw[number]), self.config.seed)[0]


Job = tuple[str, int, int, Config]  # split, first slot, slot after the last


def _arrays(ny: int, nx: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of one sample of each array in the file."""
    return {
        "distance": ("f4", (ny, nx)), "velocity": ("f4", (ny, nx, 2)), "force": ("f4", (2,)),
        "family": ("S24", ()), "index": ("i4", ()), "draw": ("i4", ()),
        "converged": ("?", ()), "change": ("f4", ()), "steps": ("i4", ()),
    }  # fmt: skip


# --- one sample --------------------------------------------------------------------------------


def scene(split: str, index: int, draw: int = 0, seed: int = 0) -> tuple[shapes.Scene, str]:
    """The bodies of a slot, and the name of their family; the next draw is another scene.

    Raises:
        ValueError: there is no such split.
    """
    _check_split(split)
    rng = np.random.default_rng([seed, list(FAMILIES).index(split), index, draw])
    if split == "cars":
        number = index + NUM_CARS * draw
        return shapes.car(number), list(cars.OUTLINES)[number % len(cars.OUTLINES)]
    if split == "airfoils":
        return shapes.airfoil(rng)
    names = shapes.choose(FAMILIES[split], rng)
    return shapes.compose(names, rng), " + ".join(names)


def solve(bodies: shapes.Scene, config: Config) -> dict[str, Any]:
    """The flow around bodies, steady or not, as a row of the arrays of `FlowData` that follow from them."""
    distance = shapes.signed_distance(bodies, config.ny, 2 * config.ny)
    found = solver.solve_steady(distance < 0, distance=distance, reynolds=config.reynolds, u_max=config.u_max)
    return {
        "distance": distance,
        "velocity": found.velocity / np.float32(config.u_max),
        "force": np.asarray(found.force) / (config.u_max**2 * config.ny),
        "converged": found.converged,
        "change": found.change,
        "steps": found.steps,
    }


def solve_slot(split: str, index: int, config: Config) -> dict[str, Any]:
    """The first steady flow of a slot, as one row of the arrays of `FlowData`.

    Raises:
        DataError: no draw became steady.
    """
    for draw in range(MOST_DRAWS):
        bodies, family = scene(split, index, draw, config.seed)
        row = solve(bodies, config)
        if row["converged"]:
            return row | {"family": family.encode(), "index": index, "draw": draw}
    raise DataError(
        f"Sample {index} of {split}: none of {MOST_DRAWS} bodies has a steady flow at Reynolds number "
        f"{config.reynolds:g}. Choose a smaller one."
    )


def solve_slots(split: str, start: int, stop: int, config: Config) -> dict[str, np.ndarray]:
    """The rows start to stop of a split; what one worker does at a time."""
    return _stacked([solve_slot(split, index, config) for index in range(start, stop)], config)


def random_cars(generator: Callable[[int], np.random.Generator], config: Config, label: str) -> FlowData:
    """Flows around cars of many shapes, with a progress bar; one whose flow is not steady is replaced by the next.

    Args:
        generator: of random numbers, for the car of that number.
        config: how many ``cars``, and their channel.
        label: of the progress bar.
    """
    rows: list[dict[str, Any]] = []
    with tqdm(total=config.cars, desc=label, unit="flow", leave=False) as bar:
        for number in itertools.count():
            if len(rows) == config.cars:
                break
            row = solve(shapes.random_car(generator(number)), config)
            if row["converged"]:
                rows.append(row | {"family": b"random car", "index": number, "draw": 0})
                bar.update()
    arrays = _stacked(rows, config)
    family = np.char.decode(arrays.pop("family"), "ascii")
    return FlowData(**arrays, family=family, split="cars", config=config)


def _stacked(rows: list[dict[str, Any]], config: Config) -> dict[str, np.ndarray]:
    types = _arrays(config.ny, 2 * config.ny)
    return {name: np.array([row[name] for row in rows], dtype) for name, (dtype, _) in types.items()}


# --- the whole set -----------------------------------------------------------------------------


def load(
    split: str,
    config: Config | None = None,
    num_workers: int | None = None,
    client: Any = None,
    quiet: bool = False,
) -> FlowData:
    """The flows of a split: from ``$BOOTCAMP_DATA/flow``, from the cache, or computed now.

    Args:
        split: "train", "validation", "cars" or "airfoils".
        config: sizes; None for those of this machine's profile.
        num_workers, client, quiet: see `generate`.

    Raises:
        DataError, ValueError: see `generate`; there is no such split.
    """
    _check_split(split)
    config = config or default_config()
    with _ensured(config, num_workers, client, quiet) as entry:
        data, origin = _read(entry.path, split, config), entry.origin or "the solver"
    if not quiet:
        print(
            f"flow, {split}: SYNTHETIC data, computed by the course's own solver, {len(data):,} flows on "
            f"{config.ny} x {2 * config.ny} cells at Reynolds number {config.reynolds:g}, from {origin}"
        )
    return data


def generate(
    config: Config | None = None, num_workers: int | None = None, client: Any = None, quiet: bool = False
) -> Path:
    """Compute a data set into the cache, with a progress bar, unless it is there already.

    A run that was stopped goes on where it was; a second process waits for the first. A script that
    calls this with more than one worker must do so under ``if __name__ == "__main__":``.

    Args:
        config: sizes; None for those of this machine's profile.
        num_workers: processes, each with one thread; None is one per core, 1 computes in this process.
        client: a ``distributed.Client``: the same work on a Dask cluster.
        quiet: no progress bar.

    Returns:
        Path of the HDF5 file.

    Raises:
        DataError: the disk is full, a worker process died, or a slot has no steady flow.
        ValueError: num_workers is less than 1 (see `utils.engine.parallel.run_all`).
    """
    with _ensured(config or default_config(), num_workers, client, quiet) as entry:
        return entry.path


@contextmanager
def _ensured(config: Config, num_workers: int | None, client: Any, quiet: bool) -> Iterator[store.Entry]:
    recipe = _recipe(config, num_workers, client, quiet)
    with store.kept(recipe) as entry:
        yield entry


def _recipe(
    config: Config, num_workers: int | None = None, client: Any = None, quiet: bool = False
) -> store.Recipe:
    return store.Recipe(
        lab="flow",
        name=f"flow_{config.ny}x{2 * config.ny}",
        suffix=".h5",
        made_of=(asdict(config), solve_slots),
        make=lambda path, work: _compute(path, work, config, num_workers, client, quiet),
        holds="flows",
        again="computed again",
    )


def _compute(
    path: Path, folder: Path, config: Config, num_workers: int | None, client: Any, quiet: bool
) -> dict[str, int]:
    """Solve the jobs that no earlier run has finished; keep each as a shard; join the shards."""
    jobs = [
        (split, start, min(start + SLOTS_PER_JOB, count), config)
        for split, count in config.counts.items()
        for start in range(0, count, SLOTS_PER_JOB)
    ]
    missing = [job for job in jobs if store.read(_shard(folder, job)) is None]
    _check_space(folder, config)
    total = sum(config.counts.values())
    done = total - sum(job[2] - job[1] for job in missing)
    with tqdm(total=total, initial=done, desc="computing flows", unit="flow", disable=quiet) as bar:
        for job, arrays in parallel.run_all(solve_slots, missing, num_workers, client):
            _save_shard(folder, job, arrays)
            bar.update(job[2] - job[1])
    _join(path, folder, jobs, config)
    return config.counts


def _check_split(split: str) -> None:
    if split not in FAMILIES:
        raise ValueError(f"There is no split '{split}'; choose one of {', '.join(FAMILIES)}.")


# --- files -------------------------------------------------------------------------------------


def _read(path: Path, split: str, config: Config) -> FlowData:
    with h5py.File(path, "r", locking=False) as file:  # finished files never change: no lock needed
        arrays = {name: file[split][name][:] for name in _arrays(1, 1)}
    arrays["family"] = np.char.decode(arrays["family"], "ascii")
    return FlowData(**arrays, split=split, config=config)


def _shard(folder: Path, job: Job) -> Path:
    return folder / f"{job[0]}-{job[1]:05d}.npz"


def _save_shard(folder: Path, job: Job, arrays: dict[str, np.ndarray]) -> None:
    def make(path: Path) -> dict[str, int]:
        with open(path, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        return {"flows": job[2] - job[1]}

    store.write(_shard(folder, job), make)


def _join(path: Path, folder: Path, jobs: list[Job], config: Config) -> None:
    """Copy the shards, one at a time, into the file of the data set."""
    _reserve(path, _num_bytes(config))
    with h5py.File(path, "w") as file:
        file.attrs.update(_provenance(config))
        for split, count in config.counts.items():
            group = file.create_group(split)
            for name, (dtype, shape) in _arrays(config.ny, 2 * config.ny).items():
                chunks = (1 if shape else max(count, 1), *shape) if count else None
                group.create_dataset(name, (count, *shape), dtype, chunks=chunks, fletcher32=bool(count))
        for job in jobs:
            with np.load(_shard(folder, job), allow_pickle=False) as arrays:
                for name in _arrays(1, 1):
                    file[job[0]][name][job[1] : job[2]] = arrays[name]


def _provenance(config: Config) -> dict[str, str | float]:
    """What a reader of the file wants to know about its making."""
    code = json.dumps(fingerprint.code(sys.modules[__name__]))
    return {
        "title": "Steady two-dimensional channel flow around bodies, lattice-Boltzmann D2Q9",
        "config": json.dumps(asdict(config)),
        "reynolds": config.reynolds,
        "seed": config.seed,
        "solver": str(inspect.signature(solver.solve_steady)),
        "code": code,
        "code_sha256": hashlib.sha256(code.encode()).hexdigest(),
        "units": "distance: cells; velocity: u_max; force: rho * u_max^2 * channel height",
    }


def _num_bytes(config: Config) -> int:
    """Size of the file, and of all shards."""
    types = _arrays(config.ny, 2 * config.ny).values()
    sample = sum(np.dtype(dtype).itemsize * int(np.prod(shape)) for dtype, shape in types)
    return (sample + 200) * sum(config.counts.values()) + 100_000


def _check_space(folder: Path, config: Config) -> None:
    """Say at once, not after minutes, that the disk is too small for the shards and the joined file."""
    there = sum(file.stat().st_size for file in folder.iterdir())
    needed = 2 * _num_bytes(config) - there
    if shutil.disk_usage(folder).free < needed:
        raise disk_full(folder.parent, needed)


def _reserve(path: Path, num_bytes: int) -> None:
    """An error if ``num_bytes`` cannot be written now: HDF5 itself does not survive a full disk."""
    with open(path, "wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, num_bytes)
