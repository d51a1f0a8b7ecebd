"""MUNIT: its losses in closed form, AdaIN, styles that are drawn or a picture's, its networks' sizes, and who moves."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import instance_norm

from gantk import DiscriminatorSpec, Network, Unsupported, UsageError
from gantk.parts.context import Progress
from gantk_plugins.networks.disentangled import Decoder, adaptive_norm
from support.scaling import Scale

DISCRIMINATOR = {"discriminator": "munit", "normalization": ("none", "none")}
SMALL = DISCRIMINATOR | {"discriminator_options": {"filters": 4, "layers": 2}}


class Zero(nn.Module):
    """Gives every image the style 0."""

    def forward(self, image):
        return torch.zeros(len(image), 8)


@pytest.fixture
def batch(pictures):
    return {"a": pictures("flat", 2), "b": pictures("3d", 2)}


@pytest.fixture
def build(factory, make_build):
    """Return a function that builds a small recipe with options."""
    return lambda said=None, **options: factory("munit", "recipe")(
        make_build(**SMALL | (said or {})), **{"filters": 4, "blocks": 1, "scales": 2} | options
    )


def test_losses_in_closed_form(build, batch, stream):
    """Where a content is the image, every style is 0, and decoders give a quarter and twice of the content."""
    recipe = build(adversarial=1.5, reconstruction=5.0, content=7.0, styles=11.0, cycle=13.0)
    for name, module in {
        "content_a": Scale(1),
        "content_b": Scale(1),
        "style_a": Zero(),
        "style_b": Zero(),
        "decoder_a": Scale(0.25),
        "decoder_b": Scale(2),
    }.items():
        setattr(recipe, name, Network(module, name))
    a, b = batch["a"], batch["b"]

    def summed(discriminator, images, label):
        return sum((scores - label).square().mean() for scores in discriminator(images))

    with torch.no_grad():
        judged_a = summed(recipe.discriminator_a, a, 1) + summed(recipe.discriminator_a, b / 4, 0)
        fooled_b = summed(recipe.discriminator_b, 2 * a, 1)
    torch.manual_seed(3)
    body = recipe.step(stream(batch))
    player, judged = next(body)
    assert player == "discriminator"
    # The losses of both scales are added up.
    torch.testing.assert_close(judged["game_a"], 1.5 * judged_a)
    player, moved = next(body)
    assert player == "generator"
    torch.testing.assert_close(moved.pop("game_b"), 1.5 * fooled_b)
    moved.pop("game_a")
    torch.manual_seed(3)
    drawn_a, drawn_b = torch.randn(2, 8), torch.randn(2, 8)
    torch.testing.assert_close(
        moved,
        {
            "reconstruction_a": 5 * 0.75 * a.abs().mean(),
            "reconstruction_b": 5 * b.abs().mean(),
            "content_a": 7 * a.abs().mean(),
            "content_b": 7 * 0.75 * b.abs().mean(),
            "style_a": 11 * drawn_a.abs().mean(),
            "style_b": 11 * drawn_b.abs().mean(),
            "cycle_a": 13 * 0.5 * a.abs().mean(),
            "cycle_b": 13 * 0.5 * b.abs().mean(),
        },
    )


def test_without_a_weight_there_is_no_cycle(build, batch, stream, run_steps):
    (moves,) = run_steps(build(), stream(batch))
    assert not any("cycle" in name or "perceptual" in name for name in moves["generator"])


def test_adaptive_norm_sets_mean_and_deviation_of_each_channel():
    x, shift, scale = torch.rand(2, 3, 8, 8), torch.randn(2, 3), torch.rand(2, 3) + 1
    made = adaptive_norm(x, torch.stack([shift, scale], 1)[..., None, None])
    torch.testing.assert_close(made.mean((2, 3)), shift)
    torch.testing.assert_close(made.std((2, 3), unbiased=False), scale, rtol=1e-3, atol=0)
    constant = adaptive_norm(torch.ones(2, 3, 8, 8), torch.stack([shift, scale], 1)[..., None, None])
    torch.testing.assert_close(constant, shift[..., None, None].expand(2, 3, 8, 8))


def test_a_style_shifts_and_scales_each_norm_of_the_decoder_by_numbers_of_its_own():
    """Where the perceptron gives 0 for all but the second norm's shift, the block adds that shift alone."""
    decoder = Decoder(3, 4, 1, 8)
    last = decoder.perceptron[-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        last.bias.view(2, 2, 16)[1, 0] = torch.arange(16.0)
    content = torch.randn(2, 16, 4, 4)
    seen = []
    decoder.last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    decoder(content, torch.randn(2, 8))
    torch.testing.assert_close(seen[0], content + torch.arange(16.0).view(16, 1, 1))


def test_sizes_of_the_authors_networks(factory, make_build):
    with torch.device("meta"):
        recipe = factory("munit", "recipe")(make_build(**DISCRIMINATOR, size=256))
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in recipe.networks().items()}
    first, blocks = 49 * 3 * 64 + 64, 4 * 2 * (9 * 256 * 256 + 256)
    halvings = 16 * 64 * 128 + 128 + 16 * 128 * 256 + 256
    assert counts["content_a"] == first + halvings + blocks
    assert counts["style_b"] == first + halvings + 2 * (16 * 256 * 256 + 256) + 256 * 8 + 8
    perceptron = 8 * 256 + 256 + 256 * 256 + 256 + 257 * (8 * 2 * 256)
    upsampling = 25 * 256 * 128 + 3 * 128 + 25 * 128 * 64 + 3 * 64
    assert counts["decoder_a"] == blocks + perceptron + upsampling + 49 * 64 * 3 + 3
    widths = [3, 64, 128, 256, 512]
    scale = sum(16 * x * y + y for x, y in pairwise(widths)) + 512 + 1
    assert counts["discriminator_a"] == 3 * scale
    norms = [module for module in recipe.style_a.modules() if "Norm" in type(module).__name__]
    assert norms == []


