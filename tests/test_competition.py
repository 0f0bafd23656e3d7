"""What the three competitions share: keys, what reports tell, names and pins, a leaderboard that survives accidents."""

import errno
import json
import math
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import filelock
import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies

from cyclone import contest as cyclone
from flow import contest as flow
from pinn import contest as chip
from utils.engine import competition
from utils.engine import score as command
from utils.engine.competition import PUBLIC_KEY, coarse_error
from utils.engine.score import SubmissionError

KEY = "a key for the tests"
OTHER = "another key for the tests"


@dataclass(frozen=True, repr=False)
class Points(competition.Report):
    points: float | None

    def lines(self):
        return [f"{self.points} points"]

    def results(self):
        return [self.points]


@pytest.fixture
def contest(own_cache, monkeypatch):
    monkeypatch.delenv(competition.KEY_VARIABLE, raising=False)
    return competition.Contest(
        "darts", {"points": 2}, {"points": False}, Points, None, lambda report, secret: report(secret)
    )


def entered(contest, name, points=1.0, pin=None, key=PUBLIC_KEY):
    return contest.score(lambda secret: Points(**contest.labels(secret), points=points), key, name, pin)


# --- keys ---------------------------------------------------------------------------------


def test_line_ends_after_a_key_do_not_count(contest, monkeypatch):
    for ending in ("\n", "\r\n", "\n\n"):
        assert contest.secret(KEY + ending) == contest.secret(KEY)
        monkeypatch.setenv(competition.KEY_VARIABLE, KEY + ending)
        assert contest.secret() == contest.secret(KEY)
    assert contest.secret(KEY + " ") != contest.secret(KEY)


@pytest.mark.parametrize("key", ["short", "\n", "eleven char\n", "bytes that are no text \udcff"])
def test_keys_that_cannot_be_used_get_a_sentence(contest, key):
    with pytest.raises(SubmissionError, match="can be found by trying|no text"):
        contest.secret(key)


# --- what is told -------------------------------------------------------------------------

viscosities = strategies.floats(*chip.VISCOSITIES)


@hypothesis.given(viscosities, strategies.floats(0.006, 0.06))
def test_the_error_that_is_told_bounds_the_error(truth, found):
    error, is_told = abs(found / truth - 1), coarse_error(found, truth)
    assert is_told in (0.01, 0.02, 0.05, 1.0)
    assert error <= is_told or is_told == 1.0
    if is_told > 0.01:
        assert error > {0.02: 0, 0.05: 0.009, 1.0: 0.029}[is_told]


@pytest.mark.parametrize("found", [0.0, -1.0, math.inf, math.nan, 1e-320, 1e308])
def test_a_number_far_off_is_only_far_off(found):
    assert coarse_error(found, 0.02) == 1.0


def test_no_number_of_entries_tells_more_than_the_step():
    """Ten thousand entries, the whole range: hidden numbers that no answer tells apart differ by 1 %."""
    entries = np.geomspace(*chip.SUBMITTED_VISCOSITIES, 10_000)
    hidden = np.geomspace(*chip.VISCOSITIES, 400)
    answers = [tuple(coarse_error(entry, truth) for entry in entries[::5]) for truth in hidden]
    groups = pd.Series(hidden).groupby(pd.factorize(pd.Series(answers))[0])
    inner = list(groups)[1:-1]  # the first and the last step stick out of the range
    assert all(math.log(group.max() / group.min()) > 0.006 for _, group in inner)
    assert len(inner) + 2 <= math.log(2.5) / 0.0099 + 2


def test_a_blind_search_needs_more_entries_than_a_day_has():
    """The best first entries tell "more than 5 %" for most hidden numbers: one answer excludes a tenth of the range."""
    hidden = np.linspace(*chip.VISCOSITIES, 2_000)
    close = [np.mean([coarse_error(entry, truth) < 1 for truth in hidden]) for entry in (0.015, 0.02, 0.025)]
    assert max(close) < 0.16
    assert competition.MOST_A_DAY * max(close) < 1


