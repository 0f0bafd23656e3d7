"""What compares the solver with published flows: sampling, coefficients, and the flows themselves, coarse."""

import numpy as np
import pytest

from flow import kernel, lattice, published, speed
from utils.published import BOTELLA_PEYRET_1000, CAVITY_X, CAVITY_Y, GHIA


def test_cavity_lines_sample_both_centre_lines():
    n = 40
    y, x = (np.mgrid[:n, :n] + 0.5) / n
    velocity = np.stack([y**2, x - x**2], -1)  # meets the lid (1), the walls (0) and the floor
    u, v = published.cavity_lines(velocity)
    np.testing.assert_allclose(u, CAVITY_Y**2, atol=1e-6)
    np.testing.assert_allclose(v, CAVITY_X - CAVITY_X**2, atol=1e-6)


def test_tables_of_the_cavity_agree_with_each_other():
    assert abs(GHIA[1000] - BOTELLA_PEYRET_1000).max() < 0.02


@pytest.mark.parametrize("cells", [10, 20])
def test_cylinder_lies_where_it_should(cells):
    case = published.Cylinder(cells, reynolds=20)
    distance = case.distance()
    assert distance.shape == (round(4.1 * cells), 22 * cells)
    assert (distance < 0).sum() == pytest.approx(np.pi * (cells / 2) ** 2, rel=0.05)
    assert distance[2 * cells, 2 * cells] == pytest.approx(-cells / 2, abs=1)


def test_coarse_cylinder_is_near_the_published_values():
    case = published.Cylinder(10, reynolds=20)
    answers = case.answers(case.steady())
    for name, (low, high) in published.SCHAEFER_TUREK_2D1.items():
        assert answers[name] == pytest.approx((low + high) / 2, rel=0.06), name


def test_unsteady_cylinder_is_not_called_steady():
    with pytest.raises(RuntimeError, match="did not become steady"):
        published.Cylinder(10, reynolds=120, u_max=0.08).steady()


def test_race_counts_cell_updates_of_every_runner():
    counted = {"a": 0, "b": 0}

    def runner(name):
        def run(num_steps):
            counted[name] += num_steps

        return run

    rates = speed.race({name: runner(name) for name in counted}, num_cells=100, rounds=3, seconds=1e-6)
    assert set(rates) == {"a", "b"}
    assert min(rates.values()) > 0
    assert counted["a"] > 0


def test_bare_copy_streams_populations():
    ny, nx, stride = 8, 16, 32
    plane = kernel.plane_size((ny + 2) * stride + kernel.MARGIN)
    old, new = kernel.allocate(plane)

    def place(q: int, y: int, x: int) -> int:
        return q * plane + (y + 1) * stride + kernel.MARGIN + x

    for q in range(9):
        old[place(q, 4, 7)] = q + 1
    speed.compile_copy(plane)(old, new, 1, ny, nx, stride)
    for q in range(9):
        assert new[place(q, 4 + lattice.VELOCITY_Y[q], 7 + lattice.VELOCITY_X[q])] == q + 1
    assert np.count_nonzero(new) == 9
