"""The networks of table 1, encoder, decoder and discriminator: their sizes, and what they refuse."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk_plugins.autoencoders.networks import Encoder, dense, halvings


@pytest.mark.parametrize(
    ("size", "count"), [(64, 3), (32, 3), (28, 2), (16, 2), (8, 1), (30, 1), (48, 3), (128, 4), (256, 5)]
)
def test_halvings(size, count):
    assert halvings(size) == count


def test_the_encoder_is_that_of_table_1(factory):
    with torch.device("meta"):
        encoder = Encoder(3, 64, 128, 64, factory("batch", "normalization")())
    convolutions = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, layer.kernel_size, layer.stride) for layer in convolutions] == [
        (width, (5, 5), (2, 2)) for width in (64, 128, 256)
    ]
    assert sum(p.numel() for p in encoder.parameters()) == (
        25 * (3 * 64 + 64 * 128 + 128 * 256) + 2 * (64 + 128 + 256) + (8 * 8 * 256 + 2) * 2048 + 2 * (2048 + 1) * 128
    )


@pytest.mark.parametrize("normalization", ["batch", "instance", "layer", "spectral", "none"])
def test_a_dense_layer_is_normed_unless_that_leaves_nothing(normalization, factory):
    layers = nn.Sequential(*dense(3 * 4, 6, factory(normalization, "normalization")()))
    values = layers(torch.randn(5, 3, 2, 2))
    assert values.shape == (5, 6, 1, 1)
    assert values.std() > 0.01
    assert (layers[1].bias is None) == (normalization in ("batch", "layer"))
    if normalization == "batch":
        torch.testing.assert_close(values.mean((0, 2, 3)), torch.zeros(6), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("slot", "parameters"),
    [
        (
            "generator",
            # Dense and three enlarging layers with their norms, then a convolution to the image.
            (128 + 2) * 8 * 8 * 256
            + 25 * (256 * 256 + 256 * 128 + 128 * 32)
            + 2 * (256 + 128 + 32)
            + (25 * 32 + 1) * 3,
        ),
        (
            "discriminator",
            # The first layer has no norm, the three that halve and the dense one do, and a score comes last.
            (25 * 3 + 1) * 32
            + 25 * (32 * 128 + 128 * 256 + 256 * 256)
            + 2 * (128 + 256 + 256)
            + (8 * 8 * 256 + 2) * 512
            + 512
            + 1,
        ),
    ],
)
def test_size_of_table_1(slot, parameters, make_build):
    spec = {
        "generator": GeneratorSpec(latent=128, outputs=3, size=64),
        "discriminator": DiscriminatorSpec(channels=3, size=64),
    }[slot]
    with torch.device("meta"):
        build = make_build(generator="vaegan", discriminator="vaegan", normalization=("batch", "batch"))
        network = getattr(build, slot)(spec)
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize(("size", "layers"), [(64, 5), (32, 5), (28, 4), (128, 6), (8, 3)])
def test_sizes(size, layers, make_build):
    build = make_build(
        generator="vaegan",
        discriminator="vaegan",
        normalization=("batch", "instance"),
        generator_options={"filters": 2},
        discriminator_options={"filters": 2},
    )
    image = build.generator(GeneratorSpec(latent=3, outputs=2, size=size))(torch.randn(2, 3))
    assert image.shape == (2, 2, size, size)
    assert image.abs().max() <= 1
    discriminator = build.discriminator(DiscriminatorSpec(channels=2, condition_channels=1, size=size))
    condition = torch.randn(2, 1, size, size)
    features = discriminator.features(image, condition)
    assert [len(features), features[-1].shape] == [layers, (2, 16, 1, 1)]
    scores = discriminator(image, condition)
    assert scores.shape == (2,)
    assert torch.equal(discriminator.score(features), scores)
    assert not torch.equal(discriminator(image, -condition), scores)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"latent": None, "inputs": 3}, "translates no images"),
        ({"latent": None}, "needs a latent vector"),
        ({"classes": 10}, "no class"),
        ({"features": True}, "no inner activations"),
        ({"size": 7}, "even size"),
    ],
)
def test_what_the_decoder_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build(generator="vaegan").generator(GeneratorSpec(**{"latent": 8, "size": 32} | asked))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"classes": 10}, "under class labels"),
        ({"joint_latent": 8}, "latent vectors"),
        ({"output": "energies"}, "not energies"),
        ({"size": 1}, "even size"),
    ],
)
def test_what_the_discriminator_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build(discriminator="vaegan").discriminator(DiscriminatorSpec(**{"channels": 3, "size": 32} | asked))


@pytest.mark.parametrize("slot", ["generator", "discriminator"])
def test_too_few_filters(slot, make_build):
    spec = {
        "generator": GeneratorSpec(latent=8, size=32),
        "discriminator": DiscriminatorSpec(channels=3, size=32),
    }[slot]
    build = make_build(**{slot: "vaegan", f"{slot}_options": {"filters": 1}})
    with pytest.raises(UsageError, match="filters >= 2, not 1"):
        getattr(build, slot)(spec)
