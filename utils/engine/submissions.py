"""Files from anybody: read within bounded time and memory, checked, and refused in sentences of bounded length.

The size, the counts and the headers are read before the rest. Nothing in a file is executed, and no control character
of it is printed.
"""

import io
import math
import os
import re
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.lib import format as npy

from utils.engine.paths import replacing, write_whole
from utils.engine.score import SubmissionError

TABLE_BYTES = 5_000_000  # of a csv file
MOST_ROWS, MOST_COLUMNS, LONGEST_LINE = 20_000, 20, 2_000
MOST_ARRAYS = 64  # in one npz file
KINDS = {
    "f": "floating-point numbers",
    "iuf": "real numbers",
    "iu": "whole numbers",
    "u": "whole numbers from 0",
    "US": "texts",
}

Expected = Mapping[str, tuple[str, tuple[int | str, ...] | None]]
"""For each array one of `KINDS` and its shape, in which equal letters stand for equal numbers; None for any shape."""

Given = TypeVar("Given")


# --- words --------------------------------------------------------------------------------


def clean(value: object, longest: int = 120) -> str:
    """A text of somebody else's on one line: unprintable characters replaced, the middle left out if it is long."""
    text = str(value)
    half = longest // 2 - 2
    text = text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def some(values: Iterable) -> str:
    """The first three, quoted and shortened."""
    values = list(values)
    return ", ".join(repr(clean(value, 40)) for value in values[:3]) + (", ..." if len(values) > 3 else "")


# --- files --------------------------------------------------------------------------------


