"""The competition of Lab 2: good and wrong submissions, what a key hides, the leaderboard."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tropical_Cyclone"))

from cyclone import contest, imagery, tracks  # noqa: E402
from cyclone.hidden_storms import hidden_storms  # noqa: E402
from utils.engine import competition  # noqa: E402
from utils.engine import score as command  # noqa: E402
from utils.engine.score import SubmissionError  # noqa: E402

KEY = "a secret that only the tests know"
CLASSES = np.array(tracks.CLASSES)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch, own_cache):
    monkeypatch.delenv(competition.KEY_VARIABLE, raising=False)


def answers(key=None) -> pd.DataFrame:
    return contest.answers(contest.CONTEST.secret(key))


@pytest.fixture(scope="module")
def truth():
    return answers()


def from_winds(truth, wind_kt) -> pd.DataFrame:
    wind_kt = np.asarray(wind_kt)
    table = truth[["set", "id"]].assign(wind_kt=wind_kt, second="TS")
    table["class"] = CLASSES[tracks.wind_class(wind_kt)]
    table.loc[table["class"] == "TS", "second"] = "H1"
    return table.sample(frac=1, random_state=1)  # the order of rows must not matter


def test_a_perfect_submission_and_one_as_good_as_the_bound(truth, tmp_path):
    path = tmp_path / "mine.csv"
    from_winds(truth, truth["wind_kt"]).to_csv(path, index=False)
    report = contest.score(path)
    for name, count in (("shuffled", contest.NUM_KNOWN), ("storm", contest.NUM_UNSEEN)):
        part = report.sets[name]
        assert part.num_storms == count
        assert (part.top1, part.top2, part.rmse_kt) == (1, 1, pytest.approx(0, abs=1e-9))
        assert part.bound_top1 < 0.85
        assert 6 < part.bound_rmse_kt < 12
    assert report.score == 1
    assert "this beats the best reader of single images" in str(report)
    assert "The key of this hidden set is public" in str(report)
    best = truth[["set", "id"]].assign(wind_kt=truth["bound_kt"].astype(float))
    equal = contest.score(best.assign(**{"class": truth["bound_class"]}))
    assert equal.sets["storm"].rmse_kt == pytest.approx(equal.sets["storm"].bound_rmse_kt)
    assert equal.sets["storm"].top1 == pytest.approx(equal.sets["storm"].bound_top1)
    assert "beats the best reader" not in str(equal)


def test_scores_are_what_they_are_called(truth):
    table = from_winds(truth, truth["wind_kt"])
    table["wind_kt"] = np.where(table["set"] == "storm", (table["wind_kt"] - 3).clip(0), table["wind_kt"])
    wrong = table["set"] == "storm"
    table.loc[wrong, "second"] = table.loc[wrong, "class"]
    table.loc[wrong, "class"] = np.where(table.loc[wrong, "second"] == "H5", "NC", "H5")
    report = contest.score(table)
    assert report.sets["storm"].top1 == 0
    assert report.sets["storm"].top2 == 1
    assert report.sets["storm"].rmse_kt == pytest.approx(3)
    assert report.score == pytest.approx(0.5)
    assert contest.score(table.drop(columns="second")).sets["storm"].top2 is None


def test_the_interval_draws_storms_and_not_frames():
    storm = np.repeat(np.arange(20), 50)
    right = np.random.default_rng(0).random(20)[storm] > 0.5  # all frames of a storm alike
    low, high = contest.storm_interval(right, storm)
    low_frames, high_frames = contest.storm_interval(right, np.arange(1000))
    assert high - low == pytest.approx(2 * 1.96 * right.std() / np.sqrt(20), rel=0.15)
    assert high_frames - low_frames < 0.25 * (high - low)
    assert low < right.mean() < high


def test_the_interval_of_a_distance_draws_both_errors_together():
    rng = np.random.default_rng(0)
    storm = np.repeat(np.arange(30), 20)
    bound = rng.normal(size=600) * np.exp(rng.normal(size=30))[storm]  # some storms are much harder to read
    assert contest.excess_interval(1.2 * bound, bound, storm) == pytest.approx((0.2, 0.2))
    low, high = contest.excess_interval(bound + 0.5 * rng.normal(size=600), bound, storm)
    assert low < np.sqrt(1 + 0.25 / np.mean(bound**2)) - 1 < high
    order = rng.permutation(600)
    assert contest.excess_interval(1.2 * bound[order], bound, storm)[1] > 0.5, "errors of other frames"


def replaced(table, column, value):
    table = table.astype({column: object})
    table.loc[table.index[0], column] = value
    return table


WRONG = [
    (lambda t: t.drop(columns="class"), "column 'class' is missing"),
    (lambda t: t.rename(columns={"second": "2nd"}), "column '2nd' is unknown"),
    (lambda t: t.reset_index(), "column 'index' is unknown: remove it"),
    (lambda t: t.iloc[5:], r"5 ids are missing .*: predict every test frame"),
    (lambda t: pd.concat([t, t.iloc[:2]]), "2 ids occur more than once"),
    (lambda t: replaced(t, "id", "f00000000000"), "1 ids are unknown"),
    (lambda t: t.assign(id="x" + t["id"]), "No id belongs to this hidden set"),
    (lambda t: t.assign(set="storm"), r"\d+ ids have a wrong set"),
    (lambda t: t.assign(set="Storm"), r"\d+ ids have a wrong set"),
    (lambda t: replaced(t, "wind_kt", np.nan), "1 winds are no finite number"),
    (lambda t: replaced(t, "wind_kt", np.inf), "1 winds are no finite number"),
    (lambda t: replaced(t, "wind_kt", "64,5"), "1 winds are no finite number"),
    (lambda t: replaced(t, "wind_kt", -1), "1 winds lie outside of 0 to 200 kt"),
    (lambda t: replaced(t, "wind_kt", 200.5), "1 winds lie outside of 0 to 200 kt"),
    (lambda t: replaced(t, "class", "H6"), "1 entries of class are no class \\('H6'\\): write one of NC, TD"),
    (lambda t: replaced(t, "class", 3), "1 entries of class are no class"),
    (lambda t: replaced(t, "second", ""), "1 entries of second are no class .*, or leave the column out"),
    (lambda t: t.assign(second=t["class"]), "second must differ from class"),
    (lambda t: t.iloc[:0], "ids are missing"),
    (lambda t: pd.concat([t, t[["id"]]], axis=1), "column 'id' is there twice"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "sentence"), WRONG, ids=[sentence[:40] for _, sentence in WRONG])
@pytest.mark.parametrize("as_file", [False, True], ids=["table", "file"])
def test_wrong_submissions_get_a_sentence(truth, spoil, sentence, as_file, tmp_path):
    table = spoil(from_winds(truth, truth["wind_kt"]))
    if as_file and table.columns.duplicated().any():
        sentence = "column 'id.1' is unknown"
    table.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(SubmissionError) as error:
        contest.score(tmp_path / "mine.csv" if as_file else table)
    assert re.search(sentence, str(error.value)), str(error.value)
    assert not contest.CONTEST.path.exists()


def test_all_problems_are_told_at_once(truth):
    table = replaced(replaced(from_winds(truth, truth["wind_kt"]).iloc[1:], "wind_kt", 999), "class", "?")
    with pytest.raises(SubmissionError) as error:
        contest.score(table)
    assert len(str(error.value).splitlines()) == 3


FILES = {
    "empty": (b"", "is not a table with commas"),
    "binary": (b"PK\x03\x04\x00\x00\xff\xfe", "is not a text file"),
    "latin": ("set,id,wind_kt,class\nstörm,f,1,TS\n".encode("latin-1"), "is not a text file"),
    "semicolons": (b"set;id;wind_kt;class\nstorm;f;1,5;TS\n", "separates with semicolons"),
    "ragged": (b'set,id,wind_kt,class\n"storm,f,1,TS\n', "is not a table with commas"),
    "decimal commas": (b"set,id,wind_kt,class\nstorm,f,1,5,TS\n", "is not a table with commas"),
    "large": (b"a" * 6_000_000, "has 6 MB"),
}


@pytest.mark.parametrize("kind", FILES)
def test_wrong_files_get_a_sentence(kind, tmp_path):
    content, sentence = FILES[kind]
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(SubmissionError, match=sentence):
        contest.score(tmp_path / "mine.csv")
    with pytest.raises(SubmissionError, match="There is no file"):
        contest.score(tmp_path / "yours.csv")


def test_a_spreadsheet_with_byte_order_mark_and_blanks_is_read(truth, tmp_path):
    text = from_winds(truth, truth["wind_kt"]).to_csv(index=False).replace(",", " , ").replace("\n", "\r\n")
    (tmp_path / "mine.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert contest.score(tmp_path / "mine.csv").score == 1


# --- what the key hides -----------------------------------------------------------------------


def test_another_key_makes_another_set_and_the_same_key_the_same(truth, monkeypatch):
    secret = answers(KEY)
    assert not set(secret["id"]) & set(truth["id"])
    assert not np.isin(secret["wind_kt"].round(6), truth["wind_kt"].round(6)).mean() > 0.01
    with pytest.raises(SubmissionError, match="No id belongs to this hidden set"):
        contest.score(from_winds(truth, truth["wind_kt"]), KEY)
    monkeypatch.setenv(competition.KEY_VARIABLE, KEY)
    pd.testing.assert_frame_equal(answers(), secret)
    report = contest.score(from_winds(secret, secret["wind_kt"]))
    assert report.score == 1
    assert not report.public
    assert KEY not in str(report) + repr(report)


def test_a_short_key_is_refused():
    with pytest.raises(SubmissionError, match="can be found by trying"):
        contest.score(pd.DataFrame(), key="hurricane")


def test_hidden_storms_are_like_the_real_ones_and_in_no_track(truth):
    storms, _ = hidden_storms(contest.CONTEST.secret(contest.PUBLIC_KEY))
    peaks = np.array([hidden.wind_kt.max() for hidden in storms])
    assert peaks.min() > 20
    assert 0.35 < (peaks > 95).mean() < 0.7  # the parents: 54 % major hurricanes
    real = tracks.load_tracks(quiet=True).dropna(subset=["wind_kt"])
    runs = [run["wind_kt"].to_numpy() for _, run in real.groupby("storm_id") if len(run) >= 5]
    for hidden in storms[::20]:
        six_hourly = hidden.wind_kt[:: round(6 / (hidden.hours[1] - hidden.hours[0]))][:20]
        if len(six_hourly) < 5:
            continue
        nearest = min(
            np.abs(run[i : i + len(six_hourly)] - six_hourly).max()
            for run in runs
            for i in range(len(run) - len(six_hourly) + 1)
        )
        assert nearest > 2, "a real storm has the winds of a hidden one"
    assert all(hidden.seed >= 2**64 for hidden in storms), "the seed of the clouds could be tried out"


def test_the_hand_out_holds_no_label_of_a_test_frame(truth, tmp_path, monkeypatch):
    monkeypatch.setattr(contest.CONTEST, "make", lambda secret: drawn(secret))
    original = contest.Competition

    def drawn(secret):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                imagery.Renderer, "frame", lambda self, storm, i: np.full((8, 8), i % 256, np.uint8)
            )
            return contest.draw(secret, num_pixels=8)

    path = tmp_path / "hand_out.npz"
    contest.hand_out(path, KEY)
    competition = contest.load_competition(path)
    secret = answers(KEY)
    assert isinstance(competition, original)
    assert competition.test_id.tolist() == secret["id"].tolist()
    assert competition.test_set.tolist() == secret["set"].tolist()
    with np.load(path) as arrays:
        assert sorted(arrays) == sorted(original.__dataclass_fields__)
        held = np.concatenate([np.ravel(arrays[name]) for name in arrays if arrays[name].dtype.kind == "f"])
    unseen = secret.loc[secret["set"] == "storm", "wind_kt"].astype(np.float32)
    assert not np.isin(unseen, held).any()
    assert len(np.unique(competition.train_storm)) == contest.NUM_KNOWN
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"hand_out.npz"}
    (tmp_path / "bad.npz").write_bytes(path.read_bytes()[:1000])
    with pytest.raises(SubmissionError, match="is not a competition file"):
        contest.load_competition(tmp_path / "bad.npz")
    table = contest.submission(
        competition, np.full(len(secret), 50.0), np.tile(np.eye(8)[2], (len(secret), 1))
    )
    assert set(table["class"]) == {"TS"}
    assert contest.score(table, KEY).sets["storm"].top2 is not None


def test_frames_are_drawn_from_the_key(tmp_path):
    storm = hidden_storms(contest.CONTEST.secret(KEY))[0][0]
    renderer = imagery.Renderer(32, 640.0)
    assert np.array_equal(renderer.frame(storm, 3), renderer.frame(storm, 3))
    assert renderer.frame(storm, 3).std() > 5


# --- leaderboard and command ------------------------------------------------------------------


def test_leaderboard_ranks_by_score_then_rmse_then_date(truth):
    rng = np.random.default_rng(0)
    good = from_winds(truth, truth["wind_kt"])
    worse_wind = good.assign(wind_kt=(good["wind_kt"] + rng.normal(0, 5, len(good))).clip(0, 200))
    bad = from_winds(truth, np.full(len(truth), 50.0))
    for name, table in (("Bea", bad), ("Cid", worse_wind), ("Ada", good), ("Bea", good), ("Dan", good)):
        contest.score(table, name=name)
    board = contest.leaderboard()
    assert board["name"].tolist() == ["Ada", "Bea", "Dan", "Cid"]
    assert board["score"].tolist() == [1, 1, 1, 1]
    assert len(pd.read_csv(contest.CONTEST.path)) == 5
    assert contest.leaderboard(KEY).empty


@pytest.mark.parametrize("name", ["", "  ", "=cmd()", "@x", "a" * 41, "bell\a"])
def test_names_that_harm_a_table_are_refused(truth, name):
    with pytest.raises(SubmissionError, match="cannot stand on the leaderboard"):
        contest.score(from_winds(truth, truth["wind_kt"]), name=name)
    assert not contest.CONTEST.path.exists()


def run_command(*arguments, cache) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "utils.engine.score", *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "BOOTCAMP_CACHE": str(cache)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def test_two_processes_share_the_leaderboard(truth, own_cache, tmp_path):
    from_winds(truth, truth["wind_kt"]).to_csv(tmp_path / "mine.csv", index=False)
    pair = [
        run_command("--folder", tmp_path, "cyclone", "mine.csv", "--name", name, cache=own_cache)
        for name in ("Ada", 'Bob, "the" second')
    ]
    for process in pair:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "Score (mean top-1 of both sets): 1.000" in out
    assert set(contest.leaderboard()["name"]) == {"Ada", 'Bob, "the" second'}
    assert not list(contest.CONTEST.path.parent.glob("*.tmp"))


def test_many_writers_lose_no_line(truth):
    report = contest.score(from_winds(truth, truth["wind_kt"]))
    entrants = [contest.CONTEST.entrant(f"n{i}", None, contest.CONTEST.secret()) for i in range(12)]
    threads = [threading.Thread(target=contest.CONTEST.enter, args=(who, report)) for who in entrants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contest.leaderboard()) == 12


def test_command_says_what_is_wrong_and_exits_with_1(tmp_path, capsys):
    assert command.main(["--folder", str(tmp_path), "cyclone", "none.csv"]) == 1
    assert "There is no file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["tornado", "none.csv"])
    assert "cyclone" in capsys.readouterr().err


def test_the_command_prints_sentences_and_no_traceback(truth, own_cache, tmp_path):
    replaced(from_winds(truth, truth["wind_kt"]), "class", "H6").to_csv(tmp_path / "mine.csv", index=False)
    process = run_command("cyclone", tmp_path / "mine.csv", "--name", "Ada", cache=own_cache)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "1 entries of class are no class ('H6')" in err
    assert "Traceback" not in err


def test_utils_loads_no_lab():
    code = "import sys, utils.engine.score; assert not {m for m in sys.modules if m.startswith(('cyclone', 'intro'))}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_one_storm_has_no_interval():
    assert np.isnan(contest.storm_interval(np.ones(5), np.zeros(5, int))).all()
    assert np.isnan(contest.excess_interval(np.ones(5), np.ones(5), np.zeros(5, int))).all()
    with pytest.raises(ValueError, match="one value a sample"):
        contest.storm_interval(np.ones((4, 1)), np.array([0, 0, 1, 1]))
