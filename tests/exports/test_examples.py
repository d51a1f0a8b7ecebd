"""Pictures beside a model's file: held-out images of its run, and the page that has them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.errors import DataError, UsageError
from gantk.training.trained import load_trained
from gantk_exports.app import write_app
from gantk_exports.examples import examples_of, write_examples
from gantk_exports.material import material
from gantk_exports.provenance import Provenance


@pytest.fixture
def model(trained_run: Path, tmp_path: Path) -> Path:
    """The model of a run, elsewhere."""
    return Path(shutil.copyfile(trained_run / "exports" / "a_to_b.onnx", tmp_path / "flat-to-3d.onnx"))


def test_examples_are_held_out_images_and_go_into_the_page(trained_run: Path, model: Path, tmp_path: Path) -> None:
    trained, opened = load_trained(trained_run), gantk.load(model)
    write_examples(trained, opened.card, model, 4)
    written = write_examples(trained, opened.card, model, 3)
    assert [path.name for path in written] == ["held-out-01.png", "held-out-02.png", "held-out-03.png"]
    assert examples_of(model) == written
    for path, (image,) in zip(written, material(trained, opened.card, 3, test=True), strict=True):
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture), image[0])
    how = Provenance(
        what="Flat drawings become 3D.",
        train=("gantk", "train"),
        export=("gantk", "export"),
        data="emoji",
        fingerprint="",
        device="cpu",
        precision="fp32",
        versions={},
    )
    how.write(model)
    page = tmp_path / "page"
    write_app({"flat-to-3d": opened}, page)
    (entry,) = json.loads((page / "models.json").read_text("utf-8"))
    assert entry["what"] == "Flat drawings become 3D."
    shown = page / "models" / "flat-to-3d.examples"
    assert entry["examples"] == sorted(path.name for path in shown.iterdir()) == [path.name for path in written]
    shutil.rmtree(model.with_name("flat-to-3d.examples"))
    write_app({"flat-to-3d": opened}, page)
    assert not shown.exists()


def test_what_a_browser_does_not_show_is_refused(model: Path, tmp_path: Path) -> None:
    folder = model.with_name("flat-to-3d.examples")
    folder.mkdir()
    with pytest.raises(DataError, match=r"flat-to-3d\.examples: holds no images"):
        write_app({"flat-to-3d": gantk.load(model)}, tmp_path / "page")
    Image.new("RGB", (4, 4)).save(folder / "one.tif")
    with pytest.raises(UsageError, match=r"one\.tif: not every browser shows such files; make it a \.png"):
        write_app({"flat-to-3d": gantk.load(model)}, tmp_path / "page")
    assert not (tmp_path / "page").exists()
