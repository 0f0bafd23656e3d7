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
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pinn import chip as challenge
from pinn.chip import FIELDS, HEIGHTS, VISCOSITY, WIDTHS, Chip
from utils.engine import competition, submissions
from utils.engine.competition import coarse_error, told
from utils.engine.score import SubmissionError
from utils.engine.submissions import clean, some

PARTS = ("forward", "parameterized")
PER_UNIT = 20  # grid points per channel height
NOISE = 0.02  # of the measurement, in standard deviations of each quantity
NUM_MEASURED = 1000
VISCOSITIES = (0.012, 0.03)
SUBMITTED_VISCOSITIES = (0.006, 0.06)
LARGEST_BYTES = 20_000_000  # of an unpacked file
LARGEST_VALUE = 1e3
ONLY_VISCOSITY = pd.DataFrame({"id": [""], **dict.fromkeys(FIELDS, [np.nan])})
COLUMNS, OPTIONAL = {"id": "US", **dict.fromkeys((*FIELDS, "nu"), "iuf")}, ("nu",)
HANDED_OUT: submissions.Expected = {
    **dict.fromkeys(("id", "part", "kind"), ("US", ("n",))), **dict.fromkeys(("x", "y"), ("f", ("n",))),
    "chip": ("f", (2, 2)), "measured_chip": ("f", (2,)),
    **{f"measured_{name}": ("f", ("m",)) for name in ("x", "y", *FIELDS)},
}  # fmt: skip
CONTEST = competition.Contest(
    "chip",
    {"parts": 0, "worst_rel_l2": 4, "forward_rel_l2": 4, "parameterized_rel_l2": 4, "viscosity_error": 2,
     "mass_imbalance": 4, "drag_error": 2},
    ascending={"parts": False, "worst_rel_l2": True, "viscosity_error": True},
)  # fmt: skip


@dataclass(frozen=True)
class Competition:
    """What a participant gets.

    Attributes:
        points: one row per point: id, part, kind (``field``, ``section`` or ``face``), x, y.
        chips: by part.
        measured: x, y, u, v, p of part 3.
        measured_chip: its geometry.
    """

    points: pd.DataFrame
    chips: dict[str, Chip]
    measured: pd.DataFrame
    measured_chip: Chip


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


@dataclass(frozen=True, repr=False)
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
        """See `CONTEST`; errors of a flow end at 1, as bad as no flow."""
        flows = self.parts.values()
        by_part = {name: min(float(part.rel_l2.max()), 1.0) for name, part in self.parts.items()}
        return [
            self.number,
            max(by_part.values(), default=None),
            *(by_part.get(name) for name in PARTS),
            self.told_viscosity_error,
            max((min(part.mass_imbalance, 1.0) for part in flows), default=None),
            max((coarse_error(part.drag, part.true_drag) for part in flows), default=None),
        ]

    def lines(self) -> list[str]:
        """A table of the three parts; errors of a flow end at 1."""
        lines = [
            "part           rel L2 u   rel L2 v   rel L2 p   mass imbalance   error of the pressure drag"
        ]
        for name in PARTS:
            if name not in self.parts:
                lines.append(f"{name:<14} not submitted")
                continue
            part = self.parts[name]
            errors = "   ".join(f"{min(error, 1):8.4f}" for error in part.rel_l2)
            drag = told(coarse_error(part.drag, part.true_drag))
            lines.append(f"{name:<14} {errors}   {min(part.mass_imbalance, 1):>14.2%}   {drag}")
        if self.told_viscosity_error is None:
            lines.append("inverse        not submitted")
        else:
            lines.append(
                f"inverse        viscosity {self.viscosity:.5f}, relative error {told(self.told_viscosity_error)}"
            )
        return [*lines, f"{self.number} of 3 parts."]


# --- the hidden set -----------------------------------------------------------------------


def _hidden_chips(secret: bytes) -> tuple[dict[str, Chip], Chip, float]:
    """Geometry by part, geometry of the measured flow, and its viscosity."""
    rng = competition.generator(secret, "numbers")
    hidden = [Chip(round(rng.uniform(*HEIGHTS), 3), round(rng.uniform(*WIDTHS), 3)) for _ in range(2)]
    return {"forward": Chip(), "parameterized": hidden[0]}, hidden[1], float(rng.uniform(*VISCOSITIES))


