"""Batches: placed by a count of samples, the same however they are fetched, mapped to [-1, 1]."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from gantk import ArrayImages, DataError, Dataset, Group, Split, UsageError
from gantk.data.batches import Crops, TrainingBatches
from gantk.data.cropping import Cropping
from gantk.data.folders import open_folders
from gantk.data.held_out import held_out_batch, held_out_rows, holds_out
from gantk.data.kinds import served
from gantk.data.resized import resized
from gantk.data.samples import Samples
from gantk.data.stream import BatchStream, as_tensors, on_device
from gantk.data.views import open_split

CPU = torch.device("cpu")
NUMBERED = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)


def pairs(count=10, test=False):
    # The target is the source turned upside down in value, so that a pair can be told.
    rng = np.random.default_rng(0)
    source = rng.integers(0, 256, (count, 12, 12, 3), dtype=np.uint8)
    return {"source": ArrayImages(source), "target": ArrayImages(255 - source[..., :1])}


class Aligned(Dataset):
    name = "aligned"
    kinds = ("paired",)
    summary = "aligned pairs"

    def split(self, kind, test, load):
        return Split((Group(pairs(4 if test else 10)),))

    def fingerprint(self):
        return "aligned"


def stream(samples, **options):
    return BatchStream(samples, {"image": (0, 255)}, CPU, lambda: 4, **options)


def plain(seed=(3,)):
    return Samples(Split((Group({"image": ArrayImages(NUMBERED)}),)), Cropping(8, random=True, flip=True), seed)


def values(batches, count):
    return [round(float(v)) for b in islice(batches, count) for v in (b["image"][:, 0, 0, 0] + 1) * 127.5]


def test_each_pass_shows_every_image_once_in_a_new_order():
    seen = values(stream(plain()), 5)
    passes = seen[:10], seen[10:]
    assert [sorted(one) for one in passes] == [list(range(10))] * 2
    assert passes[0] != passes[1] != list(range(10))


def test_the_order_follows_from_the_seed():
    assert values(stream(plain((3,))), 2) == values(stream(plain((3,))), 2)
    assert values(stream(plain((3,))), 2) != values(stream(plain((4,))), 2)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_position_is_all_that_a_resume_needs(workers):
    whole = stream(plain())
    expected = values(whole, 6)
    first = stream(plain(), workers=workers)
    assert values(first, 2) == expected[:8]
    assert first.position == 8
    assert values(stream(plain(), position=8), 4) == expected[8:]


def test_processes_share_the_batch_of_one():
    together = stream(plain())
    together.batch_size = lambda: 8
    ranks = [stream(plain(), rank=rank, world=2) for rank in (0, 1)]
    for _ in range(3):
        whole = next(together)["image"]
        parts = torch.cat([next(rank)["image"] for rank in ranks])
        assert torch.equal(whole, parts)
    assert [rank.position for rank in ranks] == [24, 24]


def test_a_batch_size_that_changes_leaves_nothing_out():
    sizes = iter([2, 3, 5])
    growing = stream(plain())
    growing.batch_size = lambda: next(sizes)
    assert values(growing, 3) == values(stream(plain()), 3)[:10]


def test_random_numbers_of_the_training_are_not_touched():
    before = torch.get_rng_state()
    next(stream(plain()))
    assert torch.equal(before, torch.get_rng_state())


def test_a_pair_is_cut_and_mirrored_as_one():
    samples = Samples(Split((Group(pairs()),)), Cropping(8, random=True, flip=True), (1,))
    cuts = samples.batch(range(20))
    assert cuts["source"].shape == (20, 8, 8, 3)
    assert cuts["target"].shape == (20, 8, 8, 1)
    assert np.array_equal(cuts["source"][..., :1], 255 - cuts["target"])
    assert np.array_equal(samples.batch([7])["source"][0], cuts["source"][7])


def test_mirroring_happens_half_of_the_time():
    left_to_right = np.tile(np.arange(8, dtype=np.uint8)[None, None, :, None], (1, 8, 1, 3))
    samples = Samples(Split((Group({"image": ArrayImages(left_to_right)}),)), Cropping(8, random=True, flip=True), (0,))
    mirrored = Counter(samples.batch(range(200))["image"][:, 0, 0, 0].tolist())
    assert mirrored.keys() == {0, 7}
    assert 70 < mirrored[7] < 130


@pytest.mark.parametrize(
    ("dtype", "window", "low", "high"),
    [(np.uint8, (0, 255), 0, 255), (np.uint16, (0, 65535), 0, 65535), (np.float32, (-1000.0, 400.0), -1000, 400)],
)
def test_a_window_maps_to_minus_one_and_one(dtype, window, low, high):
    image = np.full((1, 2, 2, 1), low, dtype)
    image[0, 0, 0] = high
    samples = Samples(Split((Group({"image": ArrayImages(image)}),)), Cropping(2, random=True, flip=False), (0,))
    batch = next(BatchStream(samples, {"image": window}, CPU, lambda: 1))["image"]
    assert batch.shape == (1, 1, 2, 2)
    assert batch.dtype == torch.float32
    assert batch.flatten().tolist() == [1.0, -1.0, -1.0, -1.0]


@pytest.mark.parametrize(
    ("dtype", "window", "levels"),
    [(np.uint8, (0, 255), 256), (np.uint16, (0, 4095), 4096), (np.uint16, (1024, 2047), 1024)],
)
def test_a_dequantized_level_fills_its_share_of_minus_one_to_one(dtype, window, levels):
    first = window[0]
    image = np.full((1, 64, 64, 1), first + levels // 4, dtype)
    image[0, 0], image[0, 1] = first, first + levels - 1
    samples = Samples(Split((Group({"image": ArrayImages(image)}),)), Cropping(64, random=False, flip=False), (0,))
    torch.manual_seed(0)
    batch = next(BatchStream(samples, {"image": window}, CPU, lambda: 1, dequantize=True))["image"][0, 0]
    shares = (batch.double() + 1) / 2 * levels
    assert batch.dtype == torch.float32
    assert batch.min() >= -1
    assert batch.max() <= 1
    for row, level in ((0, 0), (1, levels - 1), (2, levels // 4)):
        assert level <= shares[row].min()
        assert shares[row].max() <= level + 1
    noise = shares[2:] - levels // 4
    assert noise.mean() == pytest.approx(0.5, abs=0.03)
    assert noise.var() == pytest.approx(1 / 12, abs=0.005)


def test_floats_and_label_maps_have_no_levels_that_noise_could_fill():
    values = torch.linspace(-1, 1, 16).view(1, 4, 4, 1)
    ids = torch.arange(16, dtype=torch.uint8).view(1, 4, 4, 1)
    batch = on_device({"a": values, "b": ids}, {"a": (-1, 1), "b": None}, CPU, dequantize=True)
    torch.testing.assert_close(batch["a"], values.permute(0, 3, 1, 2))
    assert torch.equal(batch["b"], ids.squeeze(3).long())


def test_labels_and_texts_come_with_their_image():
    names = [f"number {number}" for number in range(10)]
    columns = {"image": ArrayImages(NUMBERED), "label": np.arange(10), "caption": names, "domain": [3] * 10}
    batch = as_tensors(Samples(Split((Group(columns),)), Cropping(8, random=True, flip=False), (0,)).batch([5, 1]))
    assert batch["label"].tolist() == batch["image"][:, 0, 0, 0].tolist()
    assert batch["caption"] == [names[label] for label in batch["label"]]
    assert batch["label"].dtype == batch["domain"].dtype == torch.int64


@pytest.mark.parametrize("flip", [False, True])
def test_the_order_of_a_seed_is_never_another(flip):
    samples = Samples(Split((Group({"image": ArrayImages(NUMBERED)}),)), Cropping(8, random=True, flip=flip), (3,))
    expected = [9, 6, 0, 2, 1, 4, 7, 5, 3, 8, 3, 8, 9, 7, 4, 6, 1, 2, 0, 5]
    assert samples.batch(range(20))["image"][:, 0, 0, 0].tolist() == expected


class Single(ArrayImages):
    """Images that are made one by one."""

    def __getitem__(self, index):
        return super().__getitem__(int(index))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_batch_read_at_once_is_one_read_row_by_row_and_cut_by_albumentations(dtype):
    array = np.random.default_rng(0).integers(0, 256, (10, 12, 12, 3)).astype(dtype)
    augmentation = Cropping(12, random=True, flip=False)
    at_once, one_by_one = (
        Samples(Split((Group({"image": column}),)), augmentation, (4,)).batch(range(25))["image"]
        for column in (ArrayImages(array), Single(array))
    )
    assert at_once.dtype == dtype
    assert np.array_equal(at_once, one_by_one)
    albumentations = augmentation._compose([])
    assert all(np.array_equal(albumentations(image=image)["image"], image) for image in at_once)


def test_a_pair_of_which_one_side_is_made_one_by_one_stays_a_pair():
    columns = {"source": ArrayImages(NUMBERED), "target": Single(NUMBERED)}
    batch = Samples(Split((Group(columns),)), Cropping(8, random=True, flip=False), (3,)).batch(range(10))
    assert np.array_equal(batch["source"], batch["target"])


def test_what_needs_no_cut_never_reaches_albumentations(monkeypatch):
    def refuse(*_):
        raise AssertionError("albumentations was asked")

    monkeypatch.setattr(Cropping, "_compose", refuse)
    tenfold = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(6, 1).repeat(6, 2)
    for column in (ArrayImages(NUMBERED), resized(tenfold, 8)):
        split = Split((Group({"image": column}),))
        images = Samples(split, Cropping(8, random=True, flip=False), (3,)).batch(range(10))["image"]
        assert images[:, 0, 0, 0].tolist() == [9, 6, 0, 2, 1, 4, 7, 5, 3, 8]
        with pytest.raises(AssertionError, match="was asked"):
            Samples(split, Cropping(8, random=True, flip=True), (3,)).batch([0])
        with pytest.raises(AssertionError, match="was asked"):
            Samples(split, Cropping(7, random=False, flip=False), (3,)).batch([0])


def test_a_richer_kind_serves_a_poorer_one():
    assert served(("paired",)) == ("paired", "unpaired", "images", "scaled", "picture")
    assert served(("labelled",)) == ("labelled", "images", "scaled", "picture")
    apart = open_split(Aligned(), "unpaired", False, None)
    assert [list(group.columns) for group in apart.groups] == [["a"], ["b"]]
    assert list(open_split(Aligned(), "images", False, None).columns) == ["image"]
    with pytest.raises(DataError, match="aligned serves batches of the kind paired / unpaired / images.*labelled"):
        open_split(Aligned(), "labelled", False, None)


def test_unpaired_sides_are_drawn_independently():
    batches = TrainingBatches(
        dataset=Aligned(), kind="unpaired", crops=Crops(size=8), seed=0, device=CPU, batch_size=lambda: 10
    )
    batch = next(batches)
    assert not torch.equal(batch["a"][:, :1], -batch["b"])


def test_streams_have_positions_of_their_own_and_come_back():
    def open_batches():
        return TrainingBatches(
            dataset=Aligned(), kind="paired", crops=Crops(size=8), seed=0, device=CPU, batch_size=lambda: 3
        )

    batches = open_batches()
    next(batches)
    next(batches)
    next(batches.of("images"))
    assert batches.state() == {"paired": 6, "images": 3}
    expected = next(batches)["source"], next(batches.of("images"))["image"]
    resumed = open_batches()
    resumed.load_state({"paired": 6, "images": 3})
    assert resumed.state() == {"paired": 6, "images": 3}
    assert torch.equal(next(resumed)["source"], expected[0])
    assert torch.equal(next(resumed.of("images"))["image"], expected[1])


def test_whether_anything_is_held_out(tmp_path, monkeypatch):
    monkeypatch.setenv("GANTK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "images").mkdir()
    for number in range(4):
        Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(tmp_path / "images" / f"{number}.png")
    halved = open_folders([tmp_path / "images"], hold_out=0.5)
    assert holds_out(halved, "images", 8)
    assert not holds_out(halved, "picture", 8), "nothing is learned of others from one"
    assert not holds_out(open_folders([tmp_path / "images"], hold_out=0), "images", 8)


def test_held_out_batches_are_fixed_and_know_the_truth():
    first = held_out_batch(Aligned(), "unpaired", Crops(size=8), 3, CPU)
    again = held_out_batch(Aligned(), "unpaired", Crops(size=8), 3, CPU)
    assert first["a"].shape == (3, 3, 8, 8)
    assert torch.equal(first["a"], again["a"])
    torch.testing.assert_close(first["reference"], -first["a"][:, :1])
    assert len(held_out_batch(Aligned(), "paired", Crops(size=8), slice(None), CPU)["source"]) == 4


class Spotted(Dataset):
    """Ten grey images, of which those named are of one colour."""

    name = "spotted"
    kinds = ("images",)

    def __init__(self, flat):
        pixels = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), np.uint8)
        pixels[list(flat)] = 7
        self.images = ArrayImages(pixels)

    def split(self, kind, test, load):
        return Split((Group({"image": self.images}),))

    def fingerprint(self):
        return "spotted"


@pytest.mark.parametrize(
    ("flat", "shown"),
    [((), [0, 4, 9]), ((4,), [0, 5, 9]), ((9,), [0, 4, 8]), ((0, 1, 4, 5), [2, 6, 9]), (range(10), [0, 4, 9])],
)
def test_previews_pass_over_images_of_one_colour(flat, shown):
    assert held_out_rows(Spotted(flat), "images", Crops(size=8), 3) == shown


def test_previews_show_the_images_that_are_named():
    assert held_out_rows(Spotted(()), "images", Crops(size=8), [7, 0]) == [7, 0]
    with pytest.raises(UsageError, match=r"no held-out image 10; spotted has 10, counted from 0"):
        held_out_rows(Spotted(()), "images", Crops(size=8), [3, 10])
