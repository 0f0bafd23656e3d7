"""Optimizers: from Adam, the usual one, to Levenberg-Marquardt, which sees every residual.

All have one method, ``step(domain)``: it moves ``domain.theta`` and returns the loss before the move for
the first-order ones, after it for the others. ``state`` holds what a resumed run needs. ``finished`` is a
sentence once no step helps any more, else None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.lbfgs import _strong_wolfe  # torch's own line search has no public name; tests watch over it

from pinn.domain import Domain


class Optimizer:
    """Base class; subclasses list their settings in ``__init__`` and keep their memory in ``state``."""

    def __init__(self, **settings: Any):
        self.settings = settings
        self.state: dict[str, Any] = {}
        self.finished: str | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.settings.items())})"

    def step(self, domain: Domain) -> float:
        raise NotImplementedError


class LevenbergMarquardt(Optimizer):
    """Gauss-Newton with damping: find the move with the smallest |r + J move|^2 + damping |move|^2.

    With a large damping it walks downhill; with a small one it jumps to where the linearized residuals are
    smallest. A move that lowers the loss is kept and the damping falls, else the damping rises. The problem
    is solved by a QR factorization, since the normal equations J'J would square the condition number and
    lose half of the digits; they are used only where the damping is large enough to hide that.

    Levenberg (1944), doi:10.1090/qam/10666; Marquardt (1963), doi:10.1137/0111030.

    Args:
        damping: at the start.
        exact_output_layer: leave the output layer undamped. It enters linearly, so that its best values need
            no small steps: while the damping is large, every move solves for them alone, and as it falls the
            other layers join in. Golub & Pereyra (1973), doi:10.1137/0710036, call this variable projection.
        trace: with an exact output layer, what is left of its damping, relative to the largest squared column
            of J. 1e-29 is rounding error, for linear equations; nonlinear ones need more.
        normal_equations_above: damping from which the faster Cholesky factorization is accurate enough.
    """

    def __init__(
        self,
        damping: float = 1e-2,
        exact_output_layer: bool = False,
        trace: float = 1e-29,
        normal_equations_above: float = 1e-7,
    ):
        super().__init__(
            damping=damping,
            exact_output_layer=exact_output_layer,
            trace=trace,
            normal_equations_above=normal_equations_above,
        )
        self.state = {"damping": damping, "stalled": 0}

    def step(self, domain: Domain) -> float:
        residuals, jacobian = domain.jacobian(domain.theta)
        loss = residuals.square().sum().item()
        free = domain.in_output_layer() if self.settings["exact_output_layer"] else None
        for _ in range(20):  # up to 5^20 = 1e14 times the damping: a move that does nothing
            damping = self.state["damping"]
            move = self._solve(residuals, jacobian, damping, free)
            with torch.no_grad():
                new_loss = domain.residuals(domain.theta + move).square().sum().item()
            if new_loss < loss:
                domain.theta = domain.theta + move
                # Slower down than up: most moves succeed, and a failed one costs a factorization. Far below the
                # rounding error of J'J (1e-16) damping does nothing; 1e-24 keeps it ready to rise.
                self.state["damping"] = max(damping / 4, 1e-24)
                # A kept move that gains less than 0.01 % stalls; 30 in a row could gain 0.3 % in all.
                self.state["stalled"] = self.state["stalled"] + 1 if new_loss > loss * (1 - 1e-4) else 0
                if self.state["stalled"] >= 30:
                    self.finished = "the loss has stopped falling"
                return new_loss
            self.state["damping"] = max(damping * 5, 1e-16)  # where it first matters
        self.finished = "no step lowers the loss"
        return loss

    def _solve(self, residuals: Tensor, jacobian: Tensor, damping: float, free: Tensor | None) -> Tensor:
        diagonal = torch.full_like(jacobian[0], damping)
        if free is not None:  # a trace of damping keeps the system solvable
            diagonal[free] = self.settings["trace"] * jacobian.square().sum(0).max()
        elif damping > self.settings["normal_equations_above"]:
            factor, failed = torch.linalg.cholesky_ex(jacobian.T @ jacobian + torch.diag(diagonal))
            if not failed:
                return -torch.cholesky_solve((jacobian.T @ residuals)[:, None], factor)[:, 0]
        stacked = torch.cat([jacobian, torch.diag(diagonal.sqrt())])
        right = torch.cat([-residuals, torch.zeros_like(diagonal)])
        return torch.linalg.lstsq(stacked, right[:, None], driver="gels").solution[:, 0]


class SelfScaledBroyden(Optimizer):
    """Quasi-Newton with a dense inverse Hessian that is rescaled at every update; it needs only gradients.

    It minimizes the logarithm of the loss: a PINN's loss falls over twenty decades, and the logarithm keeps
    them all in view. Urban, Stefanou & Pons (2024), arXiv:2405.04230; compared with others in arXiv:2501.16371.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = {"inverse": None, "failures": 0}

    def step(self, domain: Domain) -> float:
        x = domain.theta
        if self.state["inverse"] is None:
            self.state["inverse"] = torch.eye(len(x), dtype=x.dtype, device=x.device)
            self.state["fresh"] = True
            self.state["value"], self.state["gradient"] = _log_loss(domain, x)
        inverse, value, gradient = self.state["inverse"], self.state["value"], self.state["gradient"]
        direction = -(inverse @ gradient)
        slope = gradient @ direction
        if not slope < 0:
            return self._restart(domain, value)
        first = min(1.0, 1 / gradient.abs().sum().item()) if self.state["fresh"] else 1.0
        new_value, new_gradient, length, _ = _strong_wolfe(
            lambda x, t, d: _log_loss(domain, x + t * d),
            x,
            first,
            direction,
            value,
            gradient,
            slope,
            max_ls=20,  # halvings of the bracket: a millionth of the step
        )
        if not (math.isfinite(new_value) and new_value < value):
            return self._restart(domain, value)
        self.state["failures"] = 0
        step, change = length * direction, new_gradient - gradient
        domain.theta = x + step
        self._update(step, change, gradient, length)
        self.state["value"], self.state["gradient"] = new_value, new_gradient
        return math.exp(new_value)

    def _restart(self, domain: Domain, value: float) -> float:
        """Forget the curvature; give up when that does not help either."""
        if (
            self.state["fresh"] or self.state["failures"] > 4
        ):  # steepest descent fails too, or five fresh starts did
            self.finished = "no step lowers the loss"
        self.state["failures"] += 1
        self.state["inverse"] = None
        return math.exp(value)

    def _update(self, step: Tensor, change: Tensor, gradient: Tensor, length: float) -> None:
        """The self-scaled Broyden update of Urban, Stefanou & Pons (2024), in the notation of their code.

        With s = ``step``, y = ``change`` of the gradient g, H = ``inverse`` and step length alpha:
        H <- (H - H y y'H / y'Hy + phi v v') / tau + s s' / y's, where v = sqrt(y'Hy) (s / y's - H y / y'Hy).
        BFGS is phi = tau = 1. Here phi follows from theta, which places the update between BFGS (0) and DFP (1)
        or beyond, and tau rescales H.

        Source: ``SSBroyden2`` in ``modified_optimize.py`` of github.com/jorgeurban/self_scaled_algorithms_pinns, compared
        line by line. Their scripts place tau and phi at equations 13 to 23 of the paper, of which no copy with its
        equations could be opened, so each quantity stands below with its definition. The first update is another one: H is scaled before it, where they set tau to h / sigma.
        """
        curvature = (change @ step).item()  # y's
        if not curvature > 1e-300:  # no curvature was seen, or it is lost in the smallest numbers
            return
        inverse = self.state["inverse"]
        if self.state["fresh"]:
            inverse = inverse * (curvature / (change @ change).item())  # Nocedal & Wright (2006), (6.20)
            self.state["fresh"] = False
        moved = inverse @ change  # H y
        energy = (change @ moved).item()  # y'Hy
        if not energy > 0:  # rounding has spoiled the matrix
            self.state["inverse"] = torch.eye(len(step), dtype=step.dtype, device=step.device)
            self.state["fresh"] = True
            return
        b = -length * (step @ gradient).item() / curvature  # b = s'H^-1 s / y's, since H^-1 s = -alpha g
        h = energy / curvature  # h = y'Hy / y's
        a = max(h * b - 1, 1e-16)  # a = b h - 1: never negative (Cauchy-Schwarz), but for rounding error
        c = math.sqrt(a / (a + 1))  # c: sine of the angle between s and H y in the metric of H^-1
        rho = min(1.0, h * (1 - c))  # rho minus = min(1, h (1 - c))
        lowest, highest = (rho - 1) / a, 1 / rho  # theta minus and plus
        theta = max(lowest, min(highest, (1 - b) / b))
        sigma = 1 + a * theta  # sigma: without tau, det H^-1 becomes sigma / b times as large
        scale = abs(sigma) ** (-1 / (len(step) - 1))  # sigma^(1 / (1 - n)), n parameters
        shrink = min(1.0, 1 / b)  # tau of self-scaled BFGS, their ``SSBFGS_AB``
        tau = min(shrink * scale, sigma) if theta <= 0 else shrink * min(scale, 1 / theta)
        phi = (1 - theta) / sigma  # phi: the weight of v v' in H that theta is in H^-1
        v = math.sqrt(energy) * (step / curvature - moved / energy)
        inverse = (inverse - torch.outer(moved, moved / energy) + phi * torch.outer(v, v)) / tau
        self.state["inverse"] = inverse + torch.outer(step, step / curvature)


