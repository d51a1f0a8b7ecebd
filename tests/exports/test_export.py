"""`gantk export` and `gantk verify` as a user meets them."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner

import gantk
from gantk.cli.train import train
from gantk.errors import GantkError, UsageError
from gantk.install_lines import extra_line
from gantk.runtime.seals import seal
from gantk.training.trained import Trained
from gantk_exports.export import export
from gantk_exports.verify import verify

Export = Callable[..., Path]


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one step with the smallest networks."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    options = ["generator.filters=2", "generator.blocks=1", "discriminator.filters=2"]
    chosen = [argument for option in options for argument in ("-s", option)]
    run(train, "--plugin", "cyclegan", "--steps", 1, "--size", 32, "--out", folder, "--precision", "fp32", *chosen)
    return folder


def test_every_graph_is_exported_beside_the_run(trained_run: Path) -> None:
    lines = run(export, trained_run).splitlines()
    folder = trained_run / "exports"
    assert sorted(file.name for file in folder.iterdir()) == [
        f"{graph}.{kind}" for graph in ("a_to_b", "b_to_a") for kind in ("json", "onnx")
    ]
    files = [folder / "a_to_b.onnx", folder / "b_to_a.onnx"]
    assert [line.split("  ")[0] for line in lines[:-1]] == [str(file) for file in files]
    assert lines[-1] == f"next: gantk translate {files[0]} IMAGES -o OUT"
    with pytest.raises(GantkError, match=f"is a folder; give one of its models: {files[0]}, {files[1]}$"):
        gantk.load(trained_run)
    assert "MB  differs from torch by at most" in lines[0]
    assert gantk.load(folder / "b_to_a.onnx").card.graph == "b_to_a"
    differences = json.loads(run(verify, folder / "b_to_a.onnx", "--run", trained_run, "--json"))["differences"]
    assert len(differences) == 4
    assert max(differences.values()) <= 1


def test_places_that_cannot_be_are_refused(trained_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"is one file, and there are 2 graphs \(a_to_b, b_to_a\)"):
        run(export, trained_run, "--out", tmp_path / "one.onnx")
    with pytest.raises(UsageError, match=r"neither a folder nor an \.onnx file"):
        run(export, trained_run, "--out", tmp_path / "file")
    with pytest.raises(UsageError, match="no graph 'nothing', only a_to_b, b_to_a"):
        run(export, trained_run, "--graph", "nothing", "--out", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GantkError, match=rf"^[^\n]*{tmp_path.name}[^\n]*$"):
        run(export, tmp_path)


def test_a_missing_extra_is_named(without: Callable[[str], None], tmp_path: Path) -> None:
    without("onnxscript")
    with pytest.raises(GantkError, match=rf"^gantk export needs onnxscript: {re.escape(extra_line('train'))}$"):
        run(export, tmp_path)


def test_verify_shows_the_card_and_runs_the_model(exported: Export, residual: Trained) -> None:
    path = exported("residual", residual)
    shown = run(verify, path)
    assert "graph     a_to_b (translate) of plugin translation" in shown
    assert "takes     image: uint8 NHWC, 3 channels RGB, 0 to 255" in shown
    assert "sizes     any; padded inside to multiples of 4, at least 12" in shown
    assert "1x1 (" in shown
    read = json.loads(run(verify, path, "--json"))
    assert read["card"] == json.loads(path.with_suffix(".json").read_text())
    assert read["seconds"].keys() == {"1x1", "33x77", "128x128"}
    assert read["differences"] is None


def test_verify_finds_a_model_that_is_not_the_runs(
    exported: Export, residual: Trained, trained_run: Path, tmp_path: Path
) -> None:
    path = exported("residual", residual)
    with pytest.raises(UsageError, match="has no checkpoint of step 7, only of 1"):
        run(verify, path, "--run", trained_run)
    older = onnx.load(path)
    del older.metadata_props[[prop.key for prop in older.metadata_props].index("gantk.step")]
    onnx.save(older, tmp_path / "older.onnx")
    seal(tmp_path / "older.onnx")
    with pytest.raises(GantkError, match=r"older\.onnx: ONNX Runtime differs from torch .* limit"):
        run(verify, tmp_path / "older.onnx", "--run", trained_run)


def test_verify_finds_a_model_that_gives_another_size(exported: Export, residual: Trained, tmp_path: Path) -> None:
    proto = onnx.load(exported("residual", residual))
    slices = [node for node in proto.graph.node if node.op_type == "Slice"]
    passed = onnx.helper.make_node("Identity", [slices[-1].input[0]], [slices[-1].output[0]])
    slices[-1].CopyFrom(passed)
    onnx.save(proto, tmp_path / "uncropped.onnx")
    seal(tmp_path / "uncropped.onnx")
    with pytest.raises(GantkError, match=r"at 1x1 it gives \(1, 1, 12, 3\)"):
        run(verify, tmp_path / "uncropped.onnx")


def test_verify_and_translate_import_no_torch(exported: Export, residual: Trained, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (9, 7), (200, 100, 50)).save(tmp_path / "in.png")
    code = """
