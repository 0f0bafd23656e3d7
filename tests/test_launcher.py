"""The launcher in the situations of a class room: half-made, offline, full, twice at once, port taken."""

import hashlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import venv
import zipfile
from pathlib import Path

import pytest

from utils import runner

ROOT = Path(__file__).resolve().parents[1]


def load():
    loader = importlib.machinery.SourceFileLoader("launcher", str(ROOT / "bootcamp"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("launcher", loader))
    dont_write, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = dont_write
    return module


@pytest.fixture(scope="session")
def blank_venv(tmp_path_factory):
    """An empty environment, made once: a copy of it is ten times quicker than a new one."""
    folder = tmp_path_factory.mktemp("blank") / "venv"
    venv.create(folder, with_pip=True)
    return folder


@pytest.fixture
def launcher(tmp_path, monkeypatch, blank_venv):
    """The launcher with an environment of its own and requirements of one small wheel."""
    wheel = tmp_path / "wheels" / "demo_course-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("demo_course.py", "answer = 42\n")
        archive.writestr(
            "demo_course-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo-course\nVersion: 1.0\n"
        )
        archive.writestr(
            "demo_course-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("demo_course-1.0.dist-info/RECORD", "")
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"demo-course==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    module = load()
    monkeypatch.setattr(module, "VENV", tmp_path / "venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", tmp_path / "venv" / "bootcamp.json")
    monkeypatch.setattr(module, "LOG", tmp_path / "setup.log")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "locks", lambda kind: [lock])
    monkeypatch.setattr(module, "variant", lambda: "cpu")
    monkeypatch.setattr(module, "get_data", lambda names, required: 0)
    monkeypatch.setattr(
        module.venv, "create", lambda folder, with_pip: shutil.copytree(blank_venv, folder, symlinks=True)
    )
    kernel = module.step

    def step_without_kernel(command, sentence):
        return None if "ipykernel" in [str(part) for part in command] else kernel(command, sentence)

    monkeypatch.setattr(module, "step", step_without_kernel)
    return module


def works(launcher) -> bool:
    done = subprocess.run(
        [launcher.PYTHON, "-c", "import demo_course; print(demo_course.answer)"],
        capture_output=True,
        text=True,
    )
    return done.stdout == "42\n"


def test_help_and_unknown_command():
    done = subprocess.run([sys.executable, ROOT / "bootcamp", "--help"], capture_output=True, text=True)
    assert "./bootcamp lab" in done.stdout
    done = subprocess.run([sys.executable, ROOT / "bootcamp", "lap"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "one of" in done.stderr or "choose from" in done.stderr


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_python_too_old_or_too_new(version):
    code = (
        f"import sys; sys.version_info = {version} + (0, 'final', 0)\n"
        "source = open('bootcamp').read(); exec(compile(source, 'bootcamp', 'exec'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"needs Python 3.11, 3.12 or 3.13, and this is Python {version[0]}.{version[1]}" in done.stderr


def test_first_start_then_a_second_that_has_nothing_to_do(launcher, monkeypatch, capsys):
    launcher.set_up()
    assert works(launcher)
    assert "First start" in capsys.readouterr().out
    monkeypatch.setattr(launcher, "run_logged", lambda command: pytest.fail(f"it runs {command}"))
    launcher.set_up()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("damage", ["no stamp", "no python", "no package", "other requirements"])
def test_half_made_environment_is_repaired(launcher, damage, capsys):
    launcher.set_up()
    capsys.readouterr()
    if damage == "no python":
        launcher.PYTHON.unlink()
    elif damage == "no package":
        next(launcher.VENV.rglob("demo_course.py")).unlink()
        launcher.STAMP.unlink()
        for folder in launcher.VENV.rglob("demo_course-1.0.dist-info"):
            subprocess.run(["rm", "-r", folder], check=True)
    elif damage == "no stamp":
        launcher.STAMP.unlink()
    else:
        launcher.STAMP.write_text(json.dumps({"locks": "of last year"}))
    launcher.set_up()
    assert works(launcher)
    assert "repairing it" in capsys.readouterr().out


def test_no_network_says_so(launcher, monkeypatch, capsys):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    for name, value in (
        ("INDEX_URL", "http://127.0.0.1:9/simple"),
        ("RETRIES", "1"),
        ("CONFIG_FILE", os.devnull),
    ):
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(SystemExit):
        launcher.set_up()
    said = capsys.readouterr().err
    assert "There seems to be no network" in said
    assert "start again" in said
    assert not launcher.STAMP.exists()


def test_a_tampered_package_is_refused(launcher, capsys, tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("demo-course==1.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "differs from the one that was tested" in capsys.readouterr().err


def test_no_space_is_told_before_anything_is_made(launcher, monkeypatch, capsys):
    monkeypatch.setitem(launcher.NEEDED_GB, "cpu", 10**9)
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "the environment needs about" in capsys.readouterr().err
    assert not launcher.VENV.exists()


def test_disk_full_in_the_middle(launcher, monkeypatch, capsys):
    def full(command):
        launcher.LOG.write_text("ERROR: Could not install packages: [Errno 28] No space left on device\n")
        return 1

    monkeypatch.setattr(launcher, "run_logged", full)
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "The disk is full" in capsys.readouterr().err


def test_two_launchers_build_once(launcher):
    calls = []
    original = launcher.make_venv

    def slow():
        calls.append(1)
        time.sleep(0.5)
        original()

    launcher.make_venv = slow
    pair = [threading.Thread(target=launcher.set_up) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join(60)
    assert len(calls) == 1
    assert works(launcher)


def test_a_lock_of_a_killed_launcher_does_not_block(launcher):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    lock = launcher.VENV.with_name("venv.lock")
    lock.mkdir()
    (lock / "pid").write_text(str(dead.pid))
    launcher.set_up()
    assert works(launcher)
    assert not lock.exists()


def test_taken_port(launcher, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            launcher.choose_port(port)
        assert f"Port {port} is taken" in capsys.readouterr().err
    assert launcher.choose_port(None) >= 8888


def test_score_hands_its_arguments_on(launcher, monkeypatch, tmp_path):
    became = []
    monkeypatch.setattr(launcher, "set_up", lambda: None)
    monkeypatch.setattr(
        launcher, "become", lambda command: became.append([str(part) for part in command]) or 0
    )
    monkeypatch.setattr(
        sys, "argv", ["bootcamp", "score", "cyclone", "mine.csv", "--key", "k" * 12, "--name", "Ada"]
    )
    monkeypatch.chdir(tmp_path)
    assert launcher.main() == 0
    command = became[0]
    assert command[1:4] == ["-m", "utils.score", "--folder"]
    assert command[4:] == [str(tmp_path), "cyclone", "mine.csv", "--key", "k" * 12, "--name", "Ada"]


@pytest.mark.parametrize("statuses", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_test_runs_the_code_first_and_then_the_notebooks(launcher, monkeypatch, statuses):
    """All parts always run, and one red part makes the whole red."""
    called, left = [], list(statuses)
    monkeypatch.setattr(launcher, "set_up", lambda: None)
    monkeypatch.setattr(launcher, "get_data", lambda names, required: 0)
    monkeypatch.setattr(launcher.subprocess, "call", lambda c, cwd: called.append(c) or left.pop(0))
    assert launcher.test(None, []) == max(statuses)
    assert called[0][-1] == "tests"
    folders = called[1][3:] + called[2][-1:]
    assert folders == ["Start_Here.ipynb", *runner.LABS[:3], runner.LABS[3]], "every notebook in one run"
    monkeypatch.setattr(launcher, "become", lambda command: command[3:])
    assert launcher.test(None, ["-k", "02_Your"]) == ["-k", "02_Your"]


def test_no_part_of_the_test_command_repeats_another(launcher):
    """Pytest itself says what the two runs of notebooks hold: each notebook once, and no test of the code."""
    found = []
    for arguments in (launcher.ALL_CORES_NOTEBOOKS, [launcher.ONE_THREAD_LAB]):
        command = [sys.executable, "-m", "pytest", "--collect-only", *arguments]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found += sorted({line.split("::")[0] for line in said.splitlines() if "::" in line})
    assert sorted(found) == sorted(str(path.relative_to(ROOT)) for path in runner.notebooks())


def test_variant_follows_the_driver(monkeypatch, tmp_path):
    module = load()
    monkeypatch.delenv("BOOTCAMP_VARIANT", raising=False)
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert module.variant() == "cuda"
    assert [path.name for path in module.locks("cuda")] == [
        "requirements-torch-cuda.lock",
        "requirements-cuda.lock",
    ]
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert module.variant() == "cpu"
    assert all(path.exists() for kind in ("cpu", "cuda") for path in module.locks(kind))
