"""First weights: their spreads, and whose draw stays."""

import torch
from torch import nn

from gantk import initialize_he, initialize_normal


def test_the_normal_draw_is_of_one_spread_for_all_layers():
    network = initialize_normal(nn.Sequential(nn.Conv2d(64, 64, 3), nn.BatchNorm2d(64), nn.Linear(512, 512)))
    layer, norm, linear = network
    for weight, mean in ((layer.weight, 0.0), (linear.weight, 0.0), (norm.weight, 1.0)):
        assert abs(weight.mean() - mean) < 0.01
        assert abs(weight.std() - 0.02) < 0.005
    assert not any(module.bias.any() for module in network)


def test_hes_draw_keeps_the_spread_of_what_passes_through_and_stays():
    network = initialize_he(nn.Sequential(*(nn.Sequential(nn.Linear(512, 512), nn.ReLU()) for _ in range(8))))
    x = torch.randn(256, 512)
    assert 0.5 < (network(x) ** 2).mean() < 2
    before = [parameter.clone() for parameter in network.parameters()]
    initialize_normal(nn.Sequential(network, nn.Linear(2, 2)))
    assert all(torch.equal(kept, now) for kept, now in zip(before, network.parameters(), strict=True))


def test_a_norm_without_weights_has_nothing_to_draw():
    initialize_normal(nn.Sequential(nn.InstanceNorm2d(4), nn.BatchNorm2d(4, affine=False)))
    norm = nn.BatchNorm2d(4)
    initialize_he(norm)
    assert torch.equal(norm.weight, torch.ones(4))