def _points(secret: bytes, part: str, chip: Chip) -> pd.DataFrame:
    """Field, sections and faces of one part."""
    kinds = {
        "field": chip.grid(PER_UNIT),
        "section": challenge.sections(chip)[0].reshape(-1, 2),
        "face": challenge.face_points(chip)[0],
    }
    tables = [pd.DataFrame({"kind": kind, "x": xy[:, 0], "y": xy[:, 1]}) for kind, xy in kinds.items()]
    table = pd.concat(tables, ignore_index=True)
    number = [f"{part[0]}{competition.derived(secret, f'{part} {k}').hex()[:9]}" for k in range(len(table))]
    return table.assign(id=number, part=part)[["id", "part", "kind", "x", "y"]]


@functools.lru_cache(maxsize=2)
def _hidden(secret: bytes) -> tuple[Competition, pd.DataFrame]:
    """What is handed out, and the reference values u, v, p at its points."""
    chips, measured_chip, viscosity = _hidden_chips(secret)
    points = pd.concat([_points(secret, part, chip) for part, chip in chips.items()], ignore_index=True)
    truth = pd.DataFrame(index=points.index, columns=list(FIELDS), dtype=float)
    for part, chip in chips.items():
        rows = points["part"] == part
        truth.loc[rows] = challenge.reference(chip, VISCOSITY)(points.loc[rows, ["x", "y"]].to_numpy())
    rng = competition.generator(secret, "measurement")
    where = measured_chip.grid(PER_UNIT)
    where = where[rng.permutation(len(where))[:NUM_MEASURED]]
    values = challenge.reference(measured_chip, viscosity)(where)
    values = values + NOISE * values.std(axis=0) * rng.normal(size=values.shape)
    measured = pd.DataFrame(np.concatenate([where, values], axis=1), columns=["x", "y", *FIELDS])
    return Competition(points, chips, measured, measured_chip), truth


def hand_out(path: str | os.PathLike, key: str | None = None) -> None:
    """For instructors: write what participants get; no answer is in it."""
    given, _ = _hidden(CONTEST.secret(key))
    columns = {name: given.points[name].to_numpy() for name in ("x", "y")}
    texts = {name: given.points[name].to_numpy(str) for name in ("id", "part", "kind")}
    measured = {f"measured_{name}": given.measured[name].to_numpy() for name in given.measured}
    chips = {
        "chip": np.array([(given.chips[part].height, given.chips[part].width) for part in PARTS]),
        "measured_chip": np.array([given.measured_chip.height, given.measured_chip.width]),
    }
    submissions.write_arrays(path, {**texts, **columns, **chips, **measured})
    print(f"{path}: {len(given.points)} points of two flows and {len(given.measured)} measurements.")


def load_competition(path: str | os.PathLike | None = None) -> Competition:
    """The points and measurements that the instructor handed out, or those of the public key.

    Raises:
        SubmissionError: the file is not what `hand_out` wrote.
    """
    if path is None:
        return _hidden(CONTEST.secret(competition.PUBLIC_KEY))[0]
    arrays = submissions.read_hand_out(path, HANDED_OUT, LARGEST_BYTES)
    points = pd.DataFrame({name: arrays[name] for name in ("id", "part", "kind", "x", "y")})
    measured = pd.DataFrame({name: arrays[f"measured_{name}"] for name in ("x", "y", *FIELDS)})
    try:
        *chips, measured_chip = (Chip(*map(float, row)) for row in (*arrays["chip"], arrays["measured_chip"]))
    except ValueError as error:
        raise SubmissionError(f"{clean(path)} is not a competition file. {error}") from error
    return Competition(points, dict(zip(PARTS, chips, strict=True)), measured, measured_chip)


# --- submissions --------------------------------------------------------------------------


