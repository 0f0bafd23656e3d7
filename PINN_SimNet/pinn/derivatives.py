"""Exact derivatives, carried forward through a computation (Taylor mode).

A `Jet` is a value together with some of its partial derivatives. Sums, products and functions
of jets follow the rules of calculus, so a network that is fed with jets answers with jets: one
pass gives u, u_x, u_xx, ... at all points. Nested reverse mode (`torch.autograd.grad` of
`torch.autograd.grad`) gives the same numbers and builds a graph that grows with every order.

A derivative is named by its letters in alphabetical order: ``""`` is the value, ``"xx"`` the
second derivative by x, ``"xy"`` the mixed one.

Griewank & Walther, Evaluating Derivatives, 2nd ed., chapter 13, doi:10.1137/1.9780898717761.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import torch
from torch import Tensor


@cache
def closure(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The derivatives asked for and all lower ones they are built from, shortest first."""
    found = {""}
    for key in keys:
        for wanted in range(2 ** len(key)):
            found.add("".join(letter for k, letter in enumerate(sorted(key)) if wanted >> k & 1))
    return tuple(sorted(found, key=lambda key: (len(key), key)))


@cache
def splits(key: str) -> tuple[tuple[str, str, int], ...]:
    """The product rule: derivative ``key`` of f g is the sum of count * f_first * g_second."""
    count: Counter[tuple[str, str]] = Counter()
    for chosen in range(2 ** len(key)):
        first = "".join(letter for k, letter in enumerate(key) if chosen >> k & 1)
        second = "".join(letter for k, letter in enumerate(key) if not chosen >> k & 1)
        count[first, second] += 1
    return tuple((*pair, number) for pair, number in count.items())


@cache
def partitions(key: str) -> tuple[tuple[tuple[str, ...], int], ...]:
    """The chain rule (Faa di Bruno): derivative ``key`` of f(z) is the sum of count * f^(k) * the k factors z_part."""
    if not key:
        return (((), 1),)
    count: Counter[tuple[str, ...]] = Counter()
    first, rest = key[0], key[1:]
    for chosen in range(2 ** len(rest)):
        part = first + "".join(letter for k, letter in enumerate(rest) if chosen >> k & 1)
        others = "".join(letter for k, letter in enumerate(rest) if not chosen >> k & 1)
        for factors, number in partitions(others):
            count[tuple(sorted((part, *factors)))] += number
    return tuple(count.items())


class Jet:
    """A value and its partial derivatives.

    Attributes:
        parts: for each derivative that is not zero everywhere its tensor, shape (n, features).
        wanted: the derivatives that are carried along; closed under `closure`.
    """

    def __init__(self, parts: dict[str, Tensor], wanted: tuple[str, ...]):
        self.parts = parts
        self.wanted = wanted

    @classmethod
    def coordinate(cls, name: str, values: Tensor, wanted: tuple[str, ...]) -> Jet:
        """A coordinate: its derivative by itself is 1, all others vanish."""
        parts = {"": values}
        if name in wanted:
            parts[name] = torch.ones_like(values)
        return cls(parts, wanted)

    def __getitem__(self, columns: slice) -> Jet:
        return Jet({key: part[:, columns] for key, part in self.parts.items()}, self.wanted)

    def part(self, key: str) -> Tensor:
        """One derivative, zeros where it vanishes."""
        return self.parts[key] if key in self.parts else torch.zeros_like(self.parts[""])

    def __neg__(self) -> Jet:
        return Jet({key: -part for key, part in self.parts.items()}, self.wanted)

    def __add__(self, other: Jet | Tensor | float) -> Jet:
        parts = dict(self.parts)
        if not isinstance(other, Jet):
            parts[""] = parts[""] + other
            return Jet(parts, self.wanted)
        for key, part in other.parts.items():
            parts[key] = parts[key] + part if key in parts else part
        return Jet(parts, self.wanted)

    __radd__ = __add__

    def __sub__(self, other: Jet | Tensor | float) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Tensor | float) -> Jet:
        return -self + other

    def __mul__(self, other: Jet | Tensor | float) -> Jet:
        if not isinstance(other, Jet):
            return Jet({key: part * other for key, part in self.parts.items()}, self.wanted)
        parts = {}
        for key in self.wanted:
            terms = [
                self.parts[first] * other.parts[second] * number
                if number > 1
                else self.parts[first] * other.parts[second]
                for first, second, number in splits(key)
                if first in self.parts and second in other.parts
            ]
            if terms:
                parts[key] = sum_of(terms)
        return Jet(parts, self.wanted)

    __rmul__ = __mul__

    def __truediv__(self, other: Jet | Tensor | float) -> Jet:
        return self * (reciprocal(other) if isinstance(other, Jet) else 1 / other)

    def __rtruediv__(self, other: Tensor | float) -> Jet:
        return reciprocal(self) * other

    def __pow__(self, exponent: int) -> Jet:
        return math.prod([self] * exponent, start=1.0)  # type: ignore[arg-type, return-value]

    def apply(self, slopes: Callable[[Tensor, int], Sequence[Tensor]]) -> Jet:
        """f of this jet by the chain rule.

        Args:
            slopes: gives f and its derivatives up to an order, each at the same points.
        """
        order = max(len(key) for key in self.wanted)
        f = slopes(self.parts[""], order)
        parts = {"": f[0]}
        for key in self.wanted[1:]:
            terms = []
            for factors, number in partitions(key):
                if all(factor in self.parts for factor in factors):
                    term = f[len(factors)]
                    for factor in factors:
                        term = term * self.parts[factor]
                    terms.append(term * number if number > 1 else term)
            if terms:
                parts[key] = sum_of(terms)
        return Jet(parts, self.wanted)


