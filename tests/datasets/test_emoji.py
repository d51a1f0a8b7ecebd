import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gantk import DataError, Kind, UsageError
from gantk_datasets.emoji import DOMAINS, SHIPPED, emoji

ROOT = Path(__file__).parents[2]
TOTAL, HELD_OUT = 1570, 236
KEYS = {
    "images": [["image"]],
    "labelled": [["image", "label"]],
    "captioned": [["image", "caption"]],
    "domains": [["image", "domain"]],
    "paired": [["source", "target"]],
    "unpaired": [["a"], ["b"]],
    "layout": [["image", "layout"]],
}


@pytest.fixture(scope="module")
def index():
    return json.loads((SHIPPED / "index.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def families():
    """The part of the build script that groups near-duplicates."""
    spec = importlib.util.spec_from_file_location("families", ROOT / "datasets" / "build_emoji" / "families.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def images(domain, test):
    return emoji(domain).split("images", test, None).columns["image"].array


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(("test", "count"), [(False, TOTAL - HELD_OUT), (True, HELD_OUT)])
def test_every_kind_has_its_keys_and_rows(kind, test, count):
    split = emoji(None).split(kind, test, None)
    assert [list(group.columns) for group in split.groups] == KEYS[kind]
    rows = 3 * count if kind == "domains" else count
    for key, column in split.columns.items():
        assert len(column) == rows
        if key in ("label", "domain"):
            assert column.dtype == np.int64
        elif key == "caption":
            assert all(isinstance(name, str) and name for name in column)
        else:
            assert column[rows - 1].shape == (64, 64, 1 if key == "layout" else 3)
            assert column.dtype == np.uint8
            assert column[0].flags.writeable


def test_label_maps_are_the_flat_emoji_in_the_nearest_of_stated_colours():
    columns = emoji(None).split("layout", True, None).columns
    palette, flat = columns["layout"].palette, images("flat", True)
    assert (len(palette), palette.names[0], palette.values[0]) == (15, "white", (255, 255, 255))
    colours = np.array(palette.values, np.float64)
    for row in range(0, HELD_OUT, 50):
        apart = np.square(flat[row][:, :, None] - colours).sum(3)
        np.testing.assert_array_equal(columns["layout"][row][:, :, 0], apart.argmin(2))
        np.testing.assert_array_equal(columns["image"][row], images("3d", True)[row])
    small = emoji(None).split("layout", True, 16).columns["layout"][3]
    assert small.shape == (16, 16, 1)
    assert small.max() < 15


def test_default_is_flat_to_3d_and_single_images_show_the_target():
    paired, unpaired = (emoji(None).split(kind, True, None).columns for kind in ("paired", "unpaired"))
    for source, target in ((paired["source"], paired["target"]), (unpaired["a"], unpaired["b"])):
        np.testing.assert_array_equal(source.array, images("flat", True))
        np.testing.assert_array_equal(target.array, images("3d", True))
    for kind in ("images", "labelled", "captioned"):
        shown = emoji("3d, line").split(kind, True, None).columns["image"]
        np.testing.assert_array_equal(shown.array, images("line", True))


@pytest.mark.parametrize(
    ("first", "second", "share"), [("flat", "3d", 0.97), ("line", "flat", 0.85), ("line", "3d", 0.85)]
)
def test_a_row_is_the_same_emoji_in_two_domains(first, second, share):
    a, b = (images(domain, True).astype(np.float64) for domain in (first, second))
    aligned = np.abs(a - b).mean((1, 2, 3))
    shuffled = np.mean([np.abs(a - np.roll(b, shift, 0)).mean((1, 2, 3)) for shift in range(1, 12)], 0)
    assert (aligned < shuffled).mean() > share
    moved = [np.abs(a - np.roll(b, (y, x), (1, 2))).mean() for y, x in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    assert np.abs(a - b).mean() < min(moved)


@pytest.mark.parametrize("domain", DOMAINS)
def test_images_are_drawn_on_white(domain):
    array = np.concatenate([images(domain, test) for test in (False, True)])
    corners = array[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert ((corners > 200).all(2).mean(1) >= 0.5).mean() > 0.99
    assert array.reshape(TOTAL, -1).std(1).min() > 3
    assert domain != "line" or (array[..., :1] == array).all()


def test_domains_holds_all_three_in_order():
    columns = emoji(None).split("domains", True, None).columns
    assert emoji(None).domains == ("line", "flat", "3d")
    for number, domain in enumerate(DOMAINS):
        shown = [columns["image"][row] for row in np.flatnonzero(columns["domain"] == number)]
        np.testing.assert_array_equal(shown, images(domain, True))


def test_labels_and_captions_say_what_is_shown(index):
    data = emoji(None)
    assert data.classes[:2] == ("Smileys & Emotion", "People & Body")
    assert len(data.classes) == 9
    train = [one for one in index["emoji"] if one["split"] == "train"]
    labels = data.split("labelled", False, None).columns["label"]
    captions = data.split("captioned", False, None).columns["caption"]
    assert [data.classes[label] for label in labels] == [one["group"] for one in train]
    assert captions == [one["name"] for one in train]
    known = {one["code"]: (one["name"], one["group"]) for one in index["emoji"]}
    assert known["1f600"] == ("grinning face", "Smileys & Emotion")
    assert known["1fa85"] == ("piñata", "Activities")
    assert known["1f9d1-200d-1f680"] == ("astronaut", "People & Body")
    # A red heart is red, whatever its name says.
    heart = images("flat", False)[captions.index("red heart")][32, 32].astype(int)
    assert heart[0] > 200
    assert heart[1:].max() < 120


def test_held_out_are_fifteen_percent(index):
    assert len(index["emoji"]) == TOTAL
    assert len({one["code"] for one in index["emoji"]}) == len({one["name"] for one in index["emoji"]}) == TOTAL
    share = sum(one["split"] == "test" for one in index["emoji"]) / TOTAL
    assert abs(share - 0.15) < 0.01


def test_no_shipped_pair_across_the_split_is_near(index, families):
    assert index["near"] == families.NEAR == 20
    small = [images("flat", test).reshape(-1, 16, 4, 16, 4, 3).mean((2, 4)).reshape(-1, 768) for test in (True, False)]
    difference = families.differences(*small)
    assert difference.shape == (HELD_OUT, TOTAL - HELD_OUT)
    assert difference.min() >= index["near"]
    for row, other in ((0, 0), (3, 5), (200, 1300)):
        root_mean_square = np.sqrt(((small[0][row] - small[1][other]) ** 2).mean())
        assert difference[row, other] == pytest.approx(root_mean_square, abs=1e-9)


def test_no_name_straddles_the_split(index, families):
    sides = {}
    for one in index["emoji"]:
        sides.setdefault(families.stem(one["name"]), set()).add(one["split"])
    assert all(len(side) == 1 for side in sides.values())
    side = {one["name"]: one["split"] for one in index["emoji"]}
    for alike in (
        ("cook", "man cook", "woman cook"),
        ("prince", "princess", "person with crown"),
        ("mermaid", "merman", "merperson"),
        ("Santa Claus", "Mrs. Claus", "Mx Claus"),
        ("men\u2019s room", "women\u2019s room"),
        ("old man", "old woman", "older person"),
        ("one o\u2019clock", "seven-thirty"),
    ):
        assert len({side[name] for name in alike}) == 1


def test_the_index_states_what_the_build_script_decides(index, families):
    flat = np.empty((TOTAL, 64, 64, 3), np.uint8)
    for test in (False, True):
        flat[[(one["split"] == "test") == test for one in index["emoji"]]] = images("flat", test)
    names, codes = ([one[key] for one in index["emoji"]] for key in ("name", "code"))
    grouped = families.families(names, families.thumbnails(flat))
    assert max(map(len, grouped)) < 0.03 * TOTAL
    chosen = families.held_out(grouped, codes)
    assert chosen == {row for row, one in enumerate(index["emoji"]) if one["split"] == "test"}


def test_the_shipped_files_are_small_and_carry_their_notice():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 6e6
    notice = (SHIPPED / "NOTICE").read_text(encoding="utf-8")
    assert (ROOT / "NOTICE").read_text(encoding="utf-8").startswith(notice)
    for words in ("Copyright (c) Microsoft Corporation", "Copyright (c) 2023 LobeHub", "Permission is hereby granted"):
        assert words in notice


@pytest.mark.parametrize("load", [16, 72])
def test_load_resizes_both_sides_of_a_pair(load):
    columns = emoji(None).split("paired", True, load).columns
    for key, domain in (("source", "flat"), ("target", "3d")):
        resized = np.stack([columns[key][row] for row in range(HELD_OUT)])
        assert resized.shape == (HELD_OUT, load, load, 3)
        assert np.abs(resized.mean((1, 2)) - images(domain, True).mean((1, 2))).max() < 3


def test_load_of_its_own_size_changes_nothing():
    np.testing.assert_array_equal(emoji("3d").split("images", True, 64).columns["image"].array, images("3d", True))


@pytest.mark.parametrize("argument", ["photo", "flat,photo", "flat,flat", "line,flat,3d", "flat,", ",", "Flat"])
def test_a_wrong_argument_is_one_line_with_the_domains(argument):
    with pytest.raises(UsageError) as caught:
        emoji(argument)
    assert str(caught.value).startswith(f"data emoji:{argument}: ")
    assert "line, flat, 3d" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_domain_serves_no_pairs():
    data = emoji("line")
    assert set(data.kinds) == {"images", "labelled", "captioned", "domains"}
    with pytest.raises(DataError, match="not paired ones"):
        data.split("paired", True, None)
    with pytest.raises(DataError, match="not layout ones"):
        emoji("line,flat").split("layout", True, None)


def test_a_missing_file_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("gantk_datasets.emoji.SHIPPED", tmp_path)
    with pytest.raises(DataError, match=r"index\.json, which ships with gantk, cannot be read: install gantk again"):
        emoji(None).fingerprint()


def test_summary_quick_scale_and_fingerprint():
    data = emoji("line,flat")
    assert data.summary == "emoji: 1,570 Fluent emoji at 64 px, line -> flat, 1,334 to train, 236 held out"
    assert emoji("3d").summary == "emoji: 1,570 Fluent emoji at 64 px, 3d, 1,334 to train, 236 held out"
    assert data.licence == "MIT"
    assert data.quick("paired")["size"] == 64
    single = Kind("images", {"image": "images"}, translates=True)
    assert [data.quick(kind).get("batch_size") for kind in ("images", "unpaired", "paired", single)] == [
        32,
        None,
        None,
        4,
    ]
    assert data.quick("domains").items() >= {"size": 32, "learning_rate": 1e-3, "generator.adds_input": True}.items()
    assert data.quick("captioned").items() >= {"size": 64, "enlargement": 2, "flip": False}.items()
    assert data.quick("layout").items() >= {"batch_size": 4, "steps": 800, "normalization.generator.hidden": 16}.items()
    assert data.quick("scaled").items() >= {"size": 64, "generator.adds_input": True, "flip": False}.items()
    assert data.fingerprint() == emoji("3d").fingerprint()
    assert len(data.fingerprint()) == 64


def test_importing_and_opening_is_light():
    code = (
        "import sys; from gantk_datasets.emoji import emoji; emoji(None); "
        "print(*{'torch', 'PIL', 'cv2'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
