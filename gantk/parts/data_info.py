"""What a recipe and its parts know of the data before training."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from gantk.data.palettes import Palette
from gantk.data.windows import Window, to_window
from gantk.errors import Unsupported
from gantk.sizes import Sized


@dataclass(frozen=True, kw_only=True)
class DataInfo(Sized):
    """What is known of the data before training.

    Attributes:
        kind: the kind of batches.
        size: height and width in pixels of the crops that are trained on, one number where they are equal.
        channels: channels of each image key of a batch; of a label map, its classes, as one-hot numbers are.
        classes: names of the labels, or empty.
        domains: names of the domains, or empty.
        sizes: the size of each image key; they differ where a batch has images of several sizes.
        windows: the pixel values that are -1 and 1 of each image key.
        palettes: the classes of each label map: their names, their colours, and one-hot numbers of their ids.
        words: the words of each key's captions to train on, the most frequent first, for a `Caption`.
    """

    kind: str
    size: int | tuple[int, int]
    channels: Mapping[str, int]
    classes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    sizes: Mapping[str, int | tuple[int, int]] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    palettes: Mapping[str, Palette] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def square(self) -> int:
        """Height and width in pixels of the crops, which are equal. Raises Unsupported where they are not."""
        try:
            return super().square
        except Unsupported as error:
            raise Unsupported(f"the recipe {error}: say one number for --size") from None

    def pixels(self, key: str, images: Tensor) -> Tensor:
        """Return images in [-1, 1] as pixel values of a key's window, neither rounded nor clamped."""
        return to_window(images, self.windows[key])
