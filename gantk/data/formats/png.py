"""PNG files (W3C, "Portable Network Graphics", third edition), of which a decoder is given the pixels alone."""

import zlib

from gantk.data.formats.parted import Metadata, Parted
from gantk.errors import DataError

_CHUNKS = 2**18
"""Chunks that a file may have: one of a gibibyte, written in the usual pieces of 8 KiB, has half as many."""

_TEXT = 2**24
"""Bytes that a profile, or a text which is of use, may be unpacked to; larger ones are left out."""


def part_png(data: bytes) -> Parted:
    """Return a PNG's pixels apart from its texts, profile and further frames. Raises DataError for a damaged one."""
    kept, said, several = [memoryview(data)[:8]], Metadata(), False
    place = 8
    for _ in range(_CHUNKS):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 12 + length
        if end > len(data):
            break
        if kind == b"acTL":
            several = int.from_bytes(data[place + 8 : place + 12], "big") > 1
        # A chunk whose name begins with a capital is needed to decode the pixels; so is transparency.
        if kind[:1].isupper() or kind == b"tRNS":
            kept.append(memoryview(data)[place:end])
        elif kind in (b"eXIf", b"iCCP", b"iTXt", b"tEXt", b"zTXt"):
            said = _read(said, kind, data[place + 8 : end - 4])
        place = end
        if kind == b"IEND":
            return Parted(b"".join(kept), said, several)
    else:
        raise DataError(f"is damaged: it has more than {_CHUNKS:,} chunks")
    kept.append(memoryview(data)[place:])
    return Parted(b"".join(kept), said, several)


def _read(said: Metadata, kind: bytes, data: bytes) -> Metadata:
    """Return what is known, with what a chunk adds to it."""
    if kind == b"eXIf":
        return Metadata(data, said.xmp, said.profile)
    name, _, rest = data.partition(b"\0")
    if kind == b"iCCP":
        return Metadata(said.exif, said.xmp, _unpacked(rest[1:]))
    if name == b"XML:com.adobe.xmp" and kind == b"iTXt":
        packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        return Metadata(said.exif, _unpacked(text) if packed else text, said.profile)
    if name == b"Raw profile type exif" and not said.exif and kind in (b"tEXt", b"zTXt"):
        return Metadata(_from_digits(_unpacked(rest[1:]) if kind == b"zTXt" else rest), said.xmp, said.profile)
    return said


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(data, _TEXT)
    except zlib.error:
        return b""
    return b"" if unpacking.unconsumed_tail else text


def _from_digits(text: bytes) -> bytes:
    """Return EXIF data from a text as ImageMagick writes it: a name and a length on lines of their own, then digits."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""
