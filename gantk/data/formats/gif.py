"""GIF files (CompuServe, "Graphics Interchange Format", version 89a), of which a decoder is given the first image."""

from gantk.data.formats.parted import Parted
from gantk.errors import DataError

_BLOCKS = 2**20
"""Pieces of at most 255 bytes that are looked at: those of a first image of 267 MB, written as usual."""

_EXTENSION, _IMAGE = 0x21, 0x2C
_CONTROL = 0xF9


def part_gif(data: bytes) -> Parted:
    """Return a GIF's first image apart from comments and from further images. Raises DataError for a damaged one."""
    place = 13 + _colours(data[10:11])
    kept = [memoryview(data)[:place]]
    walk = _Walk(data)
    image: memoryview | None = None
    while place < len(data) and data[place] in (_EXTENSION, _IMAGE):
        start = place
        if data[place] == _EXTENSION:
            place = walk.after(place + 2)
            if data[start + 1 : start + 2] == bytes([_CONTROL]) and image is None:
                kept.append(memoryview(data)[start:place])
            continue
        if image is not None:
            return Parted(b"".join([*kept, image, b";"]), several=True)
        # A descriptor of ten bytes, the image's own colours, how many bits a code has, and the codes.
        place = walk.after(place + 11 + _colours(data[place + 9 : place + 10]))
        image = memoryview(data)[start:place]
    # What is cut short must not look whole.
    end = b";" if image is not None and place <= len(data) else b""
    return Parted(b"".join([*kept, memoryview(data)[place:] if image is None else image, end]))


def _colours(flags: bytes) -> int:
    """Return how many bytes of colours follow, which a byte of flags says."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


class _Walk:
    """Goes over pieces, each of which begins with its length, and counts them."""

    def __init__(self, data: bytes) -> None:
        self.data, self.left = data, _BLOCKS

    def after(self, place: int) -> int:
        """Return where the next thing begins, behind the pieces that begin at `place` and end with an empty one."""
        data, left = self.data, self.left
        while place < len(data) and data[place]:
            place += 1 + data[place]
            left -= 1
            if not left:
                raise DataError(f"is damaged: it consists of more than {_BLOCKS:,} pieces")
        self.left = left
        return place + 1
