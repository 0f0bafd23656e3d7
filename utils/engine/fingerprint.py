"""A fingerprint of values, functions and the code behind them: what the key of a kept result is made of.

Why not joblib or dask: their hashes of a function name it, or hold the path of the notebook's cell, and see none of the
functions that it calls.
"""

import ast
import builtins
import collections
import copyreg
import dis
import enum
import functools
import hashlib
import inspect
import json
import os
import re
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np

from utils.engine.settings import ROOT

# What runs the house, draws figures or judges exercises leaves no trace in a result.
NO_TRACE = re.compile(
    r"(^|/)(exercises_\w+|figures\w*)\.py$|^utils/engine/|^utils/(__init__|course|data|exercises|gpu|viz)\.py$"
)
PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, range, slice, type(Ellipsis))
LEFT_OUT = {"__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__"}
CHANGING = {"name", "built", "iterations"}  # of objects of Keras, whatever they compute
LIBRARIES = tuple(
    {
        written(sysconfig.get_path(name))
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        for written in (str, os.path.realpath)  # a home folder may be a link
    }
)
INSTALLED = {"site-packages", "dist-packages"}  # also those of another environment that a .pth file adds


class Unseen(TypeError):
    """Something that a fingerprint cannot see into."""


def fingerprint(*things: Any) -> str:
    """16 hexadecimal digits that change with anything in ``things``.

    Seen are numbers, texts, arrays, tensors, tables, random generators, containers, data classes and other objects of
    Python by their attributes; functions and classes by their code, what they close over and the global names they use,
    all the way down. A function of the course stands for the whole modules behind it (`code`), one of a library for the
    library's version.

    Raises:
        Unseen: a thing holds what has no such description, e.g. an open file.
    """
    reader = _Reader()
    for thing in things:
        reader.read(thing)
    return reader.digest.hexdigest()[:16]


