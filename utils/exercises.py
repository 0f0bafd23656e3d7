"""Exercises that check themselves, and multiple-choice checkpoints.

A lab lists its exercises in one module (``Intro_to_DL/intro/exercises_01.py``); a notebook calls
``answer = check("intro-1a", answer)``. A stub left at ``None`` never stops the notebook:
``check`` says what is to do and returns the reference, so that the next cell goes on.
"""

import copy
import html
import itertools
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils import marks

PATIENCE_SECONDS = 20.0  # for one call of a learner's function; the right ones take milliseconds
MOST_VALUES = 1_000_000  # of an answer
LONGEST_TEXT = 200  # characters of somebody's text in a sentence of ours


class TimeUp(BaseException):
    """A learner's code ran too long. No Exception, so that its own ``except Exception`` does not swallow it."""


class Unusable(ValueError):
    """An answer that is no array of numbers; the message is the sentence for the learner."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        todo: one sentence, what the learner is asked for.
        reference: the right answer; for a function, the right function.
        arguments: for a function, the argument tuples it is tried on. Every call gets copies.
        mistakes: (answer, sentence) for typical wrong answers.
        rtol, atol: tolerances of the comparison.
    """

    todo: str
    reference: Any
    arguments: Sequence[tuple] = ()
    mistakes: Sequence[tuple[Any, str]] = ()
    rtol: float = 1e-3
    atol: float = 1e-6

    def __post_init__(self) -> None:
        # The notebook goes on with ``reference`` and may change it in place: what is right is kept apart.
        object.__setattr__(self, "_kept", copy.deepcopy(self.reference))

    def right_answer(self) -> Any:
        """The reference as it was written, whatever became of the one that was handed out before."""
        kept = self._kept  # type: ignore[attr-defined]
        return self.reference if callable(kept) or _same(self.reference, kept) else copy.deepcopy(kept)

    def feedback(self, answer: Any) -> str | None:
        """None if the answer is right, else a sentence that says what is off. Nothing escapes from it."""
        if callable(self.reference):
            if not callable(answer):
                return f"A function is asked for, and this is a {_kind(answer)}."
            return next(filter(None, (self._call(answer, arguments) for arguments in self.arguments)), None)
        if issubclass(type(answer), Iterator):  # isinstance would ask the object, and an object may raise
            return "This can be read only once, as a generator is: put its values into a list with list(...)."
        return self._judge(_read(lambda: answer), self._kept, [wrong for wrong, _ in self.mistakes])  # type: ignore[attr-defined]

    def _call(self, function: Callable, arguments: tuple) -> str | None:
        """Try a function on copies: one that changes its arguments in place spoils nothing."""
        shown = ", ".join(_brief(argument) for argument in arguments)
        got = _read(lambda: function(*copy.deepcopy(arguments)))
        if isinstance(got, Unusable):
            return f"Called with ({shown}): {got}"
        with _usual_modes():
            expected = self.reference(*copy.deepcopy(arguments))
            wrong = [mistake(*copy.deepcopy(arguments)) for mistake, _ in self.mistakes]
        problem = self._judge(got, expected, wrong)
        known = any(problem == sentence for _, sentence in self.mistakes)
        return problem if problem is None or known else f"Called with ({shown}): {problem}"

    def _judge(self, got: Any, expected: Any, wrong: Sequence[Any]) -> str | None:
        problem = self._compare(got, expected)
        if problem is None:
            return None
        for value, (_, sentence) in zip(wrong, self.mistakes, strict=True):
            if self._compare(got, value) is None:
                return sentence
        return problem

    def _compare(self, got: Any, expected: Any) -> str | None:
        """None if both agree; ``got`` comes from `_read`."""
        if isinstance(expected, str) and not isinstance(got, str):
            return "Text is asked for: write your choice in quotes."
        if isinstance(expected, str):
            same = got.strip().lower() == expected.lower()
            return None if same else f"{_brief(got)} is not the right choice. Look at the figure again."
        if isinstance(got, str):
            return f"Numbers are asked for, and this is text ({_brief(got)}): write a number without quotes."
        if isinstance(got, Unusable):
            return str(got)
        want = numbers(expected)
        if got.shape != want.shape:
            return f"The shape is {got.shape}, and {want.shape} is expected."
        if not np.all(np.isfinite(got)):
            return "The answer holds a value that is not finite (nan or inf). Look for 0/0 or log(0)."
        with _usual_modes():
            close = np.allclose(got, want, rtol=self.rtol, atol=self.atol)
        if close:
            return None
        return "The shape is right, the value is not yet. Hint 1 is below the exercise."


