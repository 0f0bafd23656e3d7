"""Lint, format, types and spelling, with the settings of pyproject.toml; text files and programs speak UTF-8."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = [
    "README.md",
    "docs",
    "utils",
    "tests",
    "benchmarks",
    "deploy",
    "bootcamp",
    "Start_Here.ipynb",
    "Intro_to_DL",
    "Tropical_Cyclone",
    "CFD_Steady_Flow",
    "PINN_SimNet",
    "data",
]


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["codespell", *TEXT]],
    ids=["ruff-check", "ruff-format", "mypy", "codespell"],
)
def test_is_clean(command):
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_rooms_import_only_what_lies_below_them():
    folders = [".", "Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow", "PINN_SimNet"]
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "5 kept, 0 broken" in done.stdout


def sources():
    """(place, code) of every module and of every code cell."""
    for path in [*ROOT.rglob("*.py"), ROOT / "bootcamp"]:
        if not {".venv", "cache", "node_modules"} & set(path.relative_to(ROOT).parts):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.ipynb"), *ROOT.glob("*/*.ipynb")]:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield f"{path.relative_to(ROOT)} {cell['id']}", "".join(cell["source"])


def leaves_the_encoding_open(call: ast.Call) -> bool:
    """What ruff's PLW1514 does not see: paths of unknown type, and the text of other programs."""
    given = {keyword.arg for keyword in call.keywords}
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if "encoding" in given or None in given:
        return False
    runs = name in ("run", "Popen", "check_output") and given & {"text", "universal_newlines"}
    return (
        bool(runs)
        or (name == "read_text" and not call.args)
        or (name == "write_text" and len(call.args) == 1)
    )


def test_every_text_names_its_encoding():
    """Else it is the code page of the machine, which is not UTF-8 everywhere."""
    found = [
        f"{place}: {ast.unparse(node)[:80]}"
        for place, code in sources()
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and leaves_the_encoding_open(node)
    ]
    assert not found, "\n".join(found)