def read_bytes(path: str | os.PathLike, largest_bytes: int) -> bytes:
    """The content of an ordinary file; a pipe or a device is never waited for.

    Raises:
        SubmissionError: there is none, it cannot be read, or it is larger than ``largest_bytes``.
    """
    name = clean(path)
    if not isinstance(path, str | bytes | os.PathLike):
        raise SubmissionError(f"A {type(path).__name__} is no file: give the name of one.")

    def without_waiting(file: str, flags: int) -> int:
        return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))

    try:
        status = os.stat(path)
        size, ordinary = status.st_size, stat.S_ISREG(status.st_mode)
        if ordinary and size <= largest_bytes:
            with open(
                path, "rb", opener=without_waiting
            ) as file:  # it may have changed since it was looked at
                ordinary = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
                content = (file.read(largest_bytes + 1) or b"") if ordinary else b""
                size = max(size, len(content))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SubmissionError(f"There is no file {name}: check the name and the folder.") from error
    except (OSError, ValueError) as error:
        reason = clean(getattr(error, "strerror", None) or error)
        raise SubmissionError(
            f"{name} cannot be read ({reason}): check its name and who may read it."
        ) from error
    if not ordinary:
        raise SubmissionError(f"{name} is a folder, a pipe or a device: give the name of an ordinary file.")
    if size > largest_bytes:
        raise SubmissionError(
            f"{name} has {size / 1e6:.0f} MB, and no more than {largest_bytes / 1e6:.0f} are read: send what the "
            "lab's function writes."
        )
    return content


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an npz file, whole or not at all.

    Raises:
        SubmissionError: the file cannot be written.
    """
    with _writing(path), replacing(Path(path)) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


@contextmanager
def _writing(path: str | os.PathLike) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = clean(getattr(error, "strerror", None) or error)
        raise SubmissionError(f"{clean(path)} cannot be written ({reason}): choose another file.") from error


def read_arrays(
    path: str | os.PathLike, expected: Expected, largest_bytes: int, optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Read the arrays of an npz file that are asked for.

    Args:
        path: of the file.
        expected: kind and shape of each array; texts come back as str.
        largest_bytes: that all arrays of the file may have once unpacked; a small file can hold much.
        optional: names that may be missing.

    Raises:
        SubmissionError: the file cannot be read, is damaged or too large; an array is missing, holds no plain numbers
            or texts, or has another shape.
    """
    content, name = read_bytes(path, largest_bytes), clean(path)
    wanted = ", ".join(expected)
    try:
        if content.count(b"PK\1\2") > MOST_ARRAYS:
            raise SubmissionError(f"{name} holds more than {MOST_ARRAYS} arrays: it needs {wanted}.")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member.filename: member for member in archive.infolist()}
            if len(members) < len(archive.infolist()):
                raise ValueError("two arrays of one name")
            if sum(member.file_size for member in members.values()) > largest_bytes:
                raise SubmissionError(
                    f"{name} unpacks to more than {largest_bytes / 1e6:.0f} MB: it should hold {wanted} and nothing else."
                )
            there = [array for array in expected if f"{array}.npy" in members]
            missing = [array for array in expected if array not in (*there, *optional)]
            if missing:
                raise SubmissionError(f"{name} has no array {', '.join(missing)}: it needs {wanted}.")
            arrays = {array: _array(archive, members[f"{array}.npy"]) for array in there}
    except SubmissionError:
        raise
    except (OSError, ValueError, EOFError, RuntimeError, MemoryError, TypeError, LookupError, OverflowError,
            SyntaxError, struct.error, zlib.error, zipfile.BadZipFile) as error:  # fmt: skip
        raise SubmissionError(
            f"{name} is damaged or no npz file of plain arrays ({clean(error) or type(error).__name__}): write it again "
            "with numpy.savez_compressed."
        ) from error
    problems = _unexpected(arrays, expected)
    if problems:
        raise SubmissionError("\n".join(problems))
    return {
        array: value.astype(str) if value.dtype.kind in "US" else value for array, value in arrays.items()
    }


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array, of whose header it is known that it fits the size of the member before anything is allocated."""
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("it is encrypted or packed in an unusual way")
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    with warnings.catch_warnings(), archive.open(member) as file:
        warnings.simplefilter("error")
        version = npy.read_magic(file)
        if version not in readers:
            raise ValueError("an array is written in a way that this course does not read")
        shape, _, dtype = readers[version](file)
        if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0 or len(shape) > 32:
            raise ValueError("an array holds objects or nothing")
        if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise ValueError("an array's header and size differ")
    with archive.open(member) as file:
        return npy.read_array(file, allow_pickle=False)


def _unexpected(arrays: Mapping[str, np.ndarray], expected: Expected) -> list[str]:
    problems: list[str] = []
    lengths: dict[tuple[str, int | str], int] = {}
    for name, array in arrays.items():
        kinds, shape = expected[name]
        if array.dtype.kind not in kinds:
            problems.append(f"{name} holds {clean(array.dtype, 40)} and no {KINDS[kinds]}.")
        elif kinds == "US" and not _is_text(array):
            problems.append(f"{name} holds bytes that are no texts: copy them from the competition.")
        elif shape is None:
            continue
        elif array.ndim != len(shape) or any(
            isinstance(want, int) and want != has for want, has in zip(shape, array.shape, strict=True)
        ):
            wanted = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
            problems.append(f"{name} has the shape {clean(array.shape, 60)}, and {wanted} is expected.")
        else:
            lengths |= {(name, letter): has for letter, has in zip(shape, array.shape, strict=True)}
    letters = {letter for _, letter in lengths if isinstance(letter, str)}
    if not problems and any(len({n for (_, at), n in lengths.items() if at == x}) > 1 for x in letters):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        problems.append(
            f"The arrays differ in shape ({clean(shapes, 300)}): each needs one value per id, in the same order."
        )
    return problems


def _is_text(array: np.ndarray) -> bool:
    if array.dtype.kind == "S":
        return bool((np.frombuffer(array.tobytes(), np.uint8) < 128).all())
    codes = np.frombuffer(array.astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
    return bool(((codes < 0xD800) | ((codes > 0xDFFF) & (codes < 0x110000))).all())


# --- what is handed out -------------------------------------------------------------------


def as_array(kind: str, *shape: int | str) -> Any:
    """A field of a data class that is handed out as an array, see `Expected`."""
    return field(metadata={"arrays": {"": (kind, shape)}})


def as_table(rows: str, **kinds: str) -> Any:
    """A field that is handed out as the columns of a table, each an array of the name FIELD_COLUMN.

    Args:
        rows: letter for their number.
        kinds: of each column, see `KINDS`.
    """
    return field(metadata={"arrays": {f"_{column}": (kind, (rows,)) for column, kind in kinds.items()}})


def handed_out(given: type) -> dict[str, tuple[str, tuple[int | str, ...]]]:
    """The arrays of a data class whose fields are made by `as_array` and `as_table`."""
    return {f.name + end: form for f in fields(given) for end, form in f.metadata["arrays"].items()}


def write_hand_out(path: str | os.PathLike, given: type[Given], content: Given) -> dict[str, tuple[int, ...]]:
    """Write the fields of ``content``; return the shape of each array.

    Raises:
        SubmissionError: the file cannot be written.
    """
    arrays = {}
    for f in fields(given):  # type: ignore[arg-type]
        value = getattr(content, f.name)
        for end, (kind, _) in f.metadata["arrays"].items():
            arrays[f.name + end] = np.asarray(value[end[1:]] if end else value, str if kind == "US" else None)
    write_arrays(path, arrays)
    return {name: values.shape for name, values in arrays.items()}


def read_hand_out(path: str | os.PathLike, given: type[Given], largest_bytes: int) -> Given:
    """What `write_hand_out` wrote, read like a submission.

    Raises:
        SubmissionError: it wrote something else.
    """
    try:
        arrays = read_arrays(path, handed_out(given), largest_bytes)
        for name, values in arrays.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise SubmissionError(f"{name} holds a value that is not finite.")
        content = {}
        for f in fields(given):  # type: ignore[arg-type]
            parts = {end[1:]: arrays[f.name + end] for end in f.metadata["arrays"]}
            content[f.name] = parts[""] if "" in parts else pd.DataFrame(parts)
        return given(**content)
    except ValueError as error:
        raise SubmissionError(
            f"{clean(path)} is not a competition file, or it is damaged: ask for it again, or delete it. ({error})"
        ) from error


# --- tables -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a submission, and what is said of its cells.

    Attributes:
        kind: see `KINDS`.
        what: its numbers in words, in the plural; or what each of its texts is.
        low, high: the range of its numbers.
        unit: of the range.
        not_finite, outside: what to do about numbers that are not finite, or out of the range.
        choices: the texts that it may hold; empty for any.
        optional: it may be missing.
    """

    kind: str = "US"
    what: str = ""
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    not_finite: str = ""
    outside: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False


