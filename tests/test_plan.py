"""What a run of the tests chooses, in which order, and what it says while it runs: on small courses of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import plan
from dependencies import Course
from progress import Progress
from utils.engine import runner

ROOT = Path(__file__).resolve().parents[1]
FLOW = "CFD_Steady_Flow"


def write(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".ipynb"):
        cells = [
            new_markdown_cell(part[2:]) if part.startswith("# ") else new_code_cell(part)
            for part in text.split("\n--\n")
        ]
        nbformat.write(new_notebook(cells=cells), path)
    else:
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A course of two labs, an engine, and tests of each kind."""
    for name, text in {
        "conftest.py": "", "pyproject.toml": "", "requirements.lock": "", "data/registry.toml": "",
        "data/cache/kept.npz": "", "README.md": "hello",
        "utils/__init__.py": "", "utils/course.py": "from utils import viz", "utils/viz.py": "", "utils/other.py": "",
        "Lab_A/a/__init__.py": "", "Lab_A/a/model.py": "def train():\n    from utils import other",
        "Lab_A/1.ipynb": "from utils import course", "Lab_A/2.ipynb": "from a import model",
        "Lab_B/b/__init__.py": "", "Lab_B/b/table.py": "MODULES = ['a.model']", "Lab_B/b/plots.py": "",
        "Lab_B/1.ipynb": "from b.plots import *",
        "tests/test_plots.py": "from b import plots", "tests/test_table.py": "import b.table as t",
        "tests/test_child.py": "import subprocess", "tests/test_books.py": "import helper",
        "tests/helper.py": "END = '.ipynb'", ".venv/hidden.py": "", "env/pyvenv.cfg": "", "env/lib.py": "",
    }.items():  # fmt: skip
        write(tmp_path, name, text)
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path / "data" / "cache"))
    return tmp_path


UNITS = [
    "Lab_A/1.ipynb", "Lab_A/2.ipynb", "Lab_B/1.ipynb",
    "tests/test_books.py", "tests/test_child.py", "tests/test_plots.py", "tests/test_table.py",
]  # fmt: skip
CODE = ["tests/test_books.py", "tests/test_child.py"]  # that any change of code can affect
AFFECTED = {
    "Lab_A/1.ipynb": ["Lab_A/1.ipynb", "tests/test_books.py"],
    "README.md": ["tests/test_books.py"],
    "utils/viz.py": ["Lab_A/1.ipynb", *CODE],
    "utils/other.py": ["Lab_A/1.ipynb", "Lab_A/2.ipynb", "Lab_B/1.ipynb", *CODE, "tests/test_table.py"],
    "utils/__init__.py": ["Lab_A/1.ipynb", "Lab_A/2.ipynb", "Lab_B/1.ipynb", *CODE, "tests/test_table.py"],
    "Lab_A/a/model.py": ["Lab_A/1.ipynb", "Lab_A/2.ipynb", "Lab_B/1.ipynb", *CODE, "tests/test_table.py"],
    "Lab_B/b/plots.py": ["Lab_B/1.ipynb", *CODE, "tests/test_plots.py"],
    "tests/test_plots.py": [*CODE, "tests/test_plots.py"],
    "tests/helper.py": CODE,
    "data/registry.toml": UNITS,
    "requirements.lock": UNITS,
    "conftest.py": UNITS,
    "data/cache/kept.npz": [],
    "env/lib.py": [],
    ".venv/hidden.py": [],
}


@pytest.mark.parametrize("name", AFFECTED)
def test_what_a_change_can_affect(small, name):
    before = Course(small)
    names = plan.units(before, ["tests", "Lab_A", "Lab_B"])
    assert sorted(names) == UNITS
    history = {unit: {"passed": before.fingerprint(unit)} for unit in names}
    assert plan.changed(Course(small), names, history) == []
    path = small / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert sorted(plan.changed(Course(small), names, history)) == AFFECTED[name]


