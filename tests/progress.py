"""What a run of many files says: a line for each finished file, failures at once, the time left, the slowest ten."""

import json
import re
import time
from collections import Counter
from pathlib import Path

import pytest

import plan

ANSI = re.compile(r"\x1b\[[0-9;]*m")
ERROR = re.compile(r"^[\w.]*(Error|Exception|Interrupt|Exit|Warning|Failed|Timeout)\b.*", re.MULTILINE)
SLOW_SECONDS = 5  # a test that takes less is not named


class Progress:
    """Pytest plugin for the process that hears of every test.

    Args:
        config: pytest's.
        expected: seconds that each file will take, by its name.
        speak: False leaves the output to pytest and only keeps the times.
    """

    def __init__(self, config: pytest.Config, expected: dict[str, float], speak: bool):
        self.config, self.expected, self.speak = config, expected, speak
        self.pending: dict[str, set[str]] = {}
        self.collected: Counter[str] = Counter()
        self.begun: dict[str, float] = {}
        self.seconds: Counter[str] = Counter()  # by test and by notebook
        self.spent: Counter[str] = Counter()  # by file
        self.failures: Counter[str] = Counter()
        self.finished: list[str] = []
        self.over = False

    def collect(self, ids: list[str]) -> None:
        """The tests that will run; a second worker collects the same."""
        if self.pending:
            return
        for nodeid in ids:
            self.pending.setdefault(file_of(nodeid), set()).add(nodeid)
        self.collected = Counter({name: len(tests) for name, tests in self.pending.items()})

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self):
        category, letter, word = yield
        return (category, "", "") if self.speak and not self.over else (category, letter, word)

    def pytest_runtest_logstart(self, nodeid, location):
        self.begun.setdefault(file_of(nodeid), time.monotonic())
        self._show_running()

    def pytest_runtest_logreport(self, report):
        name = file_of(report.nodeid)
        self.spent[name] += report.duration
        self.seconds[name if name.endswith(".ipynb") else report.nodeid] += report.duration
        if report.failed:
            self.failures[name] += 1
            if self.speak and (self.failures[name] == 1 or not name.endswith(".ipynb")):
                self._say("FAILED " + describe(report, self.config.rootpath), red=True)
        if report.when in ("teardown", "???") and report.nodeid in self.pending.get(name, ()):
            self.pending[name].remove(report.nodeid)
            if not self.pending[name]:
                self.finished.append(name)
                if self.speak:
                    self._say(self._line(name), red=bool(self.failures[name]))

    def seconds_left(self) -> float:
        """Of the whole run: by what is expected, corrected by how far that was right for what is done."""
        now = time.monotonic()
        known = sum(self.expected.get(name, 0.0) for name in self.finished)
        pace = sum(self.spent[name] for name in self.finished) / known if known > 60 else 1.0
        scopes: Counter[str] = Counter()
        for name, tests in self.pending.items():
            if tests:
                gone = now - self.begun[name] if name in self.begun else 0.0
                scopes[plan.scope(name)] += max(pace * self.expected.get(name, 0.0) - gone, 0.0)
        workers = self.config.getoption("numprocesses", None) or 1
        return max([sum(scopes.values()) / workers, *scopes.values()])

    def slowest(self, number: int = 10) -> list[tuple[str, float]]:
        """The notebooks and tests that took longest, with their seconds."""
        return [entry for entry in self.seconds.most_common(number) if entry[1] >= SLOW_SECONDS]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):
        self._clear()
        self.over = True  # the summary has the words again
        result = yield  # everything else has been said
        slowest = self.slowest()
        if slowest:
            self._say(f"The slowest {len(slowest)}:")
            for name, seconds in slowest:
                self._say(f"  {in_words(seconds):>8}  {name}")
        return result

    def _line(self, name: str) -> str:
        done = sum(not tests for tests in self.pending.values())
        kind = "cell" if name.endswith(".ipynb") else "test"
        verdict = f"{self.failures[name]} FAILED of" if self.failures[name] else "passed,"
        line = f"[{done:>{len(str(len(self.pending)))}} of {len(self.pending)}] {name}: {verdict} "
        line += (
            f"{self.collected[name]} {kind}{'s' * (self.collected[name] != 1)}, {in_words(self.spent[name])}"
        )
        return line + (f"; about {in_words(self.seconds_left())} left" if done < len(self.pending) else "")

    def _show_running(self) -> None:
        """Where lines can be written over: what runs now, and how long all of it will."""
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if self.speak and reporter.isatty:
            running = [
                f"{Path(name).stem} ({self.collected[name] - len(tests)}/{self.collected[name]})"
                for name, tests in self.pending.items()
                if tests and name in self.begun
            ]
            text = f"{', '.join(running)}; about {in_words(self.seconds_left())} left"
            reporter.rewrite(text[: reporter._tw.fullwidth - 1], erase=True)

    def _say(self, text: str, red: bool = False) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        self._clear()
        reporter.write_line(text, red=red)
        reporter.flush()

    def _clear(self) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if self.speak and reporter.isatty:
            reporter.rewrite("", erase=True)
            reporter.rewrite("")


def file_of(nodeid: str) -> str:
    return nodeid.split("::")[0]


def in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def describe(report: pytest.TestReport, root: Path) -> str:
    """Where it failed, for a notebook with section and the number that JupyterLab shows, and the error's first line."""
    name, _, test = report.nodeid.partition("::")
    text = ANSI.sub("", report.longreprtext)
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = [crash.message] if crash else [found[0] for found in ERROR.finditer(text)][-1:]
    error = (lines or [text.strip()])[0].splitlines()[:1] or ["no message"]
    if not name.endswith(".ipynb") or not test.startswith("Cell "):
        return f"{report.nodeid}: {error[0]}"
    number = int(test.removeprefix("Cell "))
    return f'{name}, section "{section(root / name, number)}", cell [{number + 1}]: {error[0]}'


def section(notebook: Path, number: int) -> str:
    """The heading above a code cell; its number counts code cells from 0."""
    heading, seen = "", 0
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            if seen == number:
                break
            seen += 1
        elif cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            prose = re.sub(r"```.*?```", "", source, flags=re.DOTALL)  # a comment in code is no heading
            heading = (re.findall(r"^#+\s+(.+)", prose, re.MULTILINE) or [heading])[-1].strip()
    return heading
