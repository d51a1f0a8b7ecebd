"""Decoded once, kept in their own dtype, safe against full disks and other processes."""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from gantk.data import cache, image_file
from gantk.data.cache import Packing, packed
from gantk.data.image_file import ImageFile, scan
from gantk.data.listing import images_in
from gantk.data.packs import Pack, PackedImages
from gantk.data.pixel_arrays import Divisor
from gantk.data.pixels import scaled
from gantk.errors import DataError

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photo-like images of several sizes."""
    folder, random = tmp_path / "photos", np.random.default_rng(0)
    folder.mkdir()
    for number in range(6):
        noise = random.integers(0, 256, (20 + number, 30, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.GaussianBlur(noise, (5, 5), 2))
    return folder


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that were decoded so far."""
    decoded: list[bytes] = []
    decode = cache.decode

    def counted(data: bytes, divisor: Divisor = 1) -> np.ndarray:
        decoded.append(data)
        return decode(data, divisor)

    monkeypatch.setattr(cache, "decode", counted)
    return decoded


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose content was read so far, to hash it."""
    seen: list[Path] = []
    read_file = image_file.read_file

    def counted(path: Path) -> bytes:
        seen.append(path)
        return read_file(path)

    monkeypatch.setattr(image_file, "read_file", counted)
    return seen


def files_in(folder: Path) -> tuple[ImageFile, ...]:
    found, bad = scan(images_in(folder))
    assert not bad
    return tuple(found.values())


def pixels(path: Path) -> np.ndarray:
    return cv2.imread(str(path))[:, :, ::-1]


def test_images_come_back_as_they_are(photos: Path) -> None:
    pack = packed(Packing(files_in(photos), 3, None))
    for number in range(6):
        np.testing.assert_array_equal(pack[number], pixels(photos / f"{number}.png"))


def test_images_come_back_scaled(photos: Path) -> None:
    pack = packed(Packing(files_in(photos), 3, 12))
    np.testing.assert_array_equal(pack[4], scaled(pixels(photos / "4.png"), (12, 12)))
    assert pack[4].shape == (12, 15, 3)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_images_keep_their_dtype(tmp_path: Path, dtype: type) -> None:
    (tmp_path / "deep").mkdir()
    array = (np.random.default_rng(0).random((9, 7, 5)) * 60000).astype(dtype)
    np.save(tmp_path / "deep" / "x.npy", array)
    pack = packed(Packing(files_in(tmp_path / "deep"), 5, None))
    assert pack.dtype == dtype
    np.testing.assert_array_equal(pack[0], array)
    assert (pack.table["low"][0], pack.table["high"][0]) == (array.min(), array.max())


def test_each_image_is_decoded_once(photos: Path, decodes: list[bytes]) -> None:
    packed(Packing(files_in(photos), 3, 12))
    assert sorted(decodes) == sorted(path.read_bytes() for path in images_in(photos))
    packed(Packing(files_in(photos), 3, 12))
    assert len(decodes) == 6


def test_the_same_content_elsewhere_is_not_decoded_again(photos: Path, decodes: list[bytes]) -> None:
    packed(Packing(files_in(photos), 3, 12))
    moved = photos.rename(photos.with_name("moved"))
    packed(Packing(files_in(moved), 3, 12))
    assert len(decodes) == 6


@pytest.mark.parametrize("other", [{"load": 13}, {"load": None}, {"channels": 1}, {"parts": 2}])
def test_another_size_or_form_is_another_pack(photos: Path, other: dict[str, int]) -> None:
    files = files_in(photos)
    wanted = {"channels": 3, "load": 12, "parts": 1}
    assert Packing(files, **wanted | other).path != Packing(files, **wanted).path


def test_changed_content_is_another_pack(photos: Path, decodes: list[bytes]) -> None:
    before = Packing(files_in(photos), 3, 12).path
    (photos / "5.png").replace(photos / "0.png")
    assert Packing(files_in(photos), 3, 12).path != before


def test_files_are_read_again_only_when_they_changed(photos: Path, reads: list[Path]) -> None:
    first = files_in(photos)
    assert len(reads) == 6
    assert files_in(photos) == first
    assert len(reads) == 6
    os.utime(photos / "3.png", ns=(1, 1))
    assert files_in(photos) == first
    assert reads[6:] == [photos / "3.png"]


def test_a_damaged_memory_is_made_anew(photos: Path, home: Path) -> None:
    first = files_in(photos)
    (memory,) = (home / "seen").iterdir()
    remembered = json.loads(memory.read_text())
    others = ({"0.png": [stamp[0], stamp[1], 7, "x"]} for stamp in [remembered["files"]["0.png"]])
    for damaged in (
        '{"0.png": [1, 2',
        "[]",
        "7",
        "",
        "[" * 100_000,
        json.dumps(remembered["files"]),
        json.dumps({**remembered, "files": next(others)}),
        json.dumps({**remembered, "files": dict.fromkeys(remembered["files"], "x")}),
        json.dumps({**remembered, "files": [1]}),
    ):
        memory.write_text(damaged)
        assert files_in(photos) == first


def test_a_column_is_pickled_as_its_path_alone(photos: Path) -> None:
    pack = packed(Packing(files_in(photos), 3, None))
    column = PackedImages(pack, np.array([5, 2]), 3, (0.0, 255.0))
    assert column[0].shape[0] == 25
    data = pickle.dumps(column)
    assert len(data) < 1000
    np.testing.assert_array_equal(pickle.loads(data)[1], pixels(photos / "2.png"))


def _sum(column: PackedImages, index: int) -> int:
    return int(column[index].sum())


def test_a_spawned_process_reads_a_column(photos: Path) -> None:
    pack = packed(Packing(files_in(photos), 3, None))
    column = PackedImages(pack, np.arange(6), 3, (0.0, 255.0))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(_sum, column, 3).result() == pixels(photos / "3.png").sum()


def test_images_cannot_be_written(photos: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        packed(Packing(files_in(photos), 3, None))[0][0, 0, 0] = 1


def _build(folder: Path) -> list[int]:
    pack = packed(Packing(files_in(folder), 3, 12))
    return [int(pack[number].sum()) for number in range(6)]


def test_processes_that_build_the_same_pack_at_once_are_safe(photos: Path, home: Path) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        sums = list(pool.map(_build, [photos] * 4))
    assert sums == [sums[0]] * 4
    assert [path.suffix for path in (home / "images").iterdir()] == [".pack"]


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(photos: Path, home: Path) -> None:
    # A limit on the size of files fails writes in the same place as a full disk.
    program = f"""
