"""Data sets and metrics with one fault each."""

import pytest

DATASET = """
import random

import numpy as np
from gantk import ArrayImages, DataError, Dataset, Group, Kind, Split, hookimpl

class Drawn(ArrayImages):
    def __getitem__(self, index):
        return {image}

class Mine(Dataset):
    name, summary, kinds = "mine", "grey images of one level", ("labelled",)
    classes = ("dark", "light")
    {says}

    def __init__(self, argument):
        {opened}

    def split(self, kind, test, load):
        count = 20
        levels = np.arange(count, dtype=np.uint8) + (100 if test and {apart} else 0)
        images = Drawn(np.broadcast_to(levels[:, None, None, None], (count, load, load, 1)).copy())
        return Split((Group({{"image": images, "label": {label}}}),))

    def fingerprint(self):
        return {fingerprint}

@hookimpl
def dataset():
    return Mine
"""

METRIC = """
import numpy as np
import torch
from gantk import Metric, Score, hookimpl

class Mine(Metric):
    def measure(self, subject):
        images = subject.generated(8)
        return {returned}

@hookimpl
def metric():
    return Mine
"""

SCORE = 'Score(name="mine", value={value}, better="lower", protocol="{protocol}")'


def dataset(**faulty):
    right = {
        "image": "self.array[index]",
        "says": "pass",
        "opened": "pass",
        "apart": "True",
        "label": "np.arange(count) % 2",
        "fingerprint": "'of levels'",
    }
    return DATASET.format(**right | faulty)


@pytest.mark.parametrize(
    ("faulty", "fails", "said"),
    [
        ({"says": "summary = ''"}, "opens", "states no `summary`"),
        ({"says": "kinds = ('pictures',)"}, "opens", "an unknown kind 'pictures'"),
        (
            {"says": "kinds = (Kind('levels', {'grey': 'images'}),)"},
            "batches",
            "levels, training: has no column 'grey'",
        ),
        ({"says": "classes = ()"}, "opens", "states no `classes`"),
        ({"says": "credits = 'Ada'"}, "opens", "`credits` are lines of text, in a tuple or a list"),
        ({"fingerprint": "''"}, "opens", "fingerprint() is empty"),
        ({"says": "kinds = ('labelled', 'captioned')"}, "batches", "captioned, training: has no column 'caption'"),
        ({"label": "np.arange(count) % 3"}, "batches", "`label` reaches from 0 to 2, and 2 have names"),
        ({"label": "np.arange(3) % 2"}, "batches", "the columns of a group have 20 and 3 rows"),
        ({"image": "self.array[index][..., 0]"}, "batches", "row 0 of `image` is (32, 32): an array (H, W, C)"),
        ({"image": "self.array[index].repeat(3, 2)"}, "batches", "its column says 1 of uint8"),
        ({"image": "self.array[index][:16]"}, "batches", "is 16 x 32: its shorter side must be `load`, 32"),
        ({"image": "self.array[index] + np.uint8(random.randrange(99))"}, "same-twice", "of `image` is another when"),
        ({"fingerprint": "str(random.random())"}, "same-twice", "fingerprint() differs"),
        ({"apart": "False"}, "held-out", "20 of the first 20 held-out images of `image` are trained on"),
    ],
)
def test_a_data_set_with_a_fault(faulty, fails, said, caught):
    assert said in caught(dataset(**faulty), fails)


def test_a_right_data_set_passes(check):
    report = check(dataset())
    assert report.passed, str(report)
    assert report["batches"].reason == "labelled (image, label)"
    assert "paper" not in [outcome.check for outcome in report.outcomes]


def test_a_data_set_with_a_kind_of_its_own_passes(check):
    kind = "Kind('levels', {'image': 'images', 'label': 'classes'}, serves={'images': {'image': 'image'}})"
    report = check(dataset(says=f"kinds = ({kind},)"), "opens", "batches", "same-twice", "held-out")
    assert report.passed, str(report)
    assert report["batches"].reason == "levels (image, label)"


LAYOUT = """
import numpy as np
from gantk import ArrayImages, Dataset, Group, LabelMaps, Palette, Split, hookimpl

class Mine(Dataset):
    name, summary, kinds = "mine", "two halves", ("layout",)

    def __init__(self, argument):
        pass

    def split(self, kind, test, load):
        values = np.zeros((6, load, load, 1), np.uint8)
        values[:, : load // 2] = 9
        images = ArrayImages(values + np.arange(6, dtype=np.uint8)[:, None, None, None] + 100 * test)
        maps = LabelMaps(ArrayImages(values), Palette(((0,), (9,))))
        return Split((Group({{"image": images, "layout": {column}}}),))

    def fingerprint(self):
        return "of halves"

@hookimpl
def dataset():
    return Mine
"""


def test_label_maps_are_looked_at(check, caught):
    report = check(LAYOUT.format(column="maps"), "opens", "batches", "same-twice", "held-out")
    assert report.passed, str(report)
    assert "has no palette: label maps are a column gantk.LabelMaps" in caught(
        LAYOUT.format(column="ArrayImages(values)"), "batches"
    )


def test_a_data_set_whose_files_are_not_here_is_skipped(check):
    report = check(dataset(opened='raise DataError("no images in nowhere")'), "opens", "batches")
    assert report.passed
    assert report["opens"].reason.startswith("cannot be opened here: no images in nowhere; say --data")


def metric(value="float(images.mean())", protocol="mean level", returned=None):
    return METRIC.format(returned=returned or f"[{SCORE.format(value=value, protocol=protocol)}]")


@pytest.mark.parametrize(
    ("faulty", "said"),
    [
        ({"value": "float('nan')"}, "score mine is nan"),
        ({"value": "np.random.rand()"}, "of the same seed: draw random numbers from torch alone"),
        ({"protocol": ""}, "says no name or no protocol"),
        ({"returned": "[1.0]"}, "measure() returned a float"),
        ({"returned": "[]"}, "measure() returns no scores"),
    ],
)
def test_a_metric_with_a_fault(faulty, said, caught):
    assert said in caught(metric(**faulty), "measures")


def test_a_right_metric_passes(check):
    report = check(metric())
    assert report.passed, str(report)
    assert report["measures"].reason.startswith("mine ")
