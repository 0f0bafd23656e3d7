"""Every suggestion of a text is listed, and tried in the notebook or left with a reason."""

import ast
import re
from pathlib import Path

import pytest

import notebooks
from utils.engine import results, suggestions
from utils.engine.suggestions import SUGGESTIONS, AtItsPlace, Suggestion

LESSONS = [pytest.param(path, id=path.stem) for path in notebooks.paths() if path.parent != notebooks.ROOT]
SECTION = re.compile(r"^## Next steps?$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
VERBS = [
    "Add",
    "Ask",
    "Beat",
    "Calibrate",
    "Change",
    "Compute",
    "Double",
    "Draw",
    "Find",
    "Give",
    "Halve",
    "Let",
    "Look",
    "Lower",
    "Raise",
    "Reach",
    "Repeat",
    "Run",
    "Set",
    "Time",
    "Train",
    "Try",
    "Widen",
]
ELSEWHERE = re.compile(r"[^.:]*\b(?:[Tt]ry (?:it:|this:|`)|[Cc]hange (?:`|them here))[^.]*")


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", LESSONS)
def test_every_suggestion_is_listed(path):
    known = [suggestion.says for suggestion in SUGGESTIONS if suggestion.notebook == name_of(path)]
    text = "\n\n".join(part for part in notebooks.markdown(path) if "### Exercise" not in part)
    sentences = []
    for section in SECTION.findall(text):
        parts = re.split(r"(?<=[.?!])\s+|\n+(?:- |\d\. )?", section.strip().lstrip("- "))
        sentences += [part for part in parts if part.split() and part.split()[0].strip(",:") in VERBS]
    sentences += ELSEWHERE.findall(re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL))
    for sentence in sentences:
        if "](" not in sentence:
            assert any(says in sentence for says in known), f"nobody tries: {sentence.strip()}"


@pytest.mark.parametrize("suggestion", SUGGESTIONS, ids=lambda s: f"{s.notebook.split('/')[1]}-{s.says[:20]}")
def test_what_is_listed_can_be_tried(suggestion):
    path = notebooks.ROOT / f"{suggestion.notebook}.ipynb"
    assert suggestion.says in "\n".join(notebooks.markdown(path)), "the text says something else by now"
    assert bool(suggestion.reason) != bool(suggestion.cells or suggestion.code)
    if not suggestion.reason:
        cells = suggestions.sources(suggestion.notebook)
        ast.parse(suggestions.changed(suggestion, cells))
        assert AtItsPlace(suggestion.notebook).tries


class Shell:
    """As much of IPython as a run of cells needs."""

    def __init__(self, names):
        self.user_ns, self.user_ns_hidden = names, {}


@pytest.fixture
def notebook(monkeypatch):
    """Two cells, and how a run tries what their text suggests: ``run(suggestions)`` returns the names afterwards."""
    cells = {"a": "limit = 3\nvalue = 10 / limit", "b": "assert value > 3\nrecord('lab.value', value)"}
    monkeypatch.setattr(suggestions, "sources", lambda name: cells)

    def run(*listed):
        names = {"record": results.record, suggestions.NAME: suggestions._try, "tried": []}
        monkeypatch.setattr("IPython.get_ipython", lambda: Shell(names))
        transformer = AtItsPlace("Lab/01_A", listed)
        for source in cells.values():
            exec(compile(transformer.visit(ast.parse(source)), "cell", "exec"), names)
        return names

    return run


def test_a_suggestion_is_tried_at_its_place_and_changes_nothing(notebook, own_cache, capsys):
    names = notebook(
        Suggestion("Lab/01_A", "raise the limit", ["a", "b"], [("limit = 3", "tried.append(limit := 5)")]),
        Suggestion("Lab/01_A", "print it", code="print(value)\ntried.append(value)\nlimit = 0"),
    )
    assert names["limit"] == 3
    assert names["tried"] == [5, 10 / 3], "a claim that no longer holds is no error"
    assert not capsys.readouterr().out, "executed notebooks become pages"
    assert results.read_all()["lab.value"]["value"] == pytest.approx(10 / 3)


def test_a_suggestion_that_ends_in_an_error_stops_the_run(notebook, own_cache):
    bad = Suggestion("Lab/01_A", "no limit", ["a"], [("limit = 3", "limit = 0")])
    with pytest.raises(AssertionError, match="'no limit'.*meets ZeroDivisionError"):
        notebook(bad)
    for gone in (
        Suggestion("Lab/01_A", "x", ["c"]),
        Suggestion("Lab/01_A", "x", ["a"], [("limit = 4", "limit = 5")]),
    ):
        with pytest.raises(LookupError, match="no cell c|stands 0 times"):
            notebook(gone)