Columns = Mapping[str, Column]


def read_table(path: str | os.PathLike, columns: Columns, largest_bytes: int = TABLE_BYTES) -> pd.DataFrame:
    """A table with one row for each id, from a csv file or, if its name ends so, from an npz file with these arrays.

    Cells of a csv file are text that nothing interprets: "NA" and "1e5" stay what they are. In an npz file an optional
    column may have one value that stands for all rows.

    Args:
        path: of the file.
        columns: that an npz file may have.
        largest_bytes: of an unpacked npz file.

    Raises:
        SubmissionError: the file cannot be read, is too large, or no table.
    """
    if not str(path).lower().endswith(".npz"):
        return _read_csv(path)
    required = [name for name, column in columns.items() if not column.optional]
    expected = {name: (column.kind, None if column.optional else ("n",)) for name, column in columns.items()}
    arrays = read_arrays(path, expected, largest_bytes, [name for name in columns if name not in required])
    table = pd.DataFrame({name: arrays[name] for name in required})
    for name in set(arrays) - set(required):
        if arrays[name].shape not in ((), (len(table),)):
            raise SubmissionError(
                f"{name} has the shape {clean(arrays[name].shape, 60)}: one value is enough."
            )
        table[name] = arrays[name]
    return table


def _read_csv(path: str | os.PathLike) -> pd.DataFrame:
    content, name = read_bytes(path, TABLE_BYTES), clean(path)
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text:
            raise UnicodeError
    except UnicodeError as error:
        raise SubmissionError(f"{name} is not a text file: save it as csv (UTF-8).") from error
    lines = re.split("\r\n|\r|\n", text)
    header = next((line for line in lines if line.strip()), "")
    for separator, what in ((";", "semicolons"), ("\t", "tabs")):
        if separator in header and "," not in header:
            raise SubmissionError(f"{name} separates with {what}: save it with commas and decimal points.")
    longest = max(lines, key=len)
    reason = (
        f"its header names {header.count(',') + 1:,} columns" if header.count(",") >= MOST_COLUMNS else
        f"a line of it has {len(longest):,} characters" if len(longest) > LONGEST_LINE else
        f"it has {len(lines):,} lines" if len(lines) > MOST_ROWS else ""
    )  # fmt: skip
    try:
        if reason:
            raise ValueError(reason)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # cells that the header does not name
            return pd.read_csv(
                io.StringIO(text), dtype=str, keep_default_na=False, skipinitialspace=True, index_col=False
            )
    except (pd.errors.ParserWarning, ValueError) as error:  # pandas' own errors are ValueErrors
        raise SubmissionError(
            f"{name} is not a table with commas ({clean(error)}): write it with to_csv(..., index=False)."
        ) from error


