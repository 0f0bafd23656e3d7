"""The competition: hidden cars, checked submissions, errors with intervals, a leaderboard.

The cars of the competition follow from one key: each is one of the course's cars with other corners, another
size and another place. Participants get the signed distances; the flows are computed by the solver
when a submission is scored, and stored nowhere.

Anyone who has the key, or the patience to run the solver on the shapes, can compute the flows: the contest is
for networks, within a budget that participants declare. The instructor may ask for the notebook.
"""

import functools
import os
from dataclasses import dataclass, replace

import numpy as np

from flow import dataset, metrics
from flow.dataset import Config, FlowData
from flow.models import poiseuille
from utils.engine import competition, submissions
from utils.engine.competition import between, ended
from utils.engine.submissions import as_array, single, some

NUM_CARS = 40  # hidden ones
NY, NX, REYNOLDS = 64, 128, 100.0  # as in the lab on a laptop
CHANNEL = Config(ny=NY, train=0, validation=0, cars=NUM_CARS, airfoils=0, reynolds=REYNOLDS, u_max=0.1)
MOST_PARAMETERS = 4_000_000  # ten times the best network of notebook 05
MOST_SECONDS = 1200.0  # of training, processor time of all cores together: ten minutes on two cores
FASTEST = 10.0  # speeds above this many u_max are no flow
LARGEST_BYTES = 40_000_000  # of an unpacked file

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

    id: np.ndarray = as_array("US", "n")
    distance: np.ndarray = as_array("f", "n", NY, NX)


@dataclass(frozen=True, repr=False, kw_only=True)
class Report(competition.Report):
    """The score of a submission.

    Attributes:
        errors: (n,) relative L2 error of the velocity of each car, in the order of ``ids``.
        ids: (n,) the cars.
        interval: 95 % of the mean error, cars drawn again with replacement.
        baseline: mean error of the flow of the empty channel.
        mass_imbalance: mean over the cars of the largest error of the flux through a section.
        parameters, seconds: as declared; seconds of processor time.
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
        """See `CONTEST`."""
        errors = ended(self.rel_l2, self.errors.max(), self.mass_imbalance)
        return [*errors, self.parameters, self.seconds]

    def lines(self) -> list[str]:
        """Three lines."""
        mean, low, high, worst, mass = ended(
            self.rel_l2, *self.interval, self.errors.max(), self.mass_imbalance
        )
        return [
            f"relative L2 error of the velocity, mean of {len(self.errors)} hidden cars: "
            + between(mean, (low, high), ".2%"),
            f"worst car {self.ids[self.errors.argmax()]}: {worst:.2%}; empty channel: {self.baseline:.2%}",
            f"mass imbalance {mass:.2%} of the inflow; "
            f"{self.parameters:,} parameters and {self.seconds:.0f} s of processor time in training (declared)",
        ]


# --- the hidden set -----------------------------------------------------------------------


def random_cars(count: int, seed: int) -> FlowData:
    """Flows around random cars of the same kind as the hidden ones, to learn from or to choose by.

    Args:
        count: number of steady flows.
        seed: of the cars; the hidden cars are not among them.
    """
    config = replace(CHANNEL, cars=count)
    return dataset.random_cars(lambda number: np.random.default_rng([seed, number]), config, "random cars")


@functools.lru_cache(maxsize=2)
def hidden_flows(secret: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Identifiers (n,), signed distances (n, ny, nx) and velocities (n, ny, nx, 2) in u_max, by the solver."""
    flows = dataset.random_cars(lambda n: competition.generator(secret, f"car {n}"), CHANNEL, "hidden cars")
    ids = np.array(["c" + competition.derived(secret, f"id {n}").hex()[:9] for n in flows.index])
    order = np.argsort(ids)
    return ids[order], flows.distance[order], flows.velocity[order]


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
        seconds: of all training that made it, processor time of all cores together
            (`utils.training.Run.processor_seconds`).
    """
    arrays = {"id": cars.id, "velocity": np.asarray(velocity, np.float32)}
    submissions.write_arrays(
        path, {**arrays, "parameters": np.asarray(parameters), "seconds": np.asarray(seconds)}
    )


def _evaluate(path: str | os.PathLike, secret: bytes) -> Report:
    """Relative L2 error of the velocity on the fluid cells of the hidden cars, see `write_submission`."""
    sent = submissions.read_arrays(path, SUBMITTED, LARGEST_BYTES)
    ids, distance, truth = hidden_flows(secret)
    problems = submissions.wrong_ids(sent["id"], ids, "car")
    for name, most, beyond in (
        ("parameters", MOST_PARAMETERS, "over the budget of {:,}: use a smaller network"),
        (
            "seconds",
            MOST_SECONDS,
            "over the budget of {:,.0f} seconds of processor time, all cores together: train less",
        ),
    ):
        beyond = beyond.format(most)
        problems += single(name, sent[name], 0, most, needs="number, 0 or more", beyond=beyond)[1]
    submissions.refuse(problems)
    solid = distance < 0
    velocity = np.where(solid[..., None], 0, sent["velocity"][np.argsort(sent["id"])])
    diverged = ids[~np.isfinite(velocity).all(axis=(1, 2, 3))]
    if len(diverged):
        problems = [f"velocity is not finite for {len(diverged)} cars ({some(diverged)}): did it diverge?"]
    elif (fastest := np.abs(velocity).max()) > FASTEST:
        problems = [f"velocity reaches {fastest:.3g}: give it in units of u_max."]
    submissions.refuse(problems)
    velocity = velocity.astype(np.float32)
    errors = metrics.relative_l2(velocity, truth, solid)
    empty = np.broadcast_to(poiseuille(NY, NX), truth.shape) * ~solid[..., None]
    return Report(
        errors=errors,
        ids=ids,
        interval=metrics.mean_interval(errors),
        baseline=float(metrics.relative_l2(empty, truth, solid).mean()),
        mass_imbalance=float(metrics.mass_imbalance(velocity, solid).mean()),
        parameters=int(sent["parameters"]),
        seconds=float(sent["seconds"]),
    )


CONTEST = competition.Contest(
    "flow",
    {"rel_l2": 4, "worst_rel_l2": 4, "mass_imbalance": 4, "parameters": 0, "seconds": 1},
    ascending={"rel_l2": True, "parameters": True},
    given=Competition,
    make=lambda secret: Competition(*hidden_flows(secret)[:2]),
    evaluate=_evaluate,
    largest_bytes=LARGEST_BYTES,
    declared=("parameters", "seconds"),
)
score, hand_out, load_competition = CONTEST.score, CONTEST.hand_out, CONTEST.load_competition
