"""StyleGAN2: modulated weights, lazy penalties, mixed styles, truncation, and the paper's networks."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, leaky_relu

from gantk import DiscriminatorSpec, Normalization, Unsupported, UsageError
from gantk.parts.context import Context, Informed, Progress
from gantk_plugins.style.layers import widths
from gantk_plugins.style.lazy import path_lengths
from gantk_plugins.style.styled import Mapping
from gantk_plugins.style.stylegan2_networks import ModulatedConv, ResidualScores, StyledLayer, Synthesis

SMALL = {"latent": 6, "units": 5, "depth": 2, "base": 64, "most": 8}


@pytest.fixture
def stylegan2(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(size=8, loss="non-saturating", **options):
        build = make_build(
            kind="images",
            size=size,
            generator="gan",
            discriminator="stylegan2",
            loss=loss,
            normalization=("none", "none"),
            discriminator_options={"base": 64, "most": 8},
        )
        return factory("stylegan2", "recipe")(build, **SMALL | options)

    return make


@pytest.fixture
def moves(small_batch):
    """Return a function that gives the moves of a recipe's step, which nobody makes, as (player, losses)."""

    def run(recipe, step=0):
        context = Context(progress=Progress(step, 100))
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = context
        body, answer, found = recipe.step(iter([small_batch])), None, []
        while True:
            try:
                asked = body.send(answer)
            except StopIteration:
                return found
            answer = getattr(asked, "value", None)
            if answer is None:
                found.append(asked)

    return run


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_networks_are_the_authors_at_1024_pixels():
    with torch.device("meta"):
        mapping, synthesis = Mapping(512, 512, 8), Synthesis(3, 1024, 512, 32_768, 512)
        scores = ResidualScores(DiscriminatorSpec(channels=3, size=1024), Normalization(), 32_768, 512)
    assert parameters(mapping) + parameters(synthesis) == 30_370_060
    assert parameters(scores) == 29_012_513
    assert synthesis.layers == 18
    assert len(synthesis.maps.sides) == 17
    assert widths(32, 16, 8) == [4, 2, 1, 1]
    assert widths(1024, 32_768, 512) == [512, 512, 512, 512, 512, 256, 128, 64, 32]


@pytest.mark.parametrize("doubles", [False, True])
@pytest.mark.parametrize("demodulates", [False, True])
def test_scaled_maps_are_each_samples_own_weights(doubles, demodulates):
    layer = ModulatedConv(4, 6, 3, 5, demodulates=demodulates, doubles=doubles).double()
    x, w = torch.randn(3, 4, 5, 5).double(), torch.randn(3, 5).double()
    for sample, style, made in zip(x, layer.style(w), layer(x, w), strict=True):
        weight = layer.weight * layer.scale * style[:, None, None]
        if demodulates:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if doubles:
            wanted = layer.smooth(nn.functional.conv_transpose2d(sample[None], weight.transpose(0, 1), stride=2))
        else:
            wanted = conv2d(sample[None], weight, padding=1)
        torch.testing.assert_close(made[None], wanted)


def test_demodulated_outputs_of_unit_inputs_have_unit_variance_whatever_the_style():
    layer = ModulatedConv(64, 128, 3, 8)
    x, w = torch.randn(8, 64, 16, 16), 3 * torch.randn(8, 8)
    made = layer(x, w)[..., 1:-1, 1:-1]
    torch.testing.assert_close(made.var((1, 2, 3)), torch.ones(8), rtol=0.05, atol=0)
    nn.init.zeros_(layer.style.weight)
    plain = layer(x, w)
    layer.style.bias.data *= 7
    torch.testing.assert_close(layer(x, w), plain, rtol=1e-4, atol=1e-5)


def test_a_style_is_one_at_first_on_average():
    layer = ModulatedConv(4, 4, 1, 512, demodulates=False)
    assert torch.equal(layer.style(torch.zeros(1, 512)), torch.ones(1, 4))


def test_noise_is_as_strong_as_is_learned_and_comes_before_the_bias():
    layer = StyledLayer(3, 4, 5)
    x, w, noise = torch.randn(2, 3, 4, 4), torch.randn(2, 5), torch.randn(2, 1, 4, 4)
    assert torch.equal(layer(x, w, noise), layer(x, w, torch.zeros_like(noise)))
    with torch.no_grad():
        layer.strength.fill_(0.5)
        layer.bias.fill_(0.25)
    wanted = leaky_relu(layer.conv(x, w) + 0.5 * noise + 0.25, 0.2) * math.sqrt(2)
    torch.testing.assert_close(layer(x, w, noise), wanted)


def test_each_map_gets_noise_of_its_own():
    synthesis = Synthesis(3, 16, 5, 64, 8)
    assert synthesis.maps.sides == [4, 8, 8, 16, 16]
    assert synthesis.noise == 16 + 2 * 64 + 2 * 256
    for layer in synthesis.maps.styled:
        nn.init.ones_(layer.strength)
    noise = torch.zeros(1, synthesis.noise, requires_grad=True)
    synthesis(torch.randn(1, 6, 5), noise).square().sum().backward()
    assert noise.grad.ne(0).all()


