"""Networks as pure functions of their parameters, fed with coordinates and answering with jets.

A network here owns no weights. It says which shapes it needs, how to start them, and how to compute
with them; the weights of all networks of a problem lie in **one flat vector**, which is what
second-order optimizers work on. A new architecture is a subclass of `Network` with three methods. Its matrices
enter through `linear`, its other parameters through `per_point`; `Domain.add` refuses one that enters otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import torch
from torch import Tensor

from pinn import derivatives
from pinn.derivatives import Jet

Parameters = Sequence[Tensor]
Formula = Callable[[SimpleNamespace], Jet]


class Network:
    """Base class: maps inputs to [-1, 1], runs the layers, scales and transforms the outputs.

    Args:
        inputs: names of what enters the layers, e.g. ``("x", "l")``. One letter each for coordinates.
        outputs: names of what comes out, without underscore, e.g. ``("u", "v", "p")``.
        bounds: for each input its lowest and highest value.
        scale: typical size of the outputs; one number or one for each output name. The layers work best
            on numbers near 1.
        features: inputs that are computed, e.g. ``{"s": lambda p: 1 / p.D}``.
        hard: output transforms that build a condition in, e.g. ``{"u": lambda p: p.x * (1 - p.x) * p.u}``.
            ``p`` holds coordinates and untransformed outputs as jets.

    Raises:
        ValueError: an input has no bounds, or an output name holds an underscore.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        bounds: Mapping[str, tuple[float, float]],
        scale: float | Mapping[str, float] = 1.0,
        features: Mapping[str, Formula] | None = None,
        hard: Mapping[str, Formula] | None = None,
    ):
        if missing := [name for name in inputs if name not in bounds]:
            raise ValueError(f"Input {missing[0]} has no bounds; give its lowest and highest value.")
        if wrong := [name for name in outputs if "_" in name]:
            raise ValueError(
                f"Call the output {wrong[0]} without underscore: u_x means the derivative of u by x."
            )
        self.inputs, self.outputs, self.bounds = tuple(inputs), tuple(outputs), dict(bounds)
        self.scale = {name: scale[name] if isinstance(scale, Mapping) else scale for name in outputs}
        self.features, self.hard = dict(features or {}), dict(hard or {})

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the parameter tensors."""
        raise NotImplementedError

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """Start values in these shapes."""
        raise NotImplementedError

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        """From inputs in [-1, 1], shape (n, inputs), to outputs of size about 1, shape (n, outputs)."""
        raise NotImplementedError

    def output_layer(self) -> int:
        """How many parameters at the end of the list enter linearly, as those of a last `linear` do; 0 if unknown."""
        return 0

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes())

    def __call__(self, parameters: Parameters, coordinates: Mapping[str, Jet]) -> dict[str, Jet]:
        """The outputs by name."""
        known = SimpleNamespace(**coordinates)
        columns = []
        for name in self.inputs:
            low, high = self.bounds[name]
            value = self.features[name](known) if name in self.features else coordinates[name]
            columns.append((value - (low + high) / 2) * (2 / (high - low)))
        out = self.layers(parameters, derivatives.concatenate(columns))
        raw = {name: out[slice(k, k + 1)] * self.scale[name] for k, name in enumerate(self.outputs)}
        if not self.hard:
            return raw
        known = SimpleNamespace(**coordinates, **raw)
        return {name: self.hard[name](known) if name in self.hard else raw[name] for name in self.outputs}


class FullyConnected(Network):
    """Layers of ``width`` neurons, each a bend in the curve.

    The first layer is spread: neuron j computes activation(w_j . (x - c_j)) with centres c_j all over the
    box, so that there are bends everywhere from the start. The usual start puts all of them near the middle.

    Args:
        width: neurons per hidden layer.
        depth: number of hidden layers.
        spread: standard deviation of the first layer's weights; 1 for a smooth solution, 3 for waves.
        activation: a function of jets from `pinn.derivatives`.
        options: see `Network`.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        bounds: Mapping[str, tuple[float, float]],
        width: int = 16,
        depth: int = 2,
        spread: float = 1.0,
        activation: Callable[[Jet], Jet] = derivatives.tanh,
        **options,
    ):
        super().__init__(inputs, outputs, bounds, **options)
        self.sizes = [len(self.inputs), *[width] * depth, len(self.outputs)]
        self.spread, self.activation = spread, activation

    def shapes(self) -> list[tuple[int, ...]]:
        pairs = zip(self.sizes[1:], self.sizes[:-1], strict=True)
        return [shape for out, into in pairs for shape in ((out, into), (out,))]

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        start = []
        for layer, (out, into) in enumerate(zip(self.sizes[1:], self.sizes[:-1], strict=True)):
            weight = torch.randn(out, into, generator=generator)
            if layer == 0:
                weight = weight * self.spread
                centres = 2 * torch.rand(out, into, generator=generator) - 1
                bias = -(weight * centres).sum(1)
            else:
                weight = weight * math.sqrt(2 / (out + into))  # Glorot & Bengio (2010)
                last = layer == len(self.sizes) - 2
                # Scattered, lest all neurons of a layer bend at the same place.
                bias = torch.zeros(out) if last else 0.3 * torch.randn(out, generator=generator)
            start += [weight, bias]
        return start

    def output_layer(self) -> int:
        return (self.sizes[-2] + 1) * self.sizes[-1]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        for k in range(0, len(parameters) - 2, 2):
            h = self.activation(linear(h, parameters[k], parameters[k + 1]))
        return linear(h, parameters[-2], parameters[-1])


