"""StyleGAN: AdaIN, noise, styles of each layer, growth from 8 pixels, and the paper's networks."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, leaky_relu

from gantk import DiscriminatorSpec, Normalization, UsageError
from gantk_plugins.style.growth import GrowingScores, growing_stages
from gantk_plugins.style.layers import EqualizedConv
from gantk_plugins.style.styled import Mapping
from gantk_plugins.style.stylegan import BATCHES, FIRST
from gantk_plugins.style.stylegan_networks import Enlarging, GrowingSynthesis, StyledLayer

SMALL = {"latent": 6, "units": 5, "depth": 2, "base": 64, "most": 8}


@pytest.fixture
def stylegan(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(size=16, **options):
        build = make_build(
            kind="images",
            size=size,
            generator="gan",
            discriminator="stylegan",
            loss="non-saturating",
            normalization=("none", "none"),
            discriminator_options={"base": 64, "most": 8},
        )
        return factory("stylegan", "recipe")(build, **SMALL | options)

    return make


def parameters(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def test_the_networks_are_the_authors_at_1024_pixels():
    with torch.device("meta"):
        mapping, synthesis = Mapping(512, 512, 8), GrowingSynthesis(3, 1024, 512, 16_384, 512, 0)
        spec = DiscriminatorSpec(channels=3, size=1024, any_size=True)
        scores = GrowingScores(spec, Normalization(), 16_384, 512, smooth=True)
    assert parameters(mapping, synthesis) == 26_219_627
    assert parameters(scores) == 23_087_249
    assert len(synthesis.styled) == 18


def test_the_stages_are_those_of_the_authors():
    stages = growing_stages(1024, 83 / 3, BATCHES, FIRST)
    assert [stage.name for stage in stages[:3]] == ["8x8", "16x16 fading", "16x16"]
    assert [32 * stage.batch for stage in stages[:6]] == [256, 128, 128, 64, 64, 32]
    # A share of 1 is 18,750 steps: 600,000 images in batches of 32.
    assert sum(18_750 * stage.share * 32 * stage.batch for stage in stages) == pytest.approx(25_000_000)
    assert 18_750 * sum(stage.share for stage in stages) == pytest.approx(717_969, abs=1)


def test_adain_gives_each_map_the_mean_and_deviation_of_its_style():
    layer = StyledLayer(None, 4, 5)
    w = torch.randn(3, 5)
    made = layer(5 * torch.randn(3, 4, 8, 8) + 2, w, torch.zeros(3, 1, 8, 8))
    scale, shift = layer.style(w).chunk(2, 1)
    torch.testing.assert_close(made.mean((2, 3)), shift, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(made.std((2, 3), correction=0), (1 + scale).abs(), rtol=1e-3, atol=1e-4)


def test_a_style_of_zeros_changes_nothing():
    layer = StyledLayer(None, 4, 5)
    made = layer(torch.randn(2, 4, 8, 8), torch.zeros(2, 5), torch.zeros(2, 1, 8, 8))
    torch.testing.assert_close(made.var((2, 3), correction=0), torch.ones(2, 4), rtol=1e-3, atol=0)


def test_noise_is_as_strong_in_each_map_as_is_learned_and_comes_before_the_relu():
    layer = StyledLayer(EqualizedConv(3, 2, bias=False), 2, 5)
    x, w, noise = torch.randn(2, 3, 6, 6), torch.zeros(2, 5), torch.randn(2, 1, 6, 6)
    assert torch.equal(layer(x, w, noise), layer(x, w, 0 * noise))
    with torch.no_grad():
        layer.strength.copy_(torch.tensor([0.0, 2.0]).view(2, 1, 1))
        layer.bias.fill_(0.5)
    y = leaky_relu(layer.conv(x) + torch.cat([0 * noise, 2 * noise], 1) + 0.5, 0.2)
    wanted = nn.functional.instance_norm(y, eps=1e-8)
    torch.testing.assert_close(layer(x, w, noise), wanted, rtol=1e-4, atol=1e-5)


def test_maps_are_doubled_convolved_and_filtered():
    layer, x = Enlarging(3, 2), torch.randn(1, 3, 4, 4)
    convolved = layer.conv(interpolate(x, scale_factor=2.0))
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = (line[:, None] * line).expand(2, 1, 3, 3)
    torch.testing.assert_close(layer(x), conv2d(convolved, kernel, padding=1, groups=2))


def test_all_begin_with_the_same_ones():
    synthesis = GrowingSynthesis(3, 8, 5, 64, 8, 1)
    begun = synthesis.constant(torch.zeros(2, 4, 5))
    assert torch.equal(begun, torch.ones(2, 8, 4, 4))


@pytest.mark.parametrize("number", range(3))
def test_whoever_works_moves_and_nobody_else(stylegan, at, pictures, number):
    recipe = stylegan()
    side = at(recipe, number, 0.5)
    assert side == (8, 16, 16)[number]
    players = recipe.players()
    moving = {id(p) for player in players.values() for net in player.networks for p in net.parameters()}
    assert set(players) == ({"generator_fading", "discriminator_fading"} if number == 1 else set(players))
    body, answer, found = recipe.step(iter([{"image": interpolate(pictures("3d", 4), side, mode="area")}])), None, []
    while True:
        try:
            asked = body.send(answer)
        except StopIteration:
            break
        answer = getattr(asked, "value", None)
        if answer is None:
            found.append(asked)
            sum(asked[1].values()).backward()
    assert [list(losses) for _, losses in found] == [["game", "r1"], ["game"]]
    assert {id(p) for p in recipe.parameters() if p.grad is not None} == moving


def test_all_but_what_reads_the_smallest_images_move_in_some_stage(stylegan, at):
    recipe, moving = stylegan(), set()
    for number in range(3):
        at(recipe, number)
        moving |= {id(p) for player in recipe.players().values() for net in player.networks for p in net.parameters()}
    resting = {name for name, p in recipe.named_parameters() if id(p) not in moving}
    assert resting == {name for name, p in recipe.named_parameters() if not p.requires_grad}
    assert resting == {"discriminator.module.of_images.0.weight", "discriminator.module.of_images.0.bias"}


def test_new_layers_fade_in_from_what_was_there(stylegan, at):
    recipe = stylegan().eval()
    styles = torch.randn(2, 6, 5)
    at(recipe, 0)
    noise = torch.randn(2, 16 * 2 + 64 * 2 + 256 * 2)
    small = recipe.synthesis(styles[:, :4], noise[:, :160])
    doubled = interpolate(small, scale_factor=2.0)
    at(recipe, 1, 0.25)
    faded = recipe.synthesis(styles, noise)
    at(recipe, 2)
    torch.testing.assert_close(faded, 0.745 * doubled + 0.255 * recipe.synthesis(styles, noise))


def test_rates_grow_with_the_images(stylegan, at):
    recipe = stylegan(size=256)
    rates = {}
    for number in range(len(recipe.stages())):
        side = at(recipe, number)
        rates[side] = {rate for player in recipe.players().values() for rate in player.scale.values()}
    assert rates == {8: {1.0}, 16: {1.0}, 32: {1.0}, 64: {1.0}, 128: {1.5}, 256: {2.0}}


def test_graphs_follow_the_stage_and_psi_leaves_fine_layers(stylegan, at):
    recipe = stylegan(size=128).eval()
    at(recipe, 0)
    assert (recipe.noise.length, recipe.layers) == (160, 4)
    assert recipe.graphs()["generator"].inputs[1].length == 160
    at(recipe, len(recipe.stages()) - 1)
    assert recipe.layers == 12
    sampler = recipe.sampler("generator").module
    own = sampler.truncated(recipe.latent.fixed(2), torch.ones(2))
    calm = sampler.truncated(recipe.latent.fixed(2), torch.zeros(2))
    torch.testing.assert_close(calm[:, :8], torch.zeros(2, 8, 5), atol=1e-6, rtol=0)
    assert torch.equal(calm[:, 8:], own[:, 8:])
    assert torch.equal(own, recipe.mapping(recipe.latent.fixed(2))[:, None].expand(-1, 12, -1))


def test_what_cannot_be_is_refused(stylegan):
    with pytest.raises(UsageError, match="mixing=2"):
        stylegan(mixing=2.0)
    with pytest.raises(UsageError, match="base >= 1 and most"):
        stylegan(base=0)
