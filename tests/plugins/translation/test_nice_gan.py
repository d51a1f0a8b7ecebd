"""NICE-GAN: its losses in closed form, who trains the encoders, its norms and networks, and what it refuses."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn.functional import group_norm, instance_norm, leaky_relu

from gantk import DiscriminatorSpec, Network, Unsupported, UsageError
from gantk_plugins.translation.nice_gan_networks import LIN, AdaLIN, Discriminator, Generator

DISCRIMINATOR = {"discriminator": "nice-gan", "normalization": ("none", "spectral")}
SMALL = DISCRIMINATOR | {"discriminator_options": {"filters": 4}}


class Repeated(nn.Module):
    """Makes an image of a code: its first three channels, enlarged, times a number that is learned."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, code):
        return self.factor * code[:, :3].repeat_interleave(4, 2).repeat_interleave(4, 3)


@pytest.fixture
def batch(pictures):
    return {"a": pictures("flat", 2), "b": pictures("3d", 2)}


@pytest.fixture
def build(factory, make_build):
    """Return a function that builds a small recipe with options."""
    return lambda said=None, **options: factory("nice-gan", "recipe")(
        make_build(**SMALL | (said or {})), **{"filters": 4, "blocks": 1} | options
    )


@pytest.fixture
def plain(make_build):
    """Return a function that makes a discriminator of a filter number and a depth, without spectral norm."""
    norm = make_build(normalization=("none", "none")).normalization("discriminator")
    return lambda filters=4, depth=1: Discriminator(3, norm, filters=filters, depth=depth)


def test_losses_in_closed_form(build, batch, stream):
    recipe = build({"normalization": ("none", "none")}, cycle=5.0, reconstruction=7.0)
    recipe.generator_a, recipe.generator_b = (Network(Repeated(factor), "generator") for factor in (0.5, 2.0))
    a, b = batch["a"], batch["b"]
    critic_a, critic_b = recipe.discriminator_a, recipe.discriminator_b
    with torch.no_grad():
        code_a, code_b = critic_a.features(a)[0], critic_b.features(b)[0]
        fake_a, fake_b = recipe.generator_a(code_b), recipe.generator_b(code_a)
        back_a = recipe.generator_a(critic_b.features(fake_b)[0])
        own_b = recipe.generator_b(code_b)
        judged_a = sum((s - 1).square().mean() for s in critic_a(a)) + sum(s.square().mean() for s in critic_a(fake_a))
        fooled_b = sum((s - 1).square().mean() for s in critic_b(fake_b))
    body = recipe.step(stream(batch))
    player, judged = next(body)
    assert player == "discriminator"
    torch.testing.assert_close(judged["game_a"], judged_a)
    player, moved = next(body)
    assert player == "generator"
    assert list(moved) == ["game_a", "game_b", "cycle_a", "cycle_b", "reconstruction_a", "reconstruction_b"]
    torch.testing.assert_close(moved["game_b"], fooled_b)
    torch.testing.assert_close(moved["cycle_a"], 5 * (back_a - a).abs().mean())
    torch.testing.assert_close(moved["reconstruction_b"], 7 * (own_b - b).abs().mean())


def test_encoders_move_with_the_discriminators_alone(build, batch, stream, run_steps):
    recipe = build()
    players = recipe.players()
    encoders = {id(p) for critic in players["discriminator"].networks for p in critic.module.encoder.parameters()}
    generators = {id(p) for network in players["generator"].networks for p in network.parameters()}
    assert encoders
    assert encoders.isdisjoint(generators)
    body = recipe.step(stream(batch))
    _, judged = next(body)
    reached = torch.autograd.grad(
        sum(judged.values()), list(recipe.generator_a.parameters()), allow_unused=True, retain_graph=True
    )
    assert all(gradient is None for gradient in reached)
    encoder = recipe.discriminator_a.module.encoder
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(sum(judged.values()), list(encoder.parameters())))
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=2)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_gradients_pass_through_the_encoders_to_the_generators(build, batch, stream):
    """A's generator is reached by the cycle of B, whose way back begins with what A's discriminator encodes."""
    recipe = build()
    body = recipe.step(stream(batch))
    next(body)
    _, moved = next(body)
    reached = torch.autograd.grad(moved["cycle_b"], list(recipe.generator_a.parameters()))
    assert all(gradient.isfinite().all() for gradient in reached)
    assert sum(gradient.abs().sum() for gradient in reached) > 0


