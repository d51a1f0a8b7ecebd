"""The list of ready models, and what is shown of one; an app and a server of all of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gantk_exports.provenance import Provenance, config_of, read_provenance, training_of
from gantk_exports.shelf import shelf as models_of
from support.commands import invoke, refusal

OLD = Path(__file__).parents[1] / "version_0_2"
HOW = Provenance(
    what="Flat drawings become 3D.",
    train=("gantk", "train", "--plugin", "pix2pix", "--data", "emoji"),
    export=("gantk", "export", "runs/flat-to-3d", "--graph", "source_to_target"),
    data="emoji: 1,570 Fluent emoji at 64 px, flat -> 3d",
    fingerprint="b2f5",
    device="cpu",
    precision="fp32",
    versions={"gantk": "0.2.0", "torch": "2.15.0"},
)


@pytest.fixture
def shelf(distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two models, the only ones that are installed."""
    folder = distribution("ready", {"gantk.models": {"shelf": "ready"}}) / "ready"
    folder.mkdir()
    for run, graph, name in (("pix2pix", "source_to_target", "flat-to-3d"), ("cgan", "generator", "faces")):
        shutil.copyfile(OLD / run / "exports" / f"{graph}.onnx", folder / f"{name}.onnx")
        shutil.copyfile(OLD / run / "config.yaml", folder / f"{name}.yaml")
        HOW.write(folder / f"{name}.onnx")
    _only(monkeypatch, "ready")
    return folder


def _only(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Hide the packages of models that this environment may have."""
    from gantk.packages import entries

    monkeypatch.setattr(
        "gantk.runtime.named_models.entries",
        lambda group: tuple(entry for entry in entries(group) if entry.dist.name == package),
    )


def test_the_list_says_what_each_is_and_how_it_is_tried(shelf: Path) -> None:
    assert invoke("models").splitlines() == [
        "faces  generate, 0.0 MB, licence of its data: MIT",
        "  Flat drawings become 3D.",
        "  trained on emoji: 1,570 Fluent emoji at 64 px, flat -> 3d",
        "  gantk generate gantk:faces -o sheet.png",
        "flat-to-3d  translate, 0.0 MB, licence of its data: MIT",
        "  Flat drawings become 3D.",
        "  trained on emoji: 1,570 Fluent emoji at 64 px, flat -> 3d",
        "  gantk translate gantk:flat-to-3d IMAGES -o OUT",
        "one's whole card, and how it was trained: gantk models NAME",
    ]


@pytest.mark.parametrize("name", ["flat-to-3d", "gantk:flat-to-3d"])
def test_one_is_shown_with_its_card_and_its_training(shelf: Path, name: str) -> None:
    said = invoke("models", name)
    for line in (
        "flat-to-3d: Flat drawings become 3D.",
        "graph     source_to_target (translate) of plugin pix2pix",
        "data      emoji (licence: MIT)",
        "          on cpu in fp32, with gantk 0.2.0, torch 2.15.0",
        "  gantk translate gantk:flat-to-3d IMAGES -o OUT",
        "  gantk train --plugin pix2pix --data emoji --out runs/flat-to-3d",
        "  gantk export runs/flat-to-3d --graph source_to_target",
        f"  gantk train --config {config_of(shelf / 'flat-to-3d.onnx')} --out runs/flat-to-3d",
        "  generator.filters: 2",
    ):
        assert line in said.splitlines()


def test_json_has_the_same(shelf: Path) -> None:
    _, listed = json.loads(invoke("models", "--json"))
    shown = json.loads(invoke("models", "flat-to-3d", "--json"))
    assert shown == listed | {key: shown[key] for key in ("card", "config", "fingerprint")}
    assert (listed["task"], listed["licence"], listed["bytes"]) == (
        "translate",
        "MIT",
        Path(listed["path"]).stat().st_size,
    )
    assert shown["card"]["gantk.plugin"] == "pix2pix"


def test_a_broken_model_hides_no_other(shelf: Path) -> None:
    training_of(shelf / "faces.onnx").write_text('{"what": 3}')
    first, second, *_ = invoke("models").splitlines()
    assert first.startswith("faces  (broken: ")
    assert second.startswith("flat-to-3d  translate")
    assert "its content has no data" in refusal("models", "faces")
    assert "its content has no data" in json.loads(invoke("models", "--json"))[0]["broken"]
    config_of(shelf / "flat-to-3d.onnx").unlink()
    assert "flat-to-3d.yaml: No such file" in refusal("models", "flat-to-3d")


def test_an_unknown_name_is_refused_with_the_nearest(shelf: Path) -> None:
    line = "no model is called 'face'; did you mean 'faces'? (gantk models shows what each does)"
    assert refusal("models", "face", status=2).endswith(line)


def test_without_models_all_say_how_they_are_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _only(monkeypatch, "no package")
    monkeypatch.setattr("gantk.install_lines.models_line", lambda: "pip install ready")
    line = "no ready models are installed: pip install ready"
    assert invoke("models") == f"{line}\n"
    assert invoke("models", "--json") == "[]\n"
    for words in (["models", "x"], ["app", "--out", tmp_path / "page"], ["serve"]):
        assert refusal(*words, status=2).endswith(line)


def test_an_app_or_a_server_of_no_models_has_all(shelf: Path) -> None:
    assert models_of([]) == {name: shelf / f"{name}.onnx" for name in ("faces", "flat-to-3d")}


def test_how_a_model_was_trained_is_read_as_it_was_written(shelf: Path) -> None:
    assert read_provenance(shelf / "faces.onnx") == HOW
