"""What the competitions share: hidden numbers that follow from a key, who may enter, what is told, the leaderboard.

A lab gives a hidden set and a metric: what it hands out is a data class whose fields are `as_array` and `as_table`, what it asks
for are columns or arrays, all of `utils.engine.submissions`, which reads and judges the files. A hidden set follows from one
key: the scorer derives it anew each time, and the answers are stored nowhere. Anyone who has the key can compute them. The
default key is public, good for a class room that trusts itself.

What a report tells. Figures on thousands of hidden values have few digits, and errors end at 100 %: a report is worth
less than 200 bits. A single hidden number is compared in steps of 1 % (`coarse_error`), so that no number of entries
tells more of it than its step. With a secret key a name has `MOST_A_DAY` entries a day.
"""

import csv
import functools
import hashlib
import hmac
import io
import itertools
import json
import math
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import filelock
import numpy as np
import pandas as pd

from utils.engine import store, submissions
from utils.engine.paths import cache_dir, write_whole
from utils.engine.score import SubmissionError
from utils.engine.submissions import Given, clean, read_bytes

PUBLIC_KEY = "public classroom key"
KEY_VARIABLE = "BOOTCAMP_COMPETITION_KEY"
SHORTEST_KEY, SHORTEST_PIN, LONGEST_NAME = 12, 4, 40
PUBLIC_WARNING = (
    "The key of this hidden set is public: anyone can compute its answers. For a contest that counts, "
    f"the instructor sets {KEY_VARIABLE}."
)
MOST_A_DAY = 5  # entries under one name, with a secret key
LOCK_SECONDS = 30.0
BOARD_BYTES = 20_000_000
STEP = 0.0099  # of the logarithm of a hidden number, just under 1 %
TOLD_ERRORS = (0.01, 0.02, 0.05)
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
TEXT_COLUMNS = ("date", "name", "key")


# --- keys ---------------------------------------------------------------------------------


def chosen_key(key: str | None) -> str:
    """The key given, else ``$BOOTCAMP_COMPETITION_KEY``, else the public one; line ends after it do not count.

    Raises:
        SubmissionError: it is too short to stay secret, or no text.
    """
    key = (key or os.environ.get(KEY_VARIABLE) or PUBLIC_KEY).rstrip("\r\n")
    if len(key) < SHORTEST_KEY:
        raise SubmissionError(
            f"A key of {len(key)} characters can be found by trying: choose one of {SHORTEST_KEY} or more."
        )
    return _as_text(key, "key")


def _as_text(secret: str, what: str) -> str:
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in secret):
        raise SubmissionError(f"The {what} holds bytes that are no text (UTF-8): choose another one.")
    return secret


def _slow_hash(text: str, salt: bytes) -> bytes:
    """32 bytes; slow on purpose (scrypt, RFC 7914), so that texts cannot be tried by the million."""
    return hashlib.scrypt(text.encode(), salt=salt, n=1 << 14, r=8, p=1, dklen=32)


@functools.lru_cache(maxsize=8)
def secret_of(key: str, lab: str) -> bytes:
    """32 bytes from which a hidden set follows, by a slow hash of the key."""
    return _slow_hash(key, f"bootcamp {lab}".encode())


def derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes that follow from the secret and tell nothing of it (HMAC, RFC 2104)."""
    return hmac.digest(secret, purpose.encode(), "sha256")


def generator(secret: bytes, purpose: str) -> np.random.Generator:
    """A random generator that only the holder of the key can make."""
    return np.random.default_rng(int.from_bytes(derived(secret, purpose), "big"))


def key_id(secret: bytes) -> str:
    """Which hidden set it is, in eight characters that do not give the key away."""
    return derived(secret, "name of the key").hex()[:8]


# --- what is told -------------------------------------------------------------------------


def coarse_error(found: float, truth: float) -> float:
    """The relative error of a hidden number as a report tells it: at most 1, 2 or 5 %, else 1 for more than that.

    Both numbers are rounded to the same steps first, so that the answers to all entries together, however many,
    tell in which step of 1 % the hidden one is, and no more.

    Args:
        found: submitted.
        truth: hidden, above 0.
    """
    if not (0 < found < math.inf):
        return 1.0
    apart = abs(math.floor(math.log(found) / STEP) - math.floor(math.log(truth) / STEP)) + 1
    return next((error for error in TOLD_ERRORS if apart * STEP <= math.log1p(error)), 1.0)


def told(error: float) -> str:
    """`coarse_error` in words."""
    return f"at most {error:.0%}" if error in TOLD_ERRORS else f"more than {max(TOLD_ERRORS):.0%}"


def ended(*errors: float) -> list[float]:
    """Relative errors as a report tells them: they end at 1, as bad as no answer."""
    return [min(float(error), 1.0) for error in errors]


def between(value: float, ends: tuple[float, float], form: str) -> str:
    """A figure with its interval in square brackets."""
    return f"{value:{form}} [{ends[0]:{form}}, {ends[1]:{form}}]"


def aligned(rows: Iterable[Iterable[object]]) -> list[str]:
    """Lines of a table with columns of equal width; rows may end early."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in itertools.zip_longest(*texts, fillvalue="")]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in texts]


@dataclass(frozen=True, repr=False, kw_only=True)
class Report:
    """The score of a submission. Printing it shows what participants may see; the attributes are exact.

    Attributes:
        key_id: which hidden set it was, without giving the key away.
        public: True if its answers are those of the public key.
    """

    key_id: str = ""
    public: bool = False

    def lines(self) -> list[str]:
        """What is printed of the lab's own."""
        raise NotImplementedError

    def results(self) -> list[float | None]:
        """The figures for the leaderboard, in the order of its columns."""
        raise NotImplementedError

    def __str__(self) -> str:
        lines = [*self.lines(), f"Hidden set {self.key_id}."]
        return "\n".join([*lines, PUBLIC_WARNING] if self.public else lines)

    __repr__ = __str__


AnyReport = TypeVar("AnyReport", bound=Report)


class NotEntered(SubmissionError):
    """The submission was scored, and its report is here, but it could not be put on the leaderboard."""

    def __init__(self, reason: SubmissionError, report: Report):
        super().__init__(f"{reason} The result is not on the leaderboard.\n{report}")
        self.reason, self.report = f"{reason} The result is not on the leaderboard.", report


# --- names --------------------------------------------------------------------------------


def checked_name(name: str) -> str:
    """A name for the leaderboard, in one of the ways in which Unicode can write it.

    Raises:
        SubmissionError: it is empty or too long, has signs that cannot be seen, or a spreadsheet would take it for a
            formula.
    """
    name = unicodedata.normalize("NFC", " ".join(name[: 10 * LONGEST_NAME].split()))
    bad = not name or len(name) > LONGEST_NAME or not name.isprintable() or INVISIBLE.search(name)
    if bad or unicodedata.normalize("NFKC", name)[0] in "=+-@":
        raise SubmissionError(
            f"{clean(name, 40)!r} cannot stand on the leaderboard: choose a name of 1 to {LONGEST_NAME} characters that "
            "can be seen. It must not begin with = + - or @ (a spreadsheet would take it for a formula)."
        )
    return name


