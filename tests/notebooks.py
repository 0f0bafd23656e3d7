"""The course's notebooks, as the tests see them."""

import ast
import re
from functools import cache
from pathlib import Path

import nbformat

from utils.engine import runner

ROOT, LABS = runner.ROOT, runner.LABS


@cache
def paths() -> list[Path]:
    """Start_Here and the notebooks of every lab, in reading order."""
    return runner.notebooks()


@cache
def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def markdown(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def trees(path: Path) -> list[ast.Module]:
    """Every code cell parsed; a cell that is not plain Python raises SyntaxError."""
    return [ast.parse(cell.source) for cell in code_cells(path)]


def calls(path: Path, function: str) -> list[str]:
    """First arguments of all calls of ``function("...")`` in a notebook, in order."""
    found = []
    for tree in trees(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.append(str(first.value))
    return found


def count_asserts(path: Path) -> int:
    """Assert statements that depend on something: a constant true does not count."""
    return sum(
        isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant)
        for tree in trees(path)
        for node in ast.walk(tree)
    )


def exercises(path: Path) -> list[tuple[str, str, str]]:
    """(id, variable, solution) of every exercise: the stub cell and the solution folded after it."""
    found = []
    cells = read(path).cells
    for number, cell in enumerate(cells):
        stub = re.search(r'^(\w+) = check\("([\w-]+)", \1\)', cell.source, re.MULTILINE)
        if cell.cell_type != "code" or not stub:
            continue
        following = ""
        for later in cells[number + 1 :]:
            if later.cell_type == "code":
                break
            following += later.source + "\n"
        block = re.search(r"<summary>Solution</summary>.*?```python\n(.*?)```", following, re.DOTALL)
        found.append((stub[2], stub[1], block[1] if block else ""))
    return found
