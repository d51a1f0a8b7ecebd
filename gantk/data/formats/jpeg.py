"""JPEG files (ITU-T T.81), of which a decoder is given the pixels alone."""

from gantk.data.formats.limits import MAX_PIXELS
from gantk.data.formats.parted import Metadata, Parted
from gantk.errors import DataError

_SEGMENTS = 2**16
"""Segments that may precede the pixels: a few dozen are usual."""

_SCANS = 200
"""A progressive JPEG has some ten scans; each costs a pass over the image, and a few bytes are one."""

_PASSES = 20
"""Passes over as many pixels as the largest image has, all scans together."""

_START_OF_SCAN = 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
_ALONE = {0x00, 0x01, *range(0xD0, 0xD8), 0xFF}
"""What is no segment: fillers, and markers that stand by themselves."""

_EXIF, _XMP, _PROFILE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"


def part_jpeg(data: bytes) -> Parted:
    """Return a JPEG's pixels apart from its EXIF data, comments and the like. Raises DataError for a damaged one."""
    kept, place = [memoryview(data)[:2]], 2
    exif: list[bytes] = []
    profile: list[tuple[int, bytes]] = []
    xmp, pixels = b"", 0
    for _ in range(_SEGMENTS):
        # Decoders pass over what is no marker.
        found = data.find(b"\xff", place)
        place = found if found >= 0 else len(data)
        marker = data[place + 1] if place + 1 < len(data) else None
        if marker in _ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker is None or marker == _START_OF_SCAN or end > len(data) or end < place + 4:
            break
        body = data[place + 4 : end]
        if marker in _FRAMES:
            pixels = int.from_bytes(body[1:3], "big") * int.from_bytes(body[3:5], "big")
        if body.startswith(_EXIF) and marker == 0xE1:
            exif.append(body[len(_EXIF) :])
        elif body.startswith(_XMP) and marker == 0xE1:
            xmp = body[len(_XMP) :]
        elif body.startswith(_PROFILE) and marker == 0xE2:
            profile.append((body[12] if len(body) > 12 else 0, body[14:]))
        # How colours are stored is said by the segments of JFIF and Adobe.
        if marker in (0xE0, 0xEE) or (marker not in _APPLICATION and marker != _COMMENT):
            kept.append(memoryview(data)[place:end])
        place = end
    else:
        raise DataError(f"is damaged: more than {_SEGMENTS:,} segments precede its pixels")
    scans = data.count(b"\xff\xda", place)
    if scans > _SCANS or scans * pixels > _PASSES * MAX_PIXELS:
        raise DataError(f"is a JPEG of {scans:,} scans, which take too long to decode: save it again")
    kept.append(memoryview(data)[place:])
    parts = b"".join(part for _, part in sorted(profile, key=lambda numbered: numbered[0]))
    return Parted(b"".join(kept), Metadata(b"".join(exif), xmp, parts))
