"""How long a notebook takes to study: counted from its words, formulas, code, figures and exercises.

``python -m utils.engine.study`` writes the minutes into the notebooks' headers, README, agenda and Start_Here.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import nbformat

from utils.engine.paths import LABS as LABS_IN_ORDER
from utils.engine.paths import ROOT, write_whole

# Adults read non-fiction at 238 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047). The other rates are
# assumptions of ours, not measured: two thirds of that for a text to learn from, and the seconds below.
WORDS_A_MINUTE = 160
SECONDS = {"formula": 20, "line": 3, "figure": 20, "question": 60, "control": 60}
STEP = 5  # minutes, to which a notebook is rounded
HOURS = 3  # of a lab with an instructor
FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)
FIELD = re.compile(r"<!-- study -->.*?<!-- /study -->")
EXERCISE = re.compile(r"^### .*\((\d+) minutes\)", re.MULTILINE)
HEADER = "| Run time | Level | Data | Needs |\n|---|---|---|---|\n"
NEW_HEADER = "| Run time | Study time | Level | Data | Needs |\n|---|---|---|---|---|\n"
TABLE_HEAD = "| Notebook | What you build | Run time, 2 cores | Study time |\n|---|---|---|---|\n"
LABS_OF_TEXT = re.compile(r"<!-- study of (\w+) -->.*?<!-- /study -->", re.DOTALL)
ROW = re.compile(
    r"^(\| \[[^\]]*\]\(([^)]+\.ipynb)\) \| [^|]* \| [\d.]+ min) \|(?: [^|\n]* \|)?$", re.MULTILINE
)
SHORT = (  # one idea of each lab
    "Start_Here",
    "Intro_to_DL/02_Your_First_Classifier",
    "Tropical_Cyclone/04_The_Leak",
    "CFD_Steady_Flow/01_Flow_by_Particles",
    "PINN_SimNet/01_From_Data_to_Physics",
)


def parts(path: Path) -> dict[str, float]:
    """Minutes of a notebook by what they go into: ``reading``, ``formulas``, ``code``, ``figures``, ``exercises``."""
    minutes = dict.fromkeys(("reading", "formulas", "code", "figures", "exercises"), 0.0)
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        text = cell.source
        if cell.cell_type == "markdown":
            text = LABS_OF_TEXT.sub("", FOLD.sub("", text))
            if number == 0:
                text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)  # holds the time itself
            minutes["exercises"] += sum(map(int, EXERCISE.findall(text)))
            prose, formulas = re.subn(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
            minutes["formulas"] += formulas * SECONDS["formula"] / 60
            prose = re.sub(r"<[^>]*>|\]\([^)]*\)|[|#*`>-]", " ", prose)
            if not text.startswith("## References"):
                minutes["reading"] += len(re.findall(r"\w[\w'.-]*", prose)) / WORDS_A_MINUTE
            continue
        shown = len(re.findall(r"\bviz\.(?:show|table|animate)\(", text))
        minutes["figures"] += shown * SECONDS["figure"] / 60
        minutes["figures"] += text.count("viz.interact(") * SECONDS["control"] / 60
        minutes["exercises"] += len(re.findall(r"\bquiz\(", text)) * SECONDS["question"] / 60
        if not cell.metadata.get("jupyter", {}).get("source_hidden") and "# replace None" not in text:
            lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
            minutes["code"] += len(lines) * SECONDS["line"] / 60
    return minutes


def minutes(path: Path) -> int:
    """Study time of a notebook, to 5 minutes; Start_Here to one."""
    total = sum(parts(path).values())
    return max(1, round(total)) if path.parent == ROOT else max(STEP, STEP * round(total / STEP))


def in_words(total: int) -> str:
    """``95`` becomes ``1 h 35 min``."""
    hours, rest = divmod(total, 60)
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"


def of_lab(lab: str) -> list[tuple[Path, int]]:
    """Each notebook of a lab with its minutes."""
    return [(path, minutes(path)) for path in sorted((ROOT / lab).glob("[0-9]*.ipynb"))]


def with_header(text: str, total: int) -> str:
    """A notebook's first cell with its study time beside its run time."""
    field = f"<!-- study -->{in_words(total)}<!-- /study -->"
    if FIELD.search(text):
        return FIELD.sub(field, text)
    return re.sub(
        re.escape(HEADER) + r"(\|.*?<!-- /minutes --> )\|",
        lambda m: f"{NEW_HEADER}{m[1]}| {field} |",
        text,
        count=1,
    )


