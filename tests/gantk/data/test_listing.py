"""What is taken from folders, and what is passed over; no file but regular ones is ever opened."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gantk.data.folders import open_folders
from gantk.data.image_file import scan
from gantk.data.listing import in_words, look_into

pytestmark = pytest.mark.usefixtures("home")
Fill = Callable[..., Path]


def test_other_files_are_counted_by_ending(fill: Fill) -> None:
    root = fill({".": ["1.png", "2.JPG", "3.WebP"]})
    for name in ("a.txt", "b.TXT", "c.psd", "d.mp4", "README", "Mr. Smith and his dog"):
        (root / name).touch()
    for hidden in (".DS_Store", "._1.png", "Thumbs.db", "desktop.ini"):
        (root / hidden).touch()
    listing = look_into(root)
    assert [path.name for path in listing.images] == ["1.png", "2.JPG", "3.WebP"]
    assert dict(listing.passed_over) == {
        ".txt": 2, ".psd": 1, ".mp4": 1, "without ending": 1, "without an ending that is known": 1
    }  # fmt: skip
    assert "; passed over: 2 .txt, 1 .mp4, 1 .psd, " in open_folders([root]).summary


def test_many_endings_are_cut_short(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"x.e{number}").touch()
    words = in_words(look_into(tmp_path).passed_over)
    assert words == "passed over: 1 .e0, 1 .e1, 1 .e2, 1 .e3, 1 .e4, 4 others"
    assert in_words({}) == ""


def test_pipes_sockets_and_devices_are_passed_over_and_said(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fill({".": ["1"]})
    os.mkfifo(root / "pipe.png")
    os.mkfifo(root / "other.png")
    (root / "endless.png").symlink_to("/dev/zero")
    monkeypatch.chdir(root)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.png")
        dataset = open_folders([root])
    assert dict(dataset.passed_over) == {"named pipe": 2, "device": 1, "socket": 1}
    assert "passed over: 2 named pipes, 1 device, 1 socket" in dataset.summary
    assert not dataset.bad


def test_a_sparse_giant_is_a_bad_file_and_is_not_read(fill: Fill) -> None:
    root = fill({".": ["1"]})
    with (root / "giant.png").open("wb") as file:
        file.truncate(200 * 10**9)
    (reason,) = open_folders([root]).bad.values()
    assert reason.startswith("holds 200,000,000,000 bytes")


def test_a_link_that_leads_to_itself_is_a_bad_file(fill: Fill) -> None:
    root = fill({".": ["1"]})
    (root / "loop.png").symlink_to(root / "loop.png")
    assert open_folders([root]).bad == {root / "loop.png": "cannot be read: too many levels of symbolic links"}


def test_links_to_images_are_read_and_broken_ones_are_bad(fill: Fill) -> None:
    root = fill({"elsewhere": ["1"], "here": []})
    (root / "here" / "good.png").symlink_to(root / "elsewhere" / "1.png")
    (root / "here" / "broken.png").symlink_to(root / "nowhere.png")
    dataset = open_folders([root / "here"])
    assert len(dataset.arranged.train[0]) == 1
    assert list(dataset.bad) == [root / "here" / "broken.png"]


@pytest.mark.parametrize("remembered", ["[1, 2]", '{"1.png": [1, 2, "x"]}', '{"1.png": 7}', "[" * 5000, "\x00"])
def test_a_damaged_memory_of_what_was_seen_is_made_anew(fill: Fill, home: Path, remembered: str) -> None:
    root = fill({".": ["1"]})
    open_folders([root])
    (memory,) = (home / "seen").iterdir()
    whole = memory.read_text()
    memory.write_text(remembered)
    assert len(open_folders([root]).arranged.train[0]) == 1
    assert memory.read_text() == whole


def test_a_remembered_header_of_other_types_is_not_believed(fill: Fill, home: Path) -> None:
    root = fill({".": ["1"]})
    open_folders([root])
    (memory,) = (home / "seen").iterdir()
    memory.write_text(memory.read_text().replace('"uint8"', "[]"))
    assert open_folders([root]).arranged.train[0].files["image"][0].facts.dtype == "uint8"


def test_a_folder_whose_name_is_not_utf8_is_read(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    _, bad = scan([folder / os.fsdecode(b"\xfe.png")])
    assert list(bad.values()) == ["cannot be read: no such file or directory"]
