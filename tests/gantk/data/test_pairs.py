"""Which files are partners, by their names, and which of two sides is translated."""

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gantk.cli.main import main
from gantk.data.folder_dataset import FolderDataset
from gantk.data.folders import open_folders
from gantk.data.partners import are_known, recognised_namings
from gantk.data.views import Turned, open_split
from gantk.errors import DataError, UsageError
from gantk.plan.open_data import of_other_data, open_data
from gantk.runs.config import Config

pytestmark = pytest.mark.usefixtures("home")
Fill = Callable[..., Path]


def partners(dataset: FolderDataset) -> list[tuple[str, str]]:
    (rows,) = dataset.arranged.train
    return [(a.path.stem, b.path.stem) for a, b in zip(rows.files["source"], rows.files["target"], strict=True)]


def namings(a: Sequence[str], b: Sequence[str]) -> tuple[str, str, bool]:
    found = recognised_namings(([Path(f"{name}.png") for name in a], [Path(f"{name}.png") for name in b]))
    return str(found[0]), str(found[1]), are_known(found)


NUMBERS = range(3, 13)


@pytest.mark.parametrize(
    ("a", "b", "known"),
    [
        ("*", "*", True),
        ("*_A", "*_B", True),
        ("*_leftImg8bit", "*_gtFine_color", True),
        ("aachen_*_000019_leftImg8bit", "aachen_*_000019_gtFine_color", True),
        ("*_real_A", "*_fake_B", True),
        ("image_*", "mask_*", True),
        ("img-00*", "label-00*", True),
        ("photo *", "drawing *", False),
        ("horse_*", "zebra_*", False),
        ("ISIC_*", "ISIC_*_segmentation", True),
        ("x_*_input.v2", "x_*_output.v2", True),
    ],
)
def test_words_at_the_ends_of_names_tell_partners_apart(a: str, b: str, known: bool) -> None:
    names = [[pattern.replace("*", str(number)) for number in NUMBERS] for pattern in (a, b)]
    first, second, is_known = namings(*names)
    assert is_known is known
    cut = [
        [name[len(naming.split("*")[0]) : len(name) - len(naming.split("*")[1])] for name in side]
        for naming, side in zip((first, second), names, strict=True)
    ]
    assert cut[0] == cut[1]


def test_names_without_partners_are_not_cut_until_some_fit() -> None:
    assert namings(["a1", "a2", "a3"], ["b7", "b8", "b9"])[:2] == ("*", "*")
    assert namings([], ["b7"])[:2] == ("*", "*")
    # As many as are missing do not hide what tells the others apart.
    assert namings([f"image_{n:03}" for n in range(120)], [f"mask_{n:03}" for n in range(90, 130)])[:2] == (
        "image_*", "mask_*",
    )  # fmt: skip


def test_partners_with_endings_of_their_own_are_pairs(fill: Fill) -> None:
    root = fill({"A": ["1_leftImg8bit", "2_leftImg8bit"], "B": ["2_gtFine_color", "1_gtFine_color", "3_gtFine_color"]})
    dataset = open_folders([root], hold_out=0, skip_bad=True)
    assert partners(dataset) == [("1_leftImg8bit", "1_gtFine_color"), ("2_leftImg8bit", "2_gtFine_color")]
    assert "pairs by name (*_leftImg8bit with *_gtFine_color), A -> B" in dataset.summary
    assert "has no partner called 3_leftImg8bit in" in dataset.bad[root / "B" / "3_gtFine_color.png"]


def test_names_that_differ_in_composition_alone_are_alike(fill: Fill) -> None:
    names = [[unicodedata.normalize(form, f"façade é{number}") for number in range(3)] for form in ("NFC", "NFD")]
    dataset = open_folders([fill(dict(zip("AB", names, strict=True)))], hold_out=0)
    assert len(partners(dataset)) == 3
    assert not dataset.bad


def test_classes_whose_names_differ_in_composition_alone_are_one(fill: Fill) -> None:
    folders = [f"{share}/{unicodedata.normalize(form, 'café')}" for share, form in (("train", "NFC"), ("test", "NFD"))]
    dataset = open_folders([fill({name: ["1"] for name in (*folders, "train/bar", "test/bar")})])
    assert dataset.classes == ("bar", "café")


