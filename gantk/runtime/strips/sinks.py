"""Images that come in strips, written to their files strip by strip where the format allows."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import DataError
from gantk.install_lines import packages_line
from gantk.runtime.images import pixels_to_picture, write
from gantk.runtime.png import write_png


def write_strips(
    strips: Iterable[Array], height: int, path: Path, file_format: str | None, companions: Mapping[str, bytes]
) -> None:
    """Write strips (h, W, C) of uint8, uint16 or float32 from top to bottom, `height` rows in all.

    `file_format` is Pillow's name, None: a `.npy` file. PNG, TIFF (with tifffile, uncompressed) and `.npy` are written
    as the strips come; others, whole at the end. Raises DataError where the format cannot hold the image.
    """
    coming = iter(strips)
    first = next(coming)
    strips = chain([first], coming)
    if file_format is None:
        with path.open("wb") as file:
            shape = (height, *first.shape[1:])
            head = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, head)
            for strip in strips:
                file.write(np.ascontiguousarray(strip).data)
    elif file_format == "PNG":
        with path.open("wb") as file:
            write_png(strips, file, height, companions)
    elif file_format != "TIFF" or not _write_tiff(strips, first, height, path, companions):
        pixels = np.concatenate(list(strips))
        if pixels.dtype == np.uint16 and pixels.shape[2] > 1:
            packages = f"; TIFF needs {packages_line('tifffile')}" if file_format == "TIFF" else ""
            raise DataError(f"{file_format} cannot hold 16 bits of colour here; write a .png{packages}")
        alpha = None
        if pixels.shape[2] in (2, 4) and pixels.dtype == np.uint8:
            alpha = pixels_to_picture(np.ascontiguousarray(pixels[:, :, -1:]))
            pixels = pixels[:, :, :-1]
        write(pixels_to_picture(pixels, alpha), path, file_format, companions)


def _write_tiff(
    strips: Iterable[Array], first: Array, height: int, path: Path, companions: Mapping[str, bytes]
) -> bool:
    """Write a TIFF, the values in one piece; return False where tifffile is missing."""
    try:
        import tifffile
    except ImportError:
        return False
    _, width, channels = first.shape
    place = tifffile.imwrite(
        path,
        shape=(height, width, channels) if channels > 1 else (height, width),
        dtype=first.dtype,
        photometric="rgb" if channels in (3, 4) else "minisblack",
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        planarconfig="contig" if channels > 1 else None,
        iccprofile=companions.get("icc_profile"),
        metadata=None,
        bigtiff=height * first[0].nbytes > 2**32 - 2**25,
        returnoffset=True,
    )
    with path.open("r+b") as file:
        file.seek(place[0] if place else 0)
        for strip in strips:
            file.write(np.ascontiguousarray(strip).data)
    return True
