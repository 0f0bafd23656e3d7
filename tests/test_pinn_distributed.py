"""Training in several processes gives what one process gives."""

import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from pinn import distributed, figures_production, problems


@pytest.fixture(scope="module")
def two_processes():
    if distributed.several(2) == 1:
        pytest.skip("gloo aborts on this machine")
    return distributed.run(2, steps=10, points=64, width=8)


def test_two_processes_equal_one(two_processes):
    alone = distributed.Loss(distributed.parabolas(points=64, width=8))
    start = alone.theta.detach().clone()
    distributed.train(alone, 10)
    found = torch.tensor(two_processes["theta"])
    assert (found - start).abs().max() > 1e-3
    torch.testing.assert_close(alone.theta.detach(), found, rtol=0, atol=1e-10)
    assert two_processes["processes"] == 2
    assert two_processes["backend"] in ("gloo", "nccl")
    assert two_processes["loss"] == pytest.approx(alone().item(), rel=1e-9)


def test_failure_is_a_sentence_with_the_last_words():
    with pytest.raises(RuntimeError, match="did not finish") as failure:
        distributed.run(1, steps=1, points=0, width=8)
    assert "Error: " in str(failure.value)


def test_an_abort_leaves_one_process_with_a_sentence(monkeypatch, capsys, tmp_path):
    script = tmp_path / "aborts.py"
    script.write_text("import os\nos.abort()", encoding="utf-8")
    monkeypatch.setattr(distributed, "__file__", str(script))
    assert distributed.several(2) == 1
    assert "cannot work together" in capsys.readouterr().out


def test_processes_that_take_too_long_are_stopped():
    with pytest.raises(RuntimeError, match="stopped after 0.2 s"):
        distributed.run(2, limit_s=0.2, steps=1)


def test_mean_of_equal_shares_is_the_whole():
    whole = distributed.parabolas(points=60)
    shares = [distributed.parabolas(part, 3, 60) for part in range(3)]
    losses = torch.stack([share.loss(whole.theta) for share in shares])
    assert losses.mean().item() == pytest.approx(whole.loss(whole.theta).item(), rel=1e-12)
    assert losses.std() > 0
    with pytest.raises(ValueError, match="equal shares"):
        distributed.parabolas(0, 7, 60)
    with pytest.raises(ValueError, match="no share"):
        distributed.parabolas(3, 3, 60)


def test_error_of_the_exact_solution_is_zero():
    domain = distributed.parabolas(points=8)
    assert distributed.relative_error(domain) > 0.1
    domain.predict = lambda points, name: problems.parabola_exact(points["x"], points["l"])
    assert distributed.relative_error(domain) == 0


def test_figures_are_drawn():
    table = pd.DataFrame({"size": ["s", "s"], "processes": [1, 2], "ms_per_step": [4.0, 3.0]})
    assert isinstance(figures_production.draw_scaling(table), Figure)
    assert len(figures_production.draw_schedules({"a": [1.0, 2.0], "b": [2.0, 1.0]}).axes[0].lines) == 2
