"""The competition: hidden storms, checked submissions, honest scores, a leaderboard.

The task is that of the lecture: be accurate on both kinds of test frames. ``shuffled`` frames were
taken at random out of storms whose other frames are handed out with their winds; ``storm`` frames
belong to storms of which nothing else is known.

All competition storms follow from one key. Each blends the winds of two real storms, warped in time,
so that it is in no best track; its clouds are drawn from 128 random bits that follow from the key,
over open sea, since a coastline would betray the place. The answers are stored nowhere: the scorer
derives them from the key each time.

This prevents looking up a storm or its winds, drawing the clouds again, and guessing labels from the
identifiers, which are keyed hashes. It does not prevent: anyone who has the key computes all labels,
and the default key is public; many submissions by one person tune to the test frames, so a contest with
a secret key limits their number; and on ``shuffled`` frames a network may profit from neighbours in time.
The last is the lesson: compare with the bound.
"""

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from cyclone import dataset, imagery, posterior, tracks
from cyclone.tracks import CLASSES
from utils.engine import competition as contest
from utils.engine import store, submissions
from utils.engine.competition import PUBLIC_KEY, derived
from utils.engine.score import SubmissionError
from utils.engine.submissions import some

SETS = ("shuffled", "storm")

NUM_KNOWN, KNOWN_FRAMES, KNOWN_STEP_H = 48, 50, 0.5
NUM_UNSEEN, UNSEEN_FRAMES, UNSEEN_STEP_H = 40, 24, 1.0
SHUFFLED_SHARE = 0.2
NUM_PARENTS = 160  # the real storms that are blended
NUM_SIMILAR = 12  # a partner is one of so many storms with the nearest peak wind
STRONGEST_KT = 200.0
NUM_BOOTSTRAP = 2000
LARGEST_BYTES = 200_000_000  # of an unpacked competition file

COLUMNS, OPTIONAL = {"set": "US", "id": "US", "wind_kt": "iuf", "class": "US", "second": "US"}, ("second",)
CONTEST = contest.Contest(
    "cyclone",
    {
        "score": 3,
        "shuffled_top1": 3,
        "shuffled_rmse_kt": 1,
        "storm_top1": 3,
        "storm_rmse_kt": 1,
        "storm_top2": 3,
    },
    ascending={"score": False, "storm_rmse_kt": True},
)
leaderboard = CONTEST.leaderboard


@dataclass(frozen=True)
class Competition:
    """What a participant gets.

    Attributes:
        train_images: uint8 (n, size, size), bright is cold, see `imagery.to_kelvin`.
        train_wind_kt: float32 (n,).
        train_storm: int32 (n,) number of the storm, 0 to 47.
        test_images: uint8 (m, size, size).
        test_set: str (m,) ``"shuffled"`` or ``"storm"``.
        test_id: str (m,) to be copied into the submission.
        width_km: float32 (), of one image.
    """

    train_images: np.ndarray
    train_wind_kt: np.ndarray
    train_storm: np.ndarray
    test_images: np.ndarray
    test_set: np.ndarray
    test_id: np.ndarray
    width_km: np.ndarray


HANDED_OUT: submissions.Expected = {
    "train_images": ("u", ("n", "size", "size")), "train_wind_kt": ("f", ("n",)), "train_storm": ("iu", ("n",)),
    "test_images": ("u", ("m", "size", "size")), "test_set": ("US", ("m",)), "test_id": ("US", ("m",)),
    "width_km": ("f", ()),
}  # fmt: skip


@dataclass(frozen=True)
class SetScore:
    """Scores on one kind of test frames; intervals hold 95 % of resampled sets of storms.

    Attributes:
        num_frames, num_storms: scored.
        top1: share of frames with the right class.
        top1_interval: low and high end.
        top2: share with the right class among the first two; None without a column ``second``.
        rmse_kt: root mean square error of the wind.
        rmse_kt_interval: low and high end.
        bound_top1, bound_rmse_kt: of the best reader of single images, see `posterior`.
    """

    num_frames: int
    num_storms: int
    top1: float
    top1_interval: tuple[float, float]
    top2: float | None
    rmse_kt: float
    rmse_kt_interval: tuple[float, float]
    bound_top1: float
    bound_rmse_kt: float


