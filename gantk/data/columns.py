"""What all images of a column have in common: channels, precision, and the window of values."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gantk.data.dataset import Array
from gantk.data.image_file import ImageFile
from gantk.data.labels import SECOND
from gantk.data.windows import BYTES, Window
from gantk.errors import DataError, UsageError

FULL: Mapping[str, Window] = {"uint8": BYTES, "uint16": (0.0, 65535.0)}
"""The whole range of whole numbers, by precision."""


_IDS = {"uint8": 64.0, "uint16": 256.0}
"""Below these values, pictures of a precision are nearly black, and images are more likely label maps."""

_LITTLE = 0.25
"""The share of 16 bits below which pictures are likely of fewer bits."""


@dataclass(frozen=True)
class Meaning:
    """What the values of a column of images mean, as the user says it.

    Attributes:
        key: the batch key.
        window: the values that become -1 and 1; None: the full range, or the measured one.
        labels: whether values name classes; then the window of numbers, which colours are not, is the measured range.
    """

    key: str
    window: Window | None = None
    labels: bool = False

    def window_of(self, dtype: str, table: Array, name: str) -> Window:
        """Return the window that was said, the full range of whole numbers, or the range that a pack's table states.

        The table is of the images to train on; `name` says in errors whose images they are.

        Raises DataError where all pixels have one value.
        """
        if self.window:
            return self.window
        low, high = float(table["low"].min()), float(table["high"].max())
        numbered = self.labels and (int(table["channels"].max()) == 1 or high < _IDS.get(dtype, 0))
        if dtype in FULL and not numbered:
            return FULL[dtype]
        if not low < high:
            raise DataError(
                f"all images of {name} ({self.key}) to train on have the one value {low:g}: "
                f"look at the files, or set the range with -s {self._option('window')}=low,high"
            )
        return low, high

    def question(self, dtype: str, low: float, high: float, ids: bool = False) -> str:
        """Return what to ask about values that take little of their range, with the option; empty: nothing.

        `ids` says that they look like numbers of classes, however high.
        """
        if dtype not in FULL or self.window or self.labels:
            return ""
        said = f"{self.key}: values {low:g} to {high:g} in {dtype.removeprefix('uint')} bits"
        stretched = f"-s {self._option('window')}={low:g},{high:g}"
        if ids or high < _IDS[dtype]:
            either = f"; {stretched} makes pictures of them" if low < high else ""
            side = "b" if self.key in SECOND else "a"
            return f"{said} look like labels: -s data.labels={side} reads labels{either}"
        if dtype == "uint16" and high < _LITTLE * FULL[dtype][1]:
            share = high / FULL[dtype][1]
            return f"{said} take {share:.1%} of their range, which is nearly black: {stretched} stretches them"
        return ""

    def _option(self, name: str) -> str:
        return f"data.{name}{'_b' if self.key in SECOND else ''}"


def what_does_not_fit(files: Sequence[ImageFile], channels: int | None) -> list[str]:
    """Return why images go together in no way, naming two files each: their channels, their precision."""
    return [said for said in (_unlike_channels(files, channels), _unlike_precision(files)) if said]


def common_channels(files: Sequence[ImageFile], wanted: int | None) -> int:
    """Return the channels of every image once read: those wanted, else RGB where grey and RGB are mixed."""
    return wanted or max((file.facts.channels - file.facts.alpha for file in files), default=3)


def check_window(window: Window | None, name: str) -> None:
    """Raise UsageError where the option of that name holds no range."""
    if window is not None and not (math.isfinite(window[0]) and math.isfinite(window[1]) and window[0] < window[1]):
        raise UsageError(f"data.{name}: {window[0]:g},{window[1]:g} is no range: write low,high")


def _unlike_channels(files: Sequence[ImageFile], wanted: int | None) -> str:
    colours = {file.facts.channels - file.facts.alpha: file for file in reversed(files)}
    if wanted is None and len(colours) > 1 and set(colours) != {1, 3}:
        (a, one), (b, other), *_ = sorted(colours.items())
        return (
            f"{one.path} has {_count(a)}, but {other.path} has {b}: "
            "give them the same number, or say -s data.channels=N for N of 1, 3 or 4"
        )
    for count, file in colours.items():
        if wanted is not None and count != wanted and not (count in (1, 3) and wanted in (1, 3, 4)):
            return f"{file.path} has {_count(count)}, which cannot become {wanted} (-s data.channels)"
    return ""


def _unlike_precision(files: Sequence[ImageFile]) -> str:
    kinds = Counter(file.facts.dtype for file in files)
    if len(kinds) < 2:
        return ""
    (most, _), *_, (least, count) = kinds.most_common()
    odd, usual = (next(file.path for file in files if file.facts.dtype == dtype) for dtype in (least, most))
    others = f" (and {count - 1} more)" if count > 1 else ""
    return (
        f"{odd}{others} is {least}, but {usual} is {most}: one fixed range must fit all images of a folder; "
        "save them in the same precision"
    )


def _count(channels: int) -> str:
    return f"{channels} channel{'s' if channels > 1 else ''}"
