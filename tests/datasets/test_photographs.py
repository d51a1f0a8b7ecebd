import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk import DataError, UsageError
from gantk.data.degraded import degraded
from gantk.data.views import open_split
from gantk_datasets import photograph_packages
from gantk_datasets.photograph_packages import INSTALLED, listed
from gantk_datasets.photographs import HEIGHT, photographs
from gantk_datasets.scales import translation
from support.photographs import PACKAGES, write_packages

SHIPPED = [one for package in listed().values() for one in package]
TREES = ["made", "installed"] if all((INSTALLED / one.path).is_file() for one in SHIPPED) else ["made"]
"""Packages that nobody took part in, and Debian's own where they are there."""

FREE = {
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "GPL-2.0-or-later",
    "LGPL-3.0-only",
    "LicenseRef-public-domain",
}


@pytest.fixture(scope="module", params=TREES)
def opened(request, tmp_path_factory):
    if request.param == "installed":
        return photographs(None)
    folder = tmp_path_factory.mktemp("photographs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photograph_packages, "LISTED", write_packages(folder))
        return photographs(str(folder))


@pytest.fixture
def made(monkeypatch, tmp_path) -> Path:
    monkeypatch.setattr(photograph_packages, "LISTED", write_packages(tmp_path))
    return tmp_path


def test_no_photograph_is_on_both_sides_and_each_square_lies_in_its_own(opened):
    seen = []
    for test in (False, True):
        column = opened.split("images", test, 64).columns["image"]
        numbers = {int(number) for number in column.places[:, 0]}
        assert numbers <= {place for place, one in enumerate(opened.photographs) if one.held_out == test}
        assert numbers
        seen.append(numbers)
        for number, left, upper in column.places:
            height, width = opened.pack[number].shape[:2]
            assert min(height, width) == HEIGHT
            assert 0 <= left <= width - opened.side
            assert 0 <= upper <= height - opened.side
    assert not seen[0] & seen[1]


def test_squares_are_read_at_the_size_that_is_asked_for_and_travel_to_other_processes(opened):
    column = opened.split("images", True, 96).columns["image"]
    assert (column[3].shape, column[3].dtype, column.channels, column.window) == ((96, 96, 3), np.uint8, 3, (0, 255))
    np.testing.assert_array_equal(column[3], pickle.loads(pickle.dumps(column))[3])
    assert len(pickle.dumps(column)) < 100_000
    whole = opened.split("images", True, None).columns["image"]
    number, left, upper = whole.places[3]
    np.testing.assert_array_equal(whole[3], opened.pack[number][upper : upper + opened.side, left : left + opened.side])


def test_views_and_two_sizes_are_had_of_them(opened):
    for view, channels in (("colorize", 1), ("denoise", 3), ("inpaint", 4)):
        seen = degraded(opened, view=view)
        columns = open_split(seen, "paired", False, 64).columns
        assert (columns["source"][0].shape, columns["target"][0].shape) == ((64, 64, channels), (64, 64, 3))
        assert (seen.licence, seen.quick("paired")) == (opened.licence, translation("paired"))
        assert seen.credits == opened.credits
    low, high = (open_split(opened, "scaled", False, 128).columns[key][0] for key in ("low", "high"))
    assert (low.shape, high.shape) == ((32, 32, 3), (128, 128, 3))
    with pytest.raises(DataError, match="serves images batches, not labelled ones"):
        opened.split("labelled", False, 64)


def test_what_it_is_and_under_which_licence_is_said(opened):
    assert set(opened.licence.split(" AND ")) == {one.licence for one in opened.photographs}
    said = "; ".join(opened.credits)
    assert all(author in said for one in opened.photographs for author in one.authors)
    train, test = (len(opened.split("images", share, 64)) for share in (False, True))
    assert f"{train:,} of " in opened.summary
    assert f"{test:,} of " in opened.summary


def test_every_shipped_row_has_an_author_a_free_licence_and_a_photograph_of_its_own():
    assert {one.licence for one in SHIPPED} == FREE
    assert all(all(one.authors) and one.authors and re.fullmatch("[0-9a-f]{32}", one.digest) for one in SHIPPED)
    assert len({one.digest for one in SHIPPED}) == len({one.path for one in SHIPPED}) == len(SHIPPED)
    # Any package alone has something to train on, and something that is held out.
    assert all({one.held_out for one in package} == {False, True} for package in listed().values())


def test_a_square_of_one_colour_is_no_sample(made):
    column = photographs(str(made)).split("images", False, 64).columns["image"]
    assert set(column.places[:, 0]) == {0, 2}


def test_smaller_squares_are_more_and_packages_can_be_chosen(made):
    every, small, chosen = (
        photographs(str(made)),
        photographs(str(made), side=64),
        photographs(str(made), packages="hills"),
    )
    assert len(small.split("images", True, None)) > 5 * len(every.split("images", True, None))
    assert {one.package for one in chosen.photographs} == {"hills"}
    assert chosen.licence == "CC-BY-4.0 AND CC0-1.0"
    assert chosen.credits == ["CC-BY-4.0: Ben", "CC0-1.0: Ada"]
    prints = {one.fingerprint() for one in (every, small, chosen)}
    assert len(prints) == 3
    assert photographs(str(made)).fingerprint() in prints


def test_a_run_that_goes_on_finds_the_folder_from_everywhere(made, monkeypatch):
    monkeypatch.chdir(made.parent)
    assert photographs(made.name).argument == str(made)


def test_photographs_are_decoded_once(made, monkeypatch):
    first = photographs(str(made)).split("images", True, 64).columns["image"]
    monkeypatch.setattr("gantk.data.cache.decode", None)
    second = photographs(str(made)).split("images", True, 64).columns["image"]
    np.testing.assert_array_equal(first[0], second[0])


def test_a_missing_package_is_named_with_the_commands_that_bring_it(made, tmp_path, monkeypatch):
    (made / "usr/share/hills/south.jpg").unlink()
    with pytest.raises(DataError, match=r"lacks hills of Debian 12: cd \S+ && apt-get download hills && for each in "):
        photographs(str(made))
    assert len(photographs(str(made), packages="things").photographs) == len(PACKAGES["things"])
    monkeypatch.setattr(photograph_packages, "INSTALLED", made / "usr")
    with pytest.raises(DataError, match=r"lacks hills, things of .* apt-get install \S+ hills things \(as root\), or "):
        photographs(None)


def test_another_picture_of_the_same_name_is_refused(made):
    path = made / "usr/share/things/cup.jpg"
    Image.new("RGB", (400, 300)).save(path)
    with pytest.raises(DataError, match=r"cup\.jpg is not the photograph that things of Debian 12 holds"):
        photographs(str(made))
    path.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"cup\.jpg is not the photograph"):
        photographs(str(made))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"side": 16}, "data.side 16: squares have 32 to 768 pixels"),
        ({"side": 769}, "data.side 769"),
        ({"packages": "hills,moon"}, "data.packages: 'moon' is none of hills, things"),
        ({"packages": ""}, "data.packages: '' is none of"),
    ],
)
def test_what_there_is_not_is_one_line(made, options, said):
    with pytest.raises(UsageError, match=said):
        photographs(str(made), **options)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"data photographs:.*/nowhere: there is no such folder"):
        photographs(str(tmp_path / "nowhere"))
