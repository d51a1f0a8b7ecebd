"""BiGAN's losses against closed forms for every kind of game, who learns from which pair, and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn.functional import relu, softplus

from gantk import AdversarialLoss, Unsupported, UsageError
from gantk.parts.context import Progress
from gantk.parts.scheduled import value_at
from gantk.plan.settings import RunSettings
from gantk_plugins.codes.bigan import reflection

SMALL = {
    "kind": "images",
    "size": 8,
    "generator": "bigan",
    "discriminator": "bigan",
    "loss": "non-saturating",
    "normalization": ("batch", "batch"),
    "generator_options": {"units": 16},
    "discriminator_options": {"units": 16},
}
PLAIN = SMALL | {"normalization": ("none", "none")}


@pytest.fixture
def build_bigan(factory, make_build):
    """Return a function that builds the recipe; the encoder's normalization is the generator's."""

    def build(said=None, **options):
        made = make_build(**SMALL | (said or {}))
        made.parts["normalization.encoder"] = made.parts["normalization.generator"]
        return factory("bigan", "recipe")(made, **{"latent": 5, "units": 16} | options)

    return build


def moves_of(recipe, batches, monkeypatch, latent):
    """Return the losses of the step's only yield, not made."""
    monkeypatch.setattr(type(recipe.latent), "drawn", lambda port, count, device: latent)
    (moves,) = list(recipe.train().step(batches))
    return {player: dict(losses) for player, losses in moves.items()}


def reached(loss, network):
    """Return whether a loss reaches each weight of a network with a gradient that is not zero."""
    weights = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    gradients = torch.autograd.grad(loss, weights, allow_unused=True, retain_graph=True)
    return {g is not None and bool(g.any()) for g in gradients}


GAMES = {
    # Equation 2 with the pairs exchanged: the paper's inverse objective.
    "non-saturating": lambda real, fake: softplus(real).mean() + softplus(-fake).mean(),
    # Equation 2: E[log D(x, E(x))] + E[log(1 - D(G(z), z))].
    "minimax": lambda real, fake: -softplus(-real).mean() - softplus(fake).mean(),
    "lsgan": lambda real, fake: real.square().mean() + (fake - 1).square().mean(),
    "hinge": lambda real, fake: real.mean() - fake.mean(),
    "wgan": lambda real, fake: real.mean() - fake.mean(),
}


@pytest.mark.parametrize("loss", GAMES)
def test_losses_in_closed_form(build_bigan, small_batch, stream, monkeypatch, loss):
    recipe = build_bigan(PLAIN | {"loss": loss}, weight_decay=0.02)
    latent = recipe.latent.fixed(6)
    moves = moves_of(recipe, stream(small_batch), monkeypatch, latent)
    real = recipe.discriminator(small_batch["image"], recipe.encoder(small_batch["image"]))
    fake = recipe.discriminator(recipe.generator(latent), latent)

    def decay(*networks):
        return 0.01 * sum(p.square().sum() for net in networks for n, p in net.named_parameters() if "weight" in n)

    judged = recipe.game.discriminator(real, fake)
    torch.testing.assert_close(
        moves,
        {
            "discriminator": {"game": judged / 2, "decay": decay(recipe.discriminator)},
            "generator": {"game": GAMES[loss](real, fake) / 2, "decay": decay(recipe.generator, recipe.encoder)},
        },
    )


@pytest.mark.parametrize("loss", ["non-saturating", "lsgan", "wgan"])
def test_generator_and_encoder_lose_what_the_discriminator_of_exchanged_pairs_does(build_bigan, loss):
    recipe = build_bigan({"loss": loss, "normalization": ("none", "none")})
    real, fake = torch.randn(4, 1), torch.randn(4, 1)
    torch.testing.assert_close(recipe.fooled(real, fake), recipe.game.discriminator(fake, real))


