"""Every stub, solution and typical mistake goes through its check."""

import copy
import importlib
import re
import sys
import threading
import time
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import notebooks
from utils import exercises
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
    book = book_of(path)
    answer, reference = book.check(name, space[variable]), book.exercises[name].reference
    assert capsys.readouterr().out == f"PASS {name}\n"
    assert callable(answer) or np.array_equal(np.asarray(answer), np.asarray(space[variable]))
    assert callable(answer) or isinstance(answer, (type(reference), int, float, np.number))


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
    assert exercise.feedback(22 / 7) == "That is a fraction. You gave 3.14286."
    assert "value is not yet" in exercise.feedback(3.0)
    assert "shape" in exercise.feedback([3.0, 3.0])
    assert "not finite" in exercise.feedback(np.inf)


def test_quiz_escapes_html():
    question = Question("Is 1 < 2?", {"A": "<b>yes</b>"}, "A", {"A": "1 & 2"})
    page = _quiz_html(question)
    assert "<b>yes</b>" not in page
    assert "1 &amp; 2" in page


# --- whatever a learner may write ---------------------------------------------------------

FUNCTIONS = [case for case in CASES if callable(book_of(case.values[0]).exercises[case.values[1]].reference)]


def spoil(value) -> None:
    """Overwrite in place whatever can be."""
    if hasattr(value, "fill_"):
        value.detach().fill_(99)
    elif isinstance(value, np.ndarray) and value.flags.writeable:
        value[...] = 99 if value.dtype.kind in "biufc" else value.ravel()[0]
    elif isinstance(value, (list, dict, set)):
        value.clear()
    elif isinstance(value, tuple):
        for part in value:
            spoil(part)
    elif hasattr(value, "__dict__") and not callable(value):
        for name in dir(value):
            if not name.startswith("_"):
                spoil(getattr(value, name))


@pytest.mark.parametrize(("path", "name", "variable", "solution"), FUNCTIONS)
def test_an_answer_that_changes_its_arguments_spoils_nothing(path, name, variable, solution, capsys):
    book = book_of(path)
    exercise = book.exercises[name]
    before = [[exercise.reference(*copy.deepcopy(a)) for a in exercise.arguments]]

    def spoiler(*arguments):
        spoil(arguments)
        return exercise.reference(*arguments)

    book.check(name, spoiler)
    assert capsys.readouterr().out.startswith("NOT YET") or not any(
        isinstance(part, (np.ndarray, list)) for arguments in exercise.arguments for part in arguments
    )
    for first, again in zip(before[0], [exercise.reference(*a) for a in exercise.arguments], strict=True):
        assert np.array_equal(np.asarray(first), np.asarray(again))
    for mistake, sentence in exercise.mistakes:
        book.check(name, mistake)
        assert sentence in capsys.readouterr().out
    book.check(name, exercise.reference)
    assert capsys.readouterr().out == f"PASS {name}\n"


def test_a_reference_that_a_notebook_changes_is_whole_again(capsys):
    book = Book({"x": Exercise(todo="Give it.", reference=np.array([1.0, 2.0]))}, {})
    handed_out = book.check("x", None)
    handed_out += 5
    book.check("x", np.array([6.0, 7.0]))
    assert "NOT YET" in capsys.readouterr().out
    assert np.array_equal(book.check("x", None), [1, 2])
    book.check("x", [1.0, 2.0])
    assert capsys.readouterr().out.endswith("PASS x\n")


def kinds_of(values):
    """The same numbers in every container that a learner may hold."""
    import keras
    import pandas as pd
    import tensorflow as tf
    import torch

    array = np.array(values)
    grows = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    frozen = array.copy()
    frozen.setflags(write=False)
    return {
        "list": list(values), "tuple": tuple(values), "array": array, "float32": array.astype(np.float32),
        "float16": array.astype(np.float16), "longdouble": array.astype(np.longdouble), "object": array.astype(object),
        "read-only": frozen, "not masked": np.ma.array(array), "complex without": array.astype(complex),
        "fractions": [Fraction(value) for value in values], "decimals": [Decimal(value) for value in values],
        "numpy scalars": [np.float32(value) for value in values], "0-d arrays": [np.array(v) for v in values],
        "Series": pd.Series(values, index=range(5, 5 + len(values))), "Index": pd.Index(values),
        "nullable": pd.Series(values, dtype="Float64"), "dict values": dict(enumerate(values)).values(),
        "torch": torch.tensor(values), "torch with gradient": grows, "torch of a graph": grows * 1,
        "parameter": torch.nn.Parameter(torch.tensor(values)), "bfloat16": torch.tensor(values, dtype=torch.bfloat16),
        "list of torch": [part * 1 for part in grows], "sparse": torch.tensor(values).to_sparse(),
        "conjugate": torch.tensor(values, dtype=torch.complex64).conj(),
        "tensorflow": tf.constant(values), "tf variable": tf.Variable(values), "keras variable": keras.Variable(values),
        "keras": keras.ops.convert_to_tensor(values), "tf bfloat16": tf.cast(tf.constant(values), tf.bfloat16),
    }  # fmt: skip


