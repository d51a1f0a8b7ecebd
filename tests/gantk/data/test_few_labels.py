"""Batches of labelled images of which only some have labels: which ones, how many of each class, and resuming."""

import pickle

import numpy as np
import pytest
import torch

from gantk import Dataset, Group, Split, few_labels, some_labels
from gantk.data.batches import Crops, TrainingBatches
from gantk.data.dataset import ArrayImages
from gantk.data.views import open_split
from gantk.errors import DataError

LABELS = [0] * 20 + [1] * 20 + [2] * 3


class Levels(Dataset):
    """Images whose every value is their number: 20 of two classes each, 3 of the last."""

    name = "levels"
    kinds = ("labelled",)
    classes = ("a", "b", "c")

    def split(self, kind, test, load):
        images = np.repeat(np.arange(len(LABELS), dtype=np.uint8), 4).reshape(-1, 2, 2, 1)
        return Split((Group({"image": ArrayImages(images), "label": LABELS}),))

    def fingerprint(self):
        return "levels"


def labels(kind):
    return np.asarray(open_split(Levels(), kind, False, None).columns["label"])


@pytest.mark.parametrize(("share", "each"), [(0.1, [2, 2, 1]), (0.5, [10, 10, 2]), (1.0, [20, 20, 3])])
def test_a_share_of_each_class_has_labels(share, each):
    found = labels(some_labels(share, 5))
    known = found >= 0
    assert np.bincount(found[known], minlength=3).tolist() == each
    assert (found[known] == np.asarray(LABELS)[known]).all()
    assert len(found) == len(LABELS)
    assert set(found[~known]) <= {-1}


@pytest.mark.parametrize(("count", "each"), [(3, [1, 1, 1]), (12, [5, 4, 3]), (43, [20, 20, 3])])
def test_few_labels_are_spread_over_the_classes(count, each):
    split = pickle.loads(pickle.dumps(open_split(Levels(), few_labels(count, 1), False, None)))
    found = np.asarray(split.columns["label"])
    assert np.bincount(found).tolist() == each
    numbers = [int(split.columns["image"][row].max()) for row in range(len(found))]
    assert [LABELS[number] for number in numbers] == found.tolist()
    assert len(set(numbers)) == count


def test_a_seed_says_which():
    assert (labels(some_labels(0.3, 1)) == labels(some_labels(0.3, 1))).all()
    assert (labels(some_labels(0.3, 1)) != labels(some_labels(0.3, 2))).any()


@pytest.mark.parametrize("count", [2, 44])
def test_what_there_is_not_is_refused(count):
    with pytest.raises(DataError, match=f"{count} labels were asked for: there are 43 labelled images .* 3 classes"):
        labels(few_labels(count, 0))


def test_a_resumed_stream_goes_on_with_the_same_labels():
    def batches():
        return TrainingBatches(
            dataset=Levels(),
            kind="labelled",
            crops=Crops(size=2),
            seed=0,
            device=torch.device("cpu"),
            batch_size=lambda: 8,
        )

    kind, first, again = some_labels(0.5, 3), batches(), batches()
    next(first.of(kind))
    again.load_state(first.state())
    ahead, behind = next(first.of(kind)), next(again.of(some_labels(0.5, 3)))
    for key in ("image", "label"):
        assert torch.equal(ahead[key], behind[key])
    assert ahead["label"].dtype == torch.int64
    assert (ahead["label"] == -1).any()


def test_data_without_labels_is_refused():
    class Plain(Levels):
        kinds = ("images",)

    with pytest.raises(DataError, match="labels are one folder a class"):
        open_split(Plain(), some_labels(0.1, 0), False, None)