def sum_of(terms: Iterable[Tensor]) -> Tensor:
    """The sum without the leading zero of `sum`."""
    total, *rest = terms
    for term in rest:
        total = total + term
    return total


def concatenate(jets: Sequence[Jet]) -> Jet:
    """Features of several jets side by side."""
    keys = [key for key in jets[0].wanted if any(key in jet.parts for jet in jets)]
    return Jet({key: torch.cat([jet.part(key) for jet in jets], 1) for key in keys}, jets[0].wanted)


def _tanh(z: Tensor, order: int) -> list[Tensor]:
    """tanh and its derivatives, each from those before: f' = 1 - f^2."""
    t = torch.tanh(z)
    f = [t]
    if order > 0:
        f.append(1 - t * t)
    if order > 1:
        f.append(-2 * t * f[1])
    if order > 2:
        f.append(f[1] * (6 * t * t - 2))
    if order > 3:
        f.append(f[2] * (12 * t * t - 8))
    return _up_to(f, order, "tanh")


def _sine(z: Tensor, order: int) -> list[Tensor]:
    s, c = torch.sin(z), torch.cos(z)
    return [(s, c, -s, -c)[k % 4] for k in range(order + 1)]


def _cosine(z: Tensor, order: int) -> list[Tensor]:
    s, c = torch.sin(z), torch.cos(z)
    return [(c, -s, -c, s)[k % 4] for k in range(order + 1)]


def _sigmoid(z: Tensor, order: int) -> list[Tensor]:
    """The sigmoid and its derivatives, each from those before: f' = f (1 - f)."""
    s = torch.sigmoid(z)
    f = [s, s * (1 - s)]
    f += [f[1] * (1 - 2 * s), f[1] * (1 - 6 * f[1])]
    f.append(f[2] * (1 - 12 * f[1]))
    return _up_to(f, order, "sigmoid")


def _reciprocal(z: Tensor, order: int) -> list[Tensor]:
    return [(-1) ** k * math.factorial(k) / z ** (k + 1) for k in range(order + 1)]


def _up_to(f: list[Tensor], order: int, name: str) -> list[Tensor]:
    if order >= len(f):
        raise ValueError(
            f"{name} knows its derivatives up to order {len(f) - 1}, and order {order} is asked for."
        )
    return f[: order + 1]


def tanh(z: Jet) -> Jet:
    return z.apply(_tanh)


def sin(z: Jet) -> Jet:
    return z.apply(_sine)


def cos(z: Jet) -> Jet:
    return z.apply(_cosine)


def exp(z: Jet) -> Jet:
    return z.apply(lambda z, order: [torch.exp(z)] * (order + 1))


def sigmoid(z: Jet) -> Jet:
    return z.apply(_sigmoid)


def silu(z: Jet) -> Jet:
    """z sigmoid(z), also called swish: SimNet's default activation."""
    return z * sigmoid(z)


def relu(z: Jet) -> Jet:
    """Its second derivative is zero wherever it exists: unfit for a second-order equation."""
    return z.apply(
        lambda z, order: [z.clamp(min=0), (z > 0).to(z.dtype), *[torch.zeros_like(z)] * order][: order + 1]
    )


def reciprocal(z: Jet) -> Jet:
    return z.apply(_reciprocal)
