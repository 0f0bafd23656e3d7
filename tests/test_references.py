"""What docstrings and comments name in backticks exists."""

import ast
import builtins
import importlib
import io
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
MODULES = [(package, path) for package, folder in PACKAGES.items() for path in sorted(folder.glob("*.py"))]
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


def exists(name: str, package: str, module: str) -> bool:
    """Whether a dotted name is one of this module, of its package, or of an installed library."""
    first, *rest = name.split(".")
    modules = [
        module,
        *(path.stem for of, path in MODULES if of == package and f" {first}" in path.read_text("utf-8")),
    ]
    starts = [
        builtins,
        *(importlib.import_module(f"{package}.{name}") for name in modules if name != "__init__"),
    ]
    for path in (f"{package}.{first}", f"utils.{first}", first):
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
    assert not [name for name in sorted(named) if not exists(name, package, path.stem)]
