"""Best tracks of tropical cyclones: from raw text to a tidy table, to classes, to winds at image times.

A *best track* is a warning centre's final opinion, formed after the season from all observations, of
where a cyclone was and how strong its wind: one *fix* every 6 h (0, 6, 12 and 18 UTC), and one more at
landfall or at a peak. Winds are maximum sustained 1-minute winds at 10 m height, in knots, rounded to 5.

Sources: HURDAT2 (Landsea and Franklin 2013, doi:10.1175/MWR-D-12-00254.1) and IBTrACS (Knapp et al. 2010,
doi:10.1175/2009BAMS2755.1). The course carries a North Atlantic table of its own, see ``data/tracks``.
"""

import functools
import gzip
import io
import re
import zlib
from datetime import datetime
from os import PathLike
from typing import Literal

import matplotlib.path
import numpy as np
import pandas as pd
from scipy import interpolate

from utils import data
from utils.engine.paths import ROOT

CLASSES = ("NC", "TD", "TS", "H1", "H2", "H3", "H4", "H5")
CLASS_LIMITS_KT = (20, 33, 63, 82, 95, 112, 136)  # upper limit of each class but the last, inclusive

COLUMNS = ["storm_id", "name", "season", "time", "lat", "lon", "status", "wind_kt", "pressure_hpa"]
MISSING = (-99, -999)  # how HURDAT2 writes what nobody estimated
# The largest wind ever estimated is 185 kt, the lowest pressure 870 hPa.
POSSIBLE = {"lat": (-90, 90), "lon": (-360, 360), "wind_kt": (0, 250), "pressure_hpa": (800, 1100)}
NAMELESS = {"UNNAMED": "", "NOT_NAMED": ""}
COAST_BOX = (-110.0, 15.0, 0.0, 72.0)  # west, east, south, north, degrees: all fixes of the table lie within

INTERPOLATORS = {
    "pchip": interpolate.PchipInterpolator,
    "linear": functools.partial(interpolate.make_interp_spline, k=1),
    "spline": interpolate.CubicSpline,
}


def wind_class(wind_kt: np.ndarray | pd.Series | float) -> np.ndarray:
    """Index into `CLASSES` of each wind; same shape as the input, int.

    Saffir-Simpson scale with tropical depression (TD) and tropical storm (TS) below it and, as in the
    course's lecture, NC ("no category") up to 20 kt. 63 kt is TS, 64 kt is H1.

    Raises:
        ValueError: a wind is missing (NaN) or negative: it has no class.
    """
    wind = np.asarray(wind_kt, float)
    unusable = ~(wind >= 0)
    if unusable.any():
        raise ValueError(
            f"{unusable.sum()} of {wind.size} winds are missing or negative and have no class. "
            "Drop them first, for instance with track.dropna(subset=['wind_kt'])."
        )
    return np.searchsorted(CLASS_LIMITS_KT, wind, side="left")


# --- reading ------------------------------------------------------------------------------


def load_tracks(
    source: Literal["committed", "hurdat2", "ibtracs"] = "committed", quiet: bool = False
) -> pd.DataFrame:
    """Best tracks of the North Atlantic, one row per fix, sorted by storm and time.

    Args:
        source: ``"committed"``: IBTrACS 1980-2024, in the repository, no network needed.
            ``"hurdat2"`` (from 1851) and ``"ibtracs"`` (from 1842) are the files of NOAA, through
            `utils.data`. HURDAT2 has its own storm identifiers (``AL122005``).
        quiet: do not print the line on source and licence.

    Returns:
        `COLUMNS`: storm_id; name (capitals; empty where none is known); season (year); time (UTC);
        lat, lon (degrees, north and east positive); status (TD TS HU tropical depression, storm,
        hurricane; SD SS subtropical; EX extratropical; LO low; WV wave; DB disturbance); wind_kt;
        pressure_hpa. Winds and pressures that nobody estimated are NaN.

    Raises:
        ValueError: unknown source.
        utils.data.DataError: the file cannot be had.
    """
    if source == "committed":
        path = data.fetch("tracks", quiet).files["north_atlantic_1980_2024.csv"]
        numbers = ("wind_kt", "pressure_hpa")
        table = pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in numbers})
        return _tidy(table.astype(dict.fromkeys(numbers, float)))
    if source == "hurdat2":
        (path,) = data.fetch("hurdat2-atlantic", quiet).files.values()
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="ascii") as file:
            table = parse_hurdat2(file.read(), quiet)
        _say_what_was_read(table, quiet)
    elif source == "ibtracs":
        (path,) = data.fetch("ibtracs-north-atlantic", quiet).files.values()
        table = read_ibtracs(path, quiet=quiet)
        _say_what_was_read(table, quiet)
    else:
        raise ValueError(f"There are no tracks '{source}'. Choose 'committed', 'hurdat2' or 'ibtracs'.")
    return table.assign(name=table["name"].replace(NAMELESS))[COLUMNS]


