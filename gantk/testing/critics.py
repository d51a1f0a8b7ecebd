"""Checks of an adversarial game against small critics of points in the plane."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk.parts.discriminator import Discriminator
from gantk.parts.losses import AdversarialLoss
from gantk.testing.checked import CheckedPlugin
from gantk.testing.losses import STEPS, game_of, reached_by
from gantk.testing.report import Failure


def falls(checked: CheckedPlugin) -> str:
    """Move points down the generator's loss against a fixed critic, and a critic down its losses for fixed points."""
    game = game_of(checked)
    torch.manual_seed(0)
    real = torch.randn(64, 2) * 0.3 + torch.tensor([1.0, -1.0])
    fake, critic = torch.randn(64, 2) * 0.3, _critic(game)
    module = critic.module.requires_grad_(False)
    _check_fall("generator's", [fake.clone()], lambda points: game.fool(critic.given(), points[0], real))
    module.requires_grad_(True)
    parameters: list[Tensor] = list(module.parameters())
    first, last = _check_fall(
        "discriminator's",
        parameters,
        lambda _: torch.stack(list(game.judge(critic.given(), real, fake).values())).sum(),
    )
    return f"the discriminator's from {first:.3g} to {last:.3g} on points in the plane"


def detached(checked: CheckedPlugin) -> str:
    """Judge fake points that have a gradient."""
    game = game_of(checked)
    torch.manual_seed(0)
    real, fake, critic = torch.randn(8, 2), torch.randn(8, 2, requires_grad=True), _critic(game)
    total = torch.stack(list(game.judge(critic.given(), real, fake).values())).sum()
    if any(reached_by(total, fake)):
        raise Failure(
            "judge() sends a gradient to the fake points: detach() them, or the generator learns to be found out"
        )
    fooled = torch.randn(8, 2, requires_grad=True)
    if not all(reached_by(game.fool(critic.given(), fooled, real), fooled)):
        raise Failure("fool() sends no gradient to the fake points, so that the generator cannot learn of it")
    return "judge() leaves fake points alone, fool() reaches them"


class _Scores(nn.Module):
    """Scores points (N, 2), or gives their energies."""

    def __init__(self, energies: bool) -> None:
        super().__init__()
        self.energies = energies
        self.hidden = nn.Linear(2, 16)
        self.last = nn.Linear(16, 2 if energies else 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.features(x))

    def features(self, x: Tensor) -> list[Tensor]:
        return [x, torch.tanh(self.hidden(x))]

    def score(self, features: list[Tensor]) -> Tensor:
        given: Tensor = self.last(features[-1])
        return (given - features[0]).square().mean(1) if self.energies else given


def _critic(game: AdversarialLoss) -> Discriminator:
    return Discriminator(_Scores(game.wants == "energies"), "discriminator")


def _check_fall(side: str, moved: list[Tensor], loss: Callable[[list[Tensor]], Tensor]) -> tuple[float, float]:
    """Move tensors down a loss, and compare its mean at the beginning and at the end: penalties draw their points."""
    values: list[float] = []
    for tensor in moved:
        tensor.requires_grad_(True)
    optimizer = torch.optim.Adam(moved, 0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = loss(moved)
        if not value.requires_grad:
            raise Failure(f"the {side} loss does not depend on what it should move")
        torch.autograd.backward(value)
        optimizer.step()
        values.append(float(value.detach()))
    first, last = (sum(part) / len(part) for part in (values[:10], values[-10:]))
    if not (math.isfinite(last) and last < first):
        raise Failure(
            f"the {side} loss does not fall in {STEPS} moves down its gradient: {first:.4g} became {last:.4g}"
        )
    return first, last
