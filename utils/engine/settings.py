"""The settings that environment variables give: read here and nowhere else, checked, and shown by `./bootcamp check`.

Standard library only: the launcher reads this file before any package is installed.
"""

import difflib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST_SEED = 2**32 - 1  # that NumPy's and Keras' generators take

MEANING = {
    "BOOTCAMP_VENV": "folder of the Python environment",
    "BOOTCAMP_CACHE": "folder of downloads, trained networks, logs and results",
    "BOOTCAMP_DATA": "folder of data sets that were fetched before, shared and read-only if you like",
    "BOOTCAMP_OFFLINE": "1 forbids the network",
    "BOOTCAMP_PROFILE": "laptop or gpu: the sizes of data and networks",
    "BOOTCAMP_SEED": "seed of every notebook, a whole number",
    "BOOTCAMP_GPU_MEMORY_MB": "GPU memory that one framework may take, in MB",
    "BOOTCAMP_VARIANT": "cpu or cuda: which packages the launcher installs",
    "BOOTCAMP_COMPETITION_KEY": "key of a competition's hidden set",
}
# Of the container, of the tests.
OTHERS = ("BOOTCAMP_HOME", "BOOTCAMP_HUB", "BOOTCAMP_CLAIMS", "BOOTCAMP_IMAGE_STORE", "BOOTCAMP_CHART")


class SettingError(ValueError):
    """A variable holds what cannot be meant; the message says what it may hold."""


def text(name: str) -> str:
    """The value of a variable without the blanks around it; unset and empty are the same, ``""``."""
    return os.environ.get(name, "").strip()


def choice(name: str, *allowed: str) -> str:
    """One of the allowed words, or ``""``.

    Raises:
        SettingError: any other word.
    """
    value = text(name)
    if value and value not in allowed:
        raise SettingError(f"{name} is '{_short(value)}': set it to {' or '.join(allowed)}, or unset it.")
    return value


def whole_number(name: str, least: int, most: int, example: str) -> int | None:
    """A whole number, or None where the variable is unset.

    Raises:
        SettingError: it is none, or out of range.
    """
    value = text(name)
    if not value:
        return None
    # int() would take 1_000 and digits of other scripts, too.
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else -1
    if not least <= number <= most:
        raise SettingError(
            f"{name} is '{_short(value)}': set it to a whole number from {least} to {most}, for example {example}, "
            "or unset it."
        )
    return number


def folder(name: str, must_exist: bool = False) -> Path | None:
    """The absolute folder that a variable names, without links; None where it is unset.

    A name that does not begin with / or ~ counts from the folder of the course: each notebook runs in a folder
    of its own. (The launcher counts from where it is started and hands the absolute name on.)

    Raises:
        SettingError: it is a file, the system refuses it, or it must exist and does not.
    """
    value = text(name)
    if not value:
        return None
    value = os.path.expanduser(value)
    if value.startswith("~"):
        raise SettingError(
            f"{name} begins with '~', and no such home folder is known: write it out, or unset it."
        )
    path = Path(os.path.realpath(ROOT / value))
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        if not must_exist:
            return path
        raise SettingError(
            f"{name} names {_short(str(path))}, which does not exist: correct it, or unset it."
        ) from None
    except OSError as error:  # of another user, too long, a loop of links, below a file
        raise SettingError(
            f"{name} names {_short(str(path))}, which cannot be used ({error.strerror}): correct it, or unset it."
        ) from None
    if not is_folder:
        raise SettingError(
            f"{name} names {_short(str(path))}, which is not a folder: name a folder, or unset it."
        )
    return path


def seed(default: int) -> int:
    """`BOOTCAMP_SEED`, or the notebook's own."""
    given = whole_number("BOOTCAMP_SEED", 0, LARGEST_SEED, "1")
    return default if given is None else given


def profile() -> str:
    """`BOOTCAMP_PROFILE`, or ``""``."""
    return choice("BOOTCAMP_PROFILE", "laptop", "gpu")


def claims_raise() -> bool:
    """Whether a claim of a notebook that fails is an error: so in the course's own runs."""
    return choice("BOOTCAMP_CLAIMS", "raise") == "raise"


def variant() -> str:
    """`BOOTCAMP_VARIANT`, or ``""``."""
    return choice("BOOTCAMP_VARIANT", "cpu", "cuda")


def gpu_memory_mb() -> int | None:
    """`BOOTCAMP_GPU_MEMORY_MB`."""
    return whole_number("BOOTCAMP_GPU_MEMORY_MB", 1, 10**7, "8192")


def cache() -> Path | None:
    """`BOOTCAMP_CACHE`."""
    return folder("BOOTCAMP_CACHE")


def data() -> Path | None:
    """`BOOTCAMP_DATA`."""
    return folder("BOOTCAMP_DATA", must_exist=True)


def venv() -> Path | None:
    """`BOOTCAMP_VENV`."""
    return folder("BOOTCAMP_VENV")


def offline() -> bool:
    """`BOOTCAMP_OFFLINE`."""
    return choice("BOOTCAMP_OFFLINE", "0", "1") == "1"


READERS = {
    "BOOTCAMP_VENV": venv, "BOOTCAMP_CACHE": cache, "BOOTCAMP_DATA": data, "BOOTCAMP_OFFLINE": offline,
    "BOOTCAMP_PROFILE": profile, "BOOTCAMP_SEED": lambda: seed(0), "BOOTCAMP_GPU_MEMORY_MB": gpu_memory_mb,
    "BOOTCAMP_VARIANT": variant,
}  # fmt: skip


def make_folders_absolute(start: Path) -> None:
    """Count relative folders from ``start``, for this process and all that it starts."""
    for name in ("BOOTCAMP_VENV", "BOOTCAMP_CACHE", "BOOTCAMP_DATA"):
        value = os.path.expanduser(text(name))
        if value and not value.startswith("~"):  # else `folder` says what is wrong
            os.environ[name] = os.path.realpath(start / value)


def in_force() -> list[tuple[str, str, str]]:
    """(variable, value in force, meaning) of every variable that is set; a key is not shown.

    Raises:
        SettingError: one of them holds what cannot be meant.
    """
    rows = []
    for name, meaning in MEANING.items():
        if text(name):
            value = READERS[name]() if name in READERS else "(set)"
            rows.append((name, _short(str(value)), meaning))
    return rows


def problems(environment: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each variable that is wrong or looks misspelt."""
    found = []
    for read in READERS.values():
        try:
            read()
        except SettingError as error:
            found.append(str(error))
    for name in environment:
        known = name in MEANING or name in OTHERS or name.endswith("_TEST")  # a switch of a test
        if name.startswith("BOOTCAMP_") and not known:
            meant = difflib.get_close_matches(name, MEANING, 1)
            found.append(
                f"{_short(name)} is no setting of the course."
                + (f" Did you mean {meant[0]}?" if meant else "")
            )
    return found


def _short(value: str) -> str:
    """Somebody's text, printable and of bounded length."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in value[:200])
    return shown + "..." * (len(value) > 200)
