"""Height and width in pixels: said as one number where they are equal, else as HEIGHTxWIDTH."""

import re
from typing import Annotated, Any, NamedTuple

from gantk.documents import ReadBy
from gantk.errors import Unsupported


class Sides(NamedTuple):
    """Height and width in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return str(self.height) if self.is_square else f"{self.height}x{self.width}"

    @property
    def is_square(self) -> bool:
        """Whether height and width are equal."""
        return self.height == self.width

    @property
    def size(self) -> "int | Sides":
        """The same as a size: one number where height and width are equal."""
        return self.height if self.is_square else self

    @property
    def written(self) -> int | str:
        """What a file says for it: one number where height and width are equal, else HEIGHTxWIDTH."""
        return self.height if self.is_square else str(self)


def sides_of(size: int | tuple[int, int]) -> Sides:
    """Return the height and width of a size, which is one number where they are equal."""
    return Sides(size, size) if isinstance(size, int) else Sides(*size)


class Sized:
    """What has a size in pixels.

    Attributes:
        size: height and width, one number where they are equal.
    """

    size: int | tuple[int, int]

    @property
    def sides(self) -> Sides:
        """Height and width in pixels."""
        return sides_of(self.size)

    @property
    def square(self) -> int:
        """Height and width in pixels, which are equal. Raises Unsupported where they are not."""
        if not self.sides.is_square:
            raise Unsupported(f"serves images as high as wide, not {self.sides} pixels")
        return self.sides.height


def read_size(said: Any) -> int | Sides:
    """Return a size that is said as a number, as HEIGHTxWIDTH, or as a pair of numbers. Raises ValueError."""
    if isinstance(said, str) and (found := re.fullmatch(r"([0-9]{1,9})(?:[xX]([0-9]{1,9}))?", said.strip())):
        said = (int(found[1]), int(found[2] or found[1]))
    pair = list(said) if isinstance(said, list | tuple) else [said, said]
    if len(pair) != 2 or not all(isinstance(side, int) and not isinstance(side, bool) for side in pair):
        raise ValueError("is no size: say HEIGHTxWIDTH in pixels, or one number for both")
    return Sides(*pair).size


Size = Annotated[int | tuple[int, int], ReadBy(read_size)]
"""Height and width in pixels, one number where they are equal."""
