"""What networks with a linear last layer share, such as those that give the change of their input; no plugin.

Source of the change: VDSR, Kim et al. 2016, arXiv:1511.04587.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import Unsupported


@torch.no_grad()
def begin_small(*layers: nn.Module) -> None:
    """Bring the first weights of the last layers of a network, or of its residual blocks, near zero.

    So what they add is hardly any at first, and does not grow with each block where no norm keeps it. Zero itself is
    what Fixup takes (Zhang et al. 2019, arXiv:1901.09321).
    """
    for layer in layers:
        for parameter in layer.parameters():
            parameter.mul_(0.05)


def in_range(network: nn.Module, image: Tensor) -> Tensor:
    """Return the image that a network made, in [-1, 1] except in training.

    There a loss must see how far a pixel is out of range, so that it returns.
    """
    learns = network.training and torch.is_grad_enabled()
    return image if learns else image.clamp(-1, 1)


class InRange(nn.Module):
    """`in_range` as a last layer.

    Where no norm keeps what comes before it small, a tanh is driven to its end, where it learns nothing more: all
    images become of one colour.
    """

    def forward(self, image: Tensor) -> Tensor:
        return in_range(self, image)


def changed(network: nn.Module, image: Tensor, change: Tensor) -> Tensor:
    """Return an image with a network's change, in [-1, 1] except in training."""
    return in_range(network, image + change)


def refuse_unequal(inputs: int, outputs: int) -> None:
    """Raise Unsupported where images have other channels than what is added to them."""
    if inputs != outputs:
        raise Unsupported(f"with adds_input needs as many channels as it gives, {outputs}, not {inputs}")
