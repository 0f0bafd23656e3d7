"""The packages of the GPU variant that load on a CPU, beside those of this environment: Lab 1's notebooks with both frameworks.

Triton alone is a download of 190 MB, so this is a command before a release (deploy/README.md holds the last result):

    BOOTCAMP_CUDA_PACKAGES_TEST=1 ./bootcamp test tests/test_cuda_packages.py
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "triton",
    "cuda-bindings",
    "cuda-pathfinder",
)  # the others are the libraries of a driver that is not here
NOTEBOOKS = ("01_Learning_as_Curve_Fitting", "05_Training_Well", "06_Using_Your_GPU")

pytestmark = [
    pytest.mark.release,
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The Python of an environment that holds these packages and sees all of ours."""
    folder = tmp_path_factory.mktemp("cuda")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    [packages] = folder.glob("lib/python3.*/site-packages")
    (packages / "course.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    lock = (ROOT / "requirements-cuda.lock").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", lock) if entry.split("==")[0] in PACKAGES]
    assert len(entries) == len(PACKAGES)
    (folder / "wanted.lock").write_text("\n".join(entries) + "\n", encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--target",
        packages,
    ]
    subprocess.run([*pip, "-r", folder / "wanted.lock"], check=True)
    return folder / "bin" / "python"


def test_they_end_a_process_that_loads_them_in_the_wrong_order(python):
    """Why `course.begin` hides Triton. Once this fails, the two bear each other and it may go."""
    program = "import tensorflow, triton._C.libtriton"
    assert subprocess.run([python, "-c", program], capture_output=True).returncode < 0


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs_with_them(python, notebook):
    path = f"Intro_to_DL/{notebook}.ipynb"
    done = subprocess.run(
        [python, "-m", "pytest", "-q", path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-4000:]
