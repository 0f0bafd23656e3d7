"""The competition: hidden cars, checked submissions, errors with intervals, a leaderboard.

The cars of the competition follow from one key: each is one of the course's cars with other corners, another
size and another place. Participants get the signed distances; the flows are computed by the solver
when a submission is scored, and stored nowhere.

Anyone who has the key, or the patience to run the solver on the shapes, can compute the flows: the contest is
for networks, within a budget that participants declare. The instructor may ask for the notebook.
"""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from flow import metrics, shapes, solver
from flow.cars import OUTLINES
from flow.dataset import Config, FlowData
from flow.models import poiseuille
from utils.engine import competition, submissions
from utils.engine.score import SubmissionError
from utils.engine.submissions import some

NUM_CARS = 40
NY, NX = 64, 128
REYNOLDS, U_MAX = 100.0, 0.1
MOST_PARAMETERS = 4_000_000
MOST_SECONDS = 600.0  # of training, wall time on two cores
FASTEST = 10.0  # speeds above this many u_max are no flow
LARGEST_BYTES = 40_000_000  # of an unpacked file

CONTEST = competition.Contest(
    "flow",
    {"rel_l2": 4, "worst_rel_l2": 4, "mass_imbalance": 4, "parameters": 0, "seconds": 1},
    ascending={"rel_l2": True, "parameters": True},
    declared=("parameters", "seconds"),
)
HANDED_OUT: submissions.Expected = {"id": ("US", ("n",)), "distance": ("f", ("n", NY, NX))}
SUBMITTED: submissions.Expected = {
    "id": ("US", ("n",)), "velocity": ("f", ("n", NY, NX, 2)), "parameters": ("iuf", ()), "seconds": ("iuf", ()),
}  # fmt: skip


@dataclass(frozen=True)
class Competition:
    """What a participant gets.

    Attributes:
        id: str (n,), to be copied into the submission.
        distance: float32 (n, 64, 128) signed distance to the car in cells, negative inside.
    """

    id: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True, repr=False)
class Report(competition.Report):
    """The score of a submission.

    Attributes:
        errors: (n,) relative L2 error of the velocity of each car, in the order of ``ids``.
        ids: (n,) the cars.
        interval: 95 % of the mean error, cars drawn again with replacement.
        baseline: mean error of the flow of the empty channel.
        mass_imbalance: mean over the cars of the largest error of the flux through a section.
        parameters, seconds: as declared.
    """

    errors: np.ndarray
    ids: np.ndarray
    interval: tuple[float, float]
    baseline: float
    mass_imbalance: float
    parameters: int
    seconds: float

    @property
    def rel_l2(self) -> float:
        """Mean relative L2 error: this ranks the leaderboard, less is better."""
        return float(self.errors.mean())

    def results(self) -> list[float | None]:
        """See `CONTEST`; errors end at 1, which is worse than no flow."""
        errors = np.minimum([self.rel_l2, self.errors.max(), self.mass_imbalance], 1)
        return [*map(float, errors), self.parameters, self.seconds]

    def lines(self) -> list[str]:
        """Three lines; errors end at 100 %."""
        mean, low, high, worst, mass = np.minimum(
            [self.rel_l2, *self.interval, self.errors.max(), self.mass_imbalance], 1
        )
        return [
            f"relative L2 error of the velocity, mean of {len(self.errors)} hidden cars: "
            f"{mean:.2%} [{low:.2%}, {high:.2%}]",
            f"worst car {self.ids[self.errors.argmax()]}: {worst:.2%}; empty channel: {self.baseline:.2%}",
            f"mass imbalance {mass:.2%} of the inflow; "
            f"{self.parameters:,} parameters and {self.seconds:.0f} s of training (declared)",
        ]


# --- the hidden set -----------------------------------------------------------------------


