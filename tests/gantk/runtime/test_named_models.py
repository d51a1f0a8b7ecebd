"""Models that installed packages bring, under their names in place of files."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.errors import GantkError, UsageError
from gantk.runtime.named_models import model_file, named_models, none_installed
from support.commands import invoke, refusal

Write = Callable[..., Path]


@pytest.fixture
def shelf(distribution: Callable[..., Path], make_model: Write, make_generator: Write) -> Path:
    """A package with a model that translates and one that generates, which cannot be imported."""
    folder = distribution("other-models", {"gantk.models": {"shelf": "others.shelf"}}) / "others" / "shelf"
    folder.mkdir(parents=True)
    for module in (folder.parent, folder):
        (module / "__init__.py").write_text("raise RuntimeError('imported')")
    make_model().rename(folder / "photo-to-negative.onnx")
    make_generator().rename(folder / "bars.onnx")
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((5, 7, 3), 250, np.uint8)).save(path)
    return path


def test_a_package_brings_the_models_of_its_folder_and_is_not_imported(shelf: Path) -> None:
    known = named_models()
    assert {"bars", "photo-to-negative"} <= set(known)
    found = known["bars"]
    assert (found.path, found.package, found.version) == (shelf / "bars.onnx", "other-models", "1.0")


def test_python_and_commands_take_the_name_for_the_file(shelf: Path, picture: Path, tmp_path: Path) -> None:
    out, sheet = tmp_path / "out.png", tmp_path / "sheet.png"
    invoke("translate", "gantk:photo-to-negative", picture, "-o", out)
    assert np.asarray(Image.open(out)).max() == 5
    assert gantk.load("gantk:photo-to-negative")(np.zeros((2, 2, 3), np.uint8)).min() == 255
    invoke("generate", "gantk:bars", "-n", "2", "-o", sheet)
    assert sheet.exists()
    assert "use gantk generate" in refusal("translate", "gantk:bars", picture, "-o", out, status=2)


def test_an_input_of_a_named_model_is_no_option(shelf: Path, make_generator: Write, ports: Any, tmp_path: Path) -> None:
    make_generator(ports.code, name="coded.onnx").rename(shelf / "coded.onnx")
    said = refusal("generate", "gantk:coded", "--c2", "1.5", "-o", tmp_path, status=2)
    assert "c2 is an input of the model, say --scalar c2=NUMBER" in said


@pytest.mark.parametrize("command", ["translate", "encode", "score", "generate", "verify", "evaluate", "app", "serve"])
def test_an_unknown_name_is_refused_with_the_nearest(shelf: Path, command: str) -> None:
    line = refusal(command, "gantk:photo-to-negativ", status=2)
    assert "no model is called 'photo-to-negativ'; did you mean 'photo-to-negative'?" in line


def test_a_name_without_its_prefix_is_told_it(shelf: Path, picture: Path, tmp_path: Path) -> None:
    said = refusal("translate", "photo-to-negative", picture, "-o", tmp_path / "out.png")
    assert "photo-to-negative: no such file; did you mean gantk:photo-to-negative?" in said


def test_where_nothing_is_near_all_names_are_said(shelf: Path) -> None:
    with pytest.raises(UsageError, match="no model is called 'x'; known: .*bars.*photo-to-negative"):
        gantk.load("gantk:x")


def test_a_path_is_a_file_whatever_it_is_called(shelf: Path) -> None:
    assert model_file(Path("gantk:bars")) == Path("gantk:bars")
    assert model_file("./gantk:bars") == Path("gantk:bars")
    with pytest.raises(GantkError, match="gantk:bars: no such file"):
        gantk.load(Path("gantk:bars"))


def test_two_packages_with_one_name_are_named(shelf: Path, distribution: Callable[..., Path]) -> None:
    folder = distribution("more-models", {"gantk.models": {"more": "more_models"}}) / "more_models"
    folder.mkdir()
    (folder / "bars.onnx").touch()
    with pytest.raises(GantkError, match="packages bring a model 'bars': .*-models 1.0 and .*-models 1.0; uninstall"):
        gantk.load("gantk:bars")


def test_without_models_it_is_said_how_they_are_installed(
    monkeypatch: pytest.MonkeyPatch, distribution: Callable[..., Path]
) -> None:
    monkeypatch.setattr("gantk.runtime.named_models.entries", lambda group: ())
    monkeypatch.setattr("gantk.install_lines.models_line", lambda: "pip install it")
    with pytest.raises(UsageError, match="^gantk:bars: no ready models are installed: pip install it$"):
        model_file("gantk:bars")
    monkeypatch.undo()


def test_a_package_that_is_gone_or_empty_brings_none(distribution: Callable[..., Path]) -> None:
    distribution("empty-models", {"gantk.models": {"shelf": "nowhere.at.all"}})
    assert re.search(r"empty-models 1\.0.* holds? no models yet", none_installed())
    assert {model.package for model in named_models().values()} <= {"gantk-models"}
