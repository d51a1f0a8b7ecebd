"""Every option of `gantk train`, each with what it is seen to change."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file

from gantk.cli.main import main
from gantk.cli.train import train
from gantk.data.batches import Crops
from gantk.data.held_out import held_out_batch
from gantk.plan.open_data import open_data
from gantk.runs.config import Config
from gantk.runs.run import open_run
from gantk.training.previews import CELL, GAP, HEADER, to_bytes

FIRST = [
    "--plugin", "cyclegan", "--data", "emoji:flat,3d", "--direction", "b_to_a", "--scale", "quick", "--steps", "3",
    "--size", "32", "--batch-size", "2", "--generator", "unet", "--discriminator", "dcgan", "--loss", "wgan",
    "--normalization", "generator=instance", "-s", "generator.filters=4", "-s", "generator.depth=3",
    "-s", "discriminator.filters=4", "--seed", "7", "--device", "cpu", "--precision", "fp32", "--channels-last",
    "--workers", "1", "--log-every", "1", "--preview-every", "2", "--preview-images", "5,2", "--checkpoint-every", "1",
    "--keep", "2", "--skip-bad", "--evaluate-every", "2", "--metric", "l1", "--evaluate-images", "5", "--patience", "7",
    "--no-doctor",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a command said, and what it left."""

    said: str
    config: Config | None = None
    files: tuple[str, ...] = ()
    logged: list[int] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    previews: dict[str, np.ndarray] = field(default_factory=dict)
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    scores: list[dict[str, object]] = field(default_factory=list)


def seen(run: Path, *arguments: object) -> Seen:
    told = said(*arguments)
    checkpoints = sorted(path.name for path in (run / "checkpoints").iterdir())
    return Seen(
        said=told,
        config=open_run(run).config,
        files=tuple(path.name for path in run.iterdir()),
        logged=[json.loads(line)["step"] for line in (run / "scalars.jsonl").read_text().splitlines()],
        checkpoints=checkpoints,
        scores=_lines(run / "metrics.jsonl"),
        previews={
            path.name: np.asarray(Image.open(path).convert("RGB")) for path in sorted((run / "previews").iterdir())
        },
        weights=load_file(run / "checkpoints" / checkpoints[-1] / "a_to_b.safetensors"),
    )


def said(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["train", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Seen]:
    """A run with nearly every option, one that starts from its weights and configuration, and the first gone on."""
    folder = tmp_path_factory.mktemp("options")
    first, second = folder / "first", folder / "second"
    runs = {"first": seen(first, *FIRST, "--out", first)}
    words = (
        "--config",
        first / "config.yaml",
        "--doctor",
        "--init",
        first,
        "--no-channels-last",
        "--workers",
        "0",
        "--steps",
        "1",
    )
    runs["second"] = seen(second, *words, "--out", second, "-s", "learning_rate=1e-12")
    runs["dry"] = Seen(said=said(*FIRST, "--dry-run"))
    runs["gone on"] = seen(first, "--resume", first, "--step", "2", "--steps", "4", "--keep", "9", "--workers", "0")
    return runs


CHANGES: dict[str, Callable[[dict[str, Seen]], bool]] = {
    "plugins": lambda runs: runs["first"].config.plugins[0] == "cyclegan",
    "data": lambda runs: "flat -> 3d" in runs["first"].said,
    "direction": lambda runs: "b to a" in runs["first"].said,
    "scale": lambda runs: runs["first"].config.set["jitter"] == 1.0,
    "steps": lambda runs: runs["first"].logged == [1, 2, 3],
    "size": lambda runs: "· 32 px" in runs["first"].said,
    "batch_size": lambda runs: "batch 2 ·" in runs["first"].said,
    "generator": lambda runs: any("down" in name or "unet" in name for name in runs["first"].weights),
    "discriminator": lambda runs: runs["first"].config.discriminator == "dcgan",
    "loss": lambda runs: runs["first"].config.loss == "wgan",
    "normalization": lambda runs: runs["first"].config.normalization["generator"] == "instance",
    "sets": lambda runs: runs["first"].config.set["generator.filters"] == 4,
    "config": lambda runs: runs["second"].config.set["generator.filters"] == 4,
    "device": lambda runs: "\ncpu, fp32 ·" in runs["first"].said,
    "precision": lambda runs: "\ncpu, fp32 ·" in runs["first"].said,
    "channels_last": lambda runs: (runs["first"].config.channels_last, runs["second"].config.channels_last) == (1, 0),
    "workers": lambda runs: runs["first"].config.workers == 1,
    "seed": lambda runs: runs["first"].config.seed == 7,
    "log_every": lambda runs: runs["first"].logged == [1, 2, 3],
    "preview_every": lambda runs: list(runs["first"].previews) == ["000002.png", "000003.png"],
    "preview_images": lambda runs: shows(runs["first"], [5, 2]),
    "checkpoint_every": lambda runs: runs["gone on"].checkpoints == ["000002", "000003", "000003.aside", "000004"],
    "keep": lambda runs: runs["first"].checkpoints == ["000002", "000003"],
    "evaluate_every": lambda runs: [one["step"] for one in runs["first"].scores] == [2, 3],
    "metrics": lambda runs: {one["metric"] for one in runs["first"].scores} == {"l1"},
    "evaluate_images": lambda runs: runs["first"].scores[0]["data"]["counts"] == {"held-out": 5},
    "patience": lambda runs: runs["first"].config.patience == 7,
    "doctor": lambda runs: (runs["first"].config.doctor, runs["second"].config.doctor) == (False, True),
    "skip_bad": lambda runs: runs["first"].config.skip_bad,
    "init": lambda runs: is_close(runs["second"].weights, runs["first"].weights),
    "out": lambda runs: "config.yaml" in runs["first"].files,
    "resume": lambda runs: runs["gone on"].logged == [1, 2, 3, 4],
    "step": lambda runs: "from step 2 to 4" in runs["gone on"].said,
    "dry_run": lambda runs: "networks" in runs["dry"].said and not runs["dry"].files,
}
"""What an option is seen to change, by its name."""

ELSEWHERE = {
    "replay": "tests/gantk/steering/test_replay.py",
    "augmentation": "tests/gantk/parts/test_augmentation.py",
    "compiled": "test_compile.py",
    "help": "test_cli_main.py",
}
"""Options that are tried in files of their own."""


def test_every_option_is_tried():
    assert {option.name for option in train.params} | {"help"} == CHANGES.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("option", CHANGES)
def test_an_option_changes_what_it_says(runs, option):
    assert CHANGES[option](runs)


def shows(run: Seen, rows: list[int]) -> bool:
    """Return whether the first column of the first preview is of these held-out images."""
    batch = held_out_batch(open_data(run.config), "unpaired", Crops(size=32), rows, torch.device("cpu"))
    pixels, factor = run.previews["000002.png"], CELL // 32
    tops = [HEADER + row * (32 * factor + GAP) for row in range(len(rows))]
    shown = [pixels[top : top + 32 * factor : factor, GAP : GAP + 32 * factor : factor] for top in tops]
    return pixels.shape[0] == 2 * HEADER + 2 * (32 * factor + GAP) and np.array_equal(shown, to_bytes(batch["a"]))


def is_close(weights: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return all(
        torch.allclose(tensor, others[name], rtol=0, atol=1e-6) for name, tensor in weights.items() if tensor.ndim > 1
    )