def random_car(rng: np.random.Generator) -> shapes.Scene:
    """One of the course's cars with other corners, size and place."""
    outline = list(OUTLINES.values())[rng.integers(len(OUTLINES))]
    profile = np.array(outline.profile) * (1, rng.uniform(0.9, 1.1))
    profile += rng.normal(0, 0.006, profile.shape)
    body = shapes.rounded(profile, rng.uniform(0.015, 0.05))
    radius = outline.wheel_radius * rng.uniform(0.85, 1.15)
    scene: shapes.Scene = (body, *(shapes.Ellipse((x, radius), (radius, radius)) for x in outline.axles))
    left, _, bottom, top = shapes.bounds(scene)
    scale = min(rng.uniform(0.65, 0.85), 0.34 / (top - bottom))
    x, y = rng.uniform(0.32, 0.45), rng.uniform(0.44, 0.56)
    return shapes.moved(scene, (x - scale * left, y - scale * (bottom + top) / 2), scale)


def random_cars(count: int, seed: int) -> FlowData:
    """Flows around random cars of the same kind as the hidden ones, to learn from or to choose by.

    Args:
        count: number of steady flows.
        seed: of the cars; the hidden cars are not among them.
    """
    rows = _steady_flows(lambda number: np.random.default_rng([seed, number]), count, "random cars")
    config = Config(ny=NY, train=0, validation=0, cars=count, airfoils=0, reynolds=REYNOLDS, u_max=U_MAX)
    found = [flow for _, _, flow in rows]
    return FlowData(
        distance=np.stack([distance for _, distance, _ in rows]),
        velocity=np.stack([flow.velocity / np.float32(U_MAX) for flow in found]),
        force=np.array([flow.force for flow in found], np.float32) / (U_MAX**2 * NY),
        family=np.full(count, "random car"),
        index=np.array([number for number, _, _ in rows], np.int32),
        draw=np.zeros(count, np.int32),
        converged=np.array([flow.converged for flow in found]),
        change=np.array([flow.change for flow in found], np.float32),
        steps=np.array([flow.steps for flow in found], np.int32),
        split="cars",
        config=config,
    )


def _steady_flows(
    generator: Callable[[int], np.random.Generator], count: int, label: str
) -> list[tuple[int, np.ndarray, solver.Flow]]:
    """Number, signed distance and flow of each car; one whose flow is not steady is replaced by the next."""
    rows: list[tuple[int, np.ndarray, solver.Flow]] = []
    number = 0
    with tqdm(total=count, desc=label, unit="flow", leave=False) as bar:
        while len(rows) < count:
            distance = shapes.signed_distance(random_car(generator(number)), NY, NX)
            found = solver.solve_steady(distance < 0, distance=distance, reynolds=REYNOLDS, u_max=U_MAX)
            if found.converged:
                rows.append((number, distance, found))
                bar.update()
            number += 1
    return rows


