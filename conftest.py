"""Test set-up: who runs what and when, and the guard that a green notebook was executed and timed."""

import os
import time
from collections import defaultdict
from functools import cache
from pathlib import Path

import hypothesis
import pytest

import plan
from dependencies import Course
from progress import Progress
from utils.engine import claims, surroundings, usage

ROOT = Path(__file__).resolve().parent
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
surroundings.scrub(os.environ)  # for whoever starts pytest without the launcher
claims.of_the_course()
# A busy machine is no fault of the code, and a verdict belongs to the code: the same examples in every run.
# `--hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("course")

_started: dict[str, float] = {}
_ended: dict[str, float] = {}
_used: dict[str, dict[str, float]] = {}
_passed: dict[str, int] = defaultdict(int)
_collected: set[str] = set()
_broken: set[str] = set()
_incomplete: set[str] = set()
PROGRESS = pytest.StashKey[Progress]()
FINGERPRINTS = pytest.StashKey[dict[str, str]]()


def _notebook(nodeid: str) -> str:
    name = nodeid.split("::")[0]
    return name if name.endswith(".ipynb") else ""


def pytest_addoption(parser):
    parser.addoption(
        "--changed",
        action="store_true",
        help="run only what has not passed yet as it and all that it needs are now",
    )


def pytest_configure(config):
    """Put the files into order, leave out what no change can affect, and keep the times."""
    if hasattr(config, "workerinput"):
        config.args = config.workerinput["files"]
        return
    course, history = Course(config.rootpath), plan.read_history()
    files = plan.units(course, [str(config.invocation_params.dir / argument) for argument in config.args])
    if config.getoption("changed") and not files:
        raise pytest.UsageError("--changed chooses among files: name files or folders, not single tests.")
    if files and config.getoption("changed"):
        total, files = len(files), plan.changed(course, files, history)
        if not files:
            pytest.exit("Nothing has changed since it passed.", returncode=pytest.ExitCode.OK)
        print(f"{len(files)} of {total} test files and notebooks can be affected by what has changed.")
    expected = {name: plan.expected_seconds(config.rootpath, name, history) for name in files}
    files = plan.in_order(files, history, expected)
    if files:
        config.args = [str(config.rootpath / name) for name in files]
    speak = len(files) > 1 or any(map(_notebook, files))
    speak = speak and config.get_verbosity() <= 0 and not config.option.collectonly
    config.stash[PROGRESS] = Progress(config, expected, speak)
    config.stash[FINGERPRINTS] = {name: course.fingerprint(name) for name in files}
    config.pluginmanager.register(config.stash[PROGRESS])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["files"] = node.config.args


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole files, and whole labs of `plan.IN_ORDER`, in the order of the plan."""
    from xdist.scheduler import LoadScopeScheduling

    class ByLab(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return plan.scope(nodeid.split("::")[0])

    config.option.loadscopereorder = False
    return ByLab(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    """With several workers it is their controller that hears of every cell, so it keeps the count."""
    _collected.update(filter(None, map(_notebook, ids)))
    node.config.stash[PROGRESS].collect(ids)
    if _collected:
        _train_anew()


@cache
def _train_anew():
    """Once, before the first notebook: a cached network would hide a broken cell.

    Removed is only what carries a key of the course: a cache may lie in a folder that holds other things.
    """
    from utils.engine import store
    from utils.engine.paths import LABS

    for lab in (*LABS.values(), "other"):
        store.clean(f"{lab}/trained")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if PROGRESS in config.stash:
        config.stash[PROGRESS].collect([item.nodeid for item in items])
    _collected.update(filter(None, (_notebook(item.nodeid) for item in items)))
    if _collected and not config.option.collectonly and not hasattr(config, "workerinput"):
        _train_anew()
    for item in items:
        if hasattr(item, "output_timeout"):  # nbval gives the kernel 5 s to hand over what a cell prints
            item.output_timeout = 120
    for item in items:
        if item.get_closest_marker("release"):
            switch = f"BOOTCAMP_{item.path.stem.removeprefix('test_').upper()}_TEST"
            if os.environ.get(switch) != "1":
                item.add_marker(pytest.mark.skip(reason=f"takes minutes or an engine; {switch}=1 runs it"))


def pytest_runtest_logstart(nodeid, location):
    name = _notebook(nodeid)
    if name:
        _started.setdefault(name, time.perf_counter())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    """What the notebook's kernel has used so far goes into the report, which a worker hands to its controller."""
    kernel = getattr(item.parent, "kernel", None) if _notebook(item.nodeid) else None
    pid = getattr(getattr(getattr(kernel, "km", None), "provisioner", None), "pid", None)
    if pid:
        item.user_properties.append(("kernel", usage.of_tree(pid)))


def pytest_runtest_logreport(report):
    name = _notebook(report.nodeid)
    if not name:
        return
    for used in dict(report.user_properties).values():
        _used[name] = usage.larger(_used.get(name, {}), used)
    _ended[name] = time.perf_counter()
    if report.failed:
        _broken.add(name)
    elif report.when == "call" and report.passed:
        _passed[name] += 1


def pytest_sessionfinish(session, exitstatus):
    """Every code cell of every collected notebook was executed and passed, or the run is red."""
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return  # a worker sees its own share only, and a mere collection executes nothing
    if _collected:
        _check_notebooks(session)
    if not any(session.config.getoption(option) for option in ("keyword", "markexpr", "deselect")):
        plan.add_to_history(_news(session.config))


def _check_notebooks(session):
    from notebooks import code_cells
    from utils.engine.runner import record_seconds

    for name in sorted(_collected):
        path = ROOT / name
        if name in _broken or session.config.getoption("keyword") or session.shouldstop:
            continue
        expected = len(code_cells(path))
        if _passed[name] != expected:
            _incomplete.add(name)
            print(f"\n{name}: only {_passed[name]} of {expected} code cells were executed and passed.")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            at_once = session.config.getoption("numprocesses", None) or 1
            record_seconds(path, _ended[name] - _started[name], at_once, _used.get(name))


def _news(config) -> dict[str, dict]:
    """What the history keeps of the files that ran from their first test to their last."""
    progress, fingerprints = config.stash[PROGRESS], config.stash[FINGERPRINTS]
    news: dict[str, dict] = {}
    for name in set(progress.finished) & set(fingerprints):
        failed = bool(progress.failures[name]) or name in _incomplete
        news[name] = {"seconds": round(progress.spent[name], 2), "failed": failed}
        if not failed:
            news[name]["passed"] = fingerprints[name]
    return news


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, and no data from anywhere else."""
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BOOTCAMP_DATA", raising=False)
    monkeypatch.delenv("BOOTCAMP_OFFLINE", raising=False)
    return tmp_path / "cache"
