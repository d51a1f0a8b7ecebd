"""Instance normalization (Ulyanov et al. 2016, arXiv:1607.08022).

As CycleGAN uses it: no learned scale and shift, and each image's own statistics at test time too. The norm of a
channel with one pixel is zero whatever it held, and torch refuses it while training: a network that shrinks its input
to 1x1 leaves that layer unnormalized, as pix2pix's U-Net does at its bottleneck.
"""

from __future__ import annotations

from torch import nn

from gantk import Normalization, hookimpl


class Instance(Normalization):
    """Each channel of each image gets mean 0 and variance 1 over its pixels."""

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W), with H * W > 1."""
        self.refuse(condition)
        return nn.InstanceNorm2d(channels)


@hookimpl
def normalization() -> type[Normalization]:
    """Return instance normalization."""
    return Instance
