"""Captions of folders: beside the images, or in one file."""

import json

import pytest
from click.testing import CliRunner

from gantk import DataError
from gantk.cli.main import main
from gantk.data.captions import caption_files, captions_of
from gantk.data.folders import open_folders

pytestmark = pytest.mark.usefixtures("home")


def test_captions_stand_beside_images_or_in_one_file(fill):
    root = fill({".": ["1", "2"]})
    paths = [root / "1.png", root / "2.png"]
    assert caption_files(paths) == []
    (root / "1.txt").write_text("one\n")
    assert caption_files(paths) == [root / "1.txt"]
    assert captions_of(paths) == {paths[0]: "one"}
    (root / "captions.csv").write_text('file_name,text\n1.png,"a, b"\n2.png,two\n')
    assert captions_of(paths) == {paths[0]: "a, b", paths[1]: "two"}
    (root / "captions.jsonl").write_text('{"file_name": "2.png", "caption": "zwei"}\n\n')
    assert captions_of(paths) == {paths[1]: "zwei"}
    assert open_folders([root]).kinds == ("images", "captioned")
    assert caption_files(paths) == [root / "captions.jsonl"]


def test_files_of_captions_are_not_passed_over(fill):
    root = fill({".": ["1", "2", "3"]})
    for name in ("1.txt", "2.txt", "notes.txt", "captions.old"):
        (root / name).write_text("one")
    assert open_folders([root]).passed_over == {".old": 1, ".txt": 1}
    # Where one file holds all, those beside the images are not read.
    (root / "captions.csv").write_text("file,text\n1.png,one\n")
    assert open_folders([root]).passed_over == {".txt": 3, ".old": 1}
    (root / "captions.csv").unlink()
    # Where pairs are read, captions are not.
    pairs = fill({"A": ["1", "2"], "B": ["1", "2"]})
    (pairs / "A" / "1.txt").write_text("one")
    assert open_folders([pairs]).passed_over[".txt"] > 0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("captions.jsonl", "[1]\n", "each line names a file and its caption"),
        ("captions.jsonl", "{\n", "each line names a file and its caption"),
        ("captions.csv", "title,text\n1.png,one\n", "names no file: name it as file_name or file"),
    ],
)
def test_a_file_that_names_no_captions_stops_captioned_batches_alone(fill, name, text, said):
    root = fill({".": ["1", "2", "3"]})
    (root / name).write_text(text)
    data = open_folders([root])
    assert len(data.split("images", False, 8))
    assert data.fingerprint()
    with pytest.raises(DataError, match=said):
        data.split("captioned", False, 8)


def test_captions_are_part_of_the_contents(fill):
    root = fill({".": ["1", "2", "3"]})
    bare = open_folders([root]).fingerprint()
    (root / "1.txt").write_text("one")
    told = open_folders([root]).fingerprint()
    (root / "1.txt").write_text("another")
    assert told.startswith(f"{bare}-")
    assert told != open_folders([root]).fingerprint()


def test_it_is_said_how_many_images_have_a_caption(fill):
    root = fill({".": ["1", "2", "3"]})
    assert "captions" not in CliRunner().invoke(main, ["data", str(root)]).output
    (root / "2.txt").write_text("one")
    assert "  captions         1 of 3 images have one\n" in CliRunner().invoke(main, ["data", str(root)]).output
    assert json.loads(CliRunner().invoke(main, ["data", str(root), "--json"]).output)["captioned"] == 1
    (root / "captions.jsonl").write_text("{\n")
    said = CliRunner().invoke(main, ["data", str(root)])
    assert (said.exit_code, "  captions         none, " in said.output) == (0, True)
