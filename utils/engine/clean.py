"""`./bootcamp clean`: what the course keeps in its cache, and how to be rid of it."""

import argparse
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from utils.engine import store
from utils.engine.paths import LABS, cache_dir

FOLDERS = {  # what can be made or fetched again, beside the labs' entries
    "downloads": "data sets as their publishers give them",
    "executed": "notebooks run by ./bootcamp run",
    "book": "web pages of the notebooks",
    "logs": "TensorBoard logs",
    "numba": "compiled functions",
}
# What earlier versions kept: files of these names in these folders of the cache. No key of today leads to them.
EARLIER = {
    "trained": r".+-[0-9a-f]{16}(\.lock)?",
    "chip": r"[-0-9.]+-[0-9a-f]{8}\.(npz|lock)",
    "competition": r"cyclone-public-[0-9a-f]{12}\.(npz|lock)",
    "flow": r"flow-\d+x\d+-[0-9a-f]{10}\..+",
}
STAYS = {
    "submissions": "submissions",
    "leaderboard": "leaderboards",
    "results": "measured figures",
    "progress": "what learners have passed",
}


@dataclass(frozen=True)
class Kept:
    """What stands under one name.

    Attributes:
        name: for the command.
        what: in words.
        number: of entries.
        size: in bytes.
    """

    name: str
    what: str
    number: int
    size: int


def earlier() -> list[Path]:
    """What earlier versions of the course left in the cache, and nothing that anybody else put there."""
    base = cache_dir()
    return [
        path
        for folder, name in EARLIER.items()
        if (base / folder).is_dir()
        for path in sorted((base / folder).iterdir())
        if re.fullmatch(name, path.name) and not path.is_symlink()
    ]


def kept() -> list[Kept]:
    """All that the cache holds; labs first."""
    found = []
    for title, lab in (*LABS.items(), ("trained outside of a lab", "other")):
        parts = (lab, f"{lab}/trained")
        entries = [files for part in parts for files in store.entries(part).values()]
        bytes_ = sum(store.size(path) for files in entries for path in files)
        found.append(Kept(lab, title, len(entries), bytes_))
    for name, what in (FOLDERS | STAYS).items():
        folder = cache_dir(name)
        found.append(Kept(name, what, len(list(folder.iterdir())), store.size(folder)))
    if left := earlier():
        bytes_ = sum(store.size(path) for path in left)
        found.append(Kept("earlier", "what earlier versions of the course kept", len(left), bytes_))
    return found


def show() -> None:
    """Print the table."""
    print(f"{cache_dir()} holds:")
    for entry in kept():
        note = ", stays" if entry.name in STAYS else ""
        print(f"  {entry.name:<12} {entry.size / 1e6:>9.1f} MB  {entry.number:>4}  {entry.what}{note}")
    print(
        "Remove what can be made again by name, e.g.: ./bootcamp clean cyclone logs (or all). It is made again when a "
        "notebook asks for it."
    )


def remove(names: list[str]) -> int:
    """Remove what stands under these names; return the bytes that are free now."""
    freed = 0
    for name in names:
        if name == "earlier":
            for path in earlier():
                freed += store.size(path)
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            for emptied in (cache_dir() / folder for folder in EARLIER):
                if emptied.is_dir() and not any(emptied.iterdir()):
                    emptied.rmdir()
        elif name in FOLDERS:
            folder = cache_dir(name)
            freed += store.size(folder)
            shutil.rmtree(folder)
        else:
            freed += store.clean(name) + store.clean(f"{name}/trained")
    return freed


def main(arguments: list[str]) -> int:
    """Command line."""
    labs = [*LABS.values(), "other"]
    choices = [*labs, *FOLDERS, "earlier", "all"]
    parser = argparse.ArgumentParser(
        prog="bootcamp clean",
        description="Show what the course keeps in its cache, or remove some of it.",
        epilog=f"What is left alone: {', '.join(STAYS)}.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(choices))
    names = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in choices]:
        parser.error(f"'{unknown[0]}' cannot be removed; choose from {', '.join(choices)}")
    if not names:
        show()
        return 0
    freed = remove([*labs, *FOLDERS, "earlier"] if "all" in names else list(dict.fromkeys(names)))
    print(f"{freed / 1e6:.1f} MB removed from {cache_dir()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