import sys, gantk
from gantk.cli.translate import translate
from gantk_exports.verify import verify
model, image, out = sys.argv[1:]
assert gantk.load(model)(image).size == (9, 7)
translate.main([model, image, "-o", out], standalone_mode=False)
verify.main([model], standalone_mode=False)
heavy = [name for name in ("torch", "onnx", "cv2", "kornia", "albumentations") if name in sys.modules]
assert not heavy, heavy
"""
    arguments = [exported("residual", residual), tmp_path / "in.png", tmp_path / "out.png"]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (9, 7)


@pytest.mark.parametrize("command", [export, verify])
def test_help_shows_an_example(command: object) -> None:
    assert "Example:\n  gantk " in run(command, "--help").replace("    gantk", "  gantk")


def test_a_checkpoint_in_a_form_for_another_engine_is_verified_by_the_same_checkpoint(
    trained_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "with a space"
    said = run(
        *(export, trained_run, "--graph", "a_to_b", "--out", out),
        *("--step", 1, "--size", "24x40", "--io", "float", "--opset", 17),
    )
    path = out / "a_to_b.24x40.opset17.onnx"
    assert said.splitlines()[-1] == f"next: gantk translate '{path}' IMAGES -o OUT"
    lines = run(verify, path, "--run", trained_run)
    assert "24x40 alone, 1 sample at once" in lines
    assert "ONNX opset 17, for ONNX Runtime 1.12 or later" in lines
    assert gantk.load(path).card.step == 1


@pytest.mark.parametrize("wrong", ["0", "8193", "12x", "x12", "a", "1x2x3", "-4", "4.5", "99999999999999999999"])
def test_sizes_that_are_none_are_refused(tmp_path: Path, wrong: str) -> None:
    result = CliRunner().invoke(export, [str(tmp_path), f"--size={wrong}"])
    assert result.exit_code == 2
    assert "say HEIGHTxWIDTH, or one number for both, in pixels from 1 to 8192" in result.output


def test_options_that_make_other_networks_are_refused_before_these_are_built(trained_run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    shutil.copytree(trained_run, copied)
    config = copied / "config.yaml"
    config.write_text(config.read_text().replace("generator.filters: 2", "generator.filters: 3000"))
    with pytest.raises(GantkError, match=r"its files hold \S+ MB, and the options of the run make networks of \S+ MB$"):
        run(export, copied)


def test_a_checkpoint_that_is_not_there_is_refused(trained_run: Path) -> None:
    with pytest.raises(UsageError, match="has no checkpoint of step 3, only of 1"):
        run(export, trained_run, "--step", 3)


def test_a_place_that_cannot_be_written_is_told_before_anything_is_exported(trained_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        GantkError, match=r"cannot write to .*/file/models: Not a directory; say another place by --out$"
    ):
        run(export, trained_run, "--graph", "a_to_b", "--out", tmp_path / "file" / "models")