def test_weights_begin_as_hes_and_the_discriminators_narrow(build):
    recipe = build(filters=16)
    layer = recipe.content_a.module.layers[6]
    assert layer.weight.std().item() == pytest.approx((2 / layer.weight[0].numel()) ** 0.5, rel=0.05)
    critic = build({"discriminator_options": {"filters": 16, "layers": 2}}).discriminator_a.module.discriminators[0]
    assert critic.stages[1][0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    scales = [module.weight for module in recipe.decoder_a.modules() if isinstance(module, nn.GroupNorm)]
    assert all(0 <= scale.min() < scale.max() <= 1 for scale in scales)


def test_the_discriminator_halves_an_image_layer_by_layer(build, make_build):
    spec = DiscriminatorSpec(channels=1, condition_channels=2, size=(24, 16))
    network = make_build(**SMALL).discriminator(spec)
    assert network(torch.rand(2, 1, 24, 16), torch.rand(2, 2, 24, 16)).shape == (2, 1, 6, 4)
    scores = build().discriminator_a(torch.rand(2, 3, 32, 32))
    assert [tuple(scale.shape) for scale in scores] == [(2, 1, 8, 8), (2, 1, 4, 4)]


def test_each_player_moves_all_of_its_networks(build, batch, stream, run_steps):
    recipe = build(cycle=1.0)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=2)
    assert [list(moves) for moves in log] == [["discriminator", "generator"]] * 2
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    # What a bias before an instance norm adds, the norm takes out.
    assert all(name.endswith("bias") for name in still)
    owned = [p for player in recipe.players().values() for network in player.networks for p in network.parameters()]
    assert len(owned) == len(set(owned)) == len(before)


def test_critic_steps_without_the_generator_cost_it_one_image_and_no_graph(build, batch, stream, run_steps):
    recipe = build()
    calls = []
    for network in (recipe.decoder_a, recipe.decoder_b):
        network.register_forward_hook(lambda module, inputs, output: calls.append(output.requires_grad))
    run_steps(recipe, stream(batch), steps=2, critic_steps=2)
    assert calls == [False, False, True, True, True, True]