def parse_hurdat2(text: str, quiet: bool = False) -> pd.DataFrame:
    """Read best tracks in the raw HURDAT2 format of the National Hurricane Center.

    A header (``AL122005,            KATRINA,     34,``: basin, number and year; name; number of rows)
    precedes the rows of each storm (``20050829, 1110, L, HU, 29.3N,  89.6W, 110,  923,``, then twelve
    wind radii and, since the edition of 2021, the radius of maximum wind; the radii are not kept).

    The archive itself breaks this form now and then: the editions of September 2026 hold a row without the comma
    between latitude and longitude (AL211969), which is read, and one whose latitude has no letter (AL231975), which is
    left out: north or south would be a guess, and so is a row with a wind or a pressure that no storm can have. What
    was mended and left out is printed, and kept in ``table.attrs["mended"]`` and ``["left_out"]``, a sentence a row.

    Args:
        text: the whole file.
        quiet: do not print what was mended and left out.

    Returns:
        As `load_tracks`, and the column record: the reason for a fix, mostly empty, ``"L"`` at landfall.

    Raises:
        ValueError: the text is not in this format, is cut, or holds a storm twice; the message names the line.
    """
    rows: list[tuple] = []
    mended: list[str] = []
    left_out: list[str] = []
    storm, name, announced, header_line, first_row = "", "", 0, 0, 0
    headers: dict[str, int] = {}

    def close_storm() -> None:
        found = len(rows) + len(left_out) - first_row
        if found != announced:
            raise ValueError(
                f"Line {header_line}: the header of {storm} ({name}) announces {announced} rows, but {found} "
                "follow. The text is cut or damaged: download it again."
            )

    for number, line in enumerate(text.splitlines(), 1):
        fields = [field.strip() for field in line.strip().removesuffix(",").split(",")]
        if fields == [""]:
            continue
        if re.fullmatch(r"[A-Z]{2}\d{6}", fields[0]):
            close_storm()
            if len(fields) != 3 or not re.fullmatch("[0-9]+", fields[2]):
                raise ValueError(
                    f"Line {number}: a header has a storm, a name and a count, this one is: {line}"
                )
            storm, name, announced = fields[0], fields[1], int(fields[2])
            header_line, first_row = number, len(rows) + len(left_out)
            if headers.setdefault(storm, number) != number:
                raise ValueError(
                    f"Line {number}: storm {storm} ({name}) begins a second time, after line {headers[storm]}. Files were "
                    "joined, or the text is damaged: download it again."
                )
        elif not storm:
            raise ValueError(f"Line {number}: a row of data comes before the first header: {line}")
        else:
            both = re.fullmatch(r"([\d.]+[NS]?)\s+([\d.]+[EW]?)", fields[4]) if len(fields) > 4 else None
            if both:
                fields[4:5] = both.groups()
            try:
                rows.append((storm, name, int(storm[4:]), *_fix(fields, number, int(storm[4:]))))
                if both:
                    mended.append(f"line {number}, {storm}: no comma in '{both[0]}'")
            except _Spoiled as error:
                left_out.append(f"line {number}, {storm}: {error}")
    if not storm:
        raise ValueError("The text holds no storm: no line is a header such as 'AL122005, KATRINA, 34,'.")
    close_storm()
    table = _tidy(pd.DataFrame(rows, columns=[*COLUMNS, "record"]))
    table.attrs = {"mended": mended, "left_out": left_out}
    _say_faults(table, len(rows) + len(left_out), quiet)
    return table


