"""StackGAN++'s tree, its joint scores, and how far colours of two sizes are apart."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate
from torch.nn.utils.parametrizations import spectral_norm

from gantk import DiscriminatorSpec, Network, Unsupported, UsageError
from gantk_plugins.normalizations.batch import Batch
from gantk_plugins.text.stackgan_plus_networks import (
    JointScores,
    Labels,
    Largest,
    Tree,
    colour_difference,
    colours,
    initialize_orthogonal,
)


def channels_of(network):
    return [(layer.in_channels, layer.out_channels) for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def test_the_papers_tree():
    """Hidden maps of 64, 32 and 16 channels; gates halve what a convolution gives."""
    with torch.device("meta"):
        tree = Tree(3, (64, 128, 256), 100, 1024, 128, 64, 2, Batch())
    assert (tree.dense.in_features, tree.dense.out_features) == (228, 2 * 1024 * 16)
    assert channels_of(tree.root) == [(1024, 1024), (512, 512), (256, 256), (128, 128)]
    block = [(64, 128), (64, 64)]
    assert channels_of(tree.branches[0]) == [(64 + 128, 128), *block, *block, (64, 64)]
    assert channels_of(tree.branches[1])[0] == (32 + 128, 64)
    assert channels_of(tree.images) == [(64, 3), (32, 3), (16, 3)]


def test_a_tree_makes_every_size_of_one_noise():
    tree = Tree(3, (8, 16, 32), 5, 6, 4, 4, 1, Batch()).eval()
    noise, variation, vector = torch.randn(2, 5), torch.randn(2, 4), torch.randn(2, 6)
    images, mean, log_deviation = tree(noise, variation, vector)
    assert [tuple(image.shape) for image in images] == [(2, 3, side, side) for side in (8, 16, 32)]
    assert all(image.abs().max() <= 1 for image in images)
    assert mean.shape == log_deviation.shape == (2, 4)
    others = [tree(*changed)[0] for changed in ((noise + 1, variation, vector), (noise, variation, vector + 1))]
    assert all(not torch.allclose(image, other) for found in others for image, other in zip(images, found, strict=True))


def test_without_a_vector_noise_is_the_condition_of_each_branch():
    tree = Tree(1, (14, 28), 5, None, 4, 4, 0, Batch())
    noise = torch.randn(2, 5)
    images, mean, _ = tree(noise)
    assert [image.shape[2] for image in images] == [14, 28]
    assert torch.equal(mean, noise)
    assert channels_of(tree.branches[0])[0] == (4 + 5, 8)


def test_the_papers_discriminator_of_the_largest_images():
    with torch.device("meta"):
        network = JointScores(DiscriminatorSpec(channels=3, vector=128, size=256), Batch(), 64)
    halving = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1024), (1024, 2048)]
    assert channels_of(network.stages) == [*halving, (2048, 1024), (1024, 512)]
    assert channels_of(network.alone) == [(512, 1)]
    assert channels_of(network.told) == [(512 + 128, 512), (512, 1)]


def test_scores_of_an_image_by_itself_do_not_depend_on_the_vector():
    network = JointScores(DiscriminatorSpec(channels=3, vector=5, size=16), Batch(), 4).eval()
    image, vector = torch.randn(2, 3, 16, 16), torch.randn(2, 5)
    told, alone = network(image, vector)
    assert told.shape == alone.shape == (2, 1)
    other, same = network(image, vector + 1)
    assert torch.equal(alone, same)
    assert not torch.allclose(told, other)
    plain = JointScores(DiscriminatorSpec(channels=3, size=16), Batch(), 4)
    assert plain.told is None
    assert plain(image).shape == (2, 1)
    paired = JointScores(DiscriminatorSpec(channels=3, condition_channels=1, vector=5, size=16), Batch(), 4).eval()
    drawing = torch.randn(2, 1, 16, 16)
    scores = [
        torch.cat(paired(image, *said)) for said in ((drawing, vector), (drawing + 1, vector), (drawing, -vector))
    ]
    assert not torch.allclose(scores[0], scores[1])
    assert not torch.allclose(scores[0], scores[2])


@pytest.mark.parametrize(
    ("spec", "filters", "reason"),
    [
        (DiscriminatorSpec(channels=3, size=18), 4, "8 at least, not 18"),
        (DiscriminatorSpec(channels=3, size=16, classes=2), 4, "under class labels"),
        (DiscriminatorSpec(channels=3, size=16), 0, "filters of at least 1"),
    ],
)
def test_what_cannot_be_is_said(spec, filters, reason):
    with pytest.raises((Unsupported, UsageError), match=reason):
        JointScores(spec, Batch(), filters)


def test_colours_are_means_and_covariances_over_pixels():
    image = torch.randn(2, 3, 4, 5)
    mean, covariance = colours(image)
    for number in range(2):
        pixels = image[number].reshape(3, 20).numpy()
        np.testing.assert_allclose(mean[number], pixels.mean(1), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(covariance[number], np.cov(pixels, bias=True), rtol=1e-4, atol=1e-6)


def test_an_image_and_its_enlargement_have_the_same_colours():
    image = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    assert colour_difference(interpolate(image, scale_factor=2.0), image) < 1e-20


def test_the_difference_of_colours():
    """Of grey images, a tenth brighter: each of three means is 0.1 off. Of doubled contrast: covariances are, too."""
    image = torch.rand(1, 1, 4, 4, dtype=torch.float64).expand(1, 3, 4, 4)
    assert colour_difference(image + 0.1, image).item() == pytest.approx(0.01)
    variance = image[0, 0].var(unbiased=False)
    centred = image - image.mean()
    expected = 7 * (3 * variance).square()
    assert colour_difference(2 * centred, centred, covariance=7).item() == pytest.approx(expected.item())


def test_the_smaller_image_does_not_learn_from_the_larger():
    larger, smaller = (torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True) for side in (4, 2))
    colour_difference(larger, smaller).backward()
    assert smaller.grad is None
    assert torch.autograd.gradcheck(lambda image: colour_difference(image, smaller), (larger,))


def test_what_is_exported_makes_the_largest_images():
    tree = Network(Tree(3, (8, 16), 5, 3, 4, 4, 0, Batch()).eval(), "generator")
    noise, variation, label = torch.randn(2, 5), torch.randn(2, 4), torch.tensor([0, 2])
    assert Labels(3, 2.0)(label).tolist() == [[2, 0, 0], [0, 0, 2]]
    module = Largest(tree, Labels(3, 1.0))
    images = tree(noise, variation, torch.eye(3)[label])[0]
    assert torch.equal(module(noise, variation, label), images[1])
    assert all(map(torch.equal, module.all(noise, variation, label), images))


def test_weights_begin_orthogonal_normalized_or_not():
    plain, normed = nn.Conv2d(3, 4, 2), spectral_norm(nn.Linear(3, 4))
    network = initialize_orthogonal(nn.Sequential(plain, nn.BatchNorm2d(4), normed))
    rows = plain.weight.flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(4))
    weight = normed.parametrizations.weight.original
    torch.testing.assert_close(weight.T @ weight, torch.eye(3))
    assert not plain.bias.any()
    assert (network[1].weight - 1).abs().max() < 0.2
