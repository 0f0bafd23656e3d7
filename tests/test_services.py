"""Files by which services open the course name what is there. No service was tried."""

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_dev_container_is_built_from_our_image():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    build = settings["build"]
    docker = (ROOT / ".devcontainer" / build["dockerfile"]).resolve()
    assert docker == ROOT / "Dockerfile"
    assert (ROOT / ".devcontainer" / build["context"]).resolve() == ROOT
    text = docker.read_text(encoding="utf-8")
    for name in build["args"]:
        assert re.search(rf"^ARG {name}=", text, re.MULTILINE)
    interpreter = settings["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    venv = re.search(r"^ENV PATH=(\S+)/bin:", text, re.MULTILINE)[1]
    assert interpreter == f"{venv}/bin/python"
    for name in settings["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / name).is_file()


def test_binder_installs_from_the_lock_with_a_python_that_we_know():
    python = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert python.removeprefix("python-") in ("3.11", "3.12", "3.13")
    assert re.search(r'requires-python = ">=3\.11', project)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for line in (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").split():
        assert line in lock.replace("jupyterlab_widgets", "jupyterlab-widgets") or line in lock
    script = ROOT / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert "./bootcamp check" in script.read_text(encoding="utf-8")
    assert (ROOT / "bootcamp").is_file()
