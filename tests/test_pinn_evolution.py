"""Burgers and Allen-Cahn: their truth against the equations, and that training comes near it."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from pinn import evolution, figures_evolution
from pinn.optimizers import SelfScaledBroyden
from pinn.training import solve


def columns(*values):
    return [torch.tensor(value, dtype=torch.float64)[:, None] for value in values]


def test_cole_and_hopf_solve_burgers_equation():
    x, t = columns([0.01, 0.05, 0.3, 0.8], [0.5, 0.4, 0.2, 0.9])
    h = 1e-4
    u = evolution.burgers_exact(x, t)
    right, left = evolution.burgers_exact(x + h, t), evolution.burgers_exact(x - h, t)
    later, earlier = evolution.burgers_exact(x, t + h), evolution.burgers_exact(x, t - h)
    bend = (right - 2 * u + left) / h**2
    residual = (later - earlier) / (2 * h) + u * (right - left) / (2 * h) - evolution.VISCOSITY * bend
    assert (residual.abs() < 1e-3 * (1 + bend.abs())).all()
    start = evolution.burgers_exact(x, torch.zeros_like(t))
    torch.testing.assert_close(start, -torch.sin(math.pi * x))
    torch.testing.assert_close(u, evolution.burgers_exact(x, t, 501), rtol=0, atol=1e-12)


def test_the_rounded_kink_diffuses_but_for_its_source():
    x, t = columns([0.2, 0.97, 0.995], [0.3, 0.5, 0.8])
    h = 1e-4
    middle = evolution.rounded_kink(x, t)
    bend = (evolution.rounded_kink(x + h, t) - 2 * middle + evolution.rounded_kink(x - h, t)) / h**2
    slope = (evolution.rounded_kink(x, t + h) - evolution.rounded_kink(x, t - h)) / (2 * h)
    residual = slope - evolution.DIFFUSIVITY * bend + evolution.start_diffusion(x)
    assert residual.abs().max() < 1e-5
    end, moment = columns([1.0], [0.5])
    assert (evolution.rounded_kink(end, moment) - evolution.rounded_kink(end - h, moment)).abs() < 1e-6


def test_reference_of_allen_cahn_converges_and_has_its_start():
    coarse, fine = evolution.allen_cahn_reference(128, 11), evolution.allen_cahn_reference(256, 11)
    assert (coarse - fine[:, ::2]).square().mean().sqrt() < 1e-4
    x = torch.linspace(0, 1, 257, dtype=torch.float64)
    torch.testing.assert_close(fine[0], x.square() * torch.cos(math.pi * x), rtol=0, atol=1e-9)
    assert fine[-1].max() > 0.9
    assert fine[-1].min() == pytest.approx(-1, abs=1e-3)


@pytest.mark.parametrize("make", [evolution.burgers, evolution.allen_cahn])
def test_training_comes_near_the_truth(make):
    problem = make(width=12, number=300)
    before = problem.error(problem.domain)
    solve(problem.domain, SelfScaledBroyden(), 100, quiet=True)
    assert problem.error(problem.domain) < before / 2


def test_figures():
    table = pd.DataFrame(np.full((2, 3), 0.1), index=[0.01, 0.1])
    assert isinstance(figures_evolution.draw_noise({"a": table}), Figure)
    orders = figures_evolution.draw_orders([1, 2], {1: [1e-1, 2.5e-2]})
    assert len(orders.axes[0].lines) == 2
    x = np.linspace(0, 1, 5)
    assert len(figures_evolution.draw_moments(x, {0.5: x}, {0.5: x}, "title").axes[0].lines) == 2
    assert len(figures_evolution.draw_published({"a": 1e-3}, {"b": 1e-4}, "title").axes[0].patches) == 2
