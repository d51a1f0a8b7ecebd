"""The classes of users' label maps: where they are stated, and which files hold values of no class."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.files import read_file
from gantk.data.image_file import ImageFile
from gantk.data.palettes import MOST, Palette, palette_of, said, value_of, values_in
from gantk.data.parallel import in_order
from gantk.data.pixel_arrays import decode
from gantk.data.pixels import with_channels
from gantk.errors import DataError
from gantk.text import printable

_NAMED = 20
"""Classes that are named in a line at most."""


@dataclass(frozen=True)
class StatedClasses:
    """Classes as a user states them.

    Attributes:
        entries: a text for each class, as `Palette.read` takes them.
        file: the file that states them; None: the option does.
    """

    entries: tuple[str, ...]
    file: Path | None = None

    @property
    def place(self) -> str:
        """Where they are stated, in words."""
        return str(self.file or "-s data.classes")

    @cached_property
    def palette(self) -> Palette:
        """The palette that they make. Raises DataError."""
        try:
            return Palette.read(self.entries)
        except DataError as error:
            raise DataError(f"{self.place}: {str(error).removeprefix('classes: ')}") from None

    def wrong_with(self, values: Sequence[int], channels: int) -> str:
        """Return what is wrong with a label map whose values have these codes; empty where nothing is.

        `channels` is the number of channels of the label map. Raises DataError where the classes make no palette.
        """
        if not values:
            return "holds pixels that are neither whole numbers nor colours, so it is no label map"
        if len(values) > MOST:
            return f"holds more than {MOST} values, so it is a picture and no label map"
        held = [value_of(code, channels) for code in values]
        if len(self.palette.values[0]) != channels:
            holds, states = ("grey values", "colours") if channels == 1 else ("colours", "grey values")
            return f"holds {holds}, and {self.place} states classes by {states}: state them by {holds}"
        strange = [value for value in held if value not in self.palette.values]
        if not strange:
            return ""
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        return (
            f"holds the value {said(strange[0])}{more}, which is no class of {self.place}"
            f"{self.palette.nearest(strange[0])}: add it there, or mend the file"
        )


def stated_classes(paths: Sequence[Path], entries: tuple[str, ...] | None) -> StatedClasses | None:
    """Return the classes that the option states, or classes.txt in one of the folders. Raises DataError."""
    said_so = StatedClasses(entries) if entries else None
    file = next((path / "classes.txt" for path in paths if (path / "classes.txt").is_file()), None)
    if file is None or entries == ():
        return said_so
    try:
        read = StatedClasses(tuple(read_file(file).decode("utf-8-sig").splitlines()), file)
        # A run's configuration states the classes that were read: the file is still where they are kept.
        return read if said_so is None or read.palette == said_so.palette else said_so
    except (DataError, UnicodeDecodeError):
        if said_so:
            return said_so
        raise DataError(f"{file} cannot be read: a line should say a value and a class") from None


class MapSurvey:
    """What label maps hold, taken in file by file, by several threads if need be.

    Attributes:
        files: the files of the label maps, by path.
        wrong: what is wrong with files, by path.
        fault: why the stated classes make no palette; empty where they do.
    """

    def __init__(
        self, files: Sequence[ImageFile], channels: int, part: int, parts: int, stated: StatedClasses | None
    ) -> None:
        self.files = {file.path: file for file in files}
        self.wrong: dict[Path, str] = {}
        self.fault = ""
        self._channels, self._part, self._parts, self._stated = channels, part, parts, stated
        self._values: set[int] = set()
        try:
            self._palette = stated.palette if stated else None
        except DataError as error:
            self.fault = str(error)

    def look(self, file: ImageFile, image: Array) -> None:
        """Take in the image of a file, as it was decoded; of images side by side, the part that is the label map."""
        if file.path not in self.files or self.fault:
            return
        image = np.array_split(with_channels(image, file.facts.alpha, self._channels), self._parts, axis=1)[self._part]
        values = values_in(image)
        if self._stated is None:
            self._values.update(values if len(self._values) <= MOST else ())
        elif wrong := self._stated.wrong_with(values, self._channels):
            self.wrong[file.path] = wrong

    def look_at_all(self, files: Iterable[ImageFile], workers: int) -> None:
        """Decode files and take them in. Raises DataError for one that cannot be decoded."""
        work = in_order(
            lambda file: self.look(file, decode(read_file(file.path))), files, workers, lambda file: file.facts.decoding
        )
        deque(work, maxlen=0)

    def check(self) -> None:
        """Raise DataError where something stops a training on the label maps' classes; it names the first file."""
        if stops := self.stops:
            rest = f"; so it is with {len(stops) - 1} more, which `gantk data` names" if len(stops) > 1 else ""
            raise DataError(f"{stops[0]}{rest}")

    @property
    def stops(self) -> list[str]:
        """What stops a training on the label maps' classes, a line each, in the order of the files."""
        return (
            [self.fault] if self.fault else [f"{path} {self.wrong[path]}" for path in self.files if path in self.wrong]
        )

    @property
    def palette(self) -> Palette | None:
        """The stated classes, else the values that were found; None where they make no palette."""
        if self.fault or self._stated:
            return None if self.fault else self._palette
        try:
            return palette_of(sorted(self._values), self._channels)
        except DataError:
            return None


def classes_in_words(palette: Palette) -> str:
    """Return how many classes there are, and their names: "3: sky, road, nothing (ignored)"."""
    names = [f"{name} (ignored)" if id_ == palette.ignored else name for id_, name in enumerate(palette.names)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return printable(f"{len(names)}: {', '.join(names[:_NAMED])}{more}")
