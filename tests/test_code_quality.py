"""Lint, format, types and spelling, with the settings of pyproject.toml."""

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
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
