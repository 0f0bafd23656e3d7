"""The launcher in the situations of a class room: half-made, offline, full, twice at once, port taken."""

import errno
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

from utils.engine import runner

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
        digest = "sha256=CndQInRPZMNShj8WXy4SWJhBmZm8V8gyBHcgNtDvay4"
        archive.writestr("demo_course-1.0.dist-info/RECORD", f"demo_course.py,{digest},12\n")
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        f"demo-course==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n", encoding="utf-8"
    )
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
    monkeypatch.setattr(module, "become", lambda command: pytest.fail(f"{command} would replace the tests"))
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
        encoding="utf-8",
    )
    return done.stdout == "42\n"


def test_help_and_unknown_command():
    done = subprocess.run(
        [sys.executable, ROOT / "bootcamp", "--help"], capture_output=True, encoding="utf-8"
    )
    assert "./bootcamp lab" in done.stdout
    done = subprocess.run([sys.executable, ROOT / "bootcamp", "lap"], capture_output=True, encoding="utf-8")
    assert done.returncode == 2
    assert "one of" in done.stderr or "choose from" in done.stderr


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
        launcher.STAMP.write_text(json.dumps({"locks": "of last year"}), encoding="utf-8")
    launcher.set_up()
    assert works(launcher)
    assert "repairing it" in capsys.readouterr().out


def put_uv(launcher, tmp_path, script: str) -> Path:
    """A stand-in for uv in the folder of wheels; it writes what it was called with into the file that is returned."""
    said = tmp_path / "uv-said"
    wheel = tmp_path / "wheels" / "uv-0.0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        body = f'#!/bin/sh\necho "$UV_FIND_LINKS" "$@" >> {said}\n{script}\n'
        program = zipfile.ZipInfo("uv-0.0.1.data/scripts/uv")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, body)
        archive.writestr("uv-0.0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.0.1\n")
        archive.writestr(
            "uv-0.0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("uv-0.0.1.dist-info/RECORD", "uv-0.0.1.data/scripts/uv,,\n")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements-uv.lock").write_text(f"uv==0.0.1 --hash=sha256:{digest}\n", encoding="utf-8")
    return said


def test_uv_installs_with_hashes_from_where_pip_is_told_to_look_and_leaves_nothing(
    launcher, tmp_path, capsys
):
    said = put_uv(launcher, tmp_path, f"{launcher.PYTHON} -m pip install -q --no-deps demo-course")
    launcher.set_up()
    assert works(launcher)
    assert not (launcher.VENV / launcher.installer.FOLDER).exists()
    call = said.read_text(encoding="utf-8").split()
    assert call[0] == str(tmp_path / "wheels")
    assert {"--require-hashes", "--only-binary", "--no-index", str(tmp_path / "requirements.lock")} <= set(
        call
    )
    assert "uv could not" not in capsys.readouterr().out
    launcher.set_up()
    assert len(said.read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize("accident", ["it fails", "tampered", "not to be had", "only pip can"])
def test_pip_installs_where_uv_cannot(launcher, accident, tmp_path, capsys, monkeypatch):
    said = put_uv(launcher, tmp_path, "echo no such file; exit 2")
    if accident == "tampered":
        (tmp_path / "requirements-uv.lock").write_text(
            "uv==0.0.1 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8"
        )
    elif accident == "not to be had":
        next((tmp_path / "wheels").glob("uv-*")).unlink()
    elif accident == "only pip can":
        monkeypatch.setenv("PIP_KEYRING_PROVIDER", "subprocess")
    launcher.set_up()
    assert works(launcher)
    assert said.exists() == (accident == "it fails")
    assert ("uv could not (no such file); pip does it." in capsys.readouterr().out) == (
        accident == "it fails"
    )
    assert not (launcher.VENV / launcher.installer.FOLDER).exists()


def test_what_an_interrupted_uv_left_is_used_or_removed(launcher, tmp_path):
    left = launcher.VENV / launcher.installer.FOLDER / "packages" / "half"
    launcher.set_up()
    left.mkdir(parents=True)
    launcher.PYTHON.unlink()
    launcher.STAMP.unlink()
    launcher.set_up()
    assert works(launcher)
    assert not left.exists()


def test_a_bare_environment_with_the_packages_of_uv_is_the_launchers(launcher, blank_venv):
    shutil.copytree(blank_venv, launcher.VENV, symlinks=True)
    (launcher.VENV / launcher.installer.FOLDER).mkdir()
    launcher.check_place()


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "there",
    [
        ["thesis.txt", "deep/y"],  # the folder of a thesis
        ["bin/tool", "lib/data.csv", "share/notes"],  # names like those of an environment
        ["pyvenv.cfg", "thesis.txt"],
        ["pyvenv.cfg", "share/thesis.txt"],
        ["pyvenv.cfg", "bin/python", "bin/backup.sh"],
        ["pyvenv.cfg", "lib/python3.11/site-packages/pipeline/__init__.py"],
        ["pyvenv.cfg", "include/mine.h"],
        ["bootcamp.json", "bin/tool"],  # a file of another program
        ["pyvenv.cfg", "bin/activate", "lib/python3.11/site-packages/mine/__init__.py"],
        ["pyvenv.cfg", "lib64/python3.11/site-packages/mine.py", "Lib/site-packages/mine.py"],
        [".bashrc"],
    ],
)
def test_a_folder_of_somebody_else_is_refused_untouched(launcher, there, capsys):
    for name in there:
        (launcher.VENV / name).parent.mkdir(parents=True, exist_ok=True)
        (launcher.VENV / name).write_text("mine", encoding="utf-8")
    before = files_in(launcher.VENV)
    with pytest.raises(SystemExit):
        launcher.set_up()
    said = capsys.readouterr().err
    assert "nothing in it was touched" in said
    assert "Set BOOTCAMP_VENV to a folder that is empty or does not exist yet" in said
    assert files_in(launcher.VENV) == before
    assert not launcher.VENV.with_name("venv.lock").exists()