class Lopsided(AdversarialLoss):
    """A game that weighs fake scores otherwise than real ones: it has no middle."""

    def discriminator(self, real_scores, fake_scores):
        return softplus(-real_scores).mean() + 3 * relu(1 + fake_scores).mean()

    def generator(self, fake_scores, real_scores=None):
        return -fake_scores.mean()


class Relative(AdversarialLoss):
    """A game whose generator's loss reads both scores, and so moves the encoder by itself."""

    needs_real = True

    def discriminator(self, real_scores, fake_scores):
        return relu(1 - real_scores + fake_scores).mean()

    def generator(self, fake_scores, real_scores=None):
        return relu(1 - fake_scores + real_scores).mean()


def test_a_game_has_a_middle_or_is_refused(factory, build_bigan):
    middles = {loss: reflection(factory(loss, "loss")()) / 2 for loss in GAMES}
    assert middles == {"non-saturating": 0, "minimax": 0, "hinge": 0, "wgan": 0, "lsgan": 0.5}
    with pytest.raises(Unsupported, match="can change sides"):
        build_bigan({"loss": Lopsided})
    real, fake = torch.randn(4, 1), torch.randn(4, 1)
    recipe = build_bigan({"loss": Relative})
    torch.testing.assert_close(recipe.fooled(real, fake), relu(1 - fake + real).mean())


def test_who_learns_from_which_pair(build_bigan, small_batch):
    recipe = build_bigan(PLAIN)
    latent = recipe.latent.fixed(6)
    real = recipe.discriminator(small_batch["image"], recipe.encoder(small_batch["image"]))
    fake = recipe.discriminator(recipe.generator(latent), latent)
    nothing = torch.zeros(6, 1)
    assert reached(recipe.fooled(real, nothing), recipe.encoder) == {True}
    assert reached(recipe.fooled(real, nothing), recipe.generator) == {False}
    assert reached(recipe.fooled(nothing, fake), recipe.generator) == {True}
    assert reached(recipe.fooled(nothing, fake), recipe.encoder) == {False}
    players = recipe.players()
    assert set(players["generator"].networks) == {recipe.generator, recipe.encoder}
    assert (players["discriminator"].networks, players["discriminator"].critic) == ((recipe.discriminator,), True)


@pytest.mark.parametrize("parts", [{}, {"loss": "wgan-gp", "normalization": ("batch", "layer")}])
def test_each_player_moves_all_of_its_networks(build_bigan, small_batch, stream, run_steps, parts):
    recipe = build_bigan(parts)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(small_batch), steps=2)
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    # What is added to all scores is no matter to a Wasserstein game.
    assert still == ({"discriminator.module.output.bias"} if parts else set())
    assert ("gradient_penalty" in log[0]["discriminator"]) == bool(parts)


def test_a_gradient_penalty_reads_both_halves_of_a_pair(build_bigan, small_batch, stream, monkeypatch):
    recipe = build_bigan({"loss": "wgan-gp", "normalization": ("none", "none")}, weight_decay=0.0)
    seen = {}
    monkeypatch.setattr(
        recipe.game, "penalty", lambda critic, real, fake: seen.update(real=real, fake=fake) or {"p": torch.ones(())}
    )
    moves = moves_of(recipe, stream(small_batch), monkeypatch, recipe.latent.fixed(6))
    assert moves["discriminator"].keys() == {"game", "p"}
    assert moves["discriminator"]["p"] == 0.5
    assert torch.equal(seen["real"][0], small_batch["image"])
    torch.testing.assert_close(seen["real"][1], recipe.encoder(small_batch["image"]))
    torch.testing.assert_close(seen["fake"], (recipe.generator(recipe.latent.fixed(6)), recipe.latent.fixed(6)))
    assert not any(point.requires_grad for points in seen.values() for point in points)


def test_all_move_at_once_on_two_passes_and_the_generator_waits(build_bigan, small_batch, stream, run_steps):
    recipe = build_bigan()
    graphs, passes = [], []
    recipe.generator.register_forward_hook(lambda network, inputs, output: graphs.append(output.requires_grad))
    recipe.discriminator.register_forward_hook(lambda *_: passes.append(1))
    log = run_steps(recipe, stream(small_batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "generator"]]
    assert (graphs, len(passes)) == ([False, True], 4)


