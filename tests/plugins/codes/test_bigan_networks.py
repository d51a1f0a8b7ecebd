"""BiGAN's networks: the authors' layers, where the latent vector enters, and what they refuse."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported


def test_parts_have_the_authors_layers(factory, make_build):
    build = make_build(normalization=("batch", "batch"))
    generator = factory("bigan", "generator")(GeneratorSpec(latent=50, outputs=1, size=28), build)
    discriminator = factory("bigan", "discriminator")(DiscriminatorSpec(channels=1, size=28, joint_latent=50), build)

    def layers(network):
        return {tuple(m.weight.shape) for m in network.modules() if isinstance(m, nn.Linear)}

    assert layers(generator) == {(1024, 50), (1024, 1024), (784, 1024)}
    assert layers(discriminator) == {(1024, 784), (1024, 1024), (1024, 50), (1, 1024)}
    norms = [[m for m in net.modules() if isinstance(m, nn.BatchNorm2d)] for net in (generator, discriminator)]
    assert [len(found) for found in norms] == [2, 1]
    assert {m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}
    assert generator(torch.randn(2, 50)).shape == (2, 1, 28, 28)
    assert [f.shape for f in generator.features(torch.randn(2, 50))] == [(2, 1024), (2, 1024)]


def test_the_latent_vector_enters_the_second_layers_too(factory, make_build):
    build = make_build(normalization=("none", "none"))
    generator = factory("bigan", "generator")(GeneratorSpec(latent=3, size=4), build, units=8)
    discriminator = factory("bigan", "discriminator")(
        DiscriminatorSpec(channels=3, size=4, joint_latent=3), build, units=8
    )
    image, latent = torch.randn(2, 3, 4, 4), torch.randn(2, 3)
    assert not torch.equal(discriminator(image, latent), discriminator(image, latent.flip(0)))
    nn.init.zeros_(generator.first[0].weight)
    first, second = generator.features(latent)
    assert torch.equal(first[0], first[1])
    assert not torch.equal(second[0], second[1])


def test_inside_images_are_in_zero_to_one(factory, make_build):
    build = make_build(normalization=("none", "none"))
    generator = factory("bigan", "generator")(GeneratorSpec(latent=3, outputs=1, size=4), build, units=8)
    discriminator = factory("bigan", "discriminator")(DiscriminatorSpec(channels=1, size=4), build, units=8)
    black = torch.full((1, 1, 4, 4), -1.0)
    torch.testing.assert_close(discriminator.features(black)[0], discriminator.first(torch.zeros(1, 16)))
    torch.testing.assert_close(discriminator.features(-black)[0], discriminator.first(torch.ones(1, 16)))
    latent = torch.randn(2, 3)
    expected = 2 * torch.sigmoid(generator.output(generator.features(latent)[-1])) - 1
    torch.testing.assert_close(generator(latent).flatten(1), expected)


def test_without_a_latent_vector_the_discriminator_sees_images_and_conditions(factory, make_build):
    build = make_build(normalization=("none", "none"))
    spec = DiscriminatorSpec(channels=1, condition_channels=2, size=4)
    network = factory("bigan", "discriminator")(spec, build, units=8)
    image, condition = torch.randn(2, 1, 4, 4), torch.randn(2, 2, 4, 4)
    scores = network(image, condition)
    assert scores.shape == (2, 1)
    assert not torch.equal(scores, network(image, condition.flip(0)))
    torch.testing.assert_close(network.score(network.features(image, condition)), scores)


def test_what_they_cannot_do(factory, make_build):
    build = make_build(normalization=("batch", "batch"))
    for spec, reason in (
        (GeneratorSpec(inputs=3, size=8), "translates no images"),
        (GeneratorSpec(latent=3, domains=2, size=8), "no target domains"),
    ):
        with pytest.raises(Unsupported, match=reason):
            factory("bigan", "generator")(spec, build)
    for spec, reason in (
        (DiscriminatorSpec(channels=3, size=8, classes=2), "under class labels"),
        (DiscriminatorSpec(channels=3, size=8, output="energies"), "not energies"),
    ):
        with pytest.raises(Unsupported, match=reason):
            factory("bigan", "discriminator")(spec, build)