@pytest.mark.parametrize("factor", [1.0, 1.37, 50.0, 1e6])
def test_reports_have_few_digits(factor):
    """However large a value is, no figure has more than five digits."""
    part = chip.PartScore(
        np.array([0.123456, 2.3456, 0.5]) * factor, 0.123456 * factor, 1.23456 * factor, 1.2
    )
    labels = {"key_id": "00000000", "public": False}
    reports = [
        chip.Report(**labels, parts={"forward": part}, viscosity=0.02, viscosity_error=0.0581366,
                    told_viscosity_error=coarse_error(0.02, 0.0212345)),
        flow.Report(**labels, errors=np.array([0.123456, 0.2]) * factor, ids=np.array(["ca", "cb"]),
                    interval=(0.123456 * factor, factor), baseline=0.3, mass_imbalance=0.123456 * factor, parameters=1,
                    seconds=1.0),
    ]  # fmt: skip
    one = cyclone.SetScore(960, 40, 0.123456, (0.1, 0.2), 0.3, 123.456, (100.123, 150.0), 0.8, 10.0)
    reports.append(cyclone.Report(**labels, sets={"shuffled": one, "storm": one}))
    for report, contest in zip(reports, (chip.CONTEST, flow.CONTEST, cyclone.CONTEST), strict=True):
        shown = str(report) + repr(report)
        assert "1.2 " not in shown, "the reference of the drag"
        assert "0.058" not in shown
        for figure in re.findall(
            r"\d+\.\d+", shown.replace("0.02000", "")
        ):  # the viscosity is the entry's own
            assert len(figure.replace(".", "").lstrip("0")) <= 5, figure
        for value, digits in zip(report.results(), contest.decimals.values(), strict=True):
            assert value is None or (digits <= 4 and value <= 1000)


def test_a_viscosity_out_of_the_range_is_refused_and_no_error_told(contest):
    for found in (1e6, 1e-308, 0.0059, 0.061):
        value, problems = chip._viscosity(pd.DataFrame({"nu": [found, found]}))
        assert value is None
        assert "must lie between 0.006 and 0.06" in problems[0]
    assert chip._viscosity(pd.DataFrame({"nu": [0.02, 0.02]})) == (0.02, [])


def test_a_name_has_five_entries_a_day_with_a_secret_key(contest, monkeypatch):
    for _ in range(competition.MOST_A_DAY):
        entered(contest, "Ada", key=KEY)
    rows = contest.path.read_text(encoding="utf-8")
    day = rows.splitlines()[1][:10]

    class Clock:
        @staticmethod
        def now(zone):
            return datetime.fromisoformat(f"{day}T23:00:00+00:00")

    monkeypatch.setattr(competition, "datetime", Clock)
    contest.path.write_text(re.sub(r"\d{4}-\d\d-\d\dT", f"{day}T", rows), encoding="utf-8")
    scored = []
    with pytest.raises(SubmissionError, match="has 5 entries today"):
        contest.score(scored.append, KEY, "ada", None)
    assert not scored, "an entry above the limit is not even scored"
    entered(contest, "Bo", key=KEY)
    entered(contest, "Ada", key=OTHER)
    contest.path.write_text(rows.replace(f"{day}T", "2020-01-01T"), encoding="utf-8")
    entered(contest, "Ada", key=KEY)
    for _ in range(2 * competition.MOST_A_DAY):
        entered(contest, "Ada")


# --- names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", " ", "=1+1", "+1", "-1", "@a", "＝1+1", "\t=1", "a" * 41, "a" * 1_000_000, "bell\a", "a\u202eb", "\u200b",
     "a\u200db", "a\ufeff", "\u3164", "\u2800", "a\u034f", "\udcff", "a\u2066b", "a\ue000", "\x1b[2J", "a\0"],
    ids=ascii,
)  # fmt: skip
def test_names_that_harm_a_table_or_hide_are_refused(contest, name):
    with pytest.raises(SubmissionError, match="cannot stand on the leaderboard") as error:
        entered(contest, name)
    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()
    assert not contest.path.exists()


