"""Files that no lab's function wrote: each of the three scorers answers with bounded sentences, or scores what is fair."""

import io
import os
import socket
import struct
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cyclone import contest as cyclone
from flow import contest as flow
from pinn import chip as challenge
from pinn import contest as chip
from utils.engine import score as command
from utils.engine import submissions
from utils.engine.score import SubmissionError

KEY = "a key for the tests"
LABS = {"cyclone": cyclone, "flow": flow, "chip": chip}
VALUES = {"cyclone": "wind_kt", "flow": "velocity", "chip": "u"}
TABLES = ("cyclone", "chip")


@pytest.fixture(scope="module", autouse=True)
def small_hidden_sets():
    """Hidden sets that take no time: what is asked is what the scorers do with files."""
    rng = np.random.default_rng(0)
    fine = challenge.reference
    truth = pd.DataFrame(
        {"set": ["shuffled", "storm"] * 20, "id": [f"f{n:03}" for n in range(40)], "storm": 1}
    )
    truth = truth.assign(storm=np.arange(40) // 8, wind_kt=50.0, bound_kt=50.0, bound_class="TS")
    distance = rng.normal(size=(40, 64, 128)).astype(np.float32)
    hidden = np.array([f"c{n:03}" for n in range(40)]), distance, rng.random((40, 64, 128, 2), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cyclone, "answers", lambda secret: truth)
        patch.setattr(flow, "hidden_flows", lambda secret: hidden)
        patch.setattr(challenge, "reference", lambda chip, viscosity: fine(chip, viscosity, finest=0.08))
        chip._hidden.cache_clear()
        yield
    chip._hidden.cache_clear()


@pytest.fixture(autouse=True)
def _own_cache(own_cache, monkeypatch):
    monkeypatch.delenv("BOOTCAMP_COMPETITION_KEY", raising=False)


@pytest.fixture(scope="module")
def fair(small_hidden_sets, tmp_path_factory):
    """The arrays of a fair submission to each lab."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTCAMP_CACHE", str(tmp_path_factory.mktemp("chips")))
        given, _ = chip._hidden(chip.competition.secret_of(KEY, "chip"))
    truth = cyclone.answers(b"")
    ids, _, velocity = flow.hidden_flows(b"")
    count = len(given.points)
    return {
        "cyclone": {"set": truth["set"].to_numpy(str), "id": truth["id"].to_numpy(str), "wind_kt": np.full(40, 60.0),
                    "class": np.full(40, "TS")},
        "flow": {"id": ids, "velocity": velocity, "parameters": np.array(5), "seconds": np.array(1.0)},
        "chip": {"id": given.points["id"].to_numpy(str), "u": np.ones(count), "v": np.ones(count), "p": np.ones(count)},
    }  # fmt: skip


def refused(lab, path, says=""):
    """The answer to a file, which is short and can be printed; the command gives it without a traceback."""
    with pytest.raises(SubmissionError) as error:
        LABS[lab].score(path, KEY)
    answer = str(error.value)
    assert len(answer) < 1200, len(answer)
    assert answer.count("\n") < 8
    assert answer.replace("\n", "").isprintable(), ascii(answer)
    assert says in answer, answer
    return answer


# --- places -------------------------------------------------------------------------------


def pipe(folder):
    os.mkfifo(folder / "mine")
    return folder / "mine"


def device(folder):
    return folder / "mine", os.symlink("/dev/zero", folder / "mine")


def at_socket(folder, monkeypatch):
    monkeypatch.chdir(folder)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("mine")
    return folder / "mine"


def loop(folder):
    os.symlink("mine", folder / "mine")
    return folder / "mine"


def sparse(folder):
    with open(folder / "mine", "wb") as file:
        file.truncate(10**12)
    return folder / "mine"


PLACES = {
    "pipe": (pipe, "ordinary file"),
    "device": (lambda folder: device(folder)[0], "ordinary file"),
    "folder": (lambda folder: folder, "ordinary file"),
    "loop of links": (loop, "cannot be read"),
    "broken link": (lambda folder: [os.symlink("none", folder / "mine"), folder / "mine"][1], "no file"),
    "sparse": (sparse, "MB"),
    "long name": (lambda folder: folder / ("a" * 300), "cannot be read"),
    "zero in its name": (lambda folder: folder / "a\0b", "cannot be read"),
    "control characters in its name": (lambda folder: folder / "a\x1b[2J\u202e\u200b", "no file"),
    "bytes in its name": (lambda folder: folder / "a\udcff", "no file"),
    "a file as folder": (lambda folder: [(folder / "mine").touch(), folder / "mine" / "x"][1], "no file"),
}


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of Unix")
@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("ending", ["csv", "npz"])
@pytest.mark.parametrize("lab", LABS)
def test_what_is_no_file_is_not_waited_for(lab, ending, what, tmp_path):
    make, says = PLACES[what]
    place = make(tmp_path)
    if os.path.lexists(tmp_path / "mine") and place == tmp_path / "mine":
        place = place.rename(tmp_path / f"mine.{ending}") if what != "loop of links" else place
    elif what != "folder":
        place = place.with_name(f"{place.name}.{ending}")
    refused(lab, place, says)


@pytest.mark.skipif(os.name != "posix", reason="sockets of Unix")
@pytest.mark.parametrize("lab", LABS)
def test_a_socket_is_no_file(lab, tmp_path, monkeypatch):
    refused(lab, at_socket(tmp_path, monkeypatch), "ordinary file")


@pytest.mark.parametrize("ending", ["csv", "npz"])
@pytest.mark.parametrize("lab", LABS)
def test_a_file_of_somebody_else_gets_a_sentence(lab, ending, tmp_path, monkeypatch):
    (tmp_path / f"mine.{ending}").write_bytes(b"x")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    # a mode would not do: the administrator of a machine may read all
    monkeypatch.setattr("utils.engine.submissions.open", forbidden, raising=False)
    refused(lab, tmp_path / f"mine.{ending}", "Permission denied")


@pytest.mark.parametrize("lab", LABS)
def test_hand_out_to_an_impossible_name_gets_a_sentence(lab, tmp_path, capsys, monkeypatch):
    arrays = dict.fromkeys(submissions.handed_out(cyclone.Competition), np.ones(2))
    monkeypatch.setattr(cyclone.CONTEST, "make", lambda secret: SimpleNamespace(**arrays))
    for name in ("a" * 300, "a\0b"):
        assert command.main([lab, str(tmp_path / name), "--key", KEY, "--hand-out"]) == 1
        assert "cannot be written" in capsys.readouterr().err


# --- npz files ----------------------------------------------------------------------------


def npy(array) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=True)
    return file.getvalue()


def header(descr="'<f8'", shape="(3,)", order="False", version=1, extra="") -> bytes:
    text = (
        f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, {extra}}}".encode().ljust(117)
        + b"\n"
    )
    length = struct.pack("<H" if version == 1 else "<I", len(text) % (1 << 16 if version == 1 else 1 << 32))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text


def packed(members, **options) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def with_member(arrays, name, content: bytes, **options) -> bytes:
    return packed([(f"{n}.npy", content if n == name else npy(a)) for n, a in arrays.items()], **options)


def with_bytes(content: bytes, local: int, central: int, value: bytes) -> bytes:
    """The fields of all members, in their own headers and in the directory, replaced."""
    content = bytearray(content)
    for signature, offset in ((b"PK\3\4", local), (b"PK\1\2", central)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset : at + offset + len(value)] = value
            at = content.find(signature, at + 4)
    return bytes(content)


def plain(arrays, **options):
    return with_member(arrays, "", b"", **options)


ARCHIVES = {
    "empty": lambda a, n: b"",
    "zeros": lambda a, n: bytes(4096),
    "text": lambda a, n: b"id,u,v,p\n1,2,3,4\n",
    "npy": lambda a, n: npy(a[n]),
    "gzip": lambda a, n: b"\x1f\x8b\x08" + bytes(100),
    "no members": lambda a, n: packed([]),
    "only a comment": lambda a, n: packed([])[:-2] + b"\xff\xff" + bytes(65535),
    "truncated": lambda a, n: plain(a)[:-200],
    "half": lambda a, n: plain(a)[: len(plain(a)) // 2],
    "header claims 10^12": lambda a, n: with_member(a, n, header(shape="(1000000000000,)")),
    "header claims 2^70": lambda a, n: with_member(a, n, header(shape=f"({2**70}, 0)")),
    "negative shape": lambda a, n: with_member(a, n, header(shape="(-1, -3)") + bytes(24)),
    "64 axes": lambda a, n: with_member(a, n, header(shape=str((1,) * 30 + (3,))) + bytes(24)),
    "70 axes": lambda a, n: with_member(a, n, header(shape="(" + "1," * 70 + ")") + bytes(8)),
    "shape no numbers": lambda a, n: with_member(a, n, header(shape="('a',)") + bytes(24)),
    "no size": lambda a, n: with_member(a, n, header("'|S0'", "(1000000000000,)")),
    "no size, void": lambda a, n: with_member(a, n, header("'|V0'", "(1000000000000,)")),
    "no size, text": lambda a, n: with_member(a, n, header("'<U0'", "(1000000000000,)")),
    "unknown type": lambda a, n: with_member(a, n, header("'<q17'")),
    "type no text": lambda a, n: with_member(a, n, header("17")),
    "type of names": lambda a, n: with_member(a, n, header("[('a', '<f8')]") + bytes(24)),
    "array type": lambda a, n: with_member(a, n, header("('<f8', (1000000,))")),
    "more in the header": lambda a, n: with_member(a, n, header(extra="'x': 1") + bytes(24)),
    "deep header": lambda a, n: with_member(a, n, header(shape="(" * 9000 + ")" * 9000)),
    "header of 1 MB": lambda a, n: with_member(a, n, header(shape="(" + "1," * 500_000 + ")", version=2)),
    "version 3": lambda a, n: with_member(a, n, header(version=3) + bytes(24)),
    "version 9": lambda a, n: with_member(a, n, header(version=9) + bytes(24)),
    "no npy": lambda a, n: with_member(a, n, b"no array at all"),
    "nothing in a member": lambda a, n: with_member(a, n, b""),
    "too short": lambda a, n: with_member(a, n, npy(a[n])[:-1]),
    "too long": lambda a, n: with_member(a, n, npy(a[n]) + b"x"),
    "encrypted": lambda a, n: with_bytes(plain(a), 6, 8, b"\1\0"),
    "unknown compression": lambda a, n: with_bytes(plain(a), 8, 10, b"\x63\0"),
    "Zstandard": lambda a, n: with_bytes(plain(a), 8, 10, b"\x5d\0"),
    "deflate that is none": lambda a, n: with_bytes(plain(a), 8, 10, b"\x08\0"),
    "lzma": lambda a, n: plain(a, compression=zipfile.ZIP_LZMA),
    "needs zip 9.9": lambda a, n: with_bytes(plain(a), 4, 6, b"\x63\0"),
    "wrong sum": lambda a, n: with_bytes(plain(a), 14, 16, b"abcd"),
    "claims 4 GB": lambda a, n: with_bytes(plain(a), 22, 24, b"\xfe\xff\xff\xff"),
    "claims 10 bytes": lambda a, n: with_bytes(plain(a), 22, 24, b"\x0a\0\0\0"),
    "twice": lambda a, n: packed(
        [("xx.npy", npy(a["id"])), *((f"{k}.npy", npy(v)) for k, v in a.items())]
    ).replace(b"xx.npy", b"id.npy"),
    "1,000 members": lambda a, n: packed([(f"x{k}.npy", b"") for k in range(1000)]),
    "an array left out": lambda a, n: plain({k: v for k, v in a.items() if k != n}),
    "pickled": lambda a, n: plain(a | {n: np.array([{"a": 1}, None], object)}),
    "structured": lambda a, n: plain(a | {n: np.zeros(len(a["id"]), "f8,f8")}),
    "void": lambda a, n: plain(a | {n: np.zeros(np.shape(a[n]), "V8")}),
    "complex": lambda a, n: plain(a | {n: a[n].astype(complex)}),
    "truth values": lambda a, n: plain(a | {n: np.ones(np.shape(a[n]), bool)}),
    "dates": lambda a, n: plain(a | {n: np.zeros(np.shape(a[n]), "M8[s]")}),
    "durations": lambda a, n: plain(a | {n: np.zeros(np.shape(a[n]), "m8[s]")}),
    "bytes": lambda a, n: plain(a | {n: np.full(np.shape(a[n]), b"1.0")}),
    "text for numbers": lambda a, n: plain(a | {n: np.full(np.shape(a[n]), "1.0")}),
    "nan": lambda a, n: plain(a | {n: np.full(np.shape(a[n]), np.nan)}),
    "huge": lambda a, n: plain(a | {n: np.full(np.shape(a[n]), 1e300)}),
    "one value": lambda a, n: plain(a | {n: np.array(1.0)}),
    "another shape": lambda a, n: plain(a | {n: np.ones((3, 4, 5))}),
    "no values": lambda a, n: plain(a | {n: np.ones(0)}),
    "ids: control characters": lambda a, n: plain(
        a | {"id": np.array([f"\x1b[{k}m\a" for k in range(len(a["id"]))])}
    ),
    "ids: some control characters": lambda a, n: plain(
        a | {"id": np.array(["\x1b[2J", "\u202e\u200b", *a["id"][2:]])}
    ),
    "ids: long": lambda a, n: plain(a | {"id": np.array(["x" * 50_000, *a["id"][1:3]])}),
    "ids: 300,000": lambda a, n: plain(a | {"id": np.array([f"x{k}" for k in range(300_000)])}),
    "ids: bytes": lambda a, n: plain(a | {"id": np.full(len(a["id"]), b"\xff\xfe")}),
    "ids: void": lambda a, n: plain(a | {"id": np.zeros(len(a["id"]), "V4")}),
    "ids: numbers": lambda a, n: plain(a | {"id": np.arange(len(a["id"]))}),
    "ids: objects": lambda a, n: plain(a | {"id": np.array([None] * len(a["id"]))}),
    "ids: dates": lambda a, n: plain(a | {"id": np.zeros(len(a["id"]), "M8[s]")}),
    "ids: no characters": lambda a, n: with_member(
        a, "id", header("'<U4'", f"({len(a['id'])},)") + b"\xff" * 16 * len(a["id"])
    ),
    "ids: half characters": lambda a, n: with_member(
        a, "id", header("'<U4'", f"({len(a['id'])},)") + b"\x00\xd8\0\0" * 4 * len(a["id"])
    ),
    "ids: one text": lambda a, n: plain(a | {"id": np.array("x")}),
    "ids: a table": lambda a, n: plain(a | {"id": a["id"][:, None]}),
    "ids: none": lambda a, n: plain(a | {"id": a["id"][:0]}),
    "ids: one twice": lambda a, n: plain(a | {"id": np.array([a["id"][1], *a["id"][1:]])}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", ARCHIVES)
@pytest.mark.parametrize("lab", LABS)
def test_hostile_archives_get_a_sentence(lab, what, fair, tmp_path):
    path = tmp_path / "mine.npz"
    path.write_bytes(ARCHIVES[what](fair[lab], VALUES[lab]))
    refused(lab, path)


FAIR_ARCHIVES = {
    "as it is": lambda a, n: plain(a),
    "deflated": lambda a, n: plain(a, compression=zipfile.ZIP_DEFLATED),
    "big-endian": lambda a, n: plain({k: v.astype(v.dtype.newbyteorder(">")) for k, v in a.items()}),
    "half precision": lambda a, n: plain(a | {n: a[n].astype(np.float16)}),
    "long precision": lambda a, n: plain(a | {n: a[n].astype(np.longdouble)}),
    "order of Fortran": lambda a, n: plain(a | {n: np.asfortranarray(a[n])}),
    "masked": lambda a, n: plain(a | {n: np.ma.masked_array(a[n], np.zeros(np.shape(a[n]), bool))}),
    "ids as bytes": lambda a, n: plain(a | {"id": a["id"].astype("S")}),
    "another array": lambda a, n: plain(a | {"note": np.array("made by hand")}),
    "version 2": lambda a, n: with_member(a, "id", npy2(a["id"])),
    "written by numpy": lambda a, n: saved(a),
}


def npy2(array) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(2, 0))
    return file.getvalue()


def saved(arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("what", FAIR_ARCHIVES)
@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("ending", ["npz", "NPZ"])
def test_fair_archives_are_scored(lab, what, ending, fair, tmp_path):
    path = tmp_path / f"mine.{ending}"
    path.write_bytes(FAIR_ARCHIVES[what](fair[lab], VALUES[lab]))
    first = tmp_path / "first.npz"
    first.write_bytes(plain(fair[lab]))
    one, other = ([x or 0.0 for x in LABS[lab].score(file, KEY).results()] for file in (path, first))
    assert one == pytest.approx(other, rel=1e-2, abs=1e-2)


@pytest.mark.parametrize("name", ["nu", "parameters", "seconds"])
@pytest.mark.parametrize(
    "value",
    [
        True,
        1e-308,
        1e6,
        -1.0,
        0.5 + 0j,
        "0.02",
        b"0.02",
        np.nan,
        np.inf,
        np.datetime64(0, "s"),
        [[0.02]],
        [0.02, 0.03],
    ],
    ids=repr,
)
def test_single_numbers_are_numbers(name, value, fair, tmp_path):
    lab = "chip" if name == "nu" else "flow"
    if name != "nu" and value in (1e-308, 1e6) and not (name == "seconds" and value == 1e6):
        value = 1e9
    (tmp_path / "mine.npz").write_bytes(plain(fair[lab] | {name: np.array(value)}))
    refused(lab, tmp_path / "mine.npz", name)


# --- csv files ----------------------------------------------------------------------------

HEADERS = {"cyclone": "set,id,wind_kt,class", "chip": "id,u,v,p"}
TABLE_FILES = {
    "empty": b"",
    "a byte order mark": b"\xef\xbb\xbf",
    "blanks": b"  \n\n \n",
    "zeros": bytes(4096),
    "UTF-16": "{header}\na,1,2,3\n".encode("utf-16"),
    "UTF-32": "{header}\na,1,2,3\n".encode("utf-32"),
    "gzip": b"\x1f\x8b\x08" + bytes(100),
    "spreadsheet": packed([("xl/workbook.xml", b"<a/>")]),
    "Latin-1": "{header}\nä,1,2,3\n".encode("latin-1"),
    "header": b"{header}\n",
    "half a header": b"{header}"[:4],
    "commas": b"," * 4_000_000,
    "commas below": b"{header}\n" + b"," * 4_000_000,
    "columns": b"a," * 1_000_000 + b"\n" + b"1," * 1_000_000,
    "2,000,000 columns": b",".join([b"a"] * 2_000_000),
    "one line": b"x" * 4_500_000,
    "an id of 1 MB": b"{header}\n" + b"x" * 1_000_000 + b",1,2,3\n",
    "1,000,000 rows": b"{header}\n" + b",,,\n" * 1_000_000,
    "2,000,000 empty lines": b"{header}\n" + b"\n" * 2_000_000,
    "15,000 rows of one id": b"{header}\n" + b"a,1,2,3\n" * 15_000,
    "15,000 ids": b"{header}\n" + b"".join(b"a%d,1,2,3\n" % k for k in range(15_000)),
    "5 MB and more": b"{header}\n" + b"a,1,2,3\n" * 700_000,
    "zero in a cell": b"{header}\na\0b,1,2,3\n",
    "control characters": b"{header}\n\x1b[2J\a\r\n,1,2,3\n",
    "control characters in the header": b"{header},\x1b]0;x\a\n1,2,3,4,5\n",
    "bidi marks": "{header}\n\u202ea\u200b,1,2,3\n".encode(),
    "long column name": b"{header}," + b"x" * 1_500 + b"\n1,2,3,4,5\n",
    "rows too long": b"{header}\na,1,2,3,4\n",
    "rows too short": b"{header}\na,1\n",
    "an open quote": b'{header}\n"a,1,2,3\n',
    "quotes in quotes": b'{header}\n"a""b""",1,2,3\n',
    "quotes everywhere": b'{header}\n' + b'"' * 1_999 + b"\n",
    "semicolons": b"id;u;v;p\na;1;2;3\n",
    "tabs": b"id\tu\tv\tp\na\t1\t2\t3\n",
    "decimal commas": b"{header}\na,1,5,2,3\n",
    "a column twice": b"{header},id\na,1,2,3,a\n",
    "no id": b"a,b,c\n1,2,3\n",
    "a formula": b"{header}\n=1+1,1,2,3\n",
    "HTML": b"<html><body>404</body></html>",
    "JSON": b'{"id": [1, 2]}',
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", TABLE_FILES)
@pytest.mark.parametrize("lab", TABLES)
def test_hostile_tables_get_a_sentence(lab, what, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(TABLE_FILES[what].replace(b"{header}", HEADERS[lab].encode()))
    refused(lab, path)


CELLS = [
    "True", "", "nan", "inf", "1e400", "0x10", "1_000", "１２", "1j", "(1+2j)", "2020-01-01", "1,5", "None", "--1", "1 2",
    "1\x1b[2J", "x" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lab", TABLES)
def test_cells_that_are_no_numbers_are_refused(lab, cell, fair, tmp_path):
    table = pd.DataFrame(fair[lab]).astype({VALUES[lab]: object})
    table.loc[1, VALUES[lab]] = cell
    table.to_csv(tmp_path / "mine.csv", index=False)
    refused(lab, tmp_path / "mine.csv", "finite number")
    table[VALUES[lab]] = cell
    table.to_csv(tmp_path / "mine.csv", index=False)
    refused(lab, tmp_path / "mine.csv", "finite number")


@pytest.mark.parametrize("cell", [True, 1e-308, -1.0, 1e6, "1j", "0.02 ", ""], ids=repr)
def test_a_viscosity_is_a_number_of_the_range(cell, fair, tmp_path):
    table = pd.DataFrame(fair["chip"]).assign(nu=cell)
    table.to_csv(tmp_path / "mine.csv", index=False)
    if cell == "0.02 ":
        assert chip.score(tmp_path / "mine.csv", KEY).viscosity == 0.02
    else:
        refused("chip", tmp_path / "mine.csv", "nu ")


@pytest.mark.parametrize(
    "value",
    [True, 1j, np.datetime64("2020-01-01"), pd.NA, None, "64,5", [1], b"1", pd.Timedelta(1), 10**400],
    ids=lambda value: repr(value)[:20],
)
def test_tables_in_memory_are_checked_like_files(value, fair):
    table = pd.DataFrame(fair["cyclone"])
    whole = table.assign(wind_kt=[value] * len(table))
    single = table.astype({"wind_kt": object})
    single.at[3, "wind_kt"] = value
    for spoilt, count in ((whole, len(table)), (single, 1)):
        refused("cyclone", spoilt, f"{count} winds are no finite number")


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize(
    "thing", [5, None, [1, 2], {"a": 1}, pd.Series([1.0])], ids=lambda thing: type(thing).__name__
)
def test_what_is_neither_file_nor_table_gets_a_sentence(lab, thing):
    refused(lab, thing, "give the name of one")


@pytest.mark.parametrize("kind", ["category", "string", "Int64", "index"])
def test_tables_of_any_kind_are_scored(kind, fair):
    table = pd.DataFrame(fair["cyclone"])
    other = {
        "category": lambda: table.astype({"class": "category", "id": "category", "set": "category"}),
        "string": lambda: table.convert_dtypes(),
        "Int64": lambda: table.astype({"wind_kt": "Int64"}),
        "index": lambda: table.set_axis([0] * len(table)),
    }[kind]()
    assert cyclone.score(other, KEY).results() == cyclone.score(table, KEY).results()


@pytest.mark.parametrize("change", ["\r", "\r\n", "quotes", "blanks", "mark"])
@pytest.mark.parametrize("lab", TABLES)
def test_fair_tables_are_scored_as_spreadsheets_write_them(lab, change, fair, tmp_path):
    table = pd.DataFrame(fair[lab])
    table.to_csv(tmp_path / "plain.csv", index=False)
    text = table.to_csv(index=False, quoting=1 if change == "quotes" else 0)
    text = text.replace(",", " , ") if change == "blanks" else text
    text = text.replace("\n", change) if change in ("\r", "\r\n") else text
    (tmp_path / "mine.CSV").write_bytes(text.encode("utf-8-sig" if change == "mark" else "utf-8"))
    results = [LABS[lab].score(tmp_path / name, KEY).results() for name in ("mine.CSV", "plain.csv")]
    assert results[0] == results[1]


# --- what is handed out -------------------------------------------------------------------

GIVEN = {"cyclone": "train_images", "flow": "distance", "chip": "measured_u"}


@pytest.fixture(scope="module")
def handed_out(fair, tmp_path_factory):
    path = tmp_path_factory.mktemp("given") / "chip.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTCAMP_CACHE", str(path.parent))
        chip.hand_out(path, KEY)
    images, texts = np.zeros((3, 8, 8), np.uint8), np.array(["a", "b", "c"])
    return {
        "cyclone": {"train_images": images, "train_wind_kt": np.ones(3, np.float32), "train_storm": np.arange(3),
                    "test_images": images, "test_set": texts, "test_id": texts, "width_km": np.array(640.0)},
        "flow": {"id": texts, "distance": np.zeros((3, 64, 128), np.float32)},
        "chip": dict(np.load(path)),
    }  # fmt: skip


@pytest.mark.parametrize("what", [name for name in ARCHIVES if not name.startswith("ids") and name != "huge"])
@pytest.mark.parametrize("lab", LABS)
def test_what_is_handed_out_passes_the_same_guard(lab, what, handed_out, tmp_path):
    arrays = handed_out[lab]
    path = tmp_path / "given.npz"
    path.write_bytes(plain(arrays))
    LABS[lab].load_competition(path)
    name = "train_wind_kt" if lab == "cyclone" and what == "nan" else GIVEN[lab]
    path.write_bytes(ARCHIVES[what]({"id": np.array(["x"])} | arrays, name))
    with pytest.raises(SubmissionError, match="is not a competition file") as error:
        LABS[lab].load_competition(path)
    assert len(str(error.value)) < 1200
    assert str(error.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("lab", LABS)
def test_a_small_file_that_unpacks_to_much_is_not_unpacked(lab, handed_out, tmp_path):
    path = tmp_path / "given.npz"
    much = np.zeros(60_000_000 if lab == "cyclone" else 6_000_000)
    np.savez_compressed(path, **handed_out[lab], more=much)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(SubmissionError, match="unpacks to more than"):
        LABS[lab].load_competition(path)


def test_a_chip_that_fills_the_channel_gets_a_sentence(handed_out, tmp_path):
    path = tmp_path / "given.npz"
    path.write_bytes(plain(handed_out["chip"] | {"sizes": np.array([[0.6, 1.0], [0.6, 1.0], [2.0, 1.0]])}))
    with pytest.raises(SubmissionError, match="does not fit"):
        chip.load_competition(path)


# --- what the labs' functions write -------------------------------------------------------


def test_what_lies_inside_of_a_car_does_not_count(fair, tmp_path):
    _, distance, truth = flow.hidden_flows(b"")
    results = []
    for value in (0, np.nan, np.inf, 1e30):
        velocity = np.where((distance < 0)[..., None], value, 0.9 * truth)
        cars = flow.Competition(fair["flow"]["id"], distance)
        flow.write_submission(tmp_path / "mine.npz", cars, velocity, 1, 1.0)
        results.append(flow.score(tmp_path / "mine.npz", KEY).results())
    assert all(result == results[0] for result in results)


@pytest.fixture
def frames(fair):
    nothing = np.zeros(0)
    return cyclone.Competition(
        nothing, nothing, nothing, nothing, fair["cyclone"]["set"], fair["cyclone"]["id"], nothing
    )


def test_winds_outside_of_the_range_are_clipped_and_it_is_said(frames, capsys):
    winds = np.full(40, 60.0)
    winds[:2] = -3, 250
    table = cyclone.submission(frames, winds[:, None])
    assert "2 of 40 winds lay outside of 0 to 200 kt and were clipped" in capsys.readouterr().out
    assert cyclone.score(table, KEY).sets["storm"].num_frames == 20
    cyclone.submission(frames, np.full(40, 60.0))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("winds", "probabilities", "says"),
    [
        (np.r_[np.nan, np.ones(39)], None, "1 of 40 winds are not finite"),
        (np.ones(39), None, "give real numbers of the shape"),
        (np.ones(40) * 1j, None, "complex128"),
        (np.ones(40), np.full((40, 8), np.nan), "320 of 320 probabilities are not finite"),
        (np.ones(40), np.ones((40, 7)), "give real numbers of the shape"),
        (np.ones(40), np.ones((8, 40)), "give real numbers of the shape"),
    ],
)
def test_predictions_that_cannot_be_submitted_get_a_sentence(winds, probabilities, says, frames):
    with pytest.raises(SubmissionError, match=says):
        cyclone.submission(frames, winds, probabilities)


@pytest.mark.parametrize("ending", ["csv", "CSV", "npz", "NPZ"])
def test_the_viscosity_alone_can_be_entered(ending, tmp_path):
    given = chip.load_competition()
    chip.write_submission(tmp_path / f"mine.{ending}", given, {}, 0.02)
    report = chip.score(tmp_path / f"mine.{ending}")
    assert (report.number, report.viscosity, report.parts) == (1, 0.02, {})
    for flows, says in (
        ({"backward": None}, "no flow of the challenge"),
        ({"forward": len}, "has the shape"),
    ):
        with pytest.raises(SubmissionError, match=says):
            chip.write_submission(tmp_path / "wrong.csv", given, flows)


def test_any_damage_of_an_archive_is_a_sentence(tmp_path):
    """Bytes changed at random, cut out and doubled, in the archive and in its headers."""
    rng = np.random.default_rng(0)
    arrays = {"id": np.array(["a", "b"]), "x": np.ones(2)}
    whole, path, answers = plain(arrays), tmp_path / "mine.npz", []
    for _ in range(400):
        content = bytearray(whole)
        at, length = rng.integers(len(whole)), rng.integers(1, 9)
        kind = rng.integers(3)
        content[at : at + length] = [rng.bytes(length), b"", bytes(content[at : at + length]) * 2][kind]
        path.write_bytes(content)
        try:
            submissions.read_arrays(path, {"id": ("US", ("n",)), "x": ("f", ("n",))}, 10_000)
        except SubmissionError as error:
            answers.append(str(error))
    assert len(answers) > 200
    assert max(map(len, answers)) < 600
    assert all(answer.replace("\n", "").isprintable() for answer in answers)
