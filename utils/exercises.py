"""Exercises that check themselves, and multiple-choice checkpoints.

A lab lists its exercises in one module (``Intro_to_DL/intro/exercises_01.py``); a notebook calls
``answer = check("intro-1a", answer)``. A stub left at ``None`` never stops the notebook:
``check`` says what is to do and returns the reference, so that the next cell goes on.
"""

import copy
import functools
import html
import inspect
import itertools
import linecache
import signal
import sys
import threading
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils import marks
from utils.engine import progress, solutions

PATIENCE_SECONDS = (
    10.0  # of the processor, for one call of a learner's function; the right ones take milliseconds
)
WAITING = 6  # times as long by the clock: what sleeps or waits uses no processor
MOST_VALUES = 1_000_000  # of an answer
MOST_SHOWN = 6  # numbers of an array in a sentence
LONGEST_TEXT = 200  # characters of somebody's text in a sentence of ours


class TimeUp(BaseException):
    """A learner's code ran too long. No Exception, so that its own ``except Exception`` does not swallow it."""


class Unusable(ValueError):
    """An answer that is no array of numbers; the message is the sentence for the learner."""


EXACT = 1e-6  # relative: whole numbers count something, and one more or less is wrong


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        todo: one sentence, what the learner is asked for.
        reference: a right answer; for a function, a right function.
        arguments: for a function, the argument tuples it is tried on. Every call gets copies.
        mistakes: (answer, sentence) for typical wrong answers.
        rtol, atol: tolerances of the comparison.
        property: where more than one function is right, what is asked of it in place of a comparison with the
            reference. It gets the learner's function, whose results are arrays, and returns what is off, or None.
    """

    todo: str
    reference: Any
    arguments: Sequence[tuple] = ()
    mistakes: Sequence[tuple[Any, str]] = ()
    rtol: float = 1e-3
    atol: float = 1e-6
    property: Callable[[Callable], str | None] | None = None

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
                return (
                    f"A function is asked for, and this is a {_kind(answer)} ({_brief(answer)}). "
                    "Give the name of your function, without parentheses after it."
                )
            return self._judge_function(answer)
        if issubclass(type(answer), Iterator):  # isinstance would ask the object, and an object may raise
            return "This can be read only once, as a generator is: put its values into a list with list(...)."
        return self._judge_value(answer)

    def _judge_value(self, answer: Any) -> str | None:
        kept = self._kept  # type: ignore[attr-defined]
        got = _read(lambda: answer)
        problem = self._compare(got, kept)
        if problem is None:
            return None
        for value, sentence in self.mistakes:
            if self._compare(got, value) is None:
                return f"{sentence} You gave {_brief(answer)}."
        if isinstance(got, Unusable):
            return problem
        likely = "" if isinstance(kept, str) or isinstance(got, str) else self._likely(got, numbers(kept))
        return f"You gave {_brief(answer)}. {problem}{likely} Asked for: {self.todo}"

    def _judge_function(self, function: Callable) -> str | None:
        """Try a function on copies: one that changes its arguments in place spoils nothing.

        A typical mistake is named only where the function does the same as it on all arguments.
        """
        tries: list[tuple[tuple, str | np.ndarray | Unusable, Any]] = []
        for arguments in self.arguments:
            got = _ask(function, arguments)
            with _usual_modes():
                tries.append((arguments, got, self.reference(*copy.deepcopy(arguments))))
            if isinstance(got, Unusable):
                break
        problems = [self._compare(got, expected) for _, got, expected in tries]
        if self.property is not None:
            last, got, _ = tries[-1]
            unusable = f"Called with {self._names(last)}: {got}" if isinstance(got, Unusable) else None
            found = unusable or self._judge_property(function)
            problems = [found] if found else [None]
        first = next((k for k, problem in enumerate(problems) if problem), None)
        if first is None:
            return None
        arguments, got, expected = tries[first]
        where = f"Called with {self._names(arguments)}"
        for mistake, sentence in self.mistakes:
            if self._does_the_same(mistake, tries):
                return f"{sentence} {where} yours gives {_brief(got)}."
        if self.property is not None or isinstance(got, Unusable):
            return problems[first] if self.property is not None else f"{where}: {got}"
        if isinstance(got, str) or isinstance(expected, str):
            return f"{where} yours gives {_brief(got)}. {problems[first]}"
        want = numbers(expected)
        if got.shape != want.shape or not np.all(np.isfinite(got)):
            return f"{where} yours gives {_brief(got)}. {problems[first]}"
        if want.size > MOST_SHOWN:
            with _usual_modes():
                worst = np.unravel_index(np.abs(got - want).argmax(), want.shape)
            at = ", ".join(str(int(index)) for index in worst)
            shown = (
                f" yours gives at index [{at}] {_brief(got[worst])}, and {_brief(want[worst])} is asked for."
            )
        else:
            shown = f" yours gives {_brief(got)}, and {_brief(want)} is asked for."
        return f"{where}{shown} The value is not yet right.{self._likely(got, want)}"

    def _judge_property(self, function: Callable) -> str | None:
        """What `property` finds, with everything that a learner's function may do turned into a sentence."""

        def ask(*arguments: Any) -> np.ndarray:
            got = _ask(function, arguments)
            if isinstance(got, str):
                raise Unusable(f"Numbers are asked for, and this is text ({_brief(got)}).")
            if isinstance(got, Unusable):
                raise Unusable(f"Called with {self._names(arguments)}: {got}")
            return got

        assert self.property is not None
        try:
            return self.property(ask)
        except Unusable as problem:
            return str(problem)

    def _does_the_same(self, mistake: Callable, tries: Sequence[tuple]) -> bool:
        for arguments, got, _ in tries:
            with _usual_modes():
                wrong = mistake(*copy.deepcopy(arguments))
            if isinstance(got, Unusable) or self._compare(got, wrong) is not None:
                return False
        return True

    def _names(self, arguments: tuple) -> str:
        """The arguments of a call as a learner would write them."""
        names = list(inspect.signature(self.reference).parameters)
        return "(" + ", ".join(f"{n} = {_brief(a)}" for n, a in zip(names, arguments, strict=False)) + ")"

    def _compare(self, got: Any, expected: Any) -> str | None:
        """None if both agree; ``got`` comes from `_read`."""
        if isinstance(got, Unusable):
            return (
                "Text is asked for: write your choice in quotes." if isinstance(expected, str) else str(got)
            )
        if isinstance(expected, str) and not isinstance(got, str):
            return "Text is asked for: write your choice in quotes."
        if isinstance(expected, str):
            same = got.strip().lower() == expected.lower()
            return None if same else "That is not the right choice."
        if isinstance(got, str):
            return f"Numbers are asked for, and this is text ({_brief(got)}): write a number without quotes."
        want = numbers(expected)
        if want.shape == () and got.size == 1:
            got = got.reshape(())
        if got.shape != want.shape:
            asked = "one number" if want.shape == () else f"an array of shape {want.shape}"
            turned = " Rows and columns may be swapped." if got.T.shape == want.shape else ""
            return f"Its shape is {got.shape}, and {asked} is asked for.{turned}"
        if not np.all(np.isfinite(got)):
            return "The answer holds a value that is not finite (nan or inf). Look for 0/0 or log(0)."
        return None if self._close(got, want, _counted(expected)) else "The value is not yet right."

    def _close(self, got: np.ndarray, want: np.ndarray, counted: bool = False) -> bool:
        rtol = min(self.rtol, EXACT) if counted else self.rtol
        with _usual_modes():
            return bool(np.allclose(got, want, rtol=rtol, atol=self.atol))

    def _likely(self, got: np.ndarray, want: np.ndarray) -> str:
        """How a wrong value is related to the right one, where it is simple; else nothing is said."""
        if got.shape != want.shape or not np.any(want):
            return ""
        with _usual_modes():
            related = {
                "Its sign is turned.": -want,
                "It is 180 / pi times what is asked for: degrees in place of radians?": np.rad2deg(want),
                "It is pi / 180 times what is asked for: radians in place of degrees?": np.deg2rad(want),
                "It is 100 times what is asked for: per cent in place of a share?": 100 * want,
                "It is a hundredth of what is asked for: a share in place of per cent?": want / 100,
                "It is one divided by what is asked for.": 1 / want,
                "It is the square of what is asked for.": want**2,
                "It is the square root of what is asked for.": np.sqrt(want),
            }
        if want.ndim == 2 and want.shape[0] == want.shape[1]:
            related["Rows and columns are swapped."] = want.T
        if want.ndim == 1:
            related["The order is reversed."] = want[::-1]
        for sentence, value in related.items():
            if np.all(np.isfinite(value)) and self._close(got, value):
                return f" {sentence}"
        if want.ndim == 1 and self._close(np.sort(got), np.sort(want)):
            return " The values are right, their order is not."
        return ""

    def to_go_on_with(self, answer: Any) -> Any:
        """A right answer in the kind that the next cells work with: a list where they need an array becomes one."""
        if callable(self.reference):
            return _like_function(answer, self.reference, self.arguments)
        return self.right_answer() if isinstance(self.reference, str) else _like(answer, self.reference)