@pytest.mark.parametrize(
    "name", ["Ada", "Zoë", "李雷", "محمد", "अदा", 'Bob, "the" second', "Team 7", "O'Neil; Ann"]
)
def test_names_of_people_stand_on_the_board(contest, name):
    entered(contest, name)
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == [name]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "ADA"), ("Zoë", "Zoe\u0308"), ("Ada", "Ａｄａ"), ("Ada", " Ada  "), ("Straße", "STRASSE"), ("ﬁn", "fin"),
     ("A B", "A\u00a0B")],
    ids=ascii,
)  # fmt: skip
def test_names_that_read_alike_are_one(contest, one, other):
    entered(contest, one, 1.0, pin="1234")
    with pytest.raises(SubmissionError, match="is taken, with another pin"):
        entered(contest, other, 2.0, pin="4321")
    with pytest.raises(SubmissionError, match="is taken, with another pin: give --pin"):
        entered(contest, other, 2.0)
    entered(contest, other, 3.0, pin="1234\n")
    assert contest.leaderboard(PUBLIC_KEY)["points"].tolist() == [3]


def test_a_name_without_a_pin_is_open_and_cannot_be_taken(contest):
    entered(contest, "Ada")
    entered(contest, "Ada")
    with pytest.raises(SubmissionError, match="entered without a pin before"):
        entered(contest, "ada", pin="1234")
    entered(contest, "Ada", key=KEY, pin="1234")  # another hidden set, another contest


def test_pins_are_kept_as_slow_keyed_hashes_that_others_cannot_read(contest):
    for name, key in (("Ada", PUBLIC_KEY), ("Bo", PUBLIC_KEY), ("Ada", KEY)):
        entered(contest, name, pin="correct horse", key=key)
    path = contest.path.with_name("darts.pins.json")
    pins = json.loads(path.read_text(encoding="utf-8"))
    assert len(set(pins.values())) == 3, "equal pins have different hashes"
    assert "correct horse" not in path.read_text(encoding="utf-8") + contest.path.read_text(encoding="utf-8")
    assert os.name != "posix" or path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("name", "pin", "says"), [
    ("Ada", "123", "4 to 100"), ("Ada", "", "4 to 100"), ("Ada", "x" * 1_000_000, "4 to 100"),
    ("Ada", "\udcff\udcff\udcff\udcff", "no text"), (None, "1234", "belongs to a name"),
])  # fmt: skip
def test_pins_that_cannot_be_used_get_a_sentence(contest, name, pin, says):
    with pytest.raises(SubmissionError, match=says):
        entered(contest, name, pin=pin)


def test_only_names_of_the_instructors_list_enter(contest):
    folder = contest.path.parent
    (folder / "names.txt").write_text("Ada \n\nZoe\u0308\n", encoding="utf-8-sig")
    entered(contest, "ADA", pin="1234")
    entered(contest, "Zoë")
    with pytest.raises(SubmissionError, match="'Bo' is not on the instructor's list"):
        entered(contest, "Bo")
    (folder / "names.txt").write_bytes(b"\xff\xfe\0")
    with pytest.raises(SubmissionError, match="is no text"):
        entered(contest, "Ada", pin="1234")


def test_the_command_takes_a_pin(contest, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "scorer", lambda lab: Darts)

    class Darts:
        @staticmethod
        def score(path, key, name, pin):
            return entered(contest, name, pin=pin)

    assert command.main(["flow", "x", "--name", "Ada", "--pin", "1234"]) == 0
    assert "1.0 points" in capsys.readouterr().out
    assert command.main(["flow", "x", "--name", "Ada", "--pin", "0000"]) == 1
    answer = capsys.readouterr()
    assert "another pin" in answer.err
    assert "points" not in answer.out
    contest.path.write_bytes(b"\xff")
    assert command.main(["flow", "x", "--name", "Ada", "--pin", "1234"]) == 1
    answer = capsys.readouterr()
    assert "1.0 points" in answer.out
    assert "is damaged" in answer.err
    assert "not on the leaderboard" in answer.err


