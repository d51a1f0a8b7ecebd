"""`gantk evaluate` on runs of tiny recipes: on label maps, and on images at two sizes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gantk.cli.evaluate import evaluate
from gantk.cli.train import train

RECIPE = """
from torch import nn
from torch.nn.functional import interpolate
from gantk import Build, Graph, Network, Player, Recipe

class Module(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layer = nn.Conv2d(channels, 3, 1)

    def forward(self, image):
        return self.layer(image if {scale} == 1 else interpolate(image, scale_factor=2.0, mode="nearest"))

class Tiny(Recipe):
    kind = {kind!r}

    def __init__(self, build: Build) -> None:
        super().__init__()
        self.palettes = build.data.palettes
        self.maker = build.network(Module(build.data.channels[{taken!r}]), "maker")

    def players(self):
        return {{"maker": Player(self.maker)}}

    def made(self, batch):
        taken = batch[{taken!r}]
        return self.maker(self.palettes[{taken!r}].one_hot(taken) if {taken!r} in self.palettes else taken)

    def step(self, batches):
        batch = next(batches)
        yield "maker", {{"l2": (self.made(batch) - batch[{given!r}]).square().mean()}}

    def preview(self, batch):
        return {{"taken": batch[{taken!r}], "made": self.made(batch)}}

    def graphs(self):
        graph = Graph(network=self.maker, inputs=({taken!r},), outputs=({given!r},), scale={scale})
        return {{"make": graph}}

@hookimpl
def recipe():
    return Tiny
"""

LAYOUT = {"kind": "layout", "taken": "layout", "given": "image", "scale": 1}
SCALED = {"kind": "scaled", "taken": "low", "given": "high", "scale": 2}
LEVELS = {0: 40, 7: 200}


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Label maps of two values, and pictures whose grey follows from these."""
    root, random = tmp_path / "maps", np.random.default_rng(0)
    for side in ("labels", "images"):
        (root / side).mkdir(parents=True)
    for number in range(8):
        ids = np.where(random.random((16, 16)) < 0.5, 0, 7).astype(np.uint8)
        Image.fromarray(ids).save(root / "labels" / f"{number}.png")
        grey = np.where(ids == 0, LEVELS[0], LEVELS[7]).astype(np.uint8)
        Image.fromarray(grey[..., None].repeat(3, 2)).save(root / "images" / f"{number}.png")
    return root


def scores(run: Path) -> dict[str, dict]:
    asked = [str(run), "--metric", "l1", "--metric", "psnr", "--json"]
    result = CliRunner().invoke(evaluate, asked)
    assert result.exit_code == 0, result.output
    return {record["name"]: record for record in json.loads(result.stdout)}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("recipe", "said"), [(LAYOUT, ["data.labels=a", "learning_rate=0.05"]), (SCALED, ["shrink=2"])]
)
def test_a_run_is_measured_against_its_truth(
    recipe: dict, said: list[str], maps: Path, plugin_file: Callable[..., Path], tmp_path: Path
) -> None:
    file, run = plugin_file("tiny", RECIPE.format(**recipe)), tmp_path / "run"
    settings = [each for one in said for each in ("-s", one)]
    data = maps if recipe is LAYOUT else maps / "images"
    arguments = ["--plugin", file, "--data", data, "--size", 16, "--steps", 20, "--batch-size", 2]
    result = CliRunner().invoke(train, [*map(str, arguments), *settings, "--out", str(run)])
    assert result.exit_code == 0, result.output
    found = scores(run)
    assert found["l1"]["data"]["counts"] == {"held-out": 1}
    assert np.isfinite(found["psnr"]["value"])
    if recipe is LAYOUT:
        assert found["l1"]["value"] < 0.05, "a class has one grey, which twenty steps learn"
