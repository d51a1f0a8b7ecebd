"""Batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167).

As in the paper: a learned scale and shift for each channel; running averages stand in for the batch at test time,
unless the recipe declares otherwise.
"""

from __future__ import annotations

from torch import nn

from gantk import Normalization, Unsupported, hookimpl


class Batch(Normalization):
    """Each channel gets mean 0 and variance 1 over the pixels of the whole batch, then a learned scale and shift."""

    shifts = True
    mixes_samples = True

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W), with N * H * W > 1 while training."""
        if condition is not None:
            raise Unsupported("batch normalization takes no conditioning vector")
        return nn.BatchNorm2d(channels)


@hookimpl
def normalization() -> type[Normalization]:
    """Return batch normalization."""
    return Batch
