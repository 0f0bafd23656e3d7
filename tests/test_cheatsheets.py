"""The sheet of each lab: one page, its links lead somewhere, and its code is the code of the notebooks."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

import notebooks

SHEETS = {
    lab: notebooks.ROOT / "docs" / f"cheatsheet_{number}_{lab.lower()}.md"
    for number, lab in enumerate(notebooks.LABS, start=1)
}
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
COURSE = ("utils", "intro", "cyclone", "flow", "pinn")
EACH = pytest.mark.parametrize("lab", SHEETS)


def text(lab: str) -> str:
    return SHEETS[lab].read_text(encoding="utf-8")


def blocks(lab: str) -> list[str]:
    return BLOCK.findall(text(lab))


def statements(tree: ast.AST) -> Iterator[str]:
    """Every statement but imports and docstrings; of one with a body, its first line."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        parts = {name: [] for name in ("orelse", "finalbody", "handlers") if hasattr(node, name)}
        body = {"body": [ast.Pass()]} if hasattr(node, "body") else {}
        first_line = type(node)(**(dict(ast.iter_fields(node)) | parts | body))
        yield ast.unparse(ast.fix_missing_locations(first_line))


@cache
def taught(lab: str) -> set[str]:
    """The statements of a lab's notebooks and of the solutions that unfold in them."""
    found = set()
    for path in (path for path in notebooks.paths() if path.parent.name == lab):
        solutions = [block for cell in notebooks.markdown(path) for block in BLOCK.findall(cell)]
        for tree in (*notebooks.trees(path), *map(ast.parse, solutions)):
            found.update(statements(tree))
    return found


@EACH
def test_a_sheet_is_one_page(lab):
    assert len(text(lab).splitlines()) <= 70


@EACH
def test_links_lead_to_the_lab_s_notebooks_and_none_is_missing(lab):
    links = LINK.findall(text(lab))
    paths = {label: (SHEETS[lab].parent / target).resolve() for label, target in links}
    assert all(path.is_file() and path.name.startswith(f"{label}_") for label, path in paths.items())
    assert set(paths.values()) == {path for path in notebooks.paths() if path.parent.name == lab}
    assert len(set(links)) == len(paths), "one number, two notebooks"


@EACH
def test_code_is_that_of_the_notebooks(lab):
    """Whoever changes a notebook's line changes the sheet that shows it."""
    code = [line for block in blocks(lab) for line in statements(ast.parse(block))]
    assert len(code) >= 10
    assert not [line for line in code if line not in taught(lab)]


@EACH
def test_what_a_sheet_imports_from_the_course_exists(lab):
    trees = [ast.parse(block) for block in blocks(lab)]
    imports = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        if node.module.split(".")[0] in COURSE:
            package = importlib.import_module(node.module)
            for name in (alias.name for alias in node.names):
                assert hasattr(package, name) or importlib.import_module(f"{node.module}.{name}")


def softmax_sums_to_one(made):
    assert np.isclose(made["softmax"](np.array([3.0, -1.0, 800.0])).sum(), 1)


def eight_storms_give_no_limit_and_nine_do(made):
    scores = np.arange(9.0)
    assert made["conformal_limit"](scores[:8], np.arange(8)) == np.inf
    assert made["conformal_limit"](scores, np.arange(9)) == 8


def a_shear_wave_decays_by_viscosity(made):
    """As notebook 01 of Lab 3 measures it: exp(-nu k^2 t) with nu = (tau - 1/2) / 3."""
    k, steps, tau = 2 * np.pi / 32, 100, 0.8
    wave = 0.01 * np.sin(k * np.arange(32))[:, None]
    f = made["equilibrium"](np.ones((32, 1)), wave, np.zeros((32, 1)))
    for _ in range(steps):
        f = made["stream"](made["collide"](f, tau))
    left = (made["moments"](f)[1] * wave).sum() / (wave**2).sum()
    assert np.isclose(-np.log(left) / (k**2 * steps), (tau - 0.5) / 3, rtol=0.02)


def the_string_hangs_in_a_parabola(made):
    x = made["POINTS"]
    assert (made["forward"] - 1).abs().max() < 1e-6
    assert (made["domain"].predict({"x": x}, "u") - x * (x - 1) / 2).abs().max() < 1e-8


CHECKS = {
    "Intro_to_DL": softmax_sums_to_one,
    "Tropical_Cyclone": eight_storms_give_no_limit_and_nine_do,
    "CFD_Steady_Flow": a_shear_wave_decays_by_viscosity,
    "PINN_SimNet": the_string_hangs_in_a_parabola,
}


@EACH
def test_the_first_block_runs_as_it_stands(lab):
    made = {}
    exec(compile(blocks(lab)[0], SHEETS[lab].name, "exec"), made)
    CHECKS[lab](made)


@EACH
def test_start_here_leads_to_the_sheet(lab):
    start = notebooks.markdown(notebooks.ROOT / "Start_Here.ipynb")
    own = [cell for cell in start if f"({lab}/01_" in cell and "docs/lab" in cell]
    assert len(own) == 1
    assert f"(docs/{SHEETS[lab].name})" in own[0]
