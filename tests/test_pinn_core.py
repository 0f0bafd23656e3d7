"""Lab 4's core: derivatives against closed forms, optimizers on known problems, resume, messages."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinn import derivatives, problems
from pinn.derivatives import Jet, closure
from pinn.domain import Domain
from pinn.networks import FullyConnected, Network, linear, per_point
from pinn.optimizers import LBFGS, SOAP, Adam, LevenbergMarquardt, SelfScaledBroyden
from pinn.points import at, box, grid, line, product
from pinn.training import solve

WANTED = closure(("xxxx", "xxyy", "xyy"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path))


def coordinates(number: int = 5) -> tuple[Jet, Jet]:
    points = box({"x": (0.3, 1.2), "y": (-0.7, 0.9)}, number)
    return Jet.coordinate("x", points["x"], WANTED), Jet.coordinate("y", points["y"], WANTED)


def by_autograd(function, x, y, key):
    """The same derivative by nested reverse mode."""
    x, y = (part.parts[""].clone().requires_grad_() for part in (x, y))
    value = function(x, y)
    for letter in key:
        (value,) = torch.autograd.grad(value.sum(), x if letter == "x" else y, create_graph=True)
    return value


FUNCTIONS = {
    "tanh": (derivatives.tanh, torch.tanh),
    "sin": (derivatives.sin, torch.sin),
    "cos": (derivatives.cos, torch.cos),
    "exp": (derivatives.exp, torch.exp),
    "sigmoid": (derivatives.sigmoid, torch.sigmoid),
    "silu": (derivatives.silu, torch.nn.functional.silu),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_derivative_of_every_function(name):
    ours, theirs = FUNCTIONS[name]
    x, y = coordinates()
    jet = ours(x * y * 1.3 + 0.4 * x**2 - y) / (2.0 + x * x)
    for key in WANTED:
        expected = by_autograd(lambda x, y: theirs(x * y * 1.3 + 0.4 * x**2 - y) / (2 + x * x), x, y, key)
        assert torch.allclose(jet.part(key), expected, rtol=1e-9, atol=1e-9), key


def test_closed_form_of_a_polynomial():
    x, y = coordinates()
    jet = x**3 * y**2
    a, b = x.parts[""], y.parts[""]
    for key, expected in {
        "": a**3 * b**2,
        "xx": 6 * a * b**2,
        "xyy": 6 * a**2,
        "xxyy": 12 * a,
        "xxxx": 0 * a,
    }.items():
        assert torch.allclose(jet.part(key), expected, atol=1e-12), key


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2))
def test_product_and_chain_rule_agree_with_addition_theorem(a, b, phase):
    """sin(a x + b y + phase) expanded by the addition theorem has the same derivatives."""
    x, y = coordinates(3)
    whole = derivatives.sin(a * x + b * y + phase)
    first, second = a * x, b * y + phase
    parts = derivatives.sin(first) * derivatives.cos(second) + derivatives.cos(first) * derivatives.sin(
        second
    )
    for key in WANTED:
        assert torch.allclose(whole.part(key), parts.part(key), atol=1e-9), key


def test_too_high_an_order_is_refused():
    x = Jet.coordinate("x", torch.rand(3, 1), closure(("xxxxx",)))
    with pytest.raises(ValueError, match="up to order 4"):
        derivatives.tanh(x)


class Sloped(Network):
    """One hidden layer with a trainable slope outside of any matrix."""

    def shapes(self):
        return [(6, 2), (6,), (1,), (1, 6), (1,)]

    def initial(self, generator):
        return [torch.randn(shape, generator=generator) for shape in self.shapes()]

    def layers(self, parameters, h):
        weight, bias, slope, out, shift = parameters
        return linear(derivatives.tanh(linear(h, weight, bias) * per_point(slope)), out, shift)


def mixed_domain() -> Domain:
    """Two networks, a feature, an unknown, a system, a pair of point sets, a column of weights, an integral."""
    bounds = {"x": (0.0, 1.0), "y": (0.0, 2.0)}
    domain = Domain(
        [
            FullyConnected(("x", "y"), ("u", "v"), bounds, 7, 2, hard={"u": lambda p: p.x * p.u}),
            Sloped(
                ("x", "s"), ("w",), bounds | {"s": (-1, 1)}, features={"s": lambda p: derivatives.sin(p.y)}
            ),
        ],
        unknowns={"m": 0.7},
    )
    points = box({"x": (0, 1), "y": (0, 2)}, 12)
    domain.add(
        "system", points, lambda p: (p.m * p.u_xx + p.v_y * p.w, p.w_xy - p.u**2), weight=points["x"] + 1
    )
    domain.add("pair", [at(x=0, y=[0.5, 1]), at(x=1, y=[0.5, 1])], lambda p, q: p.v - q.v, weight=3.0)
    domain.add_integral("flux", points, lambda p: p.v * p.w, target=1.0, measure=points["y"], group=4)
    return domain


def test_jacobian_is_that_of_autograd():
    domain = mixed_domain()
    residuals, jacobian = domain.jacobian(domain.theta)
    expected = torch.autograd.functional.jacobian(domain.residuals, domain.theta)
    assert torch.equal(residuals, domain.residuals(domain.theta))
    assert torch.allclose(jacobian, expected, rtol=1e-10, atol=1e-12)


FORGOTTEN = {
    "scaled input": lambda h, weight, bias, extra, out: linear(linear(h * extra, weight, bias), out),
    "slope of an activation": lambda h, weight, bias, extra, out: linear(
        derivatives.tanh(linear(h, weight, bias) * extra), out
    ),
    "shift": lambda h, weight, bias, extra, out: linear(h, weight[:1], bias[:1]) ** 2 + extra,
    "matrix without linear": lambda h, weight, bias, extra, out: linear(
        derivatives.Jet({key: part @ weight.T for key, part in h.parts.items()}, h.wanted), out
    ),
    "scaled matrix": lambda h, weight, bias, extra, out: linear(linear(h, weight * extra, bias), out),
    "scaled bias": lambda h, weight, bias, extra, out: linear(linear(h, weight, bias * extra) ** 2, out),
    "computed before per_point": lambda h, weight, bias, extra, out: linear(
        linear(h, weight, bias) * per_point(extra**2), out
    ),
    "seen once, missed once": lambda h, weight, bias, extra, out: linear(
        linear(h, weight, bias) * per_point(extra) * extra, out
    ),
    "starts at zero": lambda h, weight, bias, extra, out: linear(
        linear(h, weight) * (1 + bias.mean() ** 2), out
    ),
}


class Custom(Network):
    """One hidden layer of 4 neurons and a number, used as ``forward`` says."""

    def __init__(self, forward, **options):
        super().__init__(("x",), ("u",), {"x": (0.0, 1.0)}, **options)
        self.forward = forward

    def shapes(self):
        return [(4, 1), (4,), (1,), (1, 4)]

    def initial(self, generator):
        weight, _, extra, out = (torch.randn(shape, generator=generator) for shape in self.shapes())
        return [weight, torch.zeros(4), extra, out]

    def layers(self, parameters, h):
        return self.forward(h, *parameters)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("forward", FORGOTTEN.values(), ids=FORGOTTEN)
def test_a_parameter_that_the_tape_does_not_see_is_refused(forward, dtype):
    domain = Domain([FullyConnected(("x",), ("v",), {"x": (0, 1)}, 3, 1), Custom(forward)], dtype=dtype)
    with pytest.raises(
        ValueError, match=r"Parameter \d of Custom, of shape .* write linear\(h, weight, bias\)"
    ):
        domain.add("equation", line("x", 0, 1, 7), lambda p: p.u_x - p.u + p.v)
    assert not domain.constraints


def test_a_parameter_of_torch_that_no_optimizer_would_train_is_refused():
    layer, constant = torch.nn.Linear(4, 4).double(), torch.nn.Parameter(torch.ones(1).double())
    net = Custom(
        lambda h, weight, bias, extra, out: linear(linear(linear(h, weight, bias), layer.weight) ** 2, out)
    )
    with pytest.raises(ValueError, match=r"torch.nn.Parameter of shape \(4, 4\).*`shapes`"):
        Domain([net]).add("equation", line("x", 0, 1, 7), lambda p: p.u)
    plain = FullyConnected(("x",), ("u",), {"x": (0, 1)}, 3, 1)
    with pytest.raises(ValueError, match=r"of shape \(1,\).*unknowns"):
        Domain([plain]).add("equation", line("x", 0, 1, 7), lambda p: p.u_x - constant * p.u)


def unused(h, weight, bias, extra, out):
    fixed = torch.full((4, 4), 0.5, dtype=weight.dtype)  # a buffer, also where matrices stand
    return linear(linear(derivatives.tanh(linear(h, weight, bias)), fixed, fixed[0]), out)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("seed", range(10))
def test_parameters_without_influence_and_fixed_numbers_are_welcome(seed, dtype):
    target = torch.rand(7, 1, dtype=dtype)
    domain = Domain([Custom(unused)], unknowns={"m": 0.5, "idle": 0.0}, seed=seed, dtype=dtype)
    domain.add("equation", line("x", 0, 1, 7), lambda p: p.m.abs().sqrt() * p.u_xx - target)
    domain.add("data", line("x", 0, 1, 7), lambda p: (p.u - target, p.u * 0 + p.m))
    _, jacobian = domain.jacobian(domain.theta)
    expected = torch.autograd.functional.jacobian(domain.residuals, domain.theta)
    tolerance = 1e-9 if dtype == torch.float64 else 1e-3
    torch.testing.assert_close(jacobian, expected, rtol=tolerance, atol=tolerance)
    assert not jacobian[:, [8, -1]].any()  # the extra number, the idle unknown
    first_layer_free = Custom(lambda h, weight, bias, extra, out: linear(linear(h, weight) + 0 * extra, out))
    Domain([first_layer_free], seed=seed, dtype=dtype).add("slope", line("x", 0, 1, 7), lambda p: p.u_x - 1)


def test_loss_is_the_sum_of_squared_residuals():
    domain = mixed_domain()
    assert torch.isclose(domain.residuals(domain.theta).square().sum(), domain.loss(domain.theta))
    assert torch.isclose(domain.loss(domain.split(domain.theta)), domain.loss(domain.theta))
    assert set(domain.losses(domain.theta)) == {"system", "pair", "flux"}


def test_integral_and_weights_by_hand():
    net = FullyConnected(("x",), ("u",), {"x": (0, 1)}, hard={"u": lambda p: p.x**2 + 0 * p.u})
    domain = Domain([net])
    domain.add_integral(
        "area", line("x", 0, 1, 8), lambda p: p.u, target=0.0, measure=0.25, group=4, weight=2.0
    )
    x = line("x", 0, 1, 8)["x"]
    sums = (0.25 * x**2).reshape(2, 4).sum(1)
    assert torch.isclose(domain.loss(domain.theta), 2 * (sums**2).mean())


def test_points():
    assert line("x", -1, 1, 9)["x"].abs().max() < 1
    assert grid(x=(0, 1, 3), y=(5, 6, 2))["y"][:, 0].tolist() == [5, 6, 5, 6, 5, 6]
    both = product(line("x", 0, 1, 3), {"y": torch.ones(2, 1), "z": torch.zeros(2, 1)})
    assert {name: tuple(column.shape) for name, column in both.items()} == {
        "x": (6, 1),
        "y": (6, 1),
        "z": (6, 1),
    }
    for method in ("sobol", "halton", "uniform"):
        x = box({"x": (2, 3)}, 100, method)["x"]
        assert ((x >= 2) & (x <= 3)).all()
        assert abs(x.mean() - 2.5) < 0.15
    with pytest.raises(ValueError, match="no sampling method"):
        box({"x": (0, 1)}, 4, "random")


@pytest.mark.parametrize(
    ("name", "bound"),
    [("parabola", 1e-9), ("parabola_family", 1e-7), ("parabola_inverse", 1e-4), ("bar", 1e-9), ("bar_family", 1e-6),
     ("spring", 1e-6), ("spring_inverse", 1e-7)],
)  # fmt: skip
def test_recipes_reach_their_bounds(name, bound):
    problem = getattr(problems, name)(seed=2)
    solve(problem.domain, *problems.recipe(name), quiet=True)
    assert problem.error(problem.domain) < bound


@pytest.mark.parametrize(
    ("optimizer", "steps", "bound"),
    [(LevenbergMarquardt(), 60, 1e-4), (SelfScaledBroyden(), 300, 1e-2), (LBFGS(), 20, 1e-2),
     (SOAP(), 300, 0.1), (Adam(3e-3), 400, 0.5)],
    ids=lambda value: getattr(value, "settings", {}).get("kind", type(value).__name__),
)  # fmt: skip
def test_every_optimizer_learns_the_parabola(optimizer, steps, bound):
    problem = problems.parabola(width=12, depth=2, spread=1.0)
    solve(problem.domain, optimizer, steps, quiet=True)
    assert problem.error(problem.domain) < bound


@pytest.mark.parametrize("seed", range(6))
def test_self_scaled_broyden_update_is_the_published_one(seed):
    """Against H^-1 itself, and with tau of the paper: min(1, 1 / b) and not rho minus, which is up to half as large."""
    generator = torch.Generator().manual_seed(seed)
    root, hessian = (torch.randn(5, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    inverse, hessian = root @ root.T + 0.1 * torch.eye(5), hessian @ hessian.T + 0.1 * torch.eye(5)
    gradient = torch.randn(5, generator=generator, dtype=torch.float64)
    length = 0.7
    step = -length * inverse @ gradient
    change = hessian @ step
    optimizer = SelfScaledBroyden()
    optimizer.state |= {"inverse": inverse.clone(), "fresh": False}
    optimizer._update(step, change, gradient, length)
    found = optimizer.state["inverse"]
    assert torch.allclose(found @ change, step)  # the secant equation
    assert torch.linalg.eigvalsh(found).min() > 0

    ys, y_h_y = change @ step, change @ inverse @ change
    b, h = step @ torch.linalg.solve(inverse, step) / ys, y_h_y / ys
    a = b * h - 1
    rho = min(1, h * (1 - (a / (1 + a)).sqrt()))
    theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))
    sigma = 1 + a * theta
    tau = min(1, 1 / b) * (min(sigma**-0.25, 1 / theta) if theta > 0 else sigma**-0.25)
    tau = tau if theta > 0 else min(tau, sigma)
    v = y_h_y.sqrt() * (step / ys - inverse @ change / y_h_y)
    middle = inverse - torch.outer(inverse @ change, inverse @ change) / y_h_y
    expected = (middle + (1 - theta) / sigma * torch.outer(v, v)) / tau + torch.outer(step, step) / ys
    assert torch.allclose(found, expected)


@pytest.mark.parametrize(
    "make", [SelfScaledBroyden, LevenbergMarquardt, LBFGS, SOAP, lambda: Adam(decay=0.9, every=7)]
)
def test_resume_equals_uninterrupted(make, monkeypatch):
    def run(name):
        torch.manual_seed(0)
        problem = problems.parabola(
            width=8, depth=1, fresh=20 if make not in (SelfScaledBroyden, LevenbergMarquardt) else 0
        )
        return problem.domain, solve(problem.domain, make(), 14, report_every=1, name=name, quiet=True)

    whole, _ = run("whole")
    stopped = []
    saved = iter([0.0] + [100.0 * k for k in range(1, 1000)])  # a checkpoint after every step
    monkeypatch.setattr("pinn.training.time.monotonic", lambda: next(saved))

    class Killed(Exception):
        pass

    from pinn.training import _Run

    advance = _Run._advance

    def until_nine(self, loss, optimizer):
        if self.step == 9 and not stopped:
            stopped.append(True)
            raise Killed
        advance(self, loss, optimizer)

    monkeypatch.setattr(_Run, "_advance", until_nine)
    with pytest.raises(Killed):
        run("broken")
    domain, solution = run("broken")
    assert torch.equal(domain.theta, whole.theta)
    assert solution.history["step"].tolist() == list(range(1, 15))
    again, solution = run("broken")
    assert solution.from_cache
    assert torch.equal(again.theta, whole.theta)


def test_cache_notices_a_change(tmp_path):
    def run(right_side, **options):
        domain = Domain([FullyConnected(("x",), ("u",), {"x": (0, 1)}, width=5, depth=1)])
        domain.add("interior", line("x", 0, 1, 10), lambda p: p.u_xx - right_side)
        return solve(domain, LevenbergMarquardt(), 3, name="p", quiet=True, **options).from_cache

    assert [run(1.0), run(1.0), run(2.0), run(1.0, retrain=True)] == [False, True, False, False]


def test_a_kept_training_whose_monitors_are_numpy_numbers_is_loaded():
    """PyTorch 2.6 and later refuse NumPy's scalars in a file that is read without executing it."""

    def run():
        problem = problems.parabola()
        monitors = {"error": lambda domain: np.float64(0.25)}
        return solve(problem.domain, LevenbergMarquardt(), 3, monitors=monitors, name="numpy", quiet=True)

    first, again = run(), run()
    assert (first.from_cache, again.from_cache) == (False, True)
    assert again.history.equals(first.history)


