"""Every recipe that comes along, by the commands that a user types: it resumes bit for bit, exports, and runs."""

import shutil
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from gantk import load
from gantk.cli.main import main

WIDTHS = ("filters=4", "units=16", "layers=2", "blocks=1", "dense=16", "pieces=2", "bottleneck=4")
"""Small widths; each recipe takes those that its parts declare."""

RECIPES = sorted(
    entry.name
    for entry in entry_points(group="gantk")
    if entry.dist is not None and entry.dist.name == "gantk" and hasattr(entry.load(), "recipe")
)


def gantk(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def small(recipe: str) -> list[str]:
    """Return the options that make a recipe small: those of the widths that it knows."""
    said = ["--plugin", recipe, "--size", "32", "--batch-size", "3", "--device", "cpu", "--precision", "fp32"]
    shown = gantk("train", *said, "--dry-run")
    for slot in ("generator.", "discriminator.", ""):
        for width in WIDTHS:
            name = f"{slot}{width.split('=')[0]}"
            if any(line.split()[:1] == [name] for line in shown.splitlines()):
                said += ["-s", f"{slot}{width}"]
    return said


def tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.name}/{name}": tensor
        for path in sorted(checkpoint.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


@pytest.fixture(scope="module", params=RECIPES)
def run(request, tmp_path_factory) -> Path:
    """A run of six steps, of which the third and the sixth were saved."""
    path = tmp_path_factory.mktemp(request.param) / "run"
    every = ["--steps", "6", "--checkpoint-every", "3", "--preview-every", "6", "--log-every", "6"]
    gantk("train", *small(request.param), *every, "--out", str(path))
    return path


def test_a_resumed_run_is_bit_exact(run, tmp_path):
    resumed = tmp_path / "run"
    shutil.copytree(run, resumed)
    shutil.rmtree(resumed / "checkpoints" / "000006")
    gantk("train", "--resume", str(resumed))
    expected, found = tensors(run / "checkpoints" / "000006"), tensors(resumed / "checkpoints" / "000006")
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    earlier = tensors(run / "checkpoints" / "000003")
    assert any(not torch.equal(earlier[name], expected[name]) for name in expected)


def test_every_graph_is_exported_verified_and_runs(run, tmp_path):
    gantk("export", str(run))
    models = sorted((run / "exports").glob("*.onnx"))
    assert models
    preview = next((run / "previews").glob("*.png"))
    for path in models:
        gantk("verify", str(path))
        card = load(path).card
        assert card.parity
        out = tmp_path / path.stem
        if card.task == "generate":
            gantk("generate", str(path), "-n", "2", "-o", str(out))
            assert len(list(out.iterdir())) == 2
        elif card.task == "translate":
            gantk("translate", str(path), str(preview), "-o", str(out.with_suffix(".png")))
        else:
            gantk("encode" if card.task == "encode" else "score", str(path), str(preview), "-o", f"{out}.csv")
            assert len(Path(f"{out}.csv").read_text().splitlines()) == 2
