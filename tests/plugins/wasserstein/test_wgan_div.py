"""The divergence's penalty against hand computation."""

import pytest
import torch
from torch import nn

from gantk import UsageError
from gantk.parts.discriminator import Discriminator


def linear(weight):
    module = nn.Linear(len(weight), 1, bias=False).double()
    with torch.no_grad():
        module.weight.copy_(torch.tensor([weight]))
    return Discriminator(module, "discriminator")


@pytest.fixture
def game(factory):
    return factory("wgan-div", "loss")


def test_a_linear_critic(game):
    x, y = torch.rand(2, 5, 2, dtype=torch.float64)
    critic = linear([0.6, 0.8 * 1.5]).given()
    norm = (0.36 + 1.44) ** 0.5
    assert game().penalty(critic, x, y)["divergence_penalty"].item() == pytest.approx(2 * norm**6)
    other = game(weight=10.0, power=2.0).penalty(critic, x, y)["divergence_penalty"]
    assert other.item() == pytest.approx(10 * norm**2)


def test_the_penalty_reaches_the_critic(game):
    critic = linear([0.6, 0.8])
    x, y = torch.rand(2, 5, 2, dtype=torch.float64)
    game().penalty(critic.given(), x, y)["divergence_penalty"].backward()
    # d/dw 2 |w|^6 = 12 |w|^4 w
    torch.testing.assert_close(critic.module.weight.grad, 12 * critic.module.weight.detach())


def test_a_critic_without_slope_gives_no_nan(game):
    critic = linear([0.0, 0.0])
    penalty = game().penalty(critic.given(), *torch.rand(2, 5, 2, dtype=torch.float64))["divergence_penalty"]
    penalty.backward()
    assert penalty.item() == 0
    assert not critic.module.weight.grad.any()


def test_the_best_critic_of_two_points_has_the_divergences_slope(game):
    """f(x) = w x on 0 (fake) and 1 (real) gains w - k w^p, most at w = (k p)^(-1/(p - 1))."""
    critic = linear([0.5])
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.05)
    real, fake = torch.ones(4, 1, dtype=torch.float64), torch.zeros(4, 1, dtype=torch.float64)
    for _ in range(300):
        optimizer.zero_grad()
        sum(game().judge(critic.given(), real, fake).values()).backward()
        optimizer.step()
    assert critic.module.weight.item() == pytest.approx(12 ** (-1 / 5), rel=1e-6)


def test_settings_of_the_paper_and_its_code(factory, game):
    said = {"optimizer": "adam", "learning_rate": 2e-4, "betas": (0.0, 0.9), "critic_steps": 4}
    assert game.settings.said() == said
    recipe = factory("wgan-div", "recipe")
    assert recipe.settings.said() == {**said, "batch_size": 64, "size": 64, "steps": 200_000, "precision": "fp32"}
    assert recipe.defaults.normalization == {"generator": "batch", "discriminator": "layer"}
    assert recipe.defaults.loss == "wgan-div"


@pytest.mark.parametrize("options", [{"weight": 0.0}, {"power": 1.0}])
def test_what_is_no_divergence_is_refused(options, game):
    with pytest.raises(UsageError, match="weight > 0 and power > 1"):
        game(**options)