import resource
from pathlib import Path
from gantk.data.folders import open_folders
from gantk.errors import DataError
dataset = open_folders([Path({str(photos)!r})])
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    dataset.split("images", False, None)
except DataError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert said.stdout.startswith(f"the decoded images cannot be written to {home / 'images'}: file too large\n")
    assert "GANTK_CACHE" in said.stdout
    assert list((home / "images").iterdir()) == []


def test_a_damaged_pack_is_made_anew(photos: Path, decodes: list[bytes]) -> None:
    packing = Packing(files_in(photos), 3, None)
    path = packed(packing).path
    whole = path.read_bytes()
    for damaged in (b"", whole[:-100], whole[100:], whole[:-40] + bytes(40), bytes(len(whole)), whole[-60:]):
        decodes.clear()
        path.write_bytes(damaged)
        packed(packing)
        assert len(decodes) == 6
        assert path.read_bytes() == whole


def test_a_pack_is_on_the_disk_before_it_has_its_name(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("sync"), sync(file))[1])
    monkeypatch.setattr(Path, "replace", lambda path, to: (done.append(to.suffix), replace(path, to))[1])
    packed(Packing(files_in(photos), 3, None))
    # A folder is written through after a name in it has changed.
    assert done == ["sync", ".json", "sync", "sync", ".pack", "sync"]


def test_a_file_that_changes_between_hash_and_decoding_is_bad(photos: Path) -> None:
    packing = Packing(files_in(photos), 3, None)
    (photos / "1.png").write_bytes((photos / "2.png").read_bytes())
    with pytest.raises(DataError, match=r"1.png changed while it was being read"):
        packed(packing)


def test_an_image_too_thin_to_scale_is_bad(tmp_path: Path) -> None:
    (tmp_path / "thin").mkdir()
    cv2.imwrite(str(tmp_path / "thin" / "x.png"), np.zeros((1, 4000), np.uint8))
    with pytest.raises(DataError, match="too thin"):
        packed(Packing(files_in(tmp_path / "thin"), 1, 286))


def test_progress_counts_the_files(photos: Path) -> None:
    told: list[tuple[int, int]] = []
    packed(Packing(files_in(photos), 3, None), progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 6) for number in range(1, 7)]


def test_a_pack_without_images_is_empty(home: Path) -> None:
    assert len(packed(Packing((), 3, None)).table) == 0


def test_a_pack_is_known_by_its_end(tmp_path: Path) -> None:
    (tmp_path / "x.pack").write_bytes(b"not a pack, although it is long enough to be one")
    with pytest.raises(DataError, match="damaged"):
        _ = Pack(tmp_path / "x.pack").table


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_what_is_no_file_in_the_cache_is_made_anew(photos: Path, home: Path, what: str) -> None:
    first = files_in(photos)
    packed(Packing(first, 3, None))
    for place in [*(home / "seen").iterdir(), *(home / "images").iterdir()]:
        if what == "folder" and place.suffix == ".pack":
            continue
        place.unlink()
        if what == "pipe":
            os.mkfifo(place)
        elif what == "device":
            place.symlink_to("/dev/zero")
        else:
            place.mkdir()
    assert files_in(photos) == first
    pack = packed(Packing(first, 3, None))
    assert pack.path.is_file()
    assert not pack.path.is_symlink()
    np.testing.assert_array_equal(pack[0], pixels(photos / "0.png"))


def test_a_pack_whose_table_is_nested_without_end_is_made_anew(photos: Path) -> None:
    pack = packed(Packing(files_in(photos), 3, None))
    said = b"[" * 100_000
    pack.path.write_bytes(said + (0).to_bytes(8, "little") + len(said).to_bytes(8, "little") + b"gantk\r\n\0")
    assert not Pack(pack.path).is_whole
    assert packed(Packing(files_in(photos), 3, None)).is_whole
