"""A problem: networks, unknown numbers, and constraints that say what they must satisfy.

    net = FullyConnected(inputs=("x",), outputs=("u",), bounds={"x": (0, 1)})
    domain = Domain([net])
    domain.add("interior", line("x", 0, 1, 100), lambda p: p.u_xx - 1)
    domain.add("ends", at(x=[0, 1]), lambda p: p.u)

A residual is written as the equation is: ``p.x`` is a coordinate, ``p.u`` an output, ``p.u_xx`` a derivative
and ``p.m`` an unknown number. It is to become zero at every point.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pinn.derivatives import Jet, closure
from pinn.networks import Network, Parameters, Tape, per_point
from pinn.points import Points

Residual = Callable[..., Any]


class Fields:
    """What a residual sees at a set of points: coordinates, outputs, derivatives, unknowns, as columns (n, 1).

    Derivatives that a residual asks for are noted in ``wanted``, so that the next evaluation computes
    all of them in one pass.
    """

    def __init__(
        self, domain: Domain, parameters: Parameters, points: Points, wanted: dict[int, tuple[str, ...]]
    ):
        self._domain, self._parameters, self._points, self._wanted = domain, parameters, points, wanted
        self._jets: dict[int, dict[str, Jet]] = {}

    def __getattr__(self, name: str) -> Tensor:
        if name in self._points:
            return self._points[name]
        if name in self._domain.unknowns:
            return per_point(self._parameters[self._domain.unknowns.index(name) - len(self._domain.unknowns)])
        output, _, letters = name.partition("_")
        number = self._domain.owner.get(output)
        if number is None or any(letter not in self._points for letter in letters):
            raise AttributeError(
                f"'{name}' is no coordinate, output, derivative or unknown of this constraint. There are "
                f"points with {', '.join(self._points)}; outputs {', '.join(self._domain.owner)}; "
                f"unknowns {', '.join(self._domain.unknowns) or 'none'}. Write u_xy for a derivative."
            )
        key = "".join(sorted(letters))
        if key not in self._wanted.get(number, ()):
            self._wanted[number] = closure((*self._wanted.get(number, ()), key))
            self._jets.pop(number, None)
        if number not in self._jets:
            wanted = self._wanted[number]
            coordinates = {name: Jet.coordinate(name, value, wanted) for name, value in self._points.items()}
            self._jets[number] = self._domain.networks[number](
                self._domain.slices(self._parameters, number), coordinates
            )
        return self._jets[number][output].part(key)


class Constraint:
    """One condition. Made by `Domain.add`."""

    def __init__(
        self,
        name: str,
        points: Sequence[Points] | Callable[[], Sequence[Points]],
        residual: Residual,
        weight: float | Tensor,
        group: int,
        measure: Tensor | float,
        target: float,
    ):
        self.name, self.residual, self.weight = name, residual, weight
        self.group, self.measure, self.target = group, measure, target
        self.draw = points if callable(points) else None
        self.points: Sequence[Points] = points() if callable(points) else points
        self.wanted: list[dict[int, tuple[str, ...]]] = [{} for _ in self.points]

    @property
    def number(self) -> int:
        """How many points."""
        return len(next(iter(self.points[0].values())))

    def values(self, domain: Domain, parameters: Parameters) -> Tensor:
        """Residual at every point, shape (n, equations)."""
        fields = [
            Fields(domain, parameters, points, wanted)
            for points, wanted in zip(self.points, self.wanted, strict=True)
        ]
        value = self.residual(*fields)
        columns = tuple(value) if isinstance(value, tuple | list) else (value,)
        wrong = [column for column in columns if not self._is_column(column)]
        if wrong:
            shape = tuple(wrong[0].shape) if isinstance(wrong[0], Tensor) else type(wrong[0]).__name__
            raise ValueError(
                f"The residual of '{self.name}' has shape {shape}; a column ({self.number}, 1) is expected, or a tuple of "
                "columns for a system. Return p.u_xx - 1, say; measured values (n,) beside a column (n, 1) compare "
                "each point with all others: give them to the points, at(x=..., m=values), and take p.m."
            )
        return torch.cat(columns, 1)

    def _is_column(self, value: Any) -> bool:
        return isinstance(value, Tensor) and tuple(value.shape) == (self.number, 1)

    def weigh(self, values: Tensor, target: float) -> Tensor:
        """Rows whose squares sum to weight * mean(residual^2); an integral has one row for each group."""
        if self.group:
            values = (values * self.measure).reshape(-1, self.group, *values.shape[1:]).sum(1) - target
        weight = torch.as_tensor(self.weight, dtype=values.dtype, device=values.device)
        return values * (weight / len(values)).sqrt()


class Domain:
    """Networks, unknowns and constraints of a problem, and the flat vector ``theta`` of all parameters.

    Args:
        networks: each with its own output names.
        unknowns: numbers to be found, with their first guess, e.g. ``{"m": 0.5}``.
        seed: of the start values.
        dtype, device: of ``theta``; points follow.

    Raises:
        ValueError: two networks have an output of the same name.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        unknowns: Mapping[str, float] | None = None,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
    ):
        self.networks, self.unknowns = list(networks), list(unknowns or {})
        self.owner: dict[str, int] = {}
        for number, network in enumerate(networks):
            for output in network.outputs:
                if output in self.owner:
                    raise ValueError(f"Two networks have an output {output}; give one of them another name.")
                self.owner[output] = number
        self.shapes = [shape for network in networks for shape in network.shapes()] + [(1,)] * len(
            self.unknowns
        )
        generator = torch.Generator().manual_seed(seed)
        start = [tensor for network in networks for tensor in network.initial(generator)]
        start += [torch.tensor(float(value)) for value in (unknowns or {}).values()]
        self.theta = torch.cat([tensor.reshape(-1) for tensor in start]).to(device, dtype)
        self.constraints: dict[str, Constraint] = {}

    @property
    def dtype(self) -> torch.dtype:
        """Of ``theta``."""
        return self.theta.dtype

    @property
    def device(self) -> torch.device:
        """Of ``theta``."""
        return self.theta.device

    def add(
        self,
        name: str,
        points: Points | Sequence[Points] | Callable[[], Points],
        residual: Residual,
        weight: float | Tensor = 1.0,
    ) -> None:
        """A condition at every point: the loss gets weight * mean(residual^2).

        Args:
            name: e.g. ``"interior"``.
            points: a set of points; several sets with equal numbers (the residual then takes one argument for
                each, e.g. for a periodic condition); or a function that draws a new set for every step of
                a first-order optimizer.
            residual: see the module's text. A tuple of columns is a system.
            weight: a number, or a column (n, 1) such as a signed distance; not negative.

        Raises:
            ValueError: the residual, the weight or a column of the points has the wrong shape, or is not finite, or the
                name is taken; or a trainable number acts on it that optimizers would not see.
        """
        self._add(name, points, residual, weight, 0, 1.0, 0.0)

    def add_integral(
        self,
        name: str,
        points: Points,
        integrand: Residual,
        target: float,
        measure: Tensor | float,
        group: int,
        weight: float = 1.0,
    ) -> None:
        """A condition on sums: for every group of ``group`` consecutive points sum(measure * integrand) = target.

        Args:
            measure: quadrature weights, a column (n, 1) or a number.
        """
        if isinstance(measure, Tensor):
            measure = measure.to(self.device, self.dtype)
        self._add(name, points, integrand, weight, group, measure, target)

    def _add(self, name, points, residual, weight, group, measure, target) -> None:
        if name in self.constraints:
            raise ValueError(f"There is a constraint '{name}' already; choose another name.")
        if callable(points):
            draw: Any = lambda: [self._move(points())]  # noqa: E731
        else:
            draw = [self._move(p) for p in (points if isinstance(points, list | tuple) else [points])]
        if isinstance(weight, Tensor):
            weight = weight.to(self.device, self.dtype)
        constraint = Constraint(name, draw, residual, weight, group, measure, target)
        _check_columns(name, constraint.points)
        rows = constraint.number // group if group else constraint.number
        _check_weights(f"The weight of '{name}'", weight, rows)
        _check_weights(f"The measure of '{name}'", measure, constraint.number)
        self.constraints[name] = constraint
        try:
            value = self._rows(constraint, self.split(self.theta))
            if not torch.isfinite(value).all():
                raise ValueError(
                    f"The residual of '{name}' is not finite at the start values. Look for a division by zero."
                )
            self._check_derivatives(constraint)
        except Exception:
            del self.constraints[name]
            raise

    def _check_derivatives(self, constraint: Constraint) -> None:
        """Raise where a residual depends on a trainable number in a way that `jacobian` does not see."""
        moved = self.theta + 0.01 * torch.where(
            self.theta == 0, 1, self.theta
        )  # a zero may hide an influence
        with torch.enable_grad():
            parameters = [part.clone().requires_grad_() for part in self.split(moved)]
            tape = Tape(parameters, constraint.number)
            with tape.running():
                values = constraint.values(self, parameters)
            missed = tape.missed(values)
        ours = {id(parameter): k for k, parameter in enumerate(parameters)}
        for leaf in missed:
            if id(leaf) in ours:
                raise ValueError(
                    f"{self._describe(ours[id(leaf)])} acts on '{constraint.name}' outside of `linear` and "
                    "`per_point`, so that its derivative would be taken for 0. In the method `layers` write "
                    "linear(h, weight, bias) for a matrix and per_point(parameter) for any other parameter, with the "
                    "parameter as it was given: linear(h, weight) * per_point(scale), not linear(h, weight * scale)."
                )
            if isinstance(leaf, torch.nn.Parameter):
                raise ValueError(
                    f"'{constraint.name}' depends on a torch.nn.Parameter of shape {tuple(leaf.shape)} that is none of "
                    "the domain's parameters, so that no optimizer would train it. Let the methods `shapes` and "
                    "`initial` of the network declare it, or name it in Domain(..., unknowns={...}); for a fixed "
                    "number use a plain tensor."
                )

    def _describe(self, position: int) -> str:
        """Which parameter stands at a position of the list that `split` gives."""
        for network in self.networks:
            if position < len(network.shapes()):
                shape = network.shapes()[position]
                return f"Parameter {position} of {type(network).__name__}, of shape {shape},"
            position -= len(network.shapes())
        return f"The unknown {self.unknowns[position]}"

    def _move(self, points: Points) -> Points:
        return {name: column.to(self.device, self.dtype) for name, column in points.items()}

    def resample(self) -> None:
        """Draw new points for every constraint that was given a function."""
        for constraint in self.constraints.values():
            if constraint.draw:
                constraint.points = constraint.draw()

    def split(self, theta: Tensor) -> list[Tensor]:
        """The flat vector as a list of parameter tensors."""
        parts = theta.split([math.prod(shape) for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def slices(self, parameters: Parameters, number: int) -> Parameters:
        """The parameters of one network."""
        start = sum(len(network.shapes()) for network in self.networks[:number])
        return parameters[start : start + len(self.networks[number].shapes())]

    def in_output_layer(self) -> Tensor:
        """True for the parameters in ``theta`` that enter their network linearly."""
        marks = []
        for network in self.networks:
            last = network.output_layer()
            marks += [False] * (network.size - last) + [True] * last
        return torch.tensor(marks + [False] * len(self.unknowns), device=self.device)

    def _rows(self, constraint: Constraint, parameters: Parameters) -> Tensor:
        return constraint.weigh(constraint.values(self, parameters), constraint.target)

    def losses(self, parameters: Tensor | Parameters) -> dict[str, Tensor]:
        """weight * mean(residual^2) of every constraint."""
        parameters = self.split(parameters) if isinstance(parameters, Tensor) else parameters
        return {name: self._rows(c, parameters).square().sum() for name, c in self.constraints.items()}

    def loss(self, parameters: Tensor | Parameters) -> Tensor:
        """The sum of `losses`."""
        return torch.stack(list(self.losses(parameters).values())).sum()

    def residuals(self, theta: Tensor) -> Tensor:
        """All weighted residuals in one vector; the sum of its squares is the loss."""
        parameters = self.split(theta)
        return torch.cat([self._rows(c, parameters).reshape(-1) for c in self.constraints.values()])

    def jacobian(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """`residuals`, shape (rows,), and their derivatives by every parameter, shape (rows, parameters)."""
        parameters = [parameter.contiguous() for parameter in self.split(theta.detach())]
        residuals, rows = [], []
        for constraint in self.constraints.values():
            tape = Tape(parameters, constraint.number)
            with tape.running():
                values = constraint.values(self, parameters)
            residuals.append(constraint.weigh(values.detach(), constraint.target).reshape(-1))
            slopes = [tape.rows(values[:, k]) for k in range(values.shape[1])]
            rows += [
                torch.stack([constraint.weigh(slope, 0.0) for slope in slopes], 1).reshape(-1, tape.size)
            ]
        return torch.cat(residuals), torch.cat(rows)

    def predict(self, points: Points, *names: str) -> Tensor:
        """Outputs or derivatives at points, shape (n, names), e.g. ``predict(points, "u", "u_x")``.

        Outside of the bounds of its inputs a network extrapolates: there it answers with a warning.
        """
        for number in {
            self.owner[name.partition("_")[0]] for name in names if name.partition("_")[0] in self.owner
        }:
            self._warn_outside(self.networks[number], points)
        with torch.no_grad():
            fields = Fields(self, self.split(self.theta), self._move(points), {})
            return torch.cat([getattr(fields, name) for name in names], 1)

    @staticmethod
    def _warn_outside(network: Network, points: Points) -> None:
        for name in network.inputs:
            if name in network.features or name not in points:
                continue
            low, high = network.bounds[name]
            column, slack = points[name], 1e-6 * (high - low)  # single precision knows 1e-7 of the ends
            outside = int(((column < low - slack) | (column > high + slack)).sum())
            if outside:
                warnings.warn(
                    f"{outside} of {column.numel()} points lie outside of the bounds of {name}, {low:g} to {high:g}: there "
                    "the network extrapolates.",
                    stacklevel=3,
                )

    def unknown(self, name: str) -> float:
        """The present value of an unknown number."""
        return self.theta[self.unknowns.index(name) - len(self.unknowns)].item()


def _check_columns(name: str, sets: Sequence[Points]) -> None:
    """Raise unless all points of a constraint are columns, or tables, of one length: a shorter one would be repeated."""
    shapes = {key: tuple(column.shape) for points in sets for key, column in points.items()}
    number = len(next(iter(sets[0].values())))
    wrong = [f"{key} {shape}" for key, shape in shapes.items() if len(shape) != 2 or shape[0] != number]
    if wrong or number == 0:
        raise ValueError(
            f"The points of '{name}' are columns (n, 1) of one length, with one point at least; these are "
            f"{', '.join(wrong) or 'none'}. `pinn.points.at` makes columns and repeats single numbers."
        )


def _check_weights(what: str, weights: Tensor | float, number: int) -> None:
    values = torch.as_tensor(weights)
    if tuple(values.shape) not in ((), (1,), (1, 1), (number, 1)):
        raise ValueError(
            f"{what} has shape {tuple(values.shape)}; a number or a column ({number}, 1) is expected. Beside a column, "
            "(n,) would count each value for all points: try weight.reshape(-1, 1)."
        )
    if not (torch.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(f"{what} is negative or not finite.")
