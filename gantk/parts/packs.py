"""Packs of samples that are scored together (Lin et al. 2018, arXiv:1712.04086, section 2.2)."""

from dataclasses import replace

from torch import Tensor

from gantk.errors import Unsupported, UsageError
from gantk.parts.specs import DiscriminatorSpec

_OWN = {"classes": "class labels", "domains": "domains", "caption": "captions"}
"""What of several samples cannot stand side by side as one."""


def packed(values: Tensor, pack: int) -> Tensor:
    """Return values (N, C, ...) of samples as packs (N / pack, pack * C, ...) of samples that follow each other.

    Samples of a batch are in an order drawn anew in each pass over the data, and so is who meets whom in a pack.
    Raises UsageError where so many samples are no whole packs.
    """
    count = len(values)
    if count % pack:
        raise UsageError(
            f"{count} samples are no whole packs of {pack}: say a --batch-size that is a multiple of {pack}, "
            "or leave -s pack out"
        )
    return values.reshape(count // pack, pack * values.shape[1], *values.shape[2:])


def packed_spec(spec: DiscriminatorSpec, pack: int) -> DiscriminatorSpec:
    """Return what is asked of a network that scores packs: of the channels of all samples in one.

    Raises Unsupported where a pack has not one energy, label, domain or caption.
    """
    if spec.output == "energies":
        raise Unsupported(
            "setting pack cannot be used with a game of energies, which each sample has for itself: leave pack out, or "
            "choose another game by --loss NAME"
        )
    for name, words in _OWN.items():
        if getattr(spec, name) is not None:
            raise Unsupported(
                f"setting pack cannot be used where a discriminator is told {words}, of which the samples of a pack "
                "have several: leave pack out"
            )
    return replace(
        spec,
        channels=pack * spec.channels,
        condition_channels=pack * spec.condition_channels,
        layout=spec.layout and pack * spec.layout,
        vector=spec.vector and pack * spec.vector,
        joint_latent=spec.joint_latent and pack * spec.joint_latent,
    )