@dataclass(frozen=True, repr=False)
class Report(contest.Report):
    """The score of a submission.

    Attributes:
        sets: score by name of the set, see `SETS`.
    """

    sets: dict[str, SetScore]

    @property
    def score(self) -> float:
        """Mean top-1 accuracy of the two sets: this ranks the leaderboard."""
        return float(np.mean([part.top1 for part in self.sets.values()]))

    def results(self) -> list[float | None]:
        """See `CONTEST`."""
        shuffled, storm = self.sets["shuffled"], self.sets["storm"]
        return [self.score, shuffled.top1, shuffled.rmse_kt, storm.top1, storm.rmse_kt, storm.top2]

    def lines(self) -> list[str]:
        """A table of the two sets and the score."""
        lines = [
            "set       storms frames  top-1 [95 %]          top-2   RMSE kt [95 %]       bound top-1, RMSE"
        ]
        for name, part in self.sets.items():
            top1 = f"{part.top1:.3f} [{part.top1_interval[0]:.3f}, {part.top1_interval[1]:.3f}]"
            rmse = f"{part.rmse_kt:5.1f} [{part.rmse_kt_interval[0]:4.1f}, {part.rmse_kt_interval[1]:5.1f}]"
            top2 = "  -  " if part.top2 is None else f"{part.top2:.3f}"
            bound = f"{part.bound_top1:.3f}, {part.bound_rmse_kt:.1f} kt"
            lines.append(
                f"{name:<9} {part.num_storms:>6} {part.num_frames:>6}  {top1}  {top2}  {rmse}  {bound}"
            )
        lines.append(f"Score (mean top-1 of both sets): {self.score:.3f}. Synthetic imagery.")
        shuffled = self.sets["shuffled"]
        if shuffled.top1_interval[0] > shuffled.bound_top1:
            lines.append(
                "On shuffled frames this beats the best reader of single images: it knows them from their neighbours."
            )
        return lines


# --- the hidden set -----------------------------------------------------------------------


@dataclass(frozen=True)
class _HiddenStorm:
    """One storm of the competition: its latents and the frames that are used of it."""

    number: int
    storm: imagery.Storm
    moments: np.ndarray  # indices into the storm's series
    sets: np.ndarray  # "train", "shuffled" or "storm" for each moment
    ids: np.ndarray


@functools.cache
def _parents() -> tuple[pd.DataFrame, ...]:
    """Real storms whose winds are blended, weakest peak first."""
    return tuple(sorted(dataset.choose_storms(NUM_PARENTS), key=lambda run: run["wind_kt"].max()))


@functools.lru_cache(maxsize=2)
def _hidden_storms(secret: bytes) -> tuple[_HiddenStorm, ...]:
    parents = _parents()
    storms = []
    for number in range(NUM_KNOWN + NUM_UNSEEN):
        known = number < NUM_KNOWN
        step_h = KNOWN_STEP_H if known else UNSEEN_STEP_H
        rng = contest.generator(secret, f"storm {number}")
        hours, wind_kt, lat = _blend(parents, step_h, rng)
        seed = int.from_bytes(derived(secret, f"clouds {number}")[:16], "big")
        moments = _window(wind_kt, KNOWN_FRAMES if known else UNSEEN_FRAMES, rng)
        sets = np.full(len(moments), "storm", object)
        if known:
            sets[:] = "train"
            sets[rng.permutation(len(moments))[: round(SHUFFLED_SHARE * len(moments))]] = "shuffled"
        storm = imagery.simulate(hours, wind_kt, lat, seed)
        ids = np.array([_frame_id(secret, number, storm, i) for i in moments])
        storms.append(_HiddenStorm(number, storm, moments, sets, ids))
    return tuple(storms)


