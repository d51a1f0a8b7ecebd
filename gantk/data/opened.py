"""What is known of an image file whose header was read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from gantk.data.dataset import Array
from gantk.data.formats.parted import Metadata

SEVERAL = "is of several images, of which the first is read"
CHANNELS_FIRST = "is saved with its channels first, and is read so"


@dataclass(frozen=True)
class Facts:
    """What a file's header says of its image, once turned upright.

    Attributes:
        height: in pixels.
        width: in pixels.
        channels: as stored, alpha included.
        dtype: "uint8", "uint16" or "float32".
        alpha: whether the last channel is opacity.
        palette: whether its pixels are numbers of colours in a table, in a PNG or TIFF: as in many label maps.
        note: what its reader decided, in words that follow the file's name, so that it can be told; mostly empty.
    """

    height: int
    width: int
    channels: int
    dtype: str
    alpha: bool = False
    palette: bool = False
    note: str = ""

    @property
    def decoding(self) -> int:
        """About how many bytes decoding takes: for a decoder's own image and for the array."""
        return 2 * self.height * self.width * max(self.channels, 4) * {"uint8": 1, "uint16": 2}.get(self.dtype, 4)

    @property
    def mode(self) -> str:
        """A name for channels and precision, such as "8-bit RGB with alpha"."""
        depth = {"uint8": "8-bit", "uint16": "16-bit"}.get(self.dtype, "float")
        colours = self.channels - self.alpha
        named = {1: "grey", 3: "RGB"}.get(colours, f"{colours} channels")
        return f"{depth} {named}{' with alpha' if self.alpha else ''}"


@dataclass(frozen=True)
class OpenedImage:
    """An image file whose header was read; `pixels()` decodes it to (H, W, channels), upright.

    Attributes:
        facts: what its header says.
        pixels: decodes it; it may raise errors of any type.
        format: Pillow's name of the file's format; NPY for an array.
        metadata: what goes along with its pixels.
        deep: whether the file has 16 bits a channel of which 8 are read.
        shrunk: decodes it at a half, a quarter or an eighth of its height and width, rounded up, which takes less time
            than all of it; None where its format cannot.
    """

    facts: Facts
    pixels: Callable[[], Array]
    format: str
    metadata: Metadata = field(default_factory=Metadata)
    deep: bool = False
    shrunk: Callable[[Literal[2, 4, 8]], Array] | None = None


def told(notes: Iterable[tuple[object, str]]) -> list[str]:
    """Return lines that say of files what was decided, each with the note of its facts: one line for each note."""
    files: dict[str, list[object]] = {}
    for file, note in notes:
        if note:
            files.setdefault(note, []).append(file)
    return [
        f"{named[0]} {note}{f'; so are {len(named) - 1} more' if len(named) > 1 else ''}"
        for note, named in files.items()
    ]
