"""What the columns of a split hold, as networks, runs and exports need to know it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from gantk.data.dataset import Split, cut_columns, shrink_of
from gantk.data.palettes import Palette
from gantk.data.windows import Window
from gantk.data.words import words_in


@dataclass(frozen=True)
class ImageInfo:
    """What a column of images or of label maps holds.

    Attributes:
        channels: of an image; of a label map, its classes, which are its channels as one-hot numbers.
        dtype: "uint8", "uint16" or "float32".
        window: the values that become -1 and 1.
        palette: the classes of label maps; None: they are images.
        shrink: how many times smaller it is than the largest images of its batch.
    """

    channels: int
    dtype: str
    window: Window
    palette: Palette | None = None
    shrink: int = 1


@dataclass(frozen=True)
class Contents:
    """What the columns of a split hold that a recipe is built for.

    Attributes:
        images: what each key of images or label maps holds.
        words: the words of the texts of each key, the most frequent first.
    """

    images: Mapping[str, ImageInfo]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def contents_of(split: Split, texts: Sequence[str] = ()) -> Contents:
    """Return what the columns of a split hold, of which those named hold texts."""
    columns = split.columns
    words = {key: words_in(cast(Sequence[str], columns[key])) for key in texts if key in columns}
    return Contents(image_infos(split), words)


def image_infos(split: Split) -> dict[str, ImageInfo]:
    """Return what each column of images or label maps holds."""
    infos = {}
    for key, column in cut_columns(split.columns).items():
        palette: Palette | None = getattr(column, "palette", None)
        if palette is None:
            infos[key] = ImageInfo(column.channels, str(column.dtype), column.window, shrink=shrink_of(column))
        else:
            infos[key] = ImageInfo(len(palette), str(column.dtype), (0.0, float(max(len(palette) - 1, 1))), palette)
    return infos


def windows_of(infos: Mapping[str, ImageInfo]) -> dict[str, Window | None]:
    """Return the window of each column of images, and None for label maps."""
    return {key: None if info.palette else info.window for key, info in infos.items()}


def palettes_in(infos: Mapping[str, ImageInfo]) -> dict[str, Palette]:
    """Return the palette of each column of label maps."""
    return {key: info.palette for key, info in infos.items() if info.palette is not None}
