"""What docstrings and comments name in backticks exists."""

import ast
import builtins
import importlib
import io
import json
import re
import tokenize
from pathlib import Path

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
