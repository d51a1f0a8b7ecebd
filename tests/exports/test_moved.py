"""A run whose images or plugin files have moved: what needs them says so, and takes them where they are now."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from support.commands import invoke

GENERATOR = """
from torch import nn
from gantk import hookimpl

class Small(nn.Module):
    multiple, minimum = 1, 1

    def __init__(self, spec, build):
        super().__init__()
        self.layer = nn.Conv2d(spec.inputs, spec.outputs, 3, 1, 1)

    def forward(self, image):
        return self.layer(image).tanh()

@hookimpl
def generator():
    return Small
"""


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run trained on folders with a generator's file, all three of which then moved."""
    here = tmp_path_factory.mktemp("moved")
    values = np.random.default_rng(0)
    for side in "ab":
        (here / side).mkdir()
        for number in range(12):
            cv2.imwrite(str(here / side / f"{number}.png"), values.integers(0, 256, (16, 16, 3), np.uint8))
    (here / "small.py").write_text(GENERATOR)
    invoke(
        *("train", "--plugin", "cyclegan", "--plugin", here / "small.py", "--generator", here / "small.py"),
        *("--data", here / "a", "--data", here / "b", "--size", 16, "--steps", 1, "--precision", "fp32"),
        *("-s", "discriminator.filters=2", "-s", "discriminator.layers=1", "--out", here / "before"),
    )
    (here / "now").mkdir()
    for name in ("a", "b", "small.py"):
        shutil.move(here / name, here / "now" / name)
    return {"run": (here / "before").rename(here / "run"), "now": here / "now", "out": here / "out"}


def test_a_plugin_file_is_asked_for_and_taken_where_it_is(moved: dict[str, Path]) -> None:
    told = invoke("export", moved["run"], status=1)
    assert told.startswith("Error: ")
    assert "small.py" in told
    assert "say where it is now, --plugin FILE" in told
    assert len(told.splitlines()) == 1
    plugin = ("--plugin", moved["now"] / "small.py")
    exported = ("export", moved["run"], "--graph", "a_to_b", *plugin)
    assert "a_to_b.onnx" in invoke(*exported, "--out", moved["out"]), "fp32 needs no images"
    images = [option for side in "ab" for option in ("--data", moved["now"] / side)]
    measured = ("evaluate", moved["run"], "--metric", "l1", *plugin)
    assert "say where it is now, --data FOLDER" in invoke(*measured, status=1)
    reduced = (*exported, "--precision", "int8", "--least-psnr", 1, "--out", moved["out"], "--size", "8x12")
    looked = invoke(*reduced, status=1)
    assert "say where it is now, --data FOLDER" in looked
    assert "exporting" not in looked, "what is not there is known before the export, which takes minutes"
    invoke(*reduced, *images)
    path = moved["out"] / "a_to_b.int8.8x12.onnx"
    verified = ("verify", path, "--run", moved["run"], *plugin)
    assert json.loads(invoke(*verified, *images, "--json"))["card"]["gantk.size"] == [8, 12]


def test_images_are_opened_where_they_are(moved: dict[str, Path]) -> None:
    images = [option for side in "ab" for option in ("--data", moved["now"] / side)]
    plugin = ("--plugin", moved["now"] / "small.py")
    told = invoke("evaluate", moved["run"], "--metric", "l1", *plugin, *images)
    assert "3 held-out images of a+b; a_to_b of step 1" in told