@functools.lru_cache(maxsize=2)
def hidden_flows(secret: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Identifiers (n,), signed distances (n, ny, nx) and velocities (n, ny, nx, 2) in u_max, by the solver."""
    rows = _steady_flows(lambda n: competition.generator(secret, f"car {n}"), NUM_CARS, "hidden cars")
    ids = np.array(["c" + competition.derived(secret, f"id {number}").hex()[:9] for number, _, _ in rows])
    order = np.argsort(ids)
    distance = np.stack([distance for _, distance, _ in rows])
    velocity = np.stack([flow.velocity / np.float32(U_MAX) for _, _, flow in rows])
    return ids[order], distance[order], velocity[order]


def hand_out(path: str | os.PathLike, key: str | None = None) -> None:
    """For instructors: write what participants get; no flow is in it."""
    ids, distance, _ = hidden_flows(CONTEST.secret(key))
    submissions.write_arrays(path, {"id": ids, "distance": distance})
    print(f"{path}: {len(ids)} hidden cars on {NY} x {NX} cells.")


def load_competition(path: str | os.PathLike | None = None) -> Competition:
    """The cars that the instructor handed out, or those of the public key.

    Raises:
        SubmissionError: the file is not what `hand_out` wrote.
    """
    if path is None:
        ids, distance, _ = hidden_flows(CONTEST.secret(competition.PUBLIC_KEY))
        return Competition(ids, distance)
    return Competition(**submissions.read_hand_out(path, HANDED_OUT, LARGEST_BYTES))


# --- submissions --------------------------------------------------------------------------


def write_submission(
    path: str | os.PathLike, cars: Competition, velocity: np.ndarray, parameters: int, seconds: float
) -> None:
    """Write the file that `score` reads.

    Args:
        path: of the npz file.
        cars: what was predicted.
        velocity: (n, 64, 128, 2) in units of u_max, in the order of ``cars``; what it is inside of them does not count.
        parameters: of all networks that made it, together.
        seconds: of all training that made it.
    """
    arrays = {"id": cars.id, "velocity": np.asarray(velocity, np.float32)}
    submissions.write_arrays(
        path, {**arrays, "parameters": np.asarray(parameters), "seconds": np.asarray(seconds)}
    )


def score(
    path: str | os.PathLike, key: str | None = None, name: str | None = None, pin: str | None = None
) -> Report:
    """Score a submission: relative L2 error of the velocity on the fluid cells of the hidden cars.

    Args:
        path: npz file with ``id`` (n,), ``velocity`` (n, 64, 128, 2) in units of u_max, ``parameters``
            and ``seconds``, as `write_submission` writes it.
        key, name, pin: see `utils.engine.competition.Contest.score`.

    Raises:
        SubmissionError: what is wrong with the file, the key or the name.
    """
    return CONTEST.score(lambda secret: _evaluate(path, secret), key, name, pin)


def _evaluate(path: str | os.PathLike, secret: bytes) -> Report:
    given = submissions.read_arrays(path, SUBMITTED, LARGEST_BYTES)
    ids, distance, truth = hidden_flows(secret)
    problems = submissions.wrong_ids(given["id"], ids, "car") + _over_budget(given)
    if problems:
        raise SubmissionError("\n".join(problems))
    solid = distance < 0
    velocity = np.where(solid[..., None], 0, given["velocity"][np.argsort(given["id"])])
    problems = _no_flow(velocity, ids)
    if problems:
        raise SubmissionError("\n".join(problems))
    velocity = velocity.astype(np.float32)
    errors = metrics.relative_l2(velocity, truth, solid)
    empty = np.broadcast_to(poiseuille(NY, NX), truth.shape) * ~solid[..., None]
    return Report(
        **CONTEST.labels(secret),
        errors=errors,
        ids=ids,
        interval=metrics.mean_interval(errors),
        baseline=float(metrics.relative_l2(empty, truth, solid).mean()),
        mass_imbalance=float(metrics.mass_imbalance(velocity, solid).mean()),
        parameters=int(given["parameters"]),
        seconds=float(given["seconds"]),
    )


def _no_flow(velocity: np.ndarray, ids: np.ndarray) -> list[str]:
    bad = ids[~np.isfinite(velocity).all(axis=(1, 2, 3))]
    if len(bad):
        return [f"velocity is not finite for {len(bad)} cars ({some(bad)}): did it diverge?"]
    fastest = np.abs(velocity).max()
    return [f"velocity reaches {fastest:.3g}: give it in units of u_max."] if fastest > FASTEST else []


def _over_budget(given: dict[str, np.ndarray]) -> list[str]:
    problems = []
    for name, most in (("parameters", MOST_PARAMETERS), ("seconds", MOST_SECONDS)):
        value = float(given[name])
        if not 0 <= value < np.inf:
            problems.append(f"{name} must be one number, 0 or more.")
        elif value > most:
            problems.append(f"{name} is {value:,.6g}, over the budget of {most:,.0f}: use a smaller network.")
    return problems
