"""The normalization is group normalization (Wu and He 2018, arXiv:1803.08494).

Where the number of channels is no multiple of the number of groups, there are as many
groups as divide both.
"""

from math import gcd

from gantk import Normalization, UsageError, hookimpl
from torch import nn


class Groups(Normalization):
    """Each group of an image's channels gets mean 0 and variance 1 over its pixels.

    Args:
        groups: number of groups, the paper's G.
    """

    shifts = True

    def __init__(self, *, groups: int = 8) -> None:
        if groups < 1:
            raise UsageError(f"groups must be at least 1, not {groups}")
        self.groups = groups

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the norm of (N, channels, H, W)."""
        self.refuse(condition)
        return nn.GroupNorm(gcd(self.groups, channels), channels)


@hookimpl
def normalization() -> type[Normalization]:
    """Return the normalization."""
    return Groups
