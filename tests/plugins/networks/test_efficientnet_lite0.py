"""The network is the one whose weights are loaded: it knows what it was trained to know."""

import pytest
import torch
from torch.nn.functional import interpolate

from gantk_datasets.emoji import emoji
from gantk_plugins.networks.efficientnet_lite0 import SIZE, Conv, EfficientNetLite0, pretrained

IMAGENET = {"umbrella": 879, "teapot": 849, "basketball": 430, "desktop computer": 527}
"""Places in ImageNet's list of classes."""


@pytest.fixture(scope="module")
def pictures():
    """Return the emoji of the names above in 3D (4, 3, 224, 224) in [-1, 1]."""
    columns = emoji("3d").split("captioned", test=False, load=64).columns
    rows = [list(columns["caption"]).index(name) for name in IMAGENET]
    images = torch.stack([torch.from_numpy(columns["image"][row]) for row in rows]).permute(0, 3, 1, 2)
    return interpolate(images.float() / 127.5 - 1, (SIZE, SIZE), mode="bilinear")


def test_the_trained_network_names_what_it_sees(pictures):
    network = pretrained()
    features = network(pictures)
    assert network._fc(features).argmax(1).tolist() == list(IMAGENET.values())
    assert not features.requires_grad


def test_shapes_and_size():
    network = EfficientNetLite0().eval()
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 1280)
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_652_008


def test_padding_is_tensorflows():
    """With stride 2 on an even length the one pixel of padding comes last."""
    layer = Conv(1, 1, 3, 2)
    torch.nn.init.ones_(layer.weight)
    row = layer(torch.arange(16.0).view(1, 1, 4, 4))
    assert row.shape == (1, 1, 2, 2)
    assert row[0, 0].tolist() == [[45.0, 39.0], [66.0, 50.0]]
