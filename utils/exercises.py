"""Exercises that check themselves, and multiple-choice checkpoints.

A lab lists its exercises in one module (``Intro_to_DL/intro/exercises.py``); a notebook calls
``answer = check("intro-1a", answer)``. A stub left at ``None`` never stops the notebook:
``check`` says what is to do and returns the reference, so that the next cell goes on.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        todo: one sentence, what the learner is asked for.
        reference: the right answer; for a function, the right function.
        arguments: for a function, the argument tuples it is tried on.
        mistakes: (answer, sentence) for typical wrong answers.
        rtol, atol: tolerances of the comparison.
    """

    todo: str
    reference: Any
    arguments: Sequence[tuple] = ()
    mistakes: Sequence[tuple[Any, str]] = ()
    rtol: float = 1e-3
    atol: float = 1e-6

    def feedback(self, answer: Any) -> str | None:
        """None if the answer is right, else a sentence that says what is off."""
        if callable(self.reference):
            return self._function_feedback(answer)
        problem = self._compare(answer, self.reference)
        if problem is None:
            return None
        for mistake, sentence in self.mistakes:
            if self._compare(answer, mistake) is None:
                return sentence
        return problem

    def _function_feedback(self, answer: Any) -> str | None:
        if not callable(answer):
            return f"A function is asked for, and this is a {type(answer).__name__}."
        for arguments in self.arguments:
            shown = ", ".join(_brief(argument) for argument in arguments)
            expected = self.reference(*arguments)
            try:
                got = answer(*arguments)
            except Exception as error:  # the learner's code may raise anything
                return f"Called with ({shown}), your function raised {type(error).__name__}: {error}"
            problem = self._compare(got, expected)
            if problem is None:
                continue
            for mistake, sentence in self.mistakes:
                if self._compare(got, mistake(*arguments)) is None:
                    return sentence
            return f"Called with ({shown}): {problem}"
        return None

    def _compare(self, answer: Any, expected: Any) -> str | None:
        if isinstance(expected, str):
            same = isinstance(answer, str) and answer.strip().lower() == expected.lower()
            return None if same else f"'{answer}' is not the right choice. Look at the figure again."
        try:
            got = np.asarray(answer, dtype=float)
        except (TypeError, ValueError):
            return f"Numbers are asked for, and this is a {type(answer).__name__}."
        want = np.asarray(expected, dtype=float)
        if got.shape != want.shape:
            return f"The shape is {got.shape}, and {want.shape} is expected."
        if not np.all(np.isfinite(got)):
            return "The answer holds a value that is not finite (nan or inf). Look for 0/0 or log(0)."
        if np.allclose(got, want, rtol=self.rtol, atol=self.atol):
            return None
        return "The shape is right, the value is not yet. Hint 1 is below the exercise."


@dataclass(frozen=True)
class Question:
    """A multiple-choice question: the text, the right option, and feedback for every option."""

    text: str
    options: dict[str, str]
    right: str
    feedback: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Book:
    """The exercises and questions of a lab."""

    exercises: dict[str, Exercise]
    questions: dict[str, Question]

    def check(self, name: str, answer: Any) -> Any:
        """Print PASS, what is to do, or what is off; return the answer to go on with.

        Args:
            name: id of the exercise, e.g. ``"intro-1a"``.
            answer: the learner's answer, ``None`` while it is open.

        Returns:
            ``answer`` if it is right, else the reference.

        Raises:
            KeyError: there is no such exercise.
        """
        exercise = self.exercises[name]
        if answer is None:
            print(f"TO DO {name}: {exercise.todo}\nThe next cells go on with the reference answer.")
            return exercise.reference
        problem = exercise.feedback(answer)
        if problem is None:
            print(f"PASS {name}")
            return answer
        print(f"NOT YET {name}: {problem}\nThe next cells go on with the reference answer.")
        return exercise.reference

    def quiz(self, name: str) -> None:
        """Show a question: each option unfolds (click, or Tab and Enter) to its feedback.

        Raises:
            KeyError: there is no such question.
        """
        from IPython.display import HTML, display

        question = self.questions[name]
        display(HTML(_quiz_html(question)))


def _quiz_html(question: Question) -> str:
    rows = []
    for key, option in question.options.items():
        verdict = "Right." if key == question.right else "Not quite."
        rows.append(
            f"<details><summary><b>{html.escape(key)}.</b> {html.escape(option)}</summary>"
            f"<p><b>{verdict}</b> {html.escape(question.feedback[key])}</p></details>"
        )
    return (
        '<section aria-label="Checkpoint question"><p><b>Checkpoint.</b> '
        f"{html.escape(question.text)} Choose an option to see if it holds.</p>{''.join(rows)}</section>"
    )


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"array of shape {value.shape}"
    return repr(value)
