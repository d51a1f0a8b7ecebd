"""f-GAN: games that bound a divergence from below (Nowozin et al. 2016, arXiv:1606.00709).

Each is played for a divergence D_f(P||Q) = E_Q[f(p/q)] of the data P from the generator's Q, by its lower bound
E_P[T] - E_Q[f*(T)] (equation 4). The discriminator gives V, any number; T = g_f(V) has the range that f* takes (tables
2 and 6). Exponentials of more than 60, which only a discriminator that tells all apart meets, go on as their tangent.

The generator minimizes the bound (equation 6), or by default gains as much T as it can, the trick of section 3.2, by
which it learns while the discriminator still wins. For `gan` these are the games `minimax` and `non-saturating`.

The paper moves both networks at once by one pass (algorithm 1); here they move in turn, as the recipe says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import expm1, log
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, UsageError, hookimpl

Name = Literal[
    "kl",
    "reverse-kl",
    "pearson",
    "neyman",
    "squared-hellinger",
    "jeffrey",
    "js",
    "weighted-js",
    "gan",
    "alpha",
    "total-variation",
]


LARGE = 20.0
"""A score of which softplus(-v) is exp(-v) but for rounding."""


@dataclass(frozen=True)
class Divergence:
    """An f-divergence by what its bound needs.

    Attributes:
        activation: g_f, T of the discriminator's V.
        conjugate: f*(g_f(V)) of V.
        boundary: V of f'(1), above which an image is taken for real (section 2.4).
    """

    activation: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]
    boundary: float = 0.0


class FGAN(AdversarialLoss):
    """The discriminator bounds an f-divergence from below, and the generator makes it small.

    Args:
        divergence: of the data from the generator.
        saturating: whether the generator minimizes the bound itself, not the trick's.
        alpha: of the divergence `alpha`: neither 0 nor 1.
        share: the data's share in the mixture that `weighted-js` compares with, the paper's pi.
    """

    def __init__(
        self, *, divergence: Name = "kl", saturating: bool = False, alpha: float = 0.5, share: float = 0.5
    ) -> None:
        super().__init__()
        if alpha in (0, 1):
            raise UsageError(f"alpha {alpha:g} has no divergence: say kl in place of 1, reverse-kl in place of 0")
        if not 0 < share < 1:
            raise UsageError(f"share {share:g} is not between 0 and 1")
        self.saturating = saturating
        self.f = _divergences(alpha, share)[divergence]
        self.boundary = self.f.boundary

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E_Q[f*(T)] - E_P[T], the bound negated (equation 6); note the bound as `divergence`."""
        game = self.f.conjugate(fake_scores).mean() - self.f.activation(real_scores).mean()
        self.note(divergence=-game)
        return game

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E_Q[T] (section 3.2), or of the saturating game -E_Q[f*(T)]."""
        return -(self.f.conjugate if self.saturating else self.f.activation)(fake_scores).mean()


def _divergences(alpha: float, share: float) -> dict[str, Divergence]:
    """Return tables 2 and 6 of the paper."""
    return {
        "kl": Divergence(_identity, lambda v: _exp(v - 1), boundary=1.0),
        "reverse-kl": Divergence(lambda v: -_exp(-v), lambda v: v - 1),
        "pearson": Divergence(_identity, lambda v: v.square() / 4 + v),
        "neyman": Divergence(lambda v: 1 - _exp(-v), lambda v: 2 - 2 * _exp(-v / 2)),
        "squared-hellinger": Divergence(lambda v: 1 - _exp(-v), lambda v: _exp(v) - 1),
        "jeffrey": Divergence(_identity, _jeffrey),
        "js": Divergence(lambda v: log(2) - softplus(-v), lambda v: softplus(v) - log(2)),
        "weighted-js": _weighted_js(share),
        "gan": Divergence(lambda v: -softplus(-v), softplus),
        "alpha": _alpha(alpha),
        "total-variation": Divergence(lambda v: v.tanh() / 2, lambda v: v.tanh() / 2),
    }


def _identity(scores: Tensor) -> Tensor:
    return scores


def _jeffrey(scores: Tensor) -> Tensor:
    """Return W + 1 / W + t - 2 with W = Lambert's function of exp(1 - t)."""
    logarithm: Tensor = _LogarithmOfLambert.apply(1 - scores)
    return _exp(logarithm) + _exp(-logarithm) + scores - 2


def _weighted_js(share: float) -> Divergence:
    """Return f(u) = pi u log u - (1 - pi + pi u) log(1 - pi + pi u)."""

    def conjugate(scores: Tensor) -> Tensor:
        # With t = -pi log pi - softplus(-v), pi exp(t / pi) is sigmoid(v)^(1 / pi).
        small = torch.log(-torch.expm1(-softplus(-scores.clamp(max=LARGE)) / share))
        return (1 - share) * (log(1 - share) - torch.where(scores > LARGE, -scores - log(share), small))

    return Divergence(lambda v: -share * log(share) - softplus(-v), conjugate, boundary=-log(share**-share - 1))


def _alpha(alpha: float) -> Divergence:
    """Return f(u) = (u^a - 1 - a (u - 1)) / (a (a - 1)); of a > 1 every number is in the range of f*."""
    power = alpha / (alpha - 1)
    if alpha > 1:
        return Divergence(_identity, lambda v: ((v * (alpha - 1) + 1).clamp(min=0).pow(power) - 1) / alpha)

    def conjugate(scores: Tensor) -> Tensor:
        small = softplus(-scores.clamp(max=LARGE)).log()
        return (_exp(power * (log(1 - alpha) + torch.where(scores > LARGE, -scores, small))) - 1) / alpha

    limit = 1 / (1 - alpha)
    return Divergence(lambda v: limit - softplus(-v), conjugate, boundary=-limit - log(-expm1(-limit)))


def _exp(x: Tensor) -> Tensor:
    """Return the exponential, beyond 60 its tangent."""
    bounded = x.clamp(max=60)
    return bounded.exp() * (1 + x - bounded)


class _LogarithmOfLambert(torch.autograd.Function):
    """The logarithm of Lambert's function of exp(x): l of exp(l) + l = x."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        # Newton's steps: eight leave nothing but rounding from here.
        logarithm = torch.where(x > 1, x.clamp(min=1).log(), x)
        for _ in range(8):
            root = logarithm.exp()
            logarithm = logarithm - (root + logarithm - x) / (1 + root)
        context.save_for_backward(logarithm)
        return logarithm

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Any:
        (logarithm,) = context.saved_tensors
        return gradient * torch.sigmoid(-logarithm)


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the f-GAN games."""
    return FGAN
