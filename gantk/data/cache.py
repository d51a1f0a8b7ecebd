"""Decoded images: each is decoded once, and packed with the others into one memory-mapped file."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.files import read_file
from gantk.data.formats.limits import MAX_PIXELS
from gantk.data.image_file import Bad, ImageFile, ReportProgress, digest_of, quiet_decoders, refuse
from gantk.data.opened import Facts
from gantk.data.packs import RECORD, Pack, write_table
from gantk.data.palettes import MOST, values_in
from gantk.data.parallel import in_order
from gantk.data.pixel_arrays import Divisor, decode
from gantk.data.pixels import scaled, with_channels
from gantk.data.storage import cache_folder, cached
from gantk.errors import DataError
from gantk.sizes import Sides, sides_of

FORMAT = 3
"""Raised whenever the same files would give another pack."""


class BadFilesError(DataError):
    """Files that could not be decoded, by path in `bad`."""

    def __init__(self, bad: Bad, total: int) -> None:
        super().__init__(str(refuse(bad, total)))
        self.bad = bad


@dataclass(frozen=True)
class Packing:
    """What is packed, and how.

    Attributes:
        files: in the order of the pack's images.
        channels: of every packed image.
        load: length of the shorter side in pixels, or the height and width that are covered; None: as it is.
        parts: images side by side in a file; each becomes one of its own.
        nearest: whether they are scaled without new values, as label maps.
    """

    files: tuple[ImageFile, ...]
    channels: int
    load: int | Sides | None
    parts: int = 1
    nearest: bool = False

    def divisor(self, facts: Facts) -> Divisor:
        """Return how many times smaller an image may be decoded, so that it is still shrunk to what is packed."""
        if self.load is None or self.nearest or self.parts > 1:
            return 1
        sides = sides_of(self.load)
        factor = min(facts.height / sides.height, facts.width / sides.width)
        return 8 if factor >= 8 else 4 if factor >= 4 else 2 if factor >= 2 else 1

    @property
    def path(self) -> Path:
        """Where the pack lies: its name follows from the files' contents and all else that it depends on."""
        said: list[object] = [FORMAT, self.channels, self.load, self.parts, [file.digest for file in self.files]]
        said += ["nearest", "values"] if self.nearest else []
        return cache_folder() / "images" / f"{digest_of(json.dumps(said).encode())}.pack"


def packed(
    packing: Packing, *, skip_bad: bool = False, workers: int = 0, progress: ReportProgress | None = None
) -> Pack:
    """Return the pack of these files, which is made unless it is there.

    Raises BadFilesError where files cannot be decoded, unless skip_bad, and DataError where the pack cannot be written.
    """
    path = packing.path
    if not Pack(path).is_whole:
        try:
            with cached(path) as stream:
                _write(packing, cast(BinaryIO, stream), skip_bad, workers, progress)
        except OSError as error:
            # Windows does not replace a file that is mapped: the one that another process wrote will do.
            if not Pack(path).is_whole:
                raise DataError(
                    f"the decoded images cannot be written to {path.parent}: {(error.strerror or str(error)).lower()}",
                    "Make room there, or name another folder in the environment variable GANTK_CACHE.",
                ) from None
    # So that it is not the first to go where room is made.
    with suppress(OSError):
        os.utime(path)
    pack = Pack(path)
    if pack.bad and not skip_bad:
        raise BadFilesError(
            {packing.files[number].path: reason for number, reason in pack.bad.items()}, len(packing.files)
        )
    return pack


def _write(packing: Packing, stream: BinaryIO, skip_bad: bool, workers: int, progress: ReportProgress | None) -> None:
    table = np.zeros(len(packing.files) * packing.parts, RECORD)
    bad: dict[int, str] = {}
    values: set[int] = set()
    dtype = packing.files[0].facts.dtype if packing.files else "uint8"

    with quiet_decoders():
        images = in_order(
            lambda file: _prepared(file, packing), packing.files, workers, lambda file: file.facts.decoding
        )
        for number, (_, result) in enumerate(images):
            if isinstance(result, str):
                bad[number] = result
            else:
                for part, (image, low, high, found) in enumerate(result):
                    values |= set(found) if len(values) <= MOST else set()
                    record = (stream.tell(), *image.shape, low, high)
                    # After the first bad file the pack is lost; the others are decoded to find all that are bad.
                    if skip_bad or not bad:
                        table[number * packing.parts + part] = record
                        stream.write(np.ascontiguousarray(image).data)
            if progress:
                progress(number + 1, len(packing.files))
    if bad and not skip_bad:
        raise BadFilesError({packing.files[number].path: reason for number, reason in bad.items()}, len(packing.files))
    write_table(stream, table, dtype, bad, sorted(values))


def _prepared(file: ImageFile, packing: Packing) -> Sequence[tuple[Array, float, float, Sequence[int]]] | str:
    """Return a file's images with the least and the greatest value of each, or why it cannot be used.

    With them are the values of label maps.
    """
    try:
        data = read_file(file.path)
        if digest_of(data) != file.digest:
            raise DataError("changed while it was being read")
        facts, divisor = file.facts, packing.divisor(file.facts)
        image = with_channels(decode(data, divisor), facts.alpha, packing.channels)
        parts = np.split(image, packing.parts, axis=1)
        return [
            (
                _sized(part, packing, (facts.height, facts.width // packing.parts), divisor),
                float(part.min()),
                float(part.max()),
                values_in(part) if packing.nearest else (),
            )
            for part in parts
        ]
    except DataError as error:
        return str(error)


def _sized(image: Array, packing: Packing, whole: tuple[int, int], divisor: Divisor) -> Array:
    """Return an image as it is packed. It has `whole`, a height and width, where it was not decoded smaller."""
    load = packing.load
    if load is None:
        return image
    height, width = whole
    sides = sides_of(load)
    if height * width * max(sides.height / height, sides.width / width) ** 2 > MAX_PIXELS:
        wanted = f"a shorter side of {load}" if sides.is_square else f"cover {sides.width}x{sides.height}"
        raise DataError(f"is {width}x{height} pixels, too thin to be scaled to {wanted}")
    return scaled(
        image, sides, nearest=packing.nearest, whole=whole, divisor=1 if image.shape[:2] == whole else divisor
    )
