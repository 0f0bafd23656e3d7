"""The chip challenge: three parts, checked submissions, errors against a computed reference, a leaderboard.

1. ``forward``: the flow around the chip of the lecture at the points that are handed out.
2. ``parameterized``: the flow around a chip whose height and width follow from the key.
3. ``inverse``: the viscosity of a measured flow, with noise, that follows from the key too.

Parts may be left out. The answers are computed by finite elements when a submission is scored. Anyone who
runs such a solver can compute the first two; the contest is for networks that see the equations only. The
viscosity of part 3 is known to the holder of the key alone.
"""

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pinn import chip as challenge
from pinn.chip import FIELDS, HEIGHTS, VISCOSITY, WIDTHS, Chip
from utils.engine import competition, submissions
from utils.engine.competition import aligned, coarse_error, ended, told
from utils.engine.submissions import Column, as_array, as_table

PARTS = ("forward", "parameterized")
PER_UNIT = 20  # grid points per channel height
NOISE = 0.02  # of the measurement, in standard deviations of each quantity
NUM_MEASURED = 1000  # places at which the flow of part 3 is given
VISCOSITIES = (0.012, 0.03)  # the hidden one lies between
SUBMITTED_VISCOSITIES = (0.006, 0.06)  # half of the least, twice the largest: others are a mistake of units
LARGEST_BYTES = 20_000_000  # of an unpacked file
COLUMNS = {
    "id": Column(),
    **{name: Column("iuf", f"values of {name}", -1e3, 1e3, "", "did the training diverge?",
                    "give it in units of the mean inflow speed.") for name in FIELDS},
    "nu": Column("iuf", optional=True),
}  # fmt: skip
ONLY_VISCOSITY = pd.DataFrame({"id": [""], **dict.fromkeys(FIELDS, [np.nan])})


@dataclass(frozen=True)
class Competition:
    """What a participant gets.

    Attributes:
        points: one row per point: id, part, kind (``field``, ``section`` or ``face``), x, y.
        measured: x, y, u, v, p of part 3.
        sizes: (3, 2) height and width of the chip of each part.
    """

    points: pd.DataFrame = as_table("n", **dict.fromkeys(("id", "part", "kind"), "US"), x="f", y="f")
    measured: pd.DataFrame = as_table("m", **dict.fromkeys(("x", "y", *FIELDS), "f"))
    sizes: np.ndarray = as_array("f", 3, 2)

    def __post_init__(self) -> None:
        _ = self.chips, self.measured_chip  # a chip that does not fit into the channel is refused

    @property
    def chips(self) -> dict[str, Chip]:
        """Of the flows that are asked for, by part."""
        return {part: Chip(*map(float, size)) for part, size in zip(PARTS, self.sizes[:2], strict=True)}

    @property
    def measured_chip(self) -> Chip:
        """Of the measured flow."""
        return Chip(*map(float, self.sizes[2]))


@dataclass(frozen=True)
class PartScore:
    """Scores of one flow.

    Attributes:
        rel_l2: (3,) relative L2 errors of u, v, p on the points of kind ``field``.
        mass_imbalance: largest error of the flux through ten sections, of the inflow.
        drag, true_drag: force of the pressure on the chip, front face minus rear face.
    """

    rel_l2: np.ndarray
    mass_imbalance: float
    drag: float
    true_drag: float

    @property
    def drag_error(self) -> float:
        """Relative error of the drag."""
        return abs(self.drag / self.true_drag - 1)

    def told(self) -> list[str]:
        """What a report shows."""
        *errors, mass = ended(*self.rel_l2, self.mass_imbalance)
        drag = told(coarse_error(self.drag, self.true_drag))
        return [*(f"{error:.4f}" for error in errors), f"{mass:.2%}", drag]


