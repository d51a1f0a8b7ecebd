"""The gradient penalty against hand computation."""

import pytest
import torch
from torch import nn

from gantk.parts.networks import Discriminator


class Linear(nn.Module):
    """A critic that gives two scores a sample, both <weight, x>."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x):
        score = (x * self.weight).flatten(1).sum(1)
        return torch.stack([score, score], 1)


class Calls(nn.Module):
    """A critic made of a function."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


def critic_of(module):
    return Discriminator(module, "discriminator").given()


@pytest.fixture
def game(factory):
    return factory("wgan-gp", "loss")


def test_linear_critic(game):
    weight = torch.full((2, 3, 3), 0.5, dtype=torch.float64)
    x, y = torch.rand(2, 4, 2, 3, 3, dtype=torch.float64)
    norm = 0.5 * 18**0.5
    penalty = game().penalty(critic_of(Linear(weight)), x, y)["gradient_penalty"]
    # One norm over the batch of four would be twice as large.
    assert penalty.item() == pytest.approx(10 * (norm - 1) ** 2, abs=1e-10)
    assert game(weight=3.0).penalty(critic_of(Linear(weight)), x, y)["gradient_penalty"].item() == pytest.approx(
        3 * (norm - 1) ** 2, abs=1e-10
    )


def test_points_are_drawn_between_real_and_fake_with_one_epsilon_a_sample(game):
    seen = []

    def half_square(x):
        seen.append(x)
        return x.square().flatten(1).sum(1) / 2

    real, fake = torch.zeros(64, 3, 2, 2), torch.ones(64, 3, 2, 2)
    penalty = game().penalty(critic_of(Calls(half_square)), real, fake)["gradient_penalty"]
    epsilon = seen[0].detach()
    assert torch.equal(epsilon, epsilon[:, :1, :1, :1].expand_as(epsilon))
    drawn = epsilon[:, 0, 0, 0]
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.std().item() == pytest.approx(12**-0.5, rel=0.2)
    # The gradient of |x|^2 / 2 is x itself, whose norm is epsilon * sqrt(12).
    assert penalty.item() == pytest.approx(10 * (drawn * 12**0.5 - 1).square().mean().item(), rel=1e-5)


def test_the_norm_is_over_all_parts_of_a_point(game):
    critic = critic_of(Calls(lambda image, latent: 3 * image.flatten(1).sum(1) + 4 * latent.sum(1)))
    real, fake = (torch.rand(5, 1, 1, 1), torch.rand(5, 1)), (torch.rand(5, 1, 1, 1), torch.rand(5, 1))
    assert game().penalty(critic, real, fake)["gradient_penalty"].item() == pytest.approx(10 * (5 - 1) ** 2, rel=1e-5)


def test_scores_at_several_scales_are_averaged(game):
    critic = critic_of(Calls(lambda x: [x.sum((1, 2, 3)) * 2, x.sum((2, 3), keepdim=True) * 4]))
    x, y = torch.rand(2, 3, 1, 1, 1)
    assert game().penalty(critic, x, y)["gradient_penalty"].item() == pytest.approx(10 * (3 - 1) ** 2, rel=1e-5)


def test_the_penalty_reaches_the_critic(game):
    module = Linear(torch.full((1, 2, 2), 0.25, dtype=torch.float64))
    x, y = torch.rand(2, 3, 1, 2, 2, dtype=torch.float64)
    game().penalty(critic_of(module), x, y)["gradient_penalty"].backward()
    # d/dw 10 (|w| - 1)^2 = 20 (|w| - 1) w / |w|, with |w| = 0.5
    assert torch.allclose(module.weight.grad, torch.full((1, 2, 2), 20 * -0.5 * 0.5, dtype=torch.float64))


def test_a_critic_without_slope_gives_no_nan(game):
    module = Linear(torch.zeros(1, 2, 2))
    penalty = game().penalty(critic_of(module), *torch.rand(2, 3, 1, 2, 2))["gradient_penalty"]
    penalty.backward()
    assert penalty.item() == pytest.approx(10)
    assert module.weight.grad.isfinite().all()


def test_judge_adds_the_penalty_and_leaves_the_generator_alone(game):
    fake = torch.rand(3, 1, 2, 2, requires_grad=True)
    losses = game().judge(critic_of(Linear(torch.ones(1, 2, 2))), torch.rand(3, 1, 2, 2), fake)
    assert list(losses) == ["game", "gradient_penalty"]
    sum(losses.values()).backward()
    assert fake.grad is None


def test_settings_of_the_paper(game):
    said = game.settings.said()
    assert said == {"optimizer": "adam", "critic_steps": 5, "learning_rate": 1e-4, "betas": (0.0, 0.9)}
