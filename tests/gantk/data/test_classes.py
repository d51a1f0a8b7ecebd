"""The classes of label maps in folders: which files hold others, and how both commands say so."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from gantk import DataError
from gantk.cli.main import main
from gantk.data.classes import classes_in_words
from gantk.data.folders import open_folders
from gantk.data.palettes import Palette

pytestmark = pytest.mark.usefixtures("home")

COLOURS = {"sky": (70, 130, 180), "road": (128, 64, 128), "nothing": (0, 0, 0)}


def label_maps(root: Path, values: list[tuple[int, ...]], strange: dict[int, tuple[int, ...]]) -> Path:
    """Write pairs of label maps and pictures; some maps have one pixel of a strange value."""
    random = np.random.default_rng(0)
    for side in "ab":
        (root / side).mkdir(parents=True)
    for number in range(5):
        image = np.array(values, np.uint8)[random.integers(0, len(values), (8, 8))]
        image[0, : len(values)] = values
        if number in strange:
            image[7, 7] = strange[number]
        Image.fromarray(image.squeeze()).save(root / "a" / f"{number}.png")
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(root / "b" / f"{number}.png")
    return root


def colour_maps(root: Path, strange: dict[int, tuple[int, ...]]) -> Path:
    label_maps(root, list(COLOURS.values()), strange)
    lines = ("0x{:02x}{:02x}{:02x} {}".format(*colour, name) for name, colour in COLOURS.items())
    (root / "classes.txt").write_text("\n".join(lines))
    return root


def gantk(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["data", str(root), "-s", "data.labels=a", *arguments])


def refusal(root: Path, **said: tuple[str, ...]) -> str:
    with pytest.raises(DataError) as refused:
        open_folders([root], labels="a", **said).split("layout", False, 8)
    return str(refused.value)


def test_files_with_a_colour_of_no_class_are_all_named(tmp_path: Path) -> None:
    root = colour_maps(tmp_path / "lay", {1: (1, 2, 3), 3: (130, 64, 128)})
    result = gantk(root)
    assert result.exit_code == 1
    place = f"which is no class of {root / 'classes.txt'}"
    ones = f"{root / 'a' / '1.png'} holds the value 0x010203, {place}; the nearest is 0x000000 (nothing): add it there"
    other = f"{root / 'a' / '3.png'} holds the value 0x824080, {place}; the nearest is 0x804080 (road): add it there"
    assert "wrong, training stops: 2\n" in result.stdout
    assert f"  {ones}, or mend the file\n" in result.stdout
    assert f"  {other}, or mend the file\n" in result.stdout
    more = ", or mend the file; so it is with 1 more, which `gantk data` names"
    assert refusal(root) in (ones + more, other + more)


def test_a_number_that_is_no_class_is_told_with_the_option_that_states_them(tmp_path: Path) -> None:
    root = label_maps(tmp_path / "grey", [(0,), (1,), (2,)], {2: (9,)})
    wrong = f"{root / 'a' / '2.png'} holds the value 9, which is no class of -s data.classes; the nearest is 2 (wall)"
    result = gantk(root, "-s", "data.classes=0 sky,1 road,2 wall")
    assert (result.exit_code, wrong in result.stdout) == (1, True)
    assert refusal(root, classes=("0 sky", "1 road", "2 wall")) == f"{wrong}: add it there, or mend the file"


def test_good_label_maps_are_told_with_their_classes(tmp_path: Path) -> None:
    result = gantk(colour_maps(tmp_path / "lay", {}))
    assert result.exit_code == 0
    assert "label classes    3: sky, road, nothing\n" in result.stdout
    assert "passed over" not in result.stdout
    result = gantk(label_maps(tmp_path / "grey", [(0,), (1,), (7,)], {}))
    assert (result.exit_code, "label classes    3: 0, 1, 7\n" in result.stdout) == (0, True)


def test_only_a_file_of_classes_that_is_read_is_not_passed_over(tmp_path: Path) -> None:
    root = colour_maps(tmp_path / "lay", {})
    (root / "notes.txt").write_text("drawn by hand")
    assert "; passed over: 1 .txt" in open_folders([root], labels="a").summary
    assert "; passed over: 2 .txt" in open_folders([root], labels="none").summary
    assert "; passed over: 2 .txt" in open_folders([root], labels="a", classes=("0x000000 x",)).summary


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sky\nroad\n", "{}: 'sky' is no class: say a value and a name"),
        ("0 sky\n1 road\n", "holds colours, and {} states classes by grey values: state them by colours"),
    ],
)
def test_classes_that_cannot_be_those_of_the_maps_stop_a_training(tmp_path: Path, text: str, said: str) -> None:
    root = colour_maps(tmp_path / "lay", {})
    (root / "classes.txt").write_text(text)
    result = gantk(root)
    wrong = said.format(root / "classes.txt")
    assert (result.exit_code, wrong in result.stdout) == (1, True)
    assert wrong in refusal(root)


def test_many_classes_are_counted_and_the_first_named() -> None:
    palette = Palette(tuple((number,) for number in range(25)), ignored=0)
    assert classes_in_words(palette).startswith("25: 0 (ignored), 1, 2, ")
    assert classes_in_words(palette).endswith("18, 19 and 5 more")


@pytest.mark.parametrize("form", ["palette", "grey", "colours"])
@pytest.mark.parametrize("place", [".", "a"])
def test_a_file_beside_the_label_maps_names_classes_of_each_form(form: str, place: str, tmp_path: Path) -> None:
    colours = {(255, 0, 0): "sky", (0, 255, 0): "road", (0, 0, 255): "nothing"}
    grey = form == "grey"
    root = label_maps(tmp_path / "lay", [(0,), (100,), (200,)] if grey else list(colours), {})
    if form == "palette":
        for path in (root / "a").iterdir():
            Image.open(path).quantize(4).save(path)
    values = [0, 100, 200] if grey else ["0xff0000", "0x00ff00", "0x0000ff"]
    lines = [f"{value} {name}" for value, name in zip(values, colours.values(), strict=True)]
    (root / place / "classes.txt").write_text("\n".join(lines) + " (ignored)\n")
    result = gantk(root)
    assert "3: sky, road, nothing (ignored)" in result.stdout
    palette = open_folders([root], labels="a").split("layout", False, 8).columns["layout"].palette
    assert (palette.names, palette.ignored) == (("sky", "road", "nothing"), 2)
