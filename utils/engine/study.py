"""How long a notebook takes to study: counted from its words, formulas, code, figures and exercises.

``python -m utils.engine.study`` writes the minutes into the notebooks' headers, README, agenda and Start_Here.
"""

import functools
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import nbformat

from utils.engine.paths import LABS as LABS_IN_ORDER
from utils.engine.paths import ROOT, write_whole

# Adults read non-fiction at 238 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047). The other rates are
# assumptions of ours, not measured: two thirds of that for a text to learn from, and the seconds below.
WORDS_A_MINUTE = 160
SECONDS = {"formula": 20, "line": 3, "figure": 20, "question": 60, "control": 60}
STEP = 5  # minutes, to which a notebook is rounded
HOURS = 3  # of a lab
FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)
FIELD = re.compile(r"<!-- study -->.*?<!-- /study -->")
EXERCISE = re.compile(r"^### .*\((\d+) minutes\)", re.MULTILINE)
HEADER = "| Run time | Level | Data | Needs |\n|---|---|---|---|\n"
NEW_HEADER = "| Run time | Study time | Level | Data | Needs |\n|---|---|---|---|---|\n"
TABLE_HEAD = "| Notebook | What you build | Run time, 2 cores | Study time |\n|---|---|---|---|\n"
LABS_OF_TEXT = re.compile(r"<!-- study of (\w+) -->.*?<!-- /study -->", re.DOTALL)
ROW = re.compile(
    r"^(\| \[[^\]]*\]\(([^)]+\.ipynb)\) \| [^|]* \| (?:[\d.]+ min|seconds)) \|(?: [^|\n]* \|)?$", re.MULTILINE
)
SHORT = (  # one idea of each lab
    "Start_Here",
    "Intro_to_DL/02_Your_First_Classifier",
    "Tropical_Cyclone/04_The_Leak",
    "CFD_Steady_Flow/01_Flow_by_Particles",
    "PINN_SimNet/01_From_Data_to_Physics",
)
# What three hours of a lab hold: notebooks, and the sections of each that a first reading leaves out.
THREE_HOURS: dict[str, dict[int, tuple[str, ...]]] = {
    "Intro_to_DL": {
        1: (
            "Backpropagation by hand",
            "Optimizers",
            "The optimizers race again",
            "Universal approximation, and why it is not enough",
            "Let the machine choose: auto-ML",
            "Training versus inference",
            "Three ingredients",
        ),
        2: (
            "A map of the point cloud",
            "Activation functions",
            "Activation functions compared",
            "Activation and first weights belong together",
            "TensorBoard",
        ),
        3: (
            "Transposed convolution: back to a larger picture",
            "Receptive field",
            "The textbook network",
            "Does it see a moved digit?",
            "Computer-vision tasks, and science problems that look like them",
            "One of them for real: land use",
        ),
    },
    "Tropical_Cyclone": {
        1: ("Reading clouds: from Dvorak to the computer",),
        3: ("When machine learning instead of deep learning?",),
        4: ("A second leak: augment, then split",),
        8: (),
    },
    "CFD_Steady_Flow": {
        1: ("Benchmark 1: the cavity with a moving lid", "How fast?"),
        2: ("Check: the force on a car",),
        4: (),
        5: ("Appendix: a Fourier layer",),
        8: (),
    },
    "PINN_SimNet": {
        1: ("Noise, and an error band",),
        2: ("Sensitivity: a derivative by the material",),
        3: ("Noise, and error bars that are tested",),
        8: (),
    },
}
AGENDA = re.compile(r"^## Agenda, Lab (\d).*?(?=^## )", re.DOTALL | re.MULTILINE)
AGENDA_ROW = re.compile(r"^(\| (?:\d+|home) \| (\d\d) .* \| )[^|\n]* \|$", re.MULTILINE)


def headings(path: Path) -> set[str]:
    """The headings of a notebook's sections."""
    return {title for _, _, title, _ in _pieces(path) if title}


@functools.lru_cache(maxsize=64)
def _cells(path: Path, changed: int) -> list[nbformat.NotebookNode]:
    return nbformat.read(path, as_version=4).cells  # read once for every text that asks for its time


def _read(path: Path) -> list[nbformat.NotebookNode]:
    return _cells(path, path.stat().st_mtime_ns)


