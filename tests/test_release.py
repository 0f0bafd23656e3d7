"""The command before a release: every switched test is in it, and its table shows what was recorded."""

import re
from pathlib import Path

import pytest
import release

ROOT = Path(__file__).resolve().parents[1]
REPORT = """<testsuites><testsuite name="pytest"><properties><property name="with" value="chart 1"/></properties>
<testcase name="test_a" time="90"/>
<testcase name="test_b" time="1"><failure message="no"/></testcase>
<testcase name="test_c" time="1"><error message="no"/></testcase>
<testcase name="test_d" time="0"><skipped message="Skipped: apptainer is missing"/></testcase>
</testsuite></testsuites>"""


def test_every_file_with_such_tests_is_in_the_command_and_the_table():
    marked = {
        path.stem.removeprefix("test_")
        for path in (ROOT / "tests").glob("test_*.py")
        if re.search(r"^(@|    )pytest\.mark\.release\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert marked == set(release.RUNS)
    shown = release.TABLE.read_text(encoding="utf-8").split(release.BEGIN)[1].split(release.END)[0].strip()
    assert shown == release.table(release.read()), "python -m tests.release writes the table"


def test_counts_and_reasons_come_from_the_report(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text(REPORT, encoding="utf-8")
    found = release.outcome(report)
    assert found == {
        "passed": 1,
        "failed": 2,
        "skipped": ["test_d: apptainer is missing"],
        "with": ["chart 1"],
    }
    result = {"date": "2030-01-02", "minutes": 3.0} | found | {"with": "x 1"}
    result["seal"] = release.seal(result)
    said = release.words(result)
    assert said == "2030-01-02, 3 minutes, x 1: 1 passed; **2 failed**; not run: test_d: apptainer is missing"
    for mended in (result | {"failed": 0}, {key: value for key, value in result.items() if key != "seal"}):
        assert release.words(mended).startswith("noted by hand: 2030-01-02")


def test_a_run_of_the_command_is_sealed(tmp_path, monkeypatch):
    """The whole way from pytest's report to the row, with a test that says what it was run with."""
    test = tmp_path / "test_one.py"
    test.write_text(
        "import pytest\n\n\n@pytest.mark.release\ndef test_one(record_testsuite_property):\n"
        "    record_testsuite_property('with', 'engine 7')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(release.Run, "file", property(lambda run: str(test)))
    result = release.perform(release.Run("one", "a test", packages=("pytest",)), tmp_path)
    assert (result["passed"], result["failed"], result["skipped"]) == (1, 0, [])
    assert result["with"].startswith("engine 7, pytest ")
    assert not release.words(result).startswith("noted by hand")


@pytest.mark.parametrize(("result", "code"), [("passed", 0), ("failed", 1), (None, 0)])
def test_a_result_is_kept_and_one_without_its_engine_leaves_the_last(
    tmp_path, monkeypatch, result, code, capsys
):
    monkeypatch.setattr(release, "RECORD", tmp_path / "release.json")
    monkeypatch.setattr(release, "TABLE", tmp_path / "README.md")
    release.TABLE.write_text(f"a\n{release.BEGIN}\n{release.END}\nb\n", encoding="utf-8")
    old = {"date": "2029-01-01", "minutes": 1, "with": "y", "passed": 1, "failed": 0, "skipped": []}
    release.keep({"slurm": old})
    new = old | {"date": "2030-01-01"} | ({"failed": 2} if result == "failed" else {})
    monkeypatch.setattr(release, "perform", lambda run, folder: new if result else None)
    assert release.main(["slurm"]) == code
    kept = release.read()["slurm"]
    assert kept == (new if result else old)
    text = release.TABLE.read_text(encoding="utf-8")
    assert release.words(kept) in text
    assert text.startswith("a\n")
    assert text.endswith("b\n")
    assert ("did not run here" in capsys.readouterr().out) == (result is None)


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        release.main(["everything"])
    assert "there is no everything" in capsys.readouterr().err
