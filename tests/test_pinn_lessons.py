"""Lab 4 as a lesson: one numbering of steps, ideas in the notebooks' own code, controls that answer at once."""

import re

import numpy as np
import pytest
import torch

import notebooks
from pinn import problems
from pinn.chip import HEIGHTS, WIDTHS, Chip
from pinn.geometry_network import GeometryNetworks, chebyshev, recorded

LAB = [path for path in notebooks.paths() if path.parent.name == "PINN_SimNet"]
STEPS = ("Data", "Task", "Model", "Loss", "Learning", "Evaluation")
lesson = pytest.mark.parametrize("path", LAB, ids=lambda path: path.stem)


@lesson
def test_steps_have_the_same_number_everywhere(path):
    for heading in re.findall(r"^#+ .*", "\n".join(notebooks.markdown(path)), re.MULTILINE):
        for number, name in re.findall(r"[Ss]teps? (\d),? (\w+)", heading):
            assert STEPS[int(number) - 1] == name, heading


@lesson
def test_nothing_points_at_slides_nobody_sees(path):
    text = "\n".join(notebooks.markdown(path))
    assert not re.search(r"\b(slides?|lecture|first edition|original (course|challenge))\b", text)


def test_the_first_notebook_shows_its_loop_before_the_package():
    code = [cell.source for cell in notebooks.code_cells(LAB[0])][1:]
    loop, own, frozen, package = (
        next(number for number, source in enumerate(code) if words in source)
        for words in (
            "loss.backward()",
            "def levenberg_marquardt",
            "torch.linalg.lstsq(system",
            "FullyConnected(",
        )
    )
    assert loop < own < frozen < package


def test_a_string_bends_only_where_its_load_is():
    x = np.linspace(0, 1, 2001)
    u = problems.string_deflection(x, 0.3, 2.0)
    bend = np.gradient(np.gradient(u, x), x)
    assert abs(u[0]) + abs(u[-1]) < 1e-12
    assert np.allclose(bend[420:780], 2.0, atol=1e-6)
    assert np.allclose(bend[820:-5], 0.0, atol=1e-6)


def test_the_masses_of_the_control_move_as_the_exact_ones():
    t = np.linspace(0, 10, 40)
    moved = problems.spring_motion(t, (1, 1, 1), (2, 1, 1, 2))
    assert np.allclose(moved.T, problems.spring_exact(torch.as_tensor(t)[:, None]).numpy())


def test_a_heavier_mass_swings_more_slowly():
    t = np.linspace(0, 10, 400)
    light, heavy = (problems.spring_motion(t, (mass, 1, 1), (2, 1, 1, 2))[0] for mass in (1, 3))
    assert np.sum(np.diff(np.sign(heavy)) != 0) < np.sum(np.diff(np.sign(light)) != 0)


def divergence(flow, where=(-2.0, 0.3), step=1e-5):
    """u_x + v_y by differences, relative to the speed."""
    around = flow(np.array(where) + step * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]))
    return (around[0, 0] - around[2, 0] + around[1, 1] - around[3, 1]) / (2 * step) / np.abs(around).max()


def test_networks_of_geometry_share_their_weights_and_conserve_mass():
    family = GeometryNetworks(width=6, nodes=(2, 2), order=1)
    family.weights = torch.randn(len(family.weights), generator=torch.Generator().manual_seed(0))
    low, high = (family.at(Chip(h, 1.0)) for h in HEIGHTS)
    assert torch.equal(low.weights[: family.num_local], high.weights[: family.num_local])
    patch = next(iter(low.patches))
    assert not torch.equal(low.patches[patch].offsets, high.patches[patch].offsets)
    assert torch.equal(low.patches[patch].slopes, high.patches[patch].slopes)
    assert abs(divergence(low)) < 1e-4


def test_one_step_for_one_chip_is_the_step_of_its_own_networks():
    """With one geometry the joint least squares are those of the chip alone."""
    family = GeometryNetworks(width=6, nodes=(2, 2), order=0)
    family.chips[:] = [Chip(0.5, 1.0)]
    family.train(1, quiet=True)
    alone = family._one(Chip(0.5, 1.0))
    alone.step()
    points = np.array([[-2.0, 0.1], [0.5, 0.2], [2.0, -0.3]])
    assert np.allclose(family.at(Chip(0.5, 1.0))(points), alone(points), rtol=1e-5, atol=1e-6)


def test_the_recorded_race_holds_every_seed():
    race, measured = recorded()
    assert measured[:2] == "20"
    assert race.groupby("contender")["seed"].apply(sorted).map(lambda seeds: seeds == [0, 1, 2]).all()
    kept = race.groupby("contender")["kept_mb"].first()
    now = 8e-6 * GeometryNetworks(width=60).weights.numel()
    assert kept["geometry as input, 60 neurons"] == pytest.approx(now, abs=0.005), (
        "measure again: benchmarks/chip_geometry.py"
    )


def test_chebyshev_points_hold_the_ends():
    points = chebyshev(WIDTHS, 4)
    assert points[[0, -1]] == pytest.approx(WIDTHS)
    assert np.all(np.diff(points) > 0)
