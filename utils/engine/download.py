"""Files of data sets: checked against their published content, downloaded whole or in parts, or taken from a package.

`utils.data` decides where to look. What arrives here is bounded, compared with its hash and moved into place whole.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pooch
import requests

from utils.engine import store
from utils.engine.paths import DataError, DiskFull, cache_dir, full_disk_is_said, replacing

ATTEMPTS_PER_URL = 3
LEAST_SHARE = 0.95  # of the announced size: archives without a published hash only grow
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10, 60
PACKAGE_MANAGERS = ("npm", "debian")  # keys of the registry, in the order in which they are asked


# --- what lies in a folder ----------------------------------------------------------------


def verified(folder: Path, entry: dict, problems: list[str]) -> dict[str, Path] | None:
    """The files of a set in ``folder``, or None; what is wrong there is added to ``problems``."""
    files: dict[str, Path] = {}
    for file, facts in entry["files"].items():
        candidates = [path for path in (folder / file, folder / f"{file}.gz") if path.is_file()]
        if not candidates:
            if files:
                problems.append(f"{folder} is incomplete: {file} is missing")
            return None
        path = candidates[0]
        fault = fault_of(path, facts)
        if fault:
            problems.append(f"{path} is damaged ({fault})")
            if folder.parent == cache_dir("downloads"):
                path.unlink(missing_ok=True)
                print(f"{path.name}: the cached copy was damaged and has been removed", flush=True)
            return None
        files[file] = path
    return files


def fault_of(path: Path, facts: dict) -> str:
    """What is wrong with a file, in words; empty if nothing is."""
    try:
        if "sha256" in facts:
            right = hashlib.sha256(read_bytes(path, _most_bytes(facts))).hexdigest() == facts["sha256"]
        elif "md5" in facts:
            with open(path, "rb") as file:
                right = hashlib.file_digest(file, "md5").hexdigest() == facts["md5"]
        elif "starts_with" in facts:
            content = read_bytes(path, _most_bytes(facts))
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


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """The content of a file, unpacked; DataError where it holds more: a small file can unpack to fill the memory."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else open(path, "rb") as file:
        content = file.read() if most is None else file.read(most + 1)
    if most is not None and len(content) > most:
        raise DataError(f"it holds more than the {most:,} bytes that are taken")
    return content


# --- download -----------------------------------------------------------------------------


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time fills a folder; the others wait and then find it full."""
    with store.locked(folder, f"the data set {folder.name}") as alone:
        if alone is False:
            raise DataError(
                f"Another process has been filling {folder} for an hour. Stop it, then run this again."
            )
        yield


def download(entry: dict, target: Path, problems: list[str]) -> bool:
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
            with full_disk_is_said(partial.parent, facts["bytes"]), open(partial, "ab") as file:
                get(url, _Bounded(file, facts), None)
        except DiskFull:
            partial.unlink(missing_ok=True)
            raise
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
    fault = fault_of(source, facts)
    if fault:
        return fault
    if "sha256" in facts:
        with replacing(path) as temporary:
            temporary.write_bytes(read_bytes(source))
        source.unlink(missing_ok=True)
    else:
        os.replace(source, path)
    return ""


# --- package clients ----------------------------------------------------------------------


def from_package(manager: str, entry: dict, target: Path) -> None:
    """Fill a folder with the files of a set from a package of npm or Debian.

    Raises:
        DataError: the package cannot be had or holds something else; the message says which and why.
    """
    unpack = {"npm": _from_npm, "debian": _from_debian}[manager]
    try:
        with alone_in(target), tempfile.TemporaryDirectory() as scratch:
            unpack(entry, Path(scratch), target)
    except (DataError, OSError, subprocess.SubprocessError, tarfile.TarError) as failure:
        raise DataError(f"{manager} could not provide {entry[manager]}: {_detail(failure)}") from failure


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
