"""Makes the runs and models of version 0.2 beside this file, and what 0.2 itself makes of them.

Run by the Python of an environment that has version 0.2 with what trains and exports (README.md says how).
"""

import json
import os
import shutil
import sys
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.main import main
from gantk_datasets.emoji import emoji

HERE = Path(__file__).resolve().parent
STEPS = 4
SMALL = {
    "cyclegan": {"generator.filters": 2, "generator.blocks": 1, "discriminator.layers": 1, "pool": 2},
    "pix2pix": {"generator.filters": 2, "discriminator.layers": 1},
    "wgan-gp": {"generator.filters": 4, "discriminator.filters": 4, "critic_steps": 2, "latent": 8},
    "cgan": {f"{part}units": 8 for part in ("generator.", "generator.noise_", "generator.label_", "discriminator.")}
    | {"discriminator.label_units": 4, "discriminator.pieces": 2, "discriminator.joint_pieces": 2, "latent": 4},
    "vae": {"filters": 2, "generator.filters": 2, "latent": 4},
}
"""The options of each run, by its recipe: one that translates without pairs, one with, three that generate."""

MEASURED = {
    "cyclegan": ("--metric", "l1", "--graph", "a_to_b"),
    "pix2pix": ("--metric", "l1"),
    "vae": ("--metric", "l1", "--graph", "reconstruct"),
    "wgan-gp": ("--metric", "parzen", "-s", "parzen.samples=50", "-s", "parzen.validation=10"),
    "cgan": ("--metric", "parzen", "-s", "parzen.samples=50", "-s", "parzen.validation=10"),
}


def gantk_command(*arguments: object) -> str:
    said = [str(argument) for argument in arguments]
    sys.argv = ["gantk", *said]  # a run records the command
    done = CliRunner().invoke(main, said, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def make(name: str) -> None:
    """Train a recipe, export the checkpoint before the last step, and keep what version 0.2 makes of both."""
    run, expected = Path(name), Path(name) / "expected"
    options = [part for option in SMALL[name].items() for part in ("-s", "=".join(map(str, option)))]
    small = ["--size", 16, "--batch-size", 2, "--steps", STEPS, "--checkpoint-every", 1, "--log-every", 1]
    plain = ["--device", "cpu", "--precision", "fp32", "--workers", 0, "--keep", STEPS]
    if name in ("cyclegan", "pix2pix"):
        options += ["-s", "discriminator.filters=2"]
    gantk_command("train", "--plugin", name, "--data", "emoji", *small, *plain, *options, "--out", run)
    expected.mkdir()
    shutil.move(run / "checkpoints" / f"{STEPS:06d}", expected)
    for earlier in range(1, STEPS - 1):
        shutil.rmtree(run / "checkpoints" / f"{earlier:06d}")
    gantk_command("export", run)
    for model in sorted((run / "exports").glob("*.onnx")):
        task = gantk.load(model).card.task
        out = expected / f"{model.stem}.png"
        if task == "generate":
            gantk_command("generate", model, "-n", 4, "--seed", 3, "-o", out)
        elif task == "translate":
            gantk_command("translate", model, "picture.png", "-o", out)
        else:
            gantk_command(task, model, "picture.png", "-o", out.with_suffix(".csv"))
    (record,) = json.loads(gantk_command("evaluate", run, *MEASURED[name], "--device", "cpu", "--json"))
    kept = {key: record[key] for key in ("metric", "value")}
    (expected / "score.json").write_text(json.dumps({"said": MEASURED[name], **kept}, indent=2) + "\n")
    for left in ("tensorboard", "previews", "metrics.jsonl"):  # pictures of nothing, and the names of machines
        shutil.rmtree(run / left) if (run / left).is_dir() else (run / left).unlink()
    manifest = json.loads((run / "manifest.json").read_text())
    said = manifest | {"platform": sys.platform, "git": None}
    (run / "manifest.json").write_text(json.dumps(said, indent=1))


if __name__ == "__main__":
    assert gantk.__version__ == "0.2.0"
    os.chdir(HERE)
    column = emoji(None).split("images", False, 24).columns["image"]
    Image.fromarray(column[5]).save("picture.png")
    for recipe in SMALL:
        shutil.rmtree(recipe, ignore_errors=True)
        make(recipe)
