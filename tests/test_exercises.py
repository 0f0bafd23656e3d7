"""Every stub, solution and typical mistake goes through its check."""

import ast
import builtins
import copy
import functools
import importlib
import itertools
import math
import os
import re
import subprocess
import symtable
import sys
import threading
import time
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.spatial
import scipy.stats
import sympy
import tensorflow as tf
import torch
from sklearn.metrics import recall_score

import notebooks
from utils import exercises
from utils.engine import progress
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
    space = {"np": np, "torch": torch}
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


@pytest.mark.parametrize(("path", "name", "variable", "solution"), CASES)
def test_a_solution_uses_only_names_that_the_notebook_has_at_its_place(path, name, variable, solution):
    """`utils.engine.solutions` executes it there when the notebook runs; this says it in milliseconds."""
    known = set(dir(builtins))
    for cell in notebooks.code_cells(path):
        if f'check("{name}"' in cell.source:
            break
        for node in ast.parse(cell.source).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                known |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                known.add(node.name)
            else:
                known |= {
                    n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
    table = symtable.symtable(solution, name, "exec")
    tables = [table, *table.get_children()]
    own = {
        symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()
    }
    needed = {
        s.get_name()
        for t in tables
        for s in t.get_symbols()
        if s.is_referenced() and (s.is_global() or t is table)
    }
    assert needed <= known | own, (
        f"{path.name} has no {needed - known - own} where the solution of {name} stands"
    )


# --- different right answers, and wrong ones -----------------------------------------------


def by_digitize(confidence, correct, num_bins=10):
    step = np.digitize(confidence, np.linspace(0, 1, num_bins + 1)[1:-1])
    table = pd.DataFrame({"step": step, "sure": confidence, "right": correct}).groupby("step")
    return (table.size() / len(step) * (table.sure.mean() - table.right.mean()).abs()).sum()


def by_histogram(confidence, correct, num_bins):
    edges = np.linspace(0, 1, num_bins + 1)
    sure = np.histogram(confidence, edges, weights=confidence)[0]
    right = np.histogram(confidence, edges, weights=correct)[0]
    return np.abs(sure - right).sum() / len(confidence)


def overshoot_by_loops(wind, hours, fix_hours, fix_wind):
    most = 0.0
    for v, t in zip(wind, hours, strict=True):
        for k in range(len(fix_hours) - 1):
            if fix_hours[k] <= t <= fix_hours[k + 1]:
                a, b = sorted((fix_wind[k], fix_wind[k + 1]))
                most = max(most, v - b, a - v)
    return most


def by_linregress(storms, errors, goal):
    line = scipy.stats.linregress(np.log(storms), np.log(errors))
    return np.exp((np.log(goal) - line.intercept) / line.slope)


def by_lstsq(storms, errors, goal):
    table = np.column_stack([np.log10(storms), np.ones(len(storms))])
    slope, offset = np.linalg.lstsq(table, np.log10(errors), rcond=None)[0]
    return 10 ** ((np.log10(goal) - offset) / slope)


def crps_by_integral(wind, mean, sd):
    def one(y, m, s):
        x = np.linspace(m - 12 * s, m + 12 * s, 20_001)
        return scipy.integrate.trapezoid((scipy.stats.norm.cdf(x, m, s) - (x >= y)) ** 2, x)

    return np.array([one(*three) for three in zip(wind, mean, sd, strict=True)])


def gradient_by_loops(function, point, step):
    gradient = []
    for k in range(len(point)):
        point[k] += step
        above = function(point)
        point[k] -= 2 * step
        gradient.append((above - function(point)) / (2 * step))
        point[k] += step
    return gradient


def masked_in_place(velocity, distance):
    velocity[distance < 0] = 0
    return velocity


def mirrored_in_place(velocity):
    result = velocity[:, ::-1].copy()
    result[..., 1] *= -1
    return result


def moments_by_quadrature(c):
    x, w = np.polynomial.legendre.leggauss(20)
    values = np.polynomial.legendre.legval(x, c)
    mean = np.average(values, weights=w)
    return mean, np.sqrt(np.average((values - mean) ** 2, weights=w))


def by_autograd(d):
    d = torch.tensor(d, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(0.1 / (d + 0.1), d)[0]


def roll_out_in_place(step, state, num_steps):
    states = np.empty((num_steps, *state.shape))
    for k in range(num_steps):
        states[k] = state = step(state)
    return states


def euler_by_times(velocity, state, num_steps):
    for now in np.linspace(0, 1, num_steps, endpoint=False):
        state = state + velocity(state, now) * (1 / num_steps)
    return state


def weight_by_loops(points):
    weights = []
    for x, y in points:
        walls = [0.5 - y, y + 0.5]
        if -1 <= x <= 0:
            walls.append(y - 0.1)
        elif y <= 0.1:
            walls.append(-1 - x if x < -1 else x)
        else:
            walls.append(math.hypot(-1 - x if x < -1 else x, y - 0.1))
        weights.append(2 * min(walls))
    return weights


RIGHT = {
    "intro-01a": [lambda h: 2 / np.linalg.norm(h, 2), lambda h: 2 / max(np.linalg.eigvals(h)), lambda h: 2 / torch.linalg.eigvalsh(torch.tensor(h)).max()],
    "intro-01b": [lambda g, z: np.where(z > 0, g, 0), lambda g, z: [[a if b > 0 else 0 for a, b in zip(r, s)] for r, s in zip(g, z)], lambda g, z: torch.tensor(g) * torch.tensor(z > 0)],
    "intro-01c": [torch.nn.functional.l1_loss, lambda p, t: sum(abs(a - b) for a, b in zip(p, t)) / len(p), lambda p, t: float(np.mean(np.abs(p.numpy() - t.numpy())))],
    "intro-01d": [lambda x: np.maximum(1 - np.abs(x), 0), lambda x: np.interp(x, [-1, 0, 1], [0, 1, 0]), lambda x: [max(0.0, 1 - abs(v)) for v in x], lambda x: torch.relu(x + 1) - 2 * torch.relu(x) + torch.relu(x - 1)],
    "intro-02a": [lambda a, b: np.linalg.norm(a.astype(float) - b), lambda a, b: math.dist(a.ravel().tolist(), b.ravel().tolist())],
    "intro-02b": [238510, 238510.0, np.int64(238510), [238510], torch.tensor(238510), np.array(238510)],
    "intro-02c": [lambda p, k: -math.log(p[k]), lambda p, k: torch.nn.functional.nll_loss(torch.log(torch.tensor(p))[None], torch.tensor([k]))],
    "intro-02d": ["b", " B "],
    "intro-03a": [[[0, 0, 0], [1, 0, 0], [0, 0, 0]], torch.tensor([[0, 0, 0], [1, 0, 0], [0, 0, 0]]), np.array([[0, 0, 0], [True, 0, 0], [0, 0, 0]])],
    "intro-03b": [lambda s, k, t, p: len(range(0, s + 2 * p - k + 1, t)), lambda s, k, t, p: math.floor((s + 2 * p - k) / t) + 1],
    "intro-03c": [lambda i: np.maximum.reduce([i[::2, ::2], i[1::2, ::2], i[::2, 1::2], i[1::2, 1::2]]), lambda i: [[i[r : r + 2, c : c + 2].max() for c in range(0, i.shape[1], 2)] for r in range(0, len(i), 2)], lambda i: torch.nn.functional.max_pool2d(torch.tensor(i)[None], 2)[0]],
    "intro-03d": [(320, 8224, 401664, 2570), np.array([320, 8224, 401664, 2570])],
    "intro-04c": [(3, 4, 23, 3), np.array([3, 4, 23, 3])],
    "intro-05b": [lambda p, n: sorted(range(len(p)), key=lambda k: np.diff(np.sort(p[k]))[-1])[:n], lambda p, n: np.argsort([np.sort(r)[-1] - np.sort(r)[-2] for r in p])[:n]],
    "intro-05c": [lambda f: f + (1 - f.sum(1, keepdims=True)) / f.shape[1], lambda f: [[v - (sum(r) - 1) / len(r) for v in r] for r in f], lambda f: f - f.mean(1)[:, None] + 1 / f.shape[1]],
    "intro-06c": [128.0, 2**7, np.float32(128)],
    "cyclone-01b": [lambda w: np.digitize(w, [20, 33, 63, 82, 95, 112, 136], right=True), lambda w: [sum(v > k for k in (20, 33, 63, 82, 95, 112, 136)) for v in w], lambda w: sum((w > k).astype(int) for k in (20, 33, 63, 82, 95, 112, 136))],
    "cyclone-01c": [lambda s: np.maximum(1.5, 1 + 2.5 * s), lambda s: [1.5 if v < 0.2 else 1 + 2.5 * v for v in s], lambda s: np.where(s < 0.2, 1.5, 1.5 + 2.5 * (s - 0.2))],
    "cyclone-02a": [lambda f: float(f[:-1]) * {"N": 1, "E": 1, "S": -1, "W": -1}[f[-1]], lambda f: np.float32(f[:-1]) * (-1 if f.endswith(("S", "W")) else 1)],
    "cyclone-02d": [lambda a, s, b, t: [(a * t**2 + b * s**2) / (s**2 + t**2), s * t / math.hypot(s, t)], lambda a, s, b, t: np.array([np.average([a, b], weights=[s**-2, t**-2]), (s**-2 + t**-2) ** -0.5])],
    "cyclone-03a": [lambda f, k: abs(f * k - round(f * k)), lambda f, k: min(f * k % 1, -f * k % 1)],
    "cyclone-03d": [lambda y, p: -np.log(p[np.arange(len(p)), y.argmax(1)]).mean(), lambda y, p: -np.log(p[y == 1]).mean()],
    "cyclone-04b": [lambda s, a, b: len(set(s[a]) & set(s[b])), lambda s, a, b: sum(k in s[b] for k in set(s[a]))],
    "cyclone-05a": [lambda t, p: sum((p[t == k] == k).mean() for k in set(t)) / len(set(t)), lambda t, p: recall_score(t, p, average="macro", zero_division=0)],
    "cyclone-05b": [lambda y, n: len(y) / n / np.bincount(y, minlength=n), lambda y, n: [len(y) / n / max(1, list(y).count(k)) if k in y else 0 for k in range(n)]],
    "cyclone-06c": [90.0, np.float64(90), [90]],
    "cyclone-09a": [lambda p, k: np.concatenate([p[:, -k:], p[:, :-k]], axis=1), lambda p, k: [np.roll(f, k, axis=0) for f in p]],
    "flow-01b": [lambda a, b: math.log(a / b, 2), lambda a, b: np.log(a / b) / np.log(2), lambda a, b: torch.log2(torch.tensor(a / b))],
    "flow-03a": [lambda s: sum((a + 1) * b for a, b in itertools.pairwise(s)), lambda s: np.dot(s[:-1], s[1:]) + sum(s[1:])],
    "flow-03b": [lambda t: t.clip(0), lambda t: np.where(t < 0, 0, t), lambda t: torch.relu(torch.tensor(t)), lambda t: tf.nn.relu(t), lambda t: (t + abs(t)) / 2],
    "flow-04c": [lambda a, b: scipy.stats.ttest_rel(a, b).confidence_interval(0.95), lambda a, b: list(scipy.stats.t.interval(0.95, len(a) - 1, np.mean(a - b), scipy.stats.sem(a - b)))],
    "flow-05a": [lambda x: tf.nn.elu(tf.concat([x, -x], -1)), lambda x: torch.nn.functional.elu(torch.cat([torch.tensor(x), -torch.tensor(x)], -1)), lambda x: np.hstack([np.where(s > 0, s, np.exp(s) - 1) for s in (x, -x)])],
    "flow-07c": [2 * 8, 16.0],
    "flow-10a": [lambda p, t, m: [np.linalg.norm(a - b) / np.linalg.norm(b - m) for a, b in zip(p, t)], lambda p, t, m: np.linalg.norm((p - t).reshape(len(p), -1), axis=1) / np.linalg.norm((t - m).reshape(len(p), -1), axis=1)],
    "flow-10b": [lambda b, a: np.linalg.pinv(b) @ a, lambda b, a: np.linalg.solve(b.T @ b, b.T @ a), lambda b, a: torch.linalg.lstsq(b, a).solution],
    "flow-10c": [lambda f, s, n: list(itertools.accumulate(range(n - 1), lambda x, _: f(x), initial=f(s))), roll_out_in_place],
    "flow-11a": [lambda n, d, t: n + t * (d - n), lambda n, d, t: torch.lerp(n, d, t.expand_as(n))],
    "flow-11b": [euler_by_times, lambda f, s, n: functools.reduce(lambda x, k: x + f(x, k / n) / n, range(n), s)],
    "flow-11c": [lambda s, t: [np.mean([abs(a - y) for a in c]) - np.mean([abs(a - b) for a, b in itertools.combinations(c, 2)]) / 2 for c, y in zip(s.T, t)], lambda s, t: abs(s - t).mean(0) - np.mean([abs(a - b) for a, b in itertools.permutations(s, 2)], axis=0) / 2],
    "pinn-1a": [lambda x, length: 0.5 * x**2 - 0.5 * length * x, lambda x, length: -x * (length - x) / 2],
    "pinn-1b": [lambda x, n: 2 + 3 * x + np.sin(np.pi * x) * n, lambda x, n: 2 + 3 * x + 4 * x * (1 - x) * n, lambda x, n: 2 + 3 * x + torch.sin(torch.pi * x) * n, lambda x, n: 2 * (1 - x) + 5 * x + (x - x**2) * n, lambda x, n: [2 + 3 * x**2 + math.sin(math.pi * x) * n]],
    "pinn-1d": [lambda w: 4 * np.pi**2 / w**2, lambda w: math.pow(math.tau / w, 2)],
    "pinn-3a": [[[3, -1, 0], [-1, 2, -1], [0, -1, 3]], tf.constant([[3.0, -1, 0], [-1, 2, -1], [0, -1, 3]]), pd.DataFrame([[3, -1, 0], [-1, 2, -1], [0, -1, 3]])],
    "pinn-3b": [lambda e, k: [math.exp(-k * sum(e[:i])) for i in range(len(e))], lambda e, k: np.exp(-k * np.append(0, np.cumsum(e)[:-1]))],
    "pinn-3c": [pd.Series([1, 3**0.5, 2]), (1, 1.7320508, 2), torch.sqrt(torch.tensor([1.0, 3.0, 4.0]))],
    "pinn-06a": [math.hypot(2 * math.pi, math.pi), 7.0248],
    "pinn-06c": [math.tau, 6.2832],
    "chip-08c": [np.trapezoid, scipy.integrate.trapezoid, lambda u, y: sum((u[k] + u[k + 1]) / 2 * (y[k + 1] - y[k]) for k in range(len(y) - 1))],
    "chip-09a": [lambda x, y: np.column_stack([y, -x]), lambda x, y: list(zip(y, -x)), lambda x, y: torch.stack([torch.tensor(y), -torch.tensor(x)], -1)],
    "pinn-10a": [lambda g, n: np.average(g, axis=0, weights=n), lambda g, n: n @ g / sum(n)],
    "intro-04a": [1179648 / 69632, 16.94, np.float32(16.9412), torch.tensor(16.94)],
    "intro-04b": [lambda h, a, b: (h + (h @ a).clip(0) @ b).clip(0), lambda h, a, b: torch.relu(h + torch.relu(h @ a) @ b), lambda h, a, b: tf.nn.relu(h + tf.nn.relu(h @ a) @ b), lambda h, a, b: [np.maximum(r + np.dot(np.maximum(np.dot(r, a), 0), b), 0) for r in h]],
    "intro-05a": [lambda a, b, c, e: (a / (e - c)) ** (1 / b), lambda a, b, c, e: math.exp(math.log(a / (e - c)) / b), lambda a, b, c, e: scipy.optimize.brentq(lambda n: a * n**-b + c - e, 1e-3, 1e9)],
    "intro-05d": [by_digitize, by_histogram, lambda c, r, n: sum(abs(np.sum((c - r)[np.minimum((c * n).astype(int), n - 1) == k])) for k in range(n)) / len(c)],
    "intro-06a": [lambda p, s: s / (s * (1 - p) + p), lambda p, s: (1 - p + p / s) ** -1],
    "intro-06b": [lambda v, b: [0.0 if x == 0 else round(x / 2.0 ** (math.floor(math.log2(abs(x))) - b)) * 2.0 ** (math.floor(math.log2(abs(x))) - b) for x in v], lambda v, b: np.ldexp(np.rint(np.ldexp(np.frexp(v)[0], b + 1)), np.frexp(v)[1] - b - 1), lambda v, b: torch.ldexp(torch.round(torch.frexp(torch.tensor(v))[0] * 2 ** (b + 1)) / 2 ** (b + 1), torch.frexp(torch.tensor(v))[1])],
    "cyclone-01a": [4.5, 4.498, math.pow(13 / 11, 9), np.exp(9 * np.log(130 / 110))],
    "cyclone-02b": [overshoot_by_loops, lambda w, h, fh, fw: max(0.0, *(max(v - max(p), min(p) - v) for v, t in zip(w, h) for k in [min(max(np.searchsorted(fh, t) - 1, 0), len(fh) - 2)] for p in [fw[k : k + 2]]))],
    "cyclone-02c": [lambda s, c: np.mean([c[k] == c[k - 1] for k in range(1, len(s)) if s[k] == s[k - 1]]), lambda s, c: np.mean((np.diff(c) == 0)[np.diff(s) == 0]), lambda s, c: pd.Series(c).groupby(s).diff().dropna().eq(0).mean()],
    "cyclone-03b": [25 * 25, 625.0, (256 - 232 + 1) ** 2, [625]],
    "cyclone-03c": [(9216 + 1) * 3584 / 42817400, 0.7715, np.float32(0.7715)],
    "cyclone-04a": [1 - 0.2**2, 0.96, 0.8 + 0.2 * 0.8, Fraction(24, 25)],
    "cyclone-04c": [lambda r: (len(r) + 1) / (1 + 2 * sum((1 - k / (len(r) + 1)) * v for k, v in enumerate(r, 1))), lambda r: (len(r) + 1) ** 2 / (len(r) + 1 + 2 * np.arange(len(r), 0, -1) @ r), lambda r: (len(r) + 1) ** 2 / scipy.linalg.toeplitz(np.append(1, r)).sum()],
    "cyclone-05c": [lambda p, g: np.power(1 - p, g) * -np.log(p), lambda p, g: [-((1 - q) ** g) * math.log(q) for q in p], lambda p, g: -((1 - p) ** g) * math.log(p), lambda p, g: (1 - p) ** g * -torch.log(p)],
    "cyclone-05d": [4, 4.0, len(["0", "90", "180", "270"]), np.int8(4)],
    "cyclone-06a": [lambda e, s: -scipy.stats.norm.logpdf(e, scale=s) - math.log(math.tau) / 2, lambda e, s: np.log(s) + e * e / (2 * s * s), lambda e, s: [math.log(b) + a**2 / b**2 / 2 for a, b in zip(e, s)], lambda e, s: torch.log(s) + (e / s) ** 2 / 2],
    "cyclone-06b": [lambda f, i: sum(f(np.rot90(i, k, (1, 2))) for k in range(4)) / 4, lambda f, i: (f(i) + f(i[:, ::-1, ::-1]) + f(i.transpose(0, 2, 1)[:, ::-1]) + f(i.transpose(0, 2, 1)[:, :, ::-1])) / 4, lambda f, i: np.stack([f(np.rot90(i, k, axes=(2, 1))) for k in (0, 1, 2, 3)]).mean(0)],
    "cyclone-06d": [by_linregress, by_lstsq],
    "cyclone-07a": [lambda m, a: ((m * a).sum((1, 2)) / m.sum((1, 2))).mean(), lambda m, a: sum(one[a].sum() / one.sum() for one in m) / len(m), lambda m, a: np.einsum("nij,ij->n", m / m.sum(axis=(1, 2), keepdims=True), a).mean()],
    "cyclone-07b": [lambda w, m, s, q: np.mean(abs(w - m) / s < scipy.stats.norm.isf((1 - q) / 2)), lambda w, m, s, q: sum(abs(scipy.stats.norm.cdf(a, b, c) - 0.5) <= q / 2 for a, b, c in zip(w, m, s)) / len(w), lambda w, m, s, q: ((w >= scipy.stats.norm.interval(q, m, s)[0]) & (w <= scipy.stats.norm.interval(q, m, s)[1])).mean()],
    "cyclone-07c": [math.sqrt((100 + 144 + 196) / 3 + 200 / 3), 14.6, math.hypot(np.std([90, 100, 110]), np.linalg.norm([10, 12, 14]) / 3**0.5), np.sqrt(np.mean(np.square([90, 100, 110]) + np.square([10, 12, 14])) - 100**2)],
    "cyclone-08a": [lambda w: np.nan_to_num(w, nan=(m := w[np.isfinite(w)].mean()), posinf=m, neginf=m).clip(0, 200), lambda w: [min(200, max(0, v if math.isfinite(v) else np.mean([u for u in w if math.isfinite(u)]))) for v in w], lambda w: pd.Series(w).replace([np.inf, -np.inf], np.nan).pipe(lambda s: s.fillna(s.mean())).clip(0, 200)],
    "cyclone-08b": [lambda k, a: scipy.spatial.distance.cdist(a, k).argmin(1), lambda k, a: scipy.spatial.KDTree(k).query(a)[1], lambda k, a: [min(range(len(k)), key=lambda j: sum((k[j] - row) ** 2)) for row in a], lambda k, a: torch.cdist(torch.tensor(a), torch.tensor(k)).argmin(1)],
    "cyclone-08c": ["storm_top1", " Storm_top1 ", np.str_("storm_top1")],
    "cyclone-09b": [lambda p: np.argmax(p.sum(0), -1), lambda p: [int(np.argmax(np.mean(p[:, k], axis=0))) for k in range(p.shape[1])], lambda p: torch.tensor(p).mean(0).argmax(1), lambda p: tf.argmax(tf.reduce_mean(p, 0), -1)],
    "cyclone-09c": [lambda w, d: [np.average(a, weights=b**-2) for a, b in zip(w, d)], lambda w, d: np.average(w, axis=1, weights=1 / d**2), lambda w, d: np.sum(w / d**2, 1) / np.sum(d**-2.0, 1)],
    "cyclone-10a": [lambda s, q: sorted(s)[math.ceil((len(s) + 1) * q) - 1] if math.ceil((len(s) + 1) * q) <= len(s) else 1e9, lambda s, q: np.append(np.sort(s), [1e9] * len(s))[int(np.ceil((len(s) + 1) * q)) - 1], lambda s, q: next((v for v in sorted(s) if sum(s <= v) >= math.ceil((len(s) + 1) * q)), 1e9)],
    "cyclone-10b": [lambda i, s: pd.Series(i).groupby(s).mean().mean(), lambda i, s: sum(i[s == k].mean() for k in set(s)) / len(set(s)), lambda i, s: np.mean(np.bincount(s, i)[np.unique(s)] / np.bincount(s)[np.unique(s)])],
    "cyclone-10c": [lambda w, m, s: [b * ((z := (a - c) / b) * math.erf(z / math.sqrt(2)) + 2 * math.exp(-z * z / 2) / math.sqrt(math.tau) - math.pi**-0.5) for a, c, b in zip(w, m, s)], lambda w, m, s: (w - m) * (2 * scipy.stats.norm.cdf(w, m, s) - 1) + 2 * s**2 * scipy.stats.norm.pdf(w, m, s) - s / np.sqrt(np.pi), crps_by_integral],
    "flow-01a": [lambda r, u, n: 3 * (u * n / r) + 0.5, lambda r, u, n: (6 * u * n / r + 1) / 2, lambda reynolds, speed, length: torch.tensor(3 * speed * length / reynolds + 0.5)],
    "flow-01c": [lambda f, u, d: f / (0.5 * u**2 * d), lambda f, u, d: f / 0.5 / u / u / d],
    "flow-01d": [8, 2**3, 8.0, 4 * 2],
    "flow-02a": [lambda x, y, c: np.minimum.reduce([np.sqrt((x - a) ** 2 + (y - b) ** 2) - r for a, b, r in c]), lambda x, y, c: [min(math.hypot(p - a, q - b) - r for a, b, r in c) for p, q in zip(x, y)], lambda x, y, c: functools.reduce(np.minimum, (abs(x - a + 1j * (y - b)) - r for a, b, r in c))],
    "flow-02b": [lambda v: 1.5 * v[:, :, 0].mean(0), lambda v: [sum(v[j, k, 0] for j in range(len(v))) * 3 / 2 / len(v) for k in range(v.shape[1])], lambda v: np.sum(v[..., 0], 0) / (2 / 3 * v.shape[0])],
    "flow-02c": [lambda p, t, s: [np.linalg.norm((a - b)[~m]) / np.linalg.norm(b[~m]) for a, b, m in zip(p, t, s)], lambda p, t, s: np.sqrt((((p - t) ** 2).sum(-1) * ~s).sum((1, 2)) / ((t**2).sum(-1) * ~s).sum((1, 2))), lambda p, t, s: np.linalg.norm(np.where(s[..., None], 0, p - t).reshape(len(p), -1), axis=1) / np.linalg.norm(np.where(s[..., None], 0, t).reshape(len(p), -1), axis=1)],
    "flow-03c": [lambda d, n: np.concatenate([d[..., -n:], d[..., :-n]], -1), lambda d, n: np.pad(d[..., :-n], [(0, 0)] * (d.ndim - 1) + [(n, 0)], mode="edge"), lambda d, n: np.pad(d[..., :-n], [(0, 0)] * (d.ndim - 1) + [(n, 0)], constant_values=9), lambda d, n: scipy.ndimage.shift(d, [0] * (d.ndim - 1) + [n], order=0, mode="nearest"), lambda d, n: torch.roll(d, n, -1), lambda d, n: tf.roll(d, n, -1)],
    "flow-04a": [lambda ny, nx, cy, cx, r: [[math.dist((j + 0.5, i + 0.5), (cy, cx)) - r for i in range(nx)] for j in range(ny)], lambda ny, nx, cy, cx, r: np.sqrt((np.arange(ny)[:, None] + 0.5 - cy) ** 2 + (np.arange(nx) + 0.5 - cx) ** 2) - r],
    "flow-04b": [lambda h, w, b, a: (h * w * b + 1) * a, lambda h, w, b, a: torch.nn.Conv2d(b, a, (h, w)).weight.numel() + a],
    "flow-05b": [lambda p: np.stack([(p[1:, 1:] + p[1:, :-1] - p[:-1, 1:] - p[:-1, :-1]) / 2, (p[1:, :-1] + p[:-1, :-1] - p[1:, 1:] - p[:-1, 1:]) / 2], -1), lambda p: np.dstack([np.diff(p, axis=0)[:, :-1] / 2 + np.diff(p, axis=0)[:, 1:] / 2, -(np.diff(p, axis=1)[:-1] + np.diff(p, axis=1)[1:]) / 2]), lambda p: torch.stack([torch.diff((p[:, 1:] + p[:, :-1]) / 2, dim=0), -torch.diff((p[1:] + p[:-1]) / 2, dim=1)], -1)],
    "flow-05c": [lambda s, m: scipy.fft.irfft(np.where(np.arange(len(s) // 2 + 1) < m, scipy.fft.rfft(s), 0), len(s)), lambda s, m: np.fft.irfft(np.fft.rfft(s)[:m], len(s)), lambda s, m: np.fft.ifft(np.fft.fft(s) * (abs(np.fft.fftfreq(len(s), 1 / len(s))) < m)).real, lambda s, m: torch.fft.irfft(torch.fft.rfft(s)[:m], len(s))],
    "flow-06a": [lambda s, n, d, t: (d + t) / (s - n), lambda s, n, d, t: scipy.optimize.brentq(lambda k: d + t + k * n - k * s, 0, 1e9)],
    "flow-06b": [lambda a: np.sqrt(((a - a.mean(0)) ** 2).mean(0).sum(-1)), lambda a: np.linalg.norm(a.std(0), axis=-1), lambda a: torch.sqrt(a.var(0, unbiased=False).sum(-1)), lambda a: np.hypot(*np.moveaxis(a.std(axis=0), -1, 0))],
    "flow-06c": ["solver of equal error", "Solver of equal error"],
    "flow-06d": [lambda w, v: np.stack([np.average(v, axis=0, weights=each) for each in w.T]), lambda w, v: (w / w.sum(0)).T @ v, lambda w, v: np.einsum("ps,pc->sc", w, v) / np.sum(w, 0)[:, None], lambda w, v: torch.tensor(w).T @ torch.tensor(v) / torch.tensor(w.sum(0)[:, None])],
    "flow-07a": [lambda r, a: r / np.sqrt(np.pi * np.mean(r**2) / a), lambda r, a: [v * math.sqrt(a / math.pi / (sum(w * w for w in r) / len(r))) for v in r], lambda r, a: np.array(r) * (a / (0.5 * np.sum(r**2) * 2 * np.pi / len(r))) ** 0.5],
    "flow-07b": [gradient_by_loops, lambda f, p, h: scipy.optimize._numdiff.approx_derivative(f, p, method="3-point", abs_step=h)],
    "flow-08a": [lambda v, d: v * (d >= 0)[..., None], masked_in_place, lambda v, d: np.where(np.stack([d, d], -1) < 0, 0, v), lambda v, d: tf.where(d[..., None] < 0, 0.0, v)],
    "flow-08b": [lambda v: np.flip(v, 1) * [1, -1], mirrored_in_place, lambda v: np.stack([v[:, ::-1, :, 0], -v[:, ::-1, :, 1]], -1), lambda v: torch.flip(v, [1]) * torch.tensor([1, -1])],
    "flow-08c": ["worst car", " Worst car"],
    "flow-09a": [lambda a, b, t: np.linalg.lstsq((a - b).reshape(-1, 1), (t - b).ravel(), rcond=None)[0][0], lambda a, b, t: scipy.optimize.minimize_scalar(lambda w: np.sum((w * a + (1 - w) * b - t) ** 2)).x, lambda a, b, t: np.vdot(a - b, t - b) / np.vdot(a - b, a - b)],
    "flow-09b": [150 + 2 * 90, 330.0, np.float64(330)],
    "flow-09c": ["cars of this kind", "Cars of this kind "],
    "pinn-1c": [2 * 20 + 21 * 20 + 21, 481.0, [481], torch.tensor(481)],
    "pinn-2a": [lambda a, b: 1 / (1 + a / b), lambda a, b: np.linalg.solve([[a + b]], [b])[0], lambda a, b: scipy.optimize.brentq(lambda t: a * t - b * (1 - t), 0, 1)],
    "pinn-2b": [100 * 5 * 0.1 / 5.1, 9.8, 9.804, np.float32(9.8039)],
    "pinn-2c": [lambda d: -0.1 * (d + 0.1) ** -2, lambda d: -1 / (10 * (d + 0.1) ** 2), by_autograd, lambda d: sympy.diff(0.1 / (sympy.Symbol("x") + 0.1)).subs("x", d)],
    "pinn-04a": [lambda n, w: math.sqrt(6 / n) / w, lambda n, w: (6 / n / w**2) ** 0.5, lambda n, w: torch.sqrt(torch.tensor(6.0 / n)) / w],
    "pinn-04b": [0.287, 0.2873, math.sqrt(0.09 / 1.09), np.float32(0.2873)],
    "pinn-04c": [lambda e, t: max(abs(e)) / np.mean(abs(t)), lambda e, t: np.linalg.norm(e, np.inf) / (np.linalg.norm(t, 1) / len(t)), lambda e, t: e.abs().max() / t.abs().mean(), lambda e, t: max(abs(v) for v in e) / (sum(abs(v) for v in t) / len(t))],
    "pinn-04d": [lambda e, k: [math.exp(-k * sum(e[:i])) for i in range(len(e))], lambda e, k: np.exp(-k * np.concatenate([[0], np.cumsum(e[:-1])])), lambda e, k: torch.exp(-k * (torch.cumsum(e, 0) - e)), lambda e, k: np.exp(-k * np.tri(len(e), k=-1) @ e)],
    "pinn-05a": [lambda a, b: -np.maximum(-a, b), lambda a, b: np.where(a < -b, a, -b), lambda a, b: [min(p, -q) for p, q in zip(a, b)], lambda a, b: min(a, -b), lambda a, b: torch.minimum(a, -b)],
    "pinn-05b": [lambda p, n, w: np.einsum("ij,ij,i", p, n, w) / 2, lambda p, n, w: sum(k * (a @ b) for a, b, k in zip(p, n, w)) / 2, lambda p, n, w: w @ (p * n).sum(1) / 2],
    "pinn-05c": [2 * (5 + 1) + 2 * 0.6, 13.2, 5 + 5 - 1 + 1 + 0.6 + 0.6 + 1 + 1, Decimal("13.2")],
    "pinn-05d": [lambda g, n, w: np.einsum("ij,ij,i->", g, n, w), lambda g, n, w: sum(k * np.dot(a, b) for a, b, k in zip(g, n, w)), lambda g, n, w: np.sum(g * n * w[:, None])],
    "pinn-06b": [lambda p, nu: p.u_t + p.u * p.u_x + p.v * p.u_y - (-p.p_x + nu * (p.u_xx + p.u_yy)), lambda p, nu: -nu * p.u_xx - nu * p.u_yy + p.p_x + p.v * p.u_y + p.u * p.u_x + p.u_t, lambda p, n: torch.tensor(p.u_t + p.u * p.u_x + p.v * p.u_y + p.p_x - n * (p.u_xx + p.u_yy))],
    "pinn-06d": [3, 3.0, 1 - 2 * math.cos(math.pi), max(1 - 2 * np.cos(2 * np.linspace(0, np.pi, 181)))],
    "pinn-07a": [moments_by_quadrature, lambda c: [c[0], math.sqrt(sum(v * v / (2 * k + 1) for k, v in enumerate(c) if k))], lambda c: (c[0], np.linalg.norm(c[1:] / np.sqrt(2 * np.arange(1, len(c)) + 1)))],
    "pinn-07b": [lambda s, e: s**2 / e**2, lambda s, e: math.pow(e / s, -2), lambda s, e: (s / e) * (s / e)],
    "pinn-07c": [lambda a, b, t: ((a < t) & (t < b)).mean(), lambda a, b, t: np.mean([p <= q <= r for p, q, r in zip(a, np.broadcast_to(t, len(a)), b)]), lambda a, b, t: np.count_nonzero((t - a) * (b - t) >= 0) / len(a), lambda a, b, t: np.mean(np.clip(t, a, b) == t)],
    "pinn-11a": [(-1, 2), np.array([-1.0, 2]), torch.tensor([-1, 2]), pd.Series([-1, 2])],
    "pinn-11b": [lambda z: (2 + z) / (2 - z), lambda z: 1 + z / (1 - z / 2)],
    "pinn-11c": [lambda t, g: math.exp(2 * g * (1 - t)), lambda t, g: np.exp(g * (1 - t)) ** 2, lambda t, g: torch.exp(2 * g * (1 - t)), lambda t, g: np.exp(2 * g) / np.exp(2 * g * t)],
    "chip-08a": [0.544, 0.5445, scipy.optimize.brentq(lambda q: math.sin(1.5 * math.pi * q) - q, 0.4, 0.7), np.float32(0.54448)],
    "chip-08b": [weight_by_loops, lambda p: 2 * np.minimum(0.5 - abs(p[:, 1]), np.linalg.norm(p - np.column_stack([np.clip(p[:, 0], -1, 0), np.minimum(p[:, 1], 0.1)]), axis=1))],
    "chip-08d": [lambda i, d: np.linalg.lstsq(d[:, None], i, rcond=None)[0][0], lambda i, d: (i @ d) / (d @ d), lambda i, d: sum(a * b for a, b in zip(i, d)) / sum(b * b for b in d), lambda i, d: scipy.optimize.minimize_scalar(lambda nu: np.sum((i - nu * d) ** 2)).x],
    "chip-09b": [lambda a, b, c, d: c * d - (c - a) * (d - b), lambda a, b, c, d: a * b + a * (d - b) + b * (c - a)],
    "chip-09c": [lambda n, x: scipy.interpolate.BarycentricInterpolator(n, np.eye(len(n)))(x), lambda n, x: [math.prod((x - n[j]) / (n[i] - n[j]) for j in range(len(n)) if j != i) for i in range(len(n))], lambda n, x: np.linalg.solve(np.vander(n).T, np.vander([x], len(n))[0])],
    "pinn-10b": [lambda s, b, p, w, d, e: b * p * (min(1.0, (s + 1) / w) if s < w else d ** ((s - w) / e)), lambda s, b, p, w, d, e: float(np.where(s < w, b * p * (s + 1) / w, b * p * np.exp(np.log(d) * (s - w) / e)))],
    "pinn-10c": [lambda a, b, p: a / (p * b), lambda a, b, p: (a / b) / p],
}  # fmt: skip
WRONG = [  # id, answer, words of the sentence
    ("pinn-1b", lambda x, n: 2 + 3 * x, "does not change with n"),
    ("pinn-1b", lambda x, n: 2 + 3 * x + np.sin(x) * n, "n = 7"),
    ("pinn-1b", lambda x, n: None, "return"),
    ("cyclone-06c", np.pi / 2, "radians in place of degrees?"),
    ("pinn-06a", np.rad2deg(np.pi * np.sqrt(5)), "degrees in place of radians?"),
    ("cyclone-04a", 96, "per cent in place of a share?"),
    ("pinn-3c", [2.0, 1.0, np.sqrt(3)], "their order is not"),
    ("flow-01a", lambda r, s, n: 0.5 - 3 * s * n / r, "yours gives -0.1, and 1.1 is asked for"),
    ("intro-02d", "D", "That is not the right choice. Asked for: choose A, B or C."),
    ("chip-09a", lambda x, y: np.stack([y, -x]), "Rows and columns may be swapped."),
    ("pinn-1c", 77, "You gave 77."),
    ("pinn-10b", lambda s, b, p, w, d, e: b * p * ((s + 1) / w if s <= w else d ** ((s - w) / e)), "step = 10"),
    ("cyclone-10a", lambda s, q: np.sort(s)[k - 1] if (k := math.ceil((len(s) + 1) * q)) < len(s) else 1e9, "1e+09"),
    ("intro-05b", lambda p, n: np.argsort(np.sort(p)[:, -1] - np.sort(p)[:, 2], kind="stable")[:n], "array of shape (12, 6)"),
    ("intro-03d", (320, 8224, 401536, 2570), "401536"),
    ("flow-06b", lambda a: np.sqrt(np.var(a, axis=0, ddof=1).sum(-1)), "torch.var"),
    ("flow-03c", lambda d, n: np.roll(d, n, axis=0), "the last axis"),
    ("flow-01c", lambda f, u, d: f / u**2 if f / u**2 > [0.1] else d, "TypeError"),
    ("cyclone-01c", lambda s: 1 if s < 0.2 else 2, "yours gives [1, 2, 2]"),
    ("intro-01a", 0.25, "without parentheses"),
    # the first mistake on one input, and something else on the other: no accusation
    ("pinn-2a", lambda d1, d2: d1 / (d1 + d2) if d1 > 5 else 0.0, "d1 = 10"),
]  # fmt: skip
BOOKS = {case.values[1]: book_of(case.values[0]) for case in CASES}


def test_every_exercise_has_different_right_answers():
    assert set(RIGHT) == set(BOOKS)
    assert min(map(len, RIGHT.values())) >= 2


@pytest.mark.parametrize("name", RIGHT)
def test_different_right_answers_pass(name):
    exercise = BOOKS[name].exercises[name]
    for number, answer in enumerate(RIGHT[name]):
        assert exercise.feedback(answer) is None, (number, exercise.feedback(answer))
        fitting = exercise.to_go_on_with(answer)
        for arguments in exercise.arguments:
            expected, got = exercise.reference(*arguments), fitting(*arguments)
            assert isinstance(got, (type(expected), int, float, np.number)), "the next cells need their kind"


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_wrong_answers_are_told_with_what_was_given(name, answer, words):
    said = BOOKS[name].exercises[name].feedback(answer)
    assert words in said, said
    assert "figure" not in said


@pytest.mark.parametrize(("path", "name", "variable", "solution"), FUNCTIONS)
def test_every_function_may_return_other_kinds_and_is_told_what_it_forgets(path, name, variable, solution):
    exercise = BOOKS[name].exercises[name]

    def converted(convert):
        return lambda *arguments: convert(exercise.reference(*arguments))

    plain = exercise.reference(*exercise.arguments[0])
    if not isinstance(plain, str):
        for convert in (
            lambda r: exercises.numbers(r).tolist(),
            torch.as_tensor,
            tf.convert_to_tensor,
            exercises.numbers,
        ):
            assert exercise.feedback(converted(convert)) is None
        shape = exercise.feedback(converted(lambda r: np.stack([exercises.numbers(r)] * 2)))
        assert "shape" in shape
    for said in (exercise.feedback(lambda *arguments: None), exercise.feedback(lambda *arguments: 1 / 0)):
        assert ("return" in said) or ("ZeroDivisionError" in said)
        assert "Called with (" in said
    assert "positional argument" in exercise.feedback(lambda: 1)


@pytest.mark.parametrize(("path", "name", "variable", "solution"), CASES)
def test_nearly_right_is_not_right(path, name, variable, solution):
    """Two per cent off, one too many: the sentence says what was given, and what was asked."""
    exercise, reference = BOOKS[name].exercises[name], BOOKS[name].exercises[name].reference
    if isinstance(reference, str):
        return
    if not callable(reference):
        for wrong in (exercises.numbers(reference) * 1.02, exercises.numbers(reference) + 1):
            said = exercise.feedback(wrong)
            assert said
            assert "You gave" in said
        return
    for spoilt in (
        lambda r: 1.02 * r + 1e-3,
        lambda r: np.where(r == r.max(), r + 0.1 * np.maximum(1, abs(r)), r),
    ):
        said = exercise.feedback(lambda *a, spoilt=spoilt: spoilt(exercises.numbers(reference(*a))))
        assert said, name
        assert "yours gives" in said or "asked for" in said or "columns" in said, said


def test_a_function_for_one_number_is_asked_about_each():
    exercise = Exercise(
        todo="Write it.", reference=lambda x: np.exp(np.maximum(x, 0)), arguments=[(np.array([-1.0, 2.0]),)]
    )
    for answer in (lambda x: math.exp(x) if x > 0 else 1.0, lambda x: math.exp(max(x, 0))):
        assert exercise.feedback(answer) is None
        assert np.allclose(exercise.to_go_on_with(answer)(np.array([-3.0, 0.5, 1.0])), [1, np.exp(0.5), np.e])
    said = exercise.feedback(lambda x: [1.0 if x > 0 else 0.0] * 2)
    assert "An if asks about one number" in said


def test_what_is_counted_is_exact():
    exercise = Exercise(todo="Count.", reference=235_146)
    assert exercise.feedback(235_146.0) is None
    assert "not yet right" in exercise.feedback(235_145)
    measured = Exercise(todo="Measure.", reference=235_146.0)
    assert measured.feedback(235_145) is None


def test_nobody_is_late_because_the_machine_is_busy(monkeypatch):
    """The limit counts the processor: a clock that runs away stops nobody who computes little."""
    monkeypatch.setattr(exercises, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(exercises, "WAITING", 1000)
    exercise = Exercise(todo="Write it.", reference=lambda: 1.0, arguments=[()])
    assert exercise.feedback(lambda: threading.Event().wait(1.0) or 1.0) is None


def test_progress_is_remembered_for_this_user_alone(own_cache, capsys):
    book = BOOKS["pinn-1c"]
    book.check("pinn-1c", None)
    book.check("pinn-1c", 440)
    assert progress.read()["pinn-1c"] == {"tries": 1}
    book.check("pinn-1c", 481)
    book.check("pinn-1c", 440)
    book.quiz("pinn-1-relu", "a")
    book.quiz("pinn-1-relu", "B")
    book.quiz("pinn-1-tool", "Z")
    kept = progress.read()
    assert kept["pinn-1c"]["tries"] == 3
    assert kept["pinn-1c"]["passed"]
    assert kept["pinn-1-relu"]["tries"] == 2
    assert "pinn-1-tool" not in kept
    (file,) = own_cache.rglob("progress.json")
    assert os.name != "posix" or file.parent.stat().st_mode & 0o077 == 0
    capsys.readouterr()
    assert progress.main(["progress"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"01_From_Data_to_Physics +2 of 6, open: pinn-1a", said), said
    page = next(own_cache.rglob("progress.html")).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http" not in page
    assert 'lang="en"' in page
    printed = next(own_cache.rglob("progress.pdf")).read_bytes()
    assert printed.startswith(b"%PDF")
    assert printed.rstrip().endswith(b"%%EOF")
    assert b"AI for Science Bootcamp" in printed
    assert len(printed) < 300_000


@pytest.mark.parametrize(
    "content", [b"[broken", b"\xff", b"[1, 2]", b'{"pinn-1c": 3}', b'{"pinn-1c": {"tries": "x"}}']
)
def test_a_damaged_file_of_progress_is_kept_aside(own_cache, capsys, content):
    BOOKS["pinn-1c"].check("pinn-1c", 481)
    (file,) = own_cache.rglob("progress.json")
    file.write_bytes(content)
    capsys.readouterr()
    assert progress.read() == {}
    (aside,) = own_cache.rglob("progress-damaged-*.json")
    assert aside.read_bytes() == content
    assert str(aside) in capsys.readouterr().out
    BOOKS["pinn-1c"].check("pinn-1c", 481)
    assert progress.read()["pinn-1c"]["tries"] == 1


def test_reset_gives_back_the_original_and_keeps_every_copy(tmp_path, monkeypatch, capsys):
    def git(*words):
        subprocess.run(
            ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True
        )

    lab = tmp_path / "Lab"
    lab.mkdir()
    notebook = lab / "01_A.ipynb"
    notebook.write_text("given", encoding="utf-8")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "all")
    monkeypatch.setattr(progress, "ROOT", tmp_path)
    for text in ("mine", "mine again"):
        notebook.write_text(text, encoding="utf-8")
        assert progress.main(["reset", "Lab/01_A"]) == 0
        assert notebook.read_text(encoding="utf-8") == "given"
    assert sorted(p.read_text(encoding="utf-8") for p in lab.glob("*_mine_*")) == ["mine", "mine again"]
    assert progress.main(["reset", "Lab/02_B.ipynb"]) == 1
    assert progress.main(["reset", "../elsewhere"]) == 1
    assert "git knows no such notebook" in capsys.readouterr().err
