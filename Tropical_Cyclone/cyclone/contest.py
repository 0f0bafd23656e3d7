"""The competition: hidden storms, checked submissions, honest scores, a leaderboard.

The task is that of the lecture: be accurate on both kinds of test frames. ``shuffled`` frames were
taken at random out of storms whose other frames are handed out with their winds; ``storm`` frames
belong to storms of which nothing else is known.

All competition storms follow from one key, see `hidden_storms`. The answers are stored nowhere: the scorer derives them
from the key each time.

This prevents looking up a storm or its winds, drawing the clouds again, and guessing labels from the
identifiers, which are keyed hashes. It does not prevent: anyone who has the key computes all labels,
and the default key is public; many submissions by one person tune to the test frames, so a contest with
a secret key limits their number; and on ``shuffled`` frames a network may profit from neighbours in time.
The last is the lesson: compare with the bound.
"""

import functools
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from cyclone import dataset, imagery, posterior, tracks
from cyclone.hidden_storms import NUM_KNOWN, NUM_UNSEEN, STRONGEST_KT, hidden_storms  # noqa: F401
from cyclone.tracks import CLASSES
from utils import metrics
from utils.engine import competition, submissions
from utils.engine.competition import PUBLIC_KEY, aligned, between  # noqa: F401
from utils.engine.submissions import Column, as_array, predicted, wrong_rows

SETS = ("shuffled", "storm")
LARGEST_BYTES = 200_000_000  # of an unpacked competition file

COLUMNS = {
    "set": Column(),
    "id": Column(),
    "wind_kt": Column("iuf", "winds", 0, STRONGEST_KT, " kt", "give knots such as 64.5.",
                      "clip them, which the rules allow; are they knots?"),
    "class": Column(what="class", choices=CLASSES),
    "second": Column(what="class", choices=CLASSES, optional=True),
}  # fmt: skip
storm_interval, excess_interval = metrics.mean_interval, metrics.excess_interval


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

    train_images: np.ndarray = as_array("u", "n", "size", "size")
    train_wind_kt: np.ndarray = as_array("f", "n")
    train_storm: np.ndarray = as_array("iu", "n")
    test_images: np.ndarray = as_array("u", "m", "size", "size")
    test_set: np.ndarray = as_array("US", "m")
    test_id: np.ndarray = as_array("US", "m")
    width_km: np.ndarray = as_array("f")


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


@dataclass(frozen=True, repr=False, kw_only=True)
class Report(competition.Report):
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
        rows = [
            {
                "set": name,
                "storms": part.num_storms,
                "frames": part.num_frames,
                "top-1 [95 %]": between(part.top1, part.top1_interval, ".3f"),
                "bound": f"{part.bound_top1:.3f}",
                "top-2": "-" if part.top2 is None else f"{part.top2:.3f}",
                "RMSE in kt [95 %]": between(part.rmse_kt, part.rmse_kt_interval, ".1f"),
                "bound in kt": f"{part.bound_rmse_kt:.1f}",
            }
            for name, part in self.sets.items()
        ]
        lines = aligned([rows[0], *(row.values() for row in rows)])
        lines.append(f"Score (mean top-1 of both sets): {self.score:.3f}. Synthetic imagery.")
        if self.sets["shuffled"].top1_interval[0] > self.sets["shuffled"].bound_top1:
            lines.append(
                "On shuffled frames this beats the best reader of single images: it knows them from their neighbours."
            )
        return lines


# --- the hidden set -----------------------------------------------------------------------


@functools.lru_cache(maxsize=2)
def answers(secret: bytes) -> pd.DataFrame:
    """The labels of the hidden frames; nothing is drawn and nothing stored.

    Returns:
        Columns set, id, storm (number), wind_kt, and what the best reader of the image says: bound_kt, bound_class.
    """
    storms, frames = hidden_storms(secret)
    mix = np.bincount(tracks.wind_class(frames["wind_kt"]), minlength=len(CLASSES)) / len(frames)
    test = frames[frames["set"] != "train"].sort_values("id", ignore_index=True)
    parts = [
        pd.DataFrame(dataset.hidden_at(storms[number], moments.to_numpy()), moments.index).assign(
            lat=storms[number].lat[moments]
        )
        for number, moments in test.groupby("storm")["moment"]
    ]
    shown = pd.concat(parts).sort_index()
    best = posterior.read(
        **{name: shown[name].to_numpy() for name in (*dataset.HIDDEN, "lat")},
        moments=dataset.best_track_moments(),
        mix=mix,
    )
    test = test.drop(columns="moment")
    return test.assign(bound_kt=best.wind_kt, bound_class=np.array(CLASSES)[best.wind_class])


