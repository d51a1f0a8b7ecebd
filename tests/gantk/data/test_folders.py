"""Folders as a data set: channels, precision, windows, bad files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gantk.data.folders import open_folders
from gantk.data.views import open_split
from gantk.errors import DataError, UsageError
from support.data import picture

pytestmark = pytest.mark.usefixtures("cache")


def column(root: Path, load: int | None = None, **options: object):
    return open_folders([root], hold_out=0, **options).split("images", False, load).columns["image"]


@pytest.mark.parametrize(
    ("modes", "channels"),
    [(["L", "L"], 1), (["L", "RGB"], 3), (["RGBA", "RGB", "P"], 3), (["LA", "1"], 1), (["LA", "RGB"], 3)],
)
def test_channels_follow_from_what_is_there(root: Path, modes: list[str], channels: int) -> None:
    for number, mode in enumerate(modes):
        picture(number, mode).save(root / f"{number}.png")
    images = column(root)
    assert images.channels == channels
    assert {images[number].shape for number in range(len(modes))} == {(12, 16, channels)}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_can_be_asked_for(root: Path, channels: int) -> None:
    for number, mode in enumerate(["L", "RGB", "RGBA"]):
        picture(number, mode).save(root / f"{number}.png")
    images = column(root, channels=channels)
    assert [images[number].shape[2] for number in range(3)] == [channels] * 3


def test_alpha_is_laid_over_white(root: Path) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((200, 10, 10, 255), (0, 0, 4, 8))
    image.save(root / "x.png")
    assert column(root)[0][0, :, 0].tolist() == [200] * 4 + [255] * 4
    assert column(root, channels=4)[0][0, :, 3].tolist() == [255] * 4 + [0] * 4


def test_five_channels_and_three_are_an_error_naming_two_files(root: Path) -> None:
    np.save(root / "five.npy", np.zeros((8, 8, 5), np.uint8))
    picture(0).save(root / "three.png")
    with pytest.raises(DataError, match=r"three.png has 3 channels, but .*five.npy has 5"):
        column(root)


def test_channels_that_cannot_be_given_are_refused(root: Path) -> None:
    np.save(root / "five.npy", np.zeros((8, 8, 5), np.uint8))
    with pytest.raises(DataError, match=r"five.npy has 5 channels, which cannot become 3"):
        column(root, channels=3)


def test_8_and_16_bit_are_an_error_naming_two_files(root: Path) -> None:
    picture(0, "L").save(root / "a.png")
    cv2.imwrite(str(root / "b.png"), np.zeros((8, 8), np.uint16))
    with pytest.raises(DataError, match=r"b.png is uint16, but .*a.png is uint8"):
        column(root)


def test_the_two_sides_keep_their_own_channels_precision_and_window(root: Path) -> None:
    random = np.random.default_rng(0)
    for side in "AB":
        (root / side).mkdir()
    for number in range(3):
        cv2.imwrite(str(root / "A" / f"{number}.png"), random.integers(0, 4096, (9, 9)).astype(np.uint16))
        np.save(root / "B" / f"{number}.npy", random.random((9, 9, 5)).astype(np.float32))
    columns = open_folders([root], window=(0, 4095), hold_out=0).split("paired", False, None).columns
    source, target = columns["source"], columns["target"]
    assert (source.channels, str(source.dtype), source.window) == (1, "uint16", (0, 4095))
    assert (target.channels, str(target.dtype)) == (5, "float32")
    assert target.window == (min(t.min() for t in target), max(t.max() for t in target))
    assert open_folders([root], window_b=(-1, 2)).split("paired", True, None).columns["target"].window == (-1, 2)


@pytest.mark.parametrize(("dtype", "window"), [(np.uint8, (0, 255)), (np.uint16, (0, 65535))])
def test_whole_numbers_have_their_full_range_as_window(root: Path, dtype: type, window: tuple[int, int]) -> None:
    cv2.imwrite(str(root / "x.png"), np.full((8, 8), 77, dtype))
    assert column(root).window == window


def test_the_window_of_floats_is_measured_over_the_training_images_alone(root: Path) -> None:
    for share, values in {"train": [(-2, 1), (0, 5)], "test": [(-90, 90)]}.items():
        (root / share).mkdir()
        for number, (low, high) in enumerate(values):
            np.save(root / share / f"{number}.npy", np.linspace(low, high, 64).reshape(8, 8))
    dataset = open_folders([root])
    for load in (None, 4):
        for test in (False, True):
            assert dataset.split("images", test, load).columns["image"].window == (-2, 5)


def test_floats_of_one_value_have_no_window_unless_it_is_said(root: Path) -> None:
    np.save(root / "x.npy", np.full((8, 8), 3.0))
    with pytest.raises(DataError, match=r"have the one value 3: .* -s data.window=low,high"):
        column(root)
    assert column(root, window=(0, 4)).window == (0, 4)


def test_label_maps_keep_their_values_and_have_the_range_in_use_as_window(root: Path) -> None:
    for number in range(3):
        values = np.random.default_rng(number).choice([0, 7, 18], (40, 48)).astype(np.uint8)
        Image.fromarray(values).save(root / f"{number}.png")
    for load in (16, 100):
        images = column(root, load, labels="a")
        assert images.window == (0, 18)
        assert set(np.unique(images[0])) == {0, 7, 18}
    assert len(np.unique(column(root, 16)[0])) > 3
    assert column(root, 16, labels="a", window=(0, 33)).window == (0, 33)


def test_what_is_asked_is_noted_once_the_images_were_read(root: Path) -> None:
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 3).save(root / "x.png")
    dataset = open_folders([root])
    assert dataset.notes == ()
    dataset.split("images", False, None)
    (note,) = dataset.notes
    assert note.startswith("image: values 0 to 2 in 8 bits look like labels: -s data.labels=a")


@pytest.mark.parametrize("window", [(1, 1), (2, 1), (0, float("nan")), (0, float("inf"))])
def test_a_window_that_is_no_range_is_refused(root: Path, window: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match=r"data.window: .* is no range"):
        open_folders([root], window=window)


@pytest.mark.parametrize("options", [{"hold_out": 1.0}, {"hold_out": -0.1}, {"channels": 0}])
def test_options_out_of_range_are_refused(root: Path, options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"data.{next(iter(options))}"):
        open_folders([root], **options)


def spoil(root: Path) -> None:
    for number in range(4):
        picture(number).save(root / f"good{number}.png")
    (root / "text.png").write_text("not an image")
    picture(7).save(root / "cut.jpg")
    (root / "cut.jpg").write_bytes((root / "cut.jpg").read_bytes()[:-40])
    np.save(root / "nan.npy", np.full((8, 8, 3), 200, np.uint8))
    (root / "nan.npy").write_bytes((root / "nan.npy").read_bytes()[:-40])
    (root / "empty.webp").touch()
    (root / "link.bmp").symlink_to(root / "nowhere")


def test_all_bad_files_are_told_together(root: Path) -> None:
    spoil(root)
    with pytest.raises(DataError) as caught:
        open_folders([root]).split("images", False, 8)
    first, way_on = str(caught.value).splitlines()
    assert first.startswith("5 of 9 files cannot be used: ")
    assert first.endswith("; and 2 more, which `gantk data` names")
    assert "empty.webp is empty; " in first
    assert "--skip-bad" in way_on


def test_bad_files_can_be_left_out_and_are_listed(root: Path) -> None:
    spoil(root)
    dataset = open_folders([root], skip_bad=True, hold_out=0)
    assert len(dataset.split("images", False, 8)) == 4
    assert len(dataset.notes) == 5
    assert any("cut.jpg is truncated" in note for note in dataset.notes)
    assert "4 to train on, none held out; 5 bad files left out" in dataset.summary


def test_what_was_left_out_is_still_bad_to_one_who_does_not_skip(root: Path) -> None:
    spoil(root)
    open_folders([root], skip_bad=True).split("images", False, 8)
    for name in ("text.png", "nan.npy", "empty.webp", "link.bmp"):
        (root / name).unlink()
    with pytest.raises(DataError, match=r"cut.jpg is truncated"):
        open_folders([root]).split("images", False, 8)


def test_a_bad_side_leaves_out_the_pair(root: Path) -> None:
    for side in "AB":
        (root / side).mkdir()
        for number in range(3):
            picture(number + 10 * (side == "B")).save(root / side / f"{number}.png")
    path = root / "B" / "1.png"
    path.write_bytes(path.read_bytes()[:-200])
    columns = open_folders([root], skip_bad=True, hold_out=0).split("paired", False, None).columns
    for key, offset in (("source", 0), ("target", 10)):
        for row, number in enumerate((0, 2)):
            np.testing.assert_array_equal(columns[key][row], np.asarray(picture(number + offset)))


def test_nothing_left_to_train_on_is_said(root: Path) -> None:
    (root / "text.png").write_text("not an image")
    with pytest.raises(DataError, match="no image is left to train on"):
        open_folders([root], skip_bad=True).split("images", False, 8)


def test_train_and_test_are_apart_and_whole(root: Path) -> None:
    for number in range(30):
        picture(number).save(root / f"{number:02}.png")
    dataset = open_folders([root], hold_out=0.3)
    splits = [dataset.split("images", test, None).columns["image"] for test in (False, True)]
    seen = [{image.tobytes() for image in split} for split in splits]
    assert not seen[0] & seen[1]
    assert len(seen[0] | seen[1]) == 30
    train, held_out = map(len, seen)
    assert f"{train} to train on, {held_out} held out ({held_out / 0.3:.3g}% by content)" in dataset.summary


def test_a_kind_that_it_has_not_is_refused(root: Path) -> None:
    picture(0).save(root / "x.png")
    with pytest.raises(DataError, match="serves images batches, not paired ones"):
        open_folders([root]).split("paired", False, None)


def test_pairs_serve_unpaired_kinds_through_views(root: Path) -> None:
    for side in "AB":
        (root / side).mkdir()
        for number in range(3):
            picture(number + 10 * (side == "B")).save(root / side / f"{number}.png")
    split = open_split(open_folders([root], hold_out=0), "unpaired", False, None)
    assert [list(group.columns) for group in split.groups] == [["a"], ["b"]]


def test_the_fingerprint_follows_the_content(root: Path) -> None:
    for number in range(3):
        picture(number).save(root / f"{number}.png")
    before = open_folders([root]).fingerprint()
    (root / "0.png").rename(root / "00.png")
    assert open_folders([root]).fingerprint() == before
    picture(9).save(root / "1.png")
    assert open_folders([root]).fingerprint() != before


def test_an_image_in_place_of_a_folder_is_read_alone(root: Path) -> None:
    for number in range(3):
        picture(number).save(root / f"{number}.png")
    data = open_folders([root / "1.png"])
    assert (data.name, data.kinds, data.summary) == (
        "1.png",
        ("images",),
        "1.png: images without labels or pairs, 1 to train on, none held out",
    )
    (image,) = data.split("images", False, None).columns["image"]
    assert np.array_equal(image, np.asarray(picture(1)))


def test_a_picture_is_the_first_image_alone(root: Path) -> None:
    for number in range(3):
        picture(number).save(root / f"{number}.png")
    data = open_folders([root], hold_out=0)
    column = open_split(data, "picture", False, None).columns["image"]
    assert (len(column), column.others) == (1, 2)
    assert np.array_equal(column[0], np.asarray(picture(0)))
    assert not len(open_split(data, "picture", True, None).columns["image"])