def test_an_inventory_names_packages_and_no_other_folder(launcher):
    launcher.set_up()
    thesis = launcher.VENV.parent / "thesis"
    thesis.mkdir()
    (thesis / "text").write_text("mine", encoding="utf-8")
    for names in (
        ["../../../../../thesis", "../../../thesis", str(thesis), "", ".", ".."],
        [1, None],
        {"thesis": 1},
    ):
        (launcher.VENV / launcher.INVENTORY).write_text(json.dumps(names), encoding="utf-8")
        launcher.STAMP.unlink()
        launcher.set_up(whole=True)
        assert files_in(thesis) == {"text": "mine"}
        assert works(launcher)


def test_a_lock_that_is_a_link_to_a_file_is_not_followed(launcher, capsys):
    """In a folder that all users may write to, one could lay a link to a file of ours there."""
    thesis = launcher.VENV.parent / "thesis.txt"
    thesis.write_text("mine", encoding="utf-8")
    launcher.VENV.with_name("venv.setting-up").symlink_to(thesis)
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "cannot be made or repaired" in capsys.readouterr().err
    assert thesis.read_text(encoding="utf-8") == "mine"


def test_a_link_in_the_place_of_the_environment_is_followed(tmp_path, monkeypatch):
    monkeypatch.delenv("BOOTCAMP_VENV", raising=False)
    monkeypatch.setattr(os.path, "realpath", lambda path, **names: str(tmp_path / "disk2"))
    assert tmp_path / "disk2" == load().VENV


def test_a_folder_that_may_not_be_listed_is_a_sentence(launcher, monkeypatch, capsys):
    launcher.VENV.mkdir()

    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(launcher.os, "listdir", refuse)
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "Set BOOTCAMP_VENV to a folder that you can write to" in capsys.readouterr().err


def test_packages_of_one_command_come_when_it_first_runs(launcher, tmp_path, monkeypatch, capsys):
    """Nobody who builds no web pages waits for what builds them; a changed lock is installed again."""
    lock, installed = tmp_path / "requirements-book.lock", []
    lock.write_text("sphinx", encoding="utf-8")
    launcher.VENV.mkdir()
    monkeypatch.setattr(launcher, "set_up", lambda: installed.append("set up"))
    monkeypatch.setattr(launcher, "install", installed.append)
    monkeypatch.setattr(launcher.installer, "pip_settings", lambda python: {})
    monkeypatch.setattr(launcher, "become", lambda command: 0)
    launcher.main(["run", "Start_Here.ipynb"])
    assert installed == ["set up"]
    for expected in (["set up", lock], ["set up"]):
        installed.clear()
        launcher.main(["book"])
        assert installed == expected
    lock.write_text("sphinx, newer", encoding="utf-8")
    launcher.main(["book"])
    assert installed[-1] == lock

    def fails(lock):
        raise SystemExit(1)

    monkeypatch.setattr(launcher, "install", fails)
    lock.write_text("sphinx, newest", encoding="utf-8")
    for _ in range(2):  # what failed is tried again
        with pytest.raises(SystemExit):
            launcher.main(["book"])
    launcher.remove_venv()
    assert not (launcher.VENV / launcher.BOOK_STAMP).exists()


