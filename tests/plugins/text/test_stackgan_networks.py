"""StackGAN's networks: the sizes of the paper's, and what a discriminator reads."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, Unsupported, UsageError
from gantk_plugins.normalizations.batch import Batch
from gantk_plugins.text.stackgan_networks import ConditionalScores, Refinement, Sketch


def channels_of(network, kind=nn.Conv2d):
    return [(layer.in_channels, layer.out_channels) for layer in network.modules() if isinstance(layer, kind)]


def test_the_papers_stage_one():
    network = Sketch(3, 64, 100, 1024, 128, 128, Batch())
    assert (network.dense.in_features, network.dense.out_features) == (228, 1024 * 16)
    assert channels_of(network) == [(1024, 512), (512, 256), (256, 128), (128, 64), (64, 3)]
    image, mean, log_deviation = network(torch.randn(2, 100), torch.randn(2, 128), torch.randn(2, 1024))
    assert (image.shape, mean.shape, log_deviation.shape) == ((2, 3, 64, 64), (2, 128), (2, 128))
    assert image.abs().max() <= 1


def test_the_papers_stage_two():
    network = Refinement(3, 4, 1024, 128, 128, 4, Batch())
    read = [(3, 128), (128, 256), (256, 512)]
    blocks = [(512 + 128, 512), *[(512, 512)] * 8]
    assert channels_of(network) == [*read, *blocks, (512, 256), (256, 128), (128, 64), (64, 32), (32, 3)]
    small = Refinement(3, 4, 6, 4, 8, 1, Batch())
    image, mean, log_deviation = small(torch.randn(2, 3, 16, 16), torch.randn(2, 4), torch.randn(2, 6))
    assert (image.shape, mean.shape, log_deviation.shape) == ((2, 3, 64, 64), (2, 4), (2, 4))


def test_the_papers_discriminators():
    spec = DiscriminatorSpec(channels=3, vector=1024, size=64)
    first = ConditionalScores(spec, Batch(), 64, 128)
    halving = [(3, 64), (64, 128), (128, 256), (256, 512)]
    assert channels_of(first) == [*halving, (512 + 128, 512), (512, 1)]
    second = ConditionalScores(DiscriminatorSpec(channels=3, vector=1024, size=256), Batch(), 64, 128)
    further = [(512, 1024), (1024, 2048), (2048, 1024), (1024, 512)]
    assert channels_of(second) == [*halving, *further, (512 + 128, 512), (512, 1)]


def test_a_discriminator_scores_the_same_image_otherwise_under_another_vector():
    network = ConditionalScores(DiscriminatorSpec(channels=3, vector=5, size=16), Batch(), 4, 3).eval()
    image, vector = torch.randn(2, 3, 16, 16), torch.randn(2, 5)
    assert network(image, vector).shape == (2, 1)
    assert not torch.allclose(network(image, vector), network(image, vector.flip(0)))
    features = network.features(image, vector)
    assert [tuple(feature.shape[1:]) for feature in features] == [(4, 8, 8), (8, 4, 4)]


@pytest.mark.parametrize(
    ("spec", "filters", "reason"),
    [
        (DiscriminatorSpec(channels=3, size=16), 4, "needs a vector as the condition"),
        (DiscriminatorSpec(channels=3, vector=2, size=18), 4, "8 at least, not 18"),
        (DiscriminatorSpec(channels=3, vector=2, classes=2, size=16), 4, "under class labels"),
        (DiscriminatorSpec(channels=3, vector=2, size=16), 0, "filters and condition of at least 1, not 0 and 3"),
    ],
)
def test_what_cannot_be_is_said(spec, filters, reason):
    with pytest.raises((Unsupported, UsageError), match=reason):
        ConditionalScores(spec, Batch(), filters, 3)