@dataclass(frozen=True, repr=False, kw_only=True)
class Report(competition.Report):
    """The score of a submission.

    Attributes:
        parts: scores of the flows that were submitted, by part.
        viscosity: submitted, or None.
        viscosity_error: relative, or None.
        told_viscosity_error: what participants learn of it, see `competition.coarse_error`.
    """

    parts: dict[str, PartScore]
    viscosity: float | None = None
    viscosity_error: float | None = None
    told_viscosity_error: float | None = None

    @property
    def worst(self) -> float:
        """The largest of all relative L2 errors; infinite without a flow."""
        return max((float(part.rel_l2.max()) for part in self.parts.values()), default=np.inf)

    @property
    def number(self) -> int:
        """How many of the three parts were submitted."""
        return len(self.parts) + (self.viscosity is not None)

    def results(self) -> list[float | None]:
        """See `CONTEST`."""
        flows = self.parts.values()
        by_part = {name: ended(part.rel_l2.max())[0] for name, part in self.parts.items()}
        return [
            self.number,
            max(by_part.values(), default=None),
            *(by_part.get(name) for name in PARTS),
            self.told_viscosity_error,
            max(ended(*(part.mass_imbalance for part in flows)), default=None),
            max((coarse_error(part.drag, part.true_drag) for part in flows), default=None),
        ]

    def lines(self) -> list[str]:
        """A table of the three parts."""
        head = "part", "rel L2 u", "rel L2 v", "rel L2 p", "mass imbalance", "error of the pressure drag"
        scores = {name: part.told() for name, part in self.parts.items()}
        rows = [[name, *scores.get(name, ["not submitted"])] for name in PARTS]
        inverse = "not submitted"
        if self.told_viscosity_error is not None:
            inverse = f"viscosity {self.viscosity:.5f}, relative error {told(self.told_viscosity_error)}"
        return [*aligned([head, *rows]), f"inverse: {inverse}", f"{self.number} of 3 parts."]


# --- the hidden set -----------------------------------------------------------------------


def _hidden_chips(secret: bytes) -> tuple[dict[str, Chip], Chip, float]:
    """Geometry by part, geometry of the measured flow, and its viscosity."""
    rng = competition.generator(secret, "numbers")
    hidden = [Chip(round(rng.uniform(*HEIGHTS), 3), round(rng.uniform(*WIDTHS), 3)) for _ in range(2)]
    return {"forward": Chip(), "parameterized": hidden[0]}, hidden[1], float(rng.uniform(*VISCOSITIES))


def _points(secret: bytes, part: str, chip: Chip) -> pd.DataFrame:
    """Field, sections and faces of one part."""
    table = challenge.probes(chip, PER_UNIT)
    ids = [f"{part[0]}{competition.derived(secret, f'{part} {k}').hex()[:9]}" for k in range(len(table))]
    return table.assign(id=ids, part=part)[["id", "part", "kind", "x", "y"]]


@functools.lru_cache(maxsize=2)
def _hidden(secret: bytes) -> tuple[Competition, pd.DataFrame]:
    """What is handed out, and the reference values u, v, p at its points."""
    chips, measured_chip, viscosity = _hidden_chips(secret)
    points = [_points(secret, part, chip) for part, chip in chips.items()]
    flows = [challenge.reference(chip, VISCOSITY) for chip in chips.values()]
    truth = [flow(at[["x", "y"]].to_numpy()) for flow, at in zip(flows, points, strict=True)]
    rng = competition.generator(secret, "measurement")
    where = measured_chip.grid(PER_UNIT)
    where = where[rng.permutation(len(where))[:NUM_MEASURED]]
    values = challenge.reference(measured_chip, viscosity)(where)
    values = values + NOISE * values.std(axis=0) * rng.normal(size=values.shape)
    measured = pd.DataFrame(np.concatenate([where, values], axis=1), columns=["x", "y", *FIELDS])
    sizes = np.array([(chip.height, chip.width) for chip in (*chips.values(), measured_chip)])
    given = Competition(pd.concat(points, ignore_index=True), measured, sizes)
    return given, pd.DataFrame(np.concatenate(truth), columns=list(FIELDS))


# --- submissions --------------------------------------------------------------------------