def test_each_style_changes_the_image():
    synthesis = Synthesis(3, 16, 5, 64, 8)
    styles = torch.randn(1, synthesis.layers, 5, requires_grad=True)
    synthesis(styles, torch.zeros(1, synthesis.noise)).square().sum().backward()
    assert styles.grad.ne(0).any(2).all()


def test_path_lengths_of_a_linear_generator_are_known():
    # G(w) = a w as an image of 1 channel: |J^T y| = a |y|, and E |y|^2 = 1 for y from N(0, 1 / (H W)).
    styles = torch.randn(256, 1, 64, requires_grad=True)
    images = 3 * styles.reshape(256, 1, 8, 8)
    lengths = path_lengths(images, styles).detach()
    assert float(lengths.square().mean()) == pytest.approx(9, rel=0.05)
    # Of a style that two layers take, the mean over layers is meant.
    twice = torch.randn(256, 2, 64, requires_grad=True)
    lengths = path_lengths(3 * twice.sum(1).view(256, 1, 8, 8), twice).detach()
    assert float(lengths.square().mean()) == pytest.approx(9, rel=0.05)


def test_the_path_penalty_is_what_lengths_differ_from_their_moving_mean(stylegan2, moves, monkeypatch):
    recipe = stylegan2(path=2.0, path_every=4)
    given = torch.tensor([1.0, 3.0, 5.0], requires_grad=True)
    monkeypatch.setattr(type(recipe), "path_lengths", lambda self, count, device: given)
    recipe.path_length.fill_(2.0)
    (_, losses) = moves(recipe)[1]
    # The mean is 2 + 0.01 * (3 - 2) = 2.01.
    assert float(losses["path"].detach()) == pytest.approx(4 * 2 * (1.01**2 + 0.99**2 + 2.99**2) / 3, rel=1e-5)
    assert float(recipe.path_length) == pytest.approx(2.01)
    losses["path"].backward()
    # d/dl_i of mean (l_j - a)^2 with da/dl_i = 0.01 / 3.
    wanted = [8 * 2 / 3 * (each - 0.01 / 3 * (-1.01 + 0.99 + 2.99)) for each in (-1.01, 0.99, 2.99)]
    torch.testing.assert_close(given.grad, torch.tensor(wanted), rtol=1e-4, atol=1e-5)


def test_penalties_are_lazy(stylegan2, moves):
    recipe = stylegan2()
    names = {step: [(player, *losses) for player, losses in moves(recipe, step)] for step in (0, 1, 4, 16)}
    game = [("generator", "game"), ("discriminator", "game")]
    assert names[1] == game
    assert names[4] == [game[0], ("generator", "path"), game[1]]
    assert names[0] == names[16] == [game[0], ("generator", "path"), game[1], ("discriminator", "r1")]
    bare = stylegan2(path=0.0, gamma=0.0)
    assert [(player, *losses) for player, losses in moves(bare)] == game


def test_rates_and_betas_are_those_of_lazy_penalties(stylegan2):
    players = stylegan2().players()
    assert players["generator"].betas == (0.0, 0.99 ** (4 / 5))
    assert players["discriminator"].betas == (0.0, 0.99 ** (16 / 17))
    assert set(players["generator"].scale.values()) == {4 / 5}
    assert set(players["discriminator"].scale.values()) == {16 / 17}
    bare = stylegan2(path=0.0, gamma=0.0).players()
    assert bare["generator"].betas == bare["discriminator"].betas == (0.0, 0.99)


def test_r1_is_half_gamma_times_the_squared_slope_as_often_as_it_was_left_out(stylegan2, moves, small_batch):
    recipe = stylegan2(gamma=3.0, gamma_every=5)
    losses = moves(recipe)[-1][1]
    real = small_batch["image"].clone().requires_grad_()
    (slope,) = torch.autograd.grad(recipe.discriminator(real).sum(), real)
    torch.testing.assert_close(losses["r1"], 5 * 3 / 2 * slope.square().sum((1, 2, 3)).mean())


def test_gamma_follows_the_number_of_pixels(stylegan2):
    assert stylegan2(size=32).gamma == pytest.approx(10 / 1024)
    assert stylegan2(size=32, gamma=1.0).gamma == 1.0


def test_two_styles_are_mixed_at_a_layer_of_the_batch(stylegan2):
    recipe, cpu = stylegan2(size=16, mixing=1.0), torch.device("cpu")
    cuts = set()
    for _ in range(40):
        styles = recipe.styles(3, cpu)
        assert styles.shape == (3, 6, 5)
        first = (styles == styles[:, :1]).all(2)
        assert torch.equal(first, first[:1].expand(3, -1))
        cut = int(first[0].sum())
        assert torch.equal(first[0], torch.arange(6) < cut)
        assert torch.equal(styles[:, cut:], styles[:, -1:].expand(-1, 6 - cut, -1))
        cuts.add(cut)
    assert cuts == {1, 2, 3, 4, 5}
    plain = stylegan2(size=16, mixing=0.0).styles(3, cpu)
    assert torch.equal(plain, plain[:, :1].expand(-1, 6, -1))


