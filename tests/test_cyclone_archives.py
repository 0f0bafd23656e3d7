"""Real image archives of Lab 2, written here in the published layout and served from this machine."""

import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
from pathlib import Path

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tropical_Cyclone"))

from cyclone import archives, dataset, imagery  # noqa: E402
from mirror import Server, leftovers  # noqa: E402
from utils import data  # noqa: E402

pytest_plugins = ["mirror"]  # the fixture server

KATRINA, OTHER = "2005236N23285", "2005192N11318"
ARCHIVE = f"HURSAT_b1_v06_{KATRINA}_KATRINA_c20170721.tar.gz"
FILL = -32767
LAT, LON = 24.9, -78.7  # the middle of the grid


@pytest.fixture(autouse=True)
def _alone(own_cache):
    """No data but the test's own."""


def scene() -> np.ndarray:
    """Kelvin (301, 301), row 0 in the south: cold north-east of the centre, warm elsewhere."""
    kelvin = np.full((301, 301), 290.0)
    kelvin[160:190, 170:200] = 200.0
    return kelvin


def netcdf(kelvin=None, missing=None, attributes=True, northward=True, **spoil) -> bytes:
    """One HURSAT-B1 file, packed as published: short, scale 0.01, offset 200 K."""
    kelvin = scene() if kelvin is None else kelvin
    packed = np.rint((kelvin - 200) / 0.01).astype(np.int16)
    if missing is not None:
        packed[missing] = FILL
    offsets = (np.arange(301) - 150) * 0.07
    if not northward:
        packed, sign = packed[::-1], -1
    else:
        sign = 1
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["lat"] = (LAT + sign * offsets).astype(np.float32)
        file["lon"] = (LON + offsets).astype(np.float32)
        file["htime"] = np.zeros(1)
        irwin = file.create_dataset("IRWIN", data=packed[None], compression="gzip", chunks=(1, 301, 301))
        for rank, name in enumerate(("htime", "lat", "lon")):
            file[name].make_scale(name)
            irwin.dims[rank].attach_scale(file[name])
        if attributes:
            irwin.attrs["scale_factor"] = np.array([0.01], np.float32)
            irwin.attrs["add_offset"] = np.array([200.0], np.float32)
            irwin.attrs["_FillValue"] = np.array([FILL], np.int16)
        file["VZA"] = np.array([23.0], np.float32)
        file.attrs["TC_serial_number"] = KATRINA
        for name, change in spoil.items():
            change(file) if callable(change) else file.attrs.update({name: change})
    return buffer.getvalue()


def member_name(hour: str, view_angle: int = 23, day: str = "25", storm: str = KATRINA) -> str:
    return f"{storm}.KATRINA.2005.08.{day}.{hour}.{view_angle}.GOE-12.026.hursat-b1.v06.nc"


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1, encoding="utf-8") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def publish(content: bytes, name: str = ARCHIVE) -> None:
    """Put an archive and the Apache listing of its year on the server."""
    row = f'<tr><td><a href="{name}">{name}</a></td><td>2017-08-04 10:29</td><td>24M</td></tr>'
    Server.files[f"2005/{name}"] = content
    Server.files["2005"] = f"<html><body><h1>Index of /archive/v06/2005</h1>{row}</body></html>".encode()


def track(hours=(0, 6, 12, 18), winds=(50, 60, 75, 100)) -> pd.DataFrame:
    times = pd.Timestamp("2005-08-25") + pd.to_timedelta(list(hours), unit="h")
    return pd.DataFrame({
        "storm_id": KATRINA, "name": "KATRINA", "season": 2005, "time": times,
        "lat": LAT, "lon": LON, "status": "TS", "wind_kt": np.array(winds, float), "pressure_hpa": 990.0,
    })  # fmt: skip


def load(url: str, **options) -> archives.Frames:
    return archives.load_hursat([KATRINA], track(), num_pixels=64, width_km=1000, url=url, **options)


# --- HURSAT-B1 -----------------------------------------------------------------------------


