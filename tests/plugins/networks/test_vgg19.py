"""VGG-19's activations: torchvision's names and numbers, up to any layer."""

import pytest
import torch
from torch import nn
from torchvision.models import vgg19

from gantk_plugins.networks.vgg19 import VGG19, FirstOfBlocks


@pytest.fixture(scope="module")
def reference():
    """Return torchvision's layers, without values."""
    with torch.device("meta"):
        return vgg19().features


@pytest.mark.parametrize(
    ("block", "layer", "activated", "count"), [(2, 2, True, 9), (5, 4, True, 36), (5, 4, False, 35)]
)
def test_layers_are_torchvisions(block, layer, activated, count, reference):
    with torch.device("meta"):
        features = VGG19(block, layer, activated=activated).features
    assert [type(one) for one in features] == [type(one) for one in reference[:count]]
    assert {name: value.shape for name, value in features.state_dict().items()} == {
        name: value.shape for name, value in reference[:count].state_dict().items()
    }


def test_colours_are_normalized_as_the_weights_were_trained():
    network = VGG19(1, 1, activated=False)
    first = network.features[0]
    nn.init.zeros_(first.bias)
    nn.init.dirac_(first.weight)
    image = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 2 - 1
    torch.testing.assert_close(network(image), torch.zeros(1, 64, 1, 1), atol=1e-6, rtol=0)
    white = network(torch.ones(1, 3, 1, 1))[0, :3].flatten()
    torch.testing.assert_close(white, (1 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225]))


def test_grey_images_are_seen_as_rgb():
    network = VGG19(1, 2)
    grey = torch.rand(1, 1, 4, 4)
    assert torch.equal(network(grey), network(grey.expand(1, 3, 4, 4)))


def test_there_are_no_other_layers():
    with pytest.raises(ValueError, match="no convolution 3 in a block 2"):
        VGG19(2, 3)


def test_the_first_of_each_block_is_what_the_network_has_there():
    network = FirstOfBlocks().eval()
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        found = network(image)
        assert [tuple(one.shape[1:]) for one in found] == [
            (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)
        ]  # fmt: skip
        for block, one in enumerate(found, start=1):
            alone = VGG19(block, 1)
            alone.load_state_dict(network.state_dict(), strict=False)
            assert torch.equal(alone(image), one)
