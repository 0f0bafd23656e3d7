"""Real infrared images: HURSAT-B1 v06 and the NASA tropical-storm competition, as `Frames`.

HURSAT-B1 (Knapp and Kossin 2007, doi:10.1117/1.2712816 (number not checked)) has one archive per storm with one NetCDF
file per satellite and time: brightness temperature on a grid of 0.07 degrees, every 3 h, 1978 to 2015.
The NASA set (Maskey et al. 2020, doi:10.1109/JSTARS.2020.3011907) has gray JPEG images and hides the
name, the date and the place of its storms.

Archives come through `utils.data`. They are read where they lie and never unpacked to disk; each member
is inspected before it is read, since anyone may have written what a mirror serves.
"""

import gzip
import io
import json
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import cv2
import h5py
import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from cyclone import dataset, imagery, tracks
from cyclone.dataset import HIDDEN, Frames
from utils import data
from utils.engine.paths import ROOT

HURSAT, NASA = "hursat-b1", "nasa-tropical-storms"
HURSAT_LAST_SEASON = 2015  # of version 06
STORM_ID = re.compile(r"\d{7}[NS]\d{5}")
_HURSAT_ARCHIVE = re.compile(r"HURSAT_b1_v06_(\d{7}[NS]\d{5})_[A-Z0-9_-]+_c\d{8}\.tar\.gz")
_HURSAT_MEMBER = re.compile(
    r"(?P<storm>\d{7}[NS]\d{5})\.[^./]+\.(?P<time>\d{4}\.\d\d\.\d\d\.\d{4})"
    r"\.(?P<view_angle>\d+)\.[^./]+\.\d+\.hursat-b1\.v06\.nc"
)
_NASA_MEMBER = re.compile(
    r"nasa_tropical_storm_competition_(?:train|test)_(?:source|labels)_(?P<frame>(?P<storm>\w+)_\d+)/"
    r"(?P<file>image\.jpg|features\.json|labels\.json)"
)
_HURSAT_BYTES = 26_000_000  # a mean archive, for the message of a full disk
_COLDEST_K, _HOTTEST_K = 150.0, 350.0  # nothing on Earth is colder or hotter: such values mark missing pixels
_LONGEST_GAP_H = 6.0  # rows of best tracks are six hours apart at most; no value is taken across more
_MAX_PIXELS = 4_000_000  # of an image in a file; the real ones have 91,000 and 134,000
_JPEG_BLACK = 3  # JPEG turns the 0 of an empty area into 0 to 3


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: number of members, bytes of one of them, bytes in all."""

    members: int
    member_bytes: int
    total_bytes: int


HURSAT_LIMITS = Limits(members=5_000, member_bytes=16_000_000, total_bytes=2_000_000_000)
NASA_LIMITS = Limits(members=500_000, member_bytes=2_000_000, total_bytes=5_000_000_000)


def load(
    source: str = "synthetic",
    num_storms: int | None = 160,
    num_pixels: int = 80,
    width_km: float = 640.0,
    seasons: tuple[int, int] = (2000, 2024),
    seed: int = 0,
    **synthetic,
) -> Frames:
    """Images of about the same storms from one of three sources: the one line that a notebook changes.

    Args:
        source: ``"synthetic"`` (`dataset.build`), ``"hursat"`` (real, 26 MB per storm to download) or
            ``"nasa"`` (real, 1.5 GB to download).
        num_storms, num_pixels, width_km, seasons, seed: as for `dataset.build`. HURSAT-B1 ends in 2015;
            the NASA set hides its seasons, and its storms are the first in alphabetical order, whatever the seed.
        synthetic: further arguments of `dataset.build`; the real sources have no use for them.

    Raises:
        ValueError: unknown source, or as `dataset.build`.
        utils.data.DataError: as `load_hursat`, `load_nasa` and `dataset.build`.
    """
    if source == "synthetic":
        return dataset.build(
            num_storms, num_pixels=num_pixels, width_km=width_km, seasons=seasons, seed=seed, **synthetic
        )
    if source == "hursat":
        runs = dataset.choose_storms(num_storms, (seasons[0], min(seasons[1], HURSAT_LAST_SEASON)), seed)
        storms = [run["storm_id"].iloc[0] for run in runs]
        return load_hursat(storms, pd.concat(runs), num_pixels, width_km)
    if source == "nasa":
        return load_nasa(None, num_pixels, width_km, num_storms)
    raise ValueError(f"There is no source '{source}'. Choose 'synthetic', 'hursat' or 'nasa'.")


# --- fetch --------------------------------------------------------------------------------


def fetch(name: str, **which) -> dict[str, Path]:
    """The files of a real archive, e.g. ``fetch("hursat-b1", storms=["2005236N23285"])``.

    Args:
        name: ``"hursat-b1"`` (see `fetch_hursat`) or ``"nasa-tropical-storms"`` (see `fetch_nasa`).
        which: arguments of that function.

    Raises:
        ValueError: there is no such archive.
        utils.data.DataError: as the function named.
    """
    fetchers: dict[str, Callable[..., dict[str, Path]]] = {HURSAT: fetch_hursat, NASA: fetch_nasa}
    if name not in fetchers:
        raise ValueError(f"There is no archive '{name}'. Choose one of: {', '.join(fetchers)}.")
    return fetchers[name](**which)


def fetch_hursat(storms: Sequence[str], url: str | None = None, quiet: bool = False) -> dict[str, Path]:
    """The HURSAT-B1 archive of each storm, downloaded if need be (26 MB in the mean).

    Archives that you fetched by hand are found in ``$BOOTCAMP_DATA/hursat-b1`` or ``data/hursat-b1``.

    Args:
        storms: IBTrACS identifiers such as ``"2005236N23285"`` (Katrina).
        url: of the folder that holds one folder per year; None is NOAA's.
        quiet: do not print the line on source and licence.

    Returns:
        Path by storm.

    Raises:
        utils.data.DataError: no such storm, no network, disk full, or an archive that is damaged or
            holds what it must not.
    """
    return {storm: _fetch_storm(storm, url, quiet) for storm in storms}


def _fetch_storm(storm: str, url: str | None, quiet: bool) -> Path:
    if not STORM_ID.fullmatch(storm):
        raise data.DataError(
            f"'{storm}' is no IBTrACS identifier. Write it as in tracks.load_tracks(), e.g. 2005236N23285."
        )
    entry = data.registry()[HURSAT]
    folders = [url.rstrip("/")] if url else [address.split("/{year}")[0] for address in entry["urls"]]
    file = _local_name(storm, entry) or _listed_name(storm, entry, folders)
    found = data.fetch_entry(
        HURSAT,
        {
            **entry,
            "urls": [f"{folder}/{storm[:4]}/{{file}}" for folder in folders],
            "files": {file: {"bytes": _HURSAT_BYTES, "check": partial(_check_hursat, storm=storm)}},
            "how": f"where there is a network, load {folders[0]}/{storm[:4]}/{file} with a browser and put "
            f"it into data/{HURSAT}/",
        },
        quiet,
    )
    return found.files[file]


def _local_name(storm: str, entry: dict) -> str | None:
    """The name of the archive if one lies in a data folder or in the cache."""
    for _, folder in data.places(HURSAT, entry):
        for path in sorted(folder.glob(f"HURSAT_b1_v06_{storm}_*.tar.gz")):
            if _HURSAT_ARCHIVE.fullmatch(path.name):
                return path.name
    return None


def _listed_name(storm: str, entry: dict, folders: Sequence[str]) -> str:
    """The name of the archive as the listing of its year has it; the listing is kept in the cache."""
    year = storm[:4]
    listing = data.fetch_entry(
        f"{HURSAT}-listings",
        {
            **entry,
            "urls": [f"{folder}/{{file}}/" for folder in folders],
            "files": {year: {"bytes": 100_000, "check": _check_listing}},
            "how": f"where there is a network, find the archive of storm {storm} in {folders[0]}/{year}/ "
            f"with a browser and put it into data/{HURSAT}/",
        },
        quiet=True,
    ).files[year]
    for match in _HURSAT_ARCHIVE.finditer(listing.read_text(errors="replace", encoding="utf-8")):
        if match[1] == storm:
            return match[0]
    raise data.DataError(
        f"HURSAT-B1 has no storm {storm} in {folders[0]}/{year}/. It covers 1978 to 2015: choose another storm."
    )


def _check_listing(path: Path) -> None:
    if path.stat().st_size > 5_000_000 or not _HURSAT_ARCHIVE.search(
        path.read_text(errors="replace", encoding="utf-8")
    ):
        raise data.DataError("it is not the listing of a HURSAT-B1 folder")


def _check_hursat(path: Path, storm: str) -> None:
    storms = {
        match["storm"] for match, _ in _members(path, _HURSAT_MEMBER, HURSAT_LIMITS)
    }  # reads to the end
    if storm not in storms:
        raise data.DataError(f"it holds no HURSAT-B1 file of storm {storm}")


def fetch_nasa(part: str = "train", url: str | None = None, quiet: bool = False) -> dict[str, Path]:
    """The two archives of one part of the NASA set: 1.5 GB for training, 0.9 GB for testing.

    Archives that you fetched by hand are found in ``$BOOTCAMP_DATA/nasa-tropical-storms`` or
    ``data/nasa-tropical-storms``.

    Args:
        part: ``"train"`` or ``"test"``.
        url: of the folder that holds the archives; None is the public one.
        quiet: do not print the line on source and licence.

    Returns:
        Paths under ``"source"`` and ``"labels"``.

    Raises:
        ValueError: there is no such part.
        utils.data.DataError: no network, disk full, or no copy with the published MD5.
    """
    if part not in ("train", "test"):
        raise ValueError(f"The NASA set has the parts train and test, not '{part}'.")
    entry = data.registry()[NASA]
    names = {kind: f"nasa_tropical_storm_competition_{part}_{kind}.tar.gz" for kind in ("source", "labels")}
    asked = {**entry, "files": {name: entry["files"][name] for name in names.values()}}
    if url:
        asked["urls"] = [f"{url.rstrip('/')}/{{file}}"]
    files = data.fetch_entry(NASA, asked, quiet).files
    return {kind: files[name] for kind, name in names.items()}


# --- archives that nobody has to trust ------------------------------------------------------


class _Bounded:
    """A stream that ends with an error where a bomb would fill memory or never end."""

    def __init__(self, file: IO[bytes], limits: Limits):
        self._file, self._limits = file, limits

    def _check(self, position: int) -> None:
        if position > self._limits.total_bytes:
            raise data.DataError(f"it unpacks to more than {self._limits.total_bytes / 1e6:.0f} MB")

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._limits.member_bytes:
            raise data.DataError(f"it has a header that claims {size / 1e6:.0f} MB")
        self._check(self._file.tell() + size)
        return self._file.read(size)

    def seek(self, position: int) -> int:
        self._check(position)
        return self._file.seek(position)

    def tell(self) -> int:
        return self._file.tell()


def _members(path: Path, expected: re.Pattern, limits: Limits) -> Iterator[tuple[re.Match, bytes]]:
    """Content of each member whose path ends as expected; other regular files are never read.

    Raises:
        utils.data.DataError: the archive is damaged, too large, or holds a link, a device or a path that
            leads outside.
    """
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
        bounded = _Bounded(stream, limits)
        try:
            with tarfile.open(fileobj=bounded, mode="r:") as tar:  # type: ignore[call-overload]
                yield from _safe_members(tar, expected, limits)
                _check_end(bounded, tar.offset)
        except tarfile.FilterError as error:
            raise data.DataError(f"it holds a member that leads outside of its folder: {error}") from error
        except (tarfile.TarError, EOFError, OSError, zlib.error, OverflowError, ValueError) as error:
            raise data.DataError(f"it is cut off or damaged: {error}") from error


def _read(path: Path, expected: re.Pattern, limits: Limits) -> Iterator[tuple[re.Match, bytes]]:
    """`_members` with errors that name the archive."""
    try:
        yield from _members(path, expected, limits)
    except data.DataError as error:
        raise data.DataError(f"{path} cannot be used: {error}. Delete it and fetch it again.") from error


def _safe_members(
    tar: tarfile.TarFile, expected: re.Pattern, limits: Limits
) -> Iterator[tuple[re.Match, bytes]]:
    count = 0
    while (member := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]  # half a million of them would fill the memory
        count += 1
        shown = repr(member.name[:100])
        if count > limits.members:
            raise data.DataError(f"it holds more than {limits.members} members")
        if member.name.startswith(("/", "\\")) or ".." in PurePosixPath(member.name).parts:
            raise data.DataError(f"it holds a member that leads outside of its folder: {shown}")
        tarfile.data_filter(member, str(ROOT))
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise data.DataError(f"it holds a link or a device: {shown}")
        if member.size > limits.member_bytes:
            raise data.DataError(f"it holds a member of {member.size / 1e6:.0f} MB: {shown}")
        match = re.search(rf"(?:^|/){expected.pattern}\Z", member.name)
        content = tar.extractfile(member) if match else None
        if match and content:
            yield match, content.read()


def _check_end(stream: _Bounded, position: int) -> None:
    """Read to the end, so that gzip compares its checksum; after the last member only zeros may follow."""
    stream.seek(position)
    empty = False
    while block := stream.read(1 << 16):
        if block.count(0) != len(block):
            raise data.DataError("it is cut off or damaged: a header in the middle cannot be read")
        empty = True
    if not empty:
        raise data.DataError("it is cut off or damaged: its end is missing")


# --- HURSAT-B1 ------------------------------------------------------------------------------


def load_hursat(
    storms: Sequence[str],
    table: pd.DataFrame,
    num_pixels: int = 80,
    width_km: float = 640.0,
    max_missing: float = 0.1,
    url: str | None = None,
) -> Frames:
    """Real images of the named storms with the wind of their best track.

    Per time the satellite with the smallest view angle is taken. Its image is cut around the
    storm, resampled with INTER_AREA and turned north up. A missing pixel takes the value of the
    nearest measured one; an image that misses more than ``max_missing`` of its area is left out.
    Between two fixes at most 6 h apart wind and place are interpolated linearly.

    Args:
        storms: IBTrACS identifiers, see `fetch_hursat`.
        table: best tracks as from ``tracks.load_tracks()``.
        num_pixels, width_km: of the square images.
        max_missing: share of an image, 0 to 1.
        url: as for `fetch_hursat`.

    Returns:
        Frames in order of storm and time. `t_number` is NaN: nobody knows it for a real storm.

    Raises:
        utils.data.DataError: as `fetch_hursat`, or no image could be used.
    """
    archives = fetch_hursat(storms, url)
    left_out: Counter[str] = Counter()
    images: list[np.ndarray] = []
    rows: list[dict] = []
    for storm in tqdm(storms, desc="HURSAT-B1", unit="storm", disable=len(storms) < 3):
        track = table[table["storm_id"] == storm].sort_values("time")
        for time, content in sorted(_best_views(archives[storm], storm).items()):
            fix = _fix_at(track, time)
            if fix is None:
                left_out["without a best-track wind"] += 1
                continue
            try:
                kelvin, lat, lon = _brightness_temperature(content)
                image, missing = _cut_out(kelvin, lat, lon, fix["lat"], fix["lon"], num_pixels, width_km)
            except (OSError, KeyError, ValueError, TypeError, RuntimeError):
                left_out["unreadable"] += 1
                continue
            if missing > max_missing or np.isnan(image).all():
                left_out[f"with more than {100 * max_missing:.0f} % missing"] += 1
                continue
            images.append(imagery.to_uint8(_filled(image)))
            rows.append({"storm": storm, "time": time, **_identity(track), **fix})
    return _frames("HURSAT-B1", images, pd.DataFrame(rows), left_out, width_km)


def _best_views(path: Path, storm: str) -> dict[datetime, bytes]:
    """The NetCDF file with the smallest view angle at each time."""
    best: dict[datetime, tuple[tuple[int, str], bytes]] = {}
    for match, content in _read(path, _HURSAT_MEMBER, HURSAT_LIMITS):
        if match["storm"] != storm:
            continue
        try:
            time = datetime.strptime(match["time"], "%Y.%m.%d.%H%M")
        except ValueError as error:
            raise data.DataError(f"{path} names an impossible time: {match[0]}. Delete it.") from error
        rank = (int(match["view_angle"]), match[0])
        if time not in best or rank < best[time][0]:
            best[time] = rank, content
    return {time: content for time, (_, content) in best.items()}


def _identity(track: pd.DataFrame) -> dict:
    return {name: track[name].iloc[0] for name in ("name", "season")}


def _fix_at(track: pd.DataFrame, time: datetime) -> dict[str, float] | None:
    """Wind, latitude and longitude of a best track at one time; None where it does not tell."""
    track = track[track["wind_kt"].notna()]
    hours = (pd.to_datetime(track["time"]) - pd.Timestamp(time)).dt.total_seconds().to_numpy() / 3600
    after = int(np.searchsorted(hours, 0.0))
    if after == len(hours):
        return None
    if hours[after] != 0 and (after == 0 or hours[after] - hours[after - 1] > _LONGEST_GAP_H):
        return None
    track = track.assign(lon=np.unwrap(track["lon"], period=360))  # the short way, also over the date line
    fix = {name: float(np.interp(0.0, hours, track[name])) for name in ("wind_kt", "lat", "lon")}
    return fix | {"lon": float(tracks.within_180(fix["lon"]))}


def _brightness_temperature(content: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read IRWIN from a NetCDF4 file.

    Returns:
        Kelvin float32 (rows, columns), NaN where missing; latitude (rows,) and longitude (columns,).

    Raises:
        OSError, KeyError, ValueError, TypeError, RuntimeError: it is not such a file.
    """
    with h5py.File(io.BytesIO(content), "r") as file:
        lat, lon = (_unpacked(file, name, 1, (1.0, 0.0)) for name in ("lat", "lon"))
        kelvin = _unpacked(file, "IRWIN", 3, (0.01, 200.0))[0]
    if kelvin.shape != (len(lat), len(lon)):
        raise ValueError("the grid and the image differ")
    kelvin[~((kelvin >= _COLDEST_K) & (kelvin <= _HOTTEST_K))] = np.nan
    return kelvin.astype(np.float32), lat, lon


