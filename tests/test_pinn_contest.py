"""The chip challenge's scorer: hidden numbers, refused submissions, scores that mean what they say."""

import numpy as np
import pandas as pd
import pytest

from pinn import chip as challenge
from pinn import contest
from utils.engine import competition, submissions
from utils.engine import score as command
from utils.engine.score import SubmissionError

KEY = "a key for the tests"


@pytest.fixture(scope="module", autouse=True)
def coarse_references():
    """The scorer's references on a coarse mesh: the tests ask what it does with them, not how exact they are."""
    fine = challenge.reference
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(challenge, "reference", lambda chip, viscosity: fine(chip, viscosity, finest=0.04))
        yield
    contest._hidden.cache_clear()


@pytest.fixture(scope="module")
def hidden(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTCAMP_CACHE", str(tmp_path_factory.mktemp("chips")))
        return contest._hidden(competition.secret_of(KEY, "chip"))


@pytest.fixture
def truth(hidden):
    given, values = hidden
    return pd.concat([given.points[["id"]], values], axis=1)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path / "cache"))


def nu_of(key=KEY):
    return contest._hidden_chips(competition.secret_of(key, "chip"))[2]


def save(table, path):
    table.to_csv(path, index=False)
    return path


def test_the_truth_scores_zero_in_any_order(tmp_path, truth):
    table = truth.assign(nu=nu_of()).sample(frac=1, random_state=1)
    report = contest.score(save(table, tmp_path / "truth.csv"), KEY)
    assert report.number == 3
    assert report.worst == pytest.approx(0, abs=1e-12)
    assert report.viscosity_error == pytest.approx(0, abs=1e-12)
    for part in report.parts.values():
        assert part.drag_error == pytest.approx(0, abs=1e-12)
        assert part.mass_imbalance < 0.01
    assert KEY not in str(report)
    assert "public" not in str(report)


def test_errors_are_relative_and_separate(tmp_path, truth):
    table = truth.assign(u=1.1 * truth["u"], p=0.8 * truth["p"], nu=1.5 * nu_of())
    report = contest.score(save(table, tmp_path / "off.csv"), KEY)
    for part in report.parts.values():
        assert part.rel_l2 == pytest.approx([0.1, 0, 0.2], abs=1e-9)
        assert part.mass_imbalance == pytest.approx(0.1, abs=0.01)
        assert part.drag_error == pytest.approx(0.2)
    assert report.viscosity_error == pytest.approx(0.5)


def test_parts_may_be_left_out(tmp_path, truth, hidden):
    first = hidden[0].points["part"] == "forward"
    report = contest.score(save(truth[first], tmp_path / "one.csv"), KEY)
    assert list(report.parts) == ["forward"]
    assert report.viscosity is None
    assert str(report).count("not submitted") == 2


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_written_files_are_read_back(tmp_path, ending):
    given = contest.load_competition()
    path = tmp_path / f"mine.{ending}"
    contest.write_submission(path, given, {"parameterized": lambda xy: np.ones((len(xy), 3))}, 0.02)
    report = contest.score(path, competition.PUBLIC_KEY, "Ada")
    assert list(report.parts) == ["parameterized"]
    assert report.viscosity == 0.02
    assert "The key of this hidden set is public" in str(report)
    assert contest.CONTEST.leaderboard()["name"].tolist() == ["Ada"]


def test_hand_out_holds_no_answer_and_is_read_back(tmp_path, hidden):
    path = tmp_path / "chip.npz"
    assert command.main(["chip", str(path), "--key", KEY, "--hand-out"]) == 0
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays) == sorted(submissions.handed_out(contest.Competition))
        assert not any(np.isclose(arrays[name], nu_of()).any() for name in ("sizes",))
    given = contest.load_competition(path)
    pd.testing.assert_frame_equal(given.points, hidden[0].points, check_dtype=False)
    pd.testing.assert_frame_equal(given.measured, hidden[0].measured)
    assert given.chips == hidden[0].chips
    assert given.measured_chip == hidden[0].measured_chip


