"""Images at two sizes show the same crop."""

import numpy as np
import pytest
import torch

from gantk.data.batches import Crops, TrainingBatches
from gantk.data.cropping import Cropping
from gantk.data.dataset import ArrayImages
from gantk.data.kinds import scaled
from gantk.data.shrunk import Shrunk
from gantk.data.views import open_split


def gradient(dtype=np.uint16, side=37):
    """Return a picture whose value tells the place of each pixel."""
    rows, columns = np.mgrid[0:side, 0 : side + 8]
    return ArrayImages((rows * 100 + columns).astype(dtype)[None, :, :, None], (0.0, 65535.0))


@pytest.mark.parametrize("random", [True, False])
def test_the_crops_are_of_one_place(random):
    low, high = Shrunk(gradient(np.float32), 4, "area"), gradient(np.float32)
    cut = Cropping(16, random=random, flip=True)
    places = set()
    for number in range(12):
        crops = cut.aligned({"low": low[0], "high": high[0]}, {"low": 4, "high": 1}, (number,))
        assert (crops["low"].shape, crops["high"].shape) == ((4, 4, 1), (16, 16, 1))
        assert np.allclose(crops["high"].reshape(4, 4, 4, 4).mean((1, 3)), crops["low"][:, :, 0])
        places.add(crops["high"].tobytes())
    assert len(places) > 6 if random else len(places) == 1


def test_bicubic_images_stay_in_range_and_keep_their_precision():
    edges = np.zeros((1, 32, 32, 3), np.uint8)
    edges[:, :, 13:] = 255
    small = Shrunk(ArrayImages(edges), 4)[0]
    assert (small.shape, small.dtype, small.min(), small.max()) == ((8, 8, 3), np.uint8, 0, 255)
    flat = np.full((1, 8, 8, 1), 60000, np.uint16)
    assert (Shrunk(ArrayImages(flat), 2)[0] == 60000).all()


@pytest.mark.usefixtures("home")
def test_every_kind_of_images_serves_two_sizes(rows):
    batches = TrainingBatches(
        dataset=rows(), kind=scaled(2), crops=Crops(size=4), seed=0, device=torch.device("cpu"), batch_size=lambda: 3
    )
    batch = next(batches)
    assert (batch["low"].shape, batch["high"].shape) == ((3, 3, 2, 2), (3, 3, 4, 4))
    assert list(open_split(rows(), "scaled", True, 8).columns) == ["low", "high"]
