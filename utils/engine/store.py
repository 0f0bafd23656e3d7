"""Everything that is computed once and kept: data sets, trained networks, references.

An entry is one file and a small one beside it, ``NAME-KEY.SUFFIX`` and ``NAME-KEY.SUFFIX.json``. The key is a
`fingerprint` of the settings, the code and the versions of libraries that made it; the small file holds its size, its
checksum and what else is to be known of it. It is written last: an entry is there whole or not at all.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock

from utils.engine import parallel, settings
from utils.engine.fingerprint import Unseen, fingerprint
from utils.engine.paths import FULL, DataError, cache_dir, full_disk_is_said, replacing, write_whole
from utils.engine.results import slug

PATIENCE = 3600.0  # seconds that a lock is waited for
SAVE_SECONDS = 10.0  # of a training, after which its state is saved
SILENCE = 3.0  # seconds of waiting before it is said

_ENTRY = re.compile(r"([a-z0-9_]+-[0-9a-f]{16}(\.[a-z0-9]+)+?)(\.json|\.lock|\.part.*)?$")

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A kept file.

    Attributes:
        path: of the file.
        facts: what `make` said of it.
        is_new: True if it was made now.
        origin: where it was found, in words.
    """

    path: Path
    facts: Facts
    is_new: bool
    origin: str


@dataclass(frozen=True)
class Recipe:
    """What is to be kept, and how it is made.

    Attributes:
        lab: folder of the cache.
        name: of the entry, for people.
        suffix: of the file, e.g. ``".npz"``.
        made_of: all that changes the content: settings, data, seed, modules or functions (see `fingerprint`).
        make: writes the file at the path that it is given and returns facts for JSON. Its second argument is a folder for
            what is finished in between; it survives an interruption and is removed in the end.
        holds: what, in the plural, for people.
        again: how it is made anew, e.g. ``"drawn again"``.
    """

    lab: str
    name: str
    suffix: str
    made_of: tuple[Any, ...]
    make: Callable[[Path, Path], Facts]
    holds: str = "results"
    again: str = "made again"

    @property
    def file_name(self) -> str:
        """Changes with all that changes the content.

        Raises:
            Unseen: something that the result depends on cannot be seen.
        """
        return f"{slug(self.name)}-{fingerprint(*self.made_of)}{self.suffix}"


@contextmanager
def kept(recipe: Recipe, *, anew: bool = False, wait: bool = True) -> Iterator[Entry]:
    """The file of a recipe: found, or made now; good at least as long as the context.

    It is looked for in ``$BOOTCAMP_DATA/LAB``, which is never written to, and in the cache. A file that is not what its
    maker wrote is said, removed and made again. What the key cannot see is made and not kept, and this is said.

    Args:
        recipe: what, and how.
        anew: make it even if it is there.
        wait: while another process makes the same, wait for it; else make a copy of one's own.

    Raises:
        DiskFull: no space is left.
        OSError: no place can be written to.
    """
    try:
        file_name = recipe.file_name
    except Unseen as unseen:
        print(
            f"{recipe.name} is not kept: {unseen} cannot be seen into, so nobody could tell when it is out of date."
        )
        with _thrown_away(recipe) as own:
            yield own
        return
    path = cache_dir(recipe.lab) / file_name
    entry = None if anew else _found(path, recipe)
    if entry is None:
        with full_disk_is_said(path.parent), locked(path, recipe.name if wait else "") as alone:
            if alone is not False:
                entry = _made(path, recipe, anew, alone is True)
    if entry:
        yield entry
        return
    if not wait:
        print("Another kernel is training this very run; this one trains its own copy.")
    with _thrown_away(recipe) as own:
        yield own


def _found(path: Path, recipe: Recipe) -> Entry | None:
    """The entry, if it is whole, from a shared folder or the cache."""
    shared = settings.data()
    for folder, origin in (
        (shared / recipe.lab if shared else None, "the shared folder BOOTCAMP_DATA"),
        (path.parent, "the cache"),
    ):
        if folder and (folder / path.name).exists():
            facts = read(folder / path.name)
            if facts is not None:
                return Entry(folder / path.name, facts, False, origin)
            if folder != path.parent:
                print(
                    f"{folder / path.name} is damaged or holds other {recipe.holds}; it is not used.",
                    flush=True,
                )
    return None


def _made(path: Path, recipe: Recipe, anew: bool, alone: bool) -> Entry:
    """Under the lock: what somebody else has made meanwhile, or what is made now."""
    for file in (path, beside(path)):
        if file.is_dir():
            raise DataError(
                f"{file} is a folder, and a file of {recipe.holds} belongs there. Move the folder away."
            )
    work = path.with_name(f"{path.name}.part")
    if not work.is_dir():
        work.unlink(missing_ok=True)
    if os.path.lexists(path):
        if (facts := read(path)) is None:
            print(f"{path.name}: the kept copy was damaged; it is removed and {recipe.again}", flush=True)
        elif not anew:
            return Entry(path, facts, False, "the cache")
        else:
            shutil.rmtree(work, ignore_errors=True)
        remove(path)
    if alone:
        work.mkdir(exist_ok=True)
    else:  # without locks somebody else may work in the same folder
        work = Path(tempfile.mkdtemp(prefix=f"{work.name}-", dir=work.parent))
    for leftover in work.glob("tmp-*"):  # of a process that was killed
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    facts = write(path, lambda file: recipe.make(file, work))
    shutil.rmtree(work, ignore_errors=True)
    return Entry(path, facts, True, "")


