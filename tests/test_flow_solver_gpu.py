"""The batched PyTorch solver against the numba solver, on the CPU."""

import numpy as np
import pytest

from flow.solver import Simulation, channel_inflow, solve_steady
from flow.solver_gpu import BatchSimulation, solve_steady_batch

NY, NX = 32, 64
ROWS, COLUMNS = np.mgrid[:NY, :NX] + 0.5
DISTANCES = np.stack(
    [np.hypot(COLUMNS - x, ROWS - y) - r for x, y, r in ((20, 15, 5), (30, 12, 6.3), (24, 19, 4.5))]
).astype(np.float32)


@pytest.mark.parametrize("interpolated", [False, True])
def test_steps_agree_with_the_numba_kernel(interpolated):
    inflow, distances = channel_inflow(NY, 0.1), DISTANCES if interpolated else None
    batch = BatchSimulation(DISTANCES < 0, 0.05, inflow, distances=distances, device="cpu")
    batch.run(2)
    force, torque = batch.force()
    for k, distance in enumerate(DISTANCES):
        one = Simulation(
            distance < 0, 0.05, inflow=inflow, outlet=True, distance=distance if interpolated else None
        )
        one.run(2)
        inner = np.s_[:, :-2]  # the outlet's density is one step late in the kernel
        np.testing.assert_allclose(batch.velocity()[k][inner], one.velocity()[inner], atol=2e-6)
        np.testing.assert_allclose(batch.density()[k][inner], one.density()[inner], atol=2e-6)
        np.testing.assert_allclose(force[k], one.force()[0], atol=1e-5)
        assert torque[k] == pytest.approx(one.force()[1], abs=1e-4)


def test_steady_flows_agree_with_the_numba_solver():
    distances = DISTANCES[:2, ::2, ::2].copy() / 2  # 16 rows: two small channels
    batch = solve_steady_batch(distances < 0, distances=distances, reynolds=20, u_max=0.2, device="cpu")
    for flow, distance in zip(batch, distances, strict=True):
        one = solve_steady(distance < 0, distance=distance, reynolds=20, u_max=0.2)
        assert flow.converged
        assert one.converged
        np.testing.assert_allclose(flow.velocity, one.velocity, atol=2e-4)
        assert flow.drag_coefficient == pytest.approx(one.drag_coefficient, rel=1e-3)
        assert flow.torque == pytest.approx(one.torque, abs=2e-3 * abs(one.force[0]) * NY)


def test_coarse_start_and_steps_that_run_out():
    distances = np.repeat(np.repeat(DISTANCES[:1], 2, 1), 2, 2) * 2
    flow = solve_steady_batch(distances < 0, distances=distances, reynolds=40, max_steps=20, tolerance=0.01)[
        0
    ]
    assert not flow.converged
    assert flow.steps == 20
    assert 0 < np.linalg.norm(flow.velocity[..., 1]) < np.linalg.norm(flow.velocity[..., 0])


def test_bad_input_is_answered_with_a_sentence():
    with pytest.raises(ValueError, match="at least one body"):
        solve_steady_batch(np.zeros((NY, NX), bool))
    with pytest.raises(ValueError, match="block the channel"):
        solve_steady_batch(np.ones((1, NY, NX), bool))
