"""Drawings brought to the colours of a palette, so that they are label maps."""

from dataclasses import dataclass

import numpy as np

from gantk import LabelMaps, Palette
from gantk.data.dataset import Array, DerivedImages, Images


@dataclass(frozen=True)
class Quantised(DerivedImages):
    """RGB images of uint8 in which each pixel has the nearest colour of a palette.

    Attributes:
        palette: the classes, by their colours.
    """

    palette: Palette

    def __getitem__(self, index: int) -> Array:
        image = self.images[index].astype(np.float32)
        colours = np.array(self.palette.values, np.float32)
        # What is left out of the squared distance is the same for all colours.
        nearest = ((colours**2).sum(1) - 2 * (image @ colours.T)).argmin(2)
        quantised: Array = np.array(self.palette.values, np.uint8)[nearest]
        return quantised


def label_maps(images: Images, palette: Palette) -> LabelMaps:
    """Return the label maps that drawings make in the colours of a palette."""
    return LabelMaps(Quantised(images, palette), palette)