def test_words_that_say_nothing_are_asked_about(fill: Fill) -> None:
    root = fill({"horses": ["horse_1", "horse_2"], "zebras": ["zebra_1", "zebra_2"]})
    folders = [root / "horses", root / "zebras"]
    dataset = open_folders(folders)
    assert dataset.kinds == ("unpaired", "domains")
    assert "(names agree but for horse_* and zebra_*: -s data.layout=paired reads them as pairs)" in dataset.summary
    assert partners(open_folders(folders, layout="paired", hold_out=0)) == [
        ("horse_1", "zebra_1"),
        ("horse_2", "zebra_2"),
    ]


def test_partners_are_named_by_an_option(fill: Fill) -> None:
    root = fill({"left": ["1x", "2x", "notes"], "right": ["y1", "y2"]})
    dataset = open_folders([root], partners="*x, y*", hold_out=0)
    assert partners(dataset) == [("1x", "y1"), ("2x", "y2")]
    assert dataset.bad == {root / "left" / "notes.png": "is not named *x, so that its partner is not clear"}


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ({"gtFine": "{}_gtFine_color", "leftImg8bit": "{}_leftImg8bit"}, "*_leftImg8bit,*_gtFine_color"),
        ({"a": "{}_mask", "b": "{}"}, "*,*_mask"),
        ({"train_a": "m{}", "train_b": "p{}", "test_a": "m{}", "test_b": "p{}"}, "p*,m*"),
    ],
)
def test_the_first_pattern_is_the_source_whichever_folder_bears_it(
    fill: Fill, folders: dict[str, str], said: str
) -> None:
    root = fill({folder: [name.format(number) for number in range(4)] for folder, name in folders.items()})
    source, target = (name.replace("*", "2") for name in said.split(","))
    dataset = open_folders([root], partners=said, layout="paired", hold_out=0)
    assert (source, target) in partners(dataset)
    assert not dataset.bad
    turned = open_folders([root], partners=said, layout="paired", hold_out=0, direction="b_to_a")
    assert (target, source) in partners(turned)


@pytest.mark.parametrize("said", ["_a,_b", "*_a", "*_a,*_a", "*a*,b*"])
def test_an_option_that_says_no_partners_is_refused(fill: Fill, said: str) -> None:
    with pytest.raises(UsageError, match=r"data.partners: .* write it like '\*_photo,\*_drawing'"):
        open_folders([fill({".": ["1"]})], partners=said)


@pytest.mark.parametrize("names", [("real_A", "fake_B"), ("A", "B"), ("image", "mask")])
def test_partners_in_one_folder_are_pairs_where_words_say_so(fill: Fill, names: tuple[str, str]) -> None:
    dataset = open_folders([fill({".": [f"{number}_{name}" for number in range(3) for name in names]})], hold_out=0)
    assert partners(dataset) == [(f"{number}_{names[0]}", f"{number}_{names[1]}") for number in range(3)]
    assert f"*_{names[0]} -> *_{names[1]}" in dataset.summary


def test_three_kinds_of_names_in_one_folder_are_asked_about(fill: Fill) -> None:
    root = fill({".": [f"{number}_{name}" for number in range(3) for name in ("real_A", "fake_B", "real_B")]})
    dataset = open_folders([root])
    assert dataset.kinds == ("images",)
    assert "data.partners=" in dataset.summary
    dataset = open_folders([root], partners="*_real_A,*_real_B", hold_out=0)
    assert partners(dataset)[0] == ("0_real_A", "0_real_B")
    assert "3 of other names not read" in dataset.summary
    with pytest.raises(DataError, match=r"holds no image whose name is \*_real_C"):
        open_folders([root], partners="*_real_A,*_real_C")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("train_label", "train_img"),
        ("images", "masks"),
        ("labels", "images"),
        ("trainX", "trainY"),
        ("input_train", "target_train"),
    ],
)
def test_folders_named_as_two_sides_are_no_classes(fill: Fill, a: str, b: str) -> None:
    dataset = open_folders([fill({b: ["1", "2"], a: ["1", "2"]})])
    assert dataset.kinds == ("paired",)
    assert dataset.domains == (a, b)
    assert open_folders([fill({})], layout="classes").classes == tuple(sorted((a, b)))


