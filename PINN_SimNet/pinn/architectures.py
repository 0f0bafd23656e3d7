"""Architectures beside the fully connected one; each is a `pinn.networks.Network`, so each trains like it.

All are smooth, because a residual asks for second derivatives, and all take the width and depth of
`FullyConnected`. Most were made for solutions that vary on a short scale, which a plain network learns last.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pinn import derivatives
from pinn.derivatives import Jet
from pinn.networks import FullyConnected, Network, Parameters, linear, per_point

Bounds = Mapping[str, tuple[float, float]]


class AdaptiveNetwork(FullyConnected):
    """Fully connected, and every activation is tanh(factor a z) with one trainable slope a for all, from 1 / factor.

    Args:
        factor: n of the paper; multiplies the step that a first-order optimizer takes in the slope.
        options: see `FullyConnected`.

    Jagtap, Kawaguchi, Karniadakis (2020), doi:10.1016/j.jcp.2019.109136 (global adaptive activation).
    """

    def __init__(
        self, inputs: Sequence[str], outputs: Sequence[str], bounds: Bounds, factor: float = 10.0, **options
    ):
        super().__init__(inputs, outputs, bounds, **options)
        self.factor = factor

    def shapes(self) -> list[tuple[int, ...]]:
        return [*super().shapes(), (1,)]

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        return [*super().initial(generator), torch.tensor([1 / self.factor])]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        *weights, slope = parameters
        steepness = per_point(slope) * self.factor
        for k in range(0, len(weights) - 2, 2):
            h = derivatives.tanh(linear(h, weights[k], weights[k + 1]) * steepness)
        return linear(h, weights[-2], weights[-1])


class Siren(FullyConnected):
    """Sinusoidal representation network (SiReN): every activation is sin(frequency z).

    First weights are uniform in +-1 / inputs, later ones in +-sqrt(6 / width) / frequency: then the values keep
    their spread from layer to layer, and the first layer covers several periods.

    Args:
        frequency: omega_0; 30 in the paper, for images.
        options: see `FullyConnected`; ``spread`` and ``activation`` are not used.

    Sitzmann et al. (2020), arXiv:2006.09661, section 3.2.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        bounds: Bounds,
        frequency: float = 30.0,
        **options,
    ):
        super().__init__(inputs, outputs, bounds, **options)
        self.frequency = frequency
        self.activation = lambda z: derivatives.sin(z * self.frequency)

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        start = []
        for layer, (out, into) in enumerate(zip(self.sizes[1:], self.sizes[:-1], strict=True)):
            bound = math.sqrt(6 / into) / self.frequency if layer else 1 / into
            start += [
                _uniform((out, into), bound, generator),
                _uniform((out,), 1 / math.sqrt(into), generator),
            ]
        return start


class FourierNetwork(FullyConnected):
    """Fourier features in front: the layers see cosines and sines of fixed random frequencies.

    Args:
        features_per_input: half the number of features for each input.
        frequency: standard deviation of the frequencies, in periods per half width of the box.
        frequency_seed: of the draw.
        options: see `FullyConnected`.

    Tancik et al. (2020), arXiv:2006.10739, section 4.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        bounds: Bounds,
        features_per_input: int = 16,
        frequency: float = 1.0,
        frequency_seed: int = 0,
        **options,
    ):
        super().__init__(inputs, outputs, bounds, **options)
        generator = torch.Generator().manual_seed(frequency_seed)
        shape = (features_per_input * len(inputs), len(inputs))
        self.frequencies = frequency * torch.randn(shape, generator=generator)
        self.sizes[0] = 2 * len(self.frequencies)

    def encode(self, h: Jet) -> Jet:
        """Inputs, shape (n, inputs), to features, shape (n, sizes[0])."""
        matrix = 2 * math.pi * self.frequencies.T.to(h.parts[""])
        phase = Jet({key: part @ matrix for key, part in h.parts.items()}, h.wanted)
        return derivatives.concatenate([derivatives.cos(phase), derivatives.sin(phase)])

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        return [_glorot(shape, generator) for shape in self.shapes()]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        return super().layers(parameters, self.encode(h))


class ModifiedFourierNetwork(FourierNetwork):
    """Fourier features and two encoders U and V of the point, mixed anew by every layer: h = (1 - z) U + z V.

    Wang, Teng, Perdikaris (2021), doi:10.1137/20M1318043 (improved architecture); on Fourier features as in
    SimNet's modified Fourier network.
    """

    def shapes(self) -> list[tuple[int, ...]]:
        width, features = self.sizes[1], self.sizes[0]
        return [*[(width, features), (width,)] * 2, *super().shapes()]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        point = self.encode(h)
        u, v = (derivatives.tanh(linear(point, *parameters[k : k + 2])) for k in (0, 2))
        h = point
        for k in range(4, len(parameters) - 2, 2):
            z = derivatives.tanh(linear(h, *parameters[k : k + 2]))
            h = u + z * (v - u)
        return linear(h, *parameters[-2:])


class HighwayNetwork(FourierNetwork):
    """Fourier features and gates: a layer passes on its new values or, where its gate t closes, the point itself.

    h <- t tanh(W h + b) + (1 - t) P with the gate t = sigmoid(W_t h + b_t) and a linear projection P of the features.

    Srivastava, Greff, Schmidhuber (2015), arXiv:1507.06228; with the projection as in SimNet's modified
    highway network.
    """

    def shapes(self) -> list[tuple[int, ...]]:
        width, features = self.sizes[1], self.sizes[0]
        *hidden, last_weight, last_bias = super().shapes()
        return [(width, features), (width,), *hidden, *hidden, last_weight, last_bias]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        h = self.encode(h)
        projected = linear(h, *parameters[:2])
        depth = len(self.sizes) - 2
        for k in range(2, 2 + 2 * depth, 2):
            gate = derivatives.sigmoid(linear(h, *parameters[k + 2 * depth : k + 2 * depth + 2]))
            h = projected + gate * (derivatives.tanh(linear(h, *parameters[k : k + 2])) - projected)
        return linear(h, *parameters[-2:])


class DeepGalerkinNetwork(Network):
    """Gated layers as in a recurrent network, which all see the point again.

    s <- (1 - g) h + z s. The gates z, g, r = tanh(U x + W s + b) have their own weights, and
    h = tanh(U_h x + W_h (s r) + b_h).

    Args:
        width: size of the state s.
        depth: number of gated layers.
        options: see `Network`.

    Sirignano, Spiliopoulos (2018), doi:10.1016/j.jcp.2018.08.029, section 4.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        bounds: Bounds,
        width: int = 16,
        depth: int = 2,
        **options,
    ):
        super().__init__(inputs, outputs, bounds, **options)
        self.width, self.depth = width, depth

    def shapes(self) -> list[tuple[int, ...]]:
        n, width = len(self.inputs), self.width
        layer = [(4 * width, n), (4 * width,), (3 * width, width), (width, width)]
        return [(width, n), (width,), *layer * self.depth, (len(self.outputs), width), (len(self.outputs),)]

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        return [_glorot(shape, generator) for shape in self.shapes()]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        point, width = h, self.width
        state = derivatives.tanh(linear(point, *parameters[:2]))
        for k in range(2, len(parameters) - 2, 4):
            from_point = linear(point, *parameters[k : k + 2])
            gates = derivatives.tanh(from_point[slice(3 * width)] + linear(state, parameters[k + 2]))
            z, g, r = (gates[slice(j * width, (j + 1) * width)] for j in range(3))
            candidate = from_point[slice(3 * width, 4 * width)] + linear(state * r, parameters[k + 3])
            new = derivatives.tanh(candidate)
            state = new - g * new + z * state
        return linear(state, *parameters[-2:])


