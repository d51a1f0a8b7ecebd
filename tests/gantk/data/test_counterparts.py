"""A second domain made of other images: what is made, that no pair is trained on, and what labels belong to."""

import numpy as np
import pytest

from gantk import Dataset, Group, Split
from gantk.data.counterparts import Counterpart
from gantk.data.dataset import ArrayImages
from gantk.data.degraded import degraded
from gantk.data.views import open_split


class Levels(Dataset):
    """Images (4, 4, 1) whose every value is their number, which is their label, too."""

    name, summary, kinds, classes = "levels", "levels", ("labelled",), tuple("0123456789")

    def split(self, kind, test, load):
        levels = np.arange(10)
        images = np.broadcast_to(levels[:, None, None, None], (10, 4, 4, 1)).astype(np.uint8)
        return Split((Group({"image": ArrayImages(images), "label": levels}),))

    def fingerprint(self):
        return ""


def levels(column):
    return [int(column[row].max()) for row in range(len(column))]


def test_edges_are_a_dilation_without_the_image():
    image = np.zeros((5, 5, 1), np.uint8)
    image[2, 2] = 200
    (edges,) = [Counterpart(ArrayImages(image[None]), "edges")[0]]
    expected = np.zeros((5, 5, 1), np.uint8)
    expected[1:4, 1:4] = 200
    expected[2, 2] = 0
    assert np.array_equal(edges, expected)
    assert edges.dtype == np.uint8


def test_edges_stay_in_a_window_that_does_not_begin_at_zero():
    image = np.array([-1.0, 1.0, -1.0, -1.0], np.float32).reshape(1, 1, 4, 1)
    edges = Counterpart(ArrayImages(image, window=(-1.0, 1.0)), "edges")[0]
    assert edges.flatten().tolist() == [1, -1, 1, -1]


def test_the_negative_of_the_negative_is_the_image():
    image = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    once = Counterpart(ArrayImages(image), "negative")
    assert np.array_equal(once[0], 255 - image[0])
    assert np.array_equal(Counterpart(once, "negative")[0], image[0])


def test_no_pair_is_trained_on_and_all_are_held_out():
    data = degraded(Levels(), view="negative")
    for _ in range(2):
        first, second = (group.columns for group in open_split(data, "unpaired", False, None).groups)
        a, b = levels(first["a"]), [255 - level for level in levels(second["b"])]
        assert (len(a), len(b), sorted(a + b)) == (5, 5, list(range(10)))
    assert a != sorted(a)
    pairs = open_split(data, "paired", True, None).columns
    assert levels(pairs["source"]) == [255 - level for level in levels(pairs["target"])] == list(range(10))


def test_labels_are_those_of_a_and_of_what_is_classified():
    data = degraded(Levels(), view="negative")
    first, second = (group.columns for group in open_split(data, "adapted", False, None).groups)
    assert levels(first["a"]) == first["label"].tolist()
    assert list(second) == ["b"]
    held = open_split(data, "labelled", True, None).columns
    assert [255 - level for level in levels(held["image"])] == list(held["label"])
    assert data.classes == Levels.classes
    assert data.summary == "levels; image -> negative"


def test_images_without_labels_have_none():
    class Plain(Levels):
        kinds = ("images",)

        def split(self, kind, test, load):
            return Split((Group({"image": super().split(kind, test, load).columns["image"]}),))

    assert degraded(Plain(), view="edges").kinds == ("paired", "unpaired")


@pytest.mark.parametrize("made", ["edges", "negative"])
def test_single_images_are_those_of_the_second_domain(made):
    data = degraded(Levels(), view=made)
    image = open_split(data, "images", True, None).columns["image"]
    assert levels(image) == levels(open_split(data, "paired", True, None).columns["target"])
