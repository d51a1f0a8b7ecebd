"""Checks of an adversarial game by itself, on free scores."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gantk.parts.losses import AdversarialLoss
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure

STEPS = 150
SCALES = (1.0, 30.0, 120.0)
"""How large scores are: the sigmoid of a logit of 30 is 1 in float32, and that of one of -120 is 0."""


def scalars(checked: CheckedPlugin) -> str:
    """Give both sides scores of several shapes, small ones and saturated ones, and a batch twice over."""
    game = game_of(checked)
    torch.manual_seed(0)
    for shape in ((5,), (5, 1), (5, 1, 3, 3)):
        for scale in SCALES:
            real, fake = (_spread(game, shape, scale) for _ in range(2))
            for side, loss in _sides(game, real, fake).items():
                scores = fake.clone().requires_grad_()
                value = loss(scores)
                where = f"{side} for scores of {shape} up to {scale:g}"
                if not isinstance(value, Tensor) or value.numel() != 1:
                    found = f"of {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
                    raise Failure(f"{where} is {found}: a scalar tensor is needed, as of a .mean()")
                gradient = torch.autograd.grad(value, scores, allow_unused=True)[0] if value.requires_grad else None
                if not value.isfinite() or (gradient is not None and not gradient.isfinite().all()):
                    raise Failure(
                        f"{where} is {float(value):g}, or its gradient is NaN or infinite: use logsigmoid or softplus "
                        "instead of the logarithm of a sigmoid, and bound what an exponential is taken of"
                    )
        _check_repeated(game, shape)
    return f"finite up to {SCALES[-1]:g}, and the same for a batch twice over"


def sides(checked: CheckedPlugin) -> str:
    """Move free scores down the discriminator's loss, then free fake scores down the generator's.

    Where the discriminator has brought real scores above fake ones, the generator must bring fake ones up, and down
    where it has brought them below. So a wrong sign on one side fails, whichever way scores are meant.
    """
    game = game_of(checked)
    _adapt(game)
    torch.manual_seed(0)
    real, fake = (0.1 * torch.rand(32) for _ in range(2))
    start = float(game.discriminator(real, fake))
    _descend([real, fake], lambda: game.discriminator(real, fake))
    end, gap = float(game.discriminator(real, fake)), float((real - fake).mean())
    if not end < start:
        raise Failure(f"discriminator() does not fall when scores move down its gradient: {start:.4g} became {end:.4g}")
    _check_both(game)
    if abs(gap) < 0.05:
        raise Failure(f"discriminator() does not tell real scores from fake ones: they end {gap:.2g} apart")
    before = float(fake.mean())
    start = float(_sides(game, real, fake)["generator()"](fake))
    _descend([fake], lambda: _sides(game, real, fake)["generator()"](fake))
    end, moved = float(_sides(game, real, fake)["generator()"](fake)), float(fake.mean()) - before
    if not end < start:
        raise Failure(
            f"generator() does not fall when fake scores move down its gradient: {start:.4g} became {end:.4g}"
        )
    if moved * gap <= 0:
        said = "up" if gap > 0 else "down"
        raise Failure(
            f"the sides play for the same goal: discriminator() brings real scores {said} from fake ones, and "
            f"generator() moves fake scores {'up' if moved > 0 else 'down'}: one of them has a wrong sign"
        )
    return f"real scores {'above' if gap > 0 else 'below'} fake ones, and fake ones moved {moved:+.2g}"


def game_of(checked: CheckedPlugin) -> AdversarialLoss:
    """Return the game that the plugin brings, with the options that were said."""
    game: AdversarialLoss = checked.part("loss")()
    return game


def _adapt(game: AdversarialLoss) -> None:
    """Let a game with a state change it once, since it may begin where fake scores have no part, as BEGAN's does."""
    with torch.no_grad():
        game.discriminator(torch.ones(32), torch.zeros(32))
        game.generator(torch.zeros(32), torch.ones(32))
        feedback = game.take_feedback()
        if feedback is not None:
            game.adapt(feedback)


def _spread(game: AdversarialLoss, shape: tuple[int, ...], scale: float) -> Tensor:
    """Return scores in random order, the lowest -scale and the highest scale; of energies, their absolute values."""
    count = math.prod(shape)
    scores = scale * torch.linspace(-1, 1, count)[torch.randperm(count)].view(shape)
    return scores.abs() if game.wants == "energies" else scores


def reached_by(loss: Tensor, *points: Tensor) -> list[bool]:
    """Return of each tensor whether a loss has a gradient there that is not zero everywhere."""
    if not loss.requires_grad:
        return [False] * len(points)
    gradients = torch.autograd.grad(loss, points, allow_unused=True)
    return [gradient is not None and bool(gradient.any()) for gradient in gradients]


def _check_repeated(game: AdversarialLoss, shape: tuple[int, ...]) -> None:
    """Compare both losses of a batch with those of the batch twice over: means are the same, sums are not."""
    # Moved aside: a sum of scores spread around zero is zero.
    real, fake = (_spread(game, shape, 1.0) + 0.1 for _ in range(2))
    twice = _sides(game, torch.cat([real, real]), torch.cat([fake, fake]))
    for side, loss in _sides(game, real, fake).items():
        one, two = float(loss(fake)), float(twice[side](torch.cat([fake, fake])))
        if not math.isclose(one, two, rel_tol=1e-3, abs_tol=1e-4):
            raise Failure(
                f"{side} for scores of {shape} is {one:.4g}, and {two:.4g} for the same batch twice over: take the "
                ".mean() over samples instead of the .sum(), so that a loss means the same for any size of batches"
            )


def _check_both(game: AdversarialLoss) -> None:
    """Require a gradient of the discriminator's loss at real scores and at fake ones, be they small or large."""
    reached = set[str]()
    for scale in (0.01, 0.1, *SCALES):
        scores = {which: _spread(game, (32,), scale).requires_grad_() for which in ("real", "fake")}
        found = reached_by(game.discriminator(*scores.values()), *scores.values())
        reached |= {which for which, does in zip(scores, found, strict=True) if does}
    for which in ("real", "fake"):
        if which not in reached:
            raise Failure(
                f"discriminator() has no gradient at {which} scores, so that it learns nothing of {which} images: "
                f"use {which}_scores in it, and detach() nothing"
            )


def _sides(game: AdversarialLoss, real: Tensor, fake: Tensor) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return both losses as functions of fake scores."""
    return {
        "discriminator()": lambda scores: game.discriminator(real, scores),
        "generator()": lambda scores: game.generator(scores, real) if game.needs_real else game.generator(scores),
    }


def _descend(scores: list[Tensor], loss: Callable[[], Tensor]) -> None:
    """Move free tensors down a loss, in place; one that the loss does not reach stays."""
    for tensor in scores:
        tensor.requires_grad_(True)
    optimizer = torch.optim.Adam(scores, 0.02)
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = loss()
        if not value.requires_grad:
            break
        torch.autograd.backward(value)
        optimizer.step()
    for tensor in scores:
        tensor.requires_grad_(False)