def test_right_answers_of_every_kind_pass_and_wrong_ones_do_not():
    exercise = Exercise(todo="Give it.", reference=np.array([1.5, -2.0, 0.25]))
    for kind, answer in kinds_of([1.5, -2.0, 0.25]).items():
        assert exercise.feedback(answer) is None, kind
        as_function = Exercise(
            todo="Write it.", reference=lambda: np.array([1.5, -2.0, 0.25]), arguments=[()]
        )
        assert as_function.feedback(lambda answer=answer: answer) is None, kind
    for kind, answer in kinds_of([1.5, -2.0, 0.75]).items():
        assert "value is not yet" in exercise.feedback(answer), kind
    for answer in ([1.5, -2.0, float("nan")], np.array([1.5, -np.inf, 0.25]), [1.5, Decimal("nan"), 0.25]):
        assert "not finite" in exercise.feedback(answer)


def test_tables_and_views_of_every_kind_are_read():
    import pandas as pd
    import torch

    table, column = [[1.5, -2.0], [0.25, 1.0]], torch.tensor([1.5, -2.0, 0.25], dtype=torch.float64)
    mixed = pd.DataFrame({"a": [1.5, 0.25], "b": pd.Series([-2, 1], dtype="Int64")})
    for answer in (
        pd.DataFrame(table),
        pd.DataFrame(table, dtype="Float32"),
        pd.DataFrame(table, dtype=object),
        mixed,
    ):
        assert Exercise(todo="Give it.", reference=np.array(table)).feedback(answer) is None
        assert Exercise(todo="Give it.", reference=np.zeros((2, 2))).feedback(answer) is not None
    exercise = Exercise(todo="Give it.", reference=column.numpy())
    assert exercise.feedback(torch.complex(column, -column).conj().imag) is None, (
        "a view with the sign to come"
    )


def test_an_answer_of_great_size_is_refused_before_it_is_copied():
    import torch

    exercise = Exercise(todo="Give it.", reference=np.zeros(2))
    for answer in (np.broadcast_to(np.int8(1), 10**9), torch.zeros(1).expand(10**9), range(10**9)):
        assert "more than 1,000,000 values" in exercise.feedback(answer)


def test_what_a_learner_tells_numpy_and_torch_does_not_stop_the_check():
    import torch

    def gradient(x):
        return torch.autograd.grad((x**2).sum(), x)[0]

    def careless(x):
        torch.set_grad_enabled(False)
        np.seterr(all="raise")
        warnings.simplefilter("error")
        return 2 * x

    number = Exercise(todo="Give it.", reference=-1.7e308)
    function = Exercise(
        todo="Write it.", reference=gradient, arguments=[(torch.ones(2, requires_grad=True),)] * 2
    )
    try:
        with np.errstate(), warnings.catch_warnings():
            assert function.feedback(careless) is None
            assert "value is not yet" in number.feedback(1.7e308)
    finally:
        torch.set_grad_enabled(True)


def test_a_generator_is_read_where_it_can_be_read_again():
    value = Exercise(todo="Give it.", reference=np.array([1.0, 2.0]))
    function = Exercise(todo="Write it.", reference=lambda: np.array([1.0, 2.0]), arguments=[()])
    assert "only once" in value.feedback(float(k) for k in (1, 2))
    assert function.feedback(lambda: (float(k) for k in (1, 2))) is None
    assert "more than" in function.feedback(lambda: iter(int, 1))


class _Bad:
    def __init__(self, error):
        self.error = error

    def __array__(self, *arguments, **names):
        raise self.error

    def __len__(self):
        raise self.error

    def __repr__(self):
        raise self.error

    __str__ = __float__ = __iter__ = __getitem__ = __repr__


