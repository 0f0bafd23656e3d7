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
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pinn import chip as challenge
from pinn.chip import FIELDS, HEIGHTS, VISCOSITY, WIDTHS, Chip
from utils import competition
from utils.score import SubmissionError

PARTS = ("forward", "parameterized")
PER_UNIT = 20  # grid points per channel height
NOISE = 0.02  # of the measurement, in standard deviations of each quantity
NUM_MEASURED = 1000
VISCOSITIES = (0.012, 0.03)
LARGEST_BYTES = 20_000_000  # of an unpacked file
LARGEST_VALUE = 1e4
HANDED_OUT = (
    "id", "part", "kind", "x", "y", "chip", "measured_chip", "measured_x", "measured_y", "measured_u", "measured_v",
    "measured_p",
)  # fmt: skip

BOARD = competition.Board(
    "chip",
    (
        "parts",
        "worst_rel_l2",
        "forward_rel_l2",
        "parameterized_rel_l2",
        "viscosity_error",
        "mass_imbalance",
        "drag_error",
    ),
    ascending={"parts": False, "worst_rel_l2": True, "viscosity_error": True},
)


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


@dataclass(frozen=True)
class Report:
    """The score of a submission. Printing it shows a table.

    Attributes:
        parts: scores of the flows that were submitted, by part.
        viscosity: submitted, or None.
        viscosity_error: relative; None without a viscosity.
        key_id: which hidden set it was.
        public: True if the answers are those of the public key.
    """

    parts: dict[str, PartScore]
    viscosity: float | None
    viscosity_error: float | None
    key_id: str
    public: bool

    @property
    def worst(self) -> float:
        """The largest of all relative L2 errors; infinite without a flow."""
        return max((float(part.rel_l2.max()) for part in self.parts.values()), default=np.inf)

    @property
    def number(self) -> int:
        """How many of the three parts were submitted."""
        return len(self.parts) + (self.viscosity is not None)

    def __str__(self) -> str:
        lines = ["part           rel L2 u   rel L2 v   rel L2 p   mass imbalance   pressure drag (reference)"]
        for name in PARTS:
            if name not in self.parts:
                lines.append(f"{name:<14} not submitted")
                continue
            part = self.parts[name]
            errors = "   ".join(f"{error:8.4f}" for error in part.rel_l2)
            lines.append(
                f"{name:<14} {errors}   {part.mass_imbalance:>14.2%}   {part.drag:.3f} ({part.true_drag:.3f})"
            )
        if self.viscosity_error is None:
            lines.append("inverse        not submitted")
        else:
            lines.append(
                f"inverse        viscosity {self.viscosity:.5f}, relative error {self.viscosity_error:.2%}"
            )
        lines.append(f"{self.number} of 3 parts. Hidden set {self.key_id}.")
        return "\n".join([*lines, competition.PUBLIC_WARNING] if self.public else lines)


# --- the hidden set -----------------------------------------------------------------------


def _secret(key: str) -> bytes:
    return competition.secret_of(key, "chip")


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
    given, _ = _hidden(_secret(competition.chosen_key(key)))
    columns = {name: given.points[name].to_numpy() for name in ("x", "y")}
    texts = {name: given.points[name].to_numpy(str) for name in ("id", "part", "kind")}
    measured = {f"measured_{name}": given.measured[name].to_numpy() for name in given.measured}
    chips = {
        "chip": np.array([(given.chips[part].height, given.chips[part].width) for part in PARTS]),
        "measured_chip": np.array([given.measured_chip.height, given.measured_chip.width]),
    }
    competition.write_arrays(path, {**texts, **columns, **chips, **measured})
    print(f"{path}: {len(given.points)} points of two flows and {len(given.measured)} measurements.")


def load_competition(path: str | os.PathLike | None = None) -> Competition:
    """The points and measurements that the instructor handed out, or those of the public key.

    Raises:
        SubmissionError: the file is not what `hand_out` wrote.
    """
    if path is None:
        return _hidden(_secret(competition.PUBLIC_KEY))[0]
    arrays = competition.read_arrays(path, HANDED_OUT, LARGEST_BYTES)
    points = pd.DataFrame({name: arrays[name] for name in ("id", "part", "kind", "x", "y")})
    measured = pd.DataFrame({name: arrays[f"measured_{name}"] for name in ("x", "y", *FIELDS)})
    chips = {part: Chip(*map(float, row)) for part, row in zip(PARTS, arrays["chip"], strict=True)}
    return Competition(points, chips, measured, Chip(*map(float, arrays["measured_chip"])))


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
    tables = [pd.DataFrame({"id": pd.Series(dtype=str), **{name: pd.Series(dtype=float) for name in FIELDS}})]
    for part, flow in flows.items():
        rows = given.points[given.points["part"] == part]
        values = pd.DataFrame(flow(rows[["x", "y"]].to_numpy()), columns=list(FIELDS))
        tables.append(values.assign(id=rows["id"].to_numpy()))
    table = pd.concat([part for part in tables if len(part)] or tables, ignore_index=True)[["id", *FIELDS]]
    if viscosity is not None:
        table = table.assign(nu=float(viscosity))
    if Path(path).suffix == ".csv":
        table.to_csv(path, index=False)
        return
    arrays = {name: table[name].to_numpy(str if name == "id" else float) for name in table}
    competition.write_arrays(path, arrays)


