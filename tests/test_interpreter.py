"""The launcher started with a Python that does not fit, and where no Python does; the locks on all systems."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from debian import missing

from utils.engine import interpreter

ROOT = Path(__file__).resolve().parents[1]
STARTED_WITH = """
import runpy, sys
sys.version_info = {version} + (0, "final", 0)
sys.argv = ["bootcamp", "check", "--me"]
runpy.run_path("bootcamp", run_name="__main__")
"""
A_PYTHON = '#!/bin/sh\nif [ "$1" = -c ]; then exit {status}; fi\necho "went on: $(basename "$0") $*"\n'
SYSTEMS = {  # that the README promises
    "x86_64-manylinux_2_28": True,
    "aarch64-manylinux_2_28": True,
    "aarch64-apple-darwin": True,
    "x86_64-pc-windows-msvc": True,
    "x86_64-apple-darwin": False,  # argon2-cffi-bindings has no wheel, and `unsupported` says a sentence
    "aarch64-pc-windows-msvc": False,  # grpcio
}


def script(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def start(tmp_path):
    """Starts the launcher with a pretended version of Python and only ``tmp_path / "bin"`` before the shell's tools."""
    (tmp_path / "bin").mkdir()

    def run(version: tuple[int, int], **more: str) -> subprocess.CompletedProcess:
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("sh", "basename", "cat"):
            if not (tools / name).exists():
                (tools / name).symlink_to(
                    f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}"
                )
        environment = {
            "PATH": f"{tmp_path / 'bin'}:{tools}", "HOME": str(tmp_path), "BOOTCAMP_CACHE": str(tmp_path / "cache"),
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), **more,
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-B", "-c", STARTED_WITH.format(version=version)],
            cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_it_goes_on_with_the_newest_python_on_the_path_that_works(start, tmp_path, version):
    script(
        tmp_path / "bin", "python3.13", A_PYTHON.format(status=1)
    )  # without venv, or a stub of a version manager
    script(tmp_path / "bin", "python3.12", A_PYTHON.format(status=0))
    script(tmp_path / "bin", "python3.11", A_PYTHON.format(status=0))
    done = start(version)
    assert done.stdout == f"went on: python3.12 {ROOT / 'bootcamp'} check --me\n"
    assert f"and this is Python {version[0]}.{version[1]}: going on with" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_one_uv_fetches_it_after_one_sentence_and_once(start, tmp_path):
    python = script(tmp_path / "fetched", "python", A_PYTHON.format(status=0))
    script(
        tmp_path / "bin",
        "uv",
        f"""#!/bin/sh
echo "$2 $UV_PYTHON_INSTALL_DIR" >> {tmp_path}/asked
if [ "$2" = install ]; then echo > {tmp_path}/there; exit 0; fi
test -e {tmp_path}/there && echo {python}
""",
    )
    done = start((3, 14))
    assert done.stdout == f"went on: python {ROOT / 'bootcamp'} check --me\n", done.stderr
    assert "Fetching Python 3.13 through uv" in done.stderr
    place = tmp_path / "cache" / "python" / "versions"
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked == [f"{word} {place}" for word in ("find", "install", "find")]
    again = start((3, 14), BOOTCAMP_OFFLINE="1")
    assert again.stdout == done.stdout
    assert "Fetching" not in again.stderr


@pytest.mark.parametrize("network", ["forbidden", "none"])
def test_where_none_can_be_had_it_says_what_to_do(start, network):
    done = start((3, 14), **({"BOOTCAMP_OFFLINE": "1"} if network == "forbidden" else {}))
    assert done.returncode == 1
    assert ("Fetching" in done.stderr) == (network == "none")
    assert "No Python that fits could be had.\nInstall Python 3.13" in done.stderr
    assert "Traceback" not in done.stderr