def write_submission(
    path: str | os.PathLike,
    given: Competition,
    flows: Mapping[str, challenge.Flow],
    viscosity: float | None = None,
) -> None:
    """Write the file that `score` reads, npz or csv by its ending.

    Args:
        path: of the file.
        given: the competition.
        flows: for each part that was solved, a function from points (n, 2) to u, v, p (n, 3).
        viscosity: of part 3, if it was solved.
    """
    unknown = [part for part in flows if part not in PARTS]
    if unknown:
        submissions.refuse(
            [f"{submissions.some(unknown)} is no flow of the challenge: give {' and '.join(PARTS)}."]
        )
    tables = [] if flows else [ONLY_VISCOSITY]
    for part, flow in flows.items():
        rows = given.points[given.points["part"] == part]
        values = flow(rows[["x", "y"]].to_numpy())
        values = submissions.predicted(f"numbers for part {part}", values, (len(rows), len(FIELDS)))
        tables.append(pd.DataFrame(values, columns=list(FIELDS)).assign(id=rows["id"].to_numpy()))
    table = pd.concat(tables, ignore_index=True)[["id", *FIELDS]]
    submissions.write_table(path, table if viscosity is None else table.assign(nu=float(viscosity)))


def _evaluate(path: str | os.PathLike, secret: bytes) -> Report:
    """A csv or npz file with columns id, u, v, p and, for part 3, nu (the same in all rows)."""
    table = submissions.parsed(submissions.read_table(path, COLUMNS, LARGEST_BYTES), COLUMNS)
    viscosity, problems = _viscosity(table)
    if viscosity is not None and table["id"].tolist() == [""]:
        table = table.iloc[:0]
    given, truth = _hidden(secret)
    if len(table) or viscosity is None:
        ids = submissions.wrong_ids(table["id"], given.points["id"], "point", given.points["part"])
        problems = [*ids, *submissions.wrong_cells(table, COLUMNS), *problems]
    submissions.refuse(problems)
    values, parts = table.set_index("id")[list(FIELDS)], {}
    for part, points in given.points.groupby("part", sort=False):
        if points["id"].isin(values.index).all():
            chip, kind = given.chips[part], points["kind"].to_numpy()
            field, imbalance, drag = challenge.measured(chip, kind, values.loc[points["id"]].to_numpy())
            right, _, true_drag = challenge.measured(chip, kind, truth.loc[points.index].to_numpy())
            parts[part] = PartScore(challenge.relative_l2(field, right), imbalance, drag, true_drag)
    if viscosity is None:
        return Report(parts=parts)
    hidden = _hidden_chips(secret)[2]
    return Report(
        parts=parts, viscosity=viscosity, viscosity_error=abs(viscosity / hidden - 1),
        told_viscosity_error=coarse_error(viscosity, hidden),
    )  # fmt: skip


def _viscosity(table: pd.DataFrame) -> tuple[float | None, list[str]]:
    if "nu" not in table:
        return None, []
    low, high = SUBMITTED_VISCOSITIES
    beyond = f"and must lie between {low} and {high}: the hidden one lies between {VISCOSITIES[0]} and {VISCOSITIES[1]}"
    needs = "positive number, the same in all rows; leave the column out without part 3"
    return submissions.single("nu", table["nu"], low, high, needs=needs, beyond=beyond)


CONTEST = competition.Contest(
    "chip",
    {"parts": 0, "worst_rel_l2": 4, "forward_rel_l2": 4, "parameterized_rel_l2": 4, "viscosity_error": 2,
     "mass_imbalance": 4, "drag_error": 2},
    ascending={"parts": False, "worst_rel_l2": True, "viscosity_error": True},
    given=Competition,
    make=lambda secret: _hidden(secret)[0],
    evaluate=_evaluate,
    largest_bytes=LARGEST_BYTES,
)  # fmt: skip
score, hand_out, load_competition = CONTEST.score, CONTEST.hand_out, CONTEST.load_competition
