"""What the competitions share: keys, hidden random numbers, files handed out, names, leaderboards.

A hidden set follows from one key: the scorer derives it anew each time, and the answers are stored nowhere.
Anyone who has the key can compute them. The default key is public, good for a class room that trusts itself.
"""

import csv
import functools
import hashlib
import hmac
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import filelock
import numpy as np
import pandas as pd

from utils.paths import cache_dir, write_whole
from utils.score import SubmissionError

PUBLIC_KEY = "public classroom key"
KEY_VARIABLE = "BOOTCAMP_COMPETITION_KEY"
SHORTEST_KEY = 12
PUBLIC_WARNING = (
    "The key of this hidden set is public: anyone can compute its answers. For a contest that counts, "
    f"the instructor sets {KEY_VARIABLE}."
)


# --- keys ---------------------------------------------------------------------------------


def chosen_key(key: str | None) -> str:
    """The key given, else ``$BOOTCAMP_COMPETITION_KEY``, else the public one.

    Raises:
        SubmissionError: it is too short to stay secret.
    """
    key = key or os.environ.get(KEY_VARIABLE) or PUBLIC_KEY
    if len(key) < SHORTEST_KEY:
        raise SubmissionError(
            f"A key of {len(key)} characters can be found by trying: choose one of {SHORTEST_KEY} or more."
        )
    return key


@functools.lru_cache(maxsize=8)
def secret_of(key: str, lab: str) -> bytes:
    """32 bytes; slow on purpose (scrypt, RFC 7914), so that keys cannot be tried by the million."""
    return hashlib.scrypt(key.encode(), salt=f"bootcamp {lab}".encode(), n=1 << 14, r=8, p=1, dklen=32)


def derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes that follow from the secret and tell nothing of it (HMAC, RFC 2104)."""
    return hmac.digest(secret, purpose.encode(), "sha256")


def generator(secret: bytes, purpose: str) -> np.random.Generator:
    """A random generator that only the holder of the key can make."""
    return np.random.default_rng(int.from_bytes(derived(secret, purpose), "big"))


def key_id(secret: bytes) -> str:
    """Which hidden set it is, in eight characters that do not give the key away."""
    return derived(secret, "name of the key").hex()[:8]


# --- files --------------------------------------------------------------------------------


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz file, whole or not at all.

    Raises:
        SubmissionError: the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        os.replace(temporary, path)
    except OSError as error:
        raise SubmissionError(f"{path} cannot be written ({error.strerror}): choose another file.") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_arrays(path: str | os.PathLike, names: Sequence[str], largest_bytes: int) -> dict[str, np.ndarray]:
    """Read the named arrays of an npz file; nothing in it is executed.

    Args:
        path: of the file.
        names: of the arrays, all required.
        largest_bytes: that the arrays may have together once unpacked; a small file can hold much.

    Raises:
        SubmissionError: it is missing, damaged or too large, an array is missing, or holds no numbers or text.
    """
    path = Path(path)
    if not path.is_file():
        raise SubmissionError(f"There is no file {path}: check the name and the folder.")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(member.file_size for member in archive.infolist())
        with np.load(path, allow_pickle=False) as arrays:
            missing = [name for name in names if name not in arrays]
            small = unpacked_bytes <= largest_bytes
            found = {name: arrays[name] for name in names} if small and not missing else {}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SubmissionError(
            f"{path} is damaged or no npz file of plain arrays: write it again with numpy.savez_compressed."
        ) from error
    if not small:
        raise SubmissionError(
            f"{path} unpacks to more than {largest_bytes / 1e6:.0f} MB: "
            f"it should hold {', '.join(names)} and nothing else."
        )
    if missing:
        raise SubmissionError(f"{path} has no array {', '.join(missing)}: it needs {', '.join(names)}.")
    return found


# --- leaderboard --------------------------------------------------------------------------


def checked_name(name: str) -> str:
    """A name for the leaderboard.

    Raises:
        SubmissionError: it is empty or too long, or a spreadsheet would take it for a formula.
    """
    name = " ".join(name.split())
    if not name or len(name) > 40 or not name.isprintable() or name[0] in "=+-@":
        raise SubmissionError(
            f"{name[:40]!r} cannot stand on the leaderboard: choose a name of 1 to 40 characters that does "
            "not begin with = + - or @ (a spreadsheet would take it for a formula)."
        )
    return name


class Board:
    """The leaderboard of one competition, a csv file under ``data/cache/leaderboard``.

    Args:
        lab: name of the file.
        columns: of the results; date, name and key come before them.
        ascending: for each column that ranks, in order, whether less is better.
    """

    def __init__(self, lab: str, columns: Sequence[str], ascending: Mapping[str, bool]):
        self.lab, self.columns, self.ascending = lab, ["date", "name", "key", *columns], dict(ascending)

    @property
    def path(self) -> Path:
        """The file."""
        return cache_dir("leaderboard") / f"{self.lab}.csv"

    def append(self, name: str, key: str, results: Sequence[str]) -> None:
        """Add one line; the file is whole at any moment, also with several processes at work."""
        row = [datetime.now(UTC).isoformat(timespec="seconds"), name, key, *results]
        with filelock.FileLock(self.path.with_suffix(".lock")):
            text = io.StringIO(newline="")
            writer = csv.writer(text, lineterminator="\n")
            if self.path.exists():
                text.write(self.path.read_text(encoding="utf-8"))
            else:
                writer.writerow(self.columns)
            writer.writerow(row)
            try:
                write_whole(self.path, text.getvalue())
            except OSError as error:
                raise SubmissionError(f"The leaderboard could not be written: {error}.") from error

    def read(self, key: str) -> pd.DataFrame:
        """The best submission of each name for one hidden set, best first; of equals, the earlier one."""
        if not self.path.exists():
            return pd.DataFrame(columns=self.columns)
        texts = ("date", "name", "key")
        board = pd.read_csv(self.path, dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values={
            column: [""] for column in self.columns if column not in texts
        })  # fmt: skip
        board = board[board["key"] == key]
        board = board.sort_values(
            [*self.ascending, "date"], ascending=[*self.ascending.values(), True], kind="stable"
        )
        return board.drop_duplicates("name").reset_index(drop=True)