def _log_loss(domain: Domain, x: Tensor) -> tuple[float, Tensor]:
    x = x.detach().requires_grad_()
    value = torch.log(domain.loss(x) + 1e-300)  # finite even where the loss is 0
    (gradient,) = torch.autograd.grad(value, x)
    return value.item(), gradient


class TorchOptimizer(Optimizer):
    """An optimizer of `torch.optim` or of a library with the same interface, on the parameter tensors.

    Args:
        make: builds it from a list of tensors.
        decay, every: the learning rate is multiplied by ``decay`` after every ``every`` steps, smoothly.
        settings: only shown.
    """

    def __init__(
        self, make: Callable[[list[Tensor]], Any], decay: float = 1.0, every: int = 100, **settings: Any
    ):
        super().__init__(decay=decay, every=every, **settings)
        self.make = make
        self.tensors: list[Tensor] = []

    def step(self, domain: Domain) -> float:
        if not self.tensors:
            self._build(domain)
        domain.resample()

        def closure() -> Tensor:
            self.inner.zero_grad()
            loss = domain.loss(self.tensors)
            loss.backward()
            return loss

        loss = self.inner.step(closure).item()
        self.schedule.step()
        domain.theta = torch.cat([tensor.detach().reshape(-1) for tensor in self.tensors])
        self.state = {"inner": self.inner.state_dict(), "schedule": self.schedule.state_dict()}
        return loss

    def _build(self, domain: Domain) -> None:
        self.tensors = [part.clone().requires_grad_() for part in domain.split(domain.theta)]
        self.inner = self.make(self.tensors)
        decay, every = self.settings["decay"], self.settings["every"]
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.inner, lambda step: decay ** (step / every))
        if self.state:
            self.inner.load_state_dict(self.state["inner"])
            self.schedule.load_state_dict(self.state["schedule"])


