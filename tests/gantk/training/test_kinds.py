"""A tiny recipe of each kind of batches trains, and goes on exactly where it stopped."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from gantk import DataError, PluginError, UsageError
from gantk.plan.open_data import open_data
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


def label_maps(root: Path, values: list[int], palette: list[int] | None = None) -> Path:
    """Write pairs of label maps that hold these values and pictures, 20 pixels wide."""
    random = np.random.default_rng(0)
    for side in ("labels", "images"):
        (root / side).mkdir(parents=True)
    for number in range(6):
        ids = np.array(values, np.uint8)[random.integers(0, len(values), (5, 5))].repeat(4, 0).repeat(4, 1)
        if palette:
            image = Image.fromarray(ids, "L").convert("P")
            image.putdata(ids.ravel().tolist())
            image.putpalette(palette)
        else:
            image = Image.fromarray(ids)
        image.save(root / "labels" / f"{number}.png")
        picture = random.integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(picture).save(root / "images" / f"{number}.png")
    return root


LAYOUT = {
    "kind": "'layout'",
    "takes": "build.data.channels['layout']",
    "given": "self.data.palettes['layout'].one_hot(batch['layout'])",
    "preview": "{'layout': batch['layout'], 'image': batch['image']}",
}


def test_a_layout_of_numbers(trains: Trains, tmp_path: Path) -> None:
    root = label_maps(tmp_path / "maps", [0, 7, 255])
    (root / "classes.txt").write_text("0 sky #102030\n7 road\n\n255 nothing\n")
    run, told = trains(root, {"data.labels": "a", "jitter": 1.3}, **LAYOUT)
    assert "layout: label classes 3: sky, road, nothing" in told
    assert "passed over" not in told
    facts = open_run(run).manifest.data
    info = facts.contents.images["layout"]
    assert (facts.kind, info.channels, info.palette.names) == ("layout", 3, ("sky", "road", "nothing"))
    assert open_run(run).config.set["data.classes"][0] == "0 sky 0x102030"
    sheet = np.asarray(Image.open(run / "previews" / "000004.png"))
    assert (sheet == (16, 32, 48)).all(axis=2).any()


def test_a_layout_of_colours(trains: Trains, tmp_path: Path) -> None:
    root = label_maps(tmp_path / "maps", [0, 1], [10, 20, 30, 200, 100, 0])
    run, _ = trains(root, **LAYOUT)
    assert open_run(run).manifest.data.contents.images["layout"].palette.values == ((10, 20, 30), (200, 100, 0))


def test_folders_are_domains(trains: Trains, fill: Callable[..., Path]) -> None:
    root = fill({"x": "1234", "y": "1234", "z": "1234"})
    domains = {"kind": "'domains'", "given": "batch['image'] * batch['domain'].view(-1, 1, 1, 1)"}
    run, _ = trains([str(root / name) for name in "xyz"], **domains)
    assert open_run(run).manifest.data.domains == ["x", "y", "z"]


def test_captions(trains: Trains, fill: Callable[..., Path]) -> None:
    root = fill({"": "123456"})
    for name in "12345":
        (root / f"{name}.txt").write_text(f"picture {name}\n")
    captioned = {"kind": "'captioned'", "given": "batch['image'] * sum(map(len, batch['caption']))"}
    run, told = trains(root, {"data.hold_out": "0"}, **captioned)
    assert "1 of 6 images have no caption, and are left out" in told
    assert "caption: words 6: picture, 1, 2, 3, 4, 5\n" in told
    assert open_run(run).manifest.data.words == {"caption": ["picture", "1", "2", "3", "4", "5"]}


SCALED = {
    "kind": "'scaled'",
    "given": "torch.nn.functional.interpolate(batch['low'], scale_factor=self.data.size // self.data.sizes['low'])",
    "wanted": "batch['high']",
    "preview": "{'low': batch['low'], 'high': batch['high']}",
}


def test_images_at_two_sizes(trains: Trains, fill: Callable[..., Path]) -> None:
    root = fill({"": "123456"}, size=(40, 24))
    run, _ = trains(root, {"shrink": 2, "shrink_by": "area", "jitter": 1.3, "flip": True}, **SCALED)
    infos = open_run(run).manifest.data.contents.images
    assert {key: info.shrink for key, info in infos.items()} == {"low": 2, "high": 1}


def test_a_size_that_cannot_be_shrunk_is_refused(trains: Trains, fill: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="size 18 is no multiple of 4, .* say --size 16"):
        trains(fill({"": "123456"}), {"size": 18}, **SCALED)


OWN_DATA = """
import numpy as np
from gantk import ArrayImages, Dataset, Group, Split, hookimpl

class Levels(Dataset):
    name, summary, kinds = "levels", "levels of grey", ("images",)

    def __init__(self, argument):
        self.argument = argument

    def split(self, kind, test, load):
        levels = np.full((6, load, load, 3), int(self.argument), np.uint8)
        return Split((Group({"image": ArrayImages(levels)}),))

    def fingerprint(self):
        return self.argument

@hookimpl
def dataset():
    return Levels
"""


def test_a_file_brings_its_recipe_and_its_data(
    trains: Trains, plugin_file: Callable[..., Path], tmp_path: Path
) -> None:
    file = plugin_file("levels", OWN_DATA)
    run, _ = trains(f"{file}:7")
    assert open_run(run).config.data == [f"{file}:7"]
    moved = tmp_path / "elsewhere" / "levels.py"
    moved.parent.mkdir()
    file.rename(moved)
    with pytest.raises(DataError, match=r"levels\.py, the data of .*, is not there"):
        relaunch(run, Again(changes={"steps": 5}), print)
    relaunch(run, Again(changes={"steps": 5}, plugins=[str(moved)]), print)
    assert open_run(run).config.data == [f"{moved}:7"]
    own = run / "levels.py"
    shutil.copy(moved, own)
    text = (run / "config.yaml").read_text().replace(str(moved), str(own))
    (run / "config.yaml").write_text(text)
    with pytest.raises(PluginError, match="came with the run, .*: --data"):
        relaunch(run, Again(changes={"steps": 6}), print)


def test_a_file_that_brings_no_data_is_refused(plugin_file: Callable[..., Path]) -> None:
    file = plugin_file("tiny", RECIPE.format(**RIGHT))
    with pytest.raises(UsageError, match="brings no data set"):
        open_data(Config(plugins=["gan"], data=[str(file)]))
    with pytest.raises(UsageError, match="a data set stands alone"):
        open_data(Config(plugins=["gan"], data=[str(file), "folder"]))
