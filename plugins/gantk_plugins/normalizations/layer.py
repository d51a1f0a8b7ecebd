"""Layer normalization (Ba et al. 2016, arXiv:1607.06450).

The paper learns a scale and a shift for each neuron; here each channel has one of each, so that a convolutional
network keeps working at any height and width.
"""

from __future__ import annotations

from torch import nn

from gantk import Normalization, hookimpl


class Layer(Normalization):
    """Each image gets mean 0 and variance 1 over all its channels and pixels, then a learned scale and shift."""

    shifts = True

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W)."""
        self.refuse(condition)
        return nn.GroupNorm(1, channels)


@hookimpl
def normalization() -> type[Normalization]:
    """Return layer normalization."""
    return Layer
