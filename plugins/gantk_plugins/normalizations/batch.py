"""Batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167).

As in the paper: a learned scale and shift for each channel; running averages stand in for the batch at test time,
unless the recipe declares otherwise. Under a conditioning vector, scale and shift are 1 and 0 and a learned linear
function of it (de Vries et al. 2017, arXiv:1707.00683); of a one-hot vector they are those of its class (Dumoulin et
al. 2017, arXiv:1610.07629).
"""

from __future__ import annotations

from torch import Tensor, nn

from gantk import Normalization, hookimpl


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose scale and shift a vector conditions; at first it changes neither.

    Args:
        channels: channels of the activations.
        condition: length of the vector.
    """

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.changes = nn.Linear(condition, 2 * channels, bias=False)
        nn.init.zeros_(self.changes.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return (N, channels, H, W) of the same, under conditions (N, length)."""
        scale, shift = self.changes(condition).unflatten(1, (2, -1, 1, 1)).unbind(1)
        normalized: Tensor = self.norm(x) * (1 + scale) + shift
        return normalized


class Batch(Normalization):
    """Each channel gets mean 0 and variance 1 over the pixels of the whole batch, then a learned scale and shift."""

    shifts = True
    mixes_samples = True

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W), with N * H * W > 1 while training."""
        return nn.BatchNorm2d(channels) if condition is None else ConditionalBatchNorm(channels, condition)


@hookimpl
def normalization() -> type[Normalization]:
    """Return batch normalization."""
    return Batch
