"""Words of the glossary are links where a notebook first uses them.

``python -m utils.engine.glossary`` adds the links to the notebooks of the labs.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import nbformat

from utils.engine.paths import LABS, ROOT, write_whole

LETTERS = dict(zip(("", "T", "F", "P"), LABS, strict=True))  # of the glossary's numbers
ROW = re.compile(
    r"^\| (?P<words>.+?)(?: \((?P<where>[TFP]?\d+(?:, ?[TFP]?\d+)*)\))? \| (?P<meaning>.+) \|$", re.MULTILINE
)
TARGET = "../docs/glossary.md"
# Other sciences use these words of Lab 1 for something else: a flow has a channel, a beam a weight.
LAB_1_ONLY = {
    "batch",
    "bias",
    "calibration",
    "channel",
    "kernel",
    "parameter",
    "stride",
    "tensor",
    "test set",
    "weight",
}
EVERYDAY = {
    "bound",
    "coverage",
    "kernel",
    "leak",
    "persistence",
    "shortcut",
}  # linked in their own notebook only
KEPT = re.compile(  # no word is linked in here: in a box of HTML a link would be read as it is written
    r"(```.*?```|<div.*?</div>|<details>.*?</details>|``[^`]+``|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$|<[^>]+>|!?\[[^\]]*\]\([^)]*\)"
    r"|^## References.*|^#[^\n]*|^\|[^\n]*)",
    re.DOTALL | re.MULTILINE,
)


def words_of(path: Path) -> list[str]:
    """Words that are linked in a notebook: those of its lab and of Lab 1, once they are introduced; longest first."""
    lab, number = path.parent.name, int(path.stem[:2])
    found = []
    for row in ROW.finditer((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")):
        places = re.findall(r"([TFP]?)(\d+)", row["where"] or "")
        own = [int(place) for letter, place in places if LETTERS[letter] == lab]
        for word in row["words"].split(", "):
            if own:
                here = number == min(own) if word in EVERYDAY else number >= min(own)
            else:
                here = any(not letter for letter, _ in places) and word not in LAB_1_ONLY | EVERYDAY
            if here:
                found.append(word)
    return sorted(found, key=len, reverse=True)


def pattern_of(word: str) -> re.Pattern:
    """The word, its plural and its capital; an abbreviation as it is."""
    flags = 0 if word.isupper() or word == "SINDy" else re.IGNORECASE
    plural = "" if word == "drag" else "s?"  # a lid drags the fluid along
    return re.compile(rf"(?<![\w-]){re.escape(word)}{plural}(?![\w-])", flags)


def linked(cells: Sequence[str], words: Sequence[str]) -> list[str]:
    """Texts of markdown cells in which each word is a link at its first use.

    Args:
        cells: the texts, in order; the first one, a notebook's head, stays as it is.
        words: longest first, so that a part of a longer word is not linked in its place.
    """
    cells = list(cells)
    for word in words:
        pattern = pattern_of(word)
        if any(re.search(rf"\[{pattern.pattern}\]\({re.escape(TARGET)}\)", c, pattern.flags) for c in cells):
            continue
        for place in range(1, len(cells)):
            if cells[place].startswith(("## References", "## You will be able")):
                continue
            parts = KEPT.split(cells[place])
            number = next((k for k in range(0, len(parts), 2) if pattern.search(parts[k])), None)
            if number is not None:
                parts[number] = pattern.sub(lambda m: f"[{m[0]}]({TARGET})", parts[number], count=1)
                cells[place] = "".join(parts)
                break
    return cells


def update(path: Path) -> bool:
    """Add the links that are missing in a notebook; whether there were any."""
    book = nbformat.read(path, as_version=4)
    cells = [cell for cell in book.cells if cell.cell_type == "markdown"]
    texts = linked([cell.source for cell in cells], words_of(path))
    changed = texts != [cell.source for cell in cells]
    for cell, text in zip(cells, texts, strict=True):
        cell.source = text
    if changed:
        write_whole(path, nbformat.writes(book) + "\n")
    return changed


if __name__ == "__main__":
    for lab in LABS:
        for path in sorted((ROOT / lab).glob("[0-9]*.ipynb")):
            if update(path):
                print(path.relative_to(ROOT))
