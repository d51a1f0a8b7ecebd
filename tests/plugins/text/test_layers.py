"""Texts, conditions drawn around them, and the loss by which images and texts find each other."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import log_softmax

from gantk import Unsupported
from gantk_plugins.normalizations.batch import Batch
from gantk_plugins.text.layers import (
    SHARPNESS,
    Augmentation,
    ImageEncoder,
    TextEncoder,
    divergence,
    doublings,
    halving,
    matching,
    others,
    spread,
)


def test_a_text_means_the_same_however_long_its_room_is():
    network = TextEncoder(9, 6)
    words = torch.tensor([[3, 4, 0, 0, 0], [4, 3, 0, 0, 0], [0] * 5])
    vectors = network(words)
    torch.testing.assert_close(network(words[:, :2]), vectors)
    assert not torch.allclose(vectors[0], vectors[1])
    bias = network.last.bias
    torch.testing.assert_close(vectors[2], bias / bias.norm() * 6**0.5)
    torch.testing.assert_close(vectors.square().mean(1), torch.ones(3))


def test_images_of_any_size_become_vectors():
    network = ImageEncoder(3, 32, 6, 2)
    assert [layer.out_channels for layer in network.layers[::3]] == [2, 4, 8]
    assert network(torch.randn(2, 3, 32, 32)).shape == network(torch.randn(2, 3, 64, 64)).shape == (2, 6)


def test_vectors_that_are_all_alike_find_nothing():
    ones, words = torch.ones(5, 3), torch.arange(5)[:, None]
    assert matching(ones, 7 * ones, words).item() == pytest.approx(2 * math.log(5), rel=1e-5)


def test_the_loss_is_that_of_both_directions():
    torch.manual_seed(0)
    images, texts, words = torch.eye(3) * 4, torch.randn(3, 3), torch.tensor([[1, 2], [1, 3], [3, 2]])
    cosines = texts.T / texts.norm(dim=1)
    expected = [-log_softmax(SHARPNESS * table, 1).diagonal().mean() for table in (cosines, cosines.T)]
    assert matching(images, texts, words).item() == pytest.approx(sum(expected).item(), rel=1e-5)


def test_texts_of_the_same_words_are_no_wrong_ones():
    images, texts = torch.eye(4), torch.eye(4)
    words = torch.tensor([[1, 2], [1, 2], [3, 0], [4, 0]])
    # The first two leave each other out: one wrong text beside the right one and each is exp(-10) as likely.
    expected = 2 * (2 * math.log1p(2 * math.exp(-10)) + 2 * math.log1p(3 * math.exp(-10))) / 4
    assert matching(images, texts, words).item() == pytest.approx(expected, rel=1e-3)
    assert matching(images.double(), texts.double(), words).item() == pytest.approx(expected, rel=1e-9)
    same = torch.ones(3, 2, dtype=torch.int64)
    assert matching(torch.randn(3, 2), torch.randn(3, 2), same).item() == 0


def test_the_next_text_of_other_words_is_the_wrong_one():
    words = torch.tensor([[1, 2], [1, 2], [3, 0], [1, 2], [3, 0]])
    assert others(words).tolist() == [2, 2, 3, 4, 0]
    assert others(torch.tensor([[1], [1], [1]])).tolist() == [1, 2, 0]


def test_a_condition_is_drawn_around_a_mean():
    network = Augmentation(3, 4)
    vector, noise = torch.randn(2, 3), torch.randn(2, 4)
    condition, mean, log_deviation = network(vector, noise)
    torch.testing.assert_close(condition, mean + log_deviation.exp() * noise)
    torch.testing.assert_close(torch.cat([mean, log_deviation], 1), network.layer(vector))
    torch.testing.assert_close(network(vector, torch.zeros(2, 4))[0], mean)


def test_the_divergence_is_that_from_a_standard_normal():
    mean, log_deviation = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, log_deviation.exp()), Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(divergence(mean, log_deviation), expected)
    assert divergence(torch.zeros(2, 3), torch.zeros(2, 3)) == 0
    assert divergence(torch.full((1, 3), 2.0), torch.zeros(1, 3)) == 2
    values = mean.double().requires_grad_(), log_deviation.double().requires_grad_()
    assert torch.autograd.gradcheck(divergence, values)


def test_a_vector_stands_at_every_pixel_behind_the_maps():
    maps, vector = torch.randn(2, 3, 2, 4), torch.randn(2, 5)
    joined = spread(vector, maps)
    assert torch.equal(joined[:, :3], maps)
    assert torch.equal(joined[:, 3:, 1, 2], vector)


def test_sizes_double_from_few_pixels():
    assert [doublings(size) for size in (8, 16, 28, 96, 256)] == [1, 2, 2, 4, 6]
    for size in (4, 18, 100):
        with pytest.raises(Unsupported, match=f"not {size}"):
            doublings(size)


def test_images_are_halved_to_few_pixels_and_few_channels():
    layers, width = halving(3, 128, 2, Batch())
    widths = [layer[0].out_channels for layer in layers]
    assert (widths, width) == ([2, 4, 8, 16, 32, 16], 16)
    image = torch.randn(2, 3, 128, 128)
    assert nn.Sequential(*layers)(image).shape == (2, 16, 4, 4)
    layers, width = halving(1, 28, 2, Batch())
    assert nn.Sequential(*layers)(torch.randn(2, 1, 28, 28)).shape == (2, width, 7, 7)


def test_a_gate_is_a_linear_unit_that_lets_through():
    network = Augmentation(3, 4, gated=True)
    vector = torch.randn(2, 3)
    value, gate = network.layer[0](vector).chunk(2, 1)
    _, mean, log_deviation = network(vector, torch.zeros(2, 4))
    torch.testing.assert_close(torch.cat([mean, log_deviation], 1), value * torch.sigmoid(gate))
