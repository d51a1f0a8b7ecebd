"""CIFAR-10's binary version, written from the emoji that ship."""

import numpy as np
import pytest

from gantk import DataError
from gantk.data.resized import resized
from gantk_datasets.cifar10 import TEST, TRAIN, cifar10
from gantk_datasets.emoji import emoji


@pytest.fixture(scope="module")
def pixels():
    column = resized(emoji("3d").split("images", True, None).columns["image"].array[:12], 32)
    return np.stack([column[index] for index in range(12)])


@pytest.fixture(params=[".", "cifar-10-batches-bin"])
def folder(request, pixels, tmp_path):
    """Two images a file, in order; image i has the label i % 10."""
    place = tmp_path / request.param
    place.mkdir(exist_ok=True)
    for file, name in enumerate((*TRAIN, TEST)):
        rows = [2 * file, 2 * file + 1]
        records = [bytes([row % 10]) + pixels[row].transpose(2, 0, 1).tobytes() for row in rows]
        (place / name).write_bytes(b"".join(records))
    return place


def test_binary_files_are_read_in_order(folder, pixels, tmp_path):
    data = cifar10(str(tmp_path))
    assert data.summary == "cifar10: 12 photographs at 32 px, 10 to train, 2 held out"
    assert (data.licence, data.classes[3], data.quick("images")["size"]) == ("", "cat", 32)
    for test, rows in ((False, slice(0, 10)), (True, slice(10, 12))):
        columns = data.split("labelled", test, 32).columns
        assert np.array_equal(columns["image"].array, pixels[rows])
        assert columns["label"].tolist() == [row % 10 for row in range(12)[rows]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1], "it holds 6,145 bytes, which is not 3,073 for each image"),
        (lambda data: b"", "it holds 0 bytes"),
        (lambda data: b"\x0a" + data[1:], "it should hold labels from 0 to 9"),
    ],
)
def test_a_damaged_file_is_named(folder, change, reason):
    (folder / TRAIN[2]).write_bytes(change((folder / TRAIN[2]).read_bytes()))
    with pytest.raises(DataError, match=rf"data_batch_3\.bin is truncated or damaged: {reason}"):
        cifar10(str(folder)).split("labelled", False, None)


def test_the_pickled_version_is_refused_unread(tmp_path):
    for name in (*TRAIN, TEST):
        # Unpickled, this would raise.
        (tmp_path / name.removesuffix(".bin")).write_bytes(b"c__main__\nnothing\n(tR.")
    with pytest.raises(DataError, match=r"lacks data_batch_1\.bin, .*test_batch\.bin; take the binary version"):
        cifar10(str(tmp_path))