def _say_faults(table: pd.DataFrame, num_rows: int, quiet: bool) -> None:
    for word, key in (("read in spite of a fault", "mended"), ("left out", "left_out")):
        faults = table.attrs[key]
        if faults and not quiet:
            more = f"; and {len(faults) - 5:,} more" if len(faults) > 5 else ""
            print(f"best tracks: {len(faults)} of {num_rows:,} rows {word} ({'; '.join(faults[:5])}{more})")


def _say_what_was_read(table: pd.DataFrame, quiet: bool) -> None:
    """No hash of these files is published: a count tells a reader whether the end is there."""
    if not quiet:
        print(
            f"best tracks: {len(table):,} fixes of {table['storm_id'].nunique():,} storms, "
            f"{table['time'].min():%Y-%m-%d} to {table['time'].max():%Y-%m-%d}."
        )


class _Spoiled(ValueError):
    """A position lacks the letter of its hemisphere, or a number is one that no storm can have."""


def _fix(fields: list[str], number: int, season: int) -> tuple:
    """Time, latitude, longitude, status, wind, pressure and record of one row of HURDAT2."""
    if len(fields) not in (20, 21):
        raise ValueError(f"Line {number}: a row has 20 or 21 fields, this one has {len(fields)}.")
    try:
        if not re.fullmatch(r"\d{8} \d{4}", when := f"{fields[0]} {fields[1]}"):
            raise ValueError(f"'{when}' is no time such as 20050829 1110")
        time = datetime.strptime(when, "%Y%m%d %H%M")
        if abs(time.year - season) > 1:  # storms around New Year have fixes in both years
            raise ValueError(f"'{when}' is not in the season {season}")
        wind, pressure = _whole_number(fields[6]), _whole_number(fields[7])
        lat, lon = _degrees(fields[4], "NS", 90), _degrees(fields[5], "EW", 360)
        # The largest wind ever estimated is 185 kt, the lowest pressure 870 hPa.
        if not (0 <= wind <= 250 or wind in MISSING):
            raise _Spoiled(f"{wind} kt is no wind")
        if not (800 <= pressure <= 1100 or pressure in (0, *MISSING)):
            raise _Spoiled(f"{pressure} hPa is no pressure")
    except _Spoiled:
        raise
    except ValueError as error:
        raise ValueError(f"Line {number}: a field cannot be read ({error}).") from error
    wind_kt = wind if wind >= 0 else np.nan
    pressure_hpa = pressure if pressure > 0 else np.nan
    return time, lat, float(within_180(lon)), fields[3], float(wind_kt), float(pressure_hpa), fields[2]


def _whole_number(field: str) -> int:
    """``"-99"`` as -99; what else int() takes, as 1_1, is spoiled."""
    if not re.fullmatch("-?[0-9]+", field):
        raise ValueError(f"'{field}' is no whole number")
    return int(field)


def _degrees(field: str, letters: str, limit: float) -> float:
    """``"94.8W"`` as -94.8."""
    found = re.fullmatch(rf"([0-9]+(?:\.[0-9]+)?)([{letters}])", field)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", field):
        raise _Spoiled(f"'{field}' does not say {' or '.join(letters)}")
    if not found or float(found[1]) > limit:
        raise ValueError(f"'{field}' is no position such as 28.0N or 94.8W")
    return -float(found[1]) if found[2] in "SW" else float(found[1])


def within_180(lon: np.ndarray | float) -> np.ndarray:
    """The same longitudes, in degrees east from -180 to 180."""
    lon = np.asarray(lon, float)
    return np.where(np.abs(lon) > 180, lon - 360 * np.round(lon / 360), lon)


