"""The data resolver against good and hostile sources, all on this machine."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import data
from utils.engine import paths

ROOT = Path(__file__).resolve().parents[1]
CONTENT = np.random.default_rng(0).integers(0, 256, 3_000_000, dtype=np.uint8).tobytes()
LABELS = b"\x00\x00\x08\x01\x00\x00\x00\x03\x07\x01\x02"


class Server(http.server.BaseHTTPRequestHandler):
    """Serves ``/<mode>/<file>.gz``; the mode decides how it misbehaves."""

    files: dict[str, bytes] = {}
    log: list[tuple[str, str]] = []
    cut = 0  # bytes sent before the line drops, once

    def do_GET(self):
        mode, name = self.path.strip("/").split("/", 1)
        body = self.files.get(name)
        wanted = self.headers.get("Range", "")
        type(self).log.append((self.path, wanted))
        if body is None or mode == "missing":
            return self.send_error(404)
        if mode == "corrupt":
            body = body[:50] + bytes(100) + body[150:]
        start = int(re.search(r"bytes=(\d+)-", wanted)[1]) if wanted and mode != "norange" else 0
        if start > len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if mode != "flood":
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if mode in ("cut", "norange") and self.cut:
            self.wfile.write(body[start : start + self.cut])
            type(self).cut = 0
            return self.wfile.flush()
        if mode == "flood":  # without an end, and without an announced length
            with contextlib.suppress(OSError):
                for _ in range(40):
                    self.wfile.write(body)
            return None
        if mode == "slow":
            for at in range(start, len(body), 1 << 16):
                self.wfile.write(body[at : at + (1 << 16)])
                time.sleep(0.03)
            return None
        return self.wfile.write(body[start:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    Server.files = {
        f"{name}.gz": gzip.compress(body, 1) for name, body in (("big", CONTENT), ("small", LABELS))
    }
    Server.log, Server.cut = [], 0
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def entry(*urls: str, folders: tuple[str, ...] = ()) -> dict:
    files = {
        name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in (("big", CONTENT), ("small", LABELS))
    }
    return {
        "title": "a test set", "kind": "REAL", "licence": "none", "source": "the test", "debian": "no-such-package",
        "urls": [f"{url}/{{file}}.gz" for url in urls], "folders": list(folders), "files": files,
    }  # fmt: skip


@pytest.fixture
def use(monkeypatch, own_cache):
    """Replace the registry by a single set ``demo``."""

    def replace(*urls, folders=()):
        monkeypatch.setattr(data, "registry", lambda: {"demo": entry(*urls, folders=folders)})

    return replace


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_downloads_verifies_and_decompresses(server, use, own_cache, capsys):
    use(f"{server}/good")
    found = data.fetch("demo")
    assert found.files["big"].read_bytes() == CONTENT
    assert "demo: REAL data, the test, licence none, from downloaded" in capsys.readouterr().out
    assert leftovers(own_cache) == {"big", "small"}
    Server.log.clear()
    assert data.fetch("demo").origin == "the download cache"
    assert not Server.log, "a second fetch must not touch the network"


def test_a_dropped_line_is_resumed_not_restarted(server, use):
    use(f"{server}/cut")
    Server.cut = 1_000_000
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT
    assert 900_000 < int(re.search(r"bytes=(\d+)-", Server.log[1][1])[1]) <= 1_000_000


def test_a_server_without_ranges_is_handled(server, use, own_cache):
    use(f"{server}/norange")
    Server.cut = 1_000_000
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT
    assert leftovers(own_cache) == {"big", "small"}


def test_an_interrupted_process_leaves_a_part_that_the_next_one_continues(server, use, own_cache):
    use(f"{server}/good")
    part = own_cache / "downloads" / "demo" / "big.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(Server.files["big.gz"][:500_000])
    (part.parent / "big.123.tmp").write_bytes(b"half")
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT
    assert ("/good/big.gz", "bytes=500000-") in Server.log
    assert leftovers(own_cache) == {"big", "small"}


def test_a_part_of_something_else_is_thrown_away(server, use, own_cache):
    use(f"{server}/good")
    part = own_cache / "downloads" / "demo" / "big.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 5_000_000)
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT


def test_the_next_mirror_serves_what_the_first_one_spoils(server, use):
    use(f"{server}/corrupt", f"{server}/missing", f"{server}/good")
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT


def test_only_spoiled_copies_end_in_one_sentence_and_no_files(server, use, own_cache):
    use(f"{server}/corrupt", "http://127.0.0.1:9")
    with pytest.raises(data.DataError) as error:
        data.fetch("demo")
    said = str(error.value)
    assert "does not deliver the published content" in said
    assert "What to do: run `./bootcamp data demo`" in said
    assert "BOOTCAMP_DATA" in said
    assert leftovers(own_cache) == set()


def test_a_damaged_cached_file_is_replaced(server, use, own_cache, capsys):
    use(f"{server}/good")
    path = data.fetch("demo").files["big"]
    path.write_bytes(CONTENT[:-5])
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT
    assert "was damaged and has been removed" in capsys.readouterr().out


def test_offline_says_so(use, monkeypatch):
    use("http://127.0.0.1:9")
    monkeypatch.setenv("BOOTCAMP_OFFLINE", "1")
    with pytest.raises(data.DataError, match="BOOTCAMP_OFFLINE=1"):
        data.fetch("demo")
    with pytest.raises(data.DataError, match="BOOTCAMP_OFFLINE=1"):
        data.obtain("demo")


def test_package_clients_are_the_last_resort_and_their_failure_is_told(use):
    use("http://127.0.0.1:9")
    with pytest.raises(data.DataError, match="debian could not provide no-such-package"):
        data.obtain("demo")


def fill(folder: Path, compressed=True) -> None:
    folder.mkdir(parents=True)
    for name, body in (("big", CONTENT), ("small", LABELS)):
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(body, 1))
        else:
            (folder / name).write_bytes(body)


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


def test_full_disk_is_one_sentence_and_leaves_nothing(server, use, own_cache, monkeypatch):
    use(f"{server}/good")

    def full(self, content):
        Path(self).touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(data.DataError) as error:
        data.fetch("demo")
    assert "No space left in" in str(error.value)
    assert "Free some space, or set BOOTCAMP_CACHE" in str(error.value)
    assert not [name for name in leftovers(own_cache) if not name.endswith(".part")]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root"
)
def test_full_disk_for_real(server, use, own_cache):
    own_cache.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", own_cache], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this container may not mount a small disk")
    try:
        use(f"{server}/good")
        with pytest.raises(data.DataError, match="No space left"):
            data.fetch("demo")
        assert "big" not in leftovers(own_cache)
    finally:
        subprocess.run(["umount", own_cache], check=True)


CHILD = """
import sys; sys.path.insert(0, {root!r}); sys.path.insert(0, {tests!r})
from utils import data
import test_data
data.registry = lambda: {{"demo": test_data.entry({url!r})}}
data.fetch("demo")
"""


def child(url: str, cache: Path) -> subprocess.Popen:
    code = CHILD.format(root=str(ROOT), tests=str(ROOT / "tests"), url=url)
    environment = {**os.environ, "BOOTCAMP_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, encoding="utf-8"
    )


def test_two_processes_download_once(server, own_cache):
    pair = [child(f"{server}/slow", own_cache) for _ in range(2)]
    assert [process.wait(60) for process in pair] == [0, 0]
    assert len([path for path, _ in Server.log if path.endswith("big.gz")]) == 1
    assert leftovers(own_cache) == {"big", "small"}


def test_killed_in_the_middle_then_resumed(server, own_cache):
    part = own_cache / "downloads" / "demo" / "big.part"
    process = child(f"{server}/slow", own_cache)
    deadline = time.monotonic() + 120
    while not (part.exists() and part.stat().st_size > 200_000):
        assert time.monotonic() < deadline, "the download did not start"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert "big" not in leftovers(own_cache)
    Server.log.clear()
    assert child(f"{server}/good", own_cache).wait(60) == 0
    assert Server.log[0][1].startswith("bytes="), "the second process starts where the first one died"
    assert leftovers(own_cache) == {"big", "small"}


def test_hostile_package_writes_nothing_outside(tmp_path, monkeypatch):
    archive = tmp_path / "changed.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("../../big", "/etc/small", "package/data/other"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"bad"))
    scratch, target = tmp_path / "scratch", tmp_path / "target"
    scratch.mkdir()
    target.mkdir()
    monkeypatch.setattr(data, "_tool", lambda name: name)
    monkeypatch.setattr(
        data, "_run", lambda command, cwd=None: (scratch / "changed.tgz").write_bytes(archive.read_bytes())
    )
    with pytest.raises(data.DataError, match="does not have the published content"):
        data._from_npm({**entry(), "npm": "changed@1"}, scratch, target)
    assert leftovers(target) == set()
    assert not (tmp_path / "big").exists()
    assert not (tmp_path.parent / "big").exists()


@pytest.mark.parametrize("wrong", [False, True])
def test_a_file_with_an_md5_is_kept_as_it_was_delivered(server, own_cache, wrong):
    body = Server.files["small.gz"]
    md5 = hashlib.md5(body[:-1] if wrong else body).hexdigest()
    asked = {**entry(), "urls": [f"{server}/good/{{file}}"], "files": {"small.gz": {"bytes": 9, "md5": md5}}}
    if wrong:
        with pytest.raises(data.DataError, match="does not match the published hash"):
            data.fetch_entry("demo", asked)
        assert leftovers(own_cache) == set()
    else:
        assert data.fetch_entry("demo", asked).files["small.gz"].read_bytes() == body


def test_a_file_without_hash_must_pass_its_check(server, own_cache):
    def check(path):
        if path.read_bytes()[:2] != b"PK":
            raise data.DataError("it is no zip archive")

    asked = {
        **entry(),
        "urls": [f"{server}/good/{{file}}"],
        "files": {"small.gz": {"bytes": 9, "check": check}},
    }
    asked["how"] = "ask the instructor"
    with pytest.raises(data.DataError, match=r"small.gz \(it is no zip archive\)[\s\S]*ask the instructor"):
        data.fetch_entry("demo", asked)
    assert leftovers(own_cache) == set()


def test_a_file_that_changes_in_place_is_announced_as_not_verified(server, own_cache, capsys):
    asked = {
        **entry(),
        "urls": [f"{server}/good/{{file}}"],
        "files": {"small.gz": {"bytes": 9, "starts_with": LABELS[:4].decode()}},
    }
    part = own_cache / "downloads" / "demo" / "small.gz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(Server.files["small.gz"][:5])
    data.fetch_entry("demo", asked)
    assert "from downloaded, not verified (no hash is published)" in capsys.readouterr().out
    assert Server.log == [("/good/small.gz", "")], "the part of an older edition is not continued"
    data.fetch_entry("demo", asked)
    assert "from the download cache, not verified" in capsys.readouterr().out
    asked["files"]["small.gz"]["starts_with"] = "SID,"
    with pytest.raises(data.DataError, match="does not start with 'SID,'"):
        data.fetch_entry("demo", asked)
    assert leftovers(own_cache) == set()


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


def test_a_mirror_cannot_write_more_than_is_announced(server, use, own_cache):
    use(f"{server}/flood", f"{server}/good")
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT, "the next mirror is asked"
    use(f"{server}/flood")
    for file in own_cache.rglob("big"):
        file.unlink()
    with pytest.raises(data.DataError, match="sends more than the .* bytes that are announced"):
        data.fetch("demo")
    assert not any(path.suffix == ".part" for path in own_cache.rglob("*"))


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


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(tmp_path):
    """Here 20 MB where 1 kB is announced; more would fill the memory."""
    path = tmp_path / "small.gz"
    path.write_bytes(gzip.compress(bytes(20_000_000)))
    for facts in ({"sha256": "0" * 64}, {"starts_with": "\0"}):
        tracemalloc.start()
        assert "holds more than" in data._fault(path, {"bytes": 1000} | facts)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "value"),
    [("BOOTCAMP_OFFLINE", "yes"), ("BOOTCAMP_CACHE", "/proc/x"), ("BOOTCAMP_DATA", "/no/such")],
)
def test_a_wrong_setting_is_one_sentence_on_the_command_line(name, value, own_cache, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    assert data.main(["mnist"], data.fetch) == 1
    assert name in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")
def test_compiled_code_of_another_user_is_removed_from_a_folder_of_ours(own_cache):
    folder = paths.private_dir("numba")
    for name, owner in (("ours.nbi", os.getuid()), ("theirs.nbi", 65534)):
        (folder / name).touch()
        os.chown(folder / name, owner, -1)
    assert [path.name for path in paths.private_dir("numba").iterdir()] == ["ours.nbi"]
