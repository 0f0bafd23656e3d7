"""A fingerprint: the same for the same, another for anything else, and an error for what it cannot see."""

import collections
import copy
import dataclasses
import datetime
import enum
import fractions
import functools
import importlib
import io
import operator
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import interpolate

from pinn import weighting
from pinn.optimizers import Adam, LevenbergMarquardt
from pinn.weighting import Reweighted
from utils.engine.fingerprint import Unseen, code, fingerprint

ROOT = Path(__file__).resolve().parents[1]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


@given(values)
def test_a_copy_is_the_same(value):
    assert fingerprint(value) == fingerprint(copy.deepcopy(value))


@given(st.dictionaries(st.text(max_size=3), leaves, min_size=1, max_size=5), st.data())
def test_any_setting_counts_and_their_order_does_not(settings, data):
    name = data.draw(st.sampled_from(sorted(settings)))
    other = data.draw(leaves.filter(lambda value: repr(value) != repr(settings[name])))
    assert fingerprint(settings) != fingerprint(settings | {name: other})
    assert fingerprint(settings) == fingerprint(dict(reversed(settings.items())))
    assert fingerprint(settings) != fingerprint({k: v for k, v in settings.items() if k != name})


@given(st.integers(1, 30), st.data())
def test_any_datum_counts(size, data):
    array = np.arange(size, dtype=data.draw(st.sampled_from(["f4", "f8", "i4", "u1", "c8"])))
    other = array.copy()
    other[data.draw(st.integers(0, size - 1))] += 1
    for kind in (np.asarray, pd.Series, torch.tensor, lambda a: pd.DataFrame({"a": a}), list):
        assert fingerprint(kind(array)) != fingerprint(kind(other))
        assert fingerprint(kind(array)) == fingerprint(kind(array.copy()))


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Settings:
    rate: float
    inner: object = None


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Lazy:
    def __init__(self, value):
        self.value = value

    @functools.cached_property
    def double(self):
        return 2 * self.value


def power(exponent):
    return lambda x: x**exponent


def counted(exponent=2):
    def inner(x, exponent=exponent):
        return x**exponent

    return inner


def made(source: str, name: str = "f"):
    """A function as a cell of a notebook makes it."""
    space = {"__name__": "__main__", "np": np}
    exec(compile(source, "<cell>", "exec"), space)
    return space[name]


