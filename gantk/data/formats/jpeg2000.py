"""JPEG 2000 files (ITU-T T.800), whose code may hold a larger image than their head says."""

from gantk.data.formats.limits import check_size
from gantk.data.formats.parted import Parted

_START = b"\xff\x4f\xff\x51"
"""Where code starts: two markers, then a length, capabilities, and the size of the image."""

_BYTES = 4
"""Bytes a value that the decoder takes."""


def part_jpeg2000(data: bytes) -> Parted:
    """Return a JPEG 2000 as it is, with the size that it holds. Raises DataError where that is too large."""
    holds, place = (0, 0), data.find(_START)
    while place >= 0:
        right, lower, left, upper = (
            int.from_bytes(data[place + start : place + start + 4], "big") for start in range(8, 24, 4)
        )
        channels = int.from_bytes(data[place + 40 : place + 42], "big")
        width, height = max(right - left, 0), max(lower - upper, 0)
        check_size(height, width, _BYTES * channels)
        holds = max(holds, (width, height), key=lambda size: size[0] * size[1])
        place = data.find(_START, place + 1)
    return Parted(data, holds=holds)
