"""The games without a penalty against their closed forms on small score tensors."""

import re
from math import exp, log
from pathlib import Path

import pytest
import torch

from gantk import UsageError

BOOK = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text("utf-8")
REAL = torch.tensor([[2.0, -1.0], [0.5, 3.0]], dtype=torch.float64)
FAKE = torch.tensor([[-2.0, 0.25], [1.5, -0.75]], dtype=torch.float64)


def mean(function, scores):
    return sum(function(score) for score in scores.flatten().tolist()) / scores.numel()


def sigmoid(score):
    return 1 / (1 + exp(-score))


def log_loss(real, fake):
    return mean(lambda x: -log(sigmoid(x)), real) + mean(lambda x: -log(1 - sigmoid(x)), fake)


EXPECTED = {
    "minimax": (log_loss(REAL, FAKE), mean(lambda x: log(1 - sigmoid(x)), FAKE)),
    "non-saturating": (log_loss(REAL, FAKE), mean(lambda x: -log(sigmoid(x)), FAKE)),
    "lsgan": (mean(lambda x: (x - 1) ** 2, REAL) + mean(lambda x: x**2, FAKE), mean(lambda x: (x - 1) ** 2, FAKE)),
    "hinge": ((0 + 2 + 0.5 + 0) / 4 + (0 + 1.25 + 2.5 + 0.25) / 4, -mean(float, FAKE)),
}
every_game = pytest.mark.parametrize("name", EXPECTED)


@every_game
def test_closed_form(name, factory):
    game = factory(name, "loss")()
    discriminator, generator = EXPECTED[name]
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(discriminator, abs=1e-12)
    assert game.generator(FAKE).item() == pytest.approx(generator, abs=1e-12)


@pytest.mark.parametrize(
    "row", re.findall(r"^\| `([\w-]+)` ((?:\| -?[\d.]+ ){3})\|$", BOOK, re.MULTILINE), ids=lambda row: row[0]
)
def test_the_book_says_what_losses_would_be(row, factory):
    name, values = row
    cannot_tell, tells_all, generator = (float(value) for value in values.split("|") if value.strip())
    game = factory(name, "loss")()
    same = torch.full((3,), 0.5 if name == "lsgan" else 0.0, dtype=torch.float64)
    sure = (1.0, 0.0) if name == "lsgan" else (40.0, -40.0)
    assert game.discriminator(same, same).item() == pytest.approx(cannot_tell, abs=1e-3)
    assert game.discriminator(*(torch.full_like(same, score) for score in sure)).item() == pytest.approx(tells_all)
    assert game.generator(same).item() == pytest.approx(generator, abs=1e-3)


def test_least_squares_take_other_labels(factory):
    game = factory("lsgan", "loss")(fake=-1, real=1, aim=0)
    expected = mean(lambda x: (x - 1) ** 2, REAL) + mean(lambda x: (x + 1) ** 2, FAKE)
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(expected)
    assert game.generator(FAKE).item() == pytest.approx(mean(lambda x: x**2, FAKE))


def test_least_squares_with_pearsons_labels_cost_the_divergence(factory):
    """With b - c = 1 and b - a = 2, both terms of the best D make E[(D - c)^2] of p + q a Pearson divergence."""
    p, q = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64), torch.tensor([0.2, 0.2, 0.6], dtype=torch.float64)
    game = factory("lsgan", "loss")(fake=-1, real=1, aim=0)
    scores = ((p - q) / (p + q)).requires_grad_()
    lost = (p * (scores - game.real) ** 2 + q * (scores - game.fake) ** 2).sum()
    assert torch.autograd.grad(lost, scores)[0].abs().max() < 1e-12
    both = ((p + q) * (scores - game.aim) ** 2).sum().item()
    assert both == pytest.approx(((2 * q - (p + q)) ** 2 / (p + q)).sum().item())


ALPHA = 0.9
smoothed = pytest.mark.parametrize("name", ["minimax", "non-saturating", "dragan"])


@smoothed
def test_labels_of_real_images_alone_are_smoothed(name, factory):
    game = factory(name, "loss")(real=ALPHA)
    real = mean(lambda x: -ALPHA * log(sigmoid(x)) - (1 - ALPHA) * log(1 - sigmoid(x)), REAL)
    fake = mean(lambda x: -log(1 - sigmoid(x)), FAKE)
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(real + fake, abs=1e-12)
    assert torch.equal(game.generator(FAKE), factory(name, "loss")().generator(FAKE))
    assert torch.equal(
        factory(name, "loss")(real=1.0).discriminator(REAL, FAKE), factory(name, "loss")().discriminator(REAL, FAKE)
    )


@smoothed
def test_the_best_discriminator_gives_alpha_p_of_p_and_q(name, factory):
    p, q = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64), torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    game = factory(name, "loss")(real=ALPHA)
    scores = torch.logit(ALPHA * p / (p + q)).requires_grad_()
    lost = torch.stack([p[i] * game.discriminator(scores[i], scores[i] - 1e9) for i in range(3)]).sum()
    lost = lost + torch.stack([q[i] * game.discriminator(scores[i].detach(), scores[i]) for i in range(3)]).sum()
    (gradient,) = torch.autograd.grad(lost, scores)
    assert gradient.abs().max() < 1e-12
    assert game.boundary == pytest.approx(scores[1].item())


@smoothed
@pytest.mark.parametrize("alpha", [0.0, -1.0, 1.1])
def test_a_label_that_no_image_can_have_is_refused(name, alpha, factory):
    with pytest.raises(UsageError, match=rf"^the label of real images, loss.real, is above 0 and .*, not {alpha}"):
        factory(name, "loss")(real=alpha)


@every_game
def test_gradients(name, factory):
    game = factory(name, "loss")()
    real, fake = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()
    assert torch.autograd.gradcheck(game.discriminator, (real, fake))
    assert torch.autograd.gradcheck(game.generator, (fake,))


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_saturated_scores_stay_finite(name, factory):
    game = factory(name, "loss")()
    scores = torch.tensor([-1e4, 1e4], requires_grad=True)
    total = game.discriminator(scores, scores) + game.generator(scores)
    (gradient,) = torch.autograd.grad(total, scores)
    assert total.isfinite()
    assert gradient.isfinite().all()


@every_game
def test_the_generator_wants_higher_scores(name, factory):
    fake = FAKE.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(factory(name, "loss")().generator(fake), fake)
    assert (gradient <= 0).all() or name == "lsgan"
    assert factory(name, "loss")().generator(torch.ones(4)) < factory(name, "loss")().generator(-torch.ones(4))
