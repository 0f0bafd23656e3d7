"""Python 3.13 as Debian 13 ships it: the locks with their hashes, then all of Lab 1 and the first notebook of each other lab.

A command before a release (deploy/README.md holds the last result); it needs root on Linux, debootstrap and 15 GB of disk:

    BOOTCAMP_TRIXIE_TEST=1 ./bootcamp test tests/test_trixie.py
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import debian
import pytest

from utils import data

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = [
    path.relative_to(ROOT).as_posix()
    for pattern in ("Intro_to_DL/0*.ipynb", "[CPT]*/01_*.ipynb")
    for path in sorted(ROOT.glob(pattern))
]
# uv unpacks in a fraction of pip's processor time; it comes by the hashes of its own lock.
SYSTEM = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates python3 python3-venv
useradd --create-home learner
chown -R learner /course
python3 -m venv /opt/tools
/opt/tools/bin/pip install -q --require-hashes --only-binary :all: -r /course/requirements-uv.lock
/opt/tools/bin/uv venv -q --python /usr/bin/python3 /opt/venv
"""
INSTALL = "/opt/tools/bin/uv pip install -q --python /opt/venv/bin/python --only-binary :all: "
LOCKED_TORCH = INSTALL + (
    "--require-hashes --no-deps -r /course/requirements-torch-cpu.lock --index https://download.pytorch.org/whl/cpu"
)

pytestmark = [
    pytest.mark.release,
    pytest.mark.timeout(5400),
]


@pytest.fixture(scope="module")
def root(record_testsuite_property) -> Iterator[Path]:
    """A Debian 13 with the course's packages, its files and its data."""
    with debian.fresh_root("trixie") as root:
        debian.copy_of_the_tracked_files(root / "course")
        for name, entry in data.registry().items():
            if entry.get("optional"):
                continue
            (root / "data" / name).mkdir(parents=True)
            for file, path in data.obtain(name).files.items():
                shutil.copyfile(path, root / "data" / name / (file + ".gz" if path.suffix == ".gz" else file))
        done(debian.run_inside(root, "bash", "-c", SYSTEM))
        version = done(debian.run_inside(root, "/opt/venv/bin/python", "--version"))
        if debian.run_inside(root, "bash", "-c", LOCKED_TORCH).returncode:  # PyTorch's index is not reached
            pinned = (ROOT / "requirements-torch-cpu.lock").read_text(encoding="utf-8")
            plain = "torch==" + pinned.split("torch==")[1].split("+")[0]
            done(debian.run_inside(root, "bash", "-c", INSTALL + plain))
            record_testsuite_property("with", f"{plain} of PyPI, not of the lock")
        done(
            debian.run_inside(
                root, "bash", "-c", INSTALL + "--no-deps --require-hashes -r /course/requirements.lock"
            )
        )
        record_testsuite_property("with", version.strip())
        yield root


def done(run: subprocess.CompletedProcess) -> str:
    assert run.returncode == 0, run.stdout[-4000:]
    return run.stdout


def test_packages_agree(root):
    done(debian.run_inside(root, "/opt/tools/bin/uv", "pip", "check", "--python", "/opt/venv/bin/python"))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs(root, notebook):
    settings = ("env", "-C", "/course", "BOOTCAMP_DATA=/data", "BOOTCAMP_CACHE=/home/learner/cache")
    command = ("/opt/venv/bin/python", "-m", "pytest", "-q", notebook)
    done(debian.run_inside(root, *settings, *command, user="learner"))
