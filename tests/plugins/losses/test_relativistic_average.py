"""The relativistic average game against its closed form."""

from math import log

import pytest
import torch
from torch.nn.functional import logsigmoid

REAL = torch.tensor([[2.0, -1.0], [0.5, 3.0]], dtype=torch.float64)
FAKE = torch.tensor([[-2.0, 0.25], [1.5, -0.75]], dtype=torch.float64)


@pytest.fixture
def game(factory):
    return factory("relativistic-average", "loss")()


def test_closed_form(game):
    """The means are 1.125 and -0.25; log(1 - sigmoid(x)) is logsigmoid(-x)."""
    real, fake = REAL + 0.25, FAKE - 1.125
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(-(logsigmoid(real) + logsigmoid(-fake)).mean().item())
    assert game.generator(FAKE, REAL).item() == pytest.approx(-(logsigmoid(fake) + logsigmoid(-real)).mean().item())


def test_who_cannot_tell_loses_two_ln_2_whatever_the_score(game):
    same = torch.full((3,), 7.0)
    assert game.discriminator(same, same).item() == pytest.approx(2 * log(2))
    assert game.generator(same, same).item() == pytest.approx(2 * log(2))


def test_one_score_more_for_all_changes_nothing(game):
    torch.testing.assert_close(game.discriminator(REAL + 5, FAKE + 5), game.discriminator(REAL, FAKE))


def test_gradients_and_that_they_stay_finite(game):
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(game.discriminator, (real, fake))
    assert torch.autograd.gradcheck(game.generator, (fake, real))
    scores = torch.tensor([-1e4, 1e4], requires_grad=True)
    (gradient,) = torch.autograd.grad(game.discriminator(scores, -scores), scores)
    assert gradient.isfinite().all()


def test_the_generator_is_given_real_scores_too(game):
    assert game.fool(lambda images: images.mean((1, 2, 3)), torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)).isfinite()
    with pytest.raises(ValueError, match="also reads real images"):
        game.fool(lambda images: images.mean((1, 2, 3)), torch.rand(2, 3, 4, 4))
