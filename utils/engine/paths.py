"""Where the course keeps its files."""

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.engine import settings

ROOT = settings.ROOT
# Folders of the labs in the cache.
LABS = {
    "Intro_to_DL": "intro",
    "Tropical_Cyclone": "cyclone",
    "CFD_Steady_Flow": "flow",
    "PINN_SimNet": "pinn",
}


class DataError(RuntimeError):
    """A data set cannot be had; the message says why and what to do."""


class DiskFull(OSError, DataError):
    """No space is left in a folder; the message says what to do."""


class NowhereToWrite(OSError):
    """No folder for the course's files; the message says what to set."""


def cache_dir(*parts: str) -> Path:
    """Writable folder for downloads, trained networks, logs and results.

    ``$BOOTCAMP_CACHE`` if set, else ``data/cache``. A room that shares one
    read-only copy of the course falls back to the user's own cache folder.
    The folder is created, the outermost one closed to other users.

    Raises:
        NowhereToWrite: neither place can be written; an OSError.
        SettingError: the variable names a file.
    """
    override = settings.cache()
    candidates = [override] if override else [ROOT / "data" / "cache"]
    if not override:
        homes = (
            os.environ.get("XDG_CACHE_HOME", ""),
            os.path.expanduser("~/.cache"),
        )  # a home may be unknown
        candidates += [Path(home, "ai-for-science-bootcamp") for home in homes if os.path.isabs(home)][:1]
    for base in candidates:
        folder = base.joinpath(*parts)
        try:
            if not base.exists():  # executed notebooks and leaderboards are for no other user of the machine
                base.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    tried = " nor ".join(str(base) for base in candidates)
    raise NowhereToWrite(f"Cannot write to {tried}. Set BOOTCAMP_CACHE to a folder you can write to.")


def private_dir(name: str) -> Path:
    """`cache_dir` for what is executed when it is read, as compiled code is: nobody else may write there.

    A folder that others could write to may hold their code: what numba keeps in it is removed, and it is closed. One
    that belongs to somebody else is not used, but a fresh folder that ends with the machine's temporary files.
    """
    folder = cache_dir(name)
    if os.name != "posix":
        return folder
    status = folder.stat()
    if status.st_uid != os.getuid():
        print(f"{folder} belongs to another user, so that compiled code is not taken from there.")
        return Path(tempfile.mkdtemp(prefix=f"bootcamp-{name}-"))
    for file in [*folder.rglob("*.nbi"), *folder.rglob("*.nbc")]:
        if status.st_mode & 0o022 or file.lstat().st_uid != os.getuid():
            file.unlink()
    folder.chmod(0o700)
    return folder


FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quota of this name


def disk_full(folder: Path, needed_bytes: int = 0) -> DiskFull:
    """The error for a folder on a full disk; ``needed_bytes`` is 0 where nobody knows."""
    need = f", and {needed_bytes / 1e6:.0f} MB are needed" if needed_bytes else ""
    what_to_do = "Free some space and run this again, or set BOOTCAMP_CACHE to a folder on another disk"
    return DiskFull(errno.ENOSPC, f"The disk is full{need}. {what_to_do}", str(folder))


@contextmanager
def full_disk_is_said(folder: Path, needed_bytes: int = 0) -> Iterator[None]:
    """A full disk is one sentence, in whatever words and kind of error HDF5, TensorFlow or Python put it.

    Args:
        folder: that is written to.
        needed_bytes: of what is written; 0 where nobody knows.

    Raises:
        DiskFull: no space is left.
    """
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        words, number = str(error).lower(), getattr(error, "errno", None)  # words may be in another language
        if number not in FULL and not any(
            sign in words for sign in ("no space left", "not enough space", "disk quota exceeded")
        ):
            raise
        raise disk_full(folder, needed_bytes) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name in the same folder to write to; in the end the file is moved to ``path``, or removed after an error.

    So ``path`` is there whole, or as it was before. The name begins with ``tmp-`` and ends as that of ``path`` does.

    Raises:
        DiskFull: no space is left.
    """
    temporary = path.with_name(f"tmp-{secrets.token_hex(4)}-{path.name}")
    try:
        with full_disk_is_said(path.parent):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a small text file so that it is there whole or as it was before.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