# --- the leaderboard and its accidents ----------------------------------------------------

LINE = "2026-01-01T00:00:00+00:00,Bo,{id},5.00\n"
BOARDS = {
    "half a header": "date,na",
    "another header": "a,b,c\n",
    "binary": b"\xff\xfe\0\1" * 100,
    "zeros": bytes(100),
    "conflict markers": "date,name,key,points\n<<<<<<< HEAD\n" + LINE + "=======\n>>>>>>> other\n",
    "half a line": "date,name,key,points\n" + LINE[:20],
    "no number": "date,name,key,points\n" + LINE.replace("5.00", "many"),
    "an open quote": 'date,name,key,points\n"2026',
    "a line of 1 MB": "date,name,key,points\n" + "x" * 1_000_000,
    "no header": LINE,
}


@pytest.mark.parametrize("what", BOARDS)
def test_a_damaged_board_is_left_as_it_is_and_the_report_is_still_given(contest, what):
    content = BOARDS[what]
    content = content.encode() if isinstance(content, str) else content
    contest.path.write_bytes(content)
    with pytest.raises(competition.NotEntered, match="is damaged in its entry") as error:
        entered(contest, "Ada", 7.0)
    assert error.value.report.points == 7.0
    assert "7.0 points" in str(error.value)
    assert len(str(error.value)) < 800
    assert contest.path.read_bytes() == content
    with pytest.raises(SubmissionError, match="mend it, or move it away"):
        contest.leaderboard(PUBLIC_KEY)


@pytest.mark.parametrize("content", ["", "\n", "\n\n", "\ufeff"])
def test_an_empty_board_gets_its_header(contest, content):
    contest.path.write_text(content, encoding="utf-8")
    assert contest.leaderboard(PUBLIC_KEY).empty
    entered(contest, "Ada")
    entered(contest, "Bo", 2.0)
    assert contest.path.read_text(encoding="utf-8").startswith("date,name,key,points\n2")
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == ["Bo", "Ada"]


def test_a_board_that_a_spreadsheet_has_saved_is_read(contest):
    secret = competition.key_id(contest.secret(PUBLIC_KEY))
    text = "\ufeffdate,name,key,points\n" + LINE.replace("{id}", secret).rstrip()
    contest.path.write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    entered(contest, "Ada", 9.0)
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == ["Ada", "Bo"]


def test_a_board_mended_by_hand_counts_and_it_is_said_once(contest, capsys):
    for name, points in (("Ada", 1.0), ("Bo", 2.0)):
        entered(contest, name, points)
    assert capsys.readouterr().out == ""
    text = contest.path.read_text(encoding="utf-8")
    for mended in (
        text.replace("2.00", "20.00"),  # a figure
        "".join(text.splitlines(keepends=True)[:-1]),  # a row taken out
        text + text.splitlines()[-1].replace("Bo", "Cy") + "\n",  # a row put in
        "\n".join(text.splitlines()[i] for i in (0, 2, 1)),  # another order
    ):
        contest.path.write_text(mended, encoding="utf-8")
        entered(contest, "Dan")
        said = capsys.readouterr().out
        assert said.count("changed by hand") == 1
        assert len(said.splitlines()) == 1
        entered(contest, "Eve")
        assert capsys.readouterr().out == ""
    assert "Dan" in contest.leaderboard(PUBLIC_KEY)["name"].tolist()


@pytest.mark.parametrize(
    "left", [None, b"", b"[]", b"{}", b"\xff", b'{"rows": "x", "sha256": 1}', b"[" * 100_000]
)
def test_without_the_seal_of_the_last_entry_nothing_is_claimed(contest, capsys, left):
    entered(contest, "Ada")
    path = contest.path.with_name("darts.left.json")
    path.unlink() if left is None else path.write_bytes(left)
    entered(contest, "Bo")
    assert capsys.readouterr().out == ""
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == ["Ada", "Bo"]