def write_table(path: str | os.PathLike, table: pd.DataFrame) -> None:
    """Write a table that `read_table` reads, npz or csv by the ending of its name.

    Raises:
        SubmissionError: the file cannot be written.
    """
    if Path(path).suffix.lower() == ".npz":
        texts = {name: str for name in table if table[name].dtype.kind not in "iuf"}
        write_arrays(path, {name: table[name].to_numpy(texts.get(name)) for name in table})
        return
    with _writing(path):
        write_whole(Path(path), table.to_csv(index=False))


def parsed(table: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """The table with texts without blanks around them, and with numbers as float.

    A cell that is no real number becomes nan: text, a truth value, a date, a complex number.

    Args:
        table: from a file or from memory.
        columns: that it may have.

    Raises:
        SubmissionError: a column is missing, unknown or there twice.
    """
    table = table.rename(columns=lambda name: str(name).strip())
    required = [name for name, column in columns.items() if not column.optional]
    optional = [name for name in columns if name not in required]
    missing = [name for name in required if name not in table]
    extra = [clean(name, 40) for name in table if name not in columns]
    twice = sorted(map(str, set(table.columns[table.columns.duplicated()])))
    sentences = [
        (missing, f"The column {some(missing)} is missing."),
        (extra, f"The column {some(extra)} is unknown: remove it (pandas: to_csv(..., index=False))."),
        (twice, f"The column {some(twice)} is there twice: keep one."),
        (
            missing or extra,
            f"The header is {','.join(required)}{''.join(f'[,{name}]' for name in optional)}; missing: "
            f"{', '.join(missing) or 'nothing'}, unknown: {', '.join(extra[:3]) or 'nothing'}.",
        ),
    ]
    problems = [sentence for wrong, sentence in sentences if wrong]
    if problems:
        raise SubmissionError("\n".join(problems))
    return pd.DataFrame({
        name: table[name].astype(str).str.strip() if columns[name].kind == "US" else _numbers(table[name])
        for name in table
    })  # fmt: skip


def _numbers(column: pd.Series) -> pd.Series:
    if column.dtype.kind == "O":
        plain = [isinstance(cell, Real | str) and not isinstance(cell, bool | np.bool_) for cell in column]
        column = column.where(plain).map(str)  # a whole number may be larger than any float
    elif column.dtype.kind not in "iuf":
        column = column.astype(str)
    found = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    return pd.Series(found, index=column.index)


# --- what is wrong ------------------------------------------------------------------------


def refuse(problems: Sequence[str]) -> None:
    """Raise all that is wrong at once, a line each; do nothing if all is well.

    Raises:
        SubmissionError: there is a problem.
    """
    if problems:
        raise SubmissionError("\n".join(problems))


def predicted(
    what: str,
    values: Any,
    shape: tuple[int, ...],
    low: float = -math.inf,
    high: float = math.inf,
    unit: str = "",
) -> np.ndarray:
    """Predictions as float of that shape; axes of length 1 do not matter. What lies out of the range is clipped, and said.

    Args:
        what: they are, in the plural.
        values: numbers.
        shape: that is asked for.
        low, high, unit: the range that the contest allows.

    Raises:
        SubmissionError: another shape, no real numbers, or some that are not finite.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or _long(values.shape) != _long(shape):
        raise SubmissionError(
            f"The array of {what} has the shape {values.shape} and the type {values.dtype}: give real numbers "
            f"of the shape {shape}."
        )
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise SubmissionError(
            f"{wrong} of {values.size} {what} are not finite (nan or inf): did the training diverge? Replace them, for "
            "example by the mean of the others."
        )
    values = values.reshape(shape).astype(float)
    outside = int(((values < low) | (values > high)).sum())
    if outside:
        print(f"{outside} of {values.size} {what} lay outside of {low:g} to {high:g}{unit} and were clipped.")
    return values.clip(low, high)


def _long(shape: tuple[int, ...]) -> list[int]:
    return [length for length in shape if length != 1]


def wrong_ids(
    given: Iterable[str], known: Iterable[str], what: str, parts: Iterable[str] | None = None
) -> list[str]:
    """A sentence for ids that are unknown, one for those that are missing, one for those that are there twice.

    Args:
        given: of the submission.
        known: of the hidden set, each once.
        what: has an id, in words.
        parts: to which part each of ``known`` belongs; whole parts may be left out, but not all. None: all are needed.
    """
    found, all_ids = pd.Series(given, dtype=object), pd.Series(known, dtype=object)
    unknown, absent = found[~found.isin(all_ids)].unique(), all_ids[~all_ids.isin(found)]
    if len(absent) == len(all_ids) and (len(found) or parts is not None):
        return [
            f"No id belongs to this hidden set: predict each {what} of the competition file in use, and score with the "
            "key and the version of the course that it was made with."
        ]
    twice = found[found.duplicated()].unique()
    sentences = [
        (unknown, "are unknown", "remove them"),
        (absent if parts is None else (), "are missing", f"predict every {what}"),
        (twice, "occur more than once", "give none twice"),
    ]
    problems = [
        f"{len(ids)} ids {wrong} ({some(ids)}): {remedy}." for ids, wrong, remedy in sentences if len(ids)
    ]
    if parts is None:
        return problems
    for part, ids in all_ids.groupby(np.asarray(parts), sort=False):
        missing = ids[ids.isin(absent)]
        if 0 < len(missing) < len(ids):
            problems.append(
                f"{len(missing)} of {len(ids)} {what}s of part {part} are missing ({some(missing)}): predict all of them, "
                "or leave the part out."
            )
    return problems


def wrong_rows(table: pd.DataFrame, wrong: pd.Series, says: str, shown: str = "id") -> list[str]:
    """A sentence if any row is wrong: their number, and ``says`` with the first cells of a column in place of {}."""
    cells = table.loc[wrong, shown]
    return [f"{len(cells)} {says.format(some(cells.unique()))}"] if len(cells) else []


def wrong_cells(table: pd.DataFrame, columns: Columns) -> list[str]:
    """Sentences for numbers that are not finite or out of their range, and for texts that are no choice."""
    problems = []
    for name, column in columns.items():
        cells = table.get(name)
        if cells is not None and column.choices:
            remedy = ", or leave the column out." if column.optional else "."
            says = f"entries of {name} are no {column.what} ({{}}): write one of {', '.join(column.choices)}{remedy}"
            problems += wrong_rows(table, ~cells.isin(column.choices), says, name)
        elif cells is not None and column.what:
            finite = np.isfinite(cells)
            says = f"{column.what} are no finite number (ids {{}}): {column.not_finite}"
            problems += wrong_rows(table, ~finite, says)
            outside = finite & ~cells.between(column.low, column.high)
            says = (
                f"{column.what} lie outside of {column.low:g} to {column.high:g}{column.unit} "
                f"({name} reaches {cells[outside].abs().max():.3g}; ids {{}}): {column.outside}"
            )
            problems += wrong_rows(table, outside, says)
    return problems


def single(
    name: str, values: Any, low: float, high: float, *, needs: str, beyond: str
) -> tuple[float | None, list[str]]:
    """One number that stands for a whole submission; None and a sentence if it is none, or out of its range.

    Args:
        name: of the number.
        values: where it stands, once or many times alike.
        low, high: the range.
        needs: what kind of number it must be, in words.
        beyond: what is said of a number out of the range, after it.
    """
    found = np.unique(np.asarray(values, float))
    if len(found) != 1 or not 0 <= found[0] < math.inf:
        return None, [f"{name} must be one {needs}."]
    value = float(found[0])
    return (value, []) if low <= value <= high else (None, [f"{name} is {value:,.6g}, {beyond}."])