def sentence(lab: str) -> str:
    """What of a lab fits into its hours, from its first notebook on."""
    listed = of_lab(lab)
    everything = sum(number for _, number in listed)
    if everything <= 60 * HOURS:
        return f"Studied alone, with every exercise, the notebooks take {in_words(everything)}: they fit {HOURS} hours."
    last = _last_that_fits([number for _, number in listed])
    without = _last_that_fits([_reading(path) for path, _ in listed])
    return (
        f"Studied alone, with every exercise, the notebooks take {in_words(everything)}. {HOURS} hours hold 01 to "
        f"{last:02d}, or 01 to {without:02d} without the exercises; leave the others for home, or step through them "
        "without reading the code."
    )


def _last_that_fits(numbers: list) -> int:
    return sum(sum(numbers[: k + 1]) <= 60 * HOURS for k in range(len(numbers)))


def paths_text() -> str:
    """The short and the full path, with links from the root of the course."""
    short = [ROOT / f"{name}.ipynb" for name in SHORT]
    links = "\n".join(
        f"{number}. [{_title(path)}]({path.relative_to(ROOT).as_posix()}), {in_words(minutes(path))}"
        for number, path in enumerate(short, 1)
    )
    full = sum(number for lab in LABS_IN_ORDER for _, number in of_lab(lab))
    brief = STEP * round(sum(map(_reading, short)) / STEP)
    return (
        f"**Short path**: five notebooks, one idea of each lab, {in_words(brief)} without the exercises "
        f"({in_words(sum(map(minutes, short)))} with them):\n\n{links}\n\n"
        f"**Full path**: all labs in their order, {in_words(full)} with every exercise."
    )


def _reading(path: Path) -> float:
    return sum(value for name, value in parts(path).items() if name != "exercises")


def _title(path: Path) -> str:
    return nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].lstrip("# ")


def written(text: str) -> str:
    """A text of the course with its study times as they are now."""

    def fill(match: re.Match) -> str:
        lab = match[1]
        told = paths_text() if lab == "paths" else sentence(lab)
        return f"<!-- study of {lab} -->{chr(10) * (lab == 'paths')}{told}{chr(10) * (lab == 'paths')}<!-- /study -->"

    def row(match: re.Match) -> str:
        path = ROOT / match[2]
        return f"{match[1]} | {in_words(minutes(path))} |" if path.exists() else match[0]

    return LABS_OF_TEXT.sub(fill, ROW.sub(row, text))


def update(root: Path, notebooks: Sequence[Path]) -> None:
    """Write the times into the notebooks' headers and wherever a text of the course asks for them."""
    for path in notebooks:
        book = nbformat.read(path, as_version=4)
        before = nbformat.writes(book)
        book.cells[0].source = with_header(book.cells[0].source, minutes(path))
        for cell in book.cells:
            if cell.cell_type == "markdown":
                cell.source = written(cell.source)
        if nbformat.writes(book) != before:
            write_whole(path, nbformat.writes(book) + "\n")
    for name in ("README.md", "docs/instructor_guide.md"):
        path = root / name
        if path.exists():
            write_whole(path, written(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    update(
        ROOT,
        [ROOT / "Start_Here.ipynb", *(path for lab in LABS_IN_ORDER for path, _ in of_lab(lab))],
    )
