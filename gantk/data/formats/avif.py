"""AVIF files (AOMedia, "AV1 Image File Format"), whose code may hold a larger image than their head says."""

from collections.abc import Iterable

from gantk.data.formats.bits import Bits
from gantk.data.formats.boxes import Piece, boxes, first_samples, items
from gantk.data.formats.parted import Metadata, Parted
from gantk.errors import DataError

_UNITS = 2**16
"""Units of code that are looked at in a file."""

_SEQUENCE = 1
"""The type of the unit that says how large images are at most."""

_HEAD = 256
"""Bytes of that unit that are read: it is some dozen bytes long."""


def part_avif(data: bytes) -> Parted:
    """Return an AVIF without its EXIF data, with the size that it holds. Raises DataError for a damaged one."""
    found = boxes(data)
    changed, exif = bytearray(data), b""
    codes: set[tuple[Piece, ...]] = {(piece,) for piece in first_samples(data, found)}
    for item in items(data, found):
        if item.kind == b"Exif":
            # Decoders pass over what they do not know.
            changed[item.place : item.place + 4] = b"none"
            content = _joined(data, item.pieces[:1])
            exif = content[4 + int.from_bytes(content[:4], "big") :]
        elif item.kind == b"av01":
            codes.add(item.pieces)
    if sum(end - start for code in codes for start, end in code) > 2 * len(data):
        raise DataError("is damaged: it holds the same bytes in several places")
    return Parted(bytes(changed), Metadata(exif), holds=_largest(_joined(data, code) for code in codes))


def _joined(data: bytes, pieces: Iterable[Piece]) -> bytes:
    return b"".join(data[start:end] for start, end in pieces)


def _largest(codes: Iterable[bytes]) -> tuple[int, int]:
    holds, left = (0, 0), _UNITS
    for code in codes:
        place = 0
        while place < len(code):
            left -= 1
            if not left:
                raise DataError(f"is damaged: its code consists of more than {_UNITS:,} units")
            kind, content, place = _unit(code, place)
            if kind == _SEQUENCE:
                holds = max(holds, _size(code[content : content + _HEAD]), key=lambda size: size[0] * size[1])
    return holds


def _unit(data: bytes, place: int) -> tuple[int, int, int]:
    """Return a unit's type, where its content begins, and where the next unit begins (AV1 specification, 5.3)."""
    head = data[place]
    place += 2 if head & 4 else 1
    if not head & 2:
        return head >> 3 & 15, place, len(data)
    size = 0
    for number in range(8):
        byte = data[place] if place < len(data) else 0
        size |= (byte & 127) << 7 * number
        place += 1
        if not byte & 128:
            break
    return head >> 3 & 15, place, place + size


def _size(data: bytes) -> tuple[int, int]:
    """Return the largest width and height that a sequence header says (AV1 specification, 5.5)."""
    bits = Bits(data)
    bits.take(4)
    if bits.take(1):
        bits.take(5)
    else:
        _skip_timing(bits)
    width, height = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width) + 1, bits.take(height) + 1


def _skip_timing(bits: Bits) -> None:
    delay, modelled = 0, 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            zeros = 0
            while not bits.take(1) and zeros < 32:
                zeros += 1
            bits.take(zeros)
        modelled = bits.take(1)
        if modelled:
            delay = bits.take(5) + 1
            bits.take(42)
    delayed = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if modelled and bits.take(1):
            bits.take(2 * delay + 1)
        if delayed and bits.take(1):
            bits.take(4)