def test_images_are_kelvin_north_up_and_joined_to_the_track(server, capsys):
    publish(archive({member_name("0600"): netcdf(), member_name("0900"): netcdf()}))
    frames = load(f"{server}/good")
    assert frames.images.shape == (2, 64, 64)
    assert frames.wind_kt.tolist() == [60, 67.5]
    assert frames.storm_ids[frames.storm].tolist() == [KATRINA] * 2
    assert frames.names.tolist() == ["KATRINA"]
    assert frames.time.tolist() == [pd.Timestamp("2005-08-25 06:00"), pd.Timestamp("2005-08-25 09:00")]
    assert frames.season.tolist() == [2005, 2005]
    assert np.isnan(frames.t_number).all()
    kelvin = imagery.to_kelvin(frames.images[0])
    cold = np.argwhere(kelvin < 210)
    # The middle of the cold patch lies 24.5 cells north and 34.5 cells east of the storm.
    cell_km = 0.07 * 111.2
    expected = [-24.5 * cell_km, 34.5 * cell_km * np.cos(np.radians(LAT))]
    assert (cold.mean(0) - 31.5) * 1000 / 64 == pytest.approx(expected, abs=8)
    assert abs(kelvin[cold[:, 0], cold[:, 1]].mean() - 200) < 2
    assert abs(np.median(kelvin) - 290) < 1
    said = capsys.readouterr().out
    assert "hursat-b1: REAL data, NOAA NCEI, licence public domain" in said
    assert "2 REAL images of 1 storms." in said


def test_a_grid_from_north_to_south_and_a_file_without_attributes_give_the_same(server):
    same = {
        member_name("0600"): netcdf(),
        member_name("1200"): netcdf(northward=False),
        member_name("1800"): netcdf(attributes=False),
    }
    publish(archive(same))
    frames = load(f"{server}/good")
    assert len(frames) == 3
    assert np.array_equal(frames.images[0], frames.images[1])
    assert np.array_equal(frames.images[0], frames.images[2])


def test_the_smallest_view_angle_wins(server):
    cold = np.full((301, 301), 220.0)
    publish(
        archive({
            member_name("0600", 41): netcdf(),
            member_name("0600", 9): netcdf(cold),
            member_name("0600", 10): netcdf(),
        })
    )  # fmt: skip
    frames = load(f"{server}/good")
    assert len(frames) == 1
    assert abs(imagery.to_kelvin(frames.images).mean() - 220) < 0.5


def test_missing_pixels_take_the_nearest_value_and_too_many_drop_the_frame(server, capsys):
    few, many = np.zeros((301, 301), bool), np.zeros((301, 301), bool)
    few[100:104] = True
    many[:160] = True
    impossible = scene()
    impossible[100:104] = 120.0  # below 150 K: missing as well
    members = {
        member_name("0000"): netcdf(missing=few),
        member_name("0600"): netcdf(missing=many),
        member_name("1200"): netcdf(impossible),
    }
    publish(archive(members))
    frames = load(f"{server}/good")
    assert frames.wind_kt.tolist() == [50, 75]
    assert np.array_equal(frames.images[0], frames.images[1])
    assert imagery.to_kelvin(frames.images).max() < 291
    assert (imagery.to_kelvin(frames.images)[:, 40:] > 288).all(), "the gap was filled with warm sea"
    assert "left out: 1 with more than 10 % missing" in capsys.readouterr().out
    assert len(load(f"{server}/good", max_missing=0.9)) == 3


def test_times_without_a_wind_are_counted(server, capsys):
    publish(archive({member_name(hour): netcdf() for hour in ("0300", "0900", "1500", "2100")}))
    frames = archives.load_hursat(
        [KATRINA], track(hours=(0, 6, 14, 18), winds=(50, 60, np.nan, 100)), 32, url=f"{server}/good"
    )
    assert frames.wind_kt.tolist() == [55]  # 9 and 15 h lie in a gap of 12 h, 21 h after the last fix
    assert "left out: 3 without a best-track wind" in capsys.readouterr().out


