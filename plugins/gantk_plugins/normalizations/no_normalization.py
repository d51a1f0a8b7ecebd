"""No normalization, one of the architectures that WGAN-GP trains (Gulrajani et al. 2017, arXiv:1704.00028, figure 2).

Nothing departs from the paper: layers keep their biases, and nothing stands between them and the activation.
"""

from __future__ import annotations

from torch import nn

from gantk import Normalization, Unsupported, hookimpl


class NoNormalization(Normalization):
    """Activations and weights stay as they are."""

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return what leaves activations as they are."""
        if condition is not None:
            raise Unsupported("a network without normalization takes no conditioning vector")
        return nn.Identity()


@hookimpl
def normalization() -> type[Normalization]:
    """Return no normalization."""
    return NoNormalization