def _counted(expected: Any) -> bool:
    """Whether an answer of ours consists of whole numbers in their own kind."""
    if hasattr(expected, "is_floating_point"):
        return not expected.is_floating_point()
    return np.asarray(expected).dtype.kind in "iub"


def _like(answer: Any, reference: Any) -> Any:
    """A right answer as itself where it is of the reference's kind, else with its numbers in that kind."""
    numeric = (int, float, np.number)
    if isinstance(answer, type(reference)) or (
        isinstance(answer, numeric) and isinstance(reference, numeric) and not isinstance(answer, bool)
    ):
        return answer
    torch = sys.modules.get("torch")
    if torch and isinstance(reference, torch.Tensor):
        return torch.as_tensor(numbers(answer), dtype=reference.dtype)
    values = numbers(answer)
    whole = all(isinstance(v, (int, np.integer)) for v in np.ravel(np.asarray(reference)).tolist())
    if whole and np.array_equal(values, np.round(values)):
        values = values.astype(int)
    if isinstance(reference, (int, float, np.number, bool, np.bool_)):
        return values.reshape(()).item()
    return type(reference)(values.tolist()) if isinstance(reference, (list, tuple)) else values


def _like_function(answer: Callable, reference: Callable, tries: Sequence[tuple]) -> Callable:
    """A right function, wrapped where it takes or returns another kind of numbers than the next cells do."""
    way: Callable[[tuple], Any] | None = None
    unlike = False
    for arguments in tries:
        try:
            with _usual_modes():
                got, other = _result(answer, arguments)
                way = other or way
                expected = reference(*copy.deepcopy(arguments))
        except (
            BaseException
        ):  # it has just passed, and now it raises: the learner shall see it where it is used
            return answer
        unlike |= way is not None or not (isinstance(expected, str) or _like(got, expected) is got)
    if not unlike:
        return answer

    @functools.wraps(answer)
    def fitting(*arguments: Any) -> Any:
        got = way(arguments) if way else answer(*arguments)
        return _like(got, reference(*arguments))

    return fitting