@pytest.mark.parametrize(("norm", "instance"), [(AdaLIN, 0.9002), (LIN, 0.0998)])
def test_norms_begin_as_nine_tenths_of_one(norm, instance):
    x = torch.randn(2, 3, 4, 4)
    made = norm(3)(x, torch.full((2, 3), 2.0), torch.full((2, 3), 5.0)) if norm is AdaLIN else 2 * norm(3)(x) + 5
    mixed = instance * instance_norm(x) + (1 - instance) * group_norm(x, 1)
    torch.testing.assert_close(made, 2 * mixed + 5, atol=1e-3, rtol=0)


def test_an_attention_without_weight_leaves_the_code_as_it_is(plain):
    network, image = plain(), torch.randn(2, 3, 32, 32)
    code, score = network.features(image)
    torch.testing.assert_close(code, leaky_relu(network.encoder(image), 0.2))
    assert score.shape == (2, 1)


def test_the_attention_weighs_channels_by_what_makes_its_score(plain):
    """Where the sum of both halves is taken, a channel comes out times the sum of its two weights."""
    network, image = plain(), torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        network.share.fill_(2.0)
        network.attended.bias.zero_()
        network.attended.weight.copy_(torch.cat([torch.eye(8), torch.eye(8)], 1)[..., None, None])
    inner = network.encoder(image)
    code, score = network.features(image)
    weights = network.attention.weight.view(2, 8)
    torch.testing.assert_close(code, leaky_relu(inner + 2 * weights.sum(0).view(8, 1, 1) * inner, 0.2))
    expected = inner.mean((2, 3)) @ weights[0] + inner.amax((2, 3)) @ weights[1]
    torch.testing.assert_close(score[:, 0], expected)


def test_scores_at_the_papers_size(factory, make_build):
    """A code of 64 pixels, and scores of 30 and of 6, which read 70 and 286 pixels of the image."""
    with torch.device("meta"):
        network = factory("nice-gan", "discriminator")(
            DiscriminatorSpec(channels=3, size=256), make_build(normalization=("none", "none"))
        )
        image = torch.zeros(1, 3, 256, 256)
        assert network.features(image)[0].shape == (1, 128, 64, 64)
        assert [tuple(scores.shape) for scores in network(image)] == [(1, 1, 30, 30), (1, 1, 6, 6), (1, 1)]
    widths = [3, 64, 128, 256, 512, 1024, 2048]
    trunk = sum(16 * x * y for x, y in pairwise(widths)) + sum(widths[1:])
    attention = 256 + 256 * 128 + 128 + 1
    assert sum(p.numel() for p in network.parameters()) == (
        trunk + (16 * 256 * 512 + 512) + 16 * (512 + 2048) + attention
    )


def test_sizes_of_the_authors_generators(factory, make_build):
    common = 9 * 128 * 256 + 256 + 6 * (2 * 9 * 256 * 256 + 2 * 512) + 3 * 256 * 256
    doublings = sum(9 * x * y + 4 * y * y + 4 * y + 8 * y for x, y in ((256, 128), (128, 64)))
    rest = 4 * 256 + doublings + 49 * 64 * 3
    for light, read in ((False, 64 * 64 * 256), (True, 256)):
        with torch.device("meta"):
            recipe = factory("nice-gan", "recipe")(make_build(**DISCRIMINATOR, size=256), light=light)
        assert sum(p.numel() for p in recipe.generator_a.parameters()) == common + rest + read * 256


