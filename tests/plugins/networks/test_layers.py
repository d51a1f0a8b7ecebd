"""Layers that several papers share, in closed form."""

import torch
from torch import nn

from gantk_plugins.networks.layers import Maxout, VectorNorm, joined


def test_maxout_in_closed_form():
    layer = nn.Linear(2, 6, bias=False)
    layer.weight.data = torch.tensor([[1.0, 0], [2, 0], [0, 1], [0, -3], [-1, -1], [0, 0]])
    # The first unit is max(x, y, -x - y), the second max(2x, -3y, 0).
    units = Maxout(layer, 3)(torch.tensor([[1.0, 2.0], [-1.0, -4.0], [3.0, -0.5], [-1.0, 1.0]]))
    assert units.tolist() == [[2, 2], [5, 12], [3, 6], [1, 0]]


def test_labels_are_joined_as_one_hot_vectors():
    vector, image = torch.rand(2, 3), torch.rand(2, 1, 2, 2)
    expected = [
        [*vector[i].tolist(), *image[i].flatten().tolist(), *row] for i, row in enumerate([[0, 0, 1], [1, 0, 0]])
    ]
    assert joined((vector, image, torch.tensor([2, 0])), 3).tolist() == expected


def test_batch_norm_of_vectors_in_closed_form(factory):
    x = torch.randn(5, 3)
    norm = VectorNorm(factory("batch", "normalization")(), 3)
    assert torch.allclose(norm(x), (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt(), atol=1e-6)