# --- answers of every kind ----------------------------------------------------------------


def _read(answer: Callable[[], Any]) -> "str | np.ndarray | Unusable":
    """Call for an answer and take its text or its numbers out of it; else what is wrong, as a sentence."""

    def work() -> "str | np.ndarray":
        try:
            given = answer()
        except TimeUp:
            raise
        except BaseException as error:  # a learner's code may raise anything, SystemExit included
            raise Unusable(f"your function raised {_kind(error)}: {_text(error)}") from None
        return str.__str__(given) if issubclass(type(given), str) else numbers(given)

    try:
        return _limited(work, PATIENCE_SECONDS)
    except TimeUp:
        return Unusable(
            f"it did not end within {PATIENCE_SECONDS:.0f} seconds. Look for a loop that never ends."
        )
    except Unusable as problem:
        return problem


def numbers(answer: Any) -> np.ndarray:
    """The numbers of an answer as an array of floats of its shape.

    Args:
        answer: a number, (nested) sequence, generator, or an array of NumPy, pandas, PyTorch, TensorFlow or Keras.

    Raises:
        Unusable: it is nothing of the kind; the message is a sentence for the learner.
    """
    try:
        return _numbers(answer)
    except (Unusable, TimeUp):
        raise
    except BaseException as error:  # an object of the learner's may raise anything when it is read
        raise Unusable(
            f"Numbers are asked for, and this is a {_kind(answer)} that cannot be read as numbers ({_kind(error)})."
        ) from None


def _numbers(answer: Any) -> np.ndarray:
    if answer is None:
        raise Unusable("there is no value, only None. Is a return missing?")
    if isinstance(answer, (str, bytes)):
        raise Unusable(
            f"Numbers are asked for, and this is text ({_brief(answer)}): write it without quotes."
        )
    has_array = hasattr(answer, "__array__")
    if not has_array and (callable(answer) or isinstance(answer, (Mapping, Set, types.ModuleType))):
        raise Unusable(f"Numbers are asked for, and this is a {_kind(answer)}.")
    if not has_array and isinstance(answer, (Iterator, ValuesView, range)):
        answer = list(itertools.islice(answer, MOST_VALUES + 1))
        _check_size(len(answer))
    if isinstance(answer, (list, tuple)):
        answer = [part if np.isscalar(part) else _numbers(part) for part in answer]
        if len({np.shape(part) for part in answer}) > 1:
            raise Unusable(
                "The parts of the answer differ in shape: numbers in one regular array are asked for."
            )
    array = _as_array(answer)
    _check_size(array.size)
    if np.ma.is_masked(array):
        raise Unusable("The answer holds masked values: fill them, or leave them out.")
    if array.dtype.kind in "USMm":
        raise Unusable(f"Numbers are asked for, and this holds {array.dtype.name}.")
    if array.dtype.kind == "O":
        array = np.asarray([_number(part) for part in array.ravel()]).reshape(array.shape)
    if array.dtype.kind == "c":
        if np.any(array.imag != 0):
            raise Unusable(
                "The answer is complex, and its imaginary part is not zero. A real number is asked for."
            )
        array = array.real
    return np.asarray(array, dtype=float)


def _check_size(number: int) -> None:
    """Refuse what no exercise asks for before a copy of it fills the memory."""
    if number > MOST_VALUES:
        raise Unusable(f"The answer has more than {MOST_VALUES:,} values.")


