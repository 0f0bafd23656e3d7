"""The 1D problems of Lab 4 in DeepXDE (PyTorch backend): called by `pinn_problems.py`, prints one line of JSON.

Usage: python pinn_deepxde.py PROBLEM SECONDS [SEED DEPTH WIDTH]. Small tanh network (3 x 32 unless told otherwise),
float64, Adam for a quarter of the time, then L-BFGS. The equations are scaled as in the course's package, which helps DeepXDE as well.
"""

import contextlib
import io
import json
import math
import os
import sys
import time

os.environ["DDE_BACKEND"] = "pytorch"
import deepxde as dde
import numpy as np
import torch

torch.set_num_threads(1)
dde.config.set_default_float("float64")
PROBLEM, SECONDS = sys.argv[1], float(sys.argv[2])
SEED, DEPTH, WIDTH = map(int, sys.argv[3:6] or (0, 3, 32))
dde.config.set_random_seed(SEED)
D2, COLD = 0.1, 1 / 101


class Clock(dde.callbacks.Callback):
    """Notes (seconds, error) about every half second of processor time; ends the training when it is used up."""

    def __init__(self, error):
        super().__init__()
        self.error, self.curve, self.limit = error, [], SECONDS
        self.start, self.paused, self.steps = time.process_time(), 0.0, 0

    def on_epoch_end(self):
        self.steps += 1
        now = time.process_time() - self.start - self.paused
        if not self.curve or now - self.curve[-1][0] > 0.5 or now > self.limit:
            before = time.process_time()
            self.curve.append((now, float(self.error())))
            self.paused += time.process_time() - before
        if now > self.limit:
            self.model.stop_training = True


def rel(value, exact):
    return np.linalg.norm(value - exact) / np.linalg.norm(exact)


def masses(t):
    slow, middle, fast = np.cos(t), np.cos(np.sqrt(3) * t), np.cos(2 * t)
    return np.hstack(
        [slow / 6 + middle / 2 + fast / 3, slow / 3 - fast / 3, slow / 6 - middle / 2 + fast / 3]
    )


def second(y, x, component, i=0):
    return dde.grad.hessian(y, x, component=component, i=i, j=i)


def motion(m, k):
    def ode(t, y):
        a = [second(y, t, i) for i in range(3)]
        x1, x2, x3 = y[:, :1], y[:, 1:2], y[:, 2:]
        return [m * a[0] + 2 * x1 - (x2 - x1), a[1] + (x2 - x1) - (x3 - x2), a[2] + (x3 - x2) + k * x3]

    return ode


def end(value):
    return lambda x, on: on and np.isclose(x[0], value)


def net(inputs, outputs, parts=False):
    hidden = [[WIDTH] * outputs] * DEPTH if parts else [WIDTH] * DEPTH
    kind = dde.nn.PFNN if parts else dde.nn.FNN
    return kind([inputs, *hidden, outputs], "tanh", "Glorot uniform")


def mesh(a, b):
    return np.stack([grid.ravel() for grid in np.meshgrid(a, b, indexing="ij")], 1)


def at_ends(model_net, d):
    """Outputs and slopes of both halves of the bar where they meet; d is None or a column of diffusivities."""
    found = []
    number = 1 if d is None else len(d)
    for s, component in ((1.0, 0), (0.0, 1)):
        s = torch.full((number, 1), s).requires_grad_()
        value = model_net(s if d is None else torch.cat([s, d], 1))[:, component : component + 1]
        (slope,) = torch.autograd.grad(value.sum(), s, create_graph=True)
        found.append((value, slope))
    return found


unit = dde.geometry.Interval(0, 1)
extra, weights, parts = None, None, False
if PROBLEM == "parabola":
    bc = dde.icbc.DirichletBC(unit, lambda x: 0, lambda x, on: on)
    data = dde.data.PDE(unit, lambda x, y: second(y, x, 0) - 1, bc, 100, 2)
    network, test = net(1, 1), np.linspace(0, 1, 1001)[:, None]
    error = lambda: rel(model.predict(test), test * (test - 1) / 2)  # noqa: E731
elif PROBLEM == "parabola_family":  # s = x / l in (0, 1)
    box = dde.geometry.Rectangle([0, 1], [1, 2])
    side = lambda x, on: on and (np.isclose(x[0], 0) or np.isclose(x[0], 1))  # noqa: E731
    bc = dde.icbc.DirichletBC(box, lambda x: 0, side)
    data = dde.data.PDE(box, lambda x, y: second(y, x, 0) / x[:, 1:] ** 2 - 1, bc, 400, 160)
    network, test = net(2, 1), mesh(np.linspace(0, 1, 101), np.linspace(1, 2, 41))
    exact = test[:, :1] * (test[:, :1] - 1) / 2 * test[:, 1:] ** 2
    error = lambda: rel(model.predict(test), exact)  # noqa: E731