def read_ibtracs(path: str | PathLike, basin: str | None = "NA", quiet: bool = False) -> pd.DataFrame:
    """Read best tracks of the U.S. agencies from an IBTrACS v04r01 csv file of NOAA NCEI.

    The second line of these files holds units (not in all copies), missing values are blank, and the North
    Atlantic is called ``NA``, which pandas takes for "not available" unless it is told otherwise. IBTrACS
    itself fills in positions every 3 h. Spurs (second opinions on a track) are left out, and so is a row that
    repeats the storm and the time of another one, or holds a position, wind or pressure that no storm can have:
    it is printed and kept in ``table.attrs["left_out"]``.

    Args:
        path: the csv file, perhaps compressed by gzip.
        basin: two letters, the rows to keep; None keeps all basins.
        quiet: do not print what was left out.

    Returns:
        As `load_tracks`: status, wind_kt and pressure_hpa are USA_STATUS, USA_WIND (1-minute) and USA_PRES.

    Raises:
        ValueError: a column is missing, a row is cut, a number cannot be read, or the basin has no rows.
    """
    names = dict(
        zip(
            COLUMNS,
            ["SID", "NAME", "SEASON", "ISO_TIME", "LAT", "LON", "USA_STATUS", "USA_WIND", "USA_PRES"],
            strict=True,
        )
    )
    wanted = {*names.values(), "BASIN", "TRACK_TYPE"}
    try:
        with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
            text = file.read()
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path} is cut or damaged ({error}): download it again.") from error
    lines = text.splitlines()
    commas = lines[0].count(",") if lines else 0
    short = [number for number, line in enumerate(lines, 1) if line.strip() and line.count(",") < commas]
    if short:
        raise ValueError(
            f"{path} is cut or damaged: {len(short)} of {len(lines)} lines are too short, the first is line {short[0]}. "
            "Download it again."
        )
    if not text.endswith("\n"):
        raise ValueError(f"{path} is cut: its last line, number {len(lines)}, has no end. Download it again.")
    raw = pd.read_csv(
        io.StringIO(text), usecols=lambda name: name in wanted, dtype=str, keep_default_na=False
    )
    absent = wanted - {"TRACK_TYPE"} - set(raw)
    if absent:
        raise ValueError(f"{path} is no IBTrACS v04r01 file: it has no column {', '.join(sorted(absent))}.")
    raw = raw.apply(lambda column: column.str.strip())
    if len(raw) and raw["LAT"].iloc[0] == "degrees_north":
        raw = raw.iloc[1:]
    if basin is not None:
        raw = raw[raw["BASIN"] == basin]
    if "TRACK_TYPE" in raw:
        raw = raw[~raw["TRACK_TYPE"].str.lower().str.contains("spur")]
    if raw.empty:
        raise ValueError(f"{path} has no row of basin {basin}.")
    again = raw.duplicated(["SID", "ISO_TIME"])
    left_out = [
        f"line {number + 2}, {storm}: {time} a second time"
        for number, storm, time in raw.loc[again, ["SID", "ISO_TIME"]].itertuples()
    ]
    num_rows, raw = len(raw), raw[~again]
    table = pd.DataFrame({ours: raw[theirs] for ours, theirs in names.items()})
    for column, (low, high) in POSSIBLE.items():
        table[column] = pd.to_numeric(table[column].replace("", None)).astype(float)
        unknown = [0, *MISSING] if column in ("wind_kt", "pressure_hpa") else []
        spoiled = ~(table[column].isna() | table[column].isin(unknown) | table[column].between(low, high))
        left_out += [
            f"line {number + 2}, {table['storm_id'][number]}: {column} is {value:g}"
            for number, value in table.loc[spoiled, column].items()
        ]
        table = table[~spoiled].copy()
    table["lon"] = within_180(table["lon"])
    table["season"] = pd.to_numeric(table["season"])
    for column in ("wind_kt", "pressure_hpa"):
        table[column] = table[column].where(table[column] > 0)
    table = _tidy(table)
    table.attrs = {"mended": [], "left_out": left_out}
    _say_faults(table, num_rows, quiet)
    return table


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Columns in order and of one type each, rows sorted by storm and time, counted from 0."""
    table = table[COLUMNS + [name for name in table if name not in COLUMNS]]
    table = table.astype({"time": "datetime64[ns]", "season": int})
    return table.sort_values(["season", "storm_id", "time"], kind="stable", ignore_index=True)


# --- between the fixes --------------------------------------------------------------------


def at_times(
    track: pd.DataFrame,
    hours: np.ndarray | list[float] | float,
    method: Literal["pchip", "linear", "spline"] = "pchip",
) -> pd.DataFrame:
    """Wind and position of one storm between its fixes.

    Args:
        track: rows of one storm, as from `load_tracks`. Fixes without a wind are left out, and of two
            fixes for one time the first counts.
        hours: since the first row of the track, shape (n,).
        method: ``"pchip"``, piecewise cubic with the slopes of Fritsch and Carlson (1980,
            doi:10.1137/0717021): smooth, and never above or below the two neighbouring fixes;
            ``"linear"``: straight lines; ``"spline"``: the cubic spline, smoother still, which overshoots
            where the wind changes fast.

    Returns:
        Columns hours, time, lat, lon, wind_kt, one row for each of the n hours, in their order.

    Raises:
        ValueError: more than one storm, fewer than two winds, a time outside the track, unknown method.
    """
    if method not in INTERPOLATORS:
        raise ValueError(f"There is no method '{method}'. Choose 'pchip', 'linear' or 'spline'.")
    if track["storm_id"].nunique() != 1:
        raise ValueError(f"The track holds {track['storm_id'].nunique()} storms; give the rows of one.")
    storm, start = track["storm_id"].iloc[0], track["time"].min()
    fixes = track.dropna(subset=["lat", "lon", "wind_kt"]).drop_duplicates("time").sort_values("time")
    if len(fixes) < 2:
        raise ValueError(f"Storm {storm} has {len(fixes)} fix with a wind; to interpolate takes two.")
    known = ((fixes["time"] - start) / pd.Timedelta(hours=1)).to_numpy(float)
    asked = np.atleast_1d(np.asarray(hours, float))
    outside = ~((asked >= known[0]) & (asked <= known[-1]))
    if outside.any():
        raise ValueError(
            f"Hour {asked[outside][0]:g} is outside the track of storm {storm}: its winds go from hour "
            f"{known[0]:g} to hour {known[-1]:g}."
        )
    columns = (fixes["lat"], np.unwrap(fixes["lon"], period=360), fixes["wind_kt"])
    lat, lon, wind = INTERPOLATORS[method](known, np.stack(columns, axis=1))(asked).T
    times = start + pd.to_timedelta(asked, unit="h").round("s")
    return pd.DataFrame({"hours": asked, "time": times, "lat": lat, "lon": within_180(lon), "wind_kt": wind})


# --- land ---------------------------------------------------------------------------------


@functools.cache
def coastline() -> tuple[np.ndarray, ...]:
    """Outlines of the land around the North Atlantic: closed polygons (n, 2) of longitude, latitude.

    Natural Earth 1:110 million (public domain), cut to `COAST_BOX`: about 50 km coarse. Islands
    smaller than Puerto Rico, such as Bermuda and the Lesser Antilles, are missing. All of a kernel share the arrays,
    so that they cannot be changed in place.
    """
    table = pd.read_csv(ROOT / "data" / "tracks" / "coastline.csv")
    outlines = tuple(rows[["lon", "lat"]].to_numpy() for _, rows in table.groupby("polygon"))
    for outline in outlines:
        outline.setflags(write=False)
    return outlines


@functools.cache
def _land() -> tuple[matplotlib.path.Path, ...]:
    return tuple(matplotlib.path.Path(polygon) for polygon in coastline())


def is_land(lat: np.ndarray | pd.Series | float, lon: np.ndarray | pd.Series | float) -> np.ndarray:
    """Whether points lie on land, by `coastline`: bool, of the common shape of ``lat`` and ``lon`` (degrees).

    Lakes count as land.

    Raises:
        ValueError: a point is missing (NaN) or outside `COAST_BOX`, where the coastline is not known.
    """
    lat, lon = np.broadcast_arrays(np.asarray(lat, float), np.asarray(lon, float))
    west, east, south, north = COAST_BOX
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    if not inside.all():
        raise ValueError(
            f"{(~inside).sum()} of {inside.size} points are outside the coastline's box: longitude {west:g} to "
            f"{east:g}, latitude {south:g} to {north:g} degrees."
        )
    points = np.stack([lon.ravel(), lat.ravel()], axis=1)
    land = np.zeros(len(points), bool)
    for polygon in _land():
        (low_lon, low_lat), (high_lon, high_lat) = polygon.get_extents().get_points()
        near = (points >= (low_lon, low_lat)).all(axis=1) & (points <= (high_lon, high_lat)).all(axis=1)
        land[near] |= polygon.contains_points(points[near])
    return land.reshape(lat.shape)
