"""The directories of TIFF files and of EXIF data: read with bounds, and written anew without some of their entries."""

import struct
import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import IO

from gantk.errors import DataError

MOST = 1024
"""Directories that a file may have; each is an image, and a file of more images is none for gantk."""

_ENTRIES = 2**17
"""Entries that all directories of a file may have together."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes a value by TIFF's numbers for types."""


@dataclass(frozen=True)
class Entry:
    """An entry of a directory: a tag, and its value or where that lies.

    Attributes:
        tag: what it tells of.
        kind: TIFF's number for the type of its values.
        count: how many values there are.
        value: the field that holds the values, or where they lie.
        order: "<" or ">", the order of bytes.
    """

    tag: int
    kind: int
    count: int
    value: bytes
    order: str

    @property
    def number(self) -> int:
        """The value, where it is one whole number; else -1."""
        size = _SIZES.get(self.kind, 0)
        if self.count != 1 or self.kind not in (1, 3, 4, 13, 16, 18):
            return -1
        return int.from_bytes(self.value[:size], "little" if self.order == "<" else "big")

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return _SIZES.get(self.kind, 1) * self.count

    def content(self, data: bytes) -> bytes:
        """Return the bytes of the values, from the file's bytes."""
        if self.size <= len(self.value):
            return self.value[: self.size]
        start = int.from_bytes(self.value, "little" if self.order == "<" else "big")
        return data[start : start + self.size]


@dataclass(frozen=True)
class Directory:
    """A directory: where it lies in the file, and its entries, of which a damaged file has fewer than it says."""

    place: int
    entries: tuple[Entry, ...]

    def content(self, tag: int, data: bytes) -> bytes:
        """Return the bytes of a tag's values, from the file's bytes; nothing where it is not there."""
        return next((entry.content(data) for entry in self.entries if entry.tag == tag), b"")

    def number(self, tag: int, default: int) -> int:
        """Return a tag's value, which is one whole number."""
        return next((entry.number for entry in self.entries if entry.tag == tag and entry.number >= 0), default)


@dataclass(frozen=True)
class Header:
    """The first bytes of a file: the order of bytes, whether it is a BigTIFF, and where its first directory lies."""

    file: IO[bytes]
    order: str
    big: bool
    first: int

    def directories(self, most: int = MOST) -> Iterator[Directory]:
        """Yield up to `most` directories, one after the other. Raises DataError where they are damaged or too many."""
        place, seen, entries = self.first, set[int](), 0
        while place and len(seen) < most:
            if place in seen:
                raise DataError("is damaged: its directories name each other in a circle")
            seen.add(place)
            directory, place = self._directory(place)
            entries += len(directory.entries)
            if entries > _ENTRIES:
                raise DataError(f"is damaged: its directories have more than {_ENTRIES:,} entries")
            yield directory
        if place and most == MOST:
            raise DataError(f"holds more than {MOST:,} images: give single images")

    def _directory(self, place: int) -> tuple[Directory, int]:
        counted, entry, after = self._structs
        if place > sys.maxsize:
            raise DataError("is damaged: a directory lies outside of it")
        self.file.seek(place)
        head = self.file.read(counted.size)
        count = min(counted.unpack(head)[0], _ENTRIES + 1) if len(head) == counted.size else 0
        data = self.file.read(count * entry.size)
        whole = len(data) - len(data) % entry.size
        entries = tuple(
            Entry(tag, kind, values, value, self.order) for tag, kind, values, value in entry.iter_unpack(data[:whole])
        )
        following = self.file.read(after.size)
        return Directory(place, entries), after.unpack(following)[0] if len(following) == after.size else 0

    @property
    def _structs(self) -> tuple[struct.Struct, struct.Struct, struct.Struct]:
        forms = ("Q", "HHQ8s", "Q") if self.big else ("H", "HHI4s", "I")
        counted, entry, after = (struct.Struct(self.order + form) for form in forms)
        return counted, entry, after

    def without(self, directories: list[Directory], dropped: Container[int], data: bytes, *, alone: bool) -> bytes:
        """Return a file's bytes without some tags' entries; `alone`: so that the first directory is the only one."""
        counted, entry, after = self._structs
        changed = bytearray(data)
        for directory in directories[:1] if alone else directories:
            kept = [one for one in directory.entries if one.tag not in dropped]
            end = directory.place + counted.size + len(directory.entries) * entry.size
            following = bytes(after.size) if alone else changed[end : end + after.size]
            packed = b"".join(entry.pack(one.tag, one.kind, one.count, one.value) for one in kept)
            new = counted.pack(len(kept)) + packed + following
            changed[directory.place : directory.place + len(new)] = new
        return bytes(changed)


def read_header(file: IO[bytes]) -> Header:
    """Return the header of a TIFF file or of EXIF data. Raises DataError where it is none."""
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    version = struct.unpack(order + "H", head[2:4])[0] if order and len(head) >= 8 else 0
    if version == 42:
        return Header(file, order, False, struct.unpack(order + "I", head[4:8])[0])
    if version == 43 and len(head) == 16:
        return Header(file, order, True, struct.unpack(order + "Q", head[8:16])[0])
    raise DataError("is truncated or damaged: it has no TIFF header")