def score(path: str | os.PathLike, key: str | None = None, name: str | None = None) -> Report:
    """Score a submission against the reference.

    Args:
        path: csv or npz file with columns id, u, v, p and, for part 3, nu (the same in all rows).
        key: of the hidden set, see `utils.competition.chosen_key`.
        name: puts the result on the leaderboard; None does not.

    Raises:
        SubmissionError: what is wrong with the file, the key or the name.
    """
    key = competition.chosen_key(key)
    name = None if name is None else competition.checked_name(name)
    table = _read(Path(path))
    secret = _secret(key)
    given, truth = _hidden(secret)
    problems = _wrong_ids(table, given.points) + _wrong_values(table)
    if problems:
        raise SubmissionError("\n".join(problems))
    values = table.set_index("id")[list(FIELDS)].astype(float)
    parts = {}
    for part, chip in given.chips.items():
        rows = given.points["part"] == part
        if given.points.loc[rows, "id"].isin(values.index).all():
            found = values.loc[given.points.loc[rows, "id"]].to_numpy()
            parts[part] = _part_score(given.points[rows], found, truth[rows].to_numpy(), chip)
    viscosity = float(table["nu"].iloc[0]) if "nu" in table else None
    report = Report(
        parts=parts,
        viscosity=viscosity,
        viscosity_error=None if viscosity is None else abs(viscosity / _hidden_chips(secret)[2] - 1),
        key_id=competition.key_id(secret),
        public=key == competition.PUBLIC_KEY,
    )
    if name is not None:
        _enter(report, name)
    return report


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


def _enter(report: Report, name: str) -> None:
    def shown(values) -> str:
        found = [value for value in values if value is not None]
        return f"{max(found):.6f}" if found else ""

    by_part = [report.parts.get(part) for part in PARTS]
    flows = [part for part in by_part if part is not None]
    BOARD.append(name, report.key_id, [
        str(report.number), shown(part.rel_l2.max() for part in flows),
        *(shown([] if part is None else [part.rel_l2.max()]) for part in by_part), shown([report.viscosity_error]),
        shown(part.mass_imbalance for part in flows), shown(part.drag_error for part in flows),
    ])  # fmt: skip


def _read(path: Path) -> pd.DataFrame:
    """A table with a column of text ``id``; what is in it is checked later."""
    if path.suffix == ".npz":
        names = ["id", *FIELDS]
        if zipfile.is_zipfile(path):  # if it is none, read_arrays says so
            with zipfile.ZipFile(path) as archive:
                names += ["nu"] if "nu.npy" in archive.namelist() else []
        arrays = competition.read_arrays(path, names, LARGEST_BYTES)
        lengths = {name: np.shape(array) for name, array in arrays.items() if name != "nu" or np.ndim(array)}
        if len(set(lengths.values())) != 1 or len(arrays["id"].shape) != 1:
            raise SubmissionError(
                f"The arrays differ in shape ({lengths}): each needs one value per id, in the same order."
            )
        return pd.DataFrame(
            {name: array.astype(str) if name == "id" else array for name, array in arrays.items()}
        )
    if not path.is_file():
        raise SubmissionError(f"There is no file {path}: check the name and the folder.")
    if path.stat().st_size > LARGEST_BYTES:
        raise SubmissionError(
            f"{path} has {path.stat().st_size / 1e6:.0f} MB, a submission has less than 2: send the csv file."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, dtype={"id": str}, skipinitialspace=True, index_col=False)
    except (UnicodeError, ValueError, pd.errors.ParserWarning) as error:  # pandas' own errors are ValueErrors
        raise SubmissionError(
            f"{path} is not a table with commas ({error}): write it with to_csv(..., index=False)."
        ) from error
    missing = [name for name in ("id", *FIELDS) if name not in table]
    extra = [str(name) for name in table if name not in ("id", *FIELDS, "nu")]
    if missing or extra:
        raise SubmissionError(
            f"The header must be id,u,v,p or id,u,v,p,nu; missing: {', '.join(missing) or 'nothing'}, "
            f"unknown: {', '.join(extra) or 'nothing'}."
        )
    return table


def _wrong_ids(table: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    given, known = table["id"].astype(str), points["id"]
    if not given.isin(known).any():
        return [
            "No id belongs to this hidden set: predict the points of the competition in use, and score with the "
            "key and the version of the course that it was made with."
        ]
    problems = []
    unknown = given[~given.isin(known)].unique()
    if len(unknown):
        problems.append(f"{len(unknown)} ids are unknown ({', '.join(unknown[:3])}): remove these rows.")
    twice = given[given.duplicated()].unique()
    if len(twice):
        problems.append(f"{len(twice)} ids occur more than once ({', '.join(twice[:3])}): keep one row each.")
    for part in PARTS:
        ids = known[points["part"] == part]
        absent = ids[~ids.isin(given)]
        if 0 < len(absent) < len(ids):
            problems.append(
                f"{len(absent)} of {len(ids)} points of part {part} are missing ({', '.join(absent[:3])}): predict "
                "all of them, or leave the part out."
            )
    return problems


def _wrong_values(table: pd.DataFrame) -> list[str]:
    problems = []
    for name in FIELDS:
        values = pd.to_numeric(table[name], errors="coerce")
        bad = table.loc[~np.isfinite(values), "id"]
        if len(bad):
            problems.append(
                f"{len(bad)} values of {name} are no finite number (ids {', '.join(bad.astype(str)[:3])}): did "
                "the training diverge?"
            )
        elif values.abs().max() > LARGEST_VALUE:
            problems.append(
                f"{name} reaches {values.abs().max():.0e}: give it in units of the mean inflow speed."
            )
    if "nu" in table:
        nu = pd.to_numeric(table["nu"], errors="coerce")
        if not (np.isfinite(nu).all() and nu.nunique() == 1 and nu.iloc[0] > 0):
            problems.append(
                "nu must be one positive number, the same in all rows; leave the column out without part 3."
            )
    return problems
