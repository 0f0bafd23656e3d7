"""One grammar of names in all labs: what draws is called draw_*, a module's name says what it holds and may import."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LABS = ("Intro_to_DL/intro", "Tropical_Cyclone/cyclone", "CFD_Steady_Flow/flow", "PINN_SimNet/pinn")
MODULES = sorted(path for lab in LABS for path in (ROOT / lab).rglob("*.py"))
# What earlier versions called the same thing, or what a second name for it would be.
SYNONYMS = re.compile(
    r"(plot|plots|plotting|drawing|drawings|viz|figure|net|nets|\w+nets|networks_\w+|model|exercise\w*|scoring"
    r"|competition|challenge|data|datasets?_\w+|train|trainer|sampling|errors)"
)


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]


def returned(function: ast.FunctionDef) -> str:
    return ast.unparse(function.returns) if function.returns else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_names_say_what_is_done(path):
    figures = path.stem.startswith("figures")
    for function in functions(path):
        name, draws = function.name, returned(function) == "Figure"
        assert not draws or name.startswith("draw_"), f"{name} returns a figure: call it draw_*"
        assert figures or not draws, f"{name} draws: it belongs into a module figures*"
        assert draws or not figures or re.match("draw_|describe_|make_", name), (
            f"{name}: a module of figures draws (draw_*), describes or makes what figures need; what computes stands elsewhere"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_thing_has_the_same_name_in_every_lab(path):
    named = re.fullmatch(r"exercises_\d\d", path.stem) or not SYNONYMS.fullmatch(path.stem)
    assert named, f"{path.name}: see docs/architecture.md for the names of modules"
    exported = {function.name for function in functions(path)}
    if "load_competition" in exported:
        assert path.stem == "contest"
    if {"check", "quiz"} <= exported:
        assert re.fullmatch(r"exercises_\d\d", path.stem)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_what_computes_imports_neither_figures_nor_exercises(path):
    """A rule for names that begin alike, which a contract of import-linter cannot express."""
    if path.stem.startswith(("figures", "exercises_")):
        return
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    drawn = {name for name in imported if re.search(r"\.(figures\w*|exercises_\d\d)(\.|$)", name)}
    assert not drawn, f"{path.name} computes, and imports {', '.join(sorted(drawn))}"
