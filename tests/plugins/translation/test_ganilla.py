"""GANILLA: the shapes and the size of its generator, what its blocks concatenate and its way up adds, and CycleGAN."""

import pytest
import torch
from torch import nn

from gantk import GeneratorSpec, Unsupported, UsageError
from gantk_plugins.translation.ganilla import Block


@pytest.fixture
def build(factory, make_build):
    """Return a function that builds the generator by its options."""

    def build(asked=None, norm="instance", **options):
        spec = GeneratorSpec(**{"inputs": 3, "size": 32} | (asked or {}))
        return factory("ganilla", "generator")(spec, make_build(normalization=(norm, "none")), **options)

    return build


def test_shapes_of_the_paper(build):
    with torch.device("meta"):
        network = build({"size": 256})
        sizes = network.features(torch.zeros(1, 3, 256, 256))
        assert network(torch.zeros(1, 3, 256, 256)).shape == (1, 3, 256, 256)
    assert [tuple(activations.shape[1:]) for activations in sizes] == [
        (64, 128, 128),
        (64, 128, 128),
        (128, 64, 64),
        (128, 32, 32),
        (256, 16, 16),
    ]


def test_size_of_the_authors_generator(build):
    with torch.device("meta"):
        network = build()

    def block(before, width):
        shortcut = before * width if before != width or width == 128 else 0
        return 9 * before * width + 9 * width * width + 9 * 2 * width * width + shortcut

    blocks = 2 * block(64, 64) + block(64, 128) + block(128, 128) - 128 * 128
    blocks += 2 * block(128, 128) - 128 * 128 + block(128, 256) + block(256, 256)
    laterals = (64 + 128 + 128 + 256) * 128 + 4 * 128
    ends = 49 * 3 * 64 + 64 + 9 * 128 * 64 + 64 + 49 * 64 * 3 + 3
    assert sum(p.numel() for p in network.parameters()) == blocks + laterals + ends


def test_a_block_joins_what_it_makes_and_what_it_read(make_build):
    norm = make_build(normalization=("none", "none")).normalization("generator")
    block = Block(4, 4, norm, stride=1, dropout=False)
    x = torch.rand(1, 4, 8, 8)
    seen = []
    block.joined.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    block(x)
    torch.testing.assert_close(seen[0], torch.cat([block.body(x), x], 1))


def test_without_the_lower_levels_only_the_smallest_size_is_left(build):
    network = build(filters=4, dropout=False).eval()
    for lateral in network.laterals[:-1]:
        nn.init.zeros_(lateral.weight)
        nn.init.zeros_(lateral.bias)
    image = torch.rand(1, 3, 32, 48)
    smallest = network.laterals[-1](network.features(image)[-1])
    enlarged = smallest.repeat_interleave(16, 2).repeat_interleave(16, 3)
    torch.testing.assert_close(network(image), network.last(enlarged).tanh())


def test_every_size_is_added(build):
    """Where laterals give a constant each, a pixel of the sum is the sum of them."""
    network = build(filters=4, dropout=False).eval()
    for number, lateral in enumerate(network.laterals):
        nn.init.zeros_(lateral.weight)
        nn.init.constant_(lateral.bias, 10.0**number)
    seen = []
    network.last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(torch.rand(1, 3, 32, 32))
    torch.testing.assert_close(seen[0], torch.full((1, 8, 32, 32), 1111.0))


def test_dropout_is_in_each_block_unless_it_is_left_out(build):
    assert sum(isinstance(module, nn.Dropout) for module in build(filters=4).modules()) == 8
    assert not any(isinstance(module, nn.Dropout) for module in build(filters=4, dropout=False).modules())


@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 64)])
def test_a_network_that_adds_begins_near_its_input(height, width, build):
    network = build(norm="none", filters=4, dropout=False, adds_input=True)
    image = torch.rand(1, 3, height, width) * 2 - 1
    assert (network(image) - image).abs().mean() < 0.05
    assert network.eval()(3 * image).abs().max() <= 1


@pytest.mark.parametrize(
    ("asked", "options", "error", "reason"),
    [
        ({"size": 40}, {}, Unsupported, "needs a size that is a multiple of 16 and at least 32, not"),
        ({"size": 16}, {}, Unsupported, "at least 32"),
        ({}, {"filters": 0}, UsageError, "ganilla needs filters >= 1, not 0"),
        ({"outputs": 1}, {"adds_input": True}, Unsupported, "as many channels as it gives, 1, not 3"),
    ],
)
def test_what_it_cannot_do_is_refused(asked, options, error, reason, build):
    with pytest.raises(error, match=reason):
        build(asked, **options)


def test_others_take_it_and_contrast_its_features(factory, make_build, pictures, stream, run_steps):
    small = {"generator_options": {"filters": 4}, "discriminator_options": {"filters": 4}}
    recipe = factory("cut", "recipe")(make_build(generator="ganilla", **small))
    (moves,) = run_steps(recipe, stream({"a": pictures("flat", 2), "b": pictures("3d", 2)}))
    assert all(loss.isfinite() for losses in moves.values() for loss in losses.values())


def test_it_is_cyclegan_with_another_generator(factory, make_build, pictures, stream, run_steps):
    recipe, cyclegan = (factory(name, "recipe") for name in ("ganilla", "cyclegan"))
    assert issubclass(recipe, cyclegan)
    assert recipe.settings.said() == cyclegan.settings.said()
    assert (recipe.defaults.loss, recipe.defaults.normalization) == (
        cyclegan.defaults.loss,
        cyclegan.defaults.normalization,
    )
    small = {"generator_options": {"filters": 4}, "discriminator_options": {"filters": 4}}
    made = recipe(make_build(generator="ganilla", **small))
    before = {name: value.clone() for name, value in made.named_parameters()}
    run_steps(made, stream({"a": pictures("flat", 2), "b": pictures("3d", 2)}), steps=2)
    still = {name for name, value in made.named_parameters() if torch.equal(value, before[name])}
    # What the first bias adds, the norm behind it takes out.
    assert all(name.endswith("first.0.bias") for name in still)
