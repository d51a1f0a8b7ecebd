"""Images beside degraded copies of themselves, as pairs: grey, with noise, or with a hole."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gantk.data.counterparts import Counterparts
from gantk.data.dataset import Array, Dataset, Group, Split, image_columns
from gantk.data.degradation import Degradation, Degraded, as_stored
from gantk.data.derived import Derived
from gantk.data.views import open_split
from gantk.errors import DataError, UsageError
from gantk.sizes import Sides

View = Literal["none", "colorize", "denoise", "inpaint", "edges", "negative"]
"""What is to be undone, or made: `none` reads the data as it is."""

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey (ITU-R BT.601), as Pillow has it."""


@dataclass(frozen=True)
class Grey(Degradation):
    """The image without its colours."""

    def channels(self, given: int) -> int:
        if given != 3:
            raise DataError(f"only images of 3 channels can lose their colours, not those of {given}")
        return 1

    def __call__(self, image: Array, window: tuple[float, float], random: np.random.Generator) -> Array:
        return as_stored(image.dtype, image @ np.array(LUMA, np.float32), window)[..., None]


@dataclass(frozen=True)
class Noise(Degradation):
    """The image with normal noise on each value.

    Attributes:
        level: standard deviation, where the window is 0 to 255.
    """

    level: float

    def channels(self, given: int) -> int:
        return given

    def __call__(self, image: Array, window: tuple[float, float], random: np.random.Generator) -> Array:
        deviation = self.level / 255 * (window[1] - window[0])
        return as_stored(image.dtype, image + deviation * random.standard_normal(image.shape, np.float32), window)


@dataclass(frozen=True)
class Hole(Degradation):
    """The image with a white square in place of what was there, and a further channel that is 0 in it: alpha.

    Attributes:
        side: of the square, as a share of the image's shorter side.
    """

    side: float

    def channels(self, given: int) -> int:
        if given not in (1, 3):
            raise DataError(f"only images of 1 or 3 channels can have a hole, not those of {given}")
        return given + 1

    def __call__(self, image: Array, window: tuple[float, float], random: np.random.Generator) -> Array:
        low, high = window
        alpha = np.full_like(image[..., :1], high)
        degraded = np.concatenate([image, alpha], 2)
        side = max(round(self.side * min(image.shape[:2])), 1)
        top, left = (int(random.integers(length - side + 1)) for length in image.shape[:2])
        degraded[top : top + side, left : left + side] = [high] * image.shape[2] + [low]
        return degraded


class DegradedPairs(Derived):
    """The images of a data set as pairs: a degraded copy, and the image."""

    kinds = ("paired", "images")

    def __init__(self, dataset: Dataset, degradation: Degradation, said: str) -> None:
        super().__init__(dataset, said)
        self.degradation = degradation

    def derived(self, kind: str, test: bool, load: int | Sides | None) -> Split:
        split = open_split(self.dataset, "images", test, load)
        if kind == "images":
            return split
        images = image_columns(split.columns)["image"]
        if len(images):
            # Refuses images that it cannot be done to before one is read.
            self.degradation.channels(images.channels)
        return Split((Group({"source": Degraded(images, "target", self.degradation), "target": images}),))


def degraded(
    dataset: Dataset, *, view: View = "none", noise: float | None = None, hole: float | None = None
) -> Dataset:
    """Return a data set's images as pairs to learn from how a degradation is undone.

    Args:
        dataset: any, whose single images are taken.
        view: what is learned, of images alone: colorize, of grey; denoise; inpaint, of a square hole, an alpha channel;
            or edges, or negative, of other images, which then are the second of two domains.
        noise: standard deviation of the noise of denoise, where values reach from 0 to 255; unsaid: 25.
        hole: side of inpaint's hole, as a share of the image's shorter side; unsaid: 0.5.

    Raises UsageError for a noise or a hole that cannot be, or that the view has not.
    """
    for name, value, own in (("noise", noise, "denoise"), ("hole", hole, "inpaint")):
        if value is not None and view != own:
            raise UsageError(f"data.{name} belongs to data.view={own}, and data.view is {view}")
    noise, hole = 25.0 if noise is None else noise, 0.5 if hole is None else hole
    if not 0 < noise <= 255:
        raise UsageError(f"data.noise: {noise:g} is no standard deviation above 0 and up to 255")
    if not 0 < hole < 1:
        raise UsageError(f"data.hole: {hole:g} is no share between 0 and 1")
    if view == "edges" or view == "negative":
        return Counterparts(dataset, view)
    degradations: dict[str, tuple[Degradation, str]] = {
        "colorize": (Grey(), "grey -> colour"),
        "denoise": (Noise(noise), f"noise of {noise:g} of 255 -> clean"),
        "inpaint": (Hole(hole), f"a hole of {hole:g} of the side -> whole"),
    }
    return dataset if view == "none" else DegradedPairs(dataset, *degradations[view])