def identity(name: str) -> str:
    """Names are the same person's if they differ by capitals or by how Unicode writes them."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


@dataclass(frozen=True)
class Entrant:
    """Somebody who enters the leaderboard.

    Attributes:
        name: as it is shown.
        key_id: of the hidden set.
        proof: slow keyed hash of the pin; empty without a pin.
        limited: True if entries are counted.
    """

    name: str
    key_id: str
    proof: str
    limited: bool


# --- leaderboard --------------------------------------------------------------------------


class Contest(Generic[Given, AnyReport]):
    """One lab's competition: its key, its leaderboard, a csv file under ``data/cache/leaderboard``.

    Args:
        lab: name of the file.
        decimals: for each column of results how many are kept; date, name and key come before them.
        ascending: for each column that ranks, in order, whether less is better.
        given: what participants get: a data class whose fields are `submissions.as_array` and `submissions.as_table`.
        make: makes it from the secret.
        evaluate: makes the report of a submission, without its labels, from it and the secret.
        largest_bytes: of an unpacked file that is handed out.
        declared: columns that participants say of themselves.

    Attributes:
        folder: of the leaderboard; None is the cache.
    """

    def __init__(
        self,
        lab: str,
        decimals: Mapping[str, int],
        ascending: Mapping[str, bool],
        given: type[Given],
        make: Callable[[bytes], Given],
        evaluate: Callable[[Any, bytes], AnyReport],
        largest_bytes: int = 0,
        declared: Collection[str] = (),
    ):
        self.lab, self.decimals, self.ascending = lab, dict(decimals), dict(ascending)
        self.given, self.make, self.evaluate = given, make, evaluate
        self.largest_bytes, self.declared = largest_bytes, frozenset(declared)
        self.folder: Path | None = None
        self.columns = [*TEXT_COLUMNS, *decimals]

    def secret(self, key: str | None = None) -> bytes:
        """From which everything of this competition follows; see `chosen_key`."""
        return secret_of(chosen_key(key), self.lab)

    def labels(self, secret: bytes) -> dict:
        """The arguments ``key_id`` and ``public`` of a `Report`."""
        return {"key_id": key_id(secret), "public": secret == secret_of(PUBLIC_KEY, self.lab)}

    def hand_out(self, path: str | os.PathLike, key: str | None = None) -> None:
        """For instructors: write what participants get; no answer is in it.

        Raises:
            SubmissionError: the file cannot be written.
        """
        shapes = submissions.write_hand_out(path, self.given, self.make(self.secret(key)))
        print(f"{path}: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items()))

    def load_competition(self, path: str | os.PathLike | None = None) -> Given:
        """What the instructor handed out; without a file that of the public key, made once and kept in the cache.

        Raises:
            SubmissionError: the file is not what `hand_out` wrote.
        """
        if path is not None:
            return submissions.read_hand_out(path, self.given, self.largest_bytes)

        def make(file: Path, work: Path) -> store.Facts:
            return submissions.write_hand_out(file, self.given, self.make(self.secret(PUBLIC_KEY)))

        made_of = (PUBLIC_KEY, submissions.handed_out(self.given), self.make)
        recipe = store.Recipe(self.lab, "competition", ".npz", made_of, make, "competitions")
        with store.kept(recipe) as entry:
            return submissions.read_hand_out(entry.path, self.given, self.largest_bytes)

    def score(
        self, submitted: Any, key: str | None = None, name: str | None = None, pin: str | None = None
    ) -> AnyReport:
        """Evaluate a submission and put it on the leaderboard.

        Args:
            submitted: a file, or what the lab takes in place of one.
            key: of the hidden set, see `chosen_key`.
            name: for the leaderboard; None does not enter it.
            pin: of that name; the first entry under a name decides whether it has one.

        Raises:
            SubmissionError: what is wrong with the submission, the key, the name or the pin, a line each.
            NotEntered: the leaderboard cannot be read or written; it holds the report.
        """
        secret = self.secret(key)
        entrant = self.entrant(name, pin, secret)
        if entrant:
            try:
                rows, pins = self._rows(), self._pins()
            except (SubmissionError, OSError):
                pass  # told by `enter`, together with the report
            else:
                self._admit(entrant, rows, pins)
        report = replace(self.evaluate(submitted, secret), **self.labels(secret))
        if entrant:
            try:
                self.enter(entrant, report)
            except SubmissionError as error:
                raise NotEntered(error, report) from error
        return report

    def leaderboard(self, key: str | None = None) -> pd.DataFrame:
        """The best submission of each name for one hidden set, best first; of equals, the earlier one.

        Raises:
            SubmissionError: the file is damaged.
        """
        chosen = key_id(self.secret(key))
        rows = [row for row in self._rows() if row[2] == chosen]
        board = pd.DataFrame(rows, columns=self.columns, dtype=object)
        board = board.assign(**{name: pd.to_numeric(board[name]) for name in self.decimals})
        board = board.sort_values(
            [*self.ascending, "date"], ascending=[*self.ascending.values(), True], kind="stable"
        )
        return board[~board["name"].map(identity).duplicated()].reset_index(drop=True)

    @property
    def path(self) -> Path:
        """The file of the leaderboard."""
        return (self.folder or cache_dir("leaderboard")) / f"{self.lab}.csv"

    def title(self, column: str) -> str:
        """The name of a column in words; what is declared is called so."""
        return column.replace("_", " ") + " (declared)" * (column in self.declared)

    def enter(self, entrant: Entrant, report: Report) -> None:
        """Add one line; the file is whole at any moment, also with several processes at work.

        Instructors may mend the file by hand: it is taken as it stands, and a sentence says so at the next entry.

        Raises:
            SubmissionError: the name is another's, or a file is damaged or cannot be written.
        """
        results = zip(report.results(), self.decimals.values(), strict=True)
        figures = ["" if value is None else f"{value:.{digits}f}" for value, digits in results]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            with _locked(self.path.with_suffix(".lock")):
                rows, pins = self._rows(), self._pins()
                self._admit(entrant, rows, pins)
                if entrant.proof:
                    pins[self._pin_name(entrant)] = entrant.proof
                    write_whole(self._pin_path, json.dumps(pins, indent=1))
                    self._pin_path.chmod(0o600)
                self._say_what_was_mended(rows)
                rows.append([now, entrant.name, entrant.key_id, *figures])
                write_whole(self._left_path, json.dumps(self._seal(rows)))
                write_whole(self.path, self._text(rows))
        except OSError as error:
            raise SubmissionError(f"The leaderboard could not be written: {clean(error, 400)}.") from error

    def entrant(self, name: str | None, pin: str | None, secret: bytes) -> Entrant | None:
        """Who enters; None without a name.

        Raises:
            SubmissionError: the name or the pin cannot be used.
        """
        if name is None:
            if pin is not None:
                raise SubmissionError("A pin belongs to a name: give both, or none.")
            return None
        name, proof = checked_name(name), ""
        if pin is not None:
            pin = _as_text(pin.rstrip("\r\n"), "pin")
            if not SHORTEST_PIN <= len(pin) <= 100:
                raise SubmissionError(f"A pin has {SHORTEST_PIN} to 100 characters: choose another one.")
            proof = _slow_hash(pin, derived(secret, f"pin of {identity(name)}")).hex()
        labels = self.labels(secret)
        return Entrant(name, labels["key_id"], proof, not labels["public"])

    def _admit(self, entrant: Entrant, rows: list[list[str]], pins: Mapping[str, str]) -> None:
        """Raise a sentence if the list, the pin or the number of entries is against it."""
        own = identity(entrant.name)
        allowed = self._names()
        if allowed is not None and own not in allowed:
            raise SubmissionError(
                f"{entrant.name!r} is not on the instructor's list of names: write it as there, or ask for a place."
            )
        earlier = [row for row in rows if row[2] == entrant.key_id and identity(row[1]) == own]
        bound = pins.get(self._pin_name(entrant), "")
        if bound and not hmac.compare_digest(bound, entrant.proof):
            raise SubmissionError(
                f"{entrant.name!r} is taken, with another pin: give --pin, or choose another name."
            )
        if entrant.proof and earlier and not bound:
            raise SubmissionError(
                f"{entrant.name!r} was entered without a pin before and is open to all: choose another name for a pin."
            )
        today = datetime.now(UTC).date().isoformat()
        if entrant.limited and sum(row[0].startswith(today) for row in earlier) >= MOST_A_DAY:
            raise SubmissionError(
                f"{entrant.name!r} has {MOST_A_DAY} entries today, which is the limit: choose with data of your own, "
                "and enter again tomorrow (UTC)."
            )

    def _text(self, rows: list[list[str]]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([self.columns, *rows])
        return text.getvalue()

    @property
    def _left_path(self) -> Path:
        """Holds the seal of what the last entry left."""
        return self.path.with_suffix(".left.json")

    def _seal(self, rows: list[list[str]]) -> dict[str, int | str]:
        return {"rows": len(rows), "sha256": hashlib.sha256(self._text(rows).encode()).hexdigest()}

    def _say_what_was_mended(self, rows: list[list[str]]) -> None:
        """A sentence if the rows are others than the last entry left; without its seal nobody can tell."""
        try:
            left = json.loads(self._left_path.read_text(encoding="utf-8"))
            left = {"rows": int(left["rows"]), "sha256": str(left["sha256"])}
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return
        if left != self._seal(rows):
            print(
                f"The leaderboard {self.path} is not as the last entry left it, with {left['rows']} rows: it has {len(rows)} "
                "now and was changed by hand, or that entry was cut short. It counts as it stands."
            )

    @property
    def _pin_path(self) -> Path:
        return self.path.with_suffix(".pins.json")

    @staticmethod
    def _pin_name(entrant: Entrant) -> str:
        return f"{entrant.key_id} {identity(entrant.name)}"

    def _names(self) -> set[str] | None:
        """The instructor's list ``names.txt`` beside the leaderboards, a name a line; None without one."""
        path = self.path.with_name("names.txt")
        if not path.exists():
            return None
        try:
            lines = read_bytes(path, BOARD_BYTES).decode("utf-8-sig").splitlines()
        except UnicodeError as error:
            raise SubmissionError(f"{path} is no text: save the list of names as UTF-8.") from error
        return {identity(" ".join(line.split())) for line in lines if line.strip()}

    def _pins(self) -> dict[str, str]:
        if not self._pin_path.exists():
            return {}
        try:
            pins = json.loads(read_bytes(self._pin_path, BOARD_BYTES))
            if not (isinstance(pins, dict) and all(isinstance(proof, str) for proof in pins.values())):
                raise ValueError("no table of pins")
        except (ValueError, RecursionError) as error:
            raise SubmissionError(
                f"{self._pin_path} is damaged: restore it, or delete it to free all names."
            ) from error
        return pins

    def _rows(self) -> list[list[str]]:
        """All entries; none if the file is empty or not there.

        Raises:
            SubmissionError: a line is none of a leaderboard; nothing is written until somebody has mended it.
        """
        path = self.path
        if not path.exists():
            return []
        number = 1
        try:
            text = read_bytes(path, BOARD_BYTES).decode("utf-8-sig")
            rows: list[list[str]] = []
            for row in filter(None, csv.reader(io.StringIO(text, newline=""), strict=True)):
                number = len(rows) + 1
                if (row != self.columns) if number == 1 else (len(row) != len(self.columns)):
                    raise ValueError("other columns")
                if number > 1:
                    list(map(float, filter(None, row[len(TEXT_COLUMNS) :])))
                rows.append(row)
        except (ValueError, csv.Error) as error:
            raise SubmissionError(
                f"The leaderboard {path} is damaged in its entry {number}: mend it, or move it away and a new one begins."
            ) from error
        return rows[1:]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; where the file system knows no locks, as on some clusters, by a file that is there or not.

    Raises:
        SubmissionError: another process does not let go of it.
        OSError: the lock cannot be made.
    """
    lock: filelock.BaseFileLock = filelock.FileLock(path)
    try:
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except filelock.Timeout:
            raise
        except (OSError, NotImplementedError):
            path = path.with_suffix(".softlock")
            lock = filelock.SoftFileLock(path)
            lock.acquire(timeout=LOCK_SECONDS)
    except filelock.Timeout as error:
        raise SubmissionError(
            f"Another process has held {path} for {LOCK_SECONDS:.0f} s: try again, or delete that file if no scorer is at "
            "work (it may be a copy from elsewhere)."
        ) from error
    try:
        yield
    finally:
        lock.release()
