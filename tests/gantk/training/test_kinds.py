"""A tiny recipe of each kind of batches trains, and goes on exactly where it stopped."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gantk.runs.config import Config
from gantk.runs.run import open_run
from gantk.training.launch import Again, launch, relaunch

RECIPE = """
import torch
from torch import nn

from gantk import Build, Kind, Player, Recipe

class Tiny(Recipe):
    kind = {kind}

    def __init__(self, build: Build) -> None:
        super().__init__()
        self.data = build.data
        self.maker = build.network(nn.Conv2d({takes}, {gives}, 3, padding=1), "maker")

    def players(self):
        return {{"maker": Player(self.maker)}}

    def step(self, batches):
        batch = next(batches)
        made = self.maker({given})
        yield "maker", {{"l2": (made - {wanted}).square().mean()}}

    def preview(self, batch):
        return {preview}

    def graphs(self):
        return {{}}

@hookimpl
def recipe():
    return Tiny
"""

RIGHT = {
    "kind": "'images'",
    "takes": "3",
    "gives": "3",
    "given": "batch['image']",
    "wanted": "batch['image']",
    "preview": "{'image': batch['image']}",
}

Trains = Callable[..., tuple[Path, str]]


@pytest.fixture
def trains(plugin_file: Callable[..., Path], tmp_path: Path, home: Path) -> Trains:
    """Return a function that trains a recipe of one convolution, and checks that a resume comes to the same."""

    def train(data: str | Path | list[str], said: Mapping[str, Any] = {}, **recipe: str) -> tuple[Path, str]:
        path = plugin_file("tiny", RECIPE.format(**RIGHT | recipe))
        settings = {"size": 16, "batch_size": 2, "steps": 4} | dict(said)
        named = data if isinstance(data, list) else [str(data)]
        config = Config(plugins=[str(path)], data=named, device="cpu", checkpoint_every=2, set=settings)
        told: list[str] = []
        run = launch(config, tmp_path / "run", told.append)
        resumed = tmp_path / "resumed"
        shutil.copytree(run, resumed)
        shutil.rmtree(resumed / "checkpoints" / "000004")
        relaunch(resumed, Again(), told.append)
        weights, again = (load_file(at / "checkpoints" / "000004" / "maker.safetensors") for at in (run, resumed))
        assert all(torch.equal(weights[name], again[name]) for name in weights)
        assert not any("are not those" in line for line in told)
        return run, "\n".join(told)

    return train


def test_a_recipe_s_own_kind(trains: Trains, fill: Callable[..., Path]) -> None:
    root = fill({"a": "123456", "b": "123456"})
    holds, view = {"first": "images", "second": "images"}, {"first": "source", "second": "target"}
    kind = f"Kind('rows', {holds}, served_by={{'paired': {view}}})"
    columns = {"given": "batch['first']", "wanted": "batch['second']", "preview": "dict(batch)"}
    run, _ = trains(root, kind=kind, **columns)
    assert open_run(run).manifest.data.of_kind.keys() == ("first", "second")