def linear(h: Jet, weight: Tensor, bias: Tensor | None = None) -> Jet:
    """W h + b for a jet: every derivative is multiplied by W, only the value gets b.

    Use this for the matrices of a network: it also serves `Tape`, which needs to see them.

    Args:
        h: (n, in). weight: (out, in). bias: (out,).
    """
    keys = list(h.parts)
    stacked = torch.stack([h.parts[key] for key in keys])  # (derivatives, n, in)
    tape = _tape.get()
    z = tape.note_linear(stacked, weight) if tape else stacked @ weight.T  # (derivatives, n, out)
    parts = dict(zip(keys, z.unbind(0), strict=True))
    if bias is not None:
        parts[""] = parts[""] + per_point(bias)
    return Jet(parts, h.wanted)


def per_point(parameter: Tensor) -> Tensor:
    """A parameter that enters outside of `linear`, e.g. a slope; lets `Tape` see it. Shape (1, ...) or (n, ...)."""
    tape = _tape.get()
    return tape.note_parameter(parameter) if tape else parameter[None]


_tape: ContextVar[Tape | None] = ContextVar("tape", default=None)


class Tape:
    """The derivative of every residual by every parameter, without a loop over points.

    The residual of point i depends on the parameters through the layers' outputs at this point. Backward
    mode gives d residual / d z for all points at once; the row of the Jacobian is then the outer product of
    this with what entered the layer (Goodfellow 2015, arXiv:1510.01799).

    Args:
        parameters: all parameter tensors, in the order of the flat vector.
        number: of points.
    """

    def __init__(self, parameters: Parameters, number: int):
        self.number = number
        self.offset, self.size = {}, 0
        for parameter in parameters:
            self.offset[id(parameter)] = self.size
            self.size += parameter.numel()
        self.leaves: list[Tensor] = []
        self.notes: list[tuple[Tensor | None, int]] = []

    @contextmanager
    def running(self):
        token = _tape.set(self)
        try:
            yield
        finally:
            _tape.reset(token)

    # A parameter is detached where it is noted: what still hangs on it in autograd's graph was `missed`.

    def note_linear(self, stacked: Tensor, weight: Tensor) -> Tensor:
        """``stacked @ weight.T`` for stacked of shape (derivatives, n, in), shape (derivatives, n, out)."""
        if id(weight) not in self.offset:  # a fixed matrix, or one that was computed from a parameter
            return stacked @ weight.T
        z = stacked @ weight.detach().T
        leaf = torch.zeros_like(z, requires_grad=True)
        self.leaves.append(leaf)
        self.notes.append((stacked.detach(), self.offset[id(weight)]))
        return z + leaf

    def note_parameter(self, parameter: Tensor) -> Tensor:
        """The parameter for every point on its own, shape (n, ...)."""
        if id(parameter) not in self.offset:
            return parameter[None]
        leaf = torch.zeros(self.number, *parameter.shape, dtype=parameter.dtype, device=parameter.device)
        self.leaves.append(leaf.requires_grad_())
        self.notes.append((None, self.offset[id(parameter)]))
        return parameter.detach()[None] + leaf

    def rows(self, residual: Tensor) -> Tensor:
        """The Jacobian, shape (n, parameters), of one residual per point, shape (n,)."""
        jacobian = torch.zeros(self.number, self.size, dtype=residual.dtype, device=residual.device)
        slopes = torch.autograd.grad(residual.sum(), self.leaves, retain_graph=True, allow_unused=True)
        for slope, (entered, at) in zip(slopes, self.notes, strict=True):
            if slope is None:
                continue
            if entered is None:
                block = slope.reshape(self.number, -1)
            else:  # summed over the derivatives d that the layer carries along: (n, out, in)
                block = torch.einsum("dno,dni->noi", slope, entered).reshape(self.number, -1)
            jacobian[:, at : at + block.shape[1]] += block
        return jacobian

    def missed(self, values: Tensor) -> list[Tensor]:
        """The tensors that ask for gradients and act on ``values`` in a way that this tape has not noted.

        Args:
            values: (n, equations), computed from parameters that ask for gradients while the tape was running.
        """
        noted = {id(leaf) for leaf in self.leaves}
        found, seen, nodes = [], set(), [values.grad_fn]
        while nodes:
            node = nodes.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            nodes += [following for following, _ in node.next_functions]
            if hasattr(node, "variable") and id(node.variable) not in noted:  # a leaf of autograd's graph
                found.append(node.variable)
        if not found:
            return []
        numbers = torch.arange(1, values.numel() + 1, dtype=values.dtype, device=values.device)
        combined = (values * numbers.view_as(values)).sum()  # slopes of opposite sign must not cancel
        slopes = torch.autograd.grad(combined, found)
        return [leaf for leaf, slope in zip(found, slopes, strict=True) if (slope != 0).any()]
