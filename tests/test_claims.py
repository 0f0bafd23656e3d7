"""A claim of a notebook that does not hold is told in words: an error in the course's own runs, a sentence elsewhere."""

import ast
import os

import pytest
from IPython.core.interactiveshell import InteractiveShell

import notebooks
from utils.engine import claims

CELL = "low, strouhal, high = 0.295, 0.25, 0.305\nassert low < strouhal < high\nafter = True"


@pytest.fixture
def shell(monkeypatch):
    """A shell like that of a notebook."""
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    claims.listen()
    claims.listen()  # once more, as who runs the first cell twice
    return shell


def test_a_learner_reads_a_sentence_and_goes_on(shell, monkeypatch, capsys):
    monkeypatch.delenv("BOOTCAMP_CLAIMS")
    result = shell.run_cell(CELL)
    said = capsys.readouterr().out
    assert result.success
    assert shell.user_ns["after"]
    assert "Expected here: low < strouhal < high." in said
    assert "strouhal is 0.25" in said
    assert "If you have changed something" in said


def test_in_the_courses_own_runs_it_is_an_error_with_the_same_words(shell, capsys):
    assert os.environ["BOOTCAMP_CLAIMS"] == "raise", "what pytest starts, kernels included, is such a run"
    result = shell.run_cell(CELL)
    assert isinstance(result.error_in_exec, AssertionError)
    assert "strouhal is 0.25" in str(result.error_in_exec)
    assert "after" not in shell.user_ns
    assert shell.run_cell("def f(x):\n    assert x > 1, 'Larger, please.'\nf(2)").success
    assert "Larger, please. Expected here: x > 1. Here x is 0." in str(shell.run_cell("f(0)").error_in_exec)
    assert shell.run_cell("assert all(k > 1 for k in [2, 3])").success


def test_every_claim_of_every_notebook_can_be_told():
    for path in notebooks.paths():
        for tree in notebooks.trees(path):
            spoken = claims.Spoken().visit(tree)
            assert not any(isinstance(node, ast.Assert) for node in ast.walk(spoken))
            compile(spoken, path.name, "exec")
