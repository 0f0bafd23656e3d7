"""What takes a seed follows it: another seed, another result; the same seed, the same result, whatever else was drawn."""

import hashlib
import importlib
import inspect
import os
import pkgutil
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import cyclone
import flow
import intro
import pinn
import utils
from cyclone import dataset as storms
from cyclone import imagery
from flow import dataset as flows
from flow import shapes
from intro import land_use
from pinn import architectures, geometry, local_networks, networks, points, problems
from pinn.domain import Domain
from pinn.geometry.clouds import sample_shapes
from pinn.geometry_network import GeometryNetworks, OneChip
from utils import course, preprocess
from utils.engine import competition

ROOT = Path(__file__).resolve().parents[1]
NAMES = {"seed", "rng", "generator", "data_seed", "frequency_seed", "random_state"}
BOX = {"x": (0.0, 1.0)}
HOURS = np.arange(0.0, 30, 6)
Draw = Callable[[int], Any]  # a seed to a result


def numpy_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def torch_of(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def start(make: Callable[..., networks.Network], **options: Any) -> Draw:
    return lambda seed: make(("x",), ("u",), BOX, **options).initial(torch_of(seed))


def theta(make: Callable[..., problems.Problem], **options: Any) -> Draw:
    return lambda seed: make(width=4, seed=seed, **options).domain.theta


def frames() -> storms.Frames:
    """Twenty storms of three frames without a picture."""
    number = np.repeat(np.arange(20, dtype=np.int32), 3)
    zero = np.zeros(60, np.float32)
    return storms.Frames(
        images=np.zeros((60, 1, 1), np.uint8), wind_kt=zero + 50, storm=number, time=np.zeros(60, "datetime64[s]"),
        lat=zero, lon=zero, t_number=zero, shear_ms=zero, rmw_km=zero, land=zero, eye_clarity=zero,
        season=np.full(60, 2000, np.int16), storm_ids=np.arange(20).astype(str), names=np.arange(20).astype(str),
        width_km=np.float32(1),
    )  # fmt: skip


def run() -> pd.DataFrame:
    time = pd.Timestamp("2005-08-23") + pd.to_timedelta(HOURS, unit="h")
    return pd.DataFrame({
        "storm_id": "S", "name": "S", "season": 2005, "time": time, "lat": 20 + HOURS / 20, "lon": -50.0,
        "status": "HU", "wind_kt": 30 + HOURS,
    })  # fmt: skip


SQUARE = geometry.Rectangle((0, 0), (1, 1))
WINDS = np.sin(np.arange(200) / 9) + 2

CHEAP: dict[str, Draw] = {
    "cyclone.dataset.split_by_storm": lambda seed: storms.split_by_storm(frames(), seed=seed),
    "cyclone.dataset.split_shuffled": lambda seed: storms.split_shuffled(frames(), seed=seed),
    "cyclone.dataset.choose_storms": lambda seed: [
        one["storm_id"].iloc[0] for one in storms.choose_storms(20, seed=seed)
    ],
    "cyclone.dataset.choose_window": lambda seed: [
        storms.choose_window(WINDS, 20, rng) for rng in [numpy_of(seed)] for _ in range(9)
    ],
    "cyclone.dataset.storm_along": lambda seed: storms.storm_along(run(), 60, seed)[0].t_number,
    "cyclone.dataset.draw_storm": lambda seed: storms.draw_storm(run(), 16, 640, 360, seed).images,
    "cyclone.imagery.seed_of": lambda seed: imagery.seed_of("S", seed),
    "cyclone.imagery.simulate": lambda seed: imagery.simulate(HOURS, 30 + HOURS, 20 + HOURS, seed).t_number,
    "flow.dataset.scene": lambda seed: shapes.bounds(flows.scene("train", 3, seed=seed)[0]),
    "flow.shapes.airfoil": lambda seed: shapes.airfoil(numpy_of(seed))[1],
    "flow.shapes.choose": lambda seed: [
        shapes.choose(("ellipse", "box"), rng) for rng in [numpy_of(seed)] for _ in range(20)
    ],
    "flow.shapes.compose": lambda seed: shapes.bounds(shapes.compose(("box",), numpy_of(seed))),
    "flow.shapes.random_car": lambda seed: shapes.bounds(shapes.random_car(numpy_of(seed))),
    "flow.shapes.sample_scene": lambda seed: shapes.bounds(shapes.sample_scene("ellipse", numpy_of(seed))),
    "intro.land_use.make_tiles": lambda seed: land_use.make_tiles(4, "north", numpy_of(seed))[0],
    "pinn.architectures.AdaptiveNetwork.initial": start(architectures.AdaptiveNetwork, width=4),
    "pinn.architectures.DeepGalerkinNetwork.initial": start(architectures.DeepGalerkinNetwork, width=4),
    "pinn.architectures.FourierNetwork": lambda seed: (
        architectures.FourierNetwork(("x",), ("u",), BOX, frequency_seed=seed).frequencies
    ),
    "pinn.architectures.FourierNetwork.initial": start(architectures.FourierNetwork, width=4),
    "pinn.architectures.MultiplicativeFilterNetwork.initial": start(
        architectures.MultiplicativeFilterNetwork, width=4
    ),
    "pinn.architectures.Siren.initial": start(architectures.Siren, width=4),
    "pinn.domain.Domain": lambda seed: (
        Domain([networks.FullyConnected(("x",), ("u",), BOX)], seed=seed).theta
    ),
    "pinn.geometry.clouds.sample_shapes": lambda seed: (
        sample_shapes(
            lambda radius: geometry.Circle((0, 0), radius), {"radius": (1, 2)}, 2, 4, rng=seed
        ).points
    ),
    "pinn.geometry.solids.Geometry.sample_boundary": lambda seed: SQUARE.sample_boundary(8, rng=seed).points,
    "pinn.geometry.solids.Geometry.sample_interior": lambda seed: SQUARE.sample_interior(8, rng=seed).points,
    "pinn.geometry_network.GeometryNetworks": lambda seed: [
        layer.offsets
        for layer in GeometryNetworks(3, (2, 2), 0, seed)._one(local_networks.Chip()).patches.values()
    ],
    "pinn.geometry_network.OneChip": lambda seed: [
        layer.offsets for layer in OneChip(local_networks.Chip(), 3, seed, 0).patches.values()
    ],
    "pinn.local_networks.HiddenLayer.draw": lambda seed: (
        local_networks.HiddenLayer.draw(3, torch_of(seed)).slopes
    ),
    "pinn.local_networks.LocalNetworks": lambda seed: [
        layer.slopes
        for layer in local_networks.LocalNetworks(local_networks.Chip(), 3, seed=seed).patches.values()
    ],
    "pinn.networks.FullyConnected.initial": start(networks.FullyConnected, width=4),
    "pinn.points.box": lambda seed: points.box(BOX, 8, "uniform", seed)["x"],
    "pinn.points.box_points": lambda seed: points.box_points(8, [[0, 0], [1, 1]], rng=seed),
    "pinn.points.importance": lambda seed: points.importance(np.arange(50.0), 20, seed)[0],
    "pinn.points.unit_points": lambda seed: [
        points.unit_points(8, 2, method, seed) for method in ("uniform", "halton", "sobol")
    ],
    "pinn.points.unit_stream": lambda seed: points.unit_stream(2, "halton", seed)(8),
    "pinn.problems.bar": theta(problems.bar),
    "pinn.problems.bar_family": theta(problems.bar_family),
    "pinn.problems.parabola": theta(problems.parabola),
    "pinn.problems.parabola_data": lambda seed: problems.parabola_data(0.1, seed)["m"],
    "pinn.problems.parabola_family": theta(problems.parabola_family),
    "pinn.problems.parabola_inverse": theta(problems.parabola_inverse),
    "pinn.problems.spring": theta(problems.spring),
    "pinn.problems.spring_data": lambda seed: problems.spring_data(0.1, seed)["X"],
    "pinn.problems.spring_inverse": theta(problems.spring_inverse),
    "utils.preprocess.split": lambda seed: preprocess.split(30, (0.5, 0.5), seed),
}
REASONS = {
    "cyclone.archives.load": "the generator's seed, for `dataset.build`; archives of real images have none",
    "cyclone.dataset.build": "draws whole storms; its parts, choose_storms and draw_storm, are tried",
    "cyclone.figures_setups.draw_two_splits": "a drawing; it hands the seed to a generator of its own",
    "cyclone.imagery.Storm": "a record; its seed is that of the sensor's noise, which draw_storm shows",
    "flow.contest.random_cars": "solves flows; random_car is tried",
    "flow.dataset.Config": "a record; `scene` is tried with its seed",
    "flow.dataset.random_cars": "solves flows; random_car is tried",
    "pinn.evolution.allen_cahn": "computes its truth first, seconds; hands the seed to Domain and box",
    "pinn.evolution.burgers": "as allen_cahn",
    "pinn.local_networks.ParameterizedNetworks": "a row of LocalNetworks",
    "pinn.local_networks.find_viscosity": "trains; hands the seed to LocalNetworks",
    "pinn.networks.Network.initial": "of subclasses",
    "utils.course.begin": "seeds the whole kernel: test_begin_seeds_everything",
}


def found() -> Iterator[str]:
    """All public functions, classes and methods of the course that take a seed or a generator."""
    for package in (intro, cyclone, flow, pinn, utils):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.startswith("utils.engine"):
                continue  # tried in the tests of the contests
            loaded = importlib.import_module(module.name)
            for name, thing in vars(loaded).items():
                if name.startswith("_") or getattr(thing, "__module__", "") != module.name:
                    continue
                members = {name: thing}
                if inspect.isclass(thing):
                    members |= {
                        f"{name}.{key}": getattr(value, "__func__", value)
                        for key, value in vars(thing).items()
                        if not key.startswith("_")
                        and (inspect.isfunction(value) or isinstance(value, staticmethod))
                    }
                for full, member in members.items():
                    if callable(member) and NAMES & parameters(member):
                        yield f"{module.name}.{full}"


def parameters(thing: Any) -> set[str]:
    """Names of the arguments; of a class those that it has itself and does not hand on."""
    if inspect.isclass(thing) and "__init__" not in vars(thing):
        return set()
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return set()


def digest(value: Any) -> str:
    """A hash of arrays, tensors, numbers and texts, to the last bit."""
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return hashlib.sha256(f"{value.shape}{value.dtype}".encode() + value.tobytes()).hexdigest()
    if isinstance(value, list | tuple):
        return hashlib.sha256("".join(map(digest, value)).encode()).hexdigest()
    return hashlib.sha256(repr(value).encode()).hexdigest()


def global_state() -> str:
    return digest([random.getstate(), np.random.get_state()[1], torch.get_rng_state()])  # noqa: NPY002


def test_every_function_that_takes_a_seed_is_tried_or_says_why_not():
    assert set(found()) == set(CHEAP) | set(REASONS)


@pytest.mark.parametrize("name", CHEAP)
def test_the_result_follows_the_seed_alone(name):
    draw = CHEAP[name]
    first, before = digest(draw(0)), global_state()
    random.random()
    np.random.rand(3)  # noqa: NPY002
    torch.rand(3)
    drawn_between = global_state()
    assert drawn_between != before
    assert digest(draw(0)) == first, "other draws change it"
    assert global_state() == drawn_between, "it draws from the learner's own generators, or seeds them again"
    assert len({digest(draw(seed)) for seed in (0, 1, 2, 3)}) > 2, "the seed is ignored"


def test_a_fresh_process_with_other_threads_draws_the_same():
    here = {name: digest(draw(1)) for name, draw in CHEAP.items()}
    code = "import test_seeds as t; print({name: t.digest(draw(1)) for name, draw in t.CHEAP.items()})"
    folders = [
        str(ROOT / "tests"),
        *map(str, (Path(p.__path__[0]).parent for p in (intro, cyclone, flow, pinn, utils))),
    ]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == [str(here)], done.stderr[-2000:]


def test_a_contest_draws_by_key_and_purpose():
    values = {
        competition.generator(secret, purpose).random()
        for secret in (b"a" * 32, b"b" * 32)
        for purpose in "mn"
    }
    assert len(values) == 4
    assert competition.generator(b"a" * 32, "m").random() in values


def test_a_network_of_the_course_is_seeded_and_the_learner_is_not(monkeypatch):
    monkeypatch.setitem(course._session, "seed", 5)
    before = global_state()
    with course.seeded():
        one = random.random(), np.random.rand()  # noqa: NPY002
    assert global_state() == before
    random.random()
    with course.seeded():
        assert (random.random(), np.random.rand()) == one  # noqa: NPY002
