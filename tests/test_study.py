"""Study times are counted, and stand where they are promised."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import notebooks
from utils.engine import plain_words, runner, study

HEAD = (
    "# A\n\nA promise.\n\n| Run time | Level | Data | Needs |\n|---|---|---|---|\n"
    "| <!-- minutes -->0.4 min on a laptop (2 cores)<!-- /minutes --> | all | none | none |\n"
)


def test_minutes_are_counted_from_words_code_figures_and_exercises(tmp_path):
    words = "word " * (10 * study.WORDS_A_MINUTE)
    cells = [
        new_markdown_cell(HEAD),
        new_markdown_cell(words + "\n\n$$x$$\n\n$$y$$\n\n$$z$$\n\n<details>" + words + "</details>"),
        new_markdown_cell("### Exercise 1 (12 minutes): a thing"),
        new_code_cell("x = 1\n" * 20),
        new_code_cell(
            "viz.show(1)\nviz.table(2)\nviz.show(3)", metadata={"jupyter": {"source_hidden": True}}
        ),
        new_code_cell('quiz("a")'),
    ]
    path = tmp_path / "01_A.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    found = study.parts(path)
    assert found["reading"] == pytest.approx(10, abs=0.2)
    assert (found["formulas"], found["code"], found["figures"], found["exercises"]) == pytest.approx(
        (1, 21 * 3 / 60, 1, 13)
    )
    assert study.minutes(path) == 25


def test_what_a_section_holds_can_be_left_out(tmp_path):
    minute = "word " * study.WORDS_A_MINUTE
    texts = (f"## A\n\n{minute}", f"### B\n\n{minute}", f"### C\n\n{minute}\n\n## D\n\n{minute}")
    cells = [new_markdown_cell(HEAD), *map(new_markdown_cell, texts)]
    path = tmp_path / "01_A.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert study.headings(path) == {"A", "B", "C", "D"}
    everything = study.parts(path)["reading"]
    for without, left in ((("A",), 3), (("B",), 1), (("B", "D"), 2), (("C", "D"), 2), ((), 0)):
        assert everything - study.parts(path, without)["reading"] == pytest.approx(left, abs=0.05), without


@pytest.mark.parametrize("lab", study.THREE_HOURS)
def test_three_hours_hold_what_they_promise(lab):
    for path, without in study._chosen(lab):
        assert set(without) <= study.headings(path), (
            f"{path.stem} has no longer such a section: mend THREE_HOURS"
        )
    assert 120 <= study._of_path(lab) <= 60 * study.HOURS
    first = notebooks.read(study.of_lab(lab)[0][0])
    assert sum(f"<!-- study of {lab}_path -->" in cell.source for cell in first.cells) == 1
    for cell in first.cells:
        assert study.written(cell.source) == cell.source, "python -m utils.engine.study"
    for text in (
        "\n".join(notebooks.markdown(notebooks.ROOT / "Start_Here.ipynb")),
        (notebooks.ROOT / "docs/instructor_guide.md").read_text(encoding="utf-8"),
    ):
        assert study.sentence(lab) in text


def test_guide_and_three_hours_leave_the_same_sections():
    guide = (notebooks.ROOT / "docs/instructor_guide.md").read_text(encoding="utf-8")
    for agenda in study.AGENDA.finditer(guide):
        chosen = list(study.THREE_HOURS.values())[int(agenda[1]) - 1]
        rows = {
            int(row[2]): row[0].rpartition(" | ")[2].rstrip(" |")
            for row in study.AGENDA_ROW.finditer(agenda[0])
        }
        for number, without in chosen.items():
            assert not without or rows[number] == "; ".join(without)
    assert len(study.AGENDA.findall(guide)) == len(study.LABS_IN_ORDER)
    spoiled = guide.replace("Three ingredients |", "auto-ML |")
    assert spoiled != guide == study.with_agenda(spoiled)


def test_a_header_gets_its_time_once():
    once = study.with_header(HEAD, 95)
    assert "| Run time | Study time | Level |" in once
    assert "<!-- /minutes --> | <!-- study -->1 h 35 min<!-- /study --> | all |" in once
    assert study.with_header(once, 60) == once.replace("1 h 35 min", "1 h")


def test_readme_guide_and_start_agree_with_the_notebooks():
    for name in ("README.md", "docs/instructor_guide.md"):
        text = (notebooks.ROOT / name).read_text(encoding="utf-8")
        assert study.written(text) == text, "python -m utils.engine.study"
        assert "<!-- study of" in text
    start = "\n".join(notebooks.markdown(notebooks.ROOT / "Start_Here.ipynb"))
    assert study.written(start) == start, "python -m utils.engine.study"


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_headers_say_the_study_time(path):
    head = notebooks.read(path).cells[0].source
    assert "<!-- study -->" in head
    assert study.with_header(head, study.minutes(path)) == head, "python -m utils.engine.study"


def test_the_short_path_is_short():
    brief = sum(map(study._reading, (study.ROOT / f"{name}.ipynb" for name in study.SHORT)))
    assert len(study.SHORT) == 5
    assert brief < 150


def test_every_figure_of_the_readme_has_a_plain_sentence():
    text = runner.FIGURES.search((notebooks.ROOT / "README.md").read_text(encoding="utf-8"))[0]
    for line in text.splitlines():
        name = line.partition("`")[2].partition("`")[0]
        if name:
            assert plain_words.SAID[name] in line