@pytest.mark.parametrize("command", ["lab", "data", "run", "results", "book", "score", "test"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOOTCAMP_SEED", "abc"),
        ("BOOTCAMP_OFFLINE", "yes"),
        ("BOOTCAMP_CACHE", "/proc/x"),
        ("BOOTCAMP_DATA", "/no/such"),
    ],
)
def test_a_wrong_setting_is_said_before_anything_starts(launcher, command, name, value, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(launcher, "set_up", lambda: pytest.fail("it starts"))
    with pytest.raises(SystemExit):
        launcher.main([command])
    said = capsys.readouterr().err
    assert name in said
    assert "Traceback" not in said


def test_a_terminal_that_knows_ascii_alone_gets_every_sentence(tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "BOOTCAMP_CACHE": str(tmp_path / "Jürgen")}
    command = [sys.executable, ROOT / "bootcamp", "score", "--help"]
    (tmp_path / "Jürgen").write_text("a file", encoding="utf-8")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert "J\\xfcrgen, which is not a folder" in done.stderr


def test_somebodys_working_environment_is_refused_too(launcher, blank_venv, capsys):
    shutil.copytree(blank_venv, launcher.VENV, symlinks=True)
    package = next(launcher.VENV.glob("lib*/python*/site-packages")) / "mine.py"
    package.write_text("x = 1", encoding="utf-8")
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "nothing in it was touched" in capsys.readouterr().err
    assert package.exists()


def test_a_file_in_the_place_of_the_environment_is_refused(launcher, capsys):
    launcher.VENV.write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "nothing in it was touched" in capsys.readouterr().err
    assert launcher.VENV.read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_and_a_half_made_environment_are_used(launcher, blank_venv):
    launcher.VENV.mkdir()
    launcher.check_place()
    launcher.VENV.rmdir()
    shutil.copytree(blank_venv, launcher.VENV, symlinks=True)  # stopped before anything was installed
    launcher.PYTHON.unlink()
    launcher.set_up()
    assert works(launcher)


def test_an_environment_of_an_older_launcher_survives_an_interrupted_repair(launcher, monkeypatch):
    launcher.set_up()
    (launcher.VENV / launcher.MARK).unlink()  # they had none
    launcher.STAMP.write_text(json.dumps({"locks": "of last year"}), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(
            launcher, "run_logged", lambda command: launcher.LOG.write_text("stopped", encoding="utf-8") and 1
        )
        with pytest.raises(SystemExit):
            launcher.set_up()
    assert not launcher.STAMP.exists()
    launcher.set_up()
    assert works(launcher)


def test_repairing_keeps_what_somebody_put_beside_the_environment(launcher, monkeypatch):
    launcher.set_up()
    (launcher.VENV / "thesis.txt").write_text("mine", encoding="utf-8")
    launcher.PYTHON.unlink()
    monkeypatch.setattr(
        launcher.venv, "create", lambda folder, with_pip: (_ for _ in ()).throw(OSError("stopped here"))
    )
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert files_in(launcher.VENV) == {"thesis.txt": "mine"}


def test_a_folder_named_like_the_lock_keeps_its_files(launcher):
    lock = launcher.VENV.with_name("venv.lock")
    lock.mkdir()
    (lock / "mine").write_text("mine", encoding="utf-8")
    launcher.remove_old_lock(lock)
    assert files_in(lock) == {"mine": "mine"}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("", "default"),
        (" ", "default"),
        ("~/v", "home/v"),
        ("v", "work/v"),
        (".", "work"),
        ("link", "target"),
    ],
)
def test_the_folder_of_a_variable_is_absolute(named, expected, tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "link").symlink_to(tmp_path / "target")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOOTCAMP_VENV", named)
    default = ROOT / ".venv"
    assert (default if expected == "default" else tmp_path / expected) == load().VENV


@pytest.mark.parametrize(
    "line",
    ["target = {0}", "prefix = {0}", "root = {0}", "user = true", "dry-run = true", "no-binary = :all:"],
)
def test_a_file_of_pips_settings_says_where_packages_come_from_and_no_more(
    launcher, monkeypatch, tmp_path, line
):
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[install]\n{line.format(tmp_path / 'elsewhere')}\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    before = dict(os.environ)
    launcher.set_up()
    assert works(launcher)
    assert not (tmp_path / "elsewhere").exists()
    assert dict(os.environ) == before