def _pieces(path: Path) -> Iterator[tuple[nbformat.NotebookNode, int, str, str]]:
    """A notebook's cells, texts cut at their headings: cell, level (0: no heading), title and text of each piece."""
    for number, cell in enumerate(_read(path)):
        if cell.cell_type != "markdown":
            yield cell, 0, "", cell.source
            continue
        text = LABS_OF_TEXT.sub("", FOLD.sub("", cell.source))
        if number == 0:
            text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)  # holds the time itself
        for piece in re.split(r"^(?=##+ )", text, flags=re.MULTILINE):
            heading = re.match(r"(##+) (.*)", piece)
            yield cell, len(heading[1]) if heading else 0, heading[2].strip() if heading else "", piece


def parts(path: Path, without: Collection[str] = ()) -> dict[str, float]:
    """Minutes of a notebook by what they go into: ``reading``, ``formulas``, ``code``, ``figures``, ``exercises``.

    ``without`` names sections by their headings: what stands below these is not counted.
    """
    minutes = dict.fromkeys(("reading", "formulas", "code", "figures", "exercises"), 0.0)
    left_out = 0  # the level of the heading whose section is left out
    for cell, level, title, text in _pieces(path):
        if level and (level <= left_out or not left_out):
            left_out = level if title in without else 0
        if left_out:
            continue
        if cell.cell_type == "markdown":
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


def minutes(path: Path, without: Collection[str] = ()) -> int:
    """Study time of a notebook, without some of its sections, to 5 minutes; Start_Here to one."""
    total = sum(parts(path, without).values())
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
    """How long a lab takes, and what three hours hold of it."""
    everything = sum(number for _, number in of_lab(lab))
    numbers = [f"{number:02d}" for number in THREE_HOURS[lab]]
    return (
        f"**In {HOURS} hours:** notebooks {', '.join(numbers[:-1])} and {numbers[-1]}, without the sections that the head "
        f"of 01 names ({in_words(_of_path(lab))}). **In full**, with every exercise: {in_words(everything)}."
    )


def table(lab: str) -> str:
    """What three hours of a lab hold, notebook by notebook, for the head of its first one."""
    rows = "\n".join(
        f"| [{path.stem[:2]} {_title(path)}]({path.name}) | {in_words(minutes(path, without))} | {'; '.join(without) or 'nothing'} |"
        for path, without in _chosen(lab)
    )
    return (
        f"**If you have {HOURS} hours**, take these notebooks ({in_words(_of_path(lab))}, exercises included). Run the "
        "sections of the last column without reading them: later cells need their results.\n\n"
        f"| Notebook | Study time | Leave for later |\n|---|---|---|\n{rows}\n"
    )


def _chosen(lab: str) -> list[tuple[Path, tuple[str, ...]]]:
    path_of = {int(path.stem[:2]): path for path, _ in of_lab(lab)}
    return [(path_of[number], without) for number, without in THREE_HOURS[lab].items()]


def _of_path(lab: str) -> int:
    return sum(minutes(path, without) for path, without in _chosen(lab))


def with_agenda(text: str) -> str:
    """The instructors' guide with the sections that its agendas leave out: those of the three hours."""

    def fill(agenda: re.Match) -> str:
        chosen = list(THREE_HOURS.values())[int(agenda[1]) - 1]
        return AGENDA_ROW.sub(
            lambda row: f"{row[1]}{'; '.join(chosen[int(row[2])])} |" if chosen.get(int(row[2])) else row[0],
            agenda[0],
        )

    return AGENDA.sub(fill, text)


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
    return _read(path)[0].source.splitlines()[0].lstrip("# ")


def written(text: str) -> str:
    """A text of the course with its study times as they are now."""

    def fill(match: re.Match) -> str:
        name = match[1]
        lab = name.removesuffix("_path")
        told = paths_text() if name == "paths" else sentence(lab) if name == lab else table(lab)
        return f"<!-- study of {name} -->\n{told}\n<!-- /study -->"  # text in the line of a comment stays as it is typed

    def row(match: re.Match) -> str:
        path = ROOT / match[2]
        return f"{match[1]} | {in_words(minutes(path))} |" if path.exists() else match[0]

    return LABS_OF_TEXT.sub(fill, ROW.sub(row, with_agenda(text)))


def update(root: Path, notebooks: Sequence[Path]) -> None:
    """Write times and paths into the notebooks and wherever a text of the course asks for them."""
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
