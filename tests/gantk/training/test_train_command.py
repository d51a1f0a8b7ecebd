"""`gantk train` as a user types it: what it says, what it refuses, what it leaves behind."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file

import gantk
from gantk.cli.main import main
from gantk.data.batches import Crops
from gantk.data.held_out import held_out_batch
from gantk.plan.open_data import open_data
from gantk.runs.run import open_run
from gantk.training.previews import CELL, GAP, HEADER, to_bytes
from support.commands import invoke

TINY = [
    "--plugin", "cyclegan", "--size", "32", "--device", "cpu", "-s", "generator.filters=4", "-s", "generator.blocks=1",
    "-s", "discriminator.filters=4", "-s", "discriminator.layers=1", "-s", "pool=4",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A tiny run in bf16 with averaged weights, exported."""
    path = tmp_path_factory.mktemp("train") / "run"
    said = invoke(
        "train",
        *TINY,
        "--steps",
        "4",
        "--precision",
        "bf16",
        "--log-every",
        "2",
        "-s",
        "ema={a_to_b: 0.5}",
        "--out",
        path,
    )
    assert said.splitlines()[4].startswith("cpu, bf16 · emoji: 1,570 Fluent emoji at 64 px, flat -> 3d")
    assert "4 networks" in said
    assert "4 steps, about" in said
    invoke("export", path, "--graph", "a_to_b")
    return path


