"""The relativistic games against their closed forms."""

from math import log

import pytest
import torch
from torch.nn.functional import logsigmoid

REAL = torch.tensor([[2.0, -1.0], [0.5, 3.0]], dtype=torch.float64)
FAKE = torch.tensor([[-2.0, 0.25], [1.5, -0.75]], dtype=torch.float64)
GAMES = [
    {"average": average, "form": form} for average in (True, False) for form in ("logit", "least-squares", "hinge")
]


@pytest.fixture(params=GAMES, ids=lambda options: f"{options['form']}, average {options['average']}")
def game(request, factory):
    return factory("relativistic", "loss")(**request.param)


def test_the_average_of_logits_is_unsaid(factory):
    """The means are 1.125 and -0.25; log(1 - sigmoid(x)) is logsigmoid(-x)."""
    game = factory("relativistic", "loss")()
    real, fake = REAL + 0.25, FAKE - 1.125
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(-(logsigmoid(real) + logsigmoid(-fake)).mean().item())
    assert game.generator(FAKE, REAL).item() == pytest.approx(-(logsigmoid(fake) + logsigmoid(-real)).mean().item())


@pytest.mark.parametrize(
    ("average", "form", "discriminator", "generator"),
    [
        # The averages differ by 2.25, -0.75, 0.75, 3.25 of real ones, and by 3.125, 0.875, -0.375, 1.875 of fakes.
        (
            True,
            "least-squares",
            (1.5625 + 3.0625 + 0.0625 + 5.0625 + 4.515625 + 0.015625 + 1.890625 + 0.765625) / 4,
            None,
        ),
        (True, "hinge", (0 + 1.75 + 0.25 + 0 + 0 + 0.125 + 1.375 + 0) / 4, None),
        # Pairs differ by 4, -1.25, -1, 3.75.
        (False, "least-squares", (9 + 5.0625 + 4 + 7.5625) / 4, (25 + 0.0625 + 0 + 22.5625) / 4),
        (False, "hinge", (0 + 2.25 + 2 + 0) / 4, (5 + 0 + 0 + 4.75) / 4),
    ],
)
def test_closed_forms(average, form, discriminator, generator, factory):
    game = factory("relativistic", "loss")(average=average, form=form)
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(discriminator)
    if generator is not None:
        assert game.generator(FAKE, REAL).item() == pytest.approx(generator)


def test_pairs_of_logits(factory):
    game = factory("relativistic", "loss")(average=False)
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(-logsigmoid(REAL - FAKE).mean().item())


def test_who_cannot_tell_loses_the_same_whatever_the_score(game, request):
    same, options = torch.full((3,), 7.0), request.node.callspec.params["game"]
    cost = {"logit": log(2), "least-squares": 1, "hinge": 1}[options["form"]] * (2 if options["average"] else 1)
    assert game.discriminator(same, same).item() == pytest.approx(cost)
    assert game.generator(same, same).item() == pytest.approx(cost)


def test_one_score_more_for_all_changes_nothing(game):
    torch.testing.assert_close(game.discriminator(REAL + 5, FAKE + 5), game.discriminator(REAL, FAKE))


def test_gradients_and_that_they_stay_finite(game):
    real, fake = (1.1 * REAL).requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(game.discriminator, (real, fake))
    assert torch.autograd.gradcheck(game.generator, (fake, real))
    scores = torch.tensor([-1e4, 1e4], requires_grad=True)
    (gradient,) = torch.autograd.grad(game.discriminator(scores, -scores), scores)
    assert gradient.isfinite().all()


def test_the_generator_is_given_real_scores_too(game):
    assert game.fool(lambda images: images.mean((1, 2, 3)), torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)).isfinite()
    with pytest.raises(ValueError, match="also reads real images"):
        game.fool(lambda images: images.mean((1, 2, 3)), torch.rand(2, 3, 4, 4))
