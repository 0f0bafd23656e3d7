"""Weights between the terms of a loss, and between the points of one term.

A loss is a sum of terms: the equation, the boundary, the data. Which weights are right? The rules here answer
from gradients, from the neural tangent kernel, or from a noise model; the functions at the end weigh the
points of a term by distance or time. `Reweighted` applies a rule while another optimizer trains::

    solve(domain, Reweighted(Adam(), annealing("interior")), 2000)
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from pinn.domain import Domain
from pinn.optimizers import Optimizer, TorchOptimizer

Gradients = Mapping[str, Sequence[Tensor]]
Rule = Callable[[Domain], Mapping[str, float | Tensor]]


class Reweighted(Optimizer):
    """Another optimizer, and before every ``every``-th of its steps a rule that renews the weights.

    A rule sees the domain with the weights it was given at first, and answers with factors on them.

    Args:
        inner: a first-order optimizer. Others remember the loss of their last step, and this one changes it.
        rule: e.g. `gradient_norms`, or ``annealing("interior")``.
        every: steps between two updates; an update costs about as much as a step.
        momentum: share of its old value that a factor keeps, from 0 to below 1.

    Raises:
        ValueError: ``every`` or ``momentum`` is out of range.
    """

    def __init__(self, inner: Optimizer, rule: Rule, every: int = 10, momentum: float = 0.9):
        if every < 1 or not 0 <= momentum < 1:
            raise ValueError(f"every is {every} and momentum {momentum}; take 1 or more, and 0 to below 1.")
        name = getattr(rule, "__name__", type(rule).__name__)
        super().__init__(inner=inner, rule=name, every=every, momentum=momentum)
        self.inner, self.rule, self.every, self.momentum = inner, rule, every, momentum
        self.state = {"steps": 0, "given": {}, "factors": {}, "inner": inner.state}

    def step(self, domain: Domain) -> float:
        given, factors = self.state["given"], self.state["factors"]
        if not given:
            given.update({name: constraint.weight for name, constraint in domain.constraints.items()})
        if self.inner.state is not self.state["inner"]:  # a resumed run
            self.inner.state = self.state["inner"]
        if self.state["steps"] % self.every == 0:
            _set_weights(domain, given)
            for name, factor in self.rule(domain).items():
                old = factors.get(name, 1.0)
                factors[name] = self.momentum * old + (1 - self.momentum) * factor
        _set_weights(domain, {name: weight * factors.get(name, 1.0) for name, weight in given.items()})
        loss = self.inner.step(domain)
        self.state["steps"] += 1
        self.state["inner"], self.finished = self.inner.state, self.inner.finished
        return loss


def _set_weights(domain: Domain, weights: Mapping[str, float | Tensor]) -> None:
    for name, weight in weights.items():
        domain.constraints[name].weight = weight


def term_gradients(domain: Domain) -> dict[str, list[Tensor]]:
    """Gradient of each term of the loss alone, one tensor per parameter tensor."""
    tensors = [part.detach().requires_grad_() for part in domain.split(domain.theta)]
    found = {}
    for name, loss in domain.losses(tensors).items():
        gradients = torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True)
        found[name] = [
            torch.zeros_like(tensor) if gradient is None else gradient
            for gradient, tensor in zip(gradients, tensors, strict=True)
        ]
    return found


def annealing(reference: str) -> Rule:
    """Global learning-rate annealing: max |grad L_reference| / mean |grad L_i|; the reference has 1.

    Args:
        reference: the constraint that sets the pace, as a rule the differential equation.

    Wang, Teng, Perdikaris (2021), doi:10.1137/20M1318043, algorithm 1.
    """

    def annealing_rule(domain: Domain) -> dict[str, float]:
        return annealing_factors(term_gradients(domain), reference)

    return annealing_rule


def annealing_factors(gradients: Gradients, reference: str) -> dict[str, float]:
    """The formula of `annealing`, for gradients as `term_gradients` returns them."""
    largest = max(part.abs().max().item() for part in gradients[reference])
    return {
        name: 1.0 if name == reference else largest / _positive(_flat(parts).abs().mean())
        for name, parts in gradients.items()
    }


def gradient_norms(domain: Domain) -> dict[str, float]:
    """Sum of all gradient norms / own norm: the weighted gradients of all terms have one length.

    Wang, Sankaran, Wang, Perdikaris (2023), arXiv:2308.08468, section 4; in the spirit of GradNorm (Chen et
    al. 2018, arXiv:1711.02257), which learns its weights.
    """
    norms = {name: _flat(parts).norm().item() for name, parts in term_gradients(domain).items()}
    return {name: sum(norms.values()) / _positive(norm) for name, norm in norms.items()}


def tangent_kernel(domain: Domain) -> dict[str, float]:
    """Sum of the mean kernel traces of all terms / own mean trace: all terms fall about equally fast.

    K = J J' is the neural tangent kernel of the residuals of a term, J their Jacobian. Its trace is the sum of
    the squares of J; ours is divided by the number of points, because our losses are means.

    Wang, Yu, Perdikaris (2022), doi:10.1016/j.jcp.2021.110768, section 6.
    """
    squares = domain.jacobian(domain.theta)[1].square().sum(1)
    parameters = domain.split(domain.theta)
    rows = [c.weigh(c.values(domain, parameters), c.target).numel() for c in domain.constraints.values()]
    traces = [part.sum().item() for part in squares.split(rows)]
    return {
        name: sum(traces) / _positive(trace) for name, trace in zip(domain.constraints, traces, strict=True)
    }


class UncertaintyWeights:
    """Homoscedastic uncertainty: the loss is 1/2 sum_i (exp(-s_i) L_i + s_i), and the s_i are learned too.

    s_i is the logarithm of the noise variance of a term. Its best value is log L_i, so the weight of a term
    grows without limit as the term falls. Use it with ``every=1, momentum=0``.

    Args:
        learning_rate: of Adam, which changes the s_i; as a rule that of the network.

    Kendall, Gal, Cipolla (2018), arXiv:1705.07115, section 3.
    """

    def __init__(self, learning_rate: float = 1e-3):
        self.learning_rate = learning_rate
        self.log_variance = torch.zeros(0)

    def __call__(self, domain: Domain) -> dict[str, float]:
        with torch.no_grad():
            losses = torch.stack(list(domain.losses(domain.theta).values()))
        if len(self.log_variance) != len(losses):
            self.log_variance = torch.zeros_like(losses)
            self.inner = torch.optim.Adam([self.log_variance], lr=self.learning_rate)
        self.log_variance.grad = 0.5 * (1 - losses * torch.exp(-self.log_variance))
        self.inner.step()
        weights = 0.5 * torch.exp(-self.log_variance)
        return dict(zip(domain.constraints, weights.tolist(), strict=True))


class LocalAnnealing(TorchOptimizer):
    """Adam with annealing inside of every parameter tensor: each layer balances the terms on its own.

    The weights belong to gradients and not to a loss: what is followed is no longer the gradient of
    any function. The formula is that of `annealing`, with maximum and mean taken over one tensor.

    Args:
        reference: the constraint that sets the pace.
        learning_rate: of Adam.
        decay, every: the learning rate is multiplied by ``decay`` after every ``every`` steps, smoothly.
        momentum: share of its old value that a weight keeps.
    """

    def __init__(
        self,
        reference: str,
        learning_rate: float = 1e-3,
        decay: float = 0.95,
        every: int = 100,
        momentum: float = 0.9,
    ):
        super().__init__(
            lambda tensors: torch.optim.Adam(tensors, lr=learning_rate),
            decay, every, kind="LocalAnnealing", reference=reference, learning_rate=learning_rate, momentum=momentum,
        )  # fmt: skip

    def step(self, domain: Domain) -> float:
        if not self.tensors:
            self.weights: dict[str, list[float]] = self.state.get("weights", {})
            self._build(domain)
        domain.resample()
        gradients = term_gradients(domain)
        self._renew(gradients)
        for number, tensor in enumerate(self.tensors):
            weighted = [self.weights[name][number] * parts[number] for name, parts in gradients.items()]
            tensor.grad = torch.stack(weighted).sum(0)
        with torch.no_grad():
            loss = domain.loss(domain.theta).item()
        self.inner.step()
        self.schedule.step()
        domain.theta = torch.cat([tensor.detach().reshape(-1) for tensor in self.tensors])
        kept = {"inner": self.inner.state_dict(), "schedule": self.schedule.state_dict()}
        self.state = {**kept, "weights": self.weights}
        return loss

    def _renew(self, gradients: Gradients) -> None:
        reference, keep = self.settings["reference"], self.settings["momentum"]
        for name, parts in gradients.items():
            old = self.weights.setdefault(name, [1.0] * len(parts))
            for number, part in enumerate(parts):
                leading = gradients[reference][number]
                if leading.any():  # the reference may not feel a tensor at all, e.g. the last offset
                    new = annealing_factors({reference: [leading], name: [part]}, reference)[name]
                    old[number] = keep * old[number] + (1 - keep) * new


def causal(name: str, time: str, windows: int = 16, tolerance: float = 1.0) -> Rule:
    """A rule for `Reweighted` with ``momentum=0``: a time counts once all earlier times are solved.

    Args:
        name: the constraint.
        time: its coordinate of time.
        windows: the times are cut into so many equal parts.
        tolerance: see `causal_weights`.
    """

    def causal_rule(domain: Domain) -> dict[str, Tensor]:
        constraint = domain.constraints[name]
        t = constraint.points[0][time]
        with torch.no_grad():
            squares = constraint.values(domain, domain.split(domain.theta)).square().sum(1)
        part = ((t - t.min()) / (t.max() - t.min()) * windows).long().clamp(max=windows - 1)[:, 0]
        sums = torch.zeros(windows, dtype=t.dtype, device=t.device).index_add(0, part, squares)
        means = sums / torch.bincount(part, minlength=windows).clamp(min=1)
        return {name: causal_weights(means, tolerance)[part][:, None]}

    return causal_rule


def causal_weights(losses: Tensor, tolerance: float = 1.0) -> Tensor:
    """exp(-tolerance * sum of the losses of all earlier windows of time); the first has 1. Shape (windows,).

    Wang, Sankaran, Perdikaris (2024), doi:10.1016/j.cma.2024.116813.

    Args:
        losses: mean squared residual in each window, in order of time, shape (windows,).
        tolerance: epsilon; a small one is lenient.
    """
    return torch.exp(-tolerance * (torch.cumsum(losses, 0) - losses))


def temporal_weights(t: Tensor, end: float, strength: float = 2.0) -> Tensor:
    """1 + strength (1 - t / end): early times first. Shape of ``t``.

    Temporal loss weighting of SimNet: Hennigh et al. (2021), doi:10.1007/978-3-030-77977-1_36.

    Args:
        t: times from 0 to ``end``.
        end: the last time.
        strength: what time 0 has more than the last one.
    """
    return 1 + strength * (1 - t / end)


def distance_weights(distance: Tensor) -> Tensor:
    """Weights in proportion to the distance from the boundary, mean 1. Shape of ``distance``.

    At a corner, or where boundary values jump, the residual is large and says little; its weight vanishes.
    SimNet: Hennigh et al. (2021), doi:10.1007/978-3-030-77977-1_36.

    Args:
        distance: signed, positive inside.

    Raises:
        ValueError: no point lies inside.
    """
    inside = distance.clamp(min=0)
    if not inside.max() > 0:
        raise ValueError("No point has a positive distance; the distance is positive inside of the domain.")
    return inside / inside.mean()


def _flat(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])


def _positive(value: Tensor | float) -> float:
    """The value, or a tiny number in place of 0: a term without gradient must not divide by zero."""
    return max(float(value), 1e-30)
