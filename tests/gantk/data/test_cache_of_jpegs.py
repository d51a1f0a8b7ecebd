"""Large JPEGs are decoded smaller, no smaller than they are packed."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from gantk.data.cache import Packing, packed
from gantk.data.image_file import ImageFile, scan
from gantk.data.packs import PackedImages
from gantk.data.pixel_arrays import decode
from gantk.data.pixels import scaled

pytestmark = pytest.mark.usefixtures("home")


def photograph(folder: Path, height: int, width: int) -> ImageFile:
    """Write a soft JPEG."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    path = folder / "photograph.jpg"
    cv2.imwrite(str(path), cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 12), None, 0, 255, cv2.NORM_MINMAX))
    found, _ = scan([path])
    return found[path]


@pytest.mark.parametrize(
    ("size", "load", "divisor", "apart"),
    [
        ((152, 208), 152, 1, 0),
        ((152, 208), 77, 1, 0),
        ((152, 208), 76, 2, 2),
        ((152, 208), 38, 4, 2),
        ((152, 208), 19, 8, 2),
        ((152, 208), (20, 40), 4, 2),
        # Where it does not divide them, by up to half a pixel besides.
        ((151, 202), 75, 2, 4),
        ((151, 202), 16, 8, 5),
    ],
)
def test_a_jpeg_is_decoded_no_smaller_than_it_is_packed(tmp_path, size, load, divisor, apart):
    file = photograph(tmp_path, *size)
    packing = Packing((file,), channels=3, load=load)
    assert packing.divisor(file.facts) == divisor
    image = PackedImages(packed(packing), np.array([0]), 3, (0.0, 255.0))[0]
    wanted = scaled(decode(file.path.read_bytes()), (load, load) if isinstance(load, int) else load)
    assert image.shape == wanted.shape
    assert np.abs(image.astype(int) - wanted).mean() <= apart


def test_what_is_split_or_keeps_its_values_is_decoded_whole(tmp_path):
    file = photograph(tmp_path, 151, 202)
    for said in ({"load": 16, "parts": 2}, {"load": 16, "nearest": True}, {"load": None}):
        assert Packing((file,), channels=3, **said).divisor(file.facts) == 1
