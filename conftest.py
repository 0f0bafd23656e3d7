"""Test set-up: import paths, who runs what, and the guard that a green notebook was executed and timed."""

import os
import re
import shutil
import sys
import time
from collections import defaultdict
from functools import cache
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
from utils import surroundings

ROOT = Path(__file__).resolve().parent
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
surroundings.scrub(os.environ)  # for whoever starts pytest without the launcher
hypothesis.settings.register_profile("course", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("course")

_started: dict[str, float] = {}
_ended: dict[str, float] = {}
_passed: dict[str, int] = defaultdict(int)
_collected: set[str] = set()
_broken: set[str] = set()

# Notebooks of these labs follow each other in one worker: later ones use what earlier ones computed and trained.
IN_ORDER = ("Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow")


def _notebook(nodeid: str) -> str:
    name = nodeid.split("::")[0]
    return name if name.endswith(".ipynb") else ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole files, and whole labs of `IN_ORDER`, in the order of the command line."""
    from xdist.scheduler import LoadScopeScheduling

    class ByLab(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            folder = nodeid.split("/")[0]
            return folder if folder in IN_ORDER else nodeid.split("::")[0]

    config.option.loadscopereorder = False
    return ByLab(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    """With several workers it is their controller that hears of every cell, so it keeps the count."""
    _collected.update(filter(None, map(_notebook, ids)))
    if _collected:
        _train_anew()


@cache
def _train_anew():
    """Once, before the first notebook: a cached network would hide a broken cell.

    Removed is only what carries a key of the course: a cache may lie in a folder that holds other things.
    """
    from utils.paths import cache_dir

    for folder in ("trained", "pinn"):
        for path in cache_dir(folder).iterdir():
            if re.search(r"-[0-9a-f]{16}(\.lock|\.npz|\.pt)?$", path.name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def pytest_collection_modifyitems(config, items):
    _collected.update(filter(None, (_notebook(item.nodeid) for item in items)))
    if _collected and not config.option.collectonly and not hasattr(config, "workerinput"):
        _train_anew()
    if config.getoption("markexpr") == "" and os.environ.get("BOOTCAMP_CONTAINER_TEST") != "1":
        skip = pytest.mark.skip(reason="takes minutes; BOOTCAMP_CONTAINER_TEST=1 (as in CI) runs it")
        for item in items:
            if item.get_closest_marker("container"):
                item.add_marker(skip)


def pytest_runtest_logstart(nodeid, location):
    name = _notebook(nodeid)
    if name:
        _started.setdefault(name, time.perf_counter())


def pytest_runtest_logreport(report):
    name = _notebook(report.nodeid)
    if not name:
        return
    _ended[name] = time.perf_counter()
    if report.failed:
        _broken.add(name)
    elif report.when == "call" and report.passed:
        _passed[name] += 1


def pytest_sessionfinish(session, exitstatus):
    """Every code cell of every collected notebook was executed and passed, or the run is red."""
    from notebooks import code_cells
    from utils.runner import record_seconds

    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return  # a worker sees its own share only, and a mere collection executes nothing
    for name in sorted(_collected):
        path = ROOT / name
        if name in _broken or session.config.getoption("keyword") or session.shouldstop:
            continue
        expected = len(code_cells(path))
        if _passed[name] != expected:
            print(f"\n{name}: only {_passed[name]} of {expected} code cells were executed and passed.")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            at_once = session.config.getoption("numprocesses", None) or 1
            record_seconds(path, _ended[name] - _started[name], at_once)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, and no data from anywhere else."""
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BOOTCAMP_DATA", raising=False)
    monkeypatch.delenv("BOOTCAMP_OFFLINE", raising=False)
    return tmp_path / "cache"
