"""What happens to low resolutions besides: blur, noise and compression, drawn from the sample's seed."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gantk import UsageError
from gantk.data.cropping import Cropping
from gantk.data.dataset import ArrayImages, Group, Split
from gantk.data.infos import image_infos
from gantk.data.kinds import scaled
from gantk.data.samples import read_rows
from gantk.data.worn import Worn
from gantk.errors import DataError
from gantk.parts.settings import Settings

RANDOM = np.random.default_rng(0)
WINDOW = (0.0, 255.0)


def group(worn, images=None):
    held = Split((Group({"image": images or ArrayImages(RANDOM.integers(0, 256, (3, 16, 16, 3), np.uint8))}),))
    view = scaled(2, "area", worn).served_by["images"]
    return view(held).groups[0]


def test_a_blur_is_a_gaussian_and_keeps_the_mean():
    point = np.zeros((33, 33, 1), np.float32)
    point[16, 16] = 1
    blurred = Worn(blur=2.0)(point, (0.0, 1.0), RANDOM)[..., 0]
    apart = np.arange(33) - 16
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    assert (blurred.sum(0) * apart**2).sum() == pytest.approx(4, rel=0.01)
    assert np.allclose(blurred, np.outer(blurred.sum(1), blurred.sum(0)), atol=1e-6)
    assert (Worn(blur=0.0)(point, (0.0, 1.0), RANDOM) == point).all()


def test_noise_has_the_stated_deviation_and_a_jpeg_its_quality():
    grey = np.full((64, 64, 3), 128, np.uint8)
    assert Worn(noise=20.0)(grey, WINDOW, RANDOM).astype(float).std() == pytest.approx(20, rel=0.03)
    image = RANDOM.integers(0, 256, (16, 16, 3), np.uint8)
    stream = BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=40)
    assert (Worn(jpeg=40)(image, WINDOW, RANDOM) == np.asarray(Image.open(stream))).all()
    assert Worn(jpeg=40)(image[..., :1], WINDOW, RANDOM).shape == (16, 16, 1)


def test_a_number_between_two_is_drawn_for_each_sample_from_its_seed():
    wearing = group(Worn(noise=(0.0, 60.0)))
    cut = Cropping(16, random=True, flip=False)
    first, again = (read_rows(wearing, [0, 0], cut, [(1,), (2,)]) for _ in range(2))
    assert (first["low"] == again["low"]).all()
    assert (first["low"][0] != first["low"][1]).any()
    plain = read_rows(group(Worn(), wearing.columns["high"]), [0, 0], cut, [(1,), (2,)])
    assert (first["high"] == plain["high"]).all()
    deviations = [float(np.std(first["low"][row].astype(float) - plain["low"][row])) for row in (0, 1)]
    assert abs(deviations[0] - deviations[1]) > 1
    held_out = [read_rows(wearing, [0], cut, [()])["low"] for _ in range(2)]
    assert (held_out[0] == held_out[1]).all()


def test_low_resolutions_say_what_they_are():
    infos = image_infos(Split((group(Worn(blur=1.0)),)))
    assert {key: info.shrink for key, info in infos.items()} == {"low": 2, "high": 1}


def test_what_cannot_be_is_one_line():
    with pytest.raises(DataError, match="only images of 1 or 3 channels can be JPEGs, not those of 4"):
        group(Worn(jpeg=50), ArrayImages(np.zeros((1, 8, 8, 4), np.uint8)))
    with pytest.raises(DataError, match="only images of 8 bits can be JPEGs, not float32"):
        Worn(jpeg=50)(np.zeros((8, 8, 1), np.float32), WINDOW, RANDOM)
    for said in ({"shrink_jpeg": (0, 50)}, {"shrink_blur": -1.0}, {"shrink_noise": (0, 300)}):
        with pytest.raises(UsageError, match=f"setting {next(iter(said))}"):
            Settings(**said)
