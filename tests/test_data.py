"""Where a data set is looked for, what is said of it, and how images are read."""

import gzip
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror import CONTENT, LABELS, leftovers
from utils import data
from utils.engine import paths

pytest_plugins = ["mirror"]  # fixtures: server, use


def fill(folder: Path, compressed=True) -> None:
    folder.mkdir(parents=True)
    for name, body in (("big", CONTENT), ("small", LABELS)):
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(body, 1))
        else:
            (folder / name).write_bytes(body)


def test_offline_says_so(use, monkeypatch):
    use("http://127.0.0.1:9")
    monkeypatch.setenv("BOOTCAMP_OFFLINE", "1")
    with pytest.raises(data.DataError, match="BOOTCAMP_OFFLINE=1"):
        data.fetch("demo")
    with pytest.raises(data.DataError, match="BOOTCAMP_OFFLINE=1"):
        data.obtain("demo")


def test_shared_folder_comes_first_and_may_be_read_only(use, tmp_path, monkeypatch):
    use("http://127.0.0.1:9")
    shared = tmp_path / "shared"
    fill(shared / "demo")
    for path in [*shared.rglob("*"), shared]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setenv("BOOTCAMP_DATA", str(shared))
    found = data.fetch("demo")
    assert found.origin == "BOOTCAMP_DATA"
    assert leftovers(shared) == {"big.gz", "small.gz"}
    for path in [shared, *shared.rglob("*")]:
        path.chmod(0o755)


def test_a_damaged_shared_file_is_named_and_left_alone(use, server, tmp_path, monkeypatch):
    use("http://127.0.0.1:9")
    shared = tmp_path / "shared"
    fill(shared / "demo", compressed=False)
    (shared / "demo" / "big").write_bytes(b"no")
    monkeypatch.setenv("BOOTCAMP_DATA", str(shared))
    with pytest.raises(data.DataError, match=re.escape(str(shared / "demo" / "big")) + " is damaged"):
        data.fetch("demo")
    assert (shared / "demo" / "big").exists()


def test_an_incomplete_folder_is_named(use, tmp_path, monkeypatch):
    use("http://127.0.0.1:9")
    fill(tmp_path / "shared" / "demo")
    (tmp_path / "shared" / "demo" / "small.gz").unlink()
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path / "shared"))
    with pytest.raises(data.DataError, match="incomplete: small is missing"):
        data.fetch("demo")


def test_a_package_folder_is_found(use, tmp_path):
    fill(tmp_path / "package")
    use("http://127.0.0.1:9", folders=(str(tmp_path / "package"),))
    assert data.fetch("demo").origin == "an installed package"


def test_large_sets_are_only_fetched_by_name(monkeypatch):
    asked = []
    data.main([], get=asked.append)
    assert "mnist" in asked
    assert "nasa-tropical-storms" not in asked
    data.main(["nasa-tropical-storms"], get=asked.append)
    assert asked[-1] == "nasa-tropical-storms"
    monkeypatch.setenv("BOOTCAMP_OFFLINE", "1")
    with pytest.raises(data.DataError, match="name the storms"):
        data.fetch("hursat-b1")


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(data.DataError, match="Choose one of: mnist, fashion-mnist"):
        data.fetch("minst")


@pytest.mark.parametrize(
    ("name", "mean", "std"), [("mnist", 33.318, 78.567), ("fashion-mnist", 72.940, 90.021)]
)
def test_real_data_have_their_published_statistics(name, mean, std):
    (x_train, y_train), (x_test, y_test) = data.load_images(name)
    assert x_train.shape == (60_000, 28, 28)
    assert x_test.shape == (10_000, 28, 28)
    assert x_train.dtype == y_test.dtype == np.uint8
    assert abs(x_train.mean() - mean) < 1e-3
    assert abs(x_train.std() - std) < 1e-3
    counts = np.bincount(y_train)
    if name == "mnist":
        assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    else:
        assert set(counts) == {6000}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans(), st.data())
def test_idx_round_trip(tmp_path_factory, shape, compress, draw):
    size = int(np.prod(shape))
    values = np.array(
        draw.draw(st.lists(st.integers(0, 255), min_size=size, max_size=size)), np.uint8
    ).reshape(shape)
    content = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes() + values.tobytes()
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(content) if compress else content)
    assert np.array_equal(data._read_idx(path), values)


@pytest.mark.parametrize(
    ("name", "value"),
    [("BOOTCAMP_OFFLINE", "yes"), ("BOOTCAMP_CACHE", "/proc/x"), ("BOOTCAMP_DATA", "/no/such")],
)
def test_a_wrong_setting_is_one_sentence_on_the_command_line(name, value, own_cache, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    assert data.main(["mnist"], data.fetch) == 1
    assert name in capsys.readouterr().err


def test_compiled_code_is_private(own_cache, capsys):
    from utils.engine import paths

    folder = own_cache / "numba"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    (folder / "planted.nbi").write_text("code of somebody else", encoding="utf-8")
    assert paths.private_dir("numba") == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []
    (folder / "mine.nbc").write_text("x", encoding="utf-8")
    assert paths.private_dir("numba") == folder
    assert (folder / "mine.nbc").exists()
    if os.getuid() == 0:
        os.chown(folder, 4711, 4711)
        other = paths.private_dir("numba")
        assert other != folder
        assert other.stat().st_mode & 0o777 == 0o700
        assert "belongs to another user" in capsys.readouterr().out
        other.rmdir()


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")
def test_compiled_code_of_another_user_is_removed_from_a_folder_of_ours(own_cache):
    folder = paths.private_dir("numba")
    for name, owner in (("ours.nbi", os.getuid()), ("theirs.nbi", 65534)):
        (folder / name).touch()
        os.chown(folder / name, owner, -1)
    assert [path.name for path in paths.private_dir("numba").iterdir()] == ["ours.nbi"]
