"""PGGAN: what grows and fades in at which stage, its game, and the paper's networks."""

from functools import partial

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from gantk import DiscriminatorSpec, Normalization, Unsupported, UsageError
from gantk_plugins.style.growth import GrowingScores, blended, growing_stages
from gantk_plugins.style.layers import widths
from gantk_plugins.style.pggan import BATCHES, DriftingWasserstein, GrowingGenerator

SMALL = {"latent": 6, "base": 64, "most": 8}


@pytest.fixture
def pggan(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(size=16, discriminator="pggan", loss="pggan", discriminator_options=None, **options):
        build = make_build(
            kind="images",
            size=size,
            generator="gan",
            discriminator=discriminator,
            loss=loss,
            normalization=("none", "none"),
            discriminator_options={"base": 64, "most": 8} if discriminator == "pggan" else discriminator_options,
        )
        return factory("pggan", "recipe")(build, **SMALL | options)

    return make


def parameters(modules):
    return {id(parameter): parameter.numel() for module in modules for parameter in module.parameters()}


def test_the_networks_are_the_papers_at_1024_pixels():
    with torch.device("meta"):
        generator = GrowingGenerator(3, 1024, 512, 16_384, 512)
        scores = GrowingScores(DiscriminatorSpec(channels=3, size=1024, any_size=True), Normalization(), 16_384, 512)
    # Table 2: 23.1 million each, of the networks of the last stage.
    for network in (generator, scores):
        assert round(sum(parameters(network.in_use(8, False)).values()) / 1e6, 1) == 23.1
    assert widths(1024, 16_384, 512) == [512, 512, 512, 512, 256, 128, 64, 32, 16]


def test_the_stages_are_those_of_the_paper():
    stages = growing_stages(1024, 7.75, BATCHES)
    assert [stage.name for stage in stages[:4]] == ["4x4", "8x8 fading", "8x8", "16x16 fading"]
    assert len(stages) == 17
    assert [16 * stage.batch for stage in stages[-6:]] == [14, 14, 6, 6, 3, 3]
    # A share of 1 is 50,000 steps: 800,000 images in batches of 16.
    images = [50_000 * stage.share * 16 * stage.batch for stage in stages]
    assert images[:-1] == pytest.approx([800_000] * 16)
    assert sum(images) == pytest.approx(19_000_000)
    assert 50_000 * sum(stage.share for stage in stages) == pytest.approx(3_264_286, abs=1)
    assert [stage.name for stage in growing_stages(32, 2, {}, first=1)][:2] == ["8x8", "16x16 fading"]


def test_each_stage_makes_and_scores_images_of_its_size(pggan, at):
    recipe = pggan()
    for number, wanted in enumerate((4, 8, 8, 16, 16)):
        side = at(recipe, number, 0.5)
        images = recipe.generator(torch.randn(2, 6))
        assert side == wanted == images.shape[2]
        assert recipe.discriminator(images).shape == (2, 1)


@pytest.mark.parametrize("number", range(5))
def test_whoever_works_moves_and_nobody_else(pggan, at, pictures, number):
    recipe = pggan()
    side = at(recipe, number, 0.5)
    moving = {id(p) for player in recipe.players().values() for net in player.networks for p in net.parameters()}
    body = recipe.step(iter([{"image": interpolate(pictures("3d", 4), side, mode="area")}]))
    for _, losses in body:
        sum(losses.values()).backward()
    reached = {id(p) for p in recipe.parameters() if p.grad is not None}
    assert reached == moving


def test_all_move_in_some_stage_and_optimizers_begin_anew_at_each(pggan, at):
    recipe, moving, before = pggan(), set(), set()
    for number in range(5):
        at(recipe, number)
        players = recipe.players()
        assert not before & players.keys()
        before = players.keys()
        moving |= {id(p) for player in players.values() for net in player.networks for p in net.parameters()}
    assert moving == {id(parameter) for parameter in recipe.parameters()}


def test_new_layers_fade_in_from_what_was_there(pggan, at):
    recipe, latent = pggan(), torch.randn(3, 6)
    made = {}
    for number in (2, 3, 4):
        at(recipe, number, 0.25)
        made[number] = recipe.generator(latent)
    doubled = interpolate(made[2], scale_factor=2.0)
    # At the 25th of a hundred steps.
    torch.testing.assert_close(made[3], 0.745 * doubled + 0.255 * made[4])


def test_new_layers_of_the_discriminator_fade_in_from_what_was_there(pggan, at, pictures):
    recipe, found = pggan(), {}
    large = interpolate(pictures("3d", 4), 16, mode="area")
    for number, images in ((2, avg_pool2d(large, 2)), (3, large), (4, large)):
        at(recipe, number, 0.25)
        found[number] = recipe.discriminator.features(images)
    read = leaky_relu(recipe.discriminator.module.of_images[1](avg_pool2d(large, 2)), 0.2)
    torch.testing.assert_close(found[3][0], 0.745 * read + 0.255 * found[4][0])
    assert len(found[3]) == 2
    torch.testing.assert_close(recipe.discriminator.module.blocks[0](read), found[2][0])


def test_real_images_fade_in_too(pggan, at):
    recipe, real = pggan(), torch.randn(2, 3, 8, 8)
    at(recipe, 1, 0.25)
    coarse = interpolate(avg_pool2d(real, 2), scale_factor=2.0)
    torch.testing.assert_close(blended(real, recipe.stage), 0.745 * coarse + 0.255 * real)
    at(recipe, 2)
    assert blended(real, recipe.stage) is real


def test_pixels_of_the_generator_are_normalized(pggan, at):
    recipe = pggan()
    at(recipe, 4)
    found = []
    last = recipe.generator.module.images[2]
    last.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    latent = torch.randn(2, 6)
    made = recipe.generator(latent)
    torch.testing.assert_close(found[0].square().mean(1), torch.ones(2, 16, 16))
    # Only the direction of a latent counts.
    torch.testing.assert_close(recipe.generator(3 * latent), made, rtol=1e-4, atol=1e-5)


class Linear:
    """A critic whose score is the sum of an image's numbers times a slope."""

    mixes_samples, pack = True, 1

    def __init__(self, slope):
        self.eager = partial(self, slope)

    @staticmethod
    def __call__(slope, images):
        return slope * images.flatten(1).sum(1)


@pytest.mark.parametrize(("target", "wanted"), [(1.0, 10 * (6 - 1) ** 2), (3.0, 10 * (6 / 3 - 1) ** 2)])
def test_the_penalty_is_in_parts_of_the_target(target, wanted):
    game = DriftingWasserstein(target=target)
    # Twelve numbers times sqrt(3): the gradient's norm is sqrt(12 * 3) = 6.
    real, fake = torch.randn(5, 3, 2, 2), torch.randn(5, 3, 2, 2)
    losses = game.penalty(Linear(3**0.5), real, fake)
    assert float(losses["gradient_penalty"]) == pytest.approx(wanted, rel=1e-5)


def test_real_scores_shall_not_drift_away():
    game = DriftingWasserstein()
    real, fake = torch.tensor([10.0, 20.0]), torch.tensor([1.0, 3.0])
    assert float(game.discriminator(real, fake)) == pytest.approx(2 - 15 + 0.001 * 250)
    assert float(game.generator(fake)) == -2.0


def test_other_discriminators_score_every_stage(pggan, at, pictures):
    recipe = pggan(discriminator="unit", loss="lsgan", size=32, discriminator_options={"filters": 4})
    side = at(recipe, 6)
    assert recipe.players()["discriminator"].networks == (recipe.discriminator,)
    moves = dict(recipe.step(iter([{"image": interpolate(pictures("3d", 2), side, mode="area")}])))
    assert set(moves) == {"generator", "discriminator"}


def test_a_discriminator_of_larger_images_is_refused(pggan):
    with pytest.raises(Unsupported, match="scores no images of 4x4 pixels"):
        pggan(discriminator="stargan", loss="hinge", size=32)


def test_its_preview_shows_the_seeds_of_generate(pggan, at, small_batch):
    recipe = pggan()
    at(recipe, 2)
    shown = recipe.preview(small_batch)
    assert list(shown) == ["generated", "real"]
    torch.testing.assert_close(shown["generated"], recipe.generator(recipe.latent.fixed(64)))


def test_what_cannot_be_is_refused(pggan):
    with pytest.raises(UsageError, match="latent >= 1"):
        pggan(latent=0)
    with pytest.raises(UsageError, match="last above 0, not 0"):
        pggan(last=0.0).stages()
    with pytest.raises(UsageError, match="base >= 1 and most"):
        pggan(base=0)
    with pytest.raises(Unsupported, match="times a power of two"):
        pggan(size=18)
    with pytest.raises(UsageError, match="target > 0"):
        DriftingWasserstein(target=0.0)