elif PROBLEM == "parabola_inverse":
    deflection = lambda x: (8 * x * (x**2 - 1) - 3 * np.sin(4 * np.pi * x) / np.pi**2) / 48  # noqa: E731
    x = np.random.default_rng(3).random((100, 1))
    observed = dde.icbc.PointSetBC(x, deflection(x) / 0.1, component=0)
    data = dde.data.PDE(unit, lambda x, y: second(y, x, 0) * 0.1 - y[:, 1:2], [observed], 200, 2, anchors=x)
    network, weights, test = net(1, 2, parts=True), [1e-2, 1.0], np.linspace(0, 1, 1001)[:, None]
    error = lambda: rel(model.predict(test)[:, 1:2], test + np.sin(4 * np.pi * test))  # noqa: E731
elif PROBLEM == "bar":  # two outputs on s in (0, 1): the cold half divided by its size, and the hot half

    def bar(x, y):
        (u, u_x), (v, v_x) = at_ends(model.net, None)
        one = torch.ones_like(x)
        return [second(y, x, 0), second(y, x, 1), (u - v / COLD) * one, (u_x * COLD / D2 * 10 - v_x) * one]

    bcs = [dde.icbc.DirichletBC(unit, lambda x: 0, end(0), component=0)]
    bcs += [dde.icbc.DirichletBC(unit, lambda x: 1, end(1), component=1)]
    data, network = dde.data.PDE(unit, bar, bcs, 100, 2), net(1, 2, parts=True)
    test = np.linspace(0, 1, 501)[:, None]

    def error():
        y = model.predict(test)
        return max(rel(y[:, :1], test), rel(y[:, 1:], test + (1 - test) * COLD))
elif PROBLEM == "bar_family":
    box = dde.geometry.Rectangle([0, 5], [1, 25])
    diffusivity = torch.linspace(5, 25, 40)[:, None]

    def bars(x, y):
        (u, u_x), (v, v_x) = at_ends(model.net, diffusivity)
        one = torch.ones_like(x)
        jump, leak = (
            (u - v / COLD).square().mean().sqrt(),
            (diffusivity * u_x * COLD / D2 - v_x).square().mean().sqrt(),
        )
        return [second(y, x, 0), second(y, x, 1), jump * one, leak * one]

    bcs = [dde.icbc.DirichletBC(box, lambda x: 0, end(0), component=0)]
    bcs += [dde.icbc.DirichletBC(box, lambda x: 1, end(1), component=1)]
    data, network = dde.data.PDE(box, bars, bcs, 300, 100), net(2, 2, parts=True)
    network.apply_feature_transform(lambda x: torch.cat([2 * x[:, :1] - 1, (1 / x[:, 1:] - 0.12) / 0.08], 1))
    test = mesh(np.linspace(0, 1, 51), np.linspace(5, 25, 81))

    def error():
        y, s = model.predict(test), test[:, :1]
        cold = 1 / (1 + test[:, 1:] / D2)
        return max(rel(y[:, :1] * COLD, s * cold), rel(y[:, 1:], s + (1 - s) * cold))
elif PROBLEM == "spring":
    span = dde.geometry.TimeDomain(0, 10)
    begin = lambda t, on: on and np.isclose(t[0], 0)  # noqa: E731
    constant = lambda value: lambda t: value  # noqa: E731
    ics = [dde.icbc.IC(span, constant(v), begin, component=i) for i, v in enumerate((1.0, 0.0, 0.0))]
    slope = lambda i: lambda t, y, _: dde.grad.jacobian(y, t, i=i, j=0)  # noqa: E731
    ics += [dde.icbc.OperatorBC(span, slope(i), begin) for i in range(3)]
    data, network = dde.data.PDE(span, motion(1.0, 2.0), ics, 200, 2), net(1, 3)
    test = np.linspace(0, 10, 2001)[:, None]
    error = lambda: rel(model.predict(test), masses(test))  # noqa: E731
else:
    extra = [dde.Variable(0.5), dde.Variable(0.5)]
    span, t = dde.geometry.TimeDomain(0, 10), np.linspace(0, 10, 200)[:, None]
    observed = [dde.icbc.PointSetBC(t, masses(t)[:, i : i + 1], component=i) for i in range(3)]
    data, network = dde.data.PDE(span, motion(*extra), observed, 200, 2, anchors=t), net(1, 3)
    error = lambda: max(abs(extra[0].item() - 1), abs(extra[1].item() / 2 - 1))  # noqa: E731

model = dde.Model(data, network)
with contextlib.redirect_stdout(io.StringIO()):
    options = {"external_trainable_variables": extra, "loss_weights": weights}
    model.compile("adam", lr=2e-3, **options)
    clock = Clock(error)
    clock.limit = SECONDS / 4
    model.train(iterations=10**7, display_every=10**7, callbacks=[clock])
    adam_steps, clock.limit, model.stop_training = clock.steps, SECONDS, False
    dde.optimizers.set_LBFGS_options(maxiter=10**6, ftol=0, gtol=1e-15)
    dde.optimizers.config.LBFGS_options["iter_per_step"] = 50
    dde.optimizers.config.LBFGS_options["fun_per_step"] = 60
    model.compile("L-BFGS", **options)
    model.train(display_every=10**7, callbacks=[clock])
curve = [point for point in clock.curve if math.isfinite(point[1])]
print(json.dumps({"curve": curve, "adam_steps": adam_steps, "version": dde.__version__}))