def _unpacked(file: h5py.File, name: str, rank: int, packing: tuple[float, float]) -> np.ndarray:
    """A variable as float64, NaN at its fill value; ``packing`` is for integers without attributes."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise KeyError(f"{name} is missing or lies in another file")
    variable = file[name]
    chunk = int(np.prod(variable.chunks or (1,)))
    outside = variable.external or variable.is_virtual
    if variable.ndim != rank or outside or max(variable.size, chunk) > _MAX_PIXELS:
        raise ValueError(f"{name} has not the form of HURSAT-B1")
    raw = variable[...]
    # NetCDF's older forms know no unsigned numbers of two bytes: an attribute says that they are meant.
    unsigned = (
        np.ravel(variable.attrs.get("_Unsigned", "false"))[0] in ("true", b"true") and raw.dtype.kind == "i"
    )
    kind = np.dtype(f"{raw.dtype.byteorder}u{raw.dtype.itemsize}") if unsigned else raw.dtype
    raw = raw.view(kind)
    values = raw.astype(np.float64)
    for fill in ("_FillValue", "missing_value"):
        if fill in variable.attrs:
            value = np.ravel(variable.attrs[fill])[0]
            values[raw == (value.astype(kind) if unsigned and value.dtype.kind == "i" else value)] = np.nan
    if raw.dtype.kind not in "iu":
        packing = (1.0, 0.0)
    scale = float(np.ravel(variable.attrs.get("scale_factor", packing[0]))[0])
    offset = float(np.ravel(variable.attrs.get("add_offset", packing[1]))[0])
    return values * scale + offset


def _cut_out(
    kelvin: np.ndarray,
    lat: np.ndarray,
    lon: np.ndarray,
    centre_lat: float,
    centre_lon: float,
    num_pixels: int,
    width_km: float,
) -> tuple[np.ndarray, float]:
    """The square around a storm, north up, to the nearest cell of the grid.

    Returns:
        Kelvin float32 (num_pixels, num_pixels), NaN where missing, and the share that is missing.

    Raises:
        ValueError: the grid is not regular.
    """
    if lat[0] < lat[-1]:
        lat, kelvin = lat[::-1], kelvin[::-1]
    east = (lon - centre_lon + 180) % 360 - 180
    if east[0] > east[-1]:
        east, kelvin = east[::-1], kelvin[:, ::-1]
    rows = _window(lat, centre_lat, imagery.KM_PER_DEGREE, width_km)
    per_degree = imagery.KM_PER_DEGREE * np.cos(np.radians(centre_lat))
    columns = _window(east, 0.0, per_degree, width_km)
    inside = (rows >= 0) & (rows < len(lat))
    across = (columns >= 0) & (columns < len(lon))
    square = np.full((len(rows), len(columns)), np.nan, np.float32)
    square[np.ix_(inside, across)] = kelvin[np.ix_(rows[inside], columns[across])]
    return _resampled(square, num_pixels), float(np.isnan(square).mean())


def _window(degrees: np.ndarray, centre: float, km_per_degree: float, width_km: float) -> np.ndarray:
    """Indices of the cells of one axis that cover the width; they may lie outside of the grid."""
    step = float(np.mean(np.diff(degrees)))
    if not 0.01 < abs(step) < 1 or not np.allclose(np.diff(degrees), step, rtol=0.05):
        raise ValueError("the grid is not regular")
    middle = (centre - degrees[0]) / step
    count = max(round(width_km / (abs(step) * km_per_degree)), 1)
    if not np.isfinite(middle) or count > 10_000:
        raise ValueError("the grid is not regular")
    return round(middle - (count - 1) / 2) + np.arange(count)


def _resampled(square: np.ndarray, num_pixels: int) -> np.ndarray:
    """INTER_AREA over the measured pixels; a new pixel is missing if more than half of it is."""
    measured = (~np.isnan(square)).astype(np.float32)
    size = (num_pixels, num_pixels)
    total = cv2.resize(np.nan_to_num(square), size, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(measured, size, interpolation=cv2.INTER_AREA)
    return np.where(weight >= 0.5, total / np.maximum(weight, 1e-6), np.nan).astype(np.float32)


def _filled(image: np.ndarray) -> np.ndarray:
    """Every missing pixel takes the value of the nearest measured one."""
    missing = np.isnan(image)
    if missing.any() and not missing.all():
        nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
        image = image[tuple(nearest)]
    return image


# --- NASA competition -----------------------------------------------------------------------


def load_nasa(
    files: Mapping[str, Path] | None = None,
    num_pixels: int = 80,
    width_km: float = 640.0,
    num_storms: int | None = None,
    km_per_pixel: float = 4.0,
    max_missing: float = 0.1,
) -> Frames:
    """Real images of the NASA competition with the wind that its authors gave them.

    The gray levels are kept: cold clouds are bright, but no level stands for a temperature. Black
    areas (gray level 3 and less) are missing and take the value of the nearest measured pixel.

    Args:
        files: from `fetch_nasa`; None fetches the training part.
        num_pixels, width_km: of the square images.
        num_storms: the first so many in alphabetical order; None takes all, which needs
            0.5 GB of memory at 80 pixels.
        km_per_pixel: of the files. The set does not state it: 4 km is what the satellites had.
        max_missing: share of an image, 0 to 1.

    Returns:
        Frames in order of storm and time. The set hides dates and places: `time` counts from
        1970-01-01 at a storm's first image, `season` is 0, `lat`, `lon` and `t_number` are NaN. So only
        splits by frame and by storm are possible.

    Raises:
        utils.data.DataError: as `fetch_nasa`, or an archive that is damaged or holds what it must not.
    """
    files = fetch_nasa() if files is None else files
    winds = _nasa_winds(files["labels"])
    chosen = set(sorted({storm for storm, _ in winds.values()})[:num_storms])
    winds = {frame: value for frame, value in winds.items() if value[0] in chosen}
    left_out: Counter[str] = Counter()
    images: dict[str, np.ndarray] = {}
    seconds: dict[str, int] = {}
    pictured: set[str] = set()
    with tqdm(total=len(winds), desc="NASA images", unit="image", disable=len(winds) < 500) as progress:
        for match, content in _read(files["source"], _NASA_MEMBER, NASA_LIMITS):
            frame = match["frame"]
            if frame not in winds:
                continue
            try:
                if match["file"] == "features.json":
                    seconds[frame] = int(json.loads(content)["relative_time"])
                elif match["file"] == "image.jpg":
                    progress.update()
                    pictured.add(frame)
                    image, missing = _gray(content, num_pixels, width_km / km_per_pixel)
                    if missing > max_missing:
                        left_out[f"with more than {100 * max_missing:.0f} % missing"] += 1
                    else:
                        images[frame] = image
            except (OSError, KeyError, ValueError, TypeError, SyntaxError, Image.DecompressionBombError):
                left_out["unreadable"] += 1
    kept = sorted((frame for frame in images if frame in seconds), key=lambda f: (winds[f][0], seconds[f]))
    left_out["without time"] += len(images) - len(kept)
    left_out["without image"] += len(winds) - len(pictured)
    rows = [
        {
            "storm": winds[frame][0],
            "time": pd.Timestamp(seconds[frame], unit="s"),
            "season": 0,
            "wind_kt": winds[frame][1],
            "lat": np.nan,
            "lon": np.nan,
            "name": "",
        }
        for frame in kept
    ]
    return _frames("NASA set", [images[frame] for frame in kept], pd.DataFrame(rows), left_out, width_km)


def _nasa_winds(path: Path) -> dict[str, tuple[str, float]]:
    """Storm and wind in knots of each frame."""
    winds = {}
    for match, content in _read(path, _NASA_MEMBER, NASA_LIMITS):
        if match["file"] == "labels.json":
            try:
                wind_kt = float(json.loads(content)["wind_speed"])
            except (KeyError, ValueError, TypeError) as error:
                raise data.DataError(f"{path} holds a label without wind: {match[0]}. Delete it.") from error
            if not 0 <= wind_kt <= 200:
                raise data.DataError(f"{path} holds a wind of {wind_kt} kt: {match[0]}. Delete it.")
            winds[match["frame"]] = match["storm"], wind_kt
    return winds


def _gray(content: bytes, num_pixels: int, width: float) -> tuple[np.ndarray, float]:
    """The middle of a JPEG, ``width`` of its pixels wide, as uint8, and the share that is missing."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        if image.width * image.height > _MAX_PIXELS:
            raise ValueError("the image is too large")
        levels = np.asarray(image.convert("L"), np.float32)
    levels[levels <= _JPEG_BLACK] = np.nan
    count = max(round(width), 1)
    rows, columns = ((side - count) // 2 + np.arange(count) for side in levels.shape)
    inside = (rows >= 0) & (rows < levels.shape[0])
    across = (columns >= 0) & (columns < levels.shape[1])
    square = np.full((count, count), np.nan, np.float32)
    square[np.ix_(inside, across)] = levels[np.ix_(rows[inside], columns[across])]
    image8 = np.nan_to_num(np.rint(_filled(_resampled(square, num_pixels))))
    return np.clip(image8, 0, 255).astype(np.uint8), float(np.isnan(square).mean())


# --- result ---------------------------------------------------------------------------------


def _frames(
    title: str, images: list[np.ndarray], rows: pd.DataFrame, left_out: Counter[str], width_km: float
) -> Frames:
    """Put all together, and say what was kept and what was not."""
    lost = ", ".join(f"{count} {reason}" for reason, count in left_out.items() if count)
    lost = f"; left out: {lost}" if lost else ""
    if not images:
        raise data.DataError(f"{title}: no image can be used{lost}. Choose other storms.")
    storm_ids, storm = np.unique(rows["storm"].to_numpy(str), return_inverse=True)
    print(f"{title}: {len(images)} REAL images of {len(storm_ids)} storms{lost}.")
    names = rows.groupby("storm")["name"].first()
    return Frames(
        images=np.stack(images),
        wind_kt=rows["wind_kt"].to_numpy(np.float32),
        storm=storm.astype(np.int32),
        time=rows["time"].to_numpy("datetime64[s]"),
        lat=rows["lat"].to_numpy(np.float32),
        lon=rows["lon"].to_numpy(np.float32),
        **dict.fromkeys(HIDDEN, np.full(len(rows), np.nan, np.float32)),
        season=rows["season"].to_numpy(np.int16),
        storm_ids=storm_ids,
        names=names[storm_ids].to_numpy(str),
        width_km=np.array(width_km, np.float32),
    )
