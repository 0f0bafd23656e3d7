"""The benchmark for a machine with a GPU: every part runs in small on the CPU, and the notebook shows what it writes."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from intro import devices
from utils.engine import paths

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "benchmarks/gpu_figures.py"]
NOTHING_IMPORTS_IT = "import sys; sys.modules['tensorflow'] = None; sys.argv = sys.argv[1:]; import runpy; "


def test_every_part_runs_in_small_without_tensorflow_and_the_notebook_shows_it(tmp_path, monkeypatch, capsys):
    report = tmp_path / "benchmarks" / "gpu_results.json"
    report.parent.mkdir()
    run = NOTHING_IMPORTS_IT + "runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", run, PROGRAM[1], "--short", report],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    values = {row["measurement"]: row["value"] for row in found["rows"]}
    assert found["missing"] == []
    assert found["short"] is True
    assert torch.__version__ in found["versions"]
    assert len(values) == len(found["rows"])
    assert all(math.isfinite(value) for value in values.values())
    errors = [value for name, value in values.items() if "difference" in name or "residual" in name]
    assert len(errors) == 3
    assert max(errors) < 1e-5
    assert min(value for name, value in values.items() if "against" in name) > 0
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert list(devices.recorded_gpu_figures()["value"]) == [row["value"] for row in found["rows"]]
    assert f"Recorded on {found['device']}, against" in capsys.readouterr().out


def test_without_a_gpu_nothing_is_recorded(tmp_path, monkeypatch, capsys):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = subprocess.run(PROGRAM, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "nothing is recorded" in done.stderr
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert devices.recorded_gpu_figures() is None
    assert "No GPU run was recorded" in capsys.readouterr().out
