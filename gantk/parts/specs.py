"""What a recipe asks of a network."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class GeneratorSpec:
    """What is asked of a network that makes images.

    Attributes:
        inputs: channels of the image to translate; None: no image goes in.
        latent: length of the latent vector that goes in; None: none.
        classes: number of class labels that condition it; None: none.
        domains: number of target domains that condition it; None: none.
        outputs: channels of the image that comes out, in [-1, 1].
        size: height and width in pixels at which it is trained.
        features: whether `features(x)` must be offered.
    """

    inputs: int | None = None
    latent: int | None = None
    classes: int | None = None
    domains: int | None = None
    outputs: int = 3
    size: int
    features: bool = False


@dataclass(frozen=True, kw_only=True)
class DiscriminatorSpec:
    """What is asked of a network that scores images.

    Attributes:
        channels: channels of the image that is scored.
        condition_channels: channels of the image that conditions the score; 0: none.
        size: height and width in pixels at which it is trained.
        classes: number of class labels that condition the score; None: none.
        joint_latent: length of a latent vector scored jointly with the image; None: none.
        output: whether scores (logits, N rows of any shape) or energies (N,) are wanted.
        features: whether `features(x, *conditions)` must be offered.
    """

    channels: int
    condition_channels: int = 0
    size: int
    classes: int | None = None
    joint_latent: int | None = None
    output: Literal["scores", "energies"] = "scores"
    features: bool = False
