"""The images of one domain, as batches and as a stream of their own."""

import pickle

import numpy as np
import pytest
import torch

from gantk import Dataset, Group, Split, one_domain
from gantk.data.batches import Crops, TrainingBatches
from gantk.data.dataset import ArrayImages
from gantk.data.views import open_split
from gantk.errors import DataError


class Levels(Dataset):
    """Images whose every value is their number; even ones are of domain 0, odd ones of domain 1."""

    name = "levels"
    kinds = ("domains",)
    domains = ("even", "odd")

    def split(self, kind, test, load):
        levels = np.arange(10)
        images = np.broadcast_to(levels[:, None, None, None], (10, 4, 4, 1)).astype(np.uint8)
        return Split((Group({"image": ArrayImages(images), "domain": levels % 2}),))

    def fingerprint(self):
        return ""


@pytest.mark.parametrize("number", [0, 1])
def test_a_domains_images_alone_in_their_order(number):
    images = open_split(Levels(), one_domain(number), False, None).columns["image"]
    images = pickle.loads(pickle.dumps(images))
    assert [int(images[row].max()) for row in range(len(images))] == list(range(number, 10, 2))
    assert (images.channels, images.window, images.dtype) == (1, (0, 255), np.uint8)


def test_streams_of_domains_have_positions_of_their_own():
    def batches():
        return TrainingBatches(
            dataset=Levels(),
            kind="domains",
            crops=Crops(size=4),
            seed=0,
            device=torch.device("cpu"),
            batch_size=lambda: 2,
        )

    first, again = batches(), batches()
    for number in (0, 1, 1):
        next(first.of(one_domain(number)))
    assert first.state() == {"domain 0": 2, "domain 1": 4}
    again.load_state(first.state())
    for number in (0, 1):
        image = next(first.of(one_domain(number)))["image"]
        assert torch.equal(image, next(again.of(one_domain(number)))["image"])
        levels = ((image[:, 0, 0, 0] + 1) * 127.5).round().long()
        assert (levels % 2 == number).all()


def test_data_without_domains_is_refused():
    class Plain(Levels):
        kinds = ("images",)

    with pytest.raises(DataError, match="the recipe needs domain 1 ones.*its domains are folders with images in each"):
        open_split(Plain(), one_domain(1), False, None)
