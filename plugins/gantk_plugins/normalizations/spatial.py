"""Spatially adaptive normalization, SPADE (Park et al. 2019, arXiv:1903.07291, section 3.1); plugin `spade` brings it.

Activations get mean 0 and variance 1 over the batch, then a scale and a shift at each pixel that two convolutions make
of a map there (equation 1): one to 128 channels with a ReLU, and one to each. As in the authors' code, the scale is 1 +
gamma, where the paper's text has gamma alone. Each of several processes has statistics of its own, where the code has
one for all.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import UsageError
from gantk_plugins.normalizations.spectral import Spectral


class SpatialNorm(nn.Module):
    """Normalizes activations (N, channels, H, W) under maps (N, condition, h, w), which are brought to H and W."""

    def __init__(self, channels: int, condition: int, *, hidden: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Sequential(nn.Conv2d(condition, hidden, kernel, padding=kernel // 2), nn.ReLU())
        self.scale = nn.Conv2d(hidden, channels, kernel, padding=kernel // 2)
        self.shift = nn.Conv2d(hidden, channels, kernel, padding=kernel // 2)

    def forward(self, x: Tensor, layout: Tensor) -> Tensor:
        shared = self.shared(interpolate(layout, x.shape[2:], mode="nearest"))
        normalized: Tensor = self.norm(x) * (1 + self.scale(shared)) + self.shift(shared)
        return normalized


class Spade(Spectral):
    """Activations are normalized over the batch, then scaled and shifted as a map says; weights have spectral norm 1.

    Args:
        hidden: channels of what is made of the map first.
        kernel: size of the convolutions over the map, an odd number.
    """

    shifts = True
    mixes_samples = True

    def __init__(self, *, hidden: int = 128, kernel: int = 3) -> None:
        if hidden < 1 or kernel < 1 or kernel % 2 == 0:
            raise UsageError(f"spade needs hidden >= 1 and an odd kernel, not hidden={hidden}, kernel={kernel}")
        self.hidden, self.kernel = hidden, kernel

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W) where there is no map: batch norm, with a learned scale and shift."""
        self.refuse(condition)
        return nn.BatchNorm2d(channels)

    def mapped_activation(self, channels: int, condition: int) -> nn.Module:
        """Return the norm of (N, channels, H, W) under a map (N, condition, height, width)."""
        return SpatialNorm(channels, condition, hidden=self.hidden, kernel=self.kernel)
