"""Spectral normalization (Miyato et al. 2018, arXiv:1802.05957).

As in the paper: each weight is divided by its largest singular value, estimated by one power iteration each time the
network is called in training (algorithm 1); activations are left alone.
"""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrizations

from gantk import Normalization, hookimpl


class Spectral(Normalization):
    """Each layer's weight has a largest singular value of 1."""

    def weight(self, layer: nn.Module) -> nn.Module:
        """Return the layer, its weight divided by its spectral norm."""
        return parametrizations.spectral_norm(layer)


class SpectralToo(Spectral):
    """Activations as a normalization has them, and spectrally normalized weights.

    Args:
        chosen: the normalization.
    """

    def __init__(self, chosen: Normalization) -> None:
        self.chosen = chosen
        self.shifts, self.mixes_samples = chosen.shifts, chosen.mixes_samples

    def activation(self, channels: int, condition: int | None = None) -> nn.Module:
        """Return the chosen norm."""
        return self.chosen.activation(channels, condition)

    def weight(self, layer: nn.Module) -> nn.Module:
        """Return the layer, its weight divided by its spectral norm."""
        return self.chosen.weight(layer) if isinstance(self.chosen, Spectral) else super().weight(layer)


@hookimpl
def normalization() -> type[Normalization]:
    """Return spectral normalization."""
    return Spectral