def test_uv_itself_comes_by_the_hashes_of_its_lock(start, tmp_path):
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels" / "uv-0.13.9-py3-none-any.whl", "w") as archive:
        archive.writestr("uv-0.13.9.data/scripts/uv", "#!/bin/sh\necho forged\n")
        archive.writestr("uv-0.13.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.13.9\n")
        archive.writestr(
            "uv-0.13.9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("uv-0.13.9.dist-info/RECORD", "uv-0.13.9.data/scripts/uv,,\n")
    done = start((3, 14))
    assert "No Python that fits could be had" in done.stderr
    assert not list((tmp_path / "cache").rglob("bin/uv"))


def test_an_ancient_python_gets_a_sentence():
    code = STARTED_WITH.format(version=(2, 7))
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13, and this is Python 2.7" in done.stderr


@pytest.mark.parametrize(
    ("system", "built_for", "machine", "release", "words"),
    [
        ("darwin", "macosx-14.0-x86_64", "x86_64", "15.1", "Intel processor"),
        ("darwin", "macosx-11.0-universal2", "x86_64", "15.1", "Intel processor"),
        ("darwin", "macosx-11.0-arm64", "arm64", "13.6.1", "This is macOS 13.6.1"),
        ("darwin", "macosx-11.0-arm64", "arm64", "12.7", "macOS 14 or newer"),
        ("darwin", "macosx-11.0-arm64", "arm64", "14.0", ""),
        ("darwin", "macosx-11.0-universal2", "arm64", "26.1", ""),
        ("darwin", "macosx-11.0-arm64", "arm64", "10.16", ""),
        ("win32", "win-arm64", "ARM64", "", "Windows on Arm"),
        ("win32", "win32", "x86", "", "Windows on 32 bits"),
        ("win32", "win-amd64", "AMD64", "", ""),
        ("linux", "linux-x86_64", "x86_64", "", ""),
        ("linux", "linux-aarch64", "aarch64", "", ""),
    ],
)  # fmt: skip
def test_a_system_without_packages_gets_one_sentence(system, built_for, machine, release, words, monkeypatch):
    monkeypatch.setattr(interpreter.sys, "platform", system)
    monkeypatch.setattr(interpreter.sysconfig, "get_platform", lambda: built_for)
    monkeypatch.setattr(interpreter.platform, "machine", lambda: machine)
    monkeypatch.setattr(interpreter.platform, "mac_ver", lambda: (release, ("", "", ""), machine))
    said = interpreter.unsupported()
    assert words in said
    assert bool(said) == bool(words)


@pytest.fixture(scope="session")
def uv(tmp_path_factory):
    """The locked uv, from where this machine's pip looks for packages."""
    folder = tmp_path_factory.mktemp("uv")
    options = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "-q", "--target", folder]
    command = [sys.executable, "-m", "pip", "install", *options, "-r", ROOT / "requirements-uv.lock"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        missing("uv cannot be had: there is no package index")
    return folder / "bin" / "uv"


def resolving(uv: Path, lock: str, system: str, version: str, nowhere: Path) -> subprocess.Popen:
    """uv's dry run of a lock with its hashes, for another system and Python."""
    return subprocess.Popen(
        [uv, "pip", "install", "--dry-run", "--require-hashes", "--only-binary", ":all:", "--no-deps", "--target", nowhere,
         "--python", sys.executable, "--python-platform", system, "--python-version", version, "-r", ROOT / lock],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": f"{interpreter.OLDEST_MACOS}.0"},
    )  # fmt: skip


def answer(run: subprocess.Popen) -> str:
    said = run.communicate()[0]
    if "error sending request" in said or "dns error" in said:
        missing("the package index cannot be reached")
    return said


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_resolves_where_the_readme_says(uv, system, tmp_path):
    """For every Python that the course runs on."""
    versions = ["3.11", "3.12", "3.13"] if SYSTEMS[system] else ["3.12"]
    runs = [resolving(uv, "requirements.lock", system, version, tmp_path / "none") for version in versions]
    for run, said in [(run, answer(run)) for run in runs]:
        if SYSTEMS[system]:
            assert run.returncode == 0, said
            assert "+ tensorflow==" in said
        else:
            assert "Wheels are required for" in said


OTHERS = [  # lock, what it is for, versions of Python
    (
        "requirements-torch-cpu.lock",
        ["aarch64-apple-darwin", "x86_64-pc-windows-msvc"],
        ["3.11", "3.12", "3.13"],
    ),
    ("requirements-cuda.lock", ["x86_64-manylinux_2_28"], ["3.12", "3.13"]),
    ("requirements-hub.lock", ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"], ["3.12"]),
    ("requirements-book.lock", [system for system, works in SYSTEMS.items() if works], ["3.13"]),
]


@pytest.mark.parametrize(("lock", "systems", "versions"), OTHERS, ids=[lock for lock, _, _ in OTHERS])
def test_the_other_locks_resolve_for_what_they_are_for(uv, lock, systems, versions, tmp_path):
    """PyTorch's builds for Linux come from its own index, which CI cannot ask: `deploy/README.md` says so."""
    for system in systems:
        for version in versions:
            run = resolving(uv, lock, system, version, tmp_path / "none")
            said = answer(run)
            assert run.returncode == 0, f"{system}, Python {version}: {said}"
