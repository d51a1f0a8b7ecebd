"""The one-sided penalty against hand computation."""

import pytest
import torch
from torch import nn

from gantk.parts.discriminator import Discriminator


class Slopes(nn.Module):
    """A critic whose gradient at (x1, x2) is (0, slope) for a slope that x1 gives."""

    def forward(self, x):
        return x[:, 0].detach() * x[:, 1]


def judged(game, slopes):
    points = torch.stack([slopes, torch.rand_like(slopes)], 1)
    return game.penalty(Discriminator(Slopes(), "discriminator").given(), points, points)["lipschitz_penalty"]


def test_only_what_exceeds_one_is_penalized(factory):
    slopes = torch.tensor([0.0, 0.5, 1.0, 2.0, -4.0], dtype=torch.float64)
    game = factory("wgan-lp", "loss")
    assert judged(game(), slopes).item() == pytest.approx(10 * (0 + 0 + 0 + 1 + 9) / 5)
    assert judged(game(weight=5.0), slopes).item() == pytest.approx(5 * (1 + 9) / 5)
    assert judged(game(), torch.tensor([0.5, 0.9])).item() == 0


def test_each_sample_has_a_norm_of_its_own(factory):
    slopes = torch.full((100,), 0.5)  # one norm over the batch would be 5
    assert judged(factory("wgan-lp", "loss")(), slopes).item() == 0


def test_the_penalty_reaches_the_critic(factory):
    module = nn.Linear(2, 1, bias=False).double()
    nn.init.constant_(module.weight, 2.0)
    x, y = torch.rand(2, 3, 2, dtype=torch.float64)
    factory("wgan-lp", "loss")().penalty(Discriminator(module, "").given(), x, y)["lipschitz_penalty"].backward()
    # d/dw 10 max(0, |w| - 1)^2 = 20 (|w| - 1) w / |w|
    norm = 8**0.5
    torch.testing.assert_close(module.weight.grad, torch.full_like(module.weight, 20 * (norm - 1) * 2 / norm))


def test_settings_and_defaults(factory):
    recipe, gp = factory("wgan-lp", "recipe"), factory("wgan-gp", "recipe")
    assert recipe.settings == gp.settings
    assert recipe.defaults.loss == "wgan-lp"
    assert recipe.defaults.normalization["discriminator"] == "none"
    assert factory("wgan-lp", "loss").settings == factory("wgan-gp", "loss").settings
