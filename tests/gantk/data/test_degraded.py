"""Images beside degraded copies of them."""

import numpy as np
import pytest

from gantk.data.cropping import Cropping
from gantk.data.dataset import ArrayImages, Dataset, Group, Split
from gantk.data.degradation import Degraded
from gantk.data.degraded import Grey, Hole, Noise, degraded
from gantk.data.samples import Samples, read_rows
from gantk.errors import DataError, UsageError
from gantk_datasets.emoji import emoji
from support.commands import invoke, refusal

WHOLE = Cropping(64, random=False, flip=False)


class Held(Dataset):
    """A data set of the images that it is given."""

    name, kinds = "held", ("images",)

    def __init__(self, images):
        self.images = images

    def split(self, kind, test, load):
        return Split((Group({"image": self.images}),))

    def fingerprint(self):
        return ""


def pairs(view, test=True, **options):
    return degraded(emoji("flat"), view=view, **options).split("paired", test, None).groups[0]


def read(group, rows, seeds=None, cut=WHOLE):
    return read_rows(group, rows, cut, seeds or [()] * len(rows))


def test_without_a_view_the_data_is_as_it_was():
    data = emoji("flat")
    assert degraded(data) is data


def test_grey_is_luma():
    batch = read(pairs("colorize"), [0, 7])
    luma = batch["target"].astype(float) @ [0.299, 0.587, 0.114]
    assert batch["source"].shape == (2, 64, 64, 1)
    assert abs(batch["source"][..., 0] - luma).max() <= 0.51


def test_noise_has_the_stated_deviation():
    images = ArrayImages(np.full((1, 256, 256, 3), 128, np.uint8))
    noisy = Degraded(images, "target", Noise(20.0))[0].astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.3)
    assert noisy.std() == pytest.approx(20, rel=0.02)
    floats = ArrayImages(np.zeros((1, 256, 256, 1), np.float32), (-2.0, 2.0))
    assert Degraded(floats, "target", Noise(25.5))[0].std() == pytest.approx(0.4, rel=0.02)


def test_a_hole_is_white_and_transparent_and_all_else_is_the_image():
    batch = read(pairs("inpaint", hole=0.25), [3, 4])
    alpha = batch["source"][..., 3]
    assert np.unique(alpha).tolist() == [0, 255]
    assert [(one == 0).sum() for one in alpha] == [16 * 16] * 2
    assert (batch["source"][..., :3][alpha == 0] == 255).all()
    np.testing.assert_array_equal(batch["source"][..., :3][alpha > 0], batch["target"][alpha > 0])


@pytest.mark.parametrize("view", ["denoise", "inpaint"])
def test_in_training_each_draw_is_another_and_follows_from_the_seed(view):
    group = pairs(view, test=False)
    cut = Cropping(48, random=True, flip=True)
    samples = Samples(Split((group,)), cut, (5,))
    first, again, rows = samples.batch([0, 1]), samples.batch([0, 1]), len(group)
    np.testing.assert_array_equal(first["source"], again["source"])
    drawn = [read(group, [2], [(place,)], Cropping(64, random=True, flip=False))["source"] for place in (1, rows)]
    assert not np.array_equal(*drawn)


def test_a_copy_shows_what_its_image_shows_wherever_it_is_cut():
    group = pairs("colorize", test=False)
    batch = Samples(Split((group,)), Cropping(32, random=True, flip=True), (1,)).batch(range(8))
    grey = Grey()
    for source, target in zip(batch["source"], batch["target"], strict=True):
        np.testing.assert_array_equal(source, grey(target, (0.0, 255.0), np.random.default_rng(0)))


def test_held_out_copies_are_always_the_same():
    group = pairs("denoise")
    first = read(group, [5, 6])["source"]
    np.testing.assert_array_equal(first[1:], read(group, [6])["source"])
    # A column may be read without its images.
    alone = Group({"source": group.columns["source"]})
    np.testing.assert_array_equal(first, read(alone, [5, 6])["source"])


def test_grey_images_have_no_colours_to_lose():
    grey = ArrayImages(np.zeros((4, 8, 8, 1), np.uint8))
    data = degraded(Held(grey), view="colorize")
    with pytest.raises(DataError, match="of 3 channels can lose their colours, not those of 1"):
        data.split("paired", False, None)


@pytest.mark.parametrize(
    ("degradation", "channels", "said"),
    [
        (Grey(), 1, "of 3 channels can lose their colours, not those of 1"),
        (Hole(0.5), 4, "1 or 3 channels.*not those of 4"),
    ],
)
def test_images_that_cannot_be_degraded_so_are_refused(degradation, channels, said):
    with pytest.raises(DataError, match=said):
        degradation.channels(channels)


@pytest.mark.parametrize(
    ("view", "option", "value"),
    [("denoise", "noise", 0.0), ("denoise", "noise", 300.0), ("inpaint", "hole", 0.0), ("inpaint", "hole", 1.0)],
)
def test_what_cannot_be_is_one_line(view, option, value):
    with pytest.raises(UsageError, match=rf"data\.{option}: {value:g} is no"):
        degraded(emoji("flat"), view=view, **{option: value})


@pytest.mark.parametrize(("view", "option"), [("inpaint", "noise"), ("none", "noise"), ("denoise", "hole")])
def test_an_option_of_another_view_is_refused(view, option):
    with pytest.raises(UsageError, match=rf"data\.{option} belongs to data\.view=\w+, and data\.view is {view}"):
        degraded(emoji("flat"), view=view, **{option: 0.5})


def test_a_view_of_a_folder_trains_and_is_said(tmp_path):
    from PIL import Image

    folder = tmp_path / "photographs"
    folder.mkdir()
    images = emoji("3d").split("images", True, None).columns["image"]
    for row in range(12):
        Image.fromarray(images[row]).save(folder / f"{row}.png")
    said = ("train", "--plugin", "pix2pix", "--data", folder, "--size", "32", "--device", "cpu", "--steps", "1")
    small = ("-s", "generator.filters=4", "-s", "discriminator.filters=4", "--out", tmp_path / "run")
    told = invoke(*said, *small, "-s", "data.view=inpaint", "-s", "data.hole=0.3")
    assert "photographs" in told
    assert "a hole of 0.3 of the side -> whole" in told
    assert "data.view" in refusal(*said, "-s", "data.view=sharpen", "--out", tmp_path / "other", status=2)
