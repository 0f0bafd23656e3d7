"""Test set-up: import paths, and the guard that a green notebook was executed and timed."""

import os
import shutil
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

_started: dict[str, float] = {}
_ended: dict[str, float] = {}
_passed: dict[str, int] = defaultdict(int)
_collected: set[str] = set()
_broken: set[str] = set()


def _notebook(nodeid: str) -> str:
    name = nodeid.split("::")[0]
    return name if name.endswith(".ipynb") else ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    """With several workers it is their controller that hears of every cell, so it keeps the count."""
    _collected.update(filter(None, map(_notebook, ids)))


def pytest_collection_modifyitems(config, items):
    _collected.update(filter(None, (_notebook(item.nodeid) for item in items)))
    # A test trains everything anew: a cached network would hide a broken cell.
    if _collected and not config.option.collectonly:
        from utils.paths import cache_dir

        for folder in ("trained", "pinn"):
            shutil.rmtree(cache_dir(folder), ignore_errors=True)
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
            record_seconds(path, _ended[name] - _started[name])


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, and no data from anywhere else."""
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BOOTCAMP_DATA", raising=False)
    monkeypatch.delenv("BOOTCAMP_OFFLINE", raising=False)
    return tmp_path / "cache"