class MultiplicativeFilterNetwork(Network):
    """Products in place of activations: z <- (W z + b) g(x) with a new filter g of the point in every layer.

    With Fourier filters g = sin(omega x + phi) the network is a sum of sines. Gabor filters have a Gaussian
    envelope exp(-gamma |x - mu|^2 / 2) too: the network is a sum of local waves.

    Args:
        width: number of filters per layer.
        depth: number of products; there are ``depth + 1`` layers of filters.
        frequency: typical frequency of the products, in radians per half width of the box.
        gabor: choose Gabor filters.
        options: see `Network`.

    Fathony, Sahu, Willmott, Kolter (2021), https://openreview.net/forum?id=OmtmcPkkhT, section 3.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        bounds: Bounds,
        width: int = 16,
        depth: int = 2,
        frequency: float = 30.0,
        gabor: bool = False,
        **options,
    ):
        super().__init__(inputs, outputs, bounds, **options)
        self.width, self.depth, self.frequency, self.gabor = width, depth, frequency, gabor

    def shapes(self) -> list[tuple[int, ...]]:
        n, width = len(self.inputs), self.width
        wave = [(width, n), (width,), *([(width, n), (width,)] if self.gabor else [])]
        mixing = [(width, width), (width,)] * self.depth + [(len(self.outputs), width), (len(self.outputs),)]
        return wave * (self.depth + 1) + mixing

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        n, width = len(self.inputs), self.width
        start = []
        for _ in range(self.depth + 1):  # the frequencies of a product add up
            spread = self.frequency / math.sqrt(self.depth + 1)
            start += [
                spread * torch.randn(width, n, generator=generator),
                _uniform((width,), math.pi, generator),
            ]
            if self.gabor:  # centres all over the box, envelopes about as wide as the box
                start += [_uniform((width, n), 1.0, generator), torch.rand(width, generator=generator)]
        for _ in range(self.depth):  # keeps the variance: a sine halves it
            start += [_uniform((width, width), math.sqrt(6 / width), generator), torch.zeros(width)]
        return [*start, _glorot((len(self.outputs), width), generator), torch.zeros(len(self.outputs))]

    def layers(self, parameters: Parameters, h: Jet) -> Jet:
        step = 4 if self.gabor else 2
        filters = [self._filter(parameters[k * step : (k + 1) * step], h) for k in range(self.depth + 1)]
        z = filters[0]
        for k, wave in enumerate(filters[1:]):
            at = (self.depth + 1) * step + 2 * k
            z = linear(z, *parameters[at : at + 2]) * wave
        return linear(z, *parameters[-2:])

    def _filter(self, parameters: Parameters, x: Jet) -> Jet:
        wave = derivatives.sin(linear(x, parameters[0], parameters[1]))
        if not self.gabor:
            return wave
        centres, sharpness = per_point(parameters[2]), per_point(parameters[3])
        squares = [(x[slice(k, k + 1)] - centres[:, :, k]) ** 2 for k in range(len(self.inputs))]
        exponent = squares[0]
        for square in squares[1:]:
            exponent = exponent + square
        return wave * derivatives.exp(exponent * (-0.5 * sharpness))


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> Tensor:
    return bound * (2 * torch.rand(shape, generator=generator) - 1)


def _glorot(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Weights with variance 2 / (in + out), offsets zero. Glorot, Bengio (2010)."""
    if len(shape) == 1:
        return torch.zeros(shape)
    return torch.randn(shape, generator=generator) * math.sqrt(2 / sum(shape))
