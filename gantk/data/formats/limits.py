"""How much is read and decoded at most: one statement for `gantk data`, `train`, `translate` and `serve`."""

from gantk.errors import DataError

MAX_PIXELS = 178_956_970
"""Largest height x width of an image that is decoded, which is where Pillow draws the line too."""

MAX_BYTES = 2**30
"""Largest number of bytes that an image decodes to, as many bytes a value as its file has."""

MAX_FILE = 2**30
"""Bytes of the largest image file that is read."""

_ROW = 16
"""Bytes that Pillow takes for each row besides its pixels."""

TOO_LARGE = f"would decode to more than {MAX_PIXELS // 10**6} million pixels, as a decompression bomb does"


def check_size(height: int, width: int, bytes_a_pixel: int = 1) -> None:
    """Raise DataError, which does not name the file, where an image has no pixels or is too large to decode."""
    if height < 1 or width < 1:
        raise DataError(f"is damaged: it says that it has {width}x{height} pixels")
    if height * width > MAX_PIXELS:
        raise DataError(TOO_LARGE)
    size = height * (width * bytes_a_pixel + _ROW)
    if size > MAX_BYTES:
        raise DataError(
            f"would decode to {size / 2**30:.1f} GiB ({width}x{height} pixels of {bytes_a_pixel} bytes): "
            f"at most {MAX_BYTES // 2**30} GiB are decoded"
        )
