"""Best tracks: the raw formats, the committed table, winds between fixes, land."""

import gzip
import importlib.util
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection

from cyclone import archives, figures, imagery, tracks
from utils import data
from utils.engine import download

ROOT = Path(__file__).resolve().parents[1]
RADII = " -999," * 12

# The layout of the archive, to the blank; the first storm as before 2021, the second with a 21st field.
HURDAT2 = f"""\
AL092011,              IRENE,      3,
20110827, 0600,  , HU, 33.4N,  76.9W,  75,  952, 225,  225,  150,  125,  125,  125,   75,   60,    0,    0,    0,    0,
20110827, 1200, L, HU, 34.7N,  76.6W,  75,  952,{RADII}
20110828, 0935, L, TS, 39.4N,  74.4W,  60,  959, 230,  280,  160,  110,  150,  150,   80,   30,    0,    0,    0,    0,
AL012000,            UNNAMED,      2,
20000607, 1800,  , TD, 21.0N,  93.0W, -99, -999,{RADII} -999
20000608, 0000,  , LO,  0.5S,   3.5E,  25, 1008,{RADII}   25
"""


def row(text: str, line: int) -> list[str]:
    return text.splitlines()[line].split(",")


def test_hurdat2_in_the_raw_layout():
    table = tracks.parse_hurdat2(HURDAT2)
    assert list(table.columns) == [*tracks.COLUMNS, "record"]
    assert table["storm_id"].tolist() == ["AL012000"] * 2 + ["AL092011"] * 3, "the last storm is kept"
    assert table["name"].tolist() == ["UNNAMED"] * 2 + ["IRENE"] * 3
    assert table["season"].tolist() == [2000] * 2 + [2011] * 3
    assert table["time"].iloc[4] == pd.Timestamp("2011-08-28 09:35"), "off the synoptic hours"
    assert table["record"].tolist() == ["", "", "", "L", "L"]
    assert table["status"].tolist() == ["TD", "LO", "HU", "HU", "TS"]
    assert table["lat"].tolist() == [21.0, -0.5, 33.4, 34.7, 39.4]
    assert table["lon"].tolist() == [-93.0, 3.5, -76.9, -76.6, -74.4]
    assert np.isnan(table.loc[0, ["wind_kt", "pressure_hpa"]].to_numpy(float)).all(), (
        "-99 and -999 are missing"
    )
    assert table["wind_kt"].tolist()[1:] == [25, 75, 75, 60]
    assert table["pressure_hpa"].tolist()[1:] == [1008, 952, 952, 959]