def test_stages_follow_each_other():
    problem = problems.parabola()
    run = solve(problem.domain, [Adam(), LevenbergMarquardt()], [5, 3], report_every=1, quiet=True)
    assert run.history["stage"].tolist() == [0] * 5 + [1] * 3
    assert run.reason == "all steps are done"
    with pytest.raises(ValueError, match="one number for each"):
        solve(problem.domain, [Adam()], [5, 3], quiet=True)


def test_time_and_goal_end_a_training():
    assert "time" in solve(problems.parabola().domain, Adam(), 10**6, seconds=0.05, quiet=True).reason
    goal = solve(problems.parabola().domain, LevenbergMarquardt(), 500, loss_below=1e-3, quiet=True)
    assert goal.reason == "the loss is below its goal"


def test_messages():
    net = FullyConnected(("x",), ("u",), {"x": (0, 1)})
    domain = Domain([net])
    points = line("x", 0, 1, 4)
    with pytest.raises(ValueError, match=r"residual of 'flat' has shape \(4,\)"):
        domain.add("flat", points, lambda p: p.u[:, 0])
    with pytest.raises(ValueError, match="not finite at the start"):
        domain.add("hole", at(x=[0, 1]), lambda p: p.u / p.x)
    with pytest.raises(AttributeError, match="'v' is no coordinate, output, derivative or unknown"):
        domain.add("typo", points, lambda p: p.v - 1)
    assert not domain.constraints, "a refused constraint must not stay"
    domain.add("good", points, lambda p: p.u)
    with pytest.raises(ValueError, match="already"):
        domain.add("good", points, lambda p: p.u)
    with pytest.raises(ValueError, match="no bounds"):
        FullyConnected(("x", "t"), ("u",), {"x": (0, 1)})
    with pytest.raises(ValueError, match="without underscore"):
        FullyConnected(("x",), ("u_1",), {"x": (0, 1)})
    with pytest.raises(ValueError, match="Two networks"):
        Domain([net, net])