def test_what_failed_is_new_or_meets_other_settings_runs_again(small, monkeypatch):
    course = Course(small)
    history = {unit: {"passed": course.fingerprint(unit)} for unit in UNITS}
    history["Lab_A/2.ipynb"] = {"failed": True, "seconds": 3}
    del history["tests/test_plots.py"]
    assert plan.changed(course, UNITS, history) == ["Lab_A/2.ipynb", "tests/test_plots.py"]
    monkeypatch.setenv("BOOTCAMP_SEED", "1")
    assert plan.changed(course, UNITS, history) == UNITS


def test_a_file_that_cannot_be_read_as_python_needs_everything(small):
    write(small, "Lab_B/b/plots.py", "def (")
    course = Course(small)
    assert course.needs("tests/test_plots.py") == set(course.files)


def test_the_real_course_notebooks_need_their_lab_and_no_other():
    course = Course(ROOT)
    for path in runner.notebooks()[1:]:
        needed = course.needs(path.relative_to(ROOT).as_posix())
        assert {
            f"{path.parent.name}/{p.relative_to(path.parent)}" for p in path.parent.rglob("*.py")
        } <= needed
        assert {"utils/course.py", "utils/gpu.py", "utils/engine/settings.py", "data/registry.toml"} <= needed
        assert not any(name.endswith(".ipynb") for name in needed - {path.relative_to(ROOT).as_posix()})
    needed = course.needs("tests/test_flow_shapes.py")
    assert f"{FLOW}/flow/shapes.py" in needed
    assert not any(name.startswith(("PINN_SimNet", "Tropical_Cyclone", "Intro_to_DL")) for name in needed)


def test_what_failed_comes_first_then_the_longest_and_labs_stay_in_order():
    names = [
        "tests/test_a.py",
        "tests/test_b.py",
        f"{FLOW}/1.ipynb",
        f"{FLOW}/2.ipynb",
        "PINN_SimNet/1.ipynb",
    ]
    expected = dict(zip(names, [5.0, 50.0, 10.0, 90.0, 70.0], strict=True))
    flow = names[2:4]
    assert plan.in_order(names, {}, expected) == [*flow, names[4], names[1], names[0]]
    history = {"tests/test_a.py": {"failed": True}, "tests/test_b.py": {"failed": False}}
    assert plan.in_order(names, history, expected) == [names[0], *flow, names[4], names[1]]


def test_the_minutes_that_a_notebook_states_are_expected_until_it_was_run_here(tmp_path):
    write(tmp_path, "Lab/1.ipynb", "# # T\n<!-- minutes -->2.5 min on a laptop<!-- /minutes -->")
    assert plan.expected_seconds(tmp_path, "Lab/1.ipynb", {}) == pytest.approx(155)
    assert plan.expected_seconds(tmp_path, "Lab/1.ipynb", {"Lab/1.ipynb": {"seconds": 9.0}}) == 9.0
    assert plan.expected_seconds(tmp_path, "tests/test_x.py", {}) == plan.SECONDS_OF_A_TEST_FILE


def test_a_damaged_history_is_as_none(own_cache):
    assert plan.read_history() == {}
    plan.add_to_history({"a": {"seconds": 1}})
    plan.add_to_history({"b": {"seconds": 2}})
    assert plan.read_history() == {"a": {"seconds": 1}, "b": {"seconds": 2}}
    (own_cache / "tests" / "history.json").write_text("{", encoding="utf-8")
    assert plan.read_history() == {}


def test_the_time_left_is_that_of_the_longest_lab_or_of_all_shared_by_the_workers(pytestconfig, monkeypatch):
    expected = {
        f"{FLOW}/1.ipynb": 100.0,
        f"{FLOW}/2.ipynb": 200.0,
        "tests/test_a.py": 60.0,
        "tests/test_b.py": 60.0,
    }
    monkeypatch.setattr(pytestconfig.option, "numprocesses", 2, raising=False)
    progress = Progress(pytestconfig, expected, speak=False)
    progress.collect([f"{name}::1" for name in expected])
    assert progress.seconds_left() == pytest.approx(300)  # the lab's two notebooks follow each other
    progress.collected.clear()
    progress.pending = {}
    progress.collect([f"{name}::1" for name in expected if name != f"{FLOW}/1.ipynb"])
    assert progress.seconds_left() == pytest.approx(200)
    progress.finished, progress.pending["tests/test_a.py"] = ["tests/test_a.py"], set()
    progress.spent["tests/test_a.py"] = 30.0
    assert progress.seconds_left() == pytest.approx(200), "a minute says little of the pace"


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment["BOOTCAMP_CACHE"] = str(folder / "cache")
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    return done.returncode, done.stdout + done.stderr


