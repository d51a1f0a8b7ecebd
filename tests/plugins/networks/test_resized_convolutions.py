"""The convolutions that resize against a convolution and a resizing."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrizations import spectral_norm

from gantk_plugins.networks.resized_convolutions import DoubledConvolution, HalvedConvolution


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [2, 7, 8])
def test_the_same_function(size, bias):
    layer = nn.Conv2d(2, 3, 3, padding=1, bias=bias).double()
    x = torch.randn(2, 2, size, size + 1, dtype=torch.float64)
    torch.testing.assert_close(DoubledConvolution(layer)(x), layer(interpolate(x, scale_factor=2)))
    torch.testing.assert_close(HalvedConvolution(layer)(x), avg_pool2d(layer(x), 2))


@pytest.mark.parametrize("kind", [DoubledConvolution, HalvedConvolution])
def test_a_normalized_weight_is_the_one_that_is_used(kind):
    layer = spectral_norm(nn.Conv2d(2, 3, 3, padding=1)).eval()
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(100)
    x = torch.randn(1, 2, 4, 4)
    plain = nn.Conv2d(2, 3, 3, padding=1)
    plain.load_state_dict({"weight": layer.weight.detach(), "bias": layer.bias.detach()})
    assert torch.equal(kind(layer)(x), kind(plain)(x))
