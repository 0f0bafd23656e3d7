"""The flow competition: hidden cars, refused submissions, scores that mean what they say, the leaderboard."""

import ast

import numpy as np
import pytest

import notebooks
from flow import contest
from flow.models import poiseuille
from utils.engine import competition
from utils.engine import score as command
from utils.engine.score import SubmissionError

KEY = "a key for the tests"


@pytest.fixture(scope="module")
def hidden():
    return contest.hidden_flows(competition.secret_of(KEY, "flow"))


@pytest.fixture
def cars(hidden):
    return contest.Competition(hidden[0], hidden[1])


def write(path, cars, velocity, parameters=1000, seconds=60.0):
    contest.write_submission(path, cars, velocity, parameters, seconds)
    return path


def test_the_budget_is_called_declared():
    titles = [contest.CONTEST.title(name) for name in ("rel_l2", "parameters", "seconds")]
    assert titles == ["rel l2", "parameters (declared)", "seconds (declared)"]


def test_the_truth_scores_zero_and_the_empty_channel_scores_its_baseline(tmp_path, hidden, cars):
    report = contest.score(write(tmp_path / "truth.npz", cars, hidden[2]), KEY)
    assert report.rel_l2 == 0
    empty = np.broadcast_to(poiseuille(64, 128), hidden[2].shape) * (cars.distance >= 0)[..., None]
    report = contest.score(write(tmp_path / "empty.npz", cars, empty), KEY)
    assert report.rel_l2 == pytest.approx(report.baseline, rel=1e-6)
    assert 0.1 < report.rel_l2 < 1
    assert report.interval[0] < report.rel_l2 < report.interval[1]


def test_the_order_of_the_cars_does_not_matter(tmp_path, hidden, cars):
    turn = np.random.default_rng(0).permutation(len(cars.id))
    mixed = contest.Competition(cars.id[turn], cars.distance[turn])
    assert contest.score(write(tmp_path / "mixed.npz", mixed, hidden[2][turn]), KEY).rel_l2 == 0


def test_cars_follow_from_the_key_and_are_not_those_of_the_lab(hidden):
    again = contest.hidden_flows.__wrapped__(competition.secret_of(KEY, "flow"))
    assert all(np.array_equal(a, b) for a, b in zip(hidden, again, strict=True))
    other = contest.load_competition()
    assert not set(other.id) & set(hidden[0])
    flat = hidden[1].reshape(len(hidden[1]), -1)
    assert len(np.unique(flat, axis=0)) == contest.NUM_CARS


def test_hand_out_holds_no_flow_and_is_read_back(tmp_path, capsys, hidden):
    assert command.main(["flow", str(tmp_path / "cars.npz"), "--key", KEY, "--hand-out"]) == 0
    with np.load(tmp_path / "cars.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["distance", "id"]
    cars = contest.load_competition(tmp_path / "cars.npz")
    assert np.array_equal(cars.distance, hidden[1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: a.update(velocity=a["velocity"][:, :32]), "shape"),
        (lambda a: a.update(velocity=np.full_like(a["velocity"], np.nan)), "not finite"),
        (lambda a: a.update(velocity=100 * np.ones_like(a["velocity"])), "units of u_max"),
        (lambda a: a.update(velocity=a["velocity"].astype(int)), "floating-point"),
        (lambda a: a.update(id=np.array(["x"] * 40)), "No id belongs"),
        (lambda a: a.update(id=np.array([*a["id"][:-1], "x"])), "missing"),
        (lambda a: a.update(id=np.array([*a["id"][:-1], a["id"][0]])), "twice"),
        (lambda a: a.update(id=np.arange(40)), "texts"),
        (lambda a: a.update(parameters=np.asarray(5_000_000)), "over the budget"),
        (
            lambda a: a.update(seconds=np.asarray(1201.0)),
            "over the budget of 1,200 seconds of processor time",
        ),
        (lambda a: a.update(seconds=np.asarray(-1.0)), "0 or more"),
        (lambda a: a.pop("seconds"), "no array seconds"),
    ],
)
def test_wrong_submissions_are_refused_with_a_reason(tmp_path, hidden, cars, change, says, capsys):
    arrays = {"id": cars.id, "velocity": hidden[2], "parameters": np.asarray(10), "seconds": np.asarray(1.0)}
    change(arrays)
    path = tmp_path / "wrong.npz"
    np.savez(path, **arrays)
    with pytest.raises(SubmissionError, match=says):
        contest.score(path, KEY)
    assert command.main(["flow", str(path), "--key", KEY]) == 1
    assert says in capsys.readouterr().err


def test_hostile_files_are_refused(tmp_path, cars):
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, id=np.array([{"a": 1}], object), velocity=0, parameters=0, seconds=0)
    text = tmp_path / "text.npz"
    text.write_text("no zip file", encoding="utf-8")
    bomb = tmp_path / "bomb.npz"
    np.savez_compressed(bomb, id=cars.id, velocity=np.zeros(20_000_000, np.float32), parameters=0, seconds=0)
    for path, says in ((pickled, "plain arrays"), (text, "damaged"), (bomb, "unpacks to more")):
        with pytest.raises(SubmissionError, match=says):
            contest.score(path, KEY)
    with pytest.raises(SubmissionError, match="no file"):
        contest.score(tmp_path / "nowhere.npz", KEY)
    with pytest.raises(SubmissionError, match="12 or more"):
        contest.score(text, "short")


def test_leaderboard_keeps_the_best_of_each_name(tmp_path, own_cache, hidden, cars):
    good, bad = (
        write(tmp_path / "good.npz", cars, hidden[2]),
        write(tmp_path / "bad.npz", cars, 0.9 * hidden[2]),
    )
    for path, name in ((bad, "Ada"), (good, "Ada"), (bad, "Bo")):
        contest.score(path, KEY, name)
    board = contest.CONTEST.leaderboard(KEY)
    assert list(board["name"]) == ["Ada", "Bo"]
    assert board["rel_l2"][0] == 0
    assert board["rel_l2"][1] == pytest.approx(0.1, abs=1e-6)
    with pytest.raises(SubmissionError, match="leaderboard"):
        contest.score(good, KEY, "=cmd")


@pytest.mark.parametrize("name", ["08_Competition", "09_Competition_Solutions"])
def test_the_notebooks_of_the_contest_declare_processor_seconds(name):
    (path,) = (
        path for path in notebooks.paths() if path.stem == name and path.parent.name == "CFD_Steady_Flow"
    )
    read = {
        node.attr: ast.unparse(node.value)
        for tree in notebooks.trees(path)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.endswith("seconds")
        and "run" in ast.unparse(node.value)
    }
    assert set(read) == {"processor_seconds"}, "wall time would refuse an entry because the machine was busy"
