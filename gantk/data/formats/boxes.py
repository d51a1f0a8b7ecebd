"""ISO's container of boxes (ISO/IEC 14496-12), as far as still images use it (ISO/IEC 23008-12)."""

from collections.abc import Iterator
from dataclasses import dataclass

from gantk.errors import DataError

_BOXES = 2**17
"""Boxes of a file that are looked at."""

Piece = tuple[int, int]
"""Where some bytes of a file begin and end."""

_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
"""Boxes that hold nothing but boxes."""


@dataclass(frozen=True)
class Box:
    """A box: its kind, and where its content lies in the file."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Item:
    """An image or something else that a file holds, in pieces.

    Attributes:
        kind: four letters, such as `av01`.
        place: where the kind is written in the file.
        pieces: where its bytes lie in the file.
    """

    kind: bytes
    place: int
    pieces: tuple[Piece, ...]


def boxes(data: bytes) -> list[Box]:
    """Return the boxes of a file, those within others too. Raises DataError where there are too many."""
    found: list[Box] = []
    waiting = [(0, len(data))]
    while waiting:
        for box in _row(data, *waiting.pop()):
            found.append(box)
            if len(found) > _BOXES:
                raise DataError(f"is damaged: it holds more than {_BOXES:,} boxes")
            if box.kind in _HOLDERS or box.kind == b"meta":
                waiting.append((box.start + 4 * (box.kind == b"meta"), box.end))
    return found


def items(data: bytes, found: list[Box]) -> Iterator[Item]:
    """Yield the items of a file."""
    kinds = {number: place for box in found if box.kind == b"iinf" for number, place in _kinds(data, box)}
    inside = next((box.start for box in found if box.kind == b"idat"), 0)
    for box in found:
        if box.kind == b"iloc":
            for number, pieces in _places(data, box, inside):
                if number in kinds:
                    place = kinds[number]
                    yield Item(data[place : place + 4], place, pieces)


def first_samples(data: bytes, found: list[Box]) -> Iterator[Piece]:
    """Yield where the first image of each track of a file lies."""
    widths = {b"stco": 4, b"co64": 8}
    starts = [_number(data, box.start + 8, widths[box.kind]) for box in found if box.kind in widths]
    # All images of a track are of one size, or else a table has the size of each.
    sizes = [
        _number(data, box.start + 4, 4) or _number(data, box.start + 12, 4) for box in found if box.kind == b"stsz"
    ]
    yield from ((start, start + size) for start, size in zip(starts, sizes, strict=False))


def _number(data: bytes, place: int, width: int) -> int:
    return int.from_bytes(data[place : place + width], "big")


def _row(data: bytes, place: int, end: int) -> Iterator[Box]:
    while place + 8 <= end:
        length, head = int.from_bytes(data[place : place + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        following = place + length if length else end
        if following < place + head or following > end:
            return
        yield Box(data[place + 4 : place + 8], place + head, following)
        place = following


def _kinds(data: bytes, box: Box) -> Iterator[tuple[int, int]]:
    """Yield the number of each item, and where its kind is written."""
    for one in _row(data, box.start + (6 if data[box.start] == 0 else 8), box.end):
        if one.kind == b"infe" and data[one.start] >= 2:
            width = 2 if data[one.start] == 2 else 4
            place = one.start + 4
            yield int.from_bytes(data[place : place + width], "big"), place + width + 2


def _places(data: bytes, box: Box, inside: int) -> Iterator[tuple[int, tuple[Piece, ...]]]:
    """Yield the number of each item, and where its pieces lie; those in the file's own table begin at `inside`."""
    place = box.start

    def take(width: int) -> int:
        nonlocal place
        place += width
        return int.from_bytes(data[place - width : place], "big")

    version = take(4) >> 24
    sizes = take(2)
    offset, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15 if version else 0
    for _ in range(take(2 if version < 2 else 4)):
        if place >= box.end:
            return
        number = take(2 if version < 2 else 4)
        start = inside if version and take(2) & 15 == 1 else 0
        take(2)
        start += take(base)
        pieces = []
        for _ in range(take(2)):
            if place >= box.end:
                break
            take(index)
            first = start + take(offset)
            size = take(length)
            pieces.append((first, first + size if size else len(data)))
        yield number, tuple(pieces)
