"""A recipe whose norms are told a label map: it trains, resumes, passes the checks, is exported and run."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.testing.checked import make
from gantk_datasets.emoji import emoji

RECIPE = Path(__file__).with_name("mixed") / "spade.py"
CHECKS = ("trains", "reaches", "resume", "export")
OF_PARTS = ("finite", "responds", "gradients", "declares", "conditions")


@pytest.fixture(scope="session")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Emoji at 16 px, and label maps of them: their colours brought to six."""
    root = tmp_path_factory.mktemp("maps")
    column = emoji(None).split("images", False, 16).columns["image"]
    pictures = [Image.fromarray(np.asarray(column[row])) for row in range(12)]
    colours = Image.fromarray(np.concatenate([np.asarray(picture) for picture in pictures])).quantize(6)
    for side in ("labels", "images"):
        (root / side).mkdir()
    for number, picture in enumerate(pictures):
        picture.save(root / "images" / f"{number}.png")
        picture.quantize(palette=colours, dither=Image.Dither.NONE).save(root / "labels" / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def painted(maps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the recipe was checked, trained and exported."""
    folder = tmp_path_factory.mktemp("spade")
    request = {"plugin": str(RECIPE), "options": {"size": "16"}, "data": [str(maps)]}
    for name in (*CHECKS, *OF_PARTS):
        status, reason = make(name, request, str(folder))
        assert status == "pass", f"{name}: {reason}"
    # Its generator refuses them; those of the workbench are not asked in its stead.
    assert make("features", request, str(folder))[0] == "skip"
    return folder


def test_label_maps_are_painted_in_the_style_of_a_picture(painted: Path, maps: Path, tmp_path: Path) -> None:
    path = painted / "run" / "exports" / "paint.onnx"
    model = gantk.load(path)
    layout, style = model.card.inputs
    assert (layout.name, layout.kind, style.name, style.key) == ("layout", "labels", "style", "image")
    assert set(layout.palette.values) <= set(layout.palette.colours)
    said = ["--image", f"style={maps / 'images' / '3.png'}"]
    result = CliRunner().invoke(translate, [str(path), str(maps / "labels"), "-o", str(tmp_path), *said])
    assert result.exit_code == 0, result.output
    made = np.asarray(Image.open(tmp_path / "0.png"))
    assert np.array_equal(made, np.asarray(model(maps / "labels" / "0.png", style=maps / "images" / "3.png")))
    assert np.asarray(Image.open(tmp_path / "1.png")).tolist() != made.tolist()
    other = model(maps / "labels" / "0.png", style=maps / "images" / "4.png")
    assert not np.array_equal(np.asarray(other), made), "the style is heeded"


def test_a_smaller_model_is_measured_on_label_maps(painted: Path, tmp_path: Path) -> None:
    from gantk_exports.export import export

    out = tmp_path / "paint.int8.onnx"
    arguments = [str(painted / "run"), "--precision", "int8", "--least-psnr", "5", "--out", str(out)]
    export.main(arguments, standalone_mode=False)
    assert gantk.load(out).card.fidelity["inputs"] >= 1
