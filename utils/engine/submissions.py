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
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib import format as npy

from utils.engine.paths import replacing
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
    path = Path(path)
    try:
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
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


def read_hand_out(path: str | os.PathLike, expected: Expected, largest_bytes: int) -> dict[str, np.ndarray]:
    """`read_arrays` for the file that participants got.

    Raises:
        SubmissionError: the file is not what the lab's `hand_out` wrote.
    """
    try:
        arrays = read_arrays(path, expected, largest_bytes)
        for array, values in arrays.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise SubmissionError(f"{array} holds a value that is not finite.")
    except SubmissionError as error:
        raise SubmissionError(
            f"{clean(path)} is not a competition file, or it is damaged: ask for it again, or delete it. ({error})"
        ) from error
    return arrays


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


# --- tables -------------------------------------------------------------------------------


def read_table(
    path: str | os.PathLike,
    kinds: Mapping[str, str],
    optional: Sequence[str] = (),
    largest_bytes: int = TABLE_BYTES,
) -> pd.DataFrame:
    """A table with one row for each id, from a csv file or, if its name ends so, from an npz file with these arrays.

    Cells of a csv file are text that nothing interprets: "NA" and "1e5" stay what they are.

    Args:
        path: of the file.
        kinds: of each column that an npz file may have, see `KINDS`.
        optional: columns that may be missing; in an npz file they may have one value that stands for all rows.
        largest_bytes: of an unpacked npz file.

    Raises:
        SubmissionError: the file cannot be read, is too large, or no table.
    """
    if Path(path).suffix.lower() != ".npz":
        return _read_csv(path)
    required = [name for name in kinds if name not in optional]
    expected = {name: (kind, ("n",) if name in required else None) for name, kind in kinds.items()}
    arrays = read_arrays(path, expected, largest_bytes, optional)
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


def parsed(table: pd.DataFrame, kinds: Mapping[str, str], optional: Sequence[str] = ()) -> pd.DataFrame:
    """The table with texts without blanks around them, and with numbers as float.

    A cell that is no real number becomes nan: text, a truth value, a date, a complex number.

    Args:
        table: from a file or from memory.
        kinds: of all columns, see `KINDS`.
        optional: columns that may be missing.

    Raises:
        SubmissionError: a column is missing, unknown or there twice.
    """
    table = table.rename(columns=lambda name: str(name).strip())
    required = [name for name in kinds if name not in optional]
    missing = [name for name in required if name not in table]
    extra = [clean(name, 40) for name in table if name not in kinds]
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
        name: table[name].astype(str).str.strip() if kinds[name] == "US" else _numbers(table[name])
        for name in table
    })  # fmt: skip


def _numbers(column: pd.Series) -> pd.Series:
    if column.dtype.kind == "O":
        plain = [isinstance(cell, Real | str) and not isinstance(cell, bool | np.bool_) for cell in column]
        column = column.where(plain)
    elif column.dtype.kind not in "iuf":
        column = column.astype(str)
    found = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    return pd.Series(found, index=column.index)


def wrong_ids(
    given: Iterable[str], known: Iterable[str], what: str, may_be_missing: bool = False
) -> list[str]:
    """A sentence for ids that are unknown, one for those that are missing, one for those that are there twice.

    Args:
        given: of the submission.
        known: of the hidden set, each once.
        what: has an id, in words.
        may_be_missing: some may be left out, but not all.
    """
    found, all_ids = pd.Series(given, dtype=object), pd.Series(known, dtype=object)
    unknown, absent = found[~found.isin(all_ids)].unique(), all_ids[~all_ids.isin(found)]
    if len(absent) == len(all_ids) and (len(found) or may_be_missing):
        return [
            f"No id belongs to this hidden set: predict each {what} of the competition file in use, and score with the "
            "key and the version of the course that it was made with."
        ]
    twice = found[found.duplicated()].unique()
    sentences = [
        (unknown, "are unknown", "remove them"),
        ([] if may_be_missing else absent, "are missing", f"predict every {what}"),
        (twice, "occur more than once", "give none twice"),
    ]
    return [
        f"{len(ids)} ids {wrong} ({some(ids)}): {remedy}." for ids, wrong, remedy in sentences if len(ids)
    ]