def Adam(learning_rate: float = 1e-3, decay: float = 0.95, every: int = 100) -> TorchOptimizer:
    """Adam with SimNet's schedule."""
    return TorchOptimizer(
        lambda tensors: torch.optim.Adam(tensors, lr=learning_rate),
        decay,
        every,
        kind="Adam",
        learning_rate=learning_rate,
    )


def SOAP(learning_rate: float = 3e-3, decay: float = 0.95, every: int = 200) -> TorchOptimizer:
    """Adam in the eigenbasis of Shampoo's preconditioner, from pytorch-optimizer (arXiv:2409.11321)."""
    # Loaded here: 150 optimizers come with it, most of a second for every first cell.
    from pytorch_optimizer import SOAP as SoapOfTensors

    return TorchOptimizer(
        lambda tensors: SoapOfTensors(tensors, lr=learning_rate, weight_decay=0.0, precondition_frequency=2),
        decay, every, kind="SOAP", learning_rate=learning_rate,
    )  # fmt: skip


def LBFGS(history: int = 100) -> TorchOptimizer:
    """Limited-memory BFGS of torch with strong-Wolfe line search; one step is 20 iterations."""
    return TorchOptimizer(
        lambda tensors: torch.optim.LBFGS(
            tensors, max_iter=20, history_size=history, tolerance_grad=0, tolerance_change=0,
            line_search_fn="strong_wolfe",
        ),
        kind="LBFGS", history=history,
    )  # fmt: skip
