"""No normalization, one of the architectures that WGAN-GP trains (Gulrajani et al. 2017, arXiv:1704.00028, figure 2).

Nothing departs from the paper: layers keep their biases, and nothing stands between them and the activation.
"""

from __future__ import annotations

from gantk import Normalization, hookimpl


class NoNormalization(Normalization):
    """Activations and weights stay as they are."""

    normalizes = False


@hookimpl
def normalization() -> type[Normalization]:
    """Return no normalization."""
    return NoNormalization
