"""Borders, means and looks of instances, against what is computed by hand."""

import pytest
import torch

from gantk_plugins.networks.instances import Looks, borders, means, spread


def test_a_border_between_two_instances_is_two_columns_wide():
    ids = torch.zeros(1, 4, 6, dtype=torch.int64)
    ids[:, :, 3:] = 7
    expected = torch.zeros(1, 1, 4, 6)
    expected[:, :, :, 2:4] = 1
    assert torch.equal(borders(ids), expected)
    assert torch.equal(borders(ids.transpose(1, 2)), expected.transpose(2, 3))
    assert not borders(torch.ones(1, 3, 3, dtype=torch.int64)).any()


def test_features_do_not_vary_within_an_instance():
    features, ids = torch.rand(2, 3, 4, 4), torch.tensor([[0, 0, 2, 2]] * 4).expand(2, 4, 4)
    vectors = means(features, ids, 3)
    assert vectors.shape == (2, 3, 3)
    torch.testing.assert_close(vectors[:, 0], features[:, :, :, :2].mean((2, 3)))
    assert not vectors[:, 1].any()
    filled = spread(vectors, ids)
    assert filled[:, :, :, :2].flatten(2).var(2).max() == 0
    torch.testing.assert_close(filled[:, :, 0, 3], features[:, :, :, 2:].mean((2, 3)))


def test_looks_are_the_means_of_what_is_near_them():
    looks = Looks(classes=2, count=2, channels=1)
    for value in (0.0, 10.0, 2.0, 1.0, 14.0):
        looks.gather(torch.tensor([[value]]), torch.tensor([1]))
    assert looks.centres[1].flatten().tolist() == pytest.approx([1.0, 12.0])
    assert not looks.centres[0].any()
    looks.gather(torch.tensor([[4.0], [6.0]]), torch.tensor([0, 0]))
    assert looks.centres[0].flatten().tolist() == [5.0, 0.0]
    torch.testing.assert_close(looks.of(torch.tensor([1, 0])).flatten(1), torch.tensor([[0.0, 12.0], [5.0, 1.0]]))
