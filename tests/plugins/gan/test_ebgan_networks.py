"""EBGAN's auto-encoder: its energies in closed form, the paper's layers, the sizes it takes, and what it refuses."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, Unsupported, UsageError
from gantk_plugins.gan.ebgan import AutoEncoder


def spec(**asked):
    return DiscriminatorSpec(**{"channels": 3, "size": 32, "output": "energies"} | asked)


def auto_encoder(factory, normalization, *, condition_channels=0, kernel=4):
    norms = factory(normalization, "normalization")()
    return AutoEncoder(3, condition_channels, norms, widths=[4, 8], kernel=kernel)


def test_the_energy_is_the_root_mean_square_of_what_is_missed(factory):
    network = auto_encoder(factory, "none")
    last = network.decoder[-1][0]
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, 0.25)
    images = torch.tensor([0.25, 0.75, -1.0]).view(3, 1, 1, 1).expand(3, 3, 8, 8)
    assert network(images).tolist() == pytest.approx([0, 0.5, 1.25])
    half = images.clone()
    half[:, :, :4] = 0.25
    assert network(half).tolist() == pytest.approx([0, 0.5 / 2**0.5, 1.25 / 2**0.5])


def test_a_perfect_reconstruction_has_a_gradient(factory):
    network = auto_encoder(factory, "none")
    for parameter in network.decoder.parameters():
        nn.init.zeros_(parameter)
    image = torch.zeros(2, 3, 8, 8, requires_grad=True)
    network(image).sum().backward()
    assert not image.grad.any()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("normalization", "training"),
    [("none", True), ("instance", True), ("layer", True), ("spectral", False), ("batch", False)],
)
def test_an_energy_does_not_depend_on_the_batch(normalization, training, factory, pictures):
    images = pictures("3d", 4)
    network = auto_encoder(factory, normalization).train(training)
    together, alone = network(images), torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(together, alone)
    assert together.shape == (4,)


def test_conditions_are_read_and_the_image_alone_is_given_back(factory, pictures):
    network = auto_encoder(factory, "none", condition_channels=2)
    image, condition = pictures("3d", 4), torch.rand(4, 2, 32, 32)
    assert [network.encoder[0][0].in_channels, network.decoder[-1][0].out_channels] == [5, 3]
    assert not torch.equal(network(image, condition), network(image, -condition))
    features = network.features(image, condition)
    assert torch.equal(features[0], image)
    assert [tuple(feature.shape[1:]) for feature in features[1:]] == [(4, 16, 16), (8, 8, 8)]
    assert torch.equal(network.score(features), network(image, condition))


def test_the_auto_encoder_for_64_pixels_is_the_papers(make_build):
    with torch.device("meta"):
        network = make_build(discriminator="ebgan", loss="ebgan", normalization=("none", "none")).discriminator(
            spec(size=64)
        )
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in layers] == [64, 128, 256, 128, 64, 3]
    assert {(layer.kernel_size, layer.stride) for layer in layers} == {((4, 4), (2, 2))}


@pytest.mark.parametrize(
    ("size", "code"), [(64, (16, 8, 8)), (32, (16, 4, 4)), (28, (8, 7, 7)), (10, (4, 5, 5)), (1, (8, 1, 1))]
)
def test_sizes(size, code, make_build):
    build = make_build(
        discriminator="ebgan", loss="ebgan", normalization=("none", "layer"), discriminator_options={"filters": 4}
    )
    network = build.discriminator(spec(channels=2, size=size))
    image = torch.randn(3, 2, size, size)
    assert network(image).shape == (3,)
    assert network.features(image)[-1].shape[1:] == code


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"output": "scores"}, "--loss ebgan"),
        ({"classes": 10}, "under class labels"),
        ({"joint_latent": 8}, "latent vectors"),
        ({"size": 7}, "even size of at least 8 pixels, or points, not 7"),
        ({"size": 4}, "at least 8"),
        ({"size": 1}, "another normalization"),
    ],
)
def test_what_it_cannot_do(asked, reason, make_build, factory):
    with pytest.raises(Unsupported, match=reason):
        factory("ebgan", "discriminator")(spec(**asked), make_build())


def test_it_is_refused_to_a_game_of_scores(make_build, factory):
    with pytest.raises(Unsupported, match="gives energies, not scores: .*--loss ebgan"):
        make_build(discriminator="ebgan", loss="hinge").discriminator(spec(output="scores"))


@pytest.mark.parametrize("options", [{"filters": 0}, {"spread": 0.0}, {"spread": float("inf")}])
def test_widths_and_weights_that_no_network_has(options, make_build, factory):
    with pytest.raises(UsageError, match="filters >= 1 and a finite spread > 0, not filters="):
        factory("ebgan", "discriminator")(spec(), make_build(), **options)