@pytest.mark.parametrize("retries", ["1", "0"])
def test_no_network_says_so(launcher, monkeypatch, capsys, retries):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    for name, value in (
        ("INDEX_URL", "http://127.0.0.1:9/simple"),
        ("RETRIES", retries),
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
    lock.write_text("demo-course==1.0 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
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
        launcher.LOG.write_text(
            "ERROR: Could not install packages: [Errno 28] No space left on device\n", encoding="utf-8"
        )
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
    (lock / "pid").write_text(str(dead.pid), encoding="utf-8")
    launcher.set_up()
    assert works(launcher)
    assert not lock.exists()


def test_a_launcher_waits_for_the_one_that_holds_the_lock_and_not_for_ever(launcher, capsys, monkeypatch):
    path = launcher.VENV.with_name("venv.setting-up")
    held = launcher.wait_for_lock(path, time.time())
    assert f"process {os.getpid()}" in path.read_text(encoding="utf-8")
    monkeypatch.setattr(launcher, "LOCK_SECONDS", 0.7)
    with pytest.raises(SystemExit):
        launcher.set_up()
    said = capsys.readouterr()
    assert f"Waiting for process {os.getpid()}" in said.out
    assert f"remove {path} and start again" in said.err
    held.close()
    launcher.set_up()
    assert works(launcher)
    assert not path.exists()


def test_a_lock_ends_with_its_owner_whatever_is_written_in_it(launcher):
    """A number that another process has today, an empty file, a file that is no text: none of them blocks."""
    path = launcher.VENV.with_name("venv.setting-up")
    for content in (b"process 1 on elsewhere", b"", b"\xff\xfe"):
        path.write_bytes(content)
        launcher.wait_for_lock(path, time.time()).close()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks_is_said_and_works(launcher, monkeypatch, capsys, code):
    def no_lock(file):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(launcher, "lock", no_lock)
    launcher.set_up()
    assert works(launcher)
    assert "do not start the course twice at once" in capsys.readouterr().out


@pytest.mark.parametrize(
    "damage", ["module gone", "module cut", "module changed", "record gone", "record cut", "record huge"]
)
def test_a_damaged_package_is_found_and_installed_again(launcher, damage, capsys):
    launcher.set_up()
    module = next(launcher.VENV.rglob("demo_course.py"))
    record = next(launcher.VENV.glob("lib/python*/site-packages/demo_course-1.0.dist-info/RECORD"))
    if damage == "module gone":
        module.unlink()
    elif damage == "module cut":
        module.write_text("answer = 4", encoding="utf-8")
    elif damage == "module changed":
        module.write_text("answer = 43\n", encoding="utf-8")
    elif damage == "record gone":
        shutil.rmtree(record.parent)
    elif damage == "record huge":
        record.write_text("x" * 200_000, encoding="utf-8")
    else:
        record.write_text('"', encoding="utf-8")
    capsys.readouterr()
    launcher.set_up(whole=True)
    assert works(launcher)
    assert "demo_course 1.0 is damaged and is installed again" in capsys.readouterr().out
    launcher.set_up(whole=True)
    assert capsys.readouterr().out == ""


def test_an_environment_of_another_machine_is_made_again(launcher, monkeypatch):
    launcher.set_up()
    monkeypatch.setattr(launcher.platform, "machine", lambda: "sparc64")
    assert not launcher.is_ready(launcher.wanted_stamp("cpu"))
    launcher.PYTHON.unlink()
    launcher.PYTHON.write_bytes(b"\x7fELF of another processor")
    launcher.PYTHON.chmod(0o755)
    launcher.set_up()
    assert works(launcher)


def test_a_folder_that_cannot_be_written_is_a_sentence(launcher, monkeypatch, capsys):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied", "venv")

    for name in ("wait_for_lock", "make_venv"):
        with monkeypatch.context() as patch:
            patch.setattr(launcher, name, refuse)
            with pytest.raises(SystemExit):
                launcher.set_up()
        assert "Set BOOTCAMP_VENV to a folder that you can write to" in capsys.readouterr().err


def test_cuda_on_python_3_11_is_refused_since_its_lock_has_no_hash(launcher, monkeypatch, capsys):
    monkeypatch.setattr(launcher, "variant", lambda: "cuda")
    monkeypatch.setattr(launcher.sys, "version_info", (3, 11, 9, "final", 0))
    with pytest.raises(SystemExit):
        launcher.set_up()
    assert "python3.12 bootcamp lab" in capsys.readouterr().err
    assert "--require-hashes" in (ROOT / "bootcamp").read_text(encoding="utf-8")
    assert 'remove("--require-hashes")' not in (ROOT / "bootcamp").read_text(encoding="utf-8")


@pytest.mark.parametrize("port", ["70000", "0", "-1", "8888x", "", "1e4", "٨"])
def test_a_port_that_is_none_is_refused(launcher, port, capsys):
    with pytest.raises(SystemExit) as stopped:
        launcher.options_of("lab", [f"--port={port}"])
    assert stopped.value.code == 2
    assert "1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "word"), [("score", "--hand-out"), ("test", "notebook"), ("lab", "--port")]
)
def test_each_command_has_its_own_help(command, word):
    environment = os.environ | {"BOOTCAMP_VENV": sys.prefix}
    done = subprocess.run(
        [sys.executable, ROOT / "bootcamp", command, "--help"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert word in done.stdout
    assert f"bootcamp {command}" in done.stdout


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
    assert command[1:4] == ["-m", "utils.engine.score", "--folder"]
    assert command[4:] == [str(tmp_path), "cyclone", "mine.csv", "--key", "k" * 12, "--name", "Ada"]


def test_test_runs_notebooks_two_at_a_time_and_on_a_gpu_one_by_one(launcher, monkeypatch):
    monkeypatch.setattr(launcher, "set_up", lambda: None)
    monkeypatch.setattr(launcher, "get_data", lambda names, required: 0)
    monkeypatch.setattr(launcher, "become", lambda command: command[3:])
    monkeypatch.setattr(launcher.os, "environ", dict(os.environ))
    rest = ["-k", "02_Your"]
    assert launcher.test(launcher.options_of("test", rest), rest) == ["-k", "02_Your"]
    assert launcher.os.environ == os.environ, "a notebook that is named gets all cores"
    everything = launcher.options_of("test", [])
    assert launcher.test(everything, []) == ["--numprocesses=2", *launcher.ALL_TESTS]
    assert launcher.os.environ == os.environ | launcher.ONE_THREAD
    rest = ["--changed"]
    changed = launcher.options_of("test", rest)
    assert launcher.test(changed, rest) == ["--changed", "--numprocesses=2", *launcher.ALL_TESTS]
    seeded = launcher.options_of("test", ["--seed", "3"])
    assert launcher.test(seeded, []) == ["--numprocesses=2", *launcher.ALL_TESTS[1:]]
    assert launcher.os.environ["BOOTCAMP_SEED"] == "3"
    with pytest.raises(launcher.settings.SettingError, match="BOOTCAMP_SEED is 'three'"):
        launcher.test(launcher.options_of("test", ["--seed", "three"]), [])
    monkeypatch.setattr(launcher, "variant", lambda: "cuda")
    assert launcher.test(everything, []) == launcher.ALL_TESTS


def test_all_tests_are_the_tests_of_the_code_and_every_notebook_once():
    """Pytest itself says what it collects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", *load().ALL_TESTS]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    nodes = [line for line in said.splitlines() if "::" in line]
    assert len(nodes) == len(set(nodes))
    files = {line.split("::")[0] for line in nodes}
    notebooks = {str(path.relative_to(ROOT)) for path in runner.notebooks()}
    assert files == notebooks | {f"tests/{path.name}" for path in (ROOT / "tests").glob("test_*.py")}


def test_labs_whose_notebooks_share_trainings_stay_with_one_worker(tmp_path):
    """Seen in a real run of two workers: a lab in order is one worker's, from its first notebook to its last."""
    for number, folder in (
        (1, "CFD_Steady_Flow"),
        (2, "CFD_Steady_Flow"),
        (3, "PINN_SimNet"),
        (4, "PINN_SimNet"),
    ):
        path = tmp_path / folder / f"test_{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            "import os, pytest\n"
            "@pytest.mark.parametrize('n', range(4))\n"
            "def test(n, request):\n"
            "    with open('order.txt', 'a') as file:\n"
            "        print(os.environ['PYTEST_XDIST_WORKER'], request.node.nodeid, file=file)\n",
            encoding="utf-8",
        )
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT} {ROOT / 'tests'}\n", encoding="utf-8"
    )
    folders = ["PINN_SimNet", "CFD_Steady_Flow"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--numprocesses=2", *folders]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in (tmp_path / "order.txt").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 16
    flow = [(worker, node) for worker, node in rows if node.startswith("CFD")]
    assert len({worker for worker, _ in flow}) == 1
    assert [node for _, node in flow] == sorted(node for _, node in flow)
    for file in ("PINN_SimNet/test_3", "PINN_SimNet/test_4"):
        assert len({worker for worker, node in rows if node.startswith(file)}) == 1


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