def _frame_id(secret: bytes, number: int, storm: imagery.Storm, moment: int) -> str:
    """Keyed hash of a frame and its label: with other labels, as after an update, no id fits any more.

    The first letter keeps spreadsheets from reading it as a number such as 12e5.
    """
    frame = f"frame {number}/{moment}/{storm.wind_kt[moment]:.1f}/{storm.t_number[moment]:.1f}"
    return "f" + derived(secret, frame).hex()[:11]


def _blend(
    parents: Sequence[pd.DataFrame], step_h: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Life of a storm between those of two real ones of similar strength.

    Both lives are stretched so that their peaks coincide, so the blend is as strong as its parents.

    Args:
        parents: runs of fixes, sorted by peak wind.

    Returns:
        Hours, wind in knots and latitude in degrees, each (n,).
    """
    first = int(rng.integers(len(parents)))
    low = int(np.clip(first - NUM_SIMILAR // 2, 0, len(parents) - NUM_SIMILAR - 1))
    second = int(rng.choice([k for k in range(low, low + NUM_SIMILAR + 1) if k != first]))
    share = rng.uniform(0.3, 0.7)
    strength = rng.uniform(0.93, 1.07)
    power = np.exp(rng.normal(0, 0.15, 2))
    lives = [_life(parents[first]), _life(parents[second])]
    rise_h, fall_h = (
        max(np.exp(rng.normal(0, 0.1)) * ((1 - share) * a + share * b), 6.0)
        for a, b in zip(lives[0][0], lives[1][0], strict=True)
    )
    hours = np.arange(0, rise_h + fall_h, step_h)
    phase = np.where(hours < rise_h, (hours - rise_h) / rise_h, (hours - rise_h) / fall_h)
    phase = np.sign(phase) * np.abs(phase) ** np.where(phase < 0, *power)
    (wind_a, lat_a), (wind_b, lat_b) = (_at_phase(parents[k], phase) for k in (first, second))
    wind_kt = np.clip(strength * ((1 - share) * wind_a + share * wind_b), 10, STRONGEST_KT)
    lat = np.clip((1 - share) * lat_a + share * lat_b + rng.uniform(-2, 2), 5, 50)
    return hours, wind_kt, lat


def _life(run: pd.DataFrame) -> tuple[tuple[float, float], np.ndarray]:
    """Hours before and after the peak, and the hours of all fixes."""
    hours = ((run["time"] - run["time"].iloc[0]) / pd.Timedelta(hours=1)).to_numpy(float)
    peak = hours[int(run["wind_kt"].to_numpy().argmax())]
    return (peak, hours[-1] - peak), hours


def _at_phase(run: pd.DataFrame, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wind and latitude at phases from -1 (first fix) over 0 (peak) to 1 (last fix)."""
    (rise_h, fall_h), hours = _life(run)
    at = rise_h + np.where(phase < 0, phase * rise_h, phase * fall_h)
    track = tracks.at_times(run, np.clip(at, hours[0], hours[-1]))
    return track["wind_kt"].to_numpy(), track["lat"].to_numpy()


def _window(wind_kt: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Consecutive moments: for half of the storms around the peak, as in the lab's data set."""
    start = int(rng.integers(max(len(wind_kt) - count, 0) + 1))
    if rng.random() < 0.5:
        start = int(np.clip(int(wind_kt.argmax()) - count // 2, 0, max(len(wind_kt) - count, 0)))
    return np.arange(start, min(start + count, len(wind_kt)))


def answers(key: str | None = None) -> pd.DataFrame:
    """The labels of the hidden frames, derived from the key; nothing is drawn and nothing stored.

    Returns:
        Columns set, id, storm (number), wind_kt, and what the best reader of the image says: bound_kt, bound_class.
    """
    return _answers(CONTEST.secret(key)).copy()


@functools.lru_cache(maxsize=2)
def _answers(secret: bytes) -> pd.DataFrame:
    parts = []
    for hidden in _hidden_storms(secret):
        moments = hidden.moments
        shown = dataset.hidden_at(hidden.storm, moments)
        shown |= {name: getattr(hidden.storm, name)[moments] for name in ("lat", "wind_kt")}
        parts.append(
            pd.DataFrame({"set": hidden.sets.astype(str), "id": hidden.ids, "storm": hidden.number, **shown})
        )
    table = pd.concat(parts)
    mix = np.bincount(tracks.wind_class(table["wind_kt"]), minlength=len(CLASSES)) / len(table)
    table = table[table["set"] != "train"].sort_values("id", ignore_index=True)
    shown = {name: table[name].to_numpy() for name in (*dataset.HIDDEN, "lat")}
    best = posterior.read(**shown, moments=dataset.best_track_moments(), mix=mix)
    table = table[["set", "id", "storm", "wind_kt"]]
    return table.assign(bound_kt=best.wind_kt, bound_class=np.array(CLASSES)[best.wind_class])


def draw(key: str | None = None, num_pixels: int = 80, width_km: float = 640.0) -> Competition:
    """Draw all frames of a competition, with a progress bar; test frames in the order of their ids."""
    renderer = imagery.Renderer(num_pixels, width_km)
    rows = []
    storms = _hidden_storms(CONTEST.secret(key))
    for hidden in tqdm(storms, desc="drawing the competition", unit="storm"):
        for i, name, frame_id in zip(hidden.moments, hidden.sets, hidden.ids, strict=True):
            frame = renderer.frame(hidden.storm, int(i))
            rows.append((name, frame_id, hidden.number, hidden.storm.wind_kt[i], frame))
    train = [row for row in rows if row[0] == "train"]
    test = sorted((row for row in rows if row[0] != "train"), key=lambda row: row[1])
    return Competition(
        train_images=np.stack([row[4] for row in train]),
        train_wind_kt=np.array([row[3] for row in train], np.float32),
        train_storm=np.array([row[2] for row in train], np.int32),
        test_images=np.stack([row[4] for row in test]),
        test_set=np.array([row[0] for row in test]),
        test_id=np.array([row[1] for row in test]),
        width_km=np.array(width_km, np.float32),
    )


def hand_out(path: str | os.PathLike, key: str | None = None) -> None:
    """For instructors: write what participants get; no label of a test frame is in it."""
    known, hidden = _write(path, key)
    print(f"{path}: {known} labelled and {hidden} hidden frames.")


def _write(path: str | os.PathLike, key: str | None) -> tuple[int, int]:
    """Write a competition; return how many frames are labelled and how many hidden."""
    competition = draw(key)
    submissions.write_arrays(path, {f.name: getattr(competition, f.name) for f in fields(Competition)})
    return len(competition.train_images), len(competition.test_images)


def load_competition(path: str | os.PathLike | None = None) -> Competition:
    """The competition that the instructor handed out, or the one of the public key.

    Args:
        path: file from the instructor; None draws the public one once and keeps it in the cache.

    Raises:
        SubmissionError: the file is not what `hand_out` wrote.
    """
    if path is None:

        def make(file: Path, work: Path) -> dict[str, int]:
            return dict(zip(("labelled", "hidden"), _write(file, PUBLIC_KEY), strict=True))

        recipe = store.Recipe(
            "cyclone", "competition", ".npz", (PUBLIC_KEY, draw), make, "competitions", "drawn again"
        )
        with store.kept(recipe) as entry:
            return Competition(**submissions.read_hand_out(entry.path, HANDED_OUT, LARGEST_BYTES))
    return Competition(**submissions.read_hand_out(path, HANDED_OUT, LARGEST_BYTES))


# --- submissions --------------------------------------------------------------------------


def submission(
    competition: Competition, wind_kt: np.ndarray, probabilities: np.ndarray | None = None
) -> pd.DataFrame:
    """A table ready for `score` or ``to_csv("mine.csv", index=False)``.

    Args:
        competition: whose test frames were predicted.
        wind_kt: (m,) predicted winds; those outside of 0 to 200 kt are clipped, and it is said.
        probabilities: (m, 8) of the classes; None takes the class of the wind and gives no second one.

    Raises:
        SubmissionError: a shape does not fit, or a value is not finite.
    """
    num_frames, names = len(competition.test_id), np.array(CLASSES)
    wind_kt = _predicted("winds", wind_kt, (num_frames,))
    outside = (wind_kt < 0) | (wind_kt > STRONGEST_KT)
    if outside.any():
        print(
            f"{outside.sum()} of {num_frames} winds lay outside of 0 to {STRONGEST_KT:.0f} kt and were clipped."
        )
        wind_kt = wind_kt.clip(0, STRONGEST_KT)
    table = pd.DataFrame({"set": competition.test_set, "id": competition.test_id, "wind_kt": wind_kt})
    if probabilities is None:
        return table.assign(**{"class": names[tracks.wind_class(wind_kt)]})
    probabilities = _predicted("probabilities", probabilities, (num_frames, len(CLASSES)))
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return table.assign(**{"class": names[order[:, 0]], "second": names[order[:, 1]]})


def _predicted(what: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or values.size != np.prod(shape):
        raise SubmissionError(
            f"{what} are {values.dtype} of the shape {values.shape}: give real numbers of the shape {shape}."
        )
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise SubmissionError(
            f"{wrong} of {values.size} {what} are not finite (nan or inf): did the training diverge? Replace them, for "
            "example by the mean of the others."
        )
    return values.reshape(shape).astype(float)


def read_submission(path: str | os.PathLike) -> pd.DataFrame:
    """Read a csv or npz file; the cells of a csv file are text, as they stand there.

    Raises:
        SubmissionError: it is missing, too large, or no table.
    """
    return submissions.read_table(path, COLUMNS, OPTIONAL)


def checked(table: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """The submission in the order of ``truth``, with numbers for winds.

    Raises:
        SubmissionError: one line for each thing that is wrong.
    """
    table = submissions.parsed(table, COLUMNS, OPTIONAL)
    problems = submissions.wrong_ids(table["id"], truth["id"], "test frame")
    right_set = table["id"].map(truth.set_index("id")["set"])
    wrong_set = table.loc[right_set.notna() & (table["set"] != right_set), "id"]
    if len(wrong_set):
        problems.append(
            f"{len(wrong_set)} ids have a wrong set ({some(wrong_set)}): copy set and id together."
        )
    problems += _wrong_values(table)
    if problems:
        raise SubmissionError("\n".join(problems))
    return table.set_index("id").loc[truth["id"]].reset_index()


def _wrong_values(table: pd.DataFrame) -> list[str]:
    wind, problems = table["wind_kt"], []
    bad = table.loc[~np.isfinite(wind), "id"]
    if len(bad):
        problems.append(f"{len(bad)} winds are no finite number (ids {some(bad)}): give knots such as 64.5.")
    bad = table.loc[np.isfinite(wind) & ~wind.between(0, STRONGEST_KT), "id"]
    if len(bad):
        problems.append(
            f"{len(bad)} winds lie outside of 0 to {STRONGEST_KT:.0f} kt (ids {some(bad)}): clip them, which the rules "
            "allow; are they knots?"
        )
    for name, remedy in (("class", "."), ("second", ", or leave the column out.")):
        bad = table.loc[~table[name].isin(CLASSES), name] if name in table else table["id"].iloc[:0]
        if len(bad):
            problems.append(
                f"{len(bad)} entries of {name} are no class ({some(bad.unique())}): write one of {', '.join(CLASSES)}{remedy}"
            )
    if "second" in table:
        bad = table.loc[(table["second"] == table["class"]) & table["class"].isin(CLASSES), "id"]
        if len(bad):
            problems.append(
                f"{len(bad)} rows give one class twice (ids {some(bad)}): second must differ from class."
            )
    return problems


# --- score --------------------------------------------------------------------------------


def score(
    submitted: str | os.PathLike | pd.DataFrame,
    key: str | None = None,
    name: str | None = None,
    pin: str | None = None,
) -> Report:
    """Score a submission.

    Args:
        submitted: csv or npz file or table with the columns set, id, wind_kt, class and perhaps second.
        key, name, pin: see `utils.engine.competition.Contest.score`.

    Raises:
        SubmissionError: what is wrong with the submission, the key or the name, a line each.
    """

    def evaluate(secret: bytes) -> Report:
        table = submitted if isinstance(submitted, pd.DataFrame) else read_submission(submitted)
        truth = _answers(secret)
        table = checked(table, truth)
        rows = {which: (truth["set"] == which).to_numpy() for which in SETS}
        sets = {which: _score_set(table[chosen], truth[chosen]) for which, chosen in rows.items()}
        return Report(**CONTEST.labels(secret), sets=sets)

    return CONTEST.score(evaluate, key, name, pin)


def _score_set(table: pd.DataFrame, truth: pd.DataFrame) -> SetScore:
    classes = np.array(CLASSES)
    right_class = classes[tracks.wind_class(truth["wind_kt"])]
    right = table["class"].to_numpy() == right_class
    squares = (table["wind_kt"].to_numpy(float) - truth["wind_kt"].to_numpy()) ** 2
    second = right | (table["second"].to_numpy() == right_class) if "second" in table else None
    storm = truth["storm"].to_numpy()
    return SetScore(
        num_frames=len(truth),
        num_storms=len(np.unique(storm)),
        top1=float(right.mean()),
        top1_interval=storm_interval(right, storm),
        top2=None if second is None else float(second.mean()),
        rmse_kt=float(np.sqrt(squares.mean())),
        rmse_kt_interval=tuple(float(np.sqrt(end)) for end in storm_interval(squares, storm)),  # type: ignore[arg-type]
        bound_top1=float((truth["bound_class"].to_numpy() == right_class).mean()),
        bound_rmse_kt=float(np.sqrt(((truth["bound_kt"] - truth["wind_kt"]) ** 2).mean())),
    )


def storm_interval(values: np.ndarray, storm: np.ndarray, coverage: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of ``values`` when whole storms are drawn again with replacement.

    Frames of one storm resemble each other: drawing frames would make the interval far too narrow. The interval of a
    single storm is nan: it says nothing of the spread.

    Args:
        values: (n,), one per frame.
        storm: (n,) to which storm each belongs.
        coverage: of the interval between the two quantiles (percentile bootstrap).
    """
    counts, (sums,) = _drawn_storms(storm, values)
    return _middle(sums / counts, coverage)


def excess_interval(
    error_kt: np.ndarray, bound_error_kt: np.ndarray, storm: np.ndarray, coverage: float = 0.95
) -> tuple[float, float]:
    """Interval of how far an RMSE lies above the bound's, as a share of it, when whole storms are drawn again.

    Both errors belong to the same frames: a storm that is hard to read makes both large, and the ratio moves less.

    Args:
        error_kt, bound_error_kt: (n,) errors of the estimate and of the best reader, one per frame.
        storm, coverage: as for `storm_interval`.
    """
    _, (own, best) = _drawn_storms(
        storm, np.square(error_kt, dtype=float), np.square(bound_error_kt, dtype=float)
    )
    return _middle(np.sqrt(own / best) - 1, coverage)


def _drawn_storms(storm: np.ndarray, *values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Number of frames and sums of the values in each of `NUM_BOOTSTRAP` draws of storms with replacement."""
    _, which = np.unique(storm, return_inverse=True)
    counts = np.bincount(which)
    num = len(counts)
    if any(np.shape(v) != np.shape(storm) for v in values):
        raise ValueError(
            f"There is one value a frame, {np.shape(storm)}, not {[np.shape(v) for v in values]}."
        )
    drawn = np.random.default_rng(0).multinomial(num, np.full(num, 1 / num), NUM_BOOTSTRAP)
    if num < 2:
        drawn = np.full(drawn.shape, np.nan)
    return drawn @ counts, [drawn @ np.bincount(which, weights=np.asarray(v, float)) for v in values]


def _middle(values: np.ndarray, coverage: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - coverage) / 2, (1 + coverage) / 2])
    return float(low), float(high)
