"""The formats that are read, by training, by the runtime and by servers alike; a file's first bytes say which it is."""

from collections.abc import Mapping

TIFF = "TIFF"
NUMPY = "NPY"
HEIF = "HEIF"

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    TIFF: (".tif", ".tiff"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpx", ".jpf", ".j2c"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    HEIF: (".heic", ".heif", ".hif"),
    NUMPY: (".npy",),
}
"""Endings of file names, in lower case, by format; the formats bear Pillow's names."""

SUFFIXES = frozenset(ending for endings in ENDINGS.values() for ending in endings)
"""Endings of the files that are taken from folders as images, in lower case; others are passed over."""

SHOWN = tuple(sorted(endings[0] for endings in ENDINGS.values()))
"""An ending of each format, for messages."""

PILLOW = tuple(name for name in ENDINGS if name not in (HEIF, NUMPY))
"""The formats that Pillow reads by itself. It knows more, some of which start other programs."""

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"\x93NUMPY", NUMPY),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    *((start, TIFF) for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((b"P%d" % kind, "PPM") for kind in range(1, 7)),
)
NO_IMAGE = "is no image, or one of a kind that cannot be read"
_OTHERS = (
    (b"PK\x03\x04", "is an archive, such as numpy.savez writes: save each image by itself, an array with numpy.save"),
    (b"%!PS", "is PostScript, which is not read: save it as PNG"),
    (b"\xc5\xd0\xd3\xc6", "is PostScript, which is not read: save it as PNG"),
    (b"%PDF", "is a PDF, which is not read: save its pages as PNG"),
    (b"\x1f\x8b", "is packed by gzip: unpack it first"),
    (b"<", f"{NO_IMAGE}: it holds a text, as SVG does"),
)
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")


def format_of_content(data: bytes) -> str | None:
    """Return the format of a file's content, of which the first bytes suffice, by Pillow's name; None: none that is
    read.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _by_brands(data)
    return next((name for start, name in _STARTS if data.startswith(start)), None)


def _by_brands(data: bytes) -> str | None:
    """Return which of the two formats in ISO's container (ISO/IEC 14496-12) a file is, the major brand first."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[place : place + 4] for place in range(16, end, 4))]
    names = dict.fromkeys(_AVIF_BRANDS, "AVIF") | dict.fromkeys(_HEIF_BRANDS, HEIF)
    return next((names[brand] for brand in brands if brand in names), None)


def what_else(data: bytes) -> str:
    """Return what a file is that none of the formats is, in words that follow its name."""
    return next((said for start, said in _OTHERS if data.startswith(start)), NO_IMAGE)
