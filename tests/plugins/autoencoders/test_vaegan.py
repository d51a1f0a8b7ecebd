"""VAE-GAN: algorithm 1's losses in closed form, whom each of them moves, and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gantk import AdversarialLoss, Unsupported, UsageError
from gantk.parts.context import Context
from gantk.plan.settings import RunSettings
from gantk.training.losslog import LossLog
from gantk.training.optimizers import make_movers
from gantk.training.step_runner import StepRunner
from gantk_plugins.autoencoders.vae import divergence, surprise

SGD = RunSettings(optimizer="sgd", learning_rate=1.0, betas=(0.0, 0.0))
PLAYERS = ("encoder", "decoder", "discriminator")


class Relative(AdversarialLoss):
    """A game that also reads real scores."""

    needs_real = True

    def discriminator(self, real_scores, fake_scores):
        return softplus(fake_scores - real_scores.repeat(2)).mean()

    def generator(self, fake_scores, real_scores=None):
        return softplus(real_scores - fake_scores).mean()


@pytest.fixture
def vaegan(factory, make_build):
    """Return a function that makes a VAE-GAN of small networks, the same ones each time."""

    def make(loss="non-saturating", parts=("vaegan", "vaegan"), normalization="batch", size=32, **options):
        generator, discriminator = parts
        build = make_build(
            kind="images",
            size=size,
            generator=generator,
            discriminator=discriminator,
            loss=loss,
            normalization=("batch", normalization),
            generator_options={"filters": 2},
            discriminator_options={"filters": 2},
        )
        build.parts["normalization.encoder"] = build.parts["normalization.generator"]
        torch.manual_seed(0)
        return factory("vaegan", "recipe")(build, **{"latent": 5, "filters": 2, "gamma": 0.25} | options)

    return make


@pytest.fixture
def batch(pictures):
    return {"image": pictures("3d", 4)}


def moved_by_one_step(recipe, batches):
    """Return how far each player moved by one step of the engine, which is minus the gradient that it was given."""
    recipe.train().double()
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    context = Context()
    torch.manual_seed(1)
    StepRunner(recipe, make_movers(recipe, SGD), LossLog(context)).run(batches)
    moved = {name: value.detach() - before[name] for name, value in recipe.named_parameters()}
    return {
        player: torch.cat([value.flatten() for name, value in moved.items() if name.startswith(player)])
        for player in PLAYERS
    }


@pytest.fixture
def exact(batch, stream):
    return stream({"image": batch["image"].double()})


def first_moves(recipe, batches, seed=2):
    torch.manual_seed(seed)
    (moves,) = recipe.train().step(batches)
    return moves


@pytest.mark.parametrize("reconstructions", [True, False])
@pytest.mark.parametrize("loss", ["non-saturating", "minimax"])
def test_the_losses_of_algorithm_1(loss, reconstructions, vaegan, batch, stream):
    recipe = vaegan(loss, reconstructions=reconstructions)
    moves = first_moves(recipe, stream(batch))
    real = batch["image"]
    torch.manual_seed(2)
    mean, log_variance = recipe.encoder(real)
    codes = [mean + log_variance.div(2).exp() * torch.randn_like(mean), torch.randn_like(mean)]
    features = recipe.discriminator.features(torch.cat([real, recipe.decoder(codes[0])]))
    unlikeness = (features[3][4:8] - features[3][:4]).square().sum() / 2 / 4
    decoded = recipe.decoder(torch.cat(codes if reconstructions else codes[1:]))
    scores = recipe.discriminator(torch.cat([real, decoded]))
    fakes = [scores[4:8], scores[8:]] if reconstructions else [scores[4:]]
    fooled = [softplus(-fake).mean() if loss == "non-saturating" else -softplus(fake).mean() for fake in fakes]
    expected = {
        "encoder": {"prior": divergence(mean, log_variance), "unlikeness": unlikeness},
        "decoder": {"unlikeness": 0.25 * unlikeness, "game": sum(fooled)},
        "discriminator": {"game": softplus(-scores[:4]).mean() + softplus(torch.cat(fakes)).mean()},
    }
    torch.testing.assert_close(moves, expected)


def test_all_three_move_at_once_each_by_its_own_losses(vaegan, exact):
    moved = moved_by_one_step(vaegan(), exact)
    recipe = vaegan().double()
    torch.manual_seed(1)
    (moves,) = recipe.train().step(exact)
    assert tuple(moves) == PLAYERS
    for player, losses in moves.items():
        own = list(getattr(recipe, player).parameters())
        gradients = torch.autograd.grad(sum(losses.values()), own, retain_graph=True)
        torch.testing.assert_close(moved[player], -torch.cat([gradient.flatten() for gradient in gradients]))
        assert moved[player].count_nonzero() > 0.5 * moved[player].numel()


@pytest.mark.parametrize(
    ("change", "movers"),
    [
        ({"gamma": 3.0}, {"decoder"}),
        ({"layer": 1}, {"encoder", "decoder"}),
        ({"loss": "lsgan"}, {"decoder", "discriminator"}),
        ({"reconstructions": False}, {"decoder", "discriminator"}),
    ],
    ids=["gamma", "similarity", "game", "reconstructions"],
)
def test_whom_each_loss_moves(change, movers, vaegan, exact):
    before, after = moved_by_one_step(vaegan(), exact), moved_by_one_step(vaegan(**change), exact)
    assert {player for player in PLAYERS if not torch.equal(before[player], after[player])} == movers


def test_the_prior_moves_the_encoder_alone(vaegan, batch, stream):
    recipe = vaegan()
    prior = first_moves(recipe, stream(batch))["encoder"]["prior"]
    reached = {
        player: torch.autograd.grad(
            prior, list(getattr(recipe, player).parameters()), allow_unused=True, retain_graph=True
        )
        for player in PLAYERS
    }
    assert all(gradient is not None for gradient in reached["encoder"])
    assert all(gradient is None for player in PLAYERS[1:] for gradient in reached[player])


def test_what_is_compared_and_what_is_discriminated_pass_apart(vaegan, batch, stream):
    recipe, seen = vaegan(), []
    for part in (recipe.decoder.module[1], recipe.discriminator.module.layers[0]):
        part.register_forward_hook(lambda layer, inputs, output: seen.append((type(layer).__name__, len(output))))
    first_moves(recipe, stream(batch))
    assert seen == [("Linear", 4), ("Conv2d", 8), ("Linear", 8), ("Conv2d", 12)]


class Levels(nn.Module):
    """Decodes codes into images of -0.5, and all beyond the first four, samples of the prior, into images of 0.9."""

    def forward(self, code):
        levels = torch.where(torch.arange(len(code)) < 4, -0.5, 0.9)
        return levels.view(-1, 1, 1, 1).expand(-1, 3, 32, 32)


class Standardized(nn.Module):
    """Compares pixels by the statistics of the batch that they pass in."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, affine=False, eps=1e-9)

    def forward(self, image):
        return self.score(self.features(image))

    def features(self, image):
        return [self.norm(image), image]

    def score(self, features):
        return features[-1].mean((1, 2, 3))


