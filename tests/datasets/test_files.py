"""Looking for published files, and downloading them with bounded waiting."""

import socket
import sys

import pytest

from gantk import DataError
from gantk_datasets.cifar10 import cifar10
from gantk_datasets.fashion_mnist import fashion_mnist
from gantk_datasets.files import PATIENCE, PublishedFiles, contents
from gantk_datasets.mnist import mnist


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANTK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "datasets"


def source(download):
    return PublishedFiles("numbers", ("one.bin", "two.bin"), ("deep/raw",), download, "ask for them")


def writing(folder):
    """Download two files, and say so where a user would see it."""
    assert socket.getdefaulttimeout() == PATIENCE
    sys.stderr.write("100%")
    sys.stdout.write("done")
    (folder / "deep" / "raw").mkdir(parents=True)
    for name in ("one.bin", "two.bin"):
        (folder / "deep" / "raw" / name).write_bytes(name.encode())


def refuse(_):
    raise AssertionError("what is there was downloaded again")


def test_files_are_downloaded_once_and_when_they_are_asked_for(cache, capsys):
    fetched = source(writing).located(None)
    assert not cache.exists()
    files = fetched()
    assert {name: contents(path) for name, path in files.items()} == {"one.bin": b"one.bin", "two.bin": b"two.bin"}
    assert files["one.bin"].parent == cache / "deep" / "raw"
    assert source(refuse).located(None)() == files
    assert capsys.readouterr() == ("", "")
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("error", [OSError("no route to mirror.example"), RuntimeError("tried mirror.example\nfailed")])
def test_a_download_that_fails_says_what_to_put_where(error):
    def fail(_):
        raise error

    expected = (
        "numbers could not be downloaded: get one.bin, two.bin some other way, "
        "put them into a folder, and say --data numbers:FOLDER; ask for them"
    )
    with pytest.raises(DataError) as caught:
        source(fail).located(None)()
    assert str(caught.value) == expected
    assert socket.getdefaulttimeout() is None


def test_a_download_that_leaves_a_file_out_is_told(cache):
    with pytest.raises(DataError, match=r"lacks one\.bin, two\.bin"):
        source(lambda _: None).located(None)()


def test_the_place_with_most_files_is_read(tmp_path):
    for path in ("one.bin", "deep/raw/one.bin.gz", "deep/raw/two.bin"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    files = source(refuse).located(str(tmp_path))()
    assert {path.relative_to(tmp_path).as_posix() for path in files.values()} == {
        "deep/raw/one.bin.gz",
        "deep/raw/two.bin",
    }
    assert contents(files["one.bin"]) == b"x"


@pytest.mark.parametrize("opened", [mnist, fashion_mnist, cifar10])
def test_without_a_folder_nothing_happens_before_images_are_asked_for(opened, cache):
    data = opened(None)
    assert (data.kinds, len(data.classes)) == (("labelled",), 10)
    assert data.quick("labelled")["steps"] == 3000
    assert not cache.exists()
