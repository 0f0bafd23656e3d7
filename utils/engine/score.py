"""Score a submission to a competition: ``./bootcamp score LAB FILE [--key KEY] [--name NAME [--pin PIN] [--board FOLDER]]``.

The scorer belongs to its lab and is loaded only here, by name. It offers ``score(path, key, name, pin)``,
which returns a report to print, and ``hand_out(path, key)``, which writes what participants get.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

from utils.engine.paths import ROOT, DataError

SCORERS = {  # lab: folder, module
    "cyclone": ("Tropical_Cyclone", "cyclone.contest"),
    "flow": ("CFD_Steady_Flow", "flow.contest"),
    "chip": ("PINN_SimNet", "pinn.contest"),
}


class SubmissionError(ValueError):
    """A submission cannot be scored; each line of the message says what is wrong and what to do."""


def scorer(lab: str) -> ModuleType:
    """The module that scores submissions to a lab's competition."""
    folder, module = SCORERS[lab]
    if str(ROOT / folder) not in sys.path:
        sys.path.insert(0, str(ROOT / folder))
    return importlib.import_module(module)


def main(arguments: list[str]) -> int:
    """Command line: 0 if the submission was scored, 1 if it cannot be."""
    parser = argparse.ArgumentParser(prog="bootcamp score", description="Score a submission.")
    parser.add_argument("lab", choices=SCORERS)
    parser.add_argument("file", type=Path, help="the submission, a csv or npz file")
    parser.add_argument(
        "--key",
        help="of the hidden set; better in BOOTCAMP_COMPETITION_KEY, which leaves no trace in a history",
    )
    parser.add_argument("--name", help="puts the result on the leaderboard under this name")
    parser.add_argument(
        "--pin", help="keeps the name yours: its first entry sets the pin, later ones need the same"
    )
    parser.add_argument(
        "--board",
        type=Path,
        help="keep the leaderboard in this folder, and draw its page there, LAB.html, for the room to see",
    )
    parser.add_argument(
        "--hand-out",
        action="store_true",
        help="instructors: write to FILE what the participants get, no score",
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(), help=argparse.SUPPRESS
    )  # where FILE is relative to
    given = parser.parse_args(arguments)
    path = given.folder / given.file
    try:
        lab = scorer(given.lab)
        if given.board:
            lab.CONTEST.folder = _board_folder(given.folder / given.board, given.name)
        if given.hand_out:
            if os.path.lexists(path):
                raise SubmissionError(
                    f"{str(path)[-100:]!r} exists and is left as it is: choose another name to hand out."
                )
            lab.hand_out(path, given.key)
        else:
            print(lab.score(path, given.key, given.name, given.pin))
            if given.board:
                print(
                    f"The board: {importlib.import_module('utils.engine.board').write(lab.CONTEST, given.key)}"
                )
    except (SubmissionError, DataError) as error:
        if hasattr(error, "report"):  # scored, but not on the leaderboard
            print(error.report)
        print(getattr(error, "reason", error), file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The board's page could not be written: {error}.", file=sys.stderr)
        return 1
    return 0


def _board_folder(folder: Path, name: str | None) -> Path:
    """The instructor's folder; it must be there, and an entry needs a name."""
    if name is None:
        raise SubmissionError("A board shows names: give --name, too.")
    if not folder.is_dir():
        raise SubmissionError(f"{str(folder)[-100:]!r} is no folder: the instructor makes it first.")
    return folder


if (
    __name__ == "__main__"
):  # run as a script this module exists twice; the labs raise the imported one's error
    sys.exit(importlib.import_module("utils.engine.score").main(sys.argv[1:]))
