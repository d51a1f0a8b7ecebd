"""Self-attention in closed form."""

import pytest
import torch

from gantk import DiscriminatorSpec, GeneratorSpec, UsageError
from gantk_plugins.networks.attention import SelfAttention
from gantk_plugins.normalizations.no_normalization import NoNormalization


@pytest.fixture
def block():
    torch.manual_seed(0)
    return SelfAttention(16, NoNormalization())


def test_at_first_it_changes_nothing(block):
    x = torch.randn(2, 16, 6, 4)
    assert torch.equal(block(x), x)


def test_it_is_the_papers_sum_written_out(block):
    """Each place i takes the values of all places j, by the softmax over j of theta_i . phi_j."""
    block.gamma.data.fill_(0.5)
    x = torch.randn(1, 16, 4, 4)
    theta = block.queries.weight.flatten(1) @ x.flatten(2)[0]
    phi, g = (layer.weight.flatten(1) @ x.flatten(2)[0] for layer in (block.keys, block.values))
    phi, g = (each.view(-1, 2, 2, 2, 2).amax((2, 4)).flatten(1) for each in (phi, g))
    shares = torch.exp(theta.T @ phi)
    shares = shares / shares.sum(1, keepdim=True)
    expected = x + 0.5 * (block.answers.weight.flatten(1) @ (g @ shares.T)).view(1, 16, 4, 4)
    torch.testing.assert_close(block(x), expected)


def test_who_asks_nothing_gets_the_mean(block):
    block.gamma.data.fill_(1.0)
    block.queries.weight.data.zero_()
    change = block(x := torch.randn(1, 16, 4, 4)) - x
    assert change.flatten(2).std(2).max() < 1e-5
    assert change.abs().max() > 1e-2


@pytest.mark.parametrize("name", ["dcgan", "sngan", "wgan-gp"])
def test_networks_of_noise_attend_at_a_size_that_is_said(name, factory, make_build):
    build = make_build(kind="images", generator=name, discriminator=name, normalization=("none", "none"))
    specs = {"generator": GeneratorSpec(latent=6, size=32), "discriminator": DiscriminatorSpec(channels=3, size=32)}
    for role, spec in specs.items():
        make = factory(name, role)
        network = make(spec, build, filters=8, attention=8)
        (attention,) = (layer for layer in network.modules() if isinstance(layer, SelfAttention))
        seen = []
        attention.register_forward_hook(lambda layer, inputs, output, seen=seen: seen.append(output.shape))
        x = torch.rand(2, 6) if role == "generator" else torch.rand(2, 3, 32, 32)
        before = network.eval()(x)
        assert [tuple(shape[2:]) for shape in seen] == [(8, 8)]
        attention.gamma.data.fill_(1.0)
        assert network(x).shape == before.shape
        assert not torch.equal(network(x), before)
        assert not any(isinstance(layer, SelfAttention) for layer in make(spec, build, filters=8).modules())
        with pytest.raises(UsageError, match="gives a map of 5 pixels to a side: say one of"):
            make(spec, build, filters=8, attention=5)


def test_channels_that_cannot_be_divided_are_refused():
    with pytest.raises(UsageError, match="a multiple of 8 channels, not 12"):
        SelfAttention(12, NoNormalization())


def test_pixels_that_are_scored_by_themselves_cannot_attend(factory, make_build):
    build = make_build(kind="unpaired", discriminator="patchgan", normalization=("instance", "none"))
    with pytest.raises(UsageError, match="scores each pixel by itself"):
        factory("patchgan", "discriminator")(
            DiscriminatorSpec(channels=3, size=16), build, kind="pixel", attention=True
        )


def test_translators_attend_by_an_option(factory, make_build):
    build = make_build(
        kind="unpaired", generator="resnet", discriminator="patchgan", normalization=("instance", "none")
    )
    image = torch.rand(1, 3, 16, 20) * 2 - 1
    for role, spec in (
        ("generator", GeneratorSpec(inputs=3, outputs=3, size=16)),
        ("discriminator", DiscriminatorSpec(channels=3, size=16)),
    ):
        plugin = {"generator": "resnet", "discriminator": "patchgan"}[role]
        options = {"filters": 4} | ({"blocks": 1} if role == "generator" else {"layers": 1})
        torch.manual_seed(0)
        network = factory(plugin, role)(spec, build, attention=True, **options).eval()
        (attention,) = (layer for layer in network.modules() if isinstance(layer, SelfAttention))
        before = network(image)
        attention.gamma.data.fill_(1.0)
        assert network(image).shape == before.shape
        assert not torch.equal(network(image), before)
