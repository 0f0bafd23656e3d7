"""Architectures, exact conditions and loss weights of Lab 4's toolbox."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from pinn import architectures, derivatives, figures_toolbox, weighting
from pinn.domain import Domain
from pinn.networks import FullyConnected
from pinn.optimizers import Adam
from pinn.points import at, box, line

SQUARE = {"x": (0.0, 1.0), "y": (-1.0, 2.0)}
GABOR = {"gabor": True, "frequency": 4.0}
KINDS = [
    pytest.param(FullyConnected, {}, id="fully_connected"),
    pytest.param(architectures.AdaptiveNetwork, {}, id="adaptive"),
    pytest.param(architectures.Siren, {"frequency": 5.0}, id="siren"),
    pytest.param(architectures.FourierNetwork, {"features_per_input": 3}, id="fourier"),
    pytest.param(architectures.ModifiedFourierNetwork, {"features_per_input": 3}, id="modified_fourier"),
    pytest.param(architectures.HighwayNetwork, {"features_per_input": 3}, id="highway"),
    pytest.param(architectures.DeepGalerkinNetwork, {}, id="deep_galerkin"),
    pytest.param(architectures.MultiplicativeFilterNetwork, {"frequency": 4.0}, id="fourier_filters"),
    pytest.param(architectures.MultiplicativeFilterNetwork, GABOR, id="gabor_filters"),
]
every_kind = pytest.mark.parametrize(("kind", "options"), KINDS)


def network_of(kind, options, outputs=("u",)):
    return kind(("x", "y"), outputs, SQUARE, width=6, depth=2, **options)


def domain_of(kind, options):
    domain = Domain([network_of(kind, options)], seed=3)
    domain.add("equation", box(SQUARE, 12), lambda p: (p.u_xx + p.u_xy, p.u_y - p.x))
    return domain


@every_kind
def test_shapes_and_names(kind, options):
    domain = Domain([network_of(kind, options, ("u", "v"))])
    assert domain.predict(box(SQUARE, 5), "u", "v", "v_xy").shape == (5, 3)
    assert domain.networks[0].size == len(domain.theta)
    assert torch.isfinite(domain.theta).all()


@every_kind
def test_taylor_mode_agrees_with_nested_autograd(kind, options):
    domain = domain_of(kind, options)
    x, y = (column.clone().requires_grad_() for column in box(SQUARE, 6).values())
    wanted = derivatives.closure(("xx", "xy", "yy"))
    coordinates = {n: derivatives.Jet.coordinate(n, c, wanted) for n, c in (("x", x), ("y", y))}
    jet = domain.networks[0](domain.split(domain.theta), coordinates)["u"]
    first = torch.autograd.grad(jet.part("").sum(), (x, y), create_graph=True)
    second = [torch.autograd.grad(slope.sum(), (x, y), retain_graph=True) for slope in first]
    expected = {"x": first[0], "y": first[1], "xx": second[0][0], "xy": second[0][1], "yy": second[1][1]}
    for key, value in expected.items():
        torch.testing.assert_close(jet.part(key), value, rtol=1e-8, atol=1e-8)


@every_kind
def test_fast_jacobian_agrees_with_reverse_mode(kind, options):
    domain = domain_of(kind, options)
    residuals, jacobian = domain.jacobian(domain.theta)
    torch.testing.assert_close(residuals, domain.residuals(domain.theta))
    expected = torch.autograd.functional.jacobian(domain.residuals, domain.theta)
    torch.testing.assert_close(jacobian, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@every_kind
def test_all_parameters_are_seen_from_any_start(kind, options, dtype):
    for seed in range(10):
        domain = Domain([network_of(kind, options)], {"m": 0.0}, seed=seed, dtype=dtype)
        domain.add("equation", box(SQUARE, 12), lambda p: (p.u_xx + p.m * p.u_xy, p.u_y - p.x))


@every_kind
def test_seed_decides_the_start(kind, options):
    starts = [Domain([network_of(kind, options)], seed=seed).theta for seed in (0, 0, 1)]
    assert torch.equal(starts[0], starts[1])
    assert not torch.allclose(starts[0], starts[2])


def test_values_of_a_siren_and_of_filters_keep_their_spread():
    for kind, options in (
        (architectures.Siren, {"frequency": 30.0}),
        (architectures.MultiplicativeFilterNetwork, {"frequency": 30.0}),
    ):
        for depth in (2, 5):
            network = kind(("x",), ("u",), {"x": (0, 1)}, width=64, depth=depth, **options)
            parameters = network.initial(torch.Generator().manual_seed(0))
            x = derivatives.Jet.coordinate("x", line("x", -1, 1, 400)["x"], ("",))
            head = [torch.eye(64), torch.zeros(64)]
            hidden = network.layers([*parameters[:-2], *head], x).part("")
            assert 0.3 < hidden.std() < 2, (kind.__name__, depth)


def test_adaptive_slope_of_one_is_the_plain_network():
    plain, adaptive = (
        Domain([network_of(kind, {})], seed=5) for kind in (FullyConnected, architectures.AdaptiveNetwork)
    )
    points = box(SQUARE, 9)
    torch.testing.assert_close(plain.predict(points, "u", "u_xx"), adaptive.predict(points, "u", "u_xx"))
    adaptive.theta[-1] *= 2
    assert not torch.allclose(plain.predict(points, "u"), adaptive.predict(points, "u"))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.integers(-3, 3), where=st.floats(0, 1))
def test_periodic_features_make_every_network_periodic(seed, shift, where):
    wave = 2 * np.pi
    features = {
        "c": lambda p: derivatives.cos(wave * p.x),
        "s": lambda p: derivatives.sin(wave * p.x),
    }
    bounds = {"c": (-1.0, 1.0), "s": (-1.0, 1.0)}
    domain = Domain([FullyConnected(("c", "s"), ("u",), bounds, features=features)], seed=seed)
    here, there = domain.predict(at(x=[where, where + shift]), "u", "u_x", "u_xx")
    torch.testing.assert_close(here, there, rtol=1e-8, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), y=st.floats(-1, 2))
def test_a_hard_condition_holds_for_any_weights(seed, y):
    hard = {"u": lambda p: 1 + p.y * p.x + p.x * (1 - p.x) * p.u}
    domain = Domain([FullyConnected(("x", "y"), ("u",), SQUARE, hard=hard)], seed=seed)
    left, right = domain.predict(at(x=[0, 1], y=y), "u")[:, 0]
    assert left == pytest.approx(1)
    assert right == pytest.approx(1 + y)


HAND = {
    "pde": [torch.tensor([[3.0, -4.0]]), torch.tensor([0.0])],
    "ends": [torch.tensor([[0.3, -0.1]]), torch.tensor([0.2])],
}


def test_annealing_by_hand():
    factors = weighting.annealing_factors(HAND, "pde")
    assert factors["pde"] == 1
    assert factors["ends"] == pytest.approx(4 / 0.2)


def quadratic(weights=(1.0, 1.0)):
    """One unknown a = 2 and two terms, (3 a)^2 and (a - 1)^2: all gradients are known."""
    domain = Domain([], unknowns={"a": 2.0})
    domain.add("big", at(x=[0.0, 0.0]), lambda p: 3 * p.a + 0 * p.x, weight=weights[0])
    domain.add("small", at(x=0.0), lambda p: p.a - 1 + 0 * p.x, weight=weights[1])
    return domain


def test_gradients_and_weights_of_a_known_loss():
    gradients = weighting.term_gradients(quadratic())
    assert [gradients[name][0].item() for name in ("big", "small")] == pytest.approx([36, 2])
    assert weighting.gradient_norms(quadratic()) == pytest.approx({"big": 38 / 36, "small": 38 / 2})
    assert weighting.annealing("big")(quadratic()) == pytest.approx({"big": 1, "small": 18})
    assert weighting.tangent_kernel(quadratic()) == pytest.approx({"big": 10 / 9, "small": 10})


@settings(max_examples=25, deadline=None)
@given(big=st.floats(0.01, 100), small=st.floats(0.01, 100))
def test_balanced_gradients_have_one_length_and_balanced_kernels_one_trace(big, small):
    factors = weighting.gradient_norms(quadratic((big, small)))
    gradients = weighting.term_gradients(quadratic((big * factors["big"], small * factors["small"])))
    assert gradients["big"][0].item() == pytest.approx(gradients["small"][0].item())
    factors = weighting.tangent_kernel(quadratic((big, small)))
    balanced = weighting.tangent_kernel(quadratic((big * factors["big"], small * factors["small"])))
    assert balanced["big"] == pytest.approx(balanced["small"]) == pytest.approx(2)


def test_reweighted_smooths_multiplies_the_given_weights_and_waits():
    domain = quadratic((1.0, 5.0))
    optimizer = weighting.Reweighted(Adam(1e-9), lambda domain: {"small": 3.0}, every=2, momentum=0.5)
    seen = []
    for _ in range(4):
        optimizer.step(domain)
        seen.append(domain.constraints["small"].weight)
    assert seen == pytest.approx([5 * 2, 5 * 2, 5 * 2.5, 5 * 2.5])
    assert domain.constraints["big"].weight == 1
    with pytest.raises(ValueError, match="momentum"):
        weighting.Reweighted(Adam(), weighting.gradient_norms, momentum=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: weighting.Reweighted(Adam(1e-2), weighting.gradient_norms, every=3),
        lambda: weighting.LocalAnnealing("big", 1e-2),
    ],
    ids=["reweighted", "local"],
)
def test_an_optimizer_resumes_where_it_was(make):
    once, halted = quadratic(), quadratic()
    optimizer, first = make(), make()
    for _ in range(20):
        optimizer.step(once)
    for _ in range(10):
        first.step(halted)
    second = make()
    second.state = first.state
    for _ in range(10):
        second.step(halted)
    torch.testing.assert_close(halted.theta, once.theta)


def test_uncertainty_weights_move_towards_the_inverse_loss():
    rule = weighting.UncertaintyWeights(learning_rate=0.05)
    domain = quadratic()
    for _ in range(1500):
        weights = rule(domain)
    assert weights["big"] == pytest.approx(0.5 / 36, rel=1e-2)
    assert weights["small"] == pytest.approx(0.5, rel=1e-2)


def test_local_annealing_balances_every_tensor_and_lowers_the_loss():
    domain = domain_of(FullyConnected, {})
    domain.add("ends", at(x=[0, 1], y=0), lambda p: 1e-3 * p.u)
    optimizer = weighting.LocalAnnealing("equation", learning_rate=1e-2)
    losses = [optimizer.step(domain) for _ in range(60)]
    assert losses[-1] < losses[0]
    assert set(optimizer.weights["equation"]) == {1.0}
    assert len(set(optimizer.weights["ends"])) > 2
    assert optimizer.weights["ends"][-1] == 1, "the equation does not feel the last offset"


def test_causal_weights_wait_for_the_past():
    weights = weighting.causal_weights(torch.tensor([0.5, 2.0, 1.0]), tolerance=2.0)
    torch.testing.assert_close(weights, torch.exp(torch.tensor([0.0, -1.0, -5.0])))


def test_causal_rule_weighs_the_points_of_a_window_alike():
    domain = Domain([FullyConnected(("t",), ("u",), {"t": (0, 1)})])
    domain.add("decay", {"t": torch.linspace(0, 1, 40)[:, None]}, lambda p: p.u_t + p.u)
    weights = weighting.causal("decay", "t", windows=4, tolerance=5.0)(domain)["decay"]
    assert weights.shape == (40, 1)
    groups = weights.reshape(4, 10)
    assert (groups == groups[:, :1]).all()
    assert (groups[:, 0].diff() < 0).all()
    assert groups[0, 0] == 1


def test_point_weights():
    t = torch.tensor([[0.0], [5.0], [10.0]])
    assert weighting.temporal_weights(t, 10.0, strength=4.0)[:, 0].tolist() == [5, 3, 1]
    weights = weighting.distance_weights(torch.tensor([[-1.0], [1.0], [2.0]]))
    assert weights[:, 0].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="positive"):
        weighting.distance_weights(torch.tensor([[-1.0], [0.0]]))


def test_figures_are_drawn():
    x = torch.linspace(0, 1, 5)[:, None]
    assert isinstance(figures_toolbox.draw_curves(x, x, {"one": x, "two": x}, "title"), Figure)
    table = pd.DataFrame({"section": ["a", "a", "b"], "tool": ["s", "t", "s"], "error": [1e-3, 0.1, 1.0]})
    assert len(figures_toolbox.draw_overview(table).axes[0].patches) == 3