class _NoClass:
    @property
    def __class__(self):
        raise RuntimeError("no")


class _Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError("no")


class _Text(str):
    """Text of a class of its own, which says anything."""

    def __str__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__
    strip = lower = __str__


class _Huge:
    def __len__(self):
        return 10**15

    def __getitem__(self, index):
        return 1.0


def nested():
    inner: list = []
    inner.append(inner)
    return inner


BAD = [
    "seven", b"7", "7", ["1.0", "2.0"], [1.0, "2"], {1.0, 2.0}, {"a": 1.0}, [1.0, [2.0]], [1.0, None], object(), print, int,
    np, np.array([1 + 2j, 2.0]), np.ma.masked, np.ma.array([1.0, 2.0], mask=True), np.ma.array([1.0, 2.0], mask=[0, 1]),
    np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]"), np.array([1, 2], dtype="timedelta64[s]"), nested(),
    np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), _Bad(RuntimeError("no")), _Bad(SystemExit(3)),
    _Bad(KeyboardInterrupt()), _Huge(), "x" * 10**6, "\x1b[2J\x07", 1j, NotImplemented, ...,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: type(bad).__name__)
@pytest.mark.parametrize("reference", [np.array([1.0, 2.0]), 2.0, "B"], ids=str)
def test_what_is_no_answer_gets_one_printable_sentence(bad, reference, capsys):
    book = Book({"x": Exercise(todo="Give it.", reference=reference)}, {})
    book.check("x", bad)
    said = capsys.readouterr().out
    assert said.startswith("NOT YET x: ")
    assert len(said) < 1000
    assert all(letter.isprintable() or letter == "\n" for letter in said)
    function = Exercise(todo="Write it.", reference=lambda: reference, arguments=[()])
    assert function.feedback(lambda: bad)
    assert function.feedback(bad)


@pytest.mark.parametrize("make", [_NoClass, lambda: _Nameless("X", (), {})(), lambda: _Text("A")])
@pytest.mark.parametrize("reference", [np.array([1.0, 2.0]), "B"], ids=str)
def test_an_object_that_hides_what_it_is_gets_a_sentence(make, reference):
    value = Exercise(todo="Give it.", reference=reference)
    function = Exercise(todo="Write it.", reference=lambda: reference, arguments=[()])
    for said in (value.feedback(make()), function.feedback(make), function.feedback(make())):
        assert said
        assert said.isprintable()


class _Silent(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    "error",
    [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), _Silent(), ValueError("x" * 10**6), MemoryError()],
)
def test_nothing_that_a_function_raises_escapes(error):
    def raises():
        raise error

    said = Exercise(todo="Write it.", reference=lambda: 1.0, arguments=[()]).feedback(raises)
    assert f"your function raised {type(error).__name__}" in said
    assert len(said) < 500


def loops():
    while True:
        pass


def stubborn():
    while True:
        try:  # noqa: SIM105 - as a beginner writes it
            sum(range(1000))
        except:  # noqa: E722
            pass


def waits():
    threading.Event().wait()


@pytest.mark.parametrize("function", [loops, stubborn, waits, lambda: iter(lambda: 1.0, 2.0)])
@pytest.mark.parametrize("where", ["main thread", "another thread"])
def test_a_function_that_never_ends_is_stopped(function, where, monkeypatch):
    if function is waits and where == "another thread":
        pytest.skip("only an alarm wakes what waits")
    monkeypatch.setattr(exercises, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(exercises, "MOST_VALUES", 10**12)
    exercise, said = Exercise(todo="Write it.", reference=lambda: 1.0, arguments=[()]), []
    if where == "main thread":
        said.append(exercise.feedback(function))
    else:
        thread = threading.Thread(target=lambda: said.append(exercise.feedback(function)), daemon=True)
        thread.start()
        thread.join(120)
    assert "did not end within" in said[0] or "has more than" in said[0]
    assert exercise.feedback(lambda: 1.0) is None, "and the next answer is judged as ever"
    time.sleep(0.5)  # no late alarm


def test_a_forgotten_return_is_named():
    said = Exercise(todo="Write it.", reference=lambda x: 2 * x, arguments=[(1.0,)]).feedback(lambda x: None)
    assert "None" in said
    assert "return" in said
