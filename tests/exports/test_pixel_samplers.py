"""A sampler that decides a pixel at a time: as many steps as pixels, and decisions at the border."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from gantk import Iterated, Latent, Model, Recipe, load
from gantk.data.infos import ImageInfo
from gantk.training.trained import Trained
from gantk_exports.iterations import Steps
from gantk_exports.parity import run_torch
from support.exported import Only, replaced


class Pixels(Iterated):
    """A pixel at a time, as by PixelCNN: on or off, by a masked convolution of those above and to the left."""

    def __init__(self, side: int) -> None:
        super().__init__(side * side)
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        mask = torch.ones(1, 1, 3, 3)
        mask[..., 1, 1:] = mask[..., 2, :] = 0
        with torch.no_grad():
            self.conv.weight.mul_(8 * mask)
        self.register_buffer("places", torch.arange(side * side).view(1, 1, side, side))

    def start(self, noise: Tensor) -> Tensor:
        return torch.zeros_like(noise)

    def advance(self, x: Tensor, index: Tensor, noise: Tensor) -> Tensor:
        drawn = torch.where(noise < self.conv(x).tanh(), 1.0, -1.0)
        return torch.where(self.places == index, drawn, x)


NOISE = Latent(name="noise", shape=(1, 7, 7), distribution="uniform")


@pytest.fixture(scope="module")
def pixels(opened: Callable[[Recipe], Trained], exported: Callable[..., Path]) -> tuple[Model, Pixels]:
    torch.manual_seed(0)
    sampler = Pixels(7)
    grey = replace(opened(Only(sampler, NOISE)), images={"a": ImageInfo(1, "uint8", (0.0, 255.0))})
    return load(exported("pixels", grey, graph="only")), sampler.eval()


def test_pixel_by_pixel(pixels: tuple[Model, Pixels]) -> None:
    model, sampler = pixels
    (expected,) = run_torch(sampler, [NOISE.fixed(4).numpy()])
    made = np.stack([np.asarray(image) for image in model.generate(4)])
    assert next(iter(model.card.parity.values())) == 0
    assert np.array_equal(made > 127, expected[:, 0] > 0)
    assert 0.1 < (made > 127).mean() < 0.9


def test_a_step_that_decides_at_the_border_is_no_difference(pixels: tuple[Model, Pixels], tmp_path: Path) -> None:
    model, sampler = pixels
    noise, border = np.zeros((1, 1, 7, 7), np.float32), sampler.conv.bias.detach().tanh()
    for more, above, worst in ((1e-6, 0.0, 0.0), (0.01, 0.005, 2.0)):
        proto = onnx.load(model.path)
        (bias,) = (tensor for tensor in proto.graph.initializer if tensor.name.endswith("conv.bias"))
        bias.CopyFrom(onnx.numpy_helper.from_array(sampler.conv.bias.detach().numpy() + np.float32(more), bias.name))
        onnx.save(proto, tmp_path / "moved.onnx")
        noise[0, 0, 0, 0] = border + above
        assert Steps(replaced(model, tmp_path / "moved.onnx"), sampler, sampler).compared([noise])[0] == worst