@lru_cache(maxsize=256)
def _parsed(path: Path, changed_ns: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Hash of a module and what it imports, as (module, name or "")."""
    content = path.read_bytes()
    found = []
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, alias.name) for alias in node.names]
    return hashlib.sha256(content).hexdigest(), tuple(found)


def code(*modules: types.ModuleType | Path) -> dict[str, str]:
    """What modules of the course, or their files, are made of.

    Returns:
        Hash of each file of the course that they import, directly or not, without figures, exercises and what runs the
        house; version of each library that these files import.
    """
    files = _files(module if isinstance(module, Path) else Path(module.__file__ or "") for module in modules)
    found = {_name(path): _parsed(path, path.stat().st_mtime_ns)[0] for path in files}
    imported = {
        name.partition(".")[0] for path in files for name, _ in _parsed(path, path.stat().st_mtime_ns)[1]
    }
    return found | {name: known for name in sorted(imported) if (known := _version(name))}


def _files(start: Iterable[Path]) -> list[Path]:
    todo, found = [path.resolve() for path in start], set()
    while todo:
        path = todo.pop()
        if path in found or not _leaves_a_trace(path):
            continue
        found.add(path)
        for module, name in _parsed(path, path.stat().st_mtime_ns)[1]:
            for dotted in (f"{module}.{name}", module):
                todo += [
                    file.resolve()
                    for root in {ROOT, path.parent.parent, _root(path)}
                    for file in (root / f"{dotted.replace('.', '/')}.py", root / dotted.replace(".", "/") / "__init__.py")
                    if file.is_file()
                ]  # fmt: skip
    return sorted(found)


@lru_cache(maxsize=8192)
def _resolved(file: str | None) -> Path:
    """Of a module; a folder of the path such as ``..`` stays in its name, as Python found it."""
    return Path(file or "").resolve()


def _root(path: Path) -> Path:
    """The folder from which a module's imports are named: the nearest that is no package."""
    return next(folder for folder in path.parents if not (folder / "__init__.py").is_file())


def _name(path: Path) -> str:
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


def _is_of_the_course(path: Path) -> bool:
    """Whether a file is a module of the course, or one that the learner wrote, wherever it lies."""
    return path.suffix == ".py" and path.is_file() and not _is_installed(path)


def _is_installed(path: Path) -> bool:
    return not INSTALLED.isdisjoint(path.parts) or any(path.is_relative_to(folder) for folder in LIBRARIES)


def _is_of_a_library(module: str, file: Path | None = None) -> bool:
    """Whether a module, or code of it that stands in another file, is no part of the course or a notebook."""
    if module.partition(".")[0] in sys.stdlib_module_names:
        return True
    if module == "__main__" and not file:
        return False
    file = file or Path(getattr(sys.modules.get(module), "__file__", None) or "")
    return _is_installed(file)


def _leaves_a_trace(path: Path) -> bool:
    return _is_of_the_course(path) and not NO_TRACE.search(_name(path))


@lru_cache(maxsize=256)
def _version(package: str) -> str:
    """Of the distribution that a top-level package belongs to; empty for the standard library and the course."""
    if package in sys.stdlib_module_names:
        return ""
    try:
        return version(package)
    except PackageNotFoundError:
        return " ".join(f"{name} {version(name)}" for name in sorted(set(_distributions().get(package, []))))


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


class _Reader:
    """Feeds a hash with things; each has a hash of its own, so that a copy counts as the same, and circles end."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.done: dict[int, tuple[bytes, Any]] = {}  # the thing is kept, lest another gets its address
        self.open: list[int] = []
        self.path: list[str] = []

    def say(self, *words: object) -> None:
        for word in words:
            text = str(word).encode("utf-8", "backslashreplace")
            self.digest.update(b"%d:%s;" % (len(text), text))

    def read(self, thing: Any) -> None:
        """One thing, whatever it is."""
        if isinstance(thing, PLAIN):
            self.say(type(thing).__name__, repr(thing))
        elif id(thing) in self.open:
            self.say("circle", len(self.open) - self.open.index(id(thing)))
        else:
            if id(thing) not in self.done:
                outer, self.digest = self.digest, hashlib.sha256()
                self.open.append(id(thing))
                self._read_anew(thing)
                self.open.pop()
                self.done[id(thing)] = self.digest.digest(), thing
                self.digest = outer
            self.digest.update(self.done[id(thing)][0])

    def _read_anew(self, thing: Any) -> None:
        kind = type(thing)
        self.say(kind.__module__.partition(".")[0], kind.__qualname__)
        for known, reader in self._readers():
            if isinstance(thing, known):
                reader(thing)
                return
        self._object(thing)

    def _readers(self) -> Iterator[tuple[Any, Any]]:
        yield enum.Enum, lambda x: self._all(x.name, x.value)
        yield np.ndarray, self._array
        yield (np.generic, np.dtype, Path), lambda x: self.say(repr(x))
        yield (list, tuple, collections.deque), lambda x: self._all(len(x), *x)
        yield (Mapping, types.MappingProxyType), self._mapping
        yield (set, frozenset), lambda x: self._all(len(x), *sorted(fingerprint(item) for item in x))
        yield functools.partial, lambda x: self._all(x.func, x.args, x.keywords)
        yield types.ModuleType, self._module
        yield types.CodeType, self._code
        yield types.FunctionType, self._function
        yield types.MethodType, lambda x: self._all(x.__func__, x.__self__)
        yield (staticmethod, classmethod), lambda x: self.read(x.__func__)
        yield property, lambda x: self._all(x.fget, x.fset, x.fdel)
        yield functools.cached_property, lambda x: self.read(x.func)
        yield np.ufunc, lambda x: self.say(x.__name__)
        yield (
            (
                types.BuiltinFunctionType,
                types.MethodDescriptorType,
                types.WrapperDescriptorType,
                types.MethodWrapperType,
            ),
            self._builtin,
        )
        yield type, self._class
        yield np.random.Generator, lambda x: self.read(x.bit_generator.state)
        yield np.random.RandomState, lambda x: self.read(x.get_state(legacy=False))
        if pandas := sys.modules.get("pandas"):
            yield pandas.DataFrame, lambda x: self._all(list(x.columns), x.index, *(x[c] for c in x.columns))
            yield pandas.Series, lambda x: self._all(x.name, x.index, str(x.dtype), x.to_numpy())
            yield pandas.Index, lambda x: self._all(list(x.names), str(x.dtype), x.to_numpy())
            yield (pandas.Timestamp, pandas.Timedelta), lambda x: self.say(repr(x))
        if torch := sys.modules.get("torch"):
            yield torch.Tensor, self._tensor
            yield torch.Generator, lambda x: self.read(x.get_state())
            yield (torch.dtype, torch.device, torch.Size), lambda x: self.say(repr(x))
        if keras := sys.modules.get("keras"):
            yield keras.Variable, lambda x: self.read(np.asarray(x))
            yield keras.Layer, self._layer
            schedule = keras.optimizers.schedules.LearningRateSchedule
            yield (keras.Loss, keras.Optimizer, keras.Metric, schedule), self._configured
        if tensorflow := sys.modules.get("tensorflow"):
            yield (tensorflow.Tensor, tensorflow.Variable), lambda x: self.read(x.numpy())
            yield tensorflow.DType, lambda x: self.say(x.name)

    def _all(self, *parts: Any) -> None:
        for part in parts:
            self.read(part)

    def _array(self, array: np.ndarray) -> None:
        self.say(repr(array.dtype), array.shape)
        if array.dtype.hasobject:
            self._all(*array.ravel().tolist())
        else:
            self.digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        if isinstance(array, np.ma.MaskedArray):
            self.read(np.ma.getmaskarray(array))

    def _tensor(self, tensor: Any) -> None:
        torch = sys.modules["torch"]
        if tensor.layout != torch.strided:
            raise Unseen(f"a tensor of layout {tensor.layout}")
        self.say(tensor.dtype, tuple(tensor.shape))
        self.digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)

    def _layer(self, layer: Any) -> None:
        """A layer or network of Keras: configuration, weights, and of what is not Keras' own the class."""
        try:
            config = layer.to_json() if hasattr(layer, "to_json") else configuration(layer.get_config())
        except NotImplementedError:  # a network whose calls are code; its class says what they do
            config = ""
        self.say(without_names(config))
        for part in layer._flatten_layers(include_self=True):
            self.read(getattr(part, "function", None))  # of a Lambda layer
            self._own(part)
        self._all(*layer.get_weights())

    def _configured(self, thing: Any) -> None:
        """An optimizer, a schedule, a loss or a metric of Keras; its name does not count."""
        self.say(without_names(configuration(sys.modules["keras"].saving.serialize_keras_object(thing))))
        self._all(
            getattr(thing, "fn", None), getattr(thing, "_fn", None)
        )  # a loss or metric that is a function
        self._all(getattr(thing, "_learning_rate", None), *getattr(thing, "variables", ()))
        self._own(thing)

    def _own(self, thing: Any) -> None:
        """The class of an object of Keras, and what its configuration may leave out if it is the learner's own."""
        self._class(type(thing))
        if not _is_of_a_library(type(thing).__module__):
            told = {
                name: value for name, value in vars(thing).items() if name[0] != "_" and name not in CHANGING
            }
            self.read({name: value for name, value in told.items() if _is_plain(value)})

    def _mapping(self, mapping: Mapping) -> None:
        self.say(len(mapping))
        for key in sorted(mapping, key=lambda key: repr(key) if isinstance(key, PLAIN) else fingerprint(key)):
            self._within(str(key), mapping[key]) if isinstance(key, str) else self._all(key, mapping[key])

    # --- code -----------------------------------------------------------------------------

    def _module(self, module: types.ModuleType) -> None:
        file = _resolved(getattr(module, "__file__", None))
        if _is_of_the_course(file):
            self._course(module)
        else:
            self.say(module.__name__, _version(module.__name__.partition(".")[0]))

    def _course(self, module: types.ModuleType) -> None:
        """A module of the course: the files behind it, and how they stand in memory, where constants may have been set."""
        if not _leaves_a_trace(_resolved(module.__file__)):
            self.say(module.__name__)
            return
        files = code(module)
        self.read(files)
        loaded = {_resolved(getattr(other, "__file__", None)): other for other in list(sys.modules.values())}
        for name in files:
            if other := loaded.get(ROOT / name):
                self._memory(other)

    def _memory(self, module: types.ModuleType) -> None:
        for name, value in sorted(vars(module).items()):
            value = _unwrapped(value)
            if isinstance(value, types.FunctionType):
                self.say(name)
                if _resolved(value.__code__.co_filename) == _resolved(module.__file__):
                    self._code(value.__code__)
                else:
                    self.read(value)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                for attribute, method in sorted(vars(value).items()):
                    if isinstance(method := _unwrapped(method), types.FunctionType):
                        self.say(name, attribute)
                        self._code(method.__code__)
            elif name.strip("_").isupper() and _is_plain(value):
                self._all(name, value)

    def _function(self, function: types.FunctionType) -> None:
        module = sys.modules.get(function.__module__ or "")
        file = Path(function.__code__.co_filename)
        if _is_of_a_library(function.__module__ or "", file):
            self.say(function.__qualname__, _version((function.__module__ or "").partition(".")[0]))
        else:
            self._code(function.__code__)
            if module and file == Path(getattr(module, "__file__", None) or ""):
                self.read(module)
            else:
                for name in _globals_of(function.__code__):
                    if name in function.__globals__:
                        self._within(name, function.__globals__[name])
                    elif not hasattr(builtins, name):
                        self.say("undefined", name)
        self._all(function.__defaults__, function.__kwdefaults__, vars(function))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                self._within(name, cell.cell_contents)
            except ValueError:  # a name that gets its value later
                self.say("empty", name)

    def _within(self, name: str, value: Any) -> None:
        """What a function knows under a name; told in the sentence if it cannot be seen."""
        self.path.append(name)
        self.say(name)
        self.read(value)
        self.path.pop()

    def _code(self, given: types.CodeType) -> None:
        self.say(given.co_code.hex(), given.co_names, given.co_varnames, given.co_freevars, given.co_flags)
        for constant in given.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self.read(constant)

    def _builtin(self, function: Any) -> None:
        self.say(function.__name__)
        owner = getattr(function, "__self__", None)
        if owner is not None and not isinstance(owner, types.ModuleType):
            self.read(owner)

    def _class(self, given: type) -> None:
        self.say(given.__module__, given.__qualname__)
        module = sys.modules.get(given.__module__)
        file = _resolved(getattr(module, "__file__", None))
        if _is_of_a_library(given.__module__):
            self.say(_version(given.__module__.partition(".")[0]))
        elif module and given.__module__ != "__main__" and _is_of_the_course(file):
            self.read(module)
        else:  # made in the notebook
            self._all(*given.__bases__)
            for name, value in sorted(vars(given).items()):
                if name not in LEFT_OUT and not isinstance(
                    value, types.GetSetDescriptorType | types.MemberDescriptorType
                ):
                    self._within(name, value)

    def _object(self, thing: Any) -> None:
        wrapped = _unwrapped(thing)
        if wrapped is not thing:
            self.read(wrapped)
            return
        kind = type(thing)
        try:  # what cannot be copied, as an open file, has a state that its attributes do not show
            reduce = copyreg.dispatch_table.get(kind)
            parts = reduce(thing) if reduce else thing.__reduce_ex__(2)
        except TypeError as error:
            what = f"a {kind.__module__}.{kind.__qualname__}"
            raise Unseen(f"{what} in {self.path[-1]}" if self.path else what) from error
        self._class(kind)
        slots = [name for base in kind.__mro__ for name in _slots(base)]
        if isinstance(parts, tuple):  # what its class keeps elsewhere than in attributes
            by_attributes = kind.__getstate__ is object.__getstate__ and (slots or hasattr(thing, "__dict__"))
            self._all(
                *parts[1:2], *(() if by_attributes else parts[2:3]), *map(list, filter(None, parts[3:5]))
            )
        values = {name: getattr(thing, name) for name in slots if hasattr(thing, name)}
        values |= getattr(thing, "__dict__", {})
        for name in sorted(values):
            if not isinstance(inspect.getattr_static(kind, name, None), functools.cached_property):
                self._within(name, values[name])


def configuration(config: Any) -> str:
    """A configuration of Keras as text; a function in it stands by its name, without the address that its repr holds."""
    return json.dumps(
        config, sort_keys=True, default=lambda thing: getattr(thing, "__qualname__", type(thing).__qualname__)
    )


def without_names(config: str) -> str:
    """Names of layers do not change a result, but Keras counts them up in a session and links layers by them.

    The code of a lambda, which holds the number of its line, goes as well: a function is read by itself.
    """
    numbers: dict[str, int] = {}

    def number(found: re.Match) -> str:
        return f"{found[1]}{numbers.setdefault(found[2], len(numbers))}"

    config = re.sub(r'"code": "[^"]*"', "", config)
    return re.sub(r'("name": |\[(?="[^"]*", \d+, \d+\]))("[^"]*")', number, config)


def _slots(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return tuple(
        name for name in ((slots,) if isinstance(slots, str) else slots) if not name.startswith("__")
    )


def _unwrapped(thing: Any) -> Any:
    """The function behind `functools.cache`, a compiled function of numba or a static method."""
    if isinstance(thing, (staticmethod, classmethod)):
        thing = thing.__func__
    if isinstance(thing, property) and thing.fget:
        return thing.fget
    if isinstance(thing, functools.cached_property):
        return thing.func
    if isinstance(thing, functools._lru_cache_wrapper):
        return thing.__wrapped__
    compiled = getattr(type(thing), "__module__", "").startswith("numba.")
    return getattr(thing, "py_func", thing) if compiled else thing


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(map(_is_plain, [*value, *value.values()]))
    return isinstance(value, (*PLAIN, np.ndarray, np.generic, enum.Enum))


def _globals_of(code: types.CodeType) -> list[str]:
    """Global names that a function uses, also in functions and classes within it."""
    found = {
        step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= set(_globals_of(constant))
    return sorted(found)