def test_shares_of_named_sides_are_known(fill: Fill) -> None:
    folders = {f"{share}_{side}": [share[0]] for share in ("train", "val") for side in ("label", "img", "inst")}
    dataset = open_folders([fill(folders)])
    assert "pairs by name, train_label -> train_img, 1 to train on, 1 in val_label and val_img" in dataset.summary
    assert "not read: 1 in" in dataset.summary


def test_classes_of_letters_are_no_sides(fill: Fill) -> None:
    assert open_folders([fill({letter: ["1", "2"] for letter in "abc"})]).classes == ("a", "b", "c")


def test_an_error_on_pairs_names_the_option(fill: Fill) -> None:
    dataset = open_folders([fill({"A": ["1", "2"], "B": ["x", "y"]})])
    with pytest.raises(DataError, match=r"data.partners=\*_photo,\*_drawing"):
        open_split(dataset, "paired", False, None)


def halves(root: Path) -> Path:
    root.mkdir()
    for number in range(3):
        image = Image.new("RGB", (32, 16), (200, 0, number))
        image.paste((0, 0, 100), (16, 0, 32, 16))
        image.save(root / f"{number}.png")
    return root


def test_the_right_half_is_translated_into_the_left(tmp_path: Path) -> None:
    dataset = open_folders([halves(tmp_path / "facades")], direction="b_to_a", hold_out=0)
    assert "side-by-side pairs, right -> left" in dataset.summary
    columns = dataset.split("paired", False, 8).columns
    assert (columns["source"][0] == (0, 0, 100)).all()
    assert (columns["target"][1] == (200, 0, 1)).all()


def test_the_second_folder_is_translated_into_the_first(fill: Fill) -> None:
    root = fill({"edges": ["1", "2"], "photos": ["1", "2"]})
    folders = [root / "edges", root / "photos"]
    dataset = open_folders(folders, direction="b_to_a", hold_out=0, window=(0, 100), window_b=(0, 200))
    columns = dataset.split("paired", False, None).columns
    with Image.open(root / "photos" / "1.png") as image:
        assert (columns["source"][0] == np.asarray(image)).all()
    assert (columns["source"].window, columns["target"].window) == ((0, 100), (0, 200))
    unpaired = open_folders(folders, layout="unpaired", direction="b_to_a", hold_out=0)
    assert unpaired.domains == ("photos", "edges")
    assert unpaired.arranged.train[0].files["a"][0].path.parent == root / "photos"


def test_one_folder_has_no_direction(fill: Fill) -> None:
    with pytest.raises(DataError, match="--direction b_to_a wants two sides, and these are images without labels"):
        open_folders([fill({".": ["1", "2"]})], direction="b_to_a")


def test_a_named_data_set_is_turned() -> None:
    said = {"data.direction": "b_to_a"}
    straight, turned = (open_data(Config(data=["emoji:line,flat"], set=each)) for each in ({}, said))
    assert isinstance(turned, Turned)
    for kind, keys in (("paired", ("source", "target")), ("unpaired", ("a", "b"))):
        one, other = (dataset.split(kind, True, None).columns for dataset in (straight, turned))
        assert (one[keys[0]][0] == other[keys[1]][0]).all()
        assert (one[keys[1]][5] == other[keys[0]][5]).all()
    assert turned.fingerprint() == straight.fingerprint()
    assert turned.quick("paired") == straight.quick("paired")
    with pytest.raises(DataError, match="has no two sides"):
        open_data(Config(data=["points:ring"], set=said))


def test_other_data_of_a_run_is_read_in_its_direction_and_window() -> None:
    said = {"data.direction": "b_to_a", "data.window": [0, 9], "data.hold_out": 0.5, "steps": 3}
    config = of_other_data(Config(data=["x"], set=said), ["elsewhere"])
    assert config.data == ["elsewhere"]
    assert config.set == {"data.direction": "b_to_a", "data.window": [0, 9]}
    assert of_other_data(Config(set=said), ["emoji"]).set == {"data.direction": "b_to_a"}


@pytest.mark.parametrize("said", ["b_to_a", "b-to-a", "BtoA"])
def test_the_direction_is_said_on_the_command_line(tmp_path: Path, said: str) -> None:
    result = CliRunner().invoke(main, ["data", str(halves(tmp_path / "facades")), "--direction", said])
    assert "side-by-side pairs, right -> left" in result.stdout
