"""The ResNet generator: the reference's size, its reach, and what it refuses."""

import pytest
import torch
from torch import nn

from gantk import GeneratorSpec, Unsupported, UsageError


def spec(size=32, **asked):
    return GeneratorSpec(**{"inputs": 3, "size": size} | asked)


@pytest.mark.parametrize(("size", "parameters"), [(128, 7_837_699), (252, 7_837_699), (256, 11_378_179)])
def test_size_of_the_reference(size, parameters, make_build):
    with torch.device("meta"):
        network = make_build().generator(spec(size))
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (20, 36), (12, 44)])
def test_gives_the_size_it_takes(upsampling, height, width, make_build):
    build = make_build(generator_options={"filters": 4, "blocks": 1, "upsampling": upsampling})
    image = build.generator(spec(inputs=1, outputs=2))(torch.rand(2, 1, height, width))
    assert image.shape == (2, 2, height, width)
    assert image.abs().max() <= 1


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_halo_covers_what_a_pixel_reads(upsampling, blocks, factory, make_build, averaging):
    build = make_build(normalization=("none", "none"))
    network = averaging(factory("resnet", "generator")(spec(), build, filters=1, blocks=blocks, upsampling=upsampling))
    reach = 0
    for row in range(48, 52):
        image = torch.ones(1, 3, 100, 100, dtype=torch.float64, requires_grad=True)
        network(image)[0, 0, row, 50].backward()
        rows = image.grad[0].sum((0, 2)).nonzero()
        reach = max(reach, row - rows.min().item(), rows.max().item() - row)
    assert network.halo - network.multiple < reach <= network.halo
    assert network.halo % network.multiple == 0


def test_features_are_those_of_the_encoder(factory, make_build):
    network = factory("resnet", "generator")(spec(features=True), make_build(), filters=4, blocks=2)
    image = torch.rand(1, 3, 16, 16)
    features = network.features(image)
    assert [tuple(feature.shape[1:]) for feature in features] == [(4, 16, 16), (8, 8, 8), *[(16, 4, 4)] * 3]
    assert torch.equal(network.decoder(features[-1]), network(image))


def test_dropout_is_off_unless_asked(factory, make_build):
    def dropouts(**options):
        network = factory("resnet", "generator")(spec(), make_build(), filters=4, blocks=3, **options)
        return sum(isinstance(module, nn.Dropout) for module in network.modules())

    assert (dropouts(), dropouts(dropout=True)) == (0, 3)


def test_biases_stand_only_where_no_norm_shifts(make_build):
    for name, biased in {"instance": 3 + 2 * 6 + 2 + 1, "batch": 1, "layer": 1, "none": 18, "spectral": 18}.items():
        with torch.device("meta"):
            network = make_build(normalization=(name, "none")).generator(spec())
        convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        assert sum(module.bias is not None for module in convolutions) == biased


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"inputs": None, "latent": 100}, "no latent vector"),
        ({"latent": 8}, "no latent vector"),
        ({"classes": 10}, "no class labels"),
        ({"domains": 3}, "no target domains"),
        ({"size": 30}, "multiple of 4"),
        ({"size": 4}, "at least 8"),
    ],
)
def test_what_it_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build().generator(spec(**asked))


@pytest.mark.parametrize("options", [{"filters": 0}, {"blocks": -1}])
def test_wrong_options(options, factory, make_build):
    with pytest.raises(UsageError, match=r"filters >= 1 and blocks >= 0"):
        factory("resnet", "generator")(spec(), make_build(), **options)


def test_skips_add_what_was_there_before_each_halving(factory, make_build):
    options = {"filters": 4, "blocks": 1, "upsampling": "resize"}
    network = factory("resnet", "generator")(spec(), make_build(), skips=True, **options)
    image = torch.rand(1, 3, 16, 16)
    full, half, quarter, changed = network.features(image)
    enlarged = network.decoder[1](network.decoder[0](changed) + half) + full
    assert torch.equal(network(image), network.decoder[2:](enlarged))
    assert quarter.shape[2] == 4
