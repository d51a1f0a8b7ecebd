"""What a recipe asks of a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from gantk.errors import Unsupported
from gantk.sizes import Sized


class Spec(Sized):
    """What a network is asked to be. A part serves the fields that it says, and refuses every other that is asked."""

    _words: ClassVar[Mapping[str, tuple[str, str]]]
    """Of each field that a part need not serve: what a part says that does not, and what one needs that wants it."""

    def accept(self, *served: str) -> None:
        """Say which fields a part serves, besides channels and one size for height and width, which every part does.

        A field that is asked, which is to say that it has another value than its default, and is not served raises
        Unsupported. So a field that a later gantk adds is refused and never ignored. A size whose height and width
        differ is a field, too: a part that serves any says `sides`.
        """
        if "sides" not in served:
            _ = self.square
        asked = [name for name in self._words if getattr(self, name) != self._default(name)]
        if refused := [self._words[name][0] for name in asked if name not in served]:
            raise Unsupported(" and ".join(refused))

    def need(self, name: str) -> Any:
        """Return a field's value. Raises Unsupported where it is not asked, though the part can do nothing without."""
        value = getattr(self, name)
        if value == self._default(name):
            raise Unsupported(f"needs {self._words[name][1]}")
        return value

    def _default(self, name: str) -> Any:
        return getattr(type(self), name)


@dataclass(frozen=True, kw_only=True)
class GeneratorSpec(Spec):
    """What is asked of a network that makes images.

    Attributes:
        inputs: channels of the image to translate; None: no image goes in.
        latent: length of the latent vector that goes in; None: none.
        classes: number of class labels that condition it; None: none.
        domains: number of target domains that condition it; None: none.
        layout: classes of the label map (N, layout, H, W), one-hot, that conditions it and says the size of the image;
            it follows a latent vector, which then is a style; None: none.
        caption: how many numbers of words there are, 0 among them, in the captions (N, words) that condition it, of any
            length; None: no captions.
        outputs: channels of the image that comes out, in [-1, 1].
        size: height and width in pixels at which it is trained, one number where they are equal; of an image that goes
            in, its own.
        scale: pixels of the image that comes out, along a side, for each of those that go in.
        features: whether `features(x)` must be offered.
    """

    _words = MappingProxyType(
        {
            "inputs": ("translates no images", "an image to translate"),
            "latent": ("takes no latent vector", "a latent vector"),
            "classes": ("takes no class labels", "class labels"),
            "domains": ("takes no target domains", "target domains"),
            "layout": ("takes no label map", "a label map"),
            "caption": ("takes no captions", "captions"),
            "scale": ("makes images no larger than those that go in", "an image to enlarge"),
            "features": ("offers no inner activations", "inner activations"),
        }
    )

    inputs: int | None = None
    latent: int | None = None
    classes: int | None = None
    domains: int | None = None
    layout: int | None = None
    caption: int | None = None
    outputs: int = 3
    size: int | tuple[int, int]
    scale: int = 1
    features: bool = False


@dataclass(frozen=True, kw_only=True)
class DiscriminatorSpec(Spec):
    """What is asked of a network that scores images.

    Attributes:
        channels: channels of the image that is scored.
        condition_channels: channels of the image that conditions the score; 0: none.
        size: height and width in pixels at which it is trained, one number where they are equal.
        classes: number of class labels that condition the score; None: none.
        domains: number of domains that condition the score; None: none.
        layout: classes of the label map (N, layout, H, W), one-hot, that conditions the score; None: none.
        caption: how many numbers of words there are, 0 among them, in the captions (N, words) that condition the score,
            of any length; None: no captions.
        vector: length of a vector that conditions the score, such as a style, or what an encoder makes of a caption;
            None: none.
        joint_latent: length of a latent vector scored jointly with the image; None: none.
        output: whether scores (logits, N rows of any shape) or energies (N,) are wanted.
        features: whether `features(x, *conditions)` must be offered.
        any_size: whether images of other sizes must be scored too, as where they grow by stages.
    """

    _words = MappingProxyType(
        {
            "condition_channels": ("scores no images under other images", "an image as the condition"),
            "classes": ("scores no images under class labels", "class labels"),
            "domains": ("scores no images under domains", "domains"),
            "layout": ("scores no images under label maps", "a label map as the condition"),
            "caption": ("scores no images under captions", "captions"),
            "vector": ("scores no images under vectors", "a vector as the condition"),
            "joint_latent": ("scores no latent vectors", "a latent vector"),
            "output": ("gives scores, not energies", "a game of energies"),
            "features": ("offers no inner activations", "inner activations"),
            "any_size": ("scores images of one size", "images of several sizes"),
        }
    )

    channels: int
    condition_channels: int = 0
    size: int | tuple[int, int]
    classes: int | None = None
    domains: int | None = None
    layout: int | None = None
    caption: int | None = None
    vector: int | None = None
    joint_latent: int | None = None
    output: Literal["scores", "energies"] = "scores"
    features: bool = False
    any_size: bool = False