def test_psi_goes_from_the_average_style_to_each_samples_own(stylegan2, moves):
    recipe = stylegan2(mixing=0.5)
    before = recipe.average.clone()
    moves(recipe, 1)
    assert not torch.equal(recipe.average, before)
    recipe.eval()
    latent, noise = recipe.latent.fixed(4), recipe.noise.fixed(4)
    sampler = recipe.sampler("generator")
    with torch.no_grad():
        whole = sampler(latent, noise, torch.ones(4))
        plain = recipe.synthesis(recipe.mapping(latent)[:, None].expand(-1, recipe.layers, -1), noise)
        one = sampler(latent, noise, torch.zeros(4))
    assert torch.equal(whole, plain)
    torch.testing.assert_close(one, one[:1].expand_as(one))
    assert not torch.allclose(whole, whole[:1].expand_as(whole), atol=1e-3)


def test_the_average_style_follows_the_first_latents(stylegan2, monkeypatch):
    recipe = stylegan2(mixing=1.0)
    styles = torch.randn(6, recipe.layers, 5)
    monkeypatch.setattr(type(recipe), "styles", lambda self, count, device, eager=False: styles)
    recipe.average.fill_(2.0)
    body = recipe.step(iter([{"image": torch.zeros(6, 3, 8, 8)}]))
    body.send(body.send(None).value)
    torch.testing.assert_close(recipe.average, 0.995 * 2 + 0.005 * styles[:, 0].mean(0))


def test_coarse_layers_of_one_latent_and_fine_ones_of_another(stylegan2):
    recipe = stylegan2(size=16).eval()
    mix, plain = recipe.graphs()["mix"].network, recipe.graphs()["generator"].network
    noise, psi = recipe.noise.fixed(2), torch.ones(2)
    one, other = recipe.latent.fixed(2), recipe.latent.fixed(2, seed=1)
    with torch.no_grad():
        torch.testing.assert_close(mix(one, noise, psi, other, torch.full((2,), 6.0)), plain(one, noise, psi))
        torch.testing.assert_close(mix(one, noise, psi, other, torch.zeros(2)), plain(other, noise, psi))
        half = mix(one, noise, psi, other, torch.full((2,), 3.0))
        styles = torch.cat([recipe.mapping(z)[:, None].expand(-1, 3, -1) for z in (one, other)], 1)
        torch.testing.assert_close(half, recipe.synthesis(styles, noise))


def test_it_plays_and_everybody_moves(stylegan2, small_batch, stream, run_steps):
    recipe = stylegan2()
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(small_batch), steps=2)
    assert [set(moved) for moved in log] == [{"generator", "discriminator"}] * 2
    assert all(torch.isfinite(value) for moved in log for losses in moved.values() for value in losses.values())
    kept = [name for name, value in recipe.named_parameters() if torch.equal(value, before[name])]
    assert not kept


def test_its_preview_shows_the_seeds_of_generate_and_the_same_nearer_the_average(stylegan2, small_batch):
    recipe = stylegan2().eval()
    with torch.no_grad():
        shown = recipe.preview(small_batch)
        wanted = recipe.sampler("x")(recipe.latent.fixed(64), recipe.noise.fixed(64), torch.ones(64))
    assert list(shown) == ["generated", "psi=0.7", "real"]
    torch.testing.assert_close(shown["generated"], wanted)
    recipe.average.fill_(0.1)
    with torch.no_grad():
        assert not torch.equal(recipe.preview(small_batch)["psi=0.7"], shown["psi=0.7"])


def test_sizes_are_doubled_from_4_to_7_pixels(stylegan2):
    recipe = stylegan2(size=28)
    images = recipe.synthesis(recipe.styles(1, torch.device("cpu")), recipe.noise.drawn(1))
    assert images.shape == (1, 3, 28, 28)
    assert recipe.discriminator(interpolate(images, 28)).shape == (1, 1)
    with pytest.raises(Unsupported, match="times a power of two"):
        stylegan2(size=18)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"mixing": 1.5}, "mixing=1.5"), ({"path_every": 0}, "path_every=0"), ({"base": 0}, "base >= 1 .*not base=0")],
)
def test_what_cannot_be_is_refused(stylegan2, options, said):
    with pytest.raises(UsageError, match=said):
        stylegan2(**options)


def test_a_game_of_slopes_is_refused_since_the_discriminator_ties_samples(stylegan2):
    with pytest.raises(Unsupported, match="ties samples to each other"):
        stylegan2(loss="wgan-gp")