def test_the_perceptual_loss_compares_what_instance_norm_leaves(build, batch):
    with torch.device("meta"):
        deep = build(vgg=Path("vgg19.pth"))
    assert len(deep.vgg._network.module.features) == 34
    assert not {name for name in deep.state_dict() if name.startswith("vgg")}
    recipe = build()
    recipe.vgg = nn.Identity()
    brighter = 0.3 * batch["a"] + 0.5
    assert recipe.apart(brighter, batch["a"]).item() == pytest.approx(0, abs=1e-4)
    expected = (instance_norm(batch["b"]) - instance_norm(batch["a"])).square().mean()
    torch.testing.assert_close(recipe.apart(batch["b"], batch["a"]), expected)


def test_a_style_is_drawn_or_a_pictures(build, batch):
    recipe = build().eval()
    graphs = recipe.graphs()
    assert list(graphs) == ["a_to_b", "a_to_b_styled", "b_to_a", "b_to_a_styled"]
    assert graphs["a_to_b"].input_names == ("image", "style")
    assert graphs["b_to_a_styled"].images == ("b", "a")
    assert graphs["b_to_a_styled"].input_names == ("b", "style")
    a, b = batch["a"], batch["b"]
    with torch.no_grad():
        styled = graphs["a_to_b_styled"].network(a, b)
        torch.testing.assert_close(styled, graphs["a_to_b"].network(a, recipe.style_b(b)))
        assert not torch.allclose(styled, graphs["a_to_b_styled"].network(a, a))


@pytest.mark.parametrize(("name", "side"), [("a_to_b", 8), ("a_to_b_styled", 16)])
def test_what_is_shipped_takes_its_smallest_size(name, side, build):
    network = build().graphs()[name].network
    assert (network.module.multiple, network.module.minimum) == (4, side)
    style = torch.rand(2, 8) if side == 8 else torch.rand(2, 3, side, side)
    assert network(torch.rand(2, 3, side, side), style).shape == (2, 3, side, side)


def test_previews_show_the_styles_of_the_seeds_of_a_model(build, batch):
    recipe = build().eval()
    with torch.no_grad():
        shown = recipe.preview(batch | {"reference": batch["b"]})
        seeds = [f"seed {seed}" for seed in range(4)]
        assert list(shown) == ["input", *seeds, "reference", "style", "in that style", "input B", "output A"]
        drawn = recipe.style.fixed(1, seed=2).expand(2, -1)
        torch.testing.assert_close(shown["seed 2"], recipe.graphs()["a_to_b"].network(batch["a"], drawn))
        styled = recipe.graphs()["a_to_b_styled"].network(batch["a"], batch["b"].flip(0))
        torch.testing.assert_close(shown["in that style"], styled)
    assert torch.equal(shown["style"], batch["b"].flip(0))
    assert not torch.allclose(shown["seed 0"], shown["seed 1"])


@pytest.mark.parametrize(
    ("said", "options", "error", "reason"),
    [
        ({}, {"style": 0}, UsageError, "munit needs style >= 1, .* not style=0"),
        ({"size": 12}, {}, Unsupported, "a multiple of 4 and at least 16, not 12"),
        ({"channels": {"a": 4, "b": 3}}, {"vgg": Path("x")}, UsageError, "not 4 and 3 channels: leave out -s vgg"),
        ({"discriminator_options": {}}, {"scales": 3}, Unsupported, "with 4 layers needs at least 16 pixels, not 8"),
        ({"discriminator_options": {"layers": 0}}, {}, UsageError, "layers from 1 to 10, not filters=64, layers=0"),
    ],
)
def test_what_it_cannot_do_is_refused(said, options, error, reason, build):
    with pytest.raises(error, match=reason):
        build(said, **options)


def test_settings_of_the_authors_code(factory):
    said = factory("munit", "recipe").settings.said()
    assert (said["learning_rate"], said["betas"], said["steps"]) == (1e-4, (0.5, 0.999), 1_000_000)
    rates = [said["schedule"].at(Progress(step, 10)) for step in (0, 1, 5, 9)]
    assert rates == pytest.approx([1, 0.5, 0.5**5, 0.5**9])