DIFFERENT = {
    "type of a number": (1, 1.0),
    "truth and number": (True, 1),
    "sign of zero": (0.0, -0.0),
    "text and bytes": ("a", b"a"),
    "nesting": ([1, [2]], [[1], 2]),
    "list and tuple": ([1], (1,)),
    "strings that join": (["ab", "c"], ["a", "bc"]),
    "dtype": (np.zeros(2, "f4"), np.zeros(2, "f8")),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "byte order": (np.zeros(2, "<f4"), np.zeros(2, ">f4")),
    "objects in an array": (np.array(["a", None], object), np.array(["b", None], object)),
    "mask": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    "structured": (np.array([(1, 2.0)], "i4,f8"), np.array([(1, 3.0)], "i4,f8")),
    "dates": (np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-02"], "M8[D]")),
    "column names": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "index": (pd.Series([1], index=[0]), pd.Series([1], index=[1])),
    "half precision": (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.float16)),
    "enumerations": (Colour.RED, Colour.BLUE),
    "data classes": (Settings(1.0), Settings(2.0)),
    "data class within": (Settings(1.0, Settings(1.0)), Settings(1.0, Settings(2.0))),
    "slots": (Slotted(1), Slotted(2)),
    "sets": ({1, 2}, {1, 3}),
    "paths": (Path("a"), Path("b")),
    "patterns": (re.compile("a"), re.compile("b")),
    "times": (datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2)),
    "fractions": (fractions.Fraction(1, 2), fractions.Fraction(1, 3)),
    "texts in memory": (io.StringIO("a"), io.StringIO("b")),
    "queues": (collections.deque([1]), collections.deque([2])),
    "getters": (operator.itemgetter(1), operator.itemgetter(2)),
    "partial functions": (functools.partial(pow, 2), functools.partial(pow, 3)),
    "random generators": (np.random.default_rng(0), np.random.default_rng(1)),
    "torch generators": (torch.Generator().manual_seed(0), torch.Generator().manual_seed(1)),
    "splines": (interpolate.CubicSpline([0, 1, 2], [0, 1, 0]), interpolate.CubicSpline([0, 1, 2], [0, 2, 0])),
    "modules of torch": (torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)),
    "what a function closes over": (power(2), power(3)),
    "a default": (counted(2), counted(3)),
    "a line of a function": (made("def f(x): return x + 1"), made("def f(x): return x + 2")),
    "an operator": (made("def f(x): return x + 1"), made("def f(x): return x - 1")),
    "a global name": (made("k = 1\ndef f(x): return x + k"), made("k = 2\ndef f(x): return x + k")),
    "a function behind": (
        made("def g(x): return x\ndef f(x): return g(x)"),
        made("def g(x): return -x\ndef f(x): return g(x)"),
    ),
    "two functions behind": (
        made("def h(x): return x\ndef g(x): return h(x)\ndef f(x): return g(x)"),
        made("def h(x): return -x\ndef g(x): return h(x)\ndef f(x): return g(x)"),
    ),
    "in a function within": (
        made("k = 1\ndef f(x): return [y + k for y in x]"),
        made("k = 2\ndef f(x): return [y + k for y in x]"),
    ),
    "a constant array": (
        made("k = np.ones(3)\ndef f(x): return x + k"),
        made("k = np.zeros(3)\ndef f(x): return x + k"),
    ),
    "a method": (
        made("class f:\n def call(self): return 1")(),
        made("class f:\n def call(self): return 2")(),
    ),
    "a base class": (
        made("class b:\n k = 1\nclass f(b): pass")(),
        made("class b:\n k = 2\nclass f(b): pass")(),
    ),
    "a bound method": (Slotted(1).__init__, Slotted(2).__init__),
    "a cached function": (functools.cache(power(2)), functools.cache(power(3))),
    "a wrapped function": (functools.wraps(power)(power(2)), functools.wraps(power)(power(3))),
    "rule: reference": (weighting.annealing("interior"), weighting.annealing("ends")),
    "rule: tolerance": (weighting.causal("a", "t", tolerance=1), weighting.causal("a", "t", tolerance=100)),
    "reweighted: rule": (
        Reweighted(Adam(), weighting.annealing("interior")),
        Reweighted(Adam(), weighting.annealing("ends")),
    ),
    "reweighted: rule of the learner": (
        Reweighted(Adam(), made("def f(d): return {'a': 1.0}")),
        Reweighted(Adam(), made("def f(d): return {'a': 2.0}")),
    ),
    "optimizers": (LevenbergMarquardt(1.0), LevenbergMarquardt(2.0)),
    "optimizer within": (
        Reweighted(Adam(1e-3), weighting.gradient_norms),
        Reweighted(Adam(1e-2), weighting.gradient_norms),
    ),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_difference_is_seen(what):
    one, other = DIFFERENT[what]
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_a_module_of_the_learner_counts_wherever_it_lies(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for number in (1, 2):
        (tmp_path / "my_own.py").write_text(
            f"def f(x):\n    return helper(x)\ndef helper(x):\n    return x + {number}\n", encoding="utf-8"
        )
        sys.modules.pop("my_own", None)
        importlib.invalidate_caches()
        os.utime(tmp_path / "my_own.py", (number, number))
        module = importlib.import_module("my_own")
        assert module.f(1) == 1 + number
        found.append(fingerprint(module.f))
    sys.modules.pop("my_own")
    assert found[0] != found[1]


def test_an_equal_part_counts_the_same_whether_it_is_one_object_or_two():
    part = [1, 2]
    assert fingerprint([part, part]) == fingerprint([[1, 2], [1, 2]])


def test_circles_end():
    circle = [1]
    circle.append(circle)
    other = [2]
    other.append(other)
    assert fingerprint(circle) != fingerprint(other)
    assert fingerprint(made("def f(n): return n and f(n - 1)")) == fingerprint(
        made("def f(n): return n and f(n - 1)")
    )


def test_what_was_computed_on_the_way_does_not_count():
    used = Lazy(1)
    assert used.double == 2
    assert fingerprint(used) == fingerprint(Lazy(1))


def test_a_line_more_above_a_cell_does_not_count():
    assert fingerprint(made("def f(x): return x")) == fingerprint(made("\n\n# a comment\ndef f(x): return x"))


@pytest.mark.parametrize(
    "thing", [threading.Lock(), (n for n in range(3)), open(os.devnull, "rb"), memoryview(b"a")]
)  # fmt: skip
def test_what_cannot_be_seen_is_an_error_that_says_where(thing):
    with pytest.raises(Unseen):
        fingerprint(thing)
    with pytest.raises(Unseen, match=" in tool"):
        fingerprint({"tool": thing})
    with pytest.raises(Unseen, match=" in kept"):
        fingerprint(made("def f(x): return kept", "f").__class__(
            (lambda: kept).__code__, {"kept": thing, "__builtins__": {}}  # noqa: F821
        ))  # fmt: skip


def test_the_same_in_every_process():
    code = (
        "import sys; sys.path.insert(0, 'PINN_SimNet')\n"
        "import numpy as np\nfrom pinn import weighting\nfrom utils.engine.fingerprint import fingerprint\n"
        "k = {'b', 'a', 'c'}\n"
        "def f(x): return [weighting.annealing('a'), np.sin(x), k, {'x', 'y'}]\n"
        "print(fingerprint(f, weighting.causal('a', 't'), {'b': 1, 'a': {3, 1}}, Exception))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    }  # fmt: skip
    assert len(found) == 1
    assert len(found.pop().strip()) == 16


def test_a_module_in_a_room_of_its_lab_brings_what_it_imports():
    found = code(Path(importlib.import_module("pinn.geometry.shapes").__file__))
    rooms = {f"PINN_SimNet/pinn/{name}.py" for name in ("geometry/solids", "geometry/boundary", "points")}
    assert rooms | {"utils/polygons.py"} <= found.keys()


def test_the_way_to_a_module_makes_no_difference_and_its_memory_counts():
    """Notebooks find the course through ``..``, tests and scripts by its own name."""
    program = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pinn import points; from utils import metrics\n"
        "from utils.engine.fingerprint import fingerprint\n"
        "metrics.NUM_DRAWS = int(sys.argv[1])\n"
        "print(fingerprint(points.line, metrics.mean_interval))"
    )

    def told(draws: int, *paths: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(draws), *paths], cwd=ROOT / "PINN_SimNet",
            capture_output=True, check=True, encoding="utf-8",
        )  # fmt: skip
        return done.stdout.strip()

    notebook = told(2000, "..", ".")
    assert notebook == told(2000, str(ROOT), str(ROOT / "PINN_SimNet"))
    assert notebook != told(2001, "..", ".")


def test_packages_of_another_environment_are_libraries(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "site-packages" / "far_away_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def double(x): return 2 * x\n", encoding="utf-8")
    monkeypatch.syspath_prepend(package.parent)
    double = importlib.import_module("far_away_package").double
    try:
        assert not code(Path(double.__code__.co_filename))
        known = fingerprint(double)
        double.__code__ = (lambda x: 3 * x).__code__.replace(co_filename=double.__code__.co_filename)
        assert fingerprint(double) == known  # a library counts by its version
    finally:
        del sys.modules["far_away_package"]
