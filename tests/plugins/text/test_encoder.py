"""The encoder of texts: what fills up says nothing, and the loss by which images and texts find each other."""

import math

import pytest
import torch
from torch.nn.functional import log_softmax

from gantk_plugins.text.encoder import SHARPNESS, ImageEncoder, TextEncoder, matching


def test_a_text_means_the_same_however_long_its_room_is():
    network = TextEncoder(9, 6)
    words = torch.tensor([[3, 4, 0, 0, 0], [4, 3, 0, 0, 0], [0] * 5])
    vectors = network(words)
    torch.testing.assert_close(network(words[:, :2]), vectors)
    assert not torch.allclose(vectors[0], vectors[1])
    torch.testing.assert_close(vectors[2], network.last.bias)


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