def test_an_entry_that_was_cut_short_is_on_no_board_and_stops_none(contest, monkeypatch, capsys):
    entered(contest, "Ada")
    real = competition.write_whole

    def full_at_the_end(path, text):
        if path.suffix == ".csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, text)

    monkeypatch.setattr(competition, "write_whole", full_at_the_end)
    with pytest.raises(competition.NotEntered, match="not on the leaderboard"):
        entered(contest, "Bo")
    monkeypatch.setattr(competition, "write_whole", real)
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == ["Ada"]
    entered(contest, "Bo")
    assert "or that entry was cut short" in capsys.readouterr().out
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == ["Ada", "Bo"]


def test_a_spreadsheet_that_saves_the_board_changes_nothing(contest, capsys):
    entered(contest, "Ada")
    text = "\ufeff" + contest.path.read_text(encoding="utf-8").replace("\n", "\r\n")
    contest.path.write_text(text, encoding="utf-8", newline="")
    entered(contest, "Bo")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("pins", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff", b"[" * 100_000])
def test_damaged_pins_free_no_name(contest, pins):
    entered(contest, "Ada", pin="1234")
    contest.path.with_name("darts.pins.json").write_bytes(pins)
    with pytest.raises(competition.NotEntered, match="restore it, or delete it"):
        entered(contest, "Ada", 2.0, pin="4321")


def test_a_board_that_cannot_be_written_does_not_cost_the_report(contest, monkeypatch):
    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(competition, "write_whole", full)
    with pytest.raises(competition.NotEntered, match="No space left on device") as error:
        entered(contest, "Ada", 7.0)
    assert error.value.report.points == 7.0


def test_a_cache_that_cannot_be_written_does_not_cost_the_report(contest, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(
        competition, "cache_dir", lambda *_: (_ for _ in ()).throw(OSError("Set BOOTCAMP_CACHE"))
    )
    with pytest.raises(competition.NotEntered, match="Set BOOTCAMP_CACHE") as error:
        entered(contest, "Ada", 7.0)
    assert error.value.report.points == 7.0


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_files_cannot_be_locked_another_lock_is_used(contest, monkeypatch, code):
    real = filelock.FileLock.acquire

    def without_locks(self, *arguments, **options):
        if isinstance(self, filelock.SoftFileLock):
            return real(self, *arguments, **options)
        raise OSError(code, "no locks here")

    monkeypatch.setattr(filelock.FileLock, "acquire", without_locks)
    entered(contest, "Ada")
    assert contest.leaderboard(PUBLIC_KEY)["name"].tolist() == ["Ada"]
    assert not contest.path.with_suffix(".softlock").exists()
    contest.path.with_suffix(".softlock").touch()
    monkeypatch.setattr(competition, "LOCK_SECONDS", 0.0)
    with pytest.raises(competition.NotEntered, match=r"softlock for 0 s: .* delete that file"):
        entered(contest, "Bo")


def test_a_lock_that_is_held_is_waited_for_a_while(contest, monkeypatch):
    monkeypatch.setattr(competition, "LOCK_SECONDS", 0.0)
    held, refusal = filelock.FileLock(contest.path.with_suffix(".lock")), "Another process has held"
    with held, pytest.raises(competition.NotEntered, match=refusal):
        entered(contest, "Ada")
    contest.path.with_suffix(".lock").touch()  # an empty file, as a copied folder has one
    entered(contest, "Ada")
    assert len(contest.leaderboard(PUBLIC_KEY)) == 1


def test_ties_go_to_the_earlier_entry_and_nothing_is_an_empty_cell(contest):
    for name, points in (("Ada", 1.001), ("Bo", 1.004), ("Cid", None)):
        entered(contest, name, points)
    board = contest.leaderboard(PUBLIC_KEY)
    assert board["name"].tolist() == ["Ada", "Bo", "Cid"], "two decimals are kept"
    assert np.isnan(board["points"].iloc[2])
    assert contest.leaderboard(KEY).empty
    assert datetime.fromisoformat(board["date"][0]).tzinfo == UTC