# --- answers of every kind ----------------------------------------------------------------


def _ask(function: Callable, arguments: tuple) -> "str | np.ndarray | Unusable":
    """The numbers that a learner's function returns for copies of arguments; else what is wrong, as a sentence."""
    return _read(lambda: _result(function, arguments)[0], function)


def _result(function: Callable, arguments: tuple) -> tuple[Any, Callable[[tuple], Any] | None]:
    """What a function returns, and how it had to be called, or None for as it is.

    One written for PyTorch refuses NumPy, and one written for a number, with ``if`` or ``math.exp``, refuses an array.
    """
    try:
        return function(*copy.deepcopy(arguments)), None
    except (TypeError, AttributeError, ValueError) as first:
        ways: list[Callable[[tuple], Any]] = []
        for convert in (_to_torch, _to_numpy):
            converted = convert(arguments)
            if any(type(a) is not type(b) for a, b in zip(converted, arguments, strict=True)):
                ways.append(functools.partial(_converted, function, convert))
        numeric = all(isinstance(a, (int, float, np.number, np.ndarray)) for a in arguments)
        if numeric and any(pattern in _text(first) for pattern in ONE_NUMBER):
            ways.append(functools.partial(_one_by_one, function))
        for way in ways:
            try:
                return way(copy.deepcopy(arguments)), way
            except Exception:
                continue
        raise first


ONE_NUMBER = {  # what Python says when a function for one number gets an array, and what to do
    "truth value of an array": "An if asks about one number: np.where, np.maximum and np.clip work on whole arrays.",
    "can be converted to": "The functions of math take one number: those of NumPy, such as np.exp, take whole arrays.",
}


def _converted(function: Callable, convert: Callable[[tuple], tuple], arguments: tuple) -> Any:
    return function(*convert(arguments))


def _one_by_one(function: Callable, arguments: tuple) -> Any:
    return np.vectorize(function)(*arguments)


def _to_torch(arguments: tuple) -> tuple:
    """Numbers and arrays as tensors of PyTorch, where it is loaded."""
    torch = sys.modules.get("torch")
    numeric = (float, np.ndarray, np.number)
    return tuple(
        torch.as_tensor(a) if torch and isinstance(a, numeric) and np.asarray(a).dtype.kind in "biuf" else a
        for a in arguments
    )


def _to_numpy(arguments: tuple) -> tuple:
    """Tensors of PyTorch as arrays."""
    torch = sys.modules.get("torch")
    return tuple(a.detach().numpy() if torch and isinstance(a, torch.Tensor) else a for a in arguments)


def _read(answer: Callable[[], Any], function: Callable | None = None) -> "str | np.ndarray | Unusable":
    """Call for an answer and take its text or its numbers out of it; else what is wrong, as a sentence."""

    def work() -> "str | np.ndarray":
        try:
            given = answer()
        except TimeUp:
            raise
        except BaseException as error:  # a learner's code may raise anything, SystemExit included
            line, text = _line_of(error, function), _text(error)
            advice = next((f" {what}" for pattern, what in ONE_NUMBER.items() if pattern in text), "")
            raise Unusable(f"your function raised {_kind(error)}: {text}{line}{advice}") from None
        return str.__str__(given) if issubclass(type(given), str) else numbers(given)

    try:
        return _limited(work, PATIENCE_SECONDS)
    except TimeUp:
        return Unusable(
            f"it did not end within {PATIENCE_SECONDS:.0f} seconds of computing. Look for a loop that never ends."
        )
    except Unusable as problem:
        return problem