def test_the_light_one_takes_any_size_and_the_other_its_own(build):
    whole, light = build().eval(), build(light=True).eval()
    assert [graph.size for graph in whole.graphs().values()] == [32, 32]
    assert [graph.size for graph in light.graphs().values()] == [None, None]
    image = torch.rand(2, 3, 20, 12) * 2 - 1
    with torch.no_grad():
        made = light.graphs()["b_to_a"].network(image)
        torch.testing.assert_close(made, light.generator_a(light.discriminator_b.features(image)[0]))
    assert made.shape == image.shape
    assert light.graphs()["a_to_b"].network(torch.rand(1, 3, 8, 8)).shape == (1, 3, 8, 8)


def test_a_generator_reads_all_numbers_of_a_code_in_their_order():
    network = Generator(2, 3, filters=2, blocks=0, sides=(3, 5))
    assert network.style[0].in_features == 8 * 15
    assert network(torch.rand(1, 2, 3, 5)).shape == (1, 3, 12, 20)


def test_enlarging_before_convolving_leaves_no_dots():
    # Of a code that is the same everywhere sub-pixels are not, and resized ones are.
    def inner(upsampling):
        torch.manual_seed(0)
        last = Generator(2, 3, filters=2, blocks=0, sides=None, upsampling=upsampling).last
        image = last(torch.ones(1, 8, 8, 8) * torch.randn(1, 8, 1, 1)).detach()
        return image[..., 12:20, 12:20].std((2, 3)).max()

    assert inner("resize") < 1e-5 < 1e-2 < inner("shuffle")


@pytest.mark.parametrize(("size", "depth"), [(12, 0), (32, 1), (64, 2), (96, 3), (256, 3)])
def test_the_heads_are_as_deep_as_the_size_allows(size, depth, make_build):
    spec = DiscriminatorSpec(channels=3, size=size)
    network = make_build(**SMALL).discriminator(spec)
    # Each layer is a convolution, a norm and a leaky ReLU.
    assert len(network.module.common) + len(network.module.halvings) == 3 * depth
    assert len(network(torch.rand(1, 3, size, size))) == 3


def test_previews_show_both_ways_and_what_a_code_keeps(build, batch):
    recipe = build().eval()
    with torch.no_grad():
        assert list(recipe.preview(batch)) == ["input", "output", "reconstructed", "input B", "output A"]


@pytest.mark.parametrize(
    ("said", "options", "error", "reason"),
    [
        ({}, {"filters": 0}, UsageError, "nice-gan needs filters >= 1 and blocks >= 0, not filters=0"),
        ({"size": 30}, {}, Unsupported, "a size that is a multiple of 4 and at least 8, not 30"),
        ({"discriminator_options": {"depth": 2}}, {}, Unsupported, "a depth of 2 needs at least 48 pixels, not 32"),
        ({"discriminator_options": {"depth": -1}}, {}, UsageError, "depth from 0 to 10, not filters=64, depth=-1"),
        (
            {"discriminator": "patchgan", "discriminator_options": {"layers": 1}},
            {},
            Unsupported,
            "must be a quarter of the image's size, not 16x16 of 32",
        ),
    ],
)
def test_what_it_cannot_do_is_refused(said, options, error, reason, build):
    with pytest.raises(error, match=reason):
        build(said, **options)


def test_codes_are_those_of_images_as_they_are(build, factory, make_build):
    made = make_build(**SMALL)
    made.parts["augmentation"] = type(made.parts["loss"])("diffaugment", factory("diffaugment", "augmentation"))
    with pytest.raises(UsageError, match="see images as they are: leave augmentation out"):
        factory("nice-gan", "recipe")(made, filters=4, blocks=1)


def test_settings_of_the_paper(factory):
    said = factory("nice-gan", "recipe").settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["steps"]) == (1e-4, (0.5, 0.999), 1, 100_000)
    assert (said["schedule"], said["decay_from"]) == ("linear", 0.5)
