"""Label maps: the classes of their values, and what cannot be one."""

import numpy as np
import pytest
import torch

from gantk import ArrayImages, DataError, LabelMaps, Palette, from_window, to_window
from gantk.data.palettes import palette_of, values_in


def test_a_palette_is_read_and_said_alike():
    palette = Palette.read(["7 old town #0a141e", "", "0 sky"])
    assert palette.names == ("old town", "sky")
    assert palette.colours[0] == (10, 20, 30)
    assert Palette.read(palette.entries) == palette
    colours = Palette.read(["0x0a141e road", "#000000 nothing"])
    assert colours.values == ((10, 20, 30), (0, 0, 0))
    assert Palette.read(colours.entries) == colours


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["road"], "'road' is no class: say a value and a name"),
        (["1 a", "1 b"], "every class needs a value of its own"),
        (["1 a", "0x000000 b"], "all of them grey values or all colours"),
        ([], "every class needs"),
    ],
)
def test_what_is_no_palette_is_refused(entries, said):
    with pytest.raises(DataError, match=said):
        Palette.read(entries)


def test_values_become_ids_and_ids_colours_and_one_hot_numbers():
    palette = Palette(((255,), (0,), (7,)), colours=((255, 0, 0), (0, 255, 0), (0, 0, 255)))
    maps = LabelMaps(ArrayImages(np.array([[[0, 7], [255, 0]]], np.uint8)[..., None]), palette)
    ids = torch.from_numpy(maps[0])[None, :, :, 0].long()
    assert ids.tolist() == [[[1, 2], [0, 1]]]
    assert to_window(palette.coloured(ids))[0, :, 1, 0].tolist() == [255, 0, 0]
    assert palette.one_hot(ids).argmax(1).equal(ids)
    assert palette.one_hot(ids).sum(1).eq(1).all()
    with pytest.raises(DataError, match="holds the value 3, which is no class"):
        palette.ids(np.full((1, 1, 1), 3, np.uint8))


def test_pictures_are_no_label_maps():
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    with pytest.raises(DataError, match="more than 4096 values"):
        palette_of(values_in(noise), 3)
    with pytest.raises(DataError, match="neither whole numbers from 0 nor colours"):
        palette_of(values_in(np.full((2, 2, 1), 0.5, np.float32)), 1)


def test_windows_go_there_and_back():
    values = np.array([100.0, 350.0, 600.0])
    assert from_window(values, (100, 600)).tolist() == [-1, 0, 1]
    assert to_window(from_window(values, (100, 600)), (100, 600)).tolist() == values.tolist()