def test_hurdat2_without_its_trailing_commas():
    bare = "\n".join(line.rstrip(",") for line in HURDAT2.replace("\n", "\n\n").splitlines())
    pd.testing.assert_frame_equal(tracks.parse_hurdat2(bare), tracks.parse_hurdat2(HURDAT2))
    assert len(row(bare.replace("\n\n", "\n"), 1)) == 20
    assert len(row(bare.replace("\n\n", "\n"), 5)) == 21


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("IRENE,      3", "IRENE,      4", r"Line 1: .*AL092011 \(IRENE\) announces 4 rows, but 3 follow"),
        ("UNNAMED,      2", "UNNAMED,      1", "Line 5: .*announces 1 rows, but 2 follow"),
        (
            "AL092011,              IRENE,      3,\n",
            "",
            "Line 1: a row of data comes before the first header",
        ),
        ("76.9W", "76.9N", "Line 2: .*'76.9N' is no position"),
        ("33.4N", "93.4N", "Line 2: .*'93.4N' is no position"),
        ("20110827, 1200", "20111327, 1200", "Line 3: a field cannot be read"),
        ("20110827, 1200", "90110827, 1200", "Line 3: .*'90110827 1200' is not in the season 2011"),
        ("20110827, 1200", "20110827,  120", "Line 3: .*'20110827 120' is no time"),
        ("  60,  959", "  6O,  959", "Line 4: a field cannot be read .*6O"),
        (" 280,", "", "Line 4: a row has 20 or 21 fields, this one has 19"),
        ("IRENE,      3,", "IRENE,", "Line 1: a header has a storm, a name and a count"),
        ("IRENE,      3,", "IRENE,      x,", "Line 1: a header has a storm, a name and a count"),
    ],
)
def test_a_fault_in_hurdat2_is_named_with_its_line(old, new, said):
    assert old in HURDAT2
    with pytest.raises(ValueError, match=said):
        tracks.parse_hurdat2(HURDAT2.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "mended"),
    [(" 33.4N,  76.9W", " 33.4N    76.9W", True), ("  0.5S,   3.5E", "  0.5S   3.5E", True),
     ("33.4N", "33.4", False), ("76.9W", "76.9", False), ("  0.5S", "   0.5", False)],
)  # fmt: skip
def test_rows_that_the_archive_itself_spoiled_are_read_or_left_out_and_named(old, new, mended, capsys):
    """As in the editions of September 2026: AL211969 without a comma, AL231975 without the letter of a latitude."""
    assert old in HURDAT2
    whole, found = tracks.parse_hurdat2(HURDAT2), tracks.parse_hurdat2(HURDAT2.replace(old, new, 1))
    said = capsys.readouterr().out
    number = next(k for k, line in enumerate(HURDAT2.splitlines(), 1) if old in line)
    storm = "AL092011" if number < 5 else "AL012000"
    key = "mended" if mended else "left_out"
    assert len(found.attrs["mended"]) + len(found.attrs["left_out"]) == 1
    assert found.attrs[key][0].startswith(f"line {number}, {storm}: ")
    assert found.attrs[key][0] in said
    assert f"1 of 5 rows {'read in spite of a fault' if mended else 'left out'}" in said
    if mended:
        pd.testing.assert_frame_equal(found, whole)
    else:
        assert len(found) == 4
        assert set(found["time"]) < set(whole["time"])
    tracks.parse_hurdat2(HURDAT2.replace(old, new, 1), quiet=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (" 33.4N,  76.9W", " 33.4   76.9W", "'33.4' does not say N or S"),  # both faults in one row
        (" 33.4N,  76.9W", " 33.4N  76.9", "'76.9' does not say E or W"),
        ("  60,  959", " 600,  959", "600 kt is no wind"),
        ("  60,  959", "  60, 9590", "9590 hPa is no pressure"),
        ("  60,  959", "  -6,  959", "-6 kt is no wind"),
    ],
)
def test_rows_that_would_have_to_be_guessed_are_left_out_and_named(old, new, said):
    assert old in HURDAT2
    found = tracks.parse_hurdat2(HURDAT2.replace(old, new, 1), quiet=True)
    assert len(found) == 4
    assert not found.attrs["mended"]
    assert [said in sentence for sentence in found.attrs["left_out"]] == [True]


@pytest.mark.parametrize("wind", ["6_0", "+60", "6\N{ARABIC-INDIC DIGIT ONE}", "6O"])
def test_a_number_is_what_the_archive_writes_and_not_what_python_takes(wind):
    with pytest.raises(ValueError, match="Line 4: a field cannot be read"):
        tracks.parse_hurdat2(HURDAT2.replace("  60,  959", f"{wind:>4},  959", 1))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_damaged_row_disappears_in_silence(data_):
    """One letter of a row is changed or lost: the row is read, left out and named, or the text is refused."""
    lines = HURDAT2.splitlines()
    number = data_.draw(st.sampled_from([1, 2, 3, 5, 6]))
    place = data_.draw(st.integers(0, len(lines[number]) - 1))
    letter = data_.draw(st.sampled_from(["", ",", " ", "N", "9", "x"]))
    lines[number] = lines[number][:place] + letter + lines[number][place + 1 :]
    try:
        table = tracks.parse_hurdat2("\n".join(lines), quiet=True)
    except ValueError as error:
        said = str(error)
    else:
        said = f"Line 0: {len(table) + len(table.attrs['left_out'])} rows"
    assert re.search(r"Line [1-7]: |Line 0: 5 rows", said)


@pytest.mark.parametrize("text", ["", "\n\n", "<html>404</html>"])
def test_a_text_without_storms_is_refused(text):
    with pytest.raises(ValueError, match=r"holds no storm|before the first header"):
        tracks.parse_hurdat2(text)


