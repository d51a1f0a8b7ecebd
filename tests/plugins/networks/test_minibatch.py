"""Minibatch discrimination: its formula, and which discriminators take it."""

import math

import pytest
import torch

from gantk import DiscriminatorSpec, Unsupported, UsageError
from gantk_plugins.networks.layers import MinibatchDiscrimination


def test_the_formula():
    """Of numbers 0, 1 and 3 and two kernels, T = (1, 2) and (10, 0): distances are 3 and 10 for each 1 between them."""
    layer = MinibatchDiscrimination(1, 2, 2)
    layer.t.data = torch.tensor([[[1.0, 2.0], [10.0, 0.0]]])
    f = torch.tensor([[0.0], [1.0], [3.0]])
    near = [[sum(math.exp(-slope * abs(a - b)) for b in (0, 1, 3)) for slope in (3, 10)] for a in (0, 1, 3)]
    torch.testing.assert_close(layer(f), torch.cat([f, torch.tensor(near)], 1))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_equal_rows_are_as_near_as_they_are_many(count):
    layer = MinibatchDiscrimination(4, 3)
    rows = torch.randn(1, 4, 1, 1).repeat(count, 1, 1, 1)
    assert layer(rows).shape == (count, 4 + 3)
    torch.testing.assert_close(layer(rows)[:, 4:], torch.full((count, 3), float(count)))


def test_it_sees_some_samples_near_at_first():
    layer = MinibatchDiscrimination(500, 50)
    near = layer(torch.randn(64, 500))[:, 500:] - 1
    assert 0.1 < near.mean().item() < 32


@pytest.mark.parametrize("name", ["gan", "dcgan"])
def test_discriminators_take_it_by_an_option(name, make_build, factory):
    build = make_build(kind="images", generator=name, discriminator=name, normalization=("none", "none"))
    spec = DiscriminatorSpec(channels=3, size=32, features=True)
    network = factory(name, "discriminator")
    plain, beside = network(spec, build), network(spec, build, minibatch=7)
    images = torch.rand(4, 3, 32, 32)
    assert beside(images).shape == plain(images).shape == (4, 1)
    inputs = plain.features(images)[-1].flatten(1).shape[1]
    (layer,) = (module for module in beside.modules() if isinstance(module, MinibatchDiscrimination))
    assert layer.t.shape == (inputs, 7, 5)
    with torch.no_grad():
        layer.t.fill_(0.1)
    (gradient,) = torch.autograd.grad(beside(images).sum(), layer.t)
    assert gradient.any()
    with pytest.raises(UsageError, match="^option minibatch: so many kernels, at least 0, not -1"):
        network(spec, build, minibatch=-1)


def test_games_that_want_each_sample_by_itself_refuse_it(make_build):
    build = make_build(
        kind="images", discriminator="dcgan", loss="wgan-gp", normalization=("none", "none"),
        discriminator_options={"minibatch": 3},
    )  # fmt: skip
    with pytest.raises(Unsupported, match="ties samples to each other"):
        build.discriminator(DiscriminatorSpec(channels=3, size=32))