def test_a_run_holds_what_the_book_says(run):
    found = {path.name for path in run.iterdir()}
    assert found >= {"config.yaml", "manifest.json", "checkpoints", "previews", "scalars.jsonl", "tensorboard"}
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["data"]["name"] == "emoji"
    assert manifest["data"]["licence"] == "MIT"
    assert len(manifest["data"]["fingerprint"]) == 64
    assert manifest["versions"]["torch"] == torch.__version__.split("+")[0]
    lines = [json.loads(line) for line in (run / "scalars.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    assert {"generator/cycle_a", "generator/game_b", "discriminator/game_a"} <= lines[0].keys()
    assert list((run / "tensorboard").iterdir())


def test_the_exported_model_gives_the_previews_pixels(run):
    config = open_run(run).config
    batch = held_out_batch(open_data(config), "unpaired", Crops(size=32), 8, torch.device("cpu"))
    model = gantk.load(run / "exports" / "a_to_b.onnx")
    translated = model(to_bytes(batch["a"])).astype(int)
    with Image.open(run / "previews" / "000004.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    factor = CELL // 32
    for column, images in enumerate((to_bytes(batch["a"]), translated, to_bytes(batch["reference"]))):
        left = GAP + column * (32 * factor + GAP)
        for row, image in enumerate(images):
            top = HEADER + row * (32 * factor + GAP)
            shown = pixels[top : top + 32 * factor : factor, left : left + 32 * factor : factor]
            assert np.abs(shown - image).max() <= 1


def test_a_dry_run_says_who_brings_what_and_trains_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = invoke("train", "--plugin", "cyclegan", "--loss", "wgan-gp", "-s", "cycle=5", "--dry-run")
    for words in ("resnet", "--loss", "quick scale of emoji", "recipe cyclegan", "loss wgan-gp"):
        assert words in said
    lines = {" ".join(line.split()) for line in said.splitlines()}
    assert "cycle 5.0 you" in lines
    assert "critic_steps 5 loss wgan-gp" in lines
    assert {"device cpu default", "precision fp32 you"} <= {
        " ".join(line.split())
        for line in invoke("train", "--plugin", "dcgan", "--precision", "fp32", "--dry-run").splitlines()
    }
    assert "data.direction a_to_b default" in lines
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to train: --plugin NAME"),
        (["--plugin", "cyclegn"], "cyclegn.*cyclegan"),
        (["--plugin", "resnet"], "resnet brings no recipe"),
        (["--plugin", "cyclegan", "-s", "cycle"], "-s cycle: say NAME=VALUE"),
        (["--plugin", "cyclegan", "--device", "tpu"], "no device is called tpu"),
        (["--plugin", "cyclegan", "--data", "emoji:flat,photo"], "line, flat, 3d"),
        (["--plugin", "pix2pix", "--data", "emoji:flat"], "serves batches of the kind .* needs paired"),
        (["--plugin", "cyclegan", "--loss", "wgan-gp", "--normalization", "batch"], "cannot be used with.* batch"),
        (["--resume", "nowhere"], "nowhere is not a run"),
        (["--resume", "nowhere", "--loss", "hinge"], "leave out loss"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_clear_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["train", *arguments])
    assert result.exit_code in (1, 2)
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.output
    assert re.search(message, lines[0]), lines[0]
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_is_there_is_never_written_over(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    assert "is there already" in invoke("train", *TINY, "--steps", "1", "--out", tmp_path, status=2)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_itself(tmp_path):
    said = invoke(
        "train", *TINY, "--steps", "40", "--precision", "fp32", "-s", "learning_rate=1e30", "--log-every", "5",
        "--checkpoint-every", "1000", "--out", tmp_path / "run", status=1,
    )  # fmt: skip
    error = said.split("Error: ")[1].strip()
    assert "became NaN or infinite at step" in error
    assert "of player" in error
    assert "no checkpoint had been saved" in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return nn.Conv2d(3, 5, 1)", "generator mine gave 5 channels of .32, 32. pixels; 3 channels"),
        ("return nn.Conv2d(3, 3, 5)", "generator mine gave 3 channels of .28, 28. pixels; 3 channels of .32, 32."),
        ("return nn.Conv2d(4, 3, 1)", "RuntimeError: Given groups=1"),
        ("return nn.Conv2D(3, 3, 1)", "generator mine cannot be made: .*mine.py:5: AttributeError"),
    ],
)
def test_a_plugins_mistake_is_one_line_and_leaves_no_run(tmp_path, plugin_file, body, message):
    run = tmp_path / "run"
    plugin = plugin_file(
        "mine",
        f"from torch import nn\n\ndef mine(spec, build):\n    {body}\n\n@hookimpl\ndef generator():\n    return mine\n",
    )
    said = invoke("train", *TINY[:6], "--plugin", plugin, "--steps", "1", "--out", run, status=1)
    assert re.search(message, said), said
    assert "Traceback" not in said
    assert not run.exists()


def test_a_hook_that_forgets_its_return_is_an_error(plugin_file):
    plugin = plugin_file("mine", "@hookimpl\ndef loss():\n    object()\n")
    said = invoke("train", "--plugin", "cyclegan", "--plugin", plugin, "--dry-run", status=1)
    assert f"plugin mine ({plugin}): hook loss returned nothing; return the class" in said
    # Also where another loss is chosen.
    said = invoke("train", "--plugin", "cyclegan", "--plugin", plugin, "--loss", "hinge", "--dry-run", status=1)
    assert "hook loss returned nothing" in said


def test_no_checkpoint_holds_what_is_not_finite(tmp_path):
    plugin = tmp_path / "torn.py"
    plugin.write_text(
        '"""A game whose gradient, not its loss, is NaN from the third step on."""\n'
        "from gantk import AdversarialLoss, hookimpl\n\n\n"
        "class Torn(AdversarialLoss):\n"
        "    def discriminator(self, real, fake):\n        return (fake - real).mean()\n\n"
        "    def generator(self, fake, real=None):\n"
        "        torn = (fake - fake.detach()).abs().sqrt().mean() if self.progress.step >= 2 else 0\n"
        "        return torn - fake.mean()\n\n\n"
        "@hookimpl\ndef loss():\n    return Torn\n"
    )
    run = tmp_path / "run"
    said = invoke(
        "train", *TINY, "--plugin", plugin, "--steps", "9", "--checkpoint-every", "1", "--log-every", "100",
        "--out", run, status=1,
    )  # fmt: skip
    assert "became NaN or infinite" in said
    kept = sorted(path.name for path in (run / "checkpoints").iterdir())
    for name in kept:
        weights = load_file(run / "checkpoints" / name / "a_to_b.safetensors")
        assert all(tensor.isfinite().all() for tensor in weights.values())
    assert f"the last good checkpoint is {run / 'checkpoints' / kept[-1]}" in said


def test_images_of_ones_own(tmp_path):
    rng = np.random.default_rng(0)
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        for number in range(6):
            image = rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(image).save(tmp_path / side / f"{side}{number}.png")
    (tmp_path / "b" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    data = ["--data", tmp_path / "a", "--data", tmp_path / "b"]
    refused = invoke("train", *TINY, *data, "--steps", "2", "--out", tmp_path / "run", status=1)
    assert "broken.jpg" in refused
    assert "--skip-bad" in refused
    assert not (tmp_path / "run").exists()
    said = invoke("train", *TINY, *data, "--steps", "2", "--skip-bad", "--out", tmp_path / "run")
    assert "broken.jpg" in said
    assert "unpaired" in said
    assert (tmp_path / "run" / "checkpoints" / "000002").is_dir()


def test_a_step_is_a_round_as_papers_count(tmp_path):
    small = ["-s", "generator.filters=2", "-s", "discriminator.filters=2", "--size", "8", "--batch-size", "2"]
    said = ["--plugin", "wgan", "--data", "emoji", *small, "--steps", "2", "--log-every", "1", "--device", "cpu"]
    out = invoke("train", *said, "-s", "critic_steps=3", "--precision", "fp32", "--out", tmp_path / "run")
    assert "2 steps (in each, generator moves once, discriminator 3 times)" in out
    state = json.loads((tmp_path / "run" / "checkpoints" / "000002" / "state.json").read_text())
    assert (state["step"], state["positions"]) == (2, {"images": 2 * 3 * 2})
    logged = [json.loads(line) for line in (tmp_path / "run" / "scalars.jsonl").read_text().splitlines()]
    assert all({"generator/game", "discriminator/game"} <= scalars.keys() for scalars in logged)


def test_a_run_of_version_0_2_goes_on_in_turns(tmp_path):
    small = ["-s", "generator.filters=2", "-s", "discriminator.filters=2", "--size", "8", "--batch-size", "2"]
    said = ["--plugin", "wgan", "--data", "emoji", *small, "--steps", "2", "--log-every", "1", "--device", "cpu"]
    run = tmp_path / "run"
    invoke("train", *said, "-s", "critic_steps=3", "--precision", "fp32", "--out", run)
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("steps_are: rounds\n", "").replace("  rmsprop_decay: 0.99\n", ""))
    invoke("train", "--resume", run, "--steps", "4")
    assert "steps_are: turns" in (run / "config.yaml").read_text()
    state = json.loads((run / "checkpoints" / "000004" / "state.json").read_text())
    assert state["positions"] == {"images": 2 * 3 * 2 + 2 * 2}
    logged = [json.loads(line) for line in (run / "scalars.jsonl").read_text().splitlines()]
    # Turns 3 and 4, counted from 1: the generator moves at every third.
    assert ["generator/game" in scalars for scalars in logged] == [True, True, True, False]
