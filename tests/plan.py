"""Which test files and notebooks run, in which order, how long they took before and when they last passed."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from dependencies import Course
from utils.engine.paths import cache_dir, write_whole

# Notebooks of these labs follow each other in one worker: later ones use what earlier ones computed and trained.
IN_ORDER = ("Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow")
SECONDS_OF_A_TEST_FILE = 20.0  # while nothing is known of it
IS_A_UNIT = re.compile(r"(^|/)test_\w+\.py$|\.ipynb$")
MINUTES = re.compile(r"<!-- minutes -->\s*([\d.]+) min")


def scope(unit: str) -> str:
    """What one worker runs from first to last: a lab of `IN_ORDER`, else a file."""
    folder = unit.split("/")[0]
    return folder if folder in IN_ORDER else unit


def units(course: Course, arguments: Iterable[str]) -> list[str]:
    """The test files and notebooks that pytest finds for its arguments; none if they name single tests."""
    found: list[str] = []
    for argument in arguments:
        path = Path(os.path.abspath(course.root / argument))
        if not path.exists() or not path.is_relative_to(course.root):
            return []
        name = path.relative_to(course.root).as_posix()
        inside = [other for other in course.files if path == course.root or other.startswith(name + "/")]
        found += [name] if path.is_file() else [other for other in inside if IS_A_UNIT.search(other)]
    return list(dict.fromkeys(found))


def in_order(names: list[str], history: dict[str, dict], expected: dict[str, float]) -> list[str]:
    """What failed last time first, then what takes longest; files of one scope stay together, in reading order."""
    scopes: dict[str, list[str]] = {}
    for name in names:
        scopes.setdefault(scope(name), []).append(name)

    def urgency(members: list[str]) -> tuple[bool, float]:
        failed = any(history.get(name, {}).get("failed") for name in members)
        return not failed, -sum(expected[name] for name in members)

    return [name for members in sorted(scopes.values(), key=urgency) for name in members]


def expected_seconds(root: Path, name: str, history: dict[str, dict]) -> float:
    """Seconds of the last complete run here, else the minutes that the notebook states."""
    if "seconds" in history.get(name, {}):
        return history[name]["seconds"]
    if name.endswith(".ipynb"):
        stated = MINUTES.search((root / name).read_text(encoding="utf-8"))
        if stated:
            return 60 * float(stated[1]) + 5
    return SECONDS_OF_A_TEST_FILE


def changed(course: Course, names: list[str], history: dict[str, dict]) -> list[str]:
    """Those that never passed as they and all that they need are now."""
    return [name for name in names if history.get(name, {}).get("passed") != course.fingerprint(name)]


def read_history() -> dict[str, dict]:
    """By file: seconds of its last complete run, whether it failed, and its fingerprint when it passed."""
    try:
        history = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return history if isinstance(history, dict) else {}


def add_to_history(news: dict[str, dict]) -> None:
    """Replace the entries of the files that ran."""
    write_whole(_file(), json.dumps(read_history() | news, indent=1))


def _file() -> Path:
    return cache_dir("tests") / "history.json"
