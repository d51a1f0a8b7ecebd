"""The table of kinds: what it says agrees with itself and with the book, and a plugin's own kind is taken like it."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from gantk import ArrayImages, DataError, Dataset, Group, Kind, PluginError, Split
from gantk.data.batches import Crops, TrainingBatches
from gantk.data.kinds import IMAGE_KEYS, KINDS, aligned_keys, kind_called, poorest, second_sides, served
from gantk.data.views import Turned, open_split

BOOK = Path(__file__).parents[3] / "docs" / "data.md"

STEREO = Kind(
    "stereo",
    {"left": "images", "right": "images"},
    sides=("left", "right"),
    serves={"images": {"image": "left"}, "paired": {"source": "left", "target": "right"}},
)

GREY = Kind("grey", {"grey": "images"}, served_by={"images": {"grey": "image"}}, cure="any images will do")


class Stereo(Dataset):
    name, summary, kinds = "stereo", "two views of levels", (STEREO,)

    def split(self, kind, test, load):
        levels = np.arange(6, dtype=np.uint8)[:, None, None, None]
        left = np.broadcast_to(levels, (6, load, load, 1)).copy()
        return Split((Group({"left": ArrayImages(left), "right": ArrayImages(left + 100)}),))

    def fingerprint(self):
        return "of two views"


def test_the_table_agrees_with_itself():
    for kind in KINDS.values():
        assert set(kind.served_by) <= set(KINDS)
        assert set(kind.sides) <= set(kind.keys("images"))
        for richer, view in kind.served_by.items():
            if not callable(view):
                assert set(view) == set(kind.columns)
                assert set(view.values()) <= set(KINDS[richer].columns)
    assert {poorest(key) for key in IMAGE_KEYS} <= set(KINDS)
    assert second_sides() >= set(aligned_keys()).intersection(second_sides()) | {"target"}


def test_every_kind_that_a_folder_may_lack_says_how_to_have_it():
    # Of any image there are images; points come from data sets alone.
    assert [kind for kind in KINDS.values() if not kind.cure] == ["points", "images"]


def test_the_book_has_the_same_table():
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|", BOOK.read_text("utf-8"), re.MULTILINE)
    assert {name: tuple(re.findall(r"\w+", keys)) for name, keys in rows} == {
        kind: kind.keys() for kind in KINDS.values()
    }


def test_a_kind_of_a_plugin_serves_poorer_ones_and_is_turned():
    assert served(Stereo().kinds) == ("stereo", "paired", "images")
    assert open_split(Stereo(), "images", False, 4).columns["image"][3].max() == 3
    turned = open_split(Turned(Stereo()), "stereo", False, 4).columns
    assert [turned[key][0].max() for key in ("left", "right")] == [100, 0]


def test_a_recipe_s_own_kind_is_served_by_what_it_names():
    assert open_split(Stereo(), STEREO, False, 4).columns["right"][0].max() == 100
    with pytest.raises(DataError, match=r"needs grey ones; .*; any images will do"):
        open_split(Stereo(), GREY, False, 4)
    batches = TrainingBatches(
        dataset=_Single(), kind=GREY, crops=Crops(size=4), seed=0, device=torch.device("cpu"), batch_size=lambda: 3
    )
    assert next(batches)["grey"].shape == (3, 1, 4, 4)


def test_a_kind_that_lacks_a_column_is_refused():
    class Halved(Stereo):
        def split(self, kind, test, load):
            return Split((Group({"left": super().split(kind, test, load).columns["left"]}),))

    with pytest.raises(PluginError, match="data set stereo gives stereo batches of left, without 'right'"):
        open_split(Halved(), "stereo", False, 4)


def test_what_is_known_of_a_kind_comes_from_who_states_it():
    assert kind_called("stereo", *Stereo.kinds).keys("images") == ("left", "right")
    assert kind_called("stereo").keys() == ()
    assert kind_called("paired", "paired") is KINDS["paired"]


def test_a_copied_kind_knows_what_it_knew():
    for again in (copy.deepcopy(STEREO), pickle.loads(pickle.dumps(STEREO))):
        assert again == "stereo"
        assert vars(again) == vars(STEREO)


class _Single(Stereo):
    kinds = ("images",)

    def split(self, kind, test, load):
        return Split((Group({"image": super().split(kind, test, load).columns["left"]}),))
