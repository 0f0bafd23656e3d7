"""Downloads and packages from good and hostile sources, all on this machine."""

import errno
import gzip
import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
import tracemalloc
from pathlib import Path

import pytest

from mirror import CONTENT, LABELS, Server, entry, leftovers
from utils import data
from utils.engine import download

pytest_plugins = ["mirror"]  # fixtures: server, use
ROOT = Path(__file__).resolve().parents[1]


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


def test_package_clients_are_the_last_resort_and_their_failure_is_told(use):
    use("http://127.0.0.1:9")
    with pytest.raises(data.DataError, match="debian could not provide no-such-package"):
        data.obtain("demo")


def test_full_disk_is_one_sentence_and_leaves_nothing(server, use, own_cache, monkeypatch):
    use(f"{server}/good")

    def full(self, content):
        Path(self).touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(data.DataError) as error:
        data.fetch("demo")
    assert "The disk is full" in str(error.value)
    assert "Free some space and run this again, or set BOOTCAMP_CACHE" in str(error.value)
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
        with pytest.raises(data.DataError, match="The disk is full"):
            data.fetch("demo")
        assert "big" not in leftovers(own_cache)
    finally:
        subprocess.run(["umount", own_cache], check=True)


CHILD = """
import sys; sys.path.insert(0, {root!r}); sys.path.insert(0, {tests!r})
from utils import data
import mirror
data.registry = lambda: {{"demo": mirror.entry({url!r})}}
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
    monkeypatch.setattr(download, "_tool", lambda name: name)
    monkeypatch.setattr(
        download,
        "_run",
        lambda command, cwd=None: (scratch / "changed.tgz").write_bytes(archive.read_bytes()),
    )
    with pytest.raises(data.DataError, match="does not have the published content"):
        download._from_npm({**entry(), "npm": "changed@1"}, scratch, target)
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


def test_a_mirror_cannot_write_more_than_is_announced(server, use, own_cache):
    use(f"{server}/flood", f"{server}/good")
    assert data.fetch("demo").files["big"].read_bytes() == CONTENT, "the next mirror is asked"
    use(f"{server}/flood")
    for file in own_cache.rglob("big"):
        file.unlink()
    with pytest.raises(data.DataError, match="sends more than the .* bytes that are announced"):
        data.fetch("demo")
    assert not any(path.suffix == ".part" for path in own_cache.rglob("*"))


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(tmp_path):
    """Here 20 MB where 1 kB is announced; more would fill the memory."""
    path = tmp_path / "small.gz"
    path.write_bytes(gzip.compress(bytes(20_000_000)))
    for facts in ({"sha256": "0" * 64}, {"starts_with": "\0"}):
        tracemalloc.start()
        assert "holds more than" in download.fault_of(path, {"bytes": 1000} | facts)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()
