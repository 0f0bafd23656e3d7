"""Every stub, solution and typical mistake goes through its check."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import notebooks
from utils.exercises import Book, Exercise, Question, _quiz_html

CASES = [
    pytest.param(path, *case, id=f"{path.stem}-{case[0]}")
    for path in notebooks.paths()
    for case in notebooks.exercises(path)
]


def book_of(path: Path) -> Book:
    """The exercises a notebook imports, e.g. ``intro.exercises_01``."""
    source = "\n".join(cell.source for cell in notebooks.code_cells(path))
    module = re.search(r"from (\w+\.exercises_\w+) import", source)[1]
    sys.path.insert(0, str(path.parent))
    try:
        return importlib.import_module(module).BOOK
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize(("path", "name", "variable", "solution"), CASES)
def test_solution_passes_its_check(path, name, variable, solution, capsys):
    space = {"np": np}
    exec(compile(solution, f"solution of {name}", "exec"), space)
    answer = book_of(path).check(name, space[variable])
    assert capsys.readouterr().out == f"PASS {name}\n"
    assert answer is space[variable]


@pytest.mark.parametrize(("path", "name", "variable", "solution"), CASES)
def test_wrong_answers_get_different_sentences(path, name, variable, solution, capsys):
    book = book_of(path)
    exercise = book.exercises[name]

    def says(answer) -> str:
        returned = book.check(name, answer)
        assert returned is exercise.reference, "the next cell must go on with the reference"
        return capsys.readouterr().out

    sentences = {"open": says(None)}
    assert sentences["open"].startswith(f"TO DO {name}")
    for number, (mistake, sentence) in enumerate(exercise.mistakes):
        said = says(mistake)
        assert sentence in said, f"mistake {number} of {name} is not recognised: {said}"
        sentences[f"mistake {number}"] = said
    if callable(exercise.reference):
        sentences["no function"] = says(3)

        def broken(*arguments):
            raise ZeroDivisionError("broken on purpose")

        sentences["raises"] = says(broken)
    elif not isinstance(exercise.reference, str):
        shape = np.shape(exercise.reference)
        sentences["wrong shape"] = says(np.zeros((*shape, 3)))
        sentences["not finite"] = says(np.full(shape, np.nan))
        sentences["no number"] = says("seven")
    assert len(set(sentences.values())) == len(sentences), sentences


@pytest.mark.parametrize(
    "path", [p for p in notebooks.paths() if p.parent != notebooks.ROOT], ids=lambda p: p.stem
)
def test_questions_have_feedback_for_every_option(path):
    book = book_of(path)
    for name in notebooks.calls(path, "quiz"):
        question = book.questions[name]
        assert len(question.options) >= 3
        assert question.right in question.options
        assert set(question.feedback) == set(question.options)
        assert all(len(text) > 15 for text in question.feedback.values())
        assert _quiz_html(question).count("<details>") == len(question.options)


def test_a_wrong_value_is_not_let_through():
    exercise = Exercise(
        todo="Give pi.", reference=np.pi, rtol=1e-5, mistakes=[(22 / 7, "That is a fraction.")]
    )
    assert exercise.feedback(3.14159265) is None
    assert exercise.feedback(22 / 7) == "That is a fraction."
    assert "value is not yet" in exercise.feedback(3.0)
    assert "shape" in exercise.feedback([3.0, 3.0])
    assert "not finite" in exercise.feedback(np.inf)


def test_quiz_escapes_html():
    question = Question("Is 1 < 2?", {"A": "<b>yes</b>"}, "A", {"A": "1 & 2"})
    page = _quiz_html(question)
    assert "<b>yes</b>" not in page
    assert "1 &amp; 2" in page
