"""Images brought to another size when they are read."""

import numpy as np
import pytest
from PIL import Image

from gantk import ArrayImages
from gantk.data.resized import ResizedImages, resized
from gantk_datasets.emoji import emoji


@pytest.fixture(scope="module")
def tiles():
    return emoji("3d").split("images", True, None).columns["image"].array[:5]


@pytest.mark.parametrize(("load", "method"), [(24, Image.Resampling.LANCZOS), (96, Image.Resampling.BICUBIC)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_resized_as_pillow_does(tiles, load, method, channels):
    column = resized(tiles[..., :channels], load)
    assert isinstance(column, ResizedImages)
    assert (len(column), column.channels, column.dtype) == (5, channels, np.uint8)
    for index in range(5):
        image = Image.fromarray(tiles[index, ..., 0] if channels == 1 else tiles[index])
        expected = np.asarray(image.resize((load, load), method)).reshape(load, load, channels)
        assert np.array_equal(column[index], expected)


@pytest.mark.parametrize("load", [None, 64])
def test_images_of_the_right_size_stay_one_array(tiles, load):
    column = resized(tiles, load)
    assert type(column) is ArrayImages
    assert column.array is tiles
