"""What docstrings and comments name in backticks exists; numbers of papers were checked."""

import ast
import builtins
import csv
import importlib
import io
import json
import re
import subprocess
import tokenize
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "utils": ROOT / "utils",
    "intro": ROOT / "Intro_to_DL" / "intro",
    "cyclone": ROOT / "Tropical_Cyclone" / "cyclone",
    "flow": ROOT / "CFD_Steady_Flow" / "flow",
    "pinn": ROOT / "PINN_SimNet" / "pinn",
}
MODULES = [(package, path) for package, folder in PACKAGES.items() for path in sorted(folder.rglob("*.py"))]
DOTTED = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\(\))?`(?!`)")
FILES = {"py", "txt", "md", "json", "npz", "csv", "lock", "toml", "ipynb"}


def texts(source: str):
    """Docstrings and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def dotted(package: str, path: Path) -> str:
    """The name by which a file is imported."""
    inner = path.relative_to(PACKAGES[package]).with_suffix("").parts
    return ".".join([package, *(part for part in inner if part != "__init__")])


def exists(name: str, package: str, module: str) -> bool:
    """Whether a dotted name is one of this module, of its package, or of an installed library."""
    first, *rest = name.split(".")
    modules = [
        module,
        *(
            dotted(of, path)
            for of, path in MODULES
            if of == package and f" {first}" in path.read_text("utf-8")
        ),
    ]
    starts = [builtins, *map(importlib.import_module, modules)]
    for path in (f"{package}.{first}", f"utils.{first}", f"utils.engine.{first}", first):
        try:
            found = importlib.import_module(path)
        except ImportError:
            continue
        if walk(found, rest):
            return True
    return any(walk(start, [first, *rest]) for start in starts)


def walk(found, names: list[str]) -> bool:
    for name in names:
        if name in getattr(found, "__annotations__", {}):
            return True  # a field of a dataclass
        if not hasattr(found, name):
            try:
                found = importlib.import_module(f"{found.__name__}.{name}")
            except (AttributeError, ImportError):
                return False
            continue
        found = getattr(found, name)
    return True


@pytest.mark.parametrize(("package", "path"), MODULES, ids=lambda value: getattr(value, "stem", value))
def test_dotted_names_in_docstrings_exist(package, path):
    source = path.read_text(encoding="utf-8")
    named = {
        name for text in texts(source) for name in DOTTED.findall(text) if name.split(".")[-1] not in FILES
    }
    assert not [name for name in sorted(named) if not exists(name, package, dotted(package, path))]


TEXTS = [*sorted(ROOT.glob("*/*.ipynb")), *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
STEMS = {path.stem for _, path in MODULES if path.stem != "__init__"} - {
    "dataset"
}  # TensorFlow's, in notebooks


def prose(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text if path.name != "CHANGELOG.md" else ""  # which tells of what was
    cells = json.loads(text)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_what_texts_name_of_our_modules_exists(path):
    """`module.name` where a lab, or utils, has a module of that name."""
    named = {
        name
        for name in re.findall(r"(?<!`)`([a-z]\w*(?:\.\w+)+)(?:\(.*?\))?`(?!`)", prose(path))
        if name.split(".")[-2] in STEMS and name.split(".")[-1] not in FILES
    }
    own = [package for package, folder in PACKAGES.items() if folder.parent == path.parent] or [*PACKAGES]
    assert not [name for name in sorted(named) if not any(known(name, package) for package in own)]


def known(name: str, package: str) -> bool:
    """Also what a notebook's variable can do that is called like its module, as `domain.add`."""
    *_, module, attribute = name.split(".")
    files = [path for of, path in MODULES if of == package and path.stem == module]
    classes = (
        found
        for path in files
        for found in vars(importlib.import_module(dotted(package, path))).values()
        if isinstance(found, type) and found.__name__.lower() == module
    )
    return exists(name, package, package) or any(hasattr(found, attribute) for found in classes)


# --- numbers of papers ------------------------------------------------------------------------

UNCHECKED = "(number not checked)"  # behind a DOI or arXiv number that no public copy confirmed
NUMBER = re.compile(
    r"(?:doi[:. ]{1,2}|doi\.org/)(10\.\d{4,9}/[^\s\"'`|\]]+)|arxiv[:./a-z ]{1,12}(\d{4}\.\d{4,5})",
    re.IGNORECASE,
)
SEEN_IN = {
    "bibliography",  # of others: the number beside these authors, this title and year
    "abstract",  # or the first page: read itself
}
LIST = ROOT / "docs" / "references.csv"


def written(text: str) -> str:
    """A DOI as the list writes it: small letters, no escapes, no punctuation of the sentence around it."""
    number = unquote(text).lower().removeprefix("10.48550/arxiv.").rstrip(".,;:*]")
    return number.rstrip(")") if number.count("(") < number.count(")") else number


def cited():
    """File, number, and the text around it, for each number in a notebook, a module or a text."""
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, encoding="utf-8").splitlines():
        path = ROOT / name
        if path.suffix not in {".py", ".ipynb", ".md", ".toml", ".cff"} or not path.exists():
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            lines = [line for cell in cells for line in "".join(cell["source"]).splitlines()]
        for index, line in enumerate(lines):
            # A link repeats its number in the address; the last part of a line belongs to the last number.
            for found in NUMBER.finditer(line):
                around = " ".join(lines[max(index - 2, 0) : index + 2])
                yield name, written(found[1] or found[2]), around, line[found.end() :]


def listed() -> dict[str, dict[str, str]]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["number"]: row for row in csv.DictReader(file)}


CITED = list(cited())


def test_every_number_of_a_paper_was_checked_or_is_marked():
    rows = listed()
    marked = {number for _, number, _, rest in CITED if UNCHECKED in rest[:120]}
    missing = {(name, number) for name, number, *_ in CITED if number not in rows and number not in marked}
    assert not missing, f"Look them up and add them to {LIST.name}, or write '{UNCHECKED}' behind them."
    assert not marked & rows.keys()


def test_marked_numbers_are_marked_wherever_they_stand():
    marked = {number for _, number, _, rest in CITED if UNCHECKED in rest[:120]}
    assert not [
        (name, number) for name, number, _, rest in CITED if number in marked and UNCHECKED not in rest
    ]


def test_citations_say_what_the_checked_copy_says():
    rows = listed()
    wrong = [
        (name, number, rows[number]["author"], rows[number]["year"])
        for name, number, around, _ in CITED
        if number in rows
        and name.endswith(".ipynb")  # elsewhere the number may stand alone
        and not all(
            any(word in around for word in rows[number][part].split("|")) for part in ("author", "year")
        )
    ]
    assert not wrong


def test_each_number_of_the_list_has_a_title_a_date_and_a_source():
    for row in listed().values():
        assert row["seen_in"] in SEEN_IN
        assert row["title"]
        date.fromisoformat(row["date"])
