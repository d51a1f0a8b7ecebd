"""Instance normalization (Ulyanov et al. 2016, arXiv:1607.08022).

As CycleGAN uses it: no learned scale and shift, and each image's own statistics at test time too. The norm of a
channel with one pixel is zero whatever it held, and torch refuses it while training: a network that shrinks its input
to 1x1 leaves that layer unnormalized, as pix2pix's U-Net does at its bottleneck.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from gantk import Normalization, hookimpl


class InstanceNorm(nn.InstanceNorm2d):
    """torch's norm, without the copies that it makes of images whose channels come last.

    torch takes (N, C, H, W) for one image of N * C channels, which it must be copied for where channels come last, and
    what it returns has them first. Batch norm of each image alone is the same arithmetic, and keeps them. Exported
    networks, which are not training, have torch's own.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W) normalized."""
        if not self.training or x.is_contiguous():
            return super().forward(x)
        images = [batch_norm(image, None, None, training=True, eps=self.eps) for image in torch.split(x, 1)]
        return images[0] if len(images) == 1 else torch.cat(images)


class Instance(Normalization):
    """Each channel of each image gets mean 0 and variance 1 over its pixels."""

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W), with H * W > 1."""
        self.refuse(condition)
        return InstanceNorm(channels)


@hookimpl
def normalization() -> type[Normalization]:
    """Return instance normalization."""
    return Instance
