"""InfoGAN's losses against closed forms, whom its information reaches, who moves, and what is refused."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import relu, softplus

from gantk import AdversarialLoss, Unsupported, UsageError
from gantk_plugins.codes.infogan import gaussian_surprise
from gantk_plugins.codes.infogan_networks import joined

PLAIN = {"normalization": ("none", "none")}


def first_moves(recipe, batches):
    """Return the losses of the two moves by player, neither of them made."""
    together, (player, losses) = recipe.train().step(batches)
    return {**together, player: losses}


def reached(loss, network):
    """Return for each parameter of a network whether a loss reaches it with a gradient that is not zero."""
    names, parameters = zip(*network.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
    return {name: g is not None and bool(g.any()) for name, g in zip(names, gradients, strict=True)}


@pytest.mark.parametrize("deviation", ["learned", "fixed"])
def test_losses_in_closed_form(build_infogan, small_batch, stream, monkeypatch, deviation):
    recipe = build_infogan(PLAIN, categorical_weight=0.7, continuous_weight=0.2, deviation=deviation)
    codes = recipe.drawn(small_batch["image"])
    monkeypatch.setattr(recipe, "drawn", lambda like: codes)
    moves = first_moves(recipe, stream(small_batch))

    noise, category, *numbers = codes
    fake = recipe.generator(torch.cat([noise, torch.eye(10)[category], *numbers], 1))
    real_scores, scores = recipe.discriminator(small_batch["image"]), recipe.discriminator(fake)
    logits, mean, log_deviation = recipe.q(recipe.discriminator.features(fake)[-1])
    likelihood = Normal(mean, log_deviation.exp()).log_prob(torch.cat(numbers, 1))
    information = {
        "categorical": -0.7 * logits.log_softmax(1)[range(6), category].mean(),
        "continuous": -0.2 * likelihood.sum(1).mean(),
    }
    judged = softplus(-real_scores).mean() + softplus(scores).mean()
    torch.testing.assert_close(moves["discriminator"], {"game": judged, **information})
    torch.testing.assert_close(moves["q"], information)
    torch.testing.assert_close(moves["generator"], {"game": softplus(-scores).mean(), **information})
    assert (deviation == "fixed") == (not log_deviation.any())


def test_the_surprise_of_numbers_is_that_of_a_factored_gaussian():
    assert gaussian_surprise(*torch.zeros(3, 5, 2)).item() == pytest.approx(math.log(2 * math.pi))
    numbers, mean, log_deviation = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    expected = -Normal(mean, log_deviation.exp()).log_prob(numbers).sum() / 5
    torch.testing.assert_close(gaussian_surprise(numbers, mean, log_deviation), expected)
    assert torch.autograd.gradcheck(gaussian_surprise, (numbers, mean, log_deviation))


def test_the_bound_is_what_q_knows_of_the_codes(build_infogan, small_batch, monkeypatch):
    recipe = build_infogan(PLAIN, categories=4, continuous=0)
    codes = recipe.drawn(small_batch["image"])
    for certainty, bound in ((0.0, 0.0), (100.0, math.log(4))):
        recipe.context.notes.clear()
        answer = (certainty * torch.eye(4)[codes[1]], torch.zeros(6, 0), torch.zeros(6, 0))
        monkeypatch.setattr(recipe.q, "forward", lambda feature, answer=answer: answer)
        losses = recipe.information([torch.zeros(6, 16)], codes)
        assert list(losses) == ["categorical"]
        noted, count = recipe.context.notes["information_categorical"]
        assert (noted.item(), count) == (pytest.approx(bound, abs=1e-5), 1)


def test_information_reaches_the_generator(build_infogan, small_batch, stream):
    recipe = build_infogan()
    losses = first_moves(recipe, stream(small_batch))["generator"]
    for name in ("categorical", "continuous"):
        # The gradient of a bias before a norm is zero.
        weights = {key: found for key, found in reached(losses[name], recipe.generator).items() if "weight" in key}
        assert all(weights.values()), name


def test_information_reaches_the_trunk_and_q_but_not_the_generator(build_infogan, small_batch, stream):
    recipe = build_infogan(PLAIN)
    losses = first_moves(recipe, stream(small_batch))["discriminator"]
    information = losses["categorical"] + losses["continuous"]
    trunk = reached(information, recipe.discriminator)
    assert {name for name, found in trunk.items() if not found} == {"module.scores.weight", "module.scores.bias"}
    assert all(reached(information, recipe.q).values())
    assert not any(reached(losses["game"], recipe.q).values())
    assert not any(reached(information + losses["game"], recipe.generator).values())


def test_the_trunk_reads_each_batch_once(build_infogan, small_batch, stream):
    recipe, passes = build_infogan(), []
    recipe.discriminator.module.stages[0].register_forward_hook(lambda *_: passes.append(1))
    assert [len(passes) for _ in recipe.train().step(stream(small_batch))] == [2, 3]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"loss": "wgan-gp", "normalization": ("batch", "layer")},
        {"loss": "hinge", "normalization": ("batch", "spectral")},
        {
            "generator": "dcgan",
            "discriminator": "dcgan",
            "generator_options": {"filters": 4},
            "discriminator_options": {"filters": 4},
        },
        {"discriminator": "gan", "discriminator_options": {"units": 8}, "normalization": ("batch", "none")},
    ],
)
def test_each_player_moves_all_of_its_networks(build_infogan, small_batch, stream, run_steps, parts):
    recipe = build_infogan(parts)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(small_batch), steps=2)
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    # What is added to all scores is no matter to a Wasserstein game, nor to hinge within the margin.
    assert still == ({"discriminator.module.scores.bias"} if "loss" in parts else set())
    players = recipe.players()
    # Q is no critic: a game that clips critics leaves it alone.
    assert {name for name, player in players.items() if player.critic} == {"discriminator"}
    assert players["discriminator"].networks == (recipe.discriminator,)
    assert players["generator"].scale == {recipe.generator: 5.0}


def test_the_generator_and_q_wait_for_critic_steps(build_infogan, small_batch, stream, run_steps):
    log = run_steps(build_infogan(), stream(small_batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "q", "generator"]]


class Relative(AdversarialLoss):
    """A game whose generator's loss reads real scores."""

    needs_real = True

    def discriminator(self, real_scores, fake_scores):
        return relu(1 - real_scores + fake_scores).mean()

    def generator(self, fake_scores, real_scores=None):
        return relu(1 - fake_scores + real_scores).mean()