def test_a_truncated_text_is_refused_or_holds_whole_storms():
    """Only a cut between two storms, or inside the last radius, can go unnoticed."""
    whole, accepted = tracks.parse_hurdat2(HURDAT2), []
    for cut in range(len(HURDAT2)):
        try:
            table = tracks.parse_hurdat2(HURDAT2[:cut])
        except ValueError:
            continue
        accepted.append(cut)
        expected = whole[whole["storm_id"].isin(table["storm_id"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(table, expected)
    assert len(accepted) < 15


FIX = st.tuples(
    st.sampled_from(["", "C", "G", "I", "L", "P", "R", "S", "T", "W"]),
    st.sampled_from(["TD", "TS", "HU", "EX", "SD", "SS", "LO", "WV", "DB"]),
    st.integers(-900, 900),
    st.integers(-1799, 1800),
    st.none() | st.integers(0, 190),
    st.none() | st.integers(870, 1030),
    st.integers(1, 720),
)
STORM = st.tuples(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ-", min_size=1, max_size=12),
    st.datetimes(datetime(1851, 1, 1), datetime(2050, 1, 1)).map(
        lambda time: time.replace(second=0, microsecond=0)
    ),
    st.lists(FIX, min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(STORM, min_size=1, max_size=3))
@settings(max_examples=25)
def test_hurdat2_round_trip(storms):
    lines, rows = [], []
    for count, (name, time, fixes, comma, radius) in enumerate(storms, 1):
        storm_id = f"AL{count:02d}{time.year}"
        lines.append(f"{storm_id},{name:>19},{len(fixes):7d}" + "," * comma)
        for record, status, lat, lon, wind, pressure, step in fixes:
            time += timedelta(minutes=step)
            lines.append(
                f"{time:%Y%m%d, %H%M},{record:>2}, {status},{abs(lat) / 10:5.1f}{'NS'[lat < 0]},"
                f"{abs(lon) / 10:6.1f}{'EW'[lon < 0]},{-99 if wind is None else wind:4d},"
                f"{-999 if pressure is None else pressure:5d},{RADII}".rstrip(",")
                + ", -999" * radius
                + "," * comma
            )
            rows.append(
                (
                    storm_id,
                    name,
                    storms[count - 1][1].year,
                    time,
                    lat / 10,
                    lon / 10,
                    status,
                    wind,
                    pressure,
                    record,
                )
            )
    expected = pd.DataFrame(rows, columns=[*tracks.COLUMNS, "record"])
    expected = expected.astype({"wind_kt": float, "pressure_hpa": float})
    expected = expected.sort_values(["season", "storm_id", "time"], kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(tracks.parse_hurdat2("\n".join(lines)), expected, check_dtype=False)


IBTRACS = """\
SID,SEASON,NUMBER,BASIN,SUBBASIN,NAME,ISO_TIME,NATURE,LAT,LON,WMO_WIND,TRACK_TYPE,USA_STATUS,USA_WIND,USA_PRES
 ,Year, , , , , , ,degrees_north,degrees_east,kts, , ,kts,mb
2005236N23285,2005,62,NA,MM,KATRINA,2005-08-23 18:00:00,TS,23.1,-75.1,30,main,TD,30,1008
2005236N23285,2005,62,NA,MM,KATRINA,2005-08-23 21:00:00,TS,23.2,-75.4, ,main,TD, , 
2005236N23285,2005,62,NA,MM,KATRINA,2005-08-24 00:00:00,TS,23.5,-75.8, ,spur,TD,35,1007
2004258N16300,2004,50,EP,MM,JAVIER,2004-09-14 00:00:00,TS,16.0,-100.1,45,main,TS,45,1000
"""


@pytest.fixture
def ibtracs(tmp_path):
    path = tmp_path / "ibtracs.NA.list.v04r01.csv"
    path.write_text(IBTRACS, encoding="utf-8")
    return path


def test_ibtracs_and_the_basin_that_pandas_takes_for_missing(ibtracs):
    assert pd.read_csv(ibtracs, skiprows=[1])["BASIN"].isna().sum() == 3, "the trap is real"
    table = tracks.read_ibtracs(ibtracs)
    assert list(table.columns) == tracks.COLUMNS
    assert table["storm_id"].tolist() == ["2005236N23285"] * 2, "only NA, no units, no spur"
    assert table["time"].tolist() == [pd.Timestamp("2005-08-23 18:00"), pd.Timestamp("2005-08-23 21:00")]
    assert table["wind_kt"].tolist()[0] == 30
    assert table[["wind_kt", "pressure_hpa"]].iloc[1].isna().all(), "blanks are missing values"
    assert table.loc[0, ["name", "season", "lat", "lon", "status"]].tolist() == [
        "KATRINA",
        2005,
        23.1,
        -75.1,
        "TD",
    ]
    assert tracks.read_ibtracs(ibtracs, basin=None)["name"].tolist() == ["JAVIER", "KATRINA", "KATRINA"]


def test_a_file_without_the_line_of_units_loses_no_row(ibtracs):
    whole = tracks.read_ibtracs(ibtracs)
    lines = IBTRACS.splitlines(keepends=True)
    ibtracs.write_text("".join([lines[0], *lines[2:]]), encoding="utf-8")
    pd.testing.assert_frame_equal(tracks.read_ibtracs(ibtracs), whole)


def test_a_row_that_comes_twice_is_counted(ibtracs, capsys):
    whole = tracks.read_ibtracs(ibtracs)
    ibtracs.write_text(IBTRACS + "".join(IBTRACS.splitlines(keepends=True)[2:]), encoding="utf-8")
    twice = tracks.read_ibtracs(ibtracs)
    pd.testing.assert_frame_equal(twice, whole)
    assert (
        "2 of 4 rows left out (line 7, 2005236N23285: 2005-08-23 18:00:00 a second time"
        in capsys.readouterr().out
    )
    assert len(twice.attrs["left_out"]) == 2
    tracks.read_ibtracs(ibtracs, quiet=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("column", "value"), [("LAT", "-99"), ("LON", "999"), ("USA_WIND", "999"), ("USA_PRES", "99000")]
)
def test_a_number_that_no_storm_can_have_is_left_out_and_said(ibtracs, capsys, column, value):
    lines = [line.split(",") for line in IBTRACS.splitlines()]
    lines[2][lines[0].index(column)] = value
    ibtracs.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    assert len(tracks.read_ibtracs(ibtracs)) == 1
    assert f" is {value})" in capsys.readouterr().out


def test_a_cut_ibtracs_file_is_refused_or_holds_whole_rows(ibtracs):
    """Only a cut between two rows can go unnoticed."""
    whole = tracks.read_ibtracs(ibtracs, basin=None)
    accepted = 0
    for cut in range(150, len(IBTRACS)):
        ibtracs.write_text(IBTRACS[:cut], encoding="utf-8")
        try:
            table = tracks.read_ibtracs(ibtracs, basin=None)
        except ValueError:
            continue
        accepted += 1
        known = set(zip(whole["storm_id"], whole["time"], strict=True))
        assert set(zip(table["storm_id"], table["time"], strict=True)) <= known
    assert accepted == 3
    packed = gzip.compress(IBTRACS.encode())
    ibtracs.with_suffix(".csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match="cut or damaged"):
        tracks.read_ibtracs(ibtracs.with_suffix(".csv.gz"))


def test_the_same_storm_twice_is_refused():
    with pytest.raises(
        ValueError, match=r"Line 8: storm AL092011 \(IRENE\) begins a second time, after line 1"
    ):
        tracks.parse_hurdat2(HURDAT2.strip() + "\n" + HURDAT2)


@pytest.mark.parametrize(
    ("source", "name"), [("hurdat2", "hurdat2-atlantic"), ("ibtracs", "ibtracs-north-atlantic")]
)
def test_half_an_archive_without_a_hash_is_refused(source, name, own_cache, tmp_path, monkeypatch):
    (file,) = data.registry()[name]["files"]
    start = data.registry()[name]["files"][file]["starts_with"]
    (tmp_path / name).mkdir()
    (tmp_path / name / file).write_bytes(
        start.encode() + bytes(data.registry()[name]["files"][file]["bytes"] // 2)
    )
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path))
    monkeypatch.setenv("BOOTCAMP_OFFLINE", "1")
    with pytest.raises(data.DataError, match="it is cut: "):
        tracks.load_tracks(source)


def test_what_is_no_ibtracs_file_is_refused(ibtracs):
    with pytest.raises(ValueError, match="no row of basin WP"):
        tracks.read_ibtracs(ibtracs, basin="WP")
    ibtracs.write_text(IBTRACS.replace("USA_WIND", "JTWC_WIND"), encoding="utf-8")
    with pytest.raises(ValueError, match="no column USA_WIND"):
        tracks.read_ibtracs(ibtracs)


@pytest.mark.parametrize(
    ("source", "name", "file", "content", "storm"),
    [
        ("hurdat2", "hurdat2-atlantic", "hurdat2-1851-2024-040425.txt", HURDAT2, "AL092011"),
        ("ibtracs", "ibtracs-north-atlantic", "ibtracs.NA.list.v04r01.csv", IBTRACS, "2005236N23285"),
    ],
)
def test_the_files_of_noaa_come_through_the_resolver(
    source, name, file, content, storm, own_cache, tmp_path, monkeypatch, capsys
):
    content = (
        content.replace("AL092011", "AL011851").replace("2011", "1851") if source == "hurdat2" else content
    )
    (tmp_path / name).mkdir()
    (tmp_path / name / file).write_text(content, encoding="utf-8")
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path))
    monkeypatch.setattr(download, "LEAST_SHARE", 0)  # of these few rows
    table = tracks.load_tracks(source)
    said = capsys.readouterr().out
    assert "not verified" in said
    assert re.search(rf"best tracks: {len(table)} fixes of \d storms, (1851|2000|2005)-", said)
    assert list(table.columns) == tracks.COLUMNS
    assert storm.replace("AL092011", "AL011851") in set(table["storm_id"])
    assert "UNNAMED" not in set(table["name"])
    (tmp_path / name / f"{file}.gz").write_bytes(gzip.compress(content.encode()))
    (tmp_path / name / file).unlink()
    pd.testing.assert_frame_equal(tracks.load_tracks(source), table)
    (tmp_path / name / file).write_text("<html>moved</html>", encoding="utf-8")
    monkeypatch.setenv("BOOTCAMP_OFFLINE", "1")
    with pytest.raises(data.DataError, match="does not start with"):
        tracks.load_tracks(source)


def test_an_unknown_source_is_refused():
    with pytest.raises(ValueError, match="Choose 'committed', 'hurdat2' or 'ibtracs'"):
        tracks.load_tracks("jma")


# --- the committed table ------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    return tracks.load_tracks(quiet=True)


def test_the_committed_table_has_its_published_content(table):
    assert list(table.columns) == tracks.COLUMNS
    assert len(table) == 20_428
    assert table["storm_id"].nunique() == 730
    assert table["wind_kt"].isna().sum() == 17
    assert table["pressure_hpa"].isna().sum() == 861
    assert table["time"].min() == pd.Timestamp("1980-07-17")
    assert table["time"].max() == pd.Timestamp("2024-11-18")
    assert not table.duplicated(["storm_id", "time"]).any()
    classes = np.bincount(tracks.wind_class(table["wind_kt"].dropna()))
    assert classes.tolist() == [1075, 5588, 9053, 2566, 941, 561, 530, 97]
    peaks = table.groupby("season")["wind_kt"].max()
    assert peaks[[1992, 2005, 2017]].tolist() == [150, 160, 155]


def test_katrina_is_katrina(table):
    katrina = table[table["storm_id"] == "2005236N23285"]
    assert katrina["name"].unique().tolist() == ["KATRINA"]
    assert len(katrina) == 31
    assert katrina["wind_kt"].max() == 150
    assert katrina["pressure_hpa"].min() == 902
    assert katrina["time"][katrina["wind_kt"].idxmax()] == pd.Timestamp("2005-08-28 18:00")


def test_names_are_known_for_most_storms_and_never_twice_in_a_season(table):
    storms = table.drop_duplicates("storm_id")
    named = storms[storms["name"] != ""]
    assert len(named) == 619
    assert not named.duplicated(["season", "name"]).any()
    assert not named["name"].isin(tracks.NAMELESS).any()
    famous = {1988: "GILBERT", 1992: "ANDREW", 1998: "MITCH", 2012: "SANDY", 2017: "MARIA", 2024: "MILTON"}
    peaks = table.groupby(["season", "name"])["wind_kt"].max()
    assert [peaks[key] for key in famous.items()] == [160, 150, 155, 100, 150, 150]
    tropical = table[table["status"].isin(["TD", "TS", "HU"])]
    hurricanes = tropical.loc[tropical["wind_kt"] >= 64].drop_duplicates("storm_id")
    assert set(hurricanes.loc[hurricanes["name"] == "", "storm_id"]) == {"1991302N44301"}


def builder():
    path = ROOT / "data" / "tracks" / "make_table.py"
    spec = importlib.util.spec_from_file_location("make_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_built_the_same_every_time(tmp_path, monkeypatch):
    make_table = builder()
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as archive:
        archive.writestr(
            make_table.IBTRACS,
            "track_id,season,basin,time,lat,lon,status,wind,slp,sshs_cat\n"
            "A,2001,NA,2001-08-01 06:15:00,20.0,-50.0,TS,40.0,1e+03,0\n"
            "A,2001,EP,2001-08-01 12:00:00,20.0,-110.0,TS,40.0,1000.0,0\n"
            "B,2001,NA,2001-09-01 06:00:00,-0.5,3.0,LO,,,-5\n",
        )
    monkeypatch.setattr(make_table, "HERE", tmp_path)
    (tmp_path / "names.csv").write_text("storm_id,name,source\nA,ALMA,test\n", encoding="utf-8")
    packed = []
    for _ in range(2):
        make_table.write_tracks(tmp_path / "package.whl")
        packed.append((tmp_path / "north_atlantic_1980_2024.csv.gz").read_bytes())
    assert packed[0] == packed[1]
    assert packed[0][4:8] == bytes(4), "no time stamp"
    assert gzip.decompress(packed[0]).decode().splitlines()[1:] == [
        "A,ALMA,2001,2001-08-01 06:15,20.0,-50.0,TS,40,1000",
        "B,,2001,2001-09-01 06:00,-0.5,3.0,LO,,",
    ]


def test_borders_vanish_and_the_box_cuts(monkeypatch):
    make_table = builder()
    left = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)]
    right = [(1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0), (1.0, 0.0)]
    (land,) = make_table.outlines([left, right])
    assert land[0] == land[-1]
    assert set(land) == set(left) | set(right)
    monkeypatch.setattr(make_table, "WEST", 0.5)
    assert set(make_table.clip(land)) == {(0.5, 0), (0.5, 1), (1, 0), (1, 1), (2, 0), (2, 1)}
    monkeypatch.setattr(make_table, "WEST", 3.0)
    assert make_table.clip(land) == []


# --- classes ------------------------------------------------------------------------------


def test_class_limits_are_inclusive_above():
    limits = np.array(tracks.CLASS_LIMITS_KT)
    assert len(tracks.CLASSES) == len(limits) + 1 == 8
    assert tracks.wind_class(limits).tolist() == list(range(7))
    assert tracks.wind_class(limits + 1).tolist() == list(range(1, 8))
    names = {15: "NC", 30: "TD", 35: "TS", 65: "H1", 90: "H2", 100: "H3", 115: "H4", 160: "H5"}
    assert [tracks.CLASSES[tracks.wind_class(wind)] for wind in names] == list(names.values())


@given(st.lists(st.floats(0, 250), min_size=1, max_size=20))
def test_a_stronger_wind_is_never_of_a_lower_class(winds):
    found = tracks.wind_class(pd.Series(sorted(winds)))
    assert found.shape == (len(winds),)
    assert (np.diff(found) >= 0).all()
    edges = [-1, *tracks.CLASS_LIMITS_KT, 999]
    assert all(edges[k] < wind <= edges[k + 1] for k, wind in zip(found, sorted(winds), strict=True))


@pytest.mark.parametrize("wind", [np.nan, -99.0])
def test_a_missing_wind_has_no_class(wind):
    with pytest.raises(ValueError, match="1 of 2 winds are missing or negative"):
        tracks.wind_class([50.0, wind])


# --- between the fixes --------------------------------------------------------------------


def track(hours, winds, lats=None, lons=None) -> pd.DataFrame:
    count = len(hours)
    return pd.DataFrame(
        {
            "storm_id": "AL012030",
            "time": pd.Timestamp("2030-09-01") + pd.to_timedelta(np.asarray(hours, float), unit="h"),
            "lat": np.linspace(15, 25, count) if lats is None else lats,
            "lon": np.linspace(-50, -70, count) if lons is None else lons,
            "wind_kt": np.asarray(winds, float),
        }
    )


METHODS = ["pchip", "linear", "spline"]
FIXES = st.lists(st.tuples(st.integers(1, 12), st.integers(3, 33)), min_size=2, max_size=20).map(
    lambda pairs: (np.cumsum([step for step, _ in pairs]) - pairs[0][0], [5 * wind for _, wind in pairs])
)


@pytest.mark.parametrize("method", METHODS)
@given(fixes=FIXES)
@settings(max_examples=30, deadline=None)
def test_interpolation_passes_through_the_fixes(method, fixes):
    hours, winds = fixes
    storm = track(hours, winds)
    found = tracks.at_times(storm, hours, method)
    assert np.allclose(found["wind_kt"], winds, atol=1e-6)
    assert np.allclose(found[["lat", "lon"]], storm[["lat", "lon"]], atol=1e-6)
    assert found["time"].tolist() == storm["time"].tolist()


@pytest.mark.parametrize("method", ["pchip", "linear"])
@given(fixes=FIXES)
@settings(max_examples=30)
def test_pchip_and_linear_stay_between_the_neighbouring_fixes(method, fixes):
    hours, winds = fixes
    asked = np.linspace(hours[0], hours[-1], 97)
    found = tracks.at_times(track(hours, winds), asked, method)["wind_kt"].to_numpy()
    right = np.clip(np.searchsorted(hours, asked, side="right"), 1, len(hours) - 1)
    pair = np.stack([np.array(winds)[right - 1], np.array(winds)[right]])
    assert (found >= pair.min(axis=0) - 1e-9).all()
    assert (found <= pair.max(axis=0) + 1e-9).all()


def test_the_cubic_spline_overshoots_on_real_storms(table):
    laura = table[(table["name"] == "LAURA") & (table["season"] == 2020)]
    katrina = table[table["storm_id"] == "2005236N23285"]
    life = (laura["time"].max() - laura["time"].min()) / pd.Timedelta(hours=1)
    half_hours = np.arange(0, life, 0.5)
    assert tracks.at_times(laura, half_hours, "pchip")["wind_kt"].max() == laura["wind_kt"].max()
    assert tracks.at_times(laura, half_hours, "spline")["wind_kt"].max() > laura["wind_kt"].max() + 4
    half_hours = np.arange(0, 168.1, 0.5)
    apart = [tracks.at_times(katrina, half_hours, method)["wind_kt"] for method in ("spline", "pchip")]
    assert 2 < (apart[0] - apart[1]).abs().max() < 3


def test_duplicate_and_missing_fixes_are_left_out():
    storm = track([0, 6, 6, 12, 18, 24], [30, 40, 90, np.nan, 60, 70])
    clean = track([0, 6, 18, 24], [30, 40, 60, 70], storm["lat"][[0, 1, 4, 5]], storm["lon"][[0, 1, 4, 5]])
    asked = np.linspace(0, 24, 9)
    for method in METHODS:
        pd.testing.assert_frame_equal(
            tracks.at_times(storm, asked, method), tracks.at_times(clean, asked, method), obj=method
        )


def test_a_track_over_the_date_line_takes_the_short_way():
    found = tracks.at_times(track([0, 6], [50, 50], lons=[179.0, -179.0]), [1.5, 3, 4.5], "linear")
    assert np.allclose(found["lon"] % 360, [179.5, 180, 180.5])
    assert (found["lon"].abs() <= 180).all()


@given(st.floats(-180, 180), st.floats(-30, 30), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_between_two_longitudes_lies_the_short_way(start, step, share):
    """In best tracks, and where images are joined to them: wherever the two fixes lie on the globe."""
    lons = tracks.within_180(start + np.array([0, step, 2 * step]))
    storm = track([0, 6, 12], [50, 60, 70], lons=lons)
    time = storm["time"].iloc[0] + pd.Timedelta(hours=6 * share).round("s")
    by_fix = archives._fix_at(storm, time.to_pydatetime())["lon"]
    hours = (time - storm["time"].iloc[0]) / pd.Timedelta(hours=1)
    found = [by_fix, *(tracks.at_times(storm, hours, method)["lon"].item() for method in METHODS)]
    apart = (np.array(found) - (start + step * hours / 6) + 180) % 360 - 180
    assert np.abs(apart).max() < 1e-6
    assert np.abs(found).max() <= 180


@given(st.floats(-1e4, 1e4))
def test_a_longitude_has_one_place_from_180_west_to_180_east(lon):
    found = float(tracks.within_180(lon))
    assert -180 <= found <= 180
    assert abs((found - lon + 180) % 360 - 180) < 1e-6


def test_longitudes_from_0_to_360_show_the_same_land():
    for lat, lon in ((25, -80), (20, -75)):
        assert np.array_equal(imagery.land_share(lat, lon), imagery.land_share(lat, lon + 360))
        frame = np.zeros((64, 64), np.uint8)
        assert np.array_equal(
            imagery.annotate(frame, centre=(lat, lon)), imagery.annotate(frame, centre=(lat, lon + 360))
        )


def test_a_track_over_the_date_line_is_drawn_the_short_way():
    figure = figures.draw_track_map(
        track([0, 6, 12], [50, 60, 70], lons=[179.8, -179.6, -179]), "over the date line"
    )
    lines = next(item for item in figure.axes[0].collections if isinstance(item, LineCollection))
    assert max(np.abs(np.diff(piece[:, 0])).item() for piece in lines.get_segments()) < 1


def test_a_track_of_another_ocean_lies_in_the_picture_and_so_does_its_name():
    storm = track([0, 6, 12], [50, 60, 70], lons=[179.0, -179.6, -179])
    figure = figures.draw_track_map(storm, "Pacific", {storm["storm_id"].iloc[0]: "name"})
    ax = figure.axes[0]
    (west, east), (label,) = ax.get_xlim(), ax.texts
    assert (west, east) == (176, 184)
    assert label.xy[0] == 181


@pytest.mark.parametrize("hours", [-0.5, 24.5, np.nan, [0, 30]])
def test_times_outside_the_track_are_refused(hours):
    with pytest.raises(
        ValueError, match=r"outside the track of storm AL012030: its winds go from hour 0 to hour 24"
    ):
        tracks.at_times(track([0, 12, 24], [30, 40, 50]), hours)


def test_what_cannot_be_interpolated_is_refused():
    with pytest.raises(ValueError, match="has 1 fix with a wind"):
        tracks.at_times(track([0, 6], [30, np.nan]), 0)
    with pytest.raises(ValueError, match="holds 2 storms"):
        tracks.at_times(track([0, 6], [30, 40]).assign(storm_id=["A", "B"]), 0)
    with pytest.raises(ValueError, match="no method 'quintic'"):
        tracks.at_times(track([0, 6], [30, 40]), 0, "quintic")


# --- land ---------------------------------------------------------------------------------

PLACES = {
    "Atlanta": (33.7, -84.4, True),
    "west of Havana": (22.7, -83.0, True),
    "Santo Domingo": (18.9, -70.0, True),
    "Merida": (20.9, -89.3, True),
    "Madrid": (40.4, -3.7, True),
    "Bogota": (4.6, -74.1, True),
    "Gulf of Mexico": (25.0, -90.0, False),
    "Caribbean Sea": (15.0, -75.0, False),
    "Hudson Bay": (60.0, -85.0, False),
    "Azores": (38.5, -28.0, False),
    "Biscay": (45.0, -5.0, False),
}


def test_known_places_are_land_or_sea():
    lat, lon, land = map(np.array, zip(*PLACES.values(), strict=True))
    assert tracks.is_land(lat, lon).tolist() == land.tolist()
    assert tracks.is_land(25.0, -90.0).shape == ()
    grid = tracks.is_land(np.arange(10.0, 60.0)[:, None], np.arange(-100.0, 0.0))
    assert grid.shape == (50, 100)
    assert 0.2 < grid.mean() < 0.5


def test_land_agrees_with_the_committed_tracks(table):
    land = tracks.is_land(table["lat"], table["lon"])  # every fix is inside the box
    assert 0.05 < land.mean() < 0.2
    hurricanes = (table["status"] == "HU") & (table["wind_kt"] >= 113)
    assert land[hurricanes].mean() < 0.06, "the strongest storms are over the sea"


@pytest.mark.parametrize(("lat", "lon"), [(25.0, 270.0), (80.0, -60.0), (np.nan, -60.0)])
def test_a_point_outside_the_coastline_is_refused(lat, lon):
    with pytest.raises(ValueError, match="1 of 2 points are outside"):
        tracks.is_land([20.0, lat], [-60.0, lon])


def test_polygons_are_closed_and_inside_the_box():
    west, east, south, north = tracks.COAST_BOX
    for polygon in tracks.coastline():
        assert polygon.shape[1] == 2
        assert (polygon[0] == polygon[-1]).all()
        assert ((polygon >= (west, south)) & (polygon <= (east, north))).all()
