"""What all images of a column have in common: channels, precision, and the window of values."""

import math
from collections.abc import Sequence

from gantk.data.dataset import Array
from gantk.data.scanning import ImageFile
from gantk.errors import DataError, UsageError

Window = tuple[float, float]

_FULL: dict[str, Window] = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}


def common_channels(files: Sequence[ImageFile], wanted: int | None) -> int:
    """Return the channels of every image once read: those wanted, else RGB where grey and RGB are mixed.

    Raises DataError, naming two files, where they go together in no way.
    """
    colours = {file.facts.channels - file.facts.alpha: file for file in reversed(files)}
    if wanted is None and len(colours) > 1 and set(colours) != {1, 3}:
        (a, one), (b, other), *_ = sorted(colours.items())
        raise DataError(
            f"{one.path} has {_count(a)}, but {other.path} has {b}: "
            "give them the same number, or say -s data.channels=N for N of 1, 3 or 4"
        )
    found = max(colours, default=3)
    for count, file in colours.items():
        if wanted is not None and count != wanted and not (count in (1, 3) and wanted in (1, 3, 4)):
            raise DataError(f"{file.path} has {_count(count)}, which cannot become {wanted} (-s data.channels)")
    return wanted or found


def check_precision(files: Sequence[ImageFile]) -> None:
    """Raise DataError, naming two files, where images have different dtypes."""
    kinds = {file.facts.dtype: file for file in reversed(files)}
    if len(kinds) > 1:
        (a, one), (b, other), *_ = kinds.items()
        raise DataError(
            f"{one.path} is {a}, but {other.path} is {b}: one fixed range must fit all images of a folder; "
            "save them in the same precision"
        )


def check_window(window: Window | None, name: str) -> None:
    """Raise UsageError where the option of that name holds no range."""
    if window is not None and not (math.isfinite(window[0]) and math.isfinite(window[1]) and window[0] < window[1]):
        raise UsageError(f"data.{name}: {window[0]:g},{window[1]:g} is no range: write low,high")


def window_of(dtype: str, table: Array, name: str, option: str) -> Window:
    """Return the full range of whole numbers, or the range that the images of a pack's table take.

    `name` says in errors whose images they are, `option` how to set the range.

    Raises DataError where all pixels have one value.
    """
    if dtype in _FULL:
        return _FULL[dtype]
    low, high = float(table["low"].min()), float(table["high"].max())
    if not low < high:
        raise DataError(
            f"all images of {name} to train on have the one value {low:g}: "
            f"look at the files, or set the range with -s data.{option}=low,high"
        )
    return low, high


def _count(channels: int) -> str:
    return f"{channels} channel{'s' if channels > 1 else ''}"
