"""Figures the course measures, kept as small JSON files so that the README can quote them."""

import hashlib
import json
import platform
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from utils.engine.paths import cache_dir, write_whole

_trial = False
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


def slug(text: str) -> str:
    """Lower case with underscores: ``"01_First-Net"`` becomes ``"01_first_net"``."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def record(name: str, value: float, **context) -> None:
    """Write one measured figure.

    Args:
        name: ``lab.quantity`` in lower case, e.g. ``"intro_to_dl.mnist_cnn_test_accuracy"``.
        value: a finite number.
        context: what else to keep beside it (notebook, profile, seed, seconds).

    Raises:
        ValueError: the name is not of that form, or the value is not finite.
        OSError: it cannot be kept; the message says why.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is not of the form lab.quantity in lower case.")
    value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"{name} is {value}: only finite figures are recorded.")
    entry = {
        "name": name,
        "value": value,
        **context,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {m: version(m) for m in ("keras", "tensorflow", "torch", "numpy") if m in sys.modules},
    }
    if _trial:
        return
    write_whole(_folder() / f"{name}.json", json.dumps(entry | {"sha256": _sha256(entry)}, indent=1))


@contextmanager
def nothing_recorded() -> Iterator[None]:
    """Figures of a trial are not those of the course."""
    global _trial
    before, _trial = _trial, True
    try:
        yield
    finally:
        _trial = before


def read_all() -> dict[str, dict]:
    """Every recorded figure by name; the newest run wins. A file that holds none, or another than was written, is
    named and left out."""
    entries = {}
    for path in sorted(_folder().glob("*.json")):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            if entry.pop("sha256", None) not in (
                None,
                _sha256(entry),
            ):  # None: recorded by an earlier version
                raise ValueError
            entries[path.stem] = entry | {"value": float(entry["value"]), "date": str(entry["date"])}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            print(f"{path} holds no figure; remove it, or run its notebook again.", file=sys.stderr)
    return entries


def _sha256(entry: dict) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def _folder() -> Path:
    return cache_dir("results")