SPOILED = {
    "not a file of its kind": b"CDF\x01" + bytes(500),
    "cut off": netcdf()[:3000],
    "no image": netcdf(x=lambda file: file.__delitem__("IRWIN")),
    "a link to another file": netcdf(
        x=lambda f: (f.__delitem__("IRWIN"), f.__setitem__("IRWIN", h5py.ExternalLink("/etc/passwd", "x")))
    ),
    "a huge image": netcdf(
        x=lambda f: (
            f.__delitem__("IRWIN"),
            f.create_dataset("IRWIN", (1, 99999, 99999), "i2", chunks=(1, 9, 9)),
        )
    ),
    "another shape": netcdf(
        x=lambda f: (f.__delitem__("IRWIN"), f.create_dataset("IRWIN", data=np.zeros((1, 5, 5))))
    ),
    "no grid": netcdf(x=lambda f: f["lat"].__setitem__(slice(None), 3.0)),
    "text as scale": netcdf(x=lambda f: f["IRWIN"].attrs.__setitem__("scale_factor", "big")),
}


def test_spoiled_files_in_an_archive_are_left_out(server, capsys):
    publish(
        archive({
            member_name("0600"): netcdf(),
            **{member_name(f"{k:02d}15"): content for k, content in enumerate(SPOILED.values())},
        })
    )  # fmt: skip
    assert len(load(f"{server}/good")) == 1
    assert f"left out: {len(SPOILED)} unreadable" in capsys.readouterr().out


def test_no_usable_image_is_one_sentence(server):
    publish(archive({member_name("0600"): SPOILED["cut off"]}))
    with pytest.raises(data.DataError, match=r"no image can be used; left out: 1 unreadable\. Choose other"):
        load(f"{server}/good")


def test_archives_are_downloaded_once_and_listings_too(server, own_cache):
    publish(archive({member_name("0600"): netcdf()}))
    load(f"{server}/good")
    assert leftovers(own_cache) == {ARCHIVE, "2005"}
    Server.log.clear()
    load(f"{server}/good")
    assert not Server.log


def test_a_dropped_line_is_resumed(server):
    noise = np.random.default_rng(0).uniform(180, 300, (301, 301))
    publish(archive({member_name("0600"): netcdf(noise)}))
    entry = data.registry()["hursat-b1"]
    archives._listed_name(KATRINA, entry, [f"{server}/good"])  # so that not the listing is cut
    Server.cut = 100_000
    assert len(load(f"{server}/cut")) == 1
    assert 0 < int(re.search(r"bytes=(\d+)-", Server.log[-1][1])[1]) <= 100_000


def test_an_archive_put_there_by_hand_needs_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTCAMP_OFFLINE", "1")
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path))
    (tmp_path / "hursat-b1").mkdir()
    with pytest.raises(
        data.DataError, match=r"BOOTCAMP_OFFLINE=1[\s\S]*with a browser and put it into data/hursat-b1"
    ):
        archives.fetch_hursat([KATRINA])
    (tmp_path / "hursat-b1" / ARCHIVE).write_bytes(archive({member_name("0600"): netcdf()}))
    assert archives.fetch("hursat-b1", storms=[KATRINA])[KATRINA] == tmp_path / "hursat-b1" / ARCHIVE
    with pytest.raises(ValueError, match="no archive 'hursat'.*hursat-b1"):
        archives.fetch("hursat", storms=[KATRINA])


def test_unknown_storms_get_a_sentence(server, own_cache):
    publish(archive({member_name("0600"): netcdf()}))
    with pytest.raises(data.DataError, match="has no storm 2005192N11318.*choose another"):
        archives.fetch_hursat([OTHER], url=f"{server}/good")
    for name in ("KATRINA", "../../etc", "AL122005"):
        with pytest.raises(data.DataError, match="is no IBTrACS identifier"):
            archives.fetch_hursat([name], url=f"{server}/good")
    (own_cache / "downloads" / "hursat-b1-listings" / "2005").unlink()
    Server.files["2005"] = b"<html>Please sign in</html>"
    with pytest.raises(data.DataError, match="not the listing of a HURSAT-B1 folder"):
        archives.fetch_hursat([OTHER], url=f"{server}/good/")


