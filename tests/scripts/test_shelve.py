"""A finished run's model among the ready models, and what is refused there."""

import importlib.util
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import run as call
from types import ModuleType

import onnx
import pytest
from click.testing import CliRunner

from gantk.errors import GantkError
from gantk.runs.config import Config, read_config
from gantk.runs.run import open_run
from gantk.runtime.model_file import load, read_file
from gantk_exports.examples import examples_of
from gantk_exports.provenance import config_of, read_provenance

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "exports" / "models"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shelve_script", ROOT / "scripts" / "shelve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of three steps that is finished and exported."""
    folder = tmp_path / "run"
    shutil.copytree(ROOT / "tests" / "version_0_2" / "pix2pix", folder)
    changed(folder / "config.yaml", "steps: 4", "steps: 3")
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def changed(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def shelve(script: ModuleType, run: Path, shelf: Path) -> Callable[..., str]:
    """Return a function that puts the run's model on the shelf, and returns what was printed."""

    def shelve(name: str, *options: object, status: int = 0) -> str:
        words = [run, name, "--what", "Flat drawings become 3D.", "--to", shelf, *options]
        done = CliRunner().invoke(script.shelve, [str(word) for word in words])
        assert done.exit_code == status, done.output
        return done.output

    return shelve


def test_a_model_comes_with_its_card_its_examples_and_how_it_was_trained(
    script: ModuleType, shelve: Callable[..., str], run: Path, shelf: Path
) -> None:
    assert shelve("flat-to-3d").endswith("next: gantk models flat-to-3d\n")
    model = shelf / "flat-to-3d.onnx"
    assert sorted(path.name for path in shelf.iterdir()) == [
        "flat-to-3d.examples",
        "flat-to-3d.json",
        "flat-to-3d.onnx",
        "flat-to-3d.training.json",
        "flat-to-3d.yaml",
    ]
    assert load(model).card.json() == model.with_suffix(".json").read_text("utf-8")
    assert read_config(config_of(model)) == read_config(run / "config.yaml")
    assert len(list((shelf / "flat-to-3d.examples").glob("held-out-*.png"))) == script.EXAMPLES
    how = read_provenance(model)
    assert how.train[:5] == ("gantk", "train", "--plugin", "pix2pix", "--data")
    assert "--out" not in how.train
    assert how.train[-1] == "discriminator.filters=2"
    assert how.export == ("gantk", "export", "runs/flat-to-3d", "--graph", "source_to_target")
    assert how.versions["gantk"] == "0.2.0"
    assert "is there already" in shelve("flat-to-3d", status=1)
    shelve("flat-to-3d", "--replace")


def test_of_a_run_from_a_configuration_that_is_the_command(shelve: Callable[..., str], run: Path, shelf: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    manifest["command"] = ["/bin/gantk", "train", "--config", "/home/me/mine.yaml", "--out=x"]
    (run / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    shelve("flat-to-3d")
    assert read_provenance(shelf / "flat-to-3d.onnx").train == ("gantk", "train", "--config", "flat-to-3d.yaml")


def test_a_data_sets_folder_is_elsewhere_with_others(script: ModuleType, run: Path, tmp_path: Path) -> None:
    assert script._data(Config(data=["emoji:"])) == "emoji"
    assert script._data(Config(data=["emoji:line,3d"])) == "emoji:line,3d"
    data = script._data(Config(data=[f"mnist:{tmp_path}"]))
    manifest = open_run(run).manifest
    assert manifest.model_extra is not None
    manifest.model_extra["command"] = ["gantk", "train", "--plugin", "dcgan", "--data", "mnist:digits", "--out", "x"]
    assert script._training(manifest, "digits", data)[2:] == ("--plugin", "dcgan", "--data", "mnist:FOLDER")


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("config.yaml", "steps: 3", "steps: 9", "stands at step 3 of 9: gantk train --resume "),
        ("config.yaml", "init: null", "init: runs/other", "began with the weights of runs/other"),
        ("config.yaml", "- pix2pix", "- pix2pix\n- mine.py", "was trained with mine.py, which nobody else has"),
        ("config.yaml", "- pix2pix", "- cut", "is of pix2pix on emoji, and .* of cut on emoji"),
        ("manifest.json", '"name": "emoji"', '"name": "photos"', "is of pix2pix on emoji, and .* of pix2pix on photos"),
    ],
)
def test_what_a_stranger_could_not_train_again_is_refused(
    shelve: Callable[..., str], run: Path, shelf: Path, file: str, old: str, new: str, reason: str
) -> None:
    changed(run / file, old, new)
    assert re.search(reason, shelve("flat-to-3d", status=1))
    assert not list(shelf.iterdir())


def test_a_model_without_a_licence_is_refused(script: ModuleType, run: Path, shelf: Path) -> None:
    model = run / "exports" / "source_to_target.onnx"
    opened = onnx.load(model)
    next(entry for entry in opened.metadata_props if entry.key == "gantk.licence").value = ""
    onnx.save(opened, model)
    with pytest.raises(GantkError, match="the licence of its data, emoji, is not known"):
        script.put(run, "x", "It does.", model, shelf)


def test_a_shelf_does_not_grow_beyond_its_limit(
    shelve: Callable[..., str], script: ModuleType, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelve("one")
    monkeypatch.setattr(script, "MOST_BYTES", script.shelf_bytes(shelf) + 10_000)
    assert "--precision fp16 or int8 of gantk export" in shelve("two", status=1)
    shelve("one", "--replace")


@pytest.mark.parametrize("name", ["Flat", "a_to_b", "a.fp16", "../x", ""])
def test_a_name_is_of_words_and_hyphens(shelve: Callable[..., str], name: str) -> None:
    assert "is no name" in shelve(name, status=1)


def test_the_package_is_small_and_each_of_its_models_can_be_trained_again(script: ModuleType) -> None:
    folder = PACKAGE / "gantk_models"
    assert folder == script.SHELF
    assert script.shelf_bytes(folder) <= script.MOST_BYTES
    for model in folder.glob("*.onnx"):
        card, how = read_file(model), read_provenance(model)
        assert card.licence
        assert card.data
        assert card.json() == model.with_suffix(".json").read_text("utf-8")
        assert read_config(config_of(model)).plugins[0] == card.plugin
        assert how.train[:2] == ("gantk", "train")
        assert examples_of(model) or not card.images_in


def test_a_wheel_of_the_package_holds_what_lies_in_its_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = call(build, cwd=PACKAGE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("gantk_models/")}
        (listed,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert "[gantk.models]" in wheel.read(listed).decode()
    files = (path for path in (PACKAGE / "gantk_models").rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert held == {path.relative_to(PACKAGE).as_posix() for path in files}