def test_preview_and_graphs(build_bigan, small_batch):
    recipe = build_bigan().eval()
    image, latent = small_batch["image"], recipe.latent.fixed(6)
    shown = recipe.preview(small_batch)
    torch.manual_seed(5)
    again = recipe.preview(small_batch)
    assert list(shown) == ["real", "reconstructed", "generated"]
    assert all(torch.equal(column, again[name]) for name, column in shown.items())
    torch.testing.assert_close(shown["generated"], recipe.generator(latent))

    graphs = recipe.graphs()
    assert {name: (graph.task, graph.size) for name, graph in graphs.items()} == {
        "generator": ("generate", None),
        "encoder": ("encode", 8),
        "features": ("encode", 8),
        "reconstruct": ("translate", 8),
    }
    (port,) = graphs["generator"].inputs
    assert (port.name, port.length, port.distribution) == ("latent", 5, "uniform")
    assert [(graphs[name].outputs[0].name, graphs[name].outputs[0].length) for name in ("encoder", "features")] == [
        ("latent", 5),
        ("features", 16),
    ]
    code = graphs["encoder"].network(image)
    assert code.shape == (6, 5)
    assert code.abs().max() < 1
    assert graphs["features"].network(image).shape == (6, 16)
    torch.testing.assert_close(graphs["features"].network(image), recipe.encoder.features(image)[-1])
    torch.testing.assert_close(graphs["reconstruct"].network(image), recipe.generator(code))
    torch.testing.assert_close(shown["reconstructed"], recipe.generator(code))


def test_points_are_images_of_one_pixel(build_bigan, stream, run_steps):
    options = {"units": 16, "output": "linear"}
    recipe = build_bigan({"size": 1, "channels": {"image": 2}, "generator_options": options})
    run_steps(recipe, stream({"image": torch.randn(8, 2, 1, 1)}))
    nn.init.constant_(recipe.generator.module.output.bias, 4.0)
    assert recipe.generator(recipe.latent.fixed(3)).shape == (3, 2, 1, 1)
    assert recipe.generator(recipe.latent.fixed(3)).min() > 2


class Scales(nn.Module):
    """A discriminator that scores pairs at two scales."""

    def forward(self, image, latent):
        return [image.mean((1, 2, 3)), latent.mean(1)]


def test_refusals(build_bigan, small_batch, stream):
    with pytest.raises(Unsupported, match="latent vectors"):
        build_bigan({"discriminator": "patchgan", "size": 32, "discriminator_options": {}})
    with pytest.raises(Unsupported, match="gives a list"):
        next(build_bigan({"discriminator": lambda *_: Scales(), "discriminator_options": {}}).step(stream(small_batch)))
    for said in ({"latent": 0}, {"units": 0}, {"weight_decay": -1.0}):
        with pytest.raises(UsageError, match=f"not .*{next(iter(said))}={next(iter(said.values()))}"):
            build_bigan(**said)
    with pytest.raises(UsageError, match="units >= 1, not 0"):
        build_bigan({"generator_options": {"units": 0}})


def test_settings_and_defaults_of_the_paper(factory):
    bigan = factory("bigan", "recipe")
    said = bigan.settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"]) == (2e-4, (0.5, 0.999), 128)
    assert said["epochs"] == 400
    # Constant over the first half, then to a hundredth by equal factors.
    factor = RunSettings(**said).rate_factor
    found = [value_at(factor, Progress(epoch, 400)) for epoch in (0, 200, 300, 400)]
    assert found == pytest.approx([1.0, 1.0, 0.1, 0.01])
    defaults = bigan.defaults
    assert (defaults.generator, defaults.discriminator, defaults.loss) == ("bigan", "bigan", "non-saturating")
    assert set(defaults.normalization.values()) == {"batch"}