def test_unlikeness_in_closed_form_reads_no_statistics_of_samples_of_the_prior(vaegan, stream):
    recipe = vaegan()
    recipe.decoder.module, recipe.discriminator.module = Levels(), Standardized()
    moves = first_moves(recipe, stream({"image": torch.full((4, 3, 32, 32), 0.5)}))
    # 0.5 and -0.5 in equal parts are 1 and -1 in deviations; with as many of 0.9 they would be 0.34 and -1.36.
    assert moves["encoder"]["unlikeness"].item() == pytest.approx(2**2 / 2 * 3 * 32 * 32, rel=1e-5)
    assert moves["decoder"]["unlikeness"].item() == pytest.approx(0.25 * 2**2 / 2 * 3 * 32 * 32, rel=1e-5)


@pytest.mark.parametrize(("reconstructions", "points"), [(True, 8), (False, 4)])
def test_penalties_are_taken_between_images_and_all_that_is_discriminated(
    reconstructions, points, vaegan, batch, stream, monkeypatch
):
    recipe, taken = vaegan("wgan-gp", normalization="layer", reconstructions=reconstructions), []
    penalty = recipe.game.penalty
    monkeypatch.setattr(
        recipe.game, "penalty", lambda critic, real, fake: taken.append((real, fake)) or penalty(critic, real, fake)
    )
    moves = first_moves(recipe, stream(batch))
    assert moves["discriminator"]["gradient_penalty"] > 0
    ((real, fake),) = taken
    assert len(real) == len(fake) == points
    assert torch.equal(real[-4:], batch["image"])
    assert not fake.requires_grad