def test_a_loss_that_explodes_is_named():
    domain = problems.parabola().domain
    with pytest.raises(FloatingPointError, match="Lower the learning rate"):
        solve(domain, Adam(1e200), 5, quiet=True)


def test_exact_solutions_satisfy_their_equations():
    t = torch.linspace(0, 10, 7)[:, None].requires_grad_()
    u = problems.spring_exact(t)
    acceleration = []
    for k in range(3):
        (v,) = torch.autograd.grad(u[:, k].sum(), t, create_graph=True)
        acceleration.append(torch.autograd.grad(v.sum(), t, create_graph=True)[0])
    stiffness = torch.tensor([[3.0, -1, 0], [-1, 2, -1], [0, -1, 3]])
    assert torch.allclose(torch.cat(acceleration, 1), -u @ stiffness, atol=1e-12)
    x = torch.linspace(0, 1, 9)[:, None].requires_grad_()
    (slope,) = torch.autograd.grad(problems.deflection_exact(x).sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x)
    assert torch.allclose(bend, problems.source_exact(x), atol=1e-12)
    assert problems.deflection_exact(torch.tensor([0.0, 1.0])).abs().max() < 1e-15
    assert math.isclose(problems.D1 * problems.interface_temperature(10.0), 0.0990099, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("points", "residual", "weight", "sentence"),
    [
        (at(x=range(5)), lambda p: p.u - torch.arange(5.0), 1.0, r"shape \(5, 5\)"),  # each point against all others
        (at(x=range(5)), lambda p: p.u - torch.arange(3.0), 1.0, r"shape \(5, 3\)"),
        (at(x=range(5)), lambda p: (p.u, p.u - torch.arange(5.0)), 1.0, r"shape \(5, 5\)"),
        (at(x=range(5)), lambda p: p.u, torch.arange(5.0), r"weight of 'it' has shape \(5,\)"),
        (at(x=range(5)), lambda p: p.u, np.arange(5.0), r"weight of 'it' has shape \(5,\)"),
        (at(x=range(5)), lambda p: p.u, -1.0, "negative or not finite"),
        (at(x=range(5)) | {"m": torch.zeros(1, 1)}, lambda p: p.u - p.m, 1.0, r"m \(1, 1\)"),  # repeated
        ({"x": torch.arange(5.0)}, lambda p: p.u, 1.0, r"x \(5,\)"),
        ({"x": torch.zeros(0, 1)}, lambda p: p.u, 1.0, "one point at least"),
    ],
)  # fmt: skip
def test_nothing_is_spread_over_points_that_it_does_not_belong_to(points, residual, weight, sentence):
    domain = Domain([FullyConnected(("x",), ("u",), {"x": (0, 4)}, width=3)])
    with pytest.raises(ValueError, match=sentence):
        domain.add("it", points, residual, weight)
    assert not domain.constraints


def test_a_measure_is_a_column():
    domain = Domain([FullyConnected(("x",), ("u",), {"x": (0, 1)}, width=3)])
    with pytest.raises(ValueError, match=r"measure of 'flux' has shape \(4,\)"):
        domain.add_integral("flux", grid(x=(0, 1, 4)), lambda p: p.u, 1.0, torch.ones(4), 2)
    domain.add_integral("flux", grid(x=(0, 1, 4)), lambda p: p.u, 1.0, torch.ones(4, 1), 2, torch.ones(2, 1))


def test_a_prediction_outside_of_the_bounds_is_said():
    domain = Domain([FullyConnected(("x",), ("u",), {"x": (0, 1)}, width=3)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        domain.predict(at(x=[0, 1, 1 + 1e-8]), "u", "u_x")
    with pytest.warns(UserWarning, match="2 of 3 points lie outside of the bounds of x, 0 to 1"):
        assert domain.predict(at(x=[-1, 0.5, 5]), "u_x").shape == (3, 1)
