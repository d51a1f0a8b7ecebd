"""The first image of a column, as a column of one."""

from dataclasses import dataclass

from gantk.data.dataset import Array, DerivedImages


@dataclass(frozen=True)
class FirstImage(DerivedImages):
    """A column of one image, the first of another column."""

    @property
    def others(self) -> int:
        """How many images there are besides."""
        return len(self.images) - 1

    def __len__(self) -> int:
        return min(len(self.images), 1)

    def __getitem__(self, index: int) -> Array:
        """Return the image (H, W, C) in its own dtype."""
        return self.images[0]
