"""Is everything there? Prints one OK or FAIL line per item (``./bootcamp check``)."""

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Iterator

from utils import course, data, gpu
from utils.engine import parallel, settings
from utils.engine.paths import ROOT, cache_dir


def items() -> Iterator[tuple[bool, str, str]]:
    """(is it right, what was found, what to do if not) for every thing the course needs."""
    yield (
        (3, 11) <= sys.version_info[:2] <= (3, 13),
        f"Python {platform.python_version()}",
        "use 3.11 to 3.13",
    )
    for name, wanted in _pins():
        try:
            found = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        remedy = f"{wanted} was tested; start the course with ./bootcamp lab, which repairs its environment"
        yield found == wanted, f"{name} {found}", remedy
    for name in ("mnist", "fashion-mnist"):
        try:
            data.fetch(name, quiet=True)
            yield True, f"data set {name}", ""
        except (data.DataError, settings.SettingError, OSError) as error:
            yield False, f"data set {name}", str(error)
    try:
        place = cache_dir()
        free_gb = shutil.disk_usage(place).free / 1e9
        yield free_gb > 1, f"{free_gb:.0f} GB free in {place}", "free at least 1 GB, or set BOOTCAMP_CACHE"
    except (OSError, settings.SettingError) as error:
        yield False, "a folder to write to", str(error)
    memory_gb = parallel.memory_bytes()[1] / 2**30
    yield memory_gb > 3, f"{memory_gb:.0f} GB of memory free", "close other programs; the course needs 3 GB"


def _pins() -> list[tuple[str, str]]:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([\w.]+)", text, re.MULTILINE)


def report() -> bool:
    """Print all lines; True if every one is OK."""
    good = True
    for right, found, remedy in items():
        print(f"[ OK ] {found}" if right else f"[FAIL] {found}: {remedy}")
        good = good and right
    for line in gpu.describe():
        print(f"[ .. ] {line}")
    problems = settings.problems()
    for problem in problems:
        print(f"[FAIL] {problem}")
    if not problems:
        print(f"[ .. ] Profile: {course.profile()}.")
        for name, value, meaning in settings.in_force():
            print(f"[ .. ] {name} is set to {value} ({meaning}).")
    good = good and not problems
    print("All is ready." if good else "Something is missing: see the lines that say FAIL.")
    return good


if __name__ == "__main__":
    sys.exit(0 if report() else 1)