def _line_of(error: BaseException, function: Callable | None) -> str:
    """The line of a learner's function in which an error was raised, in words."""
    code = getattr(function, "__code__", None)
    found = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if code is not None and frame.f_code is code
    ]
    text = linecache.getline(code.co_filename, found[-1]).strip() if found and code is not None else ""
    return f". It happened in the line: {_text(text)}" if text else ""


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
    """A value of anybody's in a sentence: numbers with six digits, a large array by its shape."""
    try:
        if isinstance(value, (float, np.floating)):
            return f"{float(value):.6g}"
        if isinstance(value, np.generic):
            return _text(str(value))
        if isinstance(value, np.ndarray) and type(value) is np.ndarray:
            if value.size > MOST_SHOWN:
                return f"an array of shape {value.shape}"
            return _text(np.array2string(value, separator=", ", formatter={"float_kind": "{:.6g}".format}))
        return _text(repr(value))
    except BaseException:
        return f"a {_kind(value)}"


# --- code that does not end ---------------------------------------------------------------


def _limited(work: Callable[[], Any], seconds: float) -> Any:
    """``work()``, or `TimeUp` when it takes longer.

    Counted is the processor time of this thread, so that a busy machine makes nobody late; what sleeps or waits is
    stopped after `WAITING` times as long. In the main thread an alarm looks at both; elsewhere, and on Windows, every
    line does. From then on each line raises again, so that an ``except:`` around the loop does not keep it alive.
    """
    here, before = sys._getframe(), sys.gettrace()
    computed, began = time.thread_time(), time.monotonic()
    running, late = True, False

    def is_over() -> bool:
        return (
            late or time.thread_time() - computed >= seconds or time.monotonic() - began >= WAITING * seconds
        )

    def on_every_line(frame: Any, event: str, argument: Any) -> Any:
        nonlocal late
        if running and event == "line" and is_over():  # elsewhere the block could still catch it
            late = True
            raise TimeUp
        return on_every_line

    def ring(number: int, frame: Any) -> None:
        nonlocal late
        if running and is_over():
            late = True
            sys.settrace(on_every_line)
            while frame is not None and frame is not here:
                frame.f_trace, frame = on_every_line, frame.f_back
            raise TimeUp

    main = threading.current_thread() is threading.main_thread()
    alarm = main and hasattr(signal, "setitimer") and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    if alarm:
        handler = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, min(seconds, 0.2), 0.2)
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
            solutions.try_in_place(self, name, sys._getframe(1).f_globals)
            marks.say("TO DO", f"{name}: {exercise.todo}\nThe next cells go on with the reference answer.")
            return exercise.right_answer()
        problem = exercise.feedback(answer)
        progress.remember(name, passed=problem is None)
        if problem is None:
            marks.say("PASS", name)
            return exercise.to_go_on_with(answer)
        marks.say("NOT YET", f"{name}: {problem}\nThe next cells go on with the reference answer.")
        return exercise.right_answer()

    def quiz(self, name: str, choice: str | None = None) -> None:
        """Show a question: each option unfolds (click, or Tab and Enter) to its feedback.

        Args:
            name: id of the question.
            choice: the learner's answer, such as ``"B"``: its feedback is printed, and it is remembered.

        Raises:
            KeyError: there is no such question.
        """
        from IPython.display import HTML, display

        question = self.questions[name]
        if choice is not None:
            key = str(choice).strip().upper()
            if key not in question.options:
                print(f"{name}: {_brief(choice)} is none of {', '.join(question.options)}.")
                return
            progress.remember(name, passed=key == question.right)
            marks.say("PASS" if key == question.right else "NOT YET", f"{name}: {question.feedback[key]}")
            return
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


# --- the first exercise, of Start_Here ----------------------------------------------------

DEMO = Book(
    {
        "start-a": Exercise(
            "Replace None by the area.", 4 * np.pi, mistakes=[(4 * np.pi**2, "Square the radius, not pi.")]
        )
    },
    {
        "start-q": Question(
            "You press Shift+Enter and a star stays beside the cell. What does it mean?",
            {"A": "The cell failed.", "B": "The cell is running.", "C": "The kernel is dead."},
            right="B",
            feedback={
                "A": "A cell that failed shows a red message under it.",
                "B": "The star turns into a number when the cell is done.",
                "C": "JupyterLab tells you so in a window, and offers to restart it.",
            },
        )
    },
)