def test_a_game_may_read_real_scores_for_the_generator(build_infogan, small_batch, stream, monkeypatch):
    recipe = build_infogan(PLAIN | {"loss": Relative})
    codes = recipe.drawn(small_batch["image"])
    monkeypatch.setattr(recipe, "drawn", lambda like: codes)
    moves = first_moves(recipe, stream(small_batch))
    real, fake = recipe.discriminator(small_batch["image"]), recipe.discriminator(recipe.generator(joined(10, *codes)))
    torch.testing.assert_close(moves["generator"]["game"], relu(1 - fake + real).mean())


class Energies(Relative):
    wants = "energies"


class Scales(nn.Module):
    """A discriminator that scores at two scales."""

    def features(self, image):
        return [image.flatten(1)]

    def forward(self, image):
        return [image.mean((1, 2, 3)), image.mean((1, 2, 3))]


def test_the_recipe_refuses_what_it_cannot(build_infogan, small_batch, stream):
    with pytest.raises(Unsupported, match="a game of energies"):
        build_infogan({"loss": Energies})
    several = {"discriminator": lambda spec, build: Scales(), "discriminator_options": {}}
    with pytest.raises(Unsupported, match="gives a list"):
        next(build_infogan(several).step(stream(small_batch)))
    for said in ({"noise": 0}, {"categories": 1}, {"continuous": -1}):
        with pytest.raises(UsageError, match=f"not .*{next(iter(said))}={next(iter(said.values()))}"):
            build_infogan(**said)
    for slot in ("generator_options", "discriminator_options"):
        with pytest.raises(UsageError, match="dense=0"):
            build_infogan({slot: {"dense": 0}})


def test_settings_and_defaults_of_the_paper(factory):
    infogan = factory("infogan", "recipe")
    said = infogan.settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["steps"]) == (2e-4, (0.5, 0.999), 128, 5000)
    defaults = infogan.defaults
    assert (defaults.generator, defaults.discriminator, defaults.loss) == ("infogan", "infogan", "non-saturating")
    assert defaults.normalization == {"generator": "batch", "discriminator": "batch"}