# --- hostile archives -----------------------------------------------------------------------


def special(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0, content=b"") -> bytes:
    """An archive with one good member and one that nobody should trust."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", encoding="utf-8") as tar:
        good = tarfile.TarInfo(member_name("0600"))
        good.size = len(NC)
        tar.addfile(good, io.BytesIO(NC))
        bad = tarfile.TarInfo(name)
        bad.type, bad.linkname, bad.size = kind, link, size or len(content)
        tar.addfile(
            bad,
            io.BytesIO(content or bytes(min(size, 1000))) if kind == tarfile.REGTYPE and not size else None,
        )
    return gzip.compress(buffer.getvalue(), 1)


NC = netcdf(np.random.default_rng(0).uniform(180, 300, (301, 301)))
GOOD = archive({member_name("0600"): NC})
PLAIN = gzip.decompress(GOOD)
WITHOUT_END = PLAIN[: 512 + -(-len(NC) // 512) * 512]  # one header and its content
HOSTILE = {
    "climbs out": (special("../../evil.nc", content=b"bad"), "leads outside of its folder: '../../evil.nc'"),
    "absolute": (special("/etc/evil.nc", content=b"bad"), "leads outside of its folder"),
    "symbolic link": (special(member_name("0900"), tarfile.SYMTYPE, "/etc/passwd"), "a (link|member that leads)"),
    "link inside": (special(member_name("0900"), tarfile.SYMTYPE, member_name("0600")), "a link or a device"),
    "hard link": (special(member_name("0900"), tarfile.LNKTYPE, member_name("0600")), "a link or a device"),
    "device": (special("null", tarfile.CHRTYPE), "a link or a device|special file|device"),
    "pipe": (special("pipe", tarfile.FIFOTYPE), "a link or a device|special file|device"),
    "claims a terabyte": (special(member_name("0900"), size=10**12), "holds a member of 1000000 MB"),
    "bomb in a long name": (special("x", b"L", size=10**9), "claims 1000 MB"),
    "bomb in a header": (special("x", b"x", size=10**9), "claims 1000 MB"),
    "cut off": (GOOD[: len(GOOD) // 2], "cut off or damaged"),
    "cut at the very end": (GOOD[:-4], "cut off or damaged"),
    "a bit flipped": (GOOD[:9000] + bytes([GOOD[9000] ^ 1]) + GOOD[9001:], "cut off or damaged"),
    "no end": (gzip.compress(WITHOUT_END), "its end is missing"),
    "a broken header": (gzip.compress(WITHOUT_END + b"x" * 512 + bytes(1024)), "a header in the middle"),
    "not an archive": (b"<html>blocked by the proxy</html>", "cut off or damaged"),
    "empty": (gzip.compress(bytes(10240)), f"holds no HURSAT-B1 file of storm {KATRINA}"),
    "another storm": (archive({member_name("0600", storm=OTHER): NC}), "holds no HURSAT-B1 file of storm"),
    "other files only": (archive({"readme.txt": b"hello", "dir/x.nc": b"x"}), "holds no HURSAT-B1 file of storm"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archives_get_one_sentence_and_leave_nothing(kind, server, own_cache, tmp_path):
    content, sentence = HOSTILE[kind]
    publish(content)
    with pytest.raises(data.DataError) as error:
        load(f"{server}/good")
    assert re.search(
        f"does not deliver the published content of {re.escape(ARCHIVE)} \\(it .*({sentence})",
        str(error.value),
    ), str(error.value)
    assert "put it into data/hursat-b1/" in str(error.value)
    assert leftovers(own_cache) == {"2005"}
    assert not list(tmp_path.parent.rglob("evil*"))


def test_bombs_of_many_members_and_of_many_bytes(tmp_path, monkeypatch):
    path = tmp_path / ARCHIVE
    path.write_bytes(archive({f"empty{k}": b"" for k in range(30)}))
    few = archives.Limits(members=20, member_bytes=10**6, total_bytes=10**7)
    with pytest.raises(data.DataError, match="holds more than 20 members"):
        list(archives._members(path, archives._HURSAT_MEMBER, few))
    path.write_bytes(archive({f"zeros{k}": bytes(900_000) for k in range(15)}))
    assert path.stat().st_size < 100_000
    with pytest.raises(data.DataError, match="unpacks to more than 10 MB"):
        list(archives._members(path, archives._HURSAT_MEMBER, few))
    path.write_bytes(GOOD + gzip.compress(bytes(20_000_000)))
    with pytest.raises(data.DataError, match="unpacks to more than 10 MB"):
        list(archives._members(path, archives._HURSAT_MEMBER, few))


def test_an_archive_that_was_unpacked_on_the_way_is_read(tmp_path):
    path = tmp_path / ARCHIVE
    path.write_bytes(PLAIN)
    archives._check_hursat(path, KATRINA)


def test_a_damaged_cached_archive_is_replaced(server, own_cache, capsys):
    publish(GOOD)
    path = archives.fetch_hursat([KATRINA], url=f"{server}/good")[KATRINA]
    path.write_bytes(GOOD[:-100])
    assert len(load(f"{server}/good")) == 1
    assert "was damaged and has been removed" in capsys.readouterr().out


# --- NASA competition -----------------------------------------------------------------------

NASA_FRAMES = [("abs", 0, 0, 43), ("abs", 1, 1800, 44), ("zax", 0, 0, 120)]


def nasa(images: dict[tuple[str, int], np.ndarray] | None = None) -> dict[str, bytes]:
    prefix = "nasa_tropical_storm_competition_train"
    source, labels = {f"{prefix}_source/collection.json": b"{}"}, {}
    for storm, k, seconds, wind in reversed(NASA_FRAMES):
        image = np.full((366, 366), 60 + wind, np.uint8) if images is None else images[storm, k]
        _, jpeg = cv2.imencode(".jpg", image)
        folder = f"{prefix}_source/{prefix}_source_{storm}_{k:03d}"
        source[f"{folder}/image.jpg"] = jpeg.tobytes()
        facts = {"storm_id": storm, "relative_time": str(seconds), "ocean": "2"}
        source[f"{folder}/features.json"] = json.dumps(facts).encode()
        name = f"{prefix}_labels/{prefix}_labels_{storm}_{k:03d}/labels.json"
        labels[name] = json.dumps({"wind_speed": str(wind)}).encode()
    return {f"{prefix}_source.tar.gz": archive(source), f"{prefix}_labels.tar.gz": archive(labels)}


def nasa_files(folder: Path, **options) -> dict[str, Path]:
    for name, content in nasa(**options).items():
        (folder / name).write_bytes(content)
    return {
        kind: folder / f"nasa_tropical_storm_competition_train_{kind}.tar.gz" for kind in ("source", "labels")
    }


def test_nasa_images_with_their_winds(tmp_path, capsys):
    frames = archives.load_nasa(nasa_files(tmp_path), num_pixels=40)
    assert frames.images.shape == (3, 40, 40)
    assert frames.wind_kt.tolist() == [43, 44, 120]
    assert frames.storm_ids.tolist() == ["abs", "zax"]
    assert frames.storm.tolist() == [0, 0, 1]
    assert (np.diff(frames.time[:2]) == np.timedelta64(1800, "s")).all()
    assert np.abs(frames.images.mean((1, 2)) - (60 + frames.wind_kt)).max() < 2
    assert np.isnan(frames.lat).all()
    assert "3 REAL images of 2 storms" in capsys.readouterr().out
    assert archives.load_nasa(nasa_files(tmp_path), num_storms=1).wind_kt.tolist() == [43, 44]


def test_nasa_black_areas_are_missing(tmp_path, capsys):
    images = {(storm, k): np.full((366, 366), 100, np.uint8) for storm, k, _, _ in NASA_FRAMES}
    images["abs", 0][:, 100:108] = 0
    images["abs", 1][:, :180] = 0
    frames = archives.load_nasa(nasa_files(tmp_path, images=images), width_km=1464, num_pixels=366)
    assert frames.wind_kt.tolist() == [43, 120]
    assert frames.images.min() > 80
    assert "left out: 1 with more than 10 % missing" in capsys.readouterr().out


def test_nasa_archives_are_checked_by_their_md5(server, own_cache):
    for name, content in nasa().items():
        Server.files[name] = content
    with pytest.raises(data.DataError) as error:
        archives.fetch_nasa(url=f"{server}/good")
    assert "does not match the published hash" in str(error.value)
    assert "./bootcamp data nasa-tropical-storms" in str(error.value)
    assert leftovers(own_cache) == set()
    with pytest.raises(ValueError, match="parts train and test"):
        archives.fetch_nasa("validation")


def test_nasa_archives_with_the_published_md5_are_kept(server, own_cache, monkeypatch):
    entry = dict(data.registry()["nasa-tropical-storms"])
    contents = nasa()
    entry["files"] = {n: {"bytes": len(c), "md5": hashlib.md5(c).hexdigest()} for n, c in contents.items()}
    monkeypatch.setattr(data, "registry", lambda: {"nasa-tropical-storms": entry})
    Server.files.update(contents)
    files = archives.fetch_nasa(url=f"{server}/good")
    assert len(archives.load_nasa(files, num_pixels=16)) == 3
    assert leftovers(own_cache) == set(contents)


def test_nasa_archives_from_another_hand_are_inspected_too(tmp_path):
    files = nasa_files(tmp_path)
    files["labels"].write_bytes(special("../../evil.nc", content=b"bad"))
    with pytest.raises(
        data.DataError, match=r"labels.tar.gz cannot be used: it .*outside.*Delete it and fetch"
    ):
        archives.load_nasa(files)


def test_nasa_spoiled_labels_get_a_sentence(tmp_path):
    files = nasa_files(tmp_path)
    name = "nasa_tropical_storm_competition_train_labels/nasa_tropical_storm_competition_train_labels_abs_000/labels.json"
    for label, sentence in ((b'{"wind_speed": "999"}', "wind of 999"), (b"[]", "label without wind")):
        files["labels"].write_bytes(archive({name: label}))
        with pytest.raises(data.DataError, match=sentence):
            archives.load_nasa(files)


def test_nasa_bomb_among_the_images_is_left_out(tmp_path, capsys):
    files = nasa_files(tmp_path)
    _, jpeg = cv2.imencode(".jpg", np.zeros((8, 8), np.uint8))
    bomb = bytearray(jpeg.tobytes())
    at = bomb.index(b"\xff\xc0")
    bomb[at + 5 : at + 9] = b"\xff\xff\xff\xff"  # claims 65,535 pixels a side
    prefix = (
        "nasa_tropical_storm_competition_train_source/nasa_tropical_storm_competition_train_source_abs_000"
    )
    files["source"].write_bytes(archive({f"{prefix}/image.jpg": bytes(bomb)}))
    with pytest.raises(data.DataError, match="no image can be used; left out: 1 unreadable"):
        archives.load_nasa(files)


def test_one_word_changes_the_source(monkeypatch, tmp_path, own_cache):
    synthetic = archives.load("synthetic", num_storms=2, frames_per_storm=2, num_pixels=16, num_workers=1)
    assert np.isfinite(synthetic.t_number).all()
    storms = [run["storm_id"].iloc[0] for run in dataset.choose_storms(2, (2000, 2015))]
    (own_cache / "downloads" / "hursat-b1").mkdir(parents=True)
    for storm, run in zip(storms, dataset.choose_storms(2, (2000, 2015)), strict=True):
        times = run["time"].iloc[:3].dt.strftime("%Y.%m.%d.%H%M")
        members = {
            f"{storm}.X.{time}.20.GOE-12.026.hursat-b1.v06.nc": grid_at(run, k)
            for k, time in enumerate(times)
        }
        path = own_cache / "downloads" / "hursat-b1" / f"HURSAT_b1_v06_{storm}_X_c20170721.tar.gz"
        path.write_bytes(archive(members))
    hursat = archives.load("hursat", num_storms=2, num_pixels=16)
    monkeypatch.setattr(archives, "fetch_nasa", lambda: nasa_files(tmp_path))
    nasa_set = archives.load("nasa", num_storms=2, num_pixels=16)
    assert (len(hursat), len(nasa_set)) == (6, 3)
    for frames in (hursat, nasa_set):
        assert len(frames.storm_ids) == 2
        for name in archives.Frames.__dataclass_fields__:
            real, drawn = np.asarray(getattr(frames, name)), np.asarray(getattr(synthetic, name))
            assert (real.dtype.kind, real.ndim) == (drawn.dtype.kind, drawn.ndim), name
        train, test = dataset.split_by_storm(frames, 0.5)
        assert len(train) + len(test) == len(frames)
    with pytest.raises(ValueError, match="Choose 'synthetic', 'hursat' or 'nasa'"):
        archives.load("noaa")


def grid_at(run: pd.DataFrame, row: int) -> bytes:
    """A file whose grid is centred on a fix."""

    def move(file):
        file["lat"][:] += run["lat"].iloc[row] - LAT
        file["lon"][:] += run["lon"].iloc[row] - LON

    return netcdf(x=move)


def test_published_addresses_are_the_default():
    assert data.registry()["hursat-b1"]["urls"][0].startswith(
        "https://www.ncei.noaa.gov/data/hurricane-satellite"
    )
    files = data.registry()["nasa-tropical-storms"]["files"]
    assert len(files) == 4
    assert all(len(facts["md5"]) == 32 for facts in files.values())


def test_a_grid_from_east_to_west_gives_the_same_picture():
    kelvin, lat = scene().astype(np.float32), LAT + (np.arange(301) - 150) * 0.07
    lon = LON + (np.arange(301) - 150) * 0.07
    there, _ = archives._cut_out(kelvin, lat, lon, LAT, LON, 40, 640.0)
    back, _ = archives._cut_out(kelvin[:, ::-1], lat, lon[::-1], LAT, LON, 40, 640.0)
    np.testing.assert_allclose(back, there)


def test_a_fill_value_that_nobody_names_is_no_hot_cloud():
    kelvin = scene()
    kelvin[140:160, 140:160] = 527.0  # 32700, as it is unpacked
    read, _, _ = archives._brightness_temperature(netcdf(kelvin))
    assert np.isnan(read[140:160, 140:160]).all()
    assert np.isfinite(read).sum() == read.size - 400


def test_unsigned_numbers_that_an_attribute_names(tmp_path):
    """A packed 460 K is stored as a negative number of two bytes, and so may be the value that stands for a gap."""
    stored = np.array([0, 26000, -25536, -1], np.int16)  # the third is 40000
    with h5py.File(tmp_path / "image.nc", "w") as file:
        for name, meant in (
            ("signed", None),
            ("text", "true"),
            ("bytes", np.bytes_("true")),
            ("not", "false"),
        ):
            variable = file.create_dataset(name, data=stored)
            variable.attrs["_FillValue"] = np.int16(-1)
            if meant is not None:
                variable.attrs["_Unsigned"] = meant
        values = {name: archives._unpacked(file, name, 1, (0.01, 60.0)) for name in file}
    assert np.array_equal(values["text"], [60, 320, 460, np.nan], equal_nan=True)
    assert np.array_equal(values["bytes"], values["text"], equal_nan=True)
    assert np.array_equal(values["signed"], [60, 320, -195.36, np.nan], equal_nan=True)
    assert np.array_equal(values["not"], values["signed"], equal_nan=True)
