"""A disk that is full: each writer of the course says so in a sentence, and goes on once there is space again."""

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from debian import missing
from test_utils import TRAIN

from utils.engine import paths, results

ROOT = Path(__file__).resolve().parents[1]
SENTENCE = (
    "The disk is full. Free some space and run this again, or set BOOTCAMP_CACHE to a folder on another"
)


@pytest.fixture
def small_disk(own_cache):
    """The cache on a disk of 5 MB, and a function that leaves so many bytes of it free."""
    own_cache.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        missing("mounting a small disk needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", own_cache]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this container may not mount a small disk")
    filler = own_cache / "filler"

    def leave(free: int) -> None:
        filler.unlink(missing_ok=True)
        with open(filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, os.statvfs(own_cache).f_bavail * 4096 - free)

    yield leave
    subprocess.run(["umount", "--lazy", own_cache], check=True)


def train(saving: str) -> subprocess.CompletedProcess:
    code = TRAIN.replace("store.SAVE_SECONDS = 0", saving)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize(
    ("free", "saving"),
    [
        (0, "store.SAVE_SECONDS = 0"),
        (20480, "store.SAVE_SECONDS = 0"),
        (20480, "store.SAVE_SECONDS = 1e9"),
    ],
)
def test_a_training_says_it_and_goes_on_once_there_is_space(small_disk, own_cache, free, saving):
    for folder in ("other/trained", "logs", "keras"):
        (own_cache / folder).mkdir(parents=True)
    small_disk(free)
    full = train(saving)
    assert full.returncode == 1
    assert f"DiskFull: [Errno {errno.ENOSPC}] {SENTENCE}" in full.stderr, full.stderr
    (own_cache / "filler").unlink()
    freed = train(saving)
    assert "RUN 6 False" in freed.stdout, freed.stderr
    assert "RUN 6 True" in train(saving).stdout


def test_a_figure_says_it_and_the_old_one_stays(small_disk):
    results.record("lab.figure", 1.0)
    small_disk(0)
    with pytest.raises(OSError, match=SENTENCE) as error:
        results.record("lab.figure", 2.0)
    assert error.value.errno == errno.ENOSPC
    assert results.read_all()["lab.figure"]["value"] == 1.0


@pytest.mark.parametrize("words", ["No space left on device", "[Errno 122] Disk quota exceeded"])
def test_other_libraries_words_for_it(words, tmp_path):
    with pytest.raises(OSError, match=SENTENCE), paths.full_disk_is_said(tmp_path):
        raise RuntimeError(words)


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError), paths.full_disk_is_said(tmp_path):
        raise ZeroDivisionError


def test_the_error_is_one_of_the_disk_and_of_the_data_also_after_a_worker_has_sent_it(tmp_path):
    error = pickle.loads(pickle.dumps(paths.disk_full(tmp_path, 3_000_000)))
    assert isinstance(error, OSError)
    assert isinstance(error, paths.DataError)
    assert error.errno == errno.ENOSPC
    assert "The disk is full, and 3 MB are needed. Free some space" in str(error)
    assert str(tmp_path) in str(error)
