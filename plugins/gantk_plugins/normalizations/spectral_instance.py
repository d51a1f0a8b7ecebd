"""Spectral and instance normalization, as SPADE's discriminator has both (Park et al. 2019, arXiv:1903.07291).

Each weight is divided by its largest singular value (Miyato et al. 2018, arXiv:1802.05957), and what the layer gives is
normalized in each channel of each image, without a learned scale and shift (Ulyanov et al. 2016, arXiv:1607.08022).
"""

from __future__ import annotations

from gantk import Normalization, hookimpl
from gantk_plugins.normalizations.instance import Instance
from gantk_plugins.normalizations.spectral import Spectral


class SpectralInstance(Instance, Spectral):
    """Weights have a largest singular value of 1; each channel of each image gets mean 0 and variance 1."""


@hookimpl
def normalization() -> type[Normalization]:
    """Return spectral with instance normalization."""
    return SpectralInstance
