"""Generated images to files: one each, one sheet, one animation, or one array."""

import mimetypes
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.known import SHOWN, SUFFIXES
from gantk.errors import DataError, UsageError
from gantk.runtime.files import written_aside
from gantk.runtime.generation import GeneratorInputs
from gantk.runtime.images import format_of, is_picture, pixels_to_picture, write
from gantk.runtime.sheets import MOVING, sheet, write_animation


def goes_to_folder(out: Path) -> bool:
    """Return whether a name stands for a folder: it is one, or its suffix is none of an image's."""
    return out.is_dir() or not (out.suffix.lower() in SUFFIXES or format_of(out))


def check_out(out: Path, *, frames: bool) -> None:
    """Raise UsageError where images, or frames of an animation, cannot be written to that name."""
    allowed = [ending for ending in SHOWN if ending != ".gif" or frames]
    if mimetypes.guess_type(out.name)[0] and goes_to_folder(out) and not out.is_dir():
        raise UsageError(f"{out}: a file of this kind cannot be written; use {', '.join(allowed)}, or a folder")
    if goes_to_folder(out):
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out}: a file of another kind; give a folder, or a name in {', '.join(allowed)}")
    elif out.suffix.lower() not in SUFFIXES or (out.suffix.lower() == ".gif" and not frames):
        still = "; a .gif needs --walk" if out.suffix.lower() == ".gif" else ""
        raise UsageError(f"{out}: a file of this kind cannot be written; use {', '.join(allowed)}{still}")


def write_images(batches: Iterable[Array], samples: GeneratorInputs, out: Path, *, ground: float, frames: bool) -> None:
    """Write pixels, which come as batches (n, H, W, C), to a folder as they come, or all to one file.

    In a folder each has its sample's name; other files there stay. A picture's file gets one image, or a sheet on a
    ground of the value `ground`; a `.npy` file an array (N, H, W, C); frames in a `.gif` or `.webp` an animation.
    Raises DataError where such a file cannot hold the images, GantkError where it cannot be written.
    """
    images = chain.from_iterable(batches)
    if goes_to_folder(out):
        for name, image in zip(samples.names, images, strict=True):
            # A name may hold a dot, so that it is no suffix which is added here.
            path = out / f"{name}{_suffix(image)}"
            with written_aside(path) as aside:
                write(pixels_to_picture(image) if is_picture(image) else image, aside, None)
        return
    pixels = np.stack(list(images))
    file_format = format_of(out)
    if out.suffix.lower() != ".npy" and not is_picture(pixels):
        raise DataError(f"{out}: no picture holds {pixels.shape[-1]} channels of {pixels.dtype}; write a .npy file")
    with written_aside(out) as aside:
        if out.suffix.lower() == ".npy":
            write(pixels, aside, None)
        elif frames and file_format in MOVING:
            write_animation([pixels_to_picture(image) for image in pixels], aside, file_format)
        else:
            write(pixels_to_picture(sheet(pixels, ground, samples.columns)), aside, file_format)


def _suffix(image: Array) -> str:
    """Return the ending of a file that holds an image (H, W, C) without loss."""
    if not is_picture(image):
        return ".npy"
    return ".tif" if image.dtype == np.float32 else ".png"