def test_a_run_tells_failures_at_once_and_the_next_one_runs_what_changed(tmp_path):
    shutil.copy(ROOT / "conftest.py", tmp_path)
    settings = "--nbval-lax --nbval-current-env -p no:cacheprovider -q"
    write(tmp_path, "pytest.ini", f"[pytest]\npythonpath = {ROOT} {ROOT / 'tests'}\naddopts = {settings}\n")
    good, bad, test = "PINN_SimNet/1.ipynb", "PINN_SimNet/2.ipynb", "tests/test_x.py"
    write(tmp_path, good, "# # One\n<!-- minutes -->9.0 min<!-- /minutes -->\n--\nx = 1")
    write(tmp_path, bad, "# # Two\n--\nx = 1\n--\n# ## The loss\n--\nx / 0\n--\ny = z")
    write(tmp_path, test, "def test_right():\n    pass\n\ndef test_wrong():\n    assert 2 == 3")
    status, said = run(tmp_path, "--numprocesses=2", "tests", "PINN_SimNet")
    assert status == 1
    lines = said.splitlines()
    while_running, _, after = said.partition("= FAILURES =")
    assert f'FAILED {bad}, section "The loss", cell [2]: ZeroDivisionError: division by zero' in while_running
    assert "NameError" not in while_running, "what follows from the first failure is for the end"
    assert f"FAILED {test}::test_wrong: " in while_running
    assert any("of 3] " + f"{bad}: 2 FAILED of 3 cells" in line for line in lines)
    assert any("of 3] " + f"{good}: passed, 1 cell," in line for line in lines)
    assert sum(" left" in line for line in lines) == 2
    assert "ZeroDivisionError" in after
    history = json.loads((tmp_path / "cache" / "tests" / "history.json").read_text(encoding="utf-8"))
    assert {name for name, entry in history.items() if entry["failed"]} == {bad, test}
    assert history[good]["passed"]
    assert "passed" not in history[bad]
    (recorded,) = (tmp_path / "cache" / "results").glob("*.seconds.json")
    measured = json.loads(recorded.read_text(encoding="utf-8"))
    assert measured["peak_mb"] > 20, "what its kernel used, told by the worker"
    assert measured["processor_seconds"] > 0

    write(tmp_path, bad, "# # Two\n--\nx = 1")
    status, said = run(tmp_path, "--changed", "tests", "PINN_SimNet")
    assert status == 1
    assert "2 of 3 test files and notebooks can be affected" in said
    assert good not in said
    write(tmp_path, test, "def test_right():\n    pass")
    status, said = run(tmp_path, "--changed", "tests", "PINN_SimNet")
    assert status == 0
    assert "[1 of 1]" not in said, "one small file speaks as pytest does"
    status, said = run(tmp_path, "--changed", "tests", "PINN_SimNet")
    assert status == 0
    assert "Nothing has changed" in said


def test_a_part_of_a_file_that_passes_is_not_the_file(tmp_path):
    shutil.copy(ROOT / "conftest.py", tmp_path)
    write(tmp_path, "pytest.ini", f"[pytest]\npythonpath = {ROOT} {ROOT / 'tests'}\n")
    write(tmp_path, "tests/test_x.py", "def test_a():\n    pass\n\ndef test_b():\n    assert 0")
    assert run(tmp_path, "tests", "-k", "test_a")[0] == 0
    assert run(tmp_path, "tests/test_x.py::test_a")[0] == 0
    assert run(tmp_path, "tests", "--changed")[0] == 1
    status, said = run(tmp_path, "tests/test_x.py::test_a", "--changed")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "name files or folders" in said