def test_hand_out_overwrites_no_file(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text("a week of work", encoding="utf-8")
    for lab in command.SCORERS:
        assert command.main([lab, str(path), "--key", KEY, "--hand-out"]) == 1
        assert "exists and is left as it is" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "a week of work"


def test_the_measurements_tell_more_than_all_entries_together(tmp_path):
    """Their bound of Cramer and Rao for the viscosity lies far below the step of 1 % in which errors are told."""
    _, measured_chip, nu = contest._hidden_chips(competition.secret_of(KEY, "chip"))
    points = measured_chip.grid(contest.PER_UNIT)
    points = points[np.random.default_rng(0).permutation(len(points))[: contest.NUM_MEASURED]]
    low, high = (challenge.reference(measured_chip, nu * factor)(points) for factor in (0.98, 1.02))
    slope = (high - low) / 0.04  # by the logarithm of the viscosity
    bound = 1 / np.linalg.norm(slope / (contest.NOISE * low.std(axis=0)))
    assert bound < competition.STEP / 5


def test_another_key_hides_other_numbers(truth):
    public = contest.load_competition()
    assert not set(public.points["id"]) & set(truth["id"])
    assert abs(nu_of() / nu_of(competition.PUBLIC_KEY) - 1) > 1e-3
    assert contest.VISCOSITIES[0] < nu_of() < contest.VISCOSITIES[1]


def spoilt(table, column, value, row=0):
    table = table.astype({column: object})
    table.loc[table.index[row], column] = value
    return table


WRONG = [
    (lambda t: t.assign(id="x"), "No id belongs"),
    (lambda t: t.iloc[5:], "5 of .* points of part forward are missing"),
    (lambda t: pd.concat([t, t.iloc[:2]]), "2 ids occur more than once"),
    (lambda t: spoilt(t, "id", "unknown"), "1 ids are unknown"),
    (lambda t: spoilt(t, "v", np.nan), "1 values of v are no finite number"),
    (lambda t: spoilt(t, "v", "left"), "1 values of v are no finite number"),
    (lambda t: spoilt(t, "p", 1e9), "p reaches 1e\\+09"),
    (lambda t: t.drop(columns="p"), "missing: p"),
    (lambda t: t.reset_index(), "unknown: index"),
    (lambda t: t.assign(nu=-1.0), "one positive number"),
    (lambda t: spoilt(t.assign(nu=0.02), "nu", 0.03), "the same in all rows"),
]


@pytest.mark.parametrize(("spoil", "sentence"), WRONG)
def test_wrong_tables_are_refused_with_a_sentence(tmp_path, truth, spoil, sentence):
    with pytest.raises(SubmissionError, match=sentence):
        contest.score(save(spoil(truth), tmp_path / "mine.csv"), KEY)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"id,u,v,p\na,1,2,3,4\n", b"id;u;v;p\na;1;2;3\n"])
def test_wrong_files_are_refused(tmp_path, content):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(SubmissionError):
        contest.score(path, KEY)
    path.with_suffix(".npz").write_bytes(content)
    with pytest.raises(SubmissionError, match="npz"):
        contest.score(path.with_suffix(".npz"), KEY)


def test_arrays_of_different_length_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", id=np.array(["a", "b"]), u=np.ones(2), v=np.ones(2), p=np.ones(3))
    with pytest.raises(SubmissionError, match="differ in shape"):
        contest.score(tmp_path / "a.npz", KEY)


def test_the_command_prints_the_problem_and_fails(tmp_path, capsys):
    assert command.main(["chip", str(tmp_path / "none.csv")]) == 1
    assert "There is no file" in capsys.readouterr().err


def test_the_board_ranks_more_parts_first(tmp_path, truth, hidden):
    rough = truth.assign(u=1.3 * truth["u"], nu=nu_of())
    one = truth[(hidden[0].points["part"] == "forward").to_numpy()]
    for name, table in (("one part", one), ("all, rough", rough), ("all", truth.assign(nu=nu_of()))):
        contest.score(save(table, tmp_path / "mine.csv"), KEY, name)
    assert contest.CONTEST.leaderboard(KEY)["name"].tolist() == ["all", "all, rough", "one part"]