def write_submission(
    path: str | os.PathLike,
    given: Competition,
    flows: dict[str, challenge.Flow],
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
        raise SubmissionError(f"{some(unknown)} is no flow of the challenge: give {' and '.join(PARTS)}.")
    tables = []
    for part, flow in flows.items():
        rows = given.points[given.points["part"] == part]
        values = np.asarray(flow(rows[["x", "y"]].to_numpy()))
        if values.shape != (len(rows), len(FIELDS)):
            raise SubmissionError(
                f"The flow of part {part} has the shape {values.shape}: give u, v, p for each of {len(rows)} points."
            )
        tables.append(pd.DataFrame(values, columns=list(FIELDS)).assign(id=rows["id"].to_numpy()))
    table = pd.concat(tables, ignore_index=True) if tables else ONLY_VISCOSITY
    table = table[["id", *FIELDS]]
    if viscosity is not None:
        table = table.assign(nu=float(viscosity))
    if Path(path).suffix.lower() != ".npz":
        table.to_csv(path, index=False)
        return
    submissions.write_arrays(
        path, {name: table[name].to_numpy(str if name == "id" else float) for name in table}
    )


def score(
    path: str | os.PathLike, key: str | None = None, name: str | None = None, pin: str | None = None
) -> Report:
    """Score a submission against the reference.

    Args:
        path: csv or npz file with columns id, u, v, p and, for part 3, nu (the same in all rows).
        key, name, pin: see `utils.engine.competition.Contest.score`.

    Raises:
        SubmissionError: what is wrong with the file, the key or the name.
    """
    return CONTEST.score(lambda secret: _evaluate(path, secret), key, name, pin)


def _evaluate(path: str | os.PathLike, secret: bytes) -> Report:
    table = submissions.read_table(path, COLUMNS, OPTIONAL, LARGEST_BYTES)
    table = submissions.parsed(table, COLUMNS, OPTIONAL)
    viscosity, problems = _viscosity(table)
    if viscosity is not None and table["id"].tolist() == [""]:
        table = table.iloc[:0]
    given, truth = _hidden(secret)
    if len(table) or viscosity is None:
        problems = _wrong_ids(table, given.points) + _wrong_values(table) + problems
    if problems:
        raise SubmissionError("\n".join(problems))
    values, parts = table.set_index("id")[list(FIELDS)], {}
    for part, chip in given.chips.items():
        rows = given.points["part"] == part
        ids = given.points.loc[rows, "id"]
        if ids.isin(values.index).all():
            parts[part] = _part_score(
                given.points[rows], values.loc[ids].to_numpy(), truth[rows].to_numpy(), chip
            )
    report = Report(**CONTEST.labels(secret), parts=parts)
    if viscosity is None:
        return report
    hidden = _hidden_chips(secret)[2]
    return replace(
        report,
        viscosity=viscosity,
        viscosity_error=abs(viscosity / hidden - 1),
        told_viscosity_error=coarse_error(viscosity, hidden),
    )


def _part_score(points: pd.DataFrame, found: np.ndarray, truth: np.ndarray, chip: Chip) -> PartScore:
    kind = points["kind"].to_numpy()
    field, section, face = (kind == which for which in ("field", "section", "face"))
    weights = challenge.sections(chip)[1]
    flux = (weights * found[section, 0].reshape(weights.shape)).sum(axis=1)
    signed = challenge.face_points(chip)[1]
    return PartScore(
        rel_l2=challenge.relative_l2(found[field], truth[field]),
        mass_imbalance=float(np.abs(flux - 1).max()),
        drag=float(signed @ found[face, 2]),
        true_drag=float(signed @ truth[face, 2]),
    )


def _viscosity(table: pd.DataFrame) -> tuple[float | None, list[str]]:
    if "nu" not in table:
        return None, []
    nu = table["nu"]
    if not (len(nu) and np.isfinite(nu).all() and nu.nunique() == 1 and nu.iloc[0] > 0):
        return None, [
            "nu must be one positive number, the same in all rows; leave the column out without part 3."
        ]
    viscosity, (low, high) = float(nu.iloc[0]), SUBMITTED_VISCOSITIES
    if low <= viscosity <= high:
        return viscosity, []
    low_hidden, high_hidden = VISCOSITIES
    return None, [
        f"nu is {viscosity:.3g} and must lie between {low} and {high}: the hidden one lies between {low_hidden} and "
        f"{high_hidden}."
    ]


def _wrong_ids(table: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    problems = submissions.wrong_ids(table["id"], points["id"], "point", may_be_missing=True)
    for part, ids in points["id"].groupby(points["part"], sort=False):
        absent = ids[~ids.isin(table["id"])]
        if 0 < len(absent) < len(ids):
            problems.append(
                f"{len(absent)} of {len(ids)} points of part {part} are missing ({some(absent)}): predict all of them, "
                "or leave the part out."
            )
    return problems


def _wrong_values(table: pd.DataFrame) -> list[str]:
    problems = []
    for name in FIELDS:
        bad = table.loc[~np.isfinite(table[name]), "id"]
        if len(bad):
            problems.append(
                f"{len(bad)} values of {name} are no finite number (ids {some(bad)}): did the training diverge?"
            )
        elif table[name].abs().max() > LARGEST_VALUE:
            problems.append(
                f"{name} reaches {table[name].abs().max():.0e}: give it in units of the mean inflow speed."
            )
    return problems