def draw(secret: bytes, num_pixels: int = 80, width_km: float = 640.0) -> Competition:
    """Draw all frames of a competition, with a progress bar; test frames in the order of their ids."""
    renderer = imagery.Renderer(num_pixels, width_km)
    storms, frames = hidden_storms(secret)
    rows = tqdm(zip(frames["storm"], frames["moment"], strict=True), "drawing", len(frames), unit="frame")
    images = np.stack([renderer.frame(storms[number], moment) for number, moment in rows])
    train = frames[frames["set"] == "train"]
    test = frames[frames["set"] != "train"].sort_values("id")
    return Competition(
        train_images=images[train.index],
        train_wind_kt=train["wind_kt"].to_numpy(np.float32),
        train_storm=train["storm"].to_numpy(np.int32),
        test_images=images[test.index],
        test_set=test["set"].to_numpy(str),
        test_id=test["id"].to_numpy(str),
        width_km=np.array(width_km, np.float32),
    )


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
    wind_kt = predicted("winds", wind_kt, (num_frames,), 0, STRONGEST_KT, " kt")
    table = pd.DataFrame({"set": competition.test_set, "id": competition.test_id, "wind_kt": wind_kt})
    if probabilities is None:
        return table.assign(**{"class": names[tracks.wind_class(wind_kt)]})
    probabilities = predicted("probabilities", probabilities, (num_frames, len(CLASSES)))
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return table.assign(**{"class": names[order[:, 0]], "second": names[order[:, 1]]})


def read_submission(path: str | os.PathLike) -> pd.DataFrame:
    """Read a csv or npz file; the cells of a csv file are text, as they stand there.

    Raises:
        SubmissionError: it is missing, too large, or no table.
    """
    return submissions.read_table(path, COLUMNS)


# --- score --------------------------------------------------------------------------------


def _evaluate(submitted: str | os.PathLike | pd.DataFrame, secret: bytes) -> Report:
    """A csv or npz file or a table with the columns set, id, wind_kt, class and perhaps second."""
    table = submitted if isinstance(submitted, pd.DataFrame) else read_submission(submitted)
    table, truth = submissions.parsed(table, COLUMNS), answers(secret)
    right_set = table["id"].map(truth.set_index("id")["set"])
    wrong_set = right_set.notna() & (table["set"] != right_set)
    problems = [
        *submissions.wrong_ids(table["id"], truth["id"], "test frame"),
        *wrong_rows(table, wrong_set, "ids have a wrong set ({}): copy set and id together."),
        *submissions.wrong_cells(table, COLUMNS),
    ]
    if "second" in table:
        twice = (table["second"] == table["class"]) & table["class"].isin(CLASSES)
        says = "rows give one class twice (ids {}): second must differ from class."
        problems += wrong_rows(table, twice, says)
    submissions.refuse(problems)
    table = table.set_index("id").loc[truth["id"]].reset_index()
    rows = {which: truth["set"] == which for which in SETS}
    return Report(sets={which: _score_set(table[chosen], truth[chosen]) for which, chosen in rows.items()})


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


CONTEST = competition.Contest(
    "cyclone",
    {"score": 3, "shuffled_top1": 3, "shuffled_rmse_kt": 1, "storm_top1": 3, "storm_rmse_kt": 1, "storm_top2": 3},
    ascending={"score": False, "storm_rmse_kt": True},
    given=Competition,
    make=draw,
    evaluate=_evaluate,
    largest_bytes=LARGEST_BYTES,
)  # fmt: skip
score, hand_out, load_competition = CONTEST.score, CONTEST.hand_out, CONTEST.load_competition
leaderboard = CONTEST.leaderboard