@contextmanager
def _thrown_away(recipe: Recipe) -> Iterator[Entry]:
    with tempfile.TemporaryDirectory() as scratch, full_disk_is_said(Path(scratch)):
        work = Path(scratch) / "part"
        work.mkdir()
        file = Path(scratch) / f"result{recipe.suffix}"
        yield Entry(file, recipe.make(file, work), True, "")


# --- one file -----------------------------------------------------------------------------


def beside(path: Path) -> Path:
    """The small file that describes a kept one."""
    return path.with_name(f"{path.name}.json")


def write(path: Path, make: Callable[[Path], Facts]) -> Facts:
    """Make a file and the small one beside it; ``path`` is there whole or not at all.

    Args:
        path: of the file.
        make: writes the file at the path that it is given and returns facts for JSON.
    """
    with replacing(path) as temporary:
        facts = json.loads(json.dumps(make(temporary)))
        about = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            **_sums(temporary, facts),
            "facts": facts,
        }
    write_whole(beside(path), json.dumps(about, indent=1))
    return facts


def _sums(path: Path, facts: Facts) -> dict[str, Any]:
    with open(path, "rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    facts_checksum = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return {"bytes": path.stat().st_size, "sha256": checksum, "facts_sha256": facts_checksum}


_whole: dict[tuple, Facts] = {}  # files that were read whole in this session, by path, size and time


def read(path: Path) -> Facts | None:
    """What is known of a kept file; None unless it is byte for byte what was written."""
    try:
        if not (path.is_file() and beside(path).is_file()):  # a pipe would be waited for
            return None
        states = [
            (file.stat().st_mtime_ns, file.stat().st_size, file.stat().st_ino)
            for file in (path, beside(path))
        ]
        seen = (path, *states)
        if seen not in _whole:
            about = json.loads(beside(path).read_text(encoding="utf-8"))
            sums = _sums(path, about["facts"])
            if sums != {name: about[name] for name in sums}:
                return None
            _whole[seen] = dict(about["facts"])
        return _whole[seen]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def remove(path: Path) -> None:
    """An entry, whole or damaged."""
    for file in (beside(path), path):
        file.unlink(missing_ok=True)


def checkpoint(work: Path, suffix: str, make: Callable[[Path], Facts]) -> None:
    """Keep the state of a long computation in its folder, in place of the one before."""
    before = _checkpoints(work, suffix)
    write(work / f"state-{before[-1][0] + 1 if before else 0:06d}{suffix}", make)
    for _, path in before:
        remove(path)


def last_checkpoint(work: Path, suffix: str) -> Entry | None:
    """The newest state that is whole; none if there is none."""
    for _, path in reversed(_checkpoints(work, suffix)):
        if (facts := read(path)) is not None:
            return Entry(path, facts, False, "an interrupted run")
        remove(path)
    return None


def _checkpoints(work: Path, suffix: str) -> list[tuple[int, Path]]:
    numbered = re.compile(rf"state-(\d+){re.escape(suffix)}")
    found = ((numbered.fullmatch(path.name), path) for path in work.iterdir())
    return sorted((int(name[1]), path) for name, path in found if name)


def entries(folder: str) -> dict[str, list[Path]]:
    """What is kept in a folder of the cache: by file name the files of an entry, with its lock and unfinished work."""
    found: dict[str, list[Path]] = {}
    for path in sorted(cache_dir(folder).iterdir()):
        if name := _ENTRY.match(path.name):
            found.setdefault(name[1], []).append(path)
    return found


def clean(folder: str) -> int:
    """Remove what is kept in a folder of the cache, and nothing that anybody else put there; return its bytes.

    What another process is making just now stays, and this is said.
    """
    freed = 0
    for name, files in entries(folder).items():
        with locked(cache_dir(folder) / name) as alone:
            if alone is False:
                print(f"{name} stays: another process is making it.")
                continue
            for path in files:
                freed += size(path)
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            (cache_dir(folder) / f"{name}.lock").unlink(missing_ok=True)
    return freed


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())


# --- one at a time ------------------------------------------------------------------------


@contextmanager
def locked(path: Path, what: str = "") -> Iterator[bool | None]:
    """One process at a time works on a file; the lock ends with its owner.

    Args:
        path: of the file; the lock lies beside it.
        what: is waited for; empty does not wait.

    Yields:
        True if no other process can be at work. False if the other one is not done when the patience ends. None where no
        lock can be made, as on network file systems that know none: nobody can tell.
    """
    lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), fallback_to_soft=False)
    try:
        alone = _acquired(lock, what)
    except OSError as error:
        if error.errno in FULL:
            raise
        alone = None  # a courtesy: that it cannot be made, for whatever reason, stops nobody
    try:
        yield alone
    finally:
        if alone:
            lock.release()


def _acquired(lock: filelock.BaseFileLock, what: str) -> bool:
    began, is_said = time.monotonic(), False
    while True:
        try:
            lock.acquire(timeout=SILENCE if what else 0)
            return True
        except filelock.Timeout:
            if parallel.repeats_its_script():  # the process that waits for this worker holds the lock
                raise RuntimeError(
                    "Each worker process runs the script that started it once more. Put what the script does under "
                    '`if __name__ == "__main__":`.'
                ) from None
            if what and not is_said:
                print(f"Another process makes {what}; waiting for it ({lock.lock_file}).", flush=True)
                is_said = True
            if not what or time.monotonic() - began > PATIENCE:
                return False
