"""A copy of the course that cannot be written, as on a shared file system: set up and run with folders elsewhere."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from debian import missing

from utils import data
from utils.engine.paths import cache_dir

ROOT = Path(__file__).resolve().parents[1]
# The folder is read-only for this command and its children; the mount is gone with the last of them.
READ_ONLY = 'set -e; mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"'


def run_beside_read_only(folder: Path, command: list, environment: dict) -> subprocess.CompletedProcess:
    own = [] if os.name == "posix" and os.geteuid() == 0 else ["--map-root-user"]
    unshare = ["unshare", "--mount", *own, "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        missing("read-only mounts need unshare and the right to use it")
    command = [*unshare, READ_ONLY, "sh", folder, *command]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path):
    """The environment of a user whose files all lie outside of the course."""
    home = tmp_path / "home"
    home.mkdir()
    keep = {
        name: value for name, value in os.environ.items() if not name.startswith(("BOOTCAMP_", "JUPYTER_"))
    }
    return keep | {"HOME": str(home), "BOOTCAMP_CACHE": str(home / "cache"), "BOOTCAMP_OFFLINE": "1"}


def a_wheel(path: Path) -> str:
    """Write a package that stands for all; return its hash."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ipykernel/__init__.py", "")
        archive.writestr("ipykernel/__main__.py", "")
        archive.writestr(
            "ipykernel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: ipykernel\nVersion: 1.0\n"
        )
        archive.writestr(
            "ipykernel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("ipykernel-1.0.dist-info/RECORD", "ipykernel/__init__.py,,0\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_is_set_up_with_environment_and_log_elsewhere(tmp_path, elsewhere):
    course = tmp_path / "course"
    course.mkdir()
    shutil.copy(ROOT / "bootcamp", course)
    shutil.copytree(ROOT / "utils", course / "utils")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    digest = a_wheel(wheels / "ipykernel-1.0-py3-none-any.whl")
    for name in ("requirements.lock", "requirements-torch-cpu.lock"):
        (course / name).write_text(f"ipykernel==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    environment = elsewhere | {
        "BOOTCAMP_VENV": str(tmp_path / "home" / "venv"), "BOOTCAMP_VARIANT": "cpu",
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels),
    }  # fmt: skip
    before = sorted(course.rglob("*"))
    done = run_beside_read_only(course, [sys.executable, "-B", "bootcamp", "run"], environment)
    assert done.stderr.splitlines()[-1:] == [
        "Name one notebook or more, e.g.: ./bootcamp run Start_Here.ipynb"
    ], done.stdout
    assert "Ready after" in done.stdout
    assert (tmp_path / "home" / "venv" / "bootcamp.json").is_file()
    assert (tmp_path / "home" / "cache" / "setup.log").is_file()
    assert sorted(course.rglob("*")) == before


def test_a_notebook_runs_and_its_copy_lies_elsewhere(tmp_path, elsewhere):
    for name in ("mnist", "fashion-mnist"):
        data.fetch(name, quiet=True)
    command = [sys.executable, "-m", "utils.engine.runner", "run", "Start_Here.ipynb"]
    done = run_beside_read_only(ROOT, command, elsewhere | {"BOOTCAMP_DATA": str(cache_dir("downloads"))})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home" / "cache" / "executed" / "Start_Here.ipynb").is_file()
