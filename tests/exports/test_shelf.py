"""The names that models go by."""

from pathlib import Path

import pytest

from gantk.errors import UsageError
from gantk_exports.shelf import shelf


def placed(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_models_go_by_their_files_names(tmp_path: Path) -> None:
    placed(tmp_path / "a_to_b.onnx", tmp_path / "run" / "exports" / "generator.onnx")
    named = shelf([tmp_path / "a_to_b.onnx", tmp_path / "run"])
    assert list(named) == ["a_to_b", "generator"]
    assert list(shelf([tmp_path, tmp_path / "a_to_b.onnx"])) == ["a_to_b"]


def test_those_of_one_name_go_by_their_runs_too(tmp_path: Path) -> None:
    paths = [tmp_path / "cats" / "exports" / "a_to_b.onnx", tmp_path / "dogs" / "a_to_b.onnx"]
    placed(*paths)
    assert list(shelf(paths)) == ["cats-a_to_b", "dogs-a_to_b"]


def test_what_cannot_be_told_apart_or_is_empty_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "one" / "cats" / "x.onnx", tmp_path / "two" / "cats" / "x.onnx"]
    placed(*paths)
    with pytest.raises(UsageError, match="would both be called cats-x: rename one"):
        shelf(paths)
    with pytest.raises(UsageError, match="holds no models"):
        shelf([tmp_path])