def test_a_game_that_reads_real_scores_gets_them(vaegan, batch, stream):
    moves = first_moves(vaegan(Relative), stream(batch))
    assert moves["decoder"]["game"].isfinite()


def test_slopes_of_any_game_are_punished(vaegan, batch):
    recipe = vaegan(normalization="none")
    recipe.game.r1 = 3.0
    (moves,) = list(recipe.step(iter([batch])))
    real = batch["image"].clone().requires_grad_()
    (slope,) = torch.autograd.grad(recipe.discriminator.given(samples=4)(real).sum(), real)
    assert float(moves["discriminator"]["r1"].detach()) == pytest.approx(
        float(1.5 * slope.square().sum((1, 2, 3)).mean()), rel=1e-4
    )


@pytest.mark.parametrize(
    ("loss", "parts", "normalization"),
    [
        ("non-saturating", ("dcgan", "dcgan"), "batch"),
        ("hinge", ("vaegan", "vaegan"), "spectral"),
        ("lsgan", ("dcgan", "vaegan"), "instance"),
        ("wgan-gp", ("vaegan", "dcgan"), "layer"),
        ("ebgan", ("vaegan", "ebgan"), "batch"),
    ],
)
def test_other_parts_and_games_train(loss, parts, normalization, vaegan, batch, stream, run_steps):
    recipe = vaegan(loss, parts, normalization)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=2)
    assert all(loss.isfinite() for moves in log for losses in moves.values() for loss in losses.values())
    moved = {name.split(".")[0] for name, value in recipe.named_parameters() if not torch.equal(value, before[name])}
    assert moved == set(PLAYERS)


@pytest.mark.parametrize("layer", [5, -6])
def test_a_layer_that_is_not_there(layer, vaegan, batch, stream):
    with pytest.raises(UsageError, match=f"layer {layer} is none of the discriminator's 5"):
        first_moves(vaegan(layer=layer), stream(batch))


def test_a_list_of_scores_is_refused(vaegan, batch, stream, monkeypatch):
    recipe = vaegan()
    monkeypatch.setattr(recipe.discriminator.module, "forward", lambda image: [image])
    with pytest.raises(Unsupported, match="gives a list"):
        first_moves(recipe, stream(batch))


def test_unlikeness_compares_each_image_with_its_own_reconstruction(vaegan):
    recipe = vaegan()
    real, reconstructed = torch.randn(2, 4, 6)
    found = recipe.unlikeness([torch.cat([real, reconstructed]), torch.zeros(8, 1)])
    assert found == surprise(reconstructed, real)


def test_graphs_and_preview_are_the_vaes_and_the_discriminator_a_critic(vaegan, batch):
    recipe = vaegan().eval()
    assert list(recipe.graphs()) == ["generator", "encoder", "reconstruct"]
    assert list(recipe.preview(batch)) == ["real", "reconstructed", "generated"]
    assert [name for name, player in recipe.players().items() if player.critic] == ["discriminator"]
    assert sorted(recipe.networks()) == sorted(PLAYERS)


def test_settings_and_defaults(factory):
    recipe = factory("vaegan", "recipe")
    said = recipe.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["batch_size"]) == ("rmsprop", 3e-4, 64)
    assert (recipe.defaults.generator, recipe.defaults.discriminator) == ("vaegan", "vaegan")
    assert recipe.defaults.normalization == dict.fromkeys(("encoder", "generator", "discriminator"), "batch")
