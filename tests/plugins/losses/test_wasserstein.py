"""What the Wasserstein games share: the estimate, both sides of the game, and what is said of single samples."""

import pytest
import torch
from torch import nn

from gantk.parts.discriminator import Discriminator

REAL = torch.tensor([[2.0, -1.0], [0.5, 3.0]], dtype=torch.float64)
FAKE = torch.tensor([[-2.0, 0.25], [1.5, -0.75]], dtype=torch.float64)
PENALIZED = ["wgan-gp", "wgan-lp", "wgan-div"]
every_game = pytest.mark.parametrize("name", ["wgan", *PENALIZED])


@every_game
def test_closed_form(name, factory):
    game = factory(name, "loss")()
    assert game.discriminator(REAL, FAKE).item() == pytest.approx((-2 + 0.25 + 1.5 - 0.75 - 2 + 1 - 0.5 - 3) / 4)
    assert game.generator(FAKE).item() == pytest.approx((2 - 0.25 - 1.5 + 0.75) / 4)


@every_game
def test_gradients(name, factory):
    game = factory(name, "loss")()
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(game.discriminator, (real, fake))
    assert torch.autograd.gradcheck(game.generator, (fake,))
    assert (torch.autograd.grad(game.generator(fake), fake)[0] < 0).all()


def test_only_penalties_on_gradients_need_each_sample_by_itself(factory):
    every = ["minimax", "non-saturating", "lsgan", "hinge", "ebgan", "wgan", *PENALIZED]
    assert [name for name in every if factory(name, "loss").per_sample] == PENALIZED


@every_game
def test_the_critics_estimate_is_noted(name, factory):
    game = factory(name, "loss")()
    module = nn.Linear(3, 1, bias=False)
    real, fake = torch.rand(2, 5, 3)
    game.judge(Discriminator(module, "discriminator").given(), real, fake)
    total, count = game.context.notes["critic_estimate"]
    assert count == 1
    torch.testing.assert_close(total, (module(real).mean() - module(fake).mean()).detach())