def _as_array(answer: Any) -> np.ndarray:
    torch, pandas = sys.modules.get("torch"), sys.modules.get("pandas")
    if torch and isinstance(answer, torch.Tensor):
        _check_size(answer.numel())
        dense = answer.detach().cpu().resolve_conj().resolve_neg().to_dense()
        return np.asarray((dense if dense.is_complex() else dense.double()).numpy())
    if pandas and isinstance(answer, (pandas.Series, pandas.DataFrame, pandas.Index)):
        kinds = {kind.kind for kind in (answer.dtypes if answer.ndim == 2 else [answer.dtype])}
        return answer.to_numpy(dtype=float, na_value=np.nan) if kinds <= set("biuf") else answer.to_numpy()
    if type(answer).__name__ in ("KerasTensor", "SymbolicTensor"):
        raise Unusable(
            "This is a place in a network that holds no values yet: give it data and take the result."
        )
    if isinstance(answer, np.ndarray) or np.isscalar(answer):
        return np.ma.asanyarray(answer) if isinstance(answer, np.ma.MaskedArray) else np.asarray(answer)
    return np.asarray(answer)


def _number(part: Any) -> Any:
    """One element of an array of objects; text that NumPy would read as a number is refused."""
    if isinstance(part, (str, bytes)) or part is None:
        raise Unusable(f"Numbers are asked for, and one of the values is {_brief(part)}.")
    return complex(part) if isinstance(part, complex) else float(part)


@contextmanager
def _usual_modes() -> Iterator[None]:
    """References are computed as ever, whatever a learner has told NumPy, PyTorch or Python's warnings to do."""
    torch = sys.modules.get("torch")
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        torch.enable_grad() if torch else nullcontext(),
    ):
        warnings.simplefilter("ignore")
        yield


def _same(first: Any, second: Any) -> bool:
    """Whether two answers of ours are equal; False where they cannot be compared any more."""
    try:
        return type(first) is type(second) and bool(np.array_equal(np.asarray(first), np.asarray(second)))
    except (TypeError, ValueError):
        return False


def _kind(value: Any) -> str:
    try:
        return _text(type(value).__name__)
    except BaseException:  # a class of a learner's may say its name as it likes
        return "thing without a name"


def _text(value: Any) -> str:
    """Somebody's text in one printable line of bounded length."""
    try:
        text = value if isinstance(value, str) else str(value)
        text = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_TEXT + 1])
    except BaseException as error:
        return f"(no text: its str() raises {type(error).__name__})"
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " ..."


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"array of shape {value.shape}"
    try:
        return _text(repr(value))
    except BaseException:
        return f"a {_kind(value)}"


# --- code that does not end ---------------------------------------------------------------


def _limited(work: Callable[[], Any], seconds: float) -> Any:
    """``work()``, or `TimeUp` when it takes longer.

    In the main thread an alarm also wakes what sleeps or waits; elsewhere, and on Windows, the clock is looked at on
    every line. From then on each line raises again, so that an ``except:`` around the loop does not keep it alive.
    """
    here, before, deadline = sys._getframe(), sys.gettrace(), time.monotonic() + seconds
    running, late = True, False

    def on_every_line(frame: Any, event: str, argument: Any) -> Any:
        nonlocal late
        if (
            running and event == "line" and time.monotonic() >= deadline
        ):  # elsewhere the block could still catch it
            late = True
            raise TimeUp
        return on_every_line

    def ring(number: int, frame: Any) -> None:
        nonlocal late
        if running:
            late = True
            sys.settrace(on_every_line)
            while frame is not None and frame is not here:
                frame.f_trace, frame = on_every_line, frame.f_back
            raise TimeUp

    main = threading.current_thread() is threading.main_thread()
    alarm = main and hasattr(signal, "setitimer") and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    if alarm:
        handler = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        if not alarm:
            sys.settrace(on_every_line)
        return work()
    except BaseException as error:
        if late:  # what a `finally` of the stopped code raised does not matter
            raise TimeUp from error
        raise
    finally:
        running = False
        sys.settrace(before)
        if alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)


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
            marks.say("TO DO", f"{name}: {exercise.todo}\nThe next cells go on with the reference answer.")
            return exercise.right_answer()
        problem = exercise.feedback(answer)
        if problem is None:
            marks.say("PASS", name)
            return answer
        marks.say("NOT YET", f"{name}: {problem}\nThe next cells go on with the reference answer.")
        return exercise.right_answer()

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
