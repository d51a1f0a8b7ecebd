"""`gantk train` on folders of a user's own: what it says of them, and what a run keeps of how they are read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk.plan.open_data import open_data
from gantk.runs.run import open_run
from support.commands import invoke

TINY = [
    "--plugin", "pix2pix", "--size", "32", "--device", "cpu", "--steps", "1", "--batch-size", "8",
    "-s", "generator.filters=4", "-s", "generator.depth=2", "-s", "discriminator.filters=4",
    "-s", "discriminator.layers=1",
]  # fmt: skip


@pytest.fixture
def facades(tmp_path: Path, home: Path) -> Path:
    """Pairs side by side, pictures left and label maps right, with other files beside them."""
    root = tmp_path / "facades"
    root.mkdir()
    for number in range(5):
        values = np.random.default_rng(number).integers(0, 256, (40, 80)).astype(np.uint8)
        values[:, 40:] %= 4
        Image.fromarray(values).save(root / f"{number}.png")
    (root / "notes.txt").touch()
    return root


def test_a_training_says_what_it_reads_and_a_run_keeps_it(facades: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = invoke("train", *TINY, "--data", facades, "--direction", "b_to_a", "--out", run)
    assert "source: values 0 to 3 in 8 bits look like labels: -s data.labels=a reads labels" in said
    assert "4 to train on (source, target) and 8 in a batch: each batch holds the same up to 2 times" in said
    assert "side-by-side pairs, right -> left" in said
    assert "4 to train on, 1 held out (20% by content); passed over: 1 .txt" in said
    config = open_run(run).config
    assert config.set["data.direction"] == "b_to_a"
    columns = open_data(config).split("paired", True, None).columns
    assert (columns["source"][0].max(), columns["target"][0].max() > 200) == (3, True)


def test_label_maps_are_trained_on_in_the_window_that_the_run_keeps(facades: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    reading = ["--direction", "b_to_a", "-s", "data.labels=a", "--batch-size", "2"]
    said = invoke("train", *TINY, "--data", facades, *reading, "--out", run)
    assert "look like labels" not in said
    assert "in a batch:" not in said
    assert open_run(run).config.set["data.window"] == [0, 3]
    assert open_run(run).manifest.data.contents.images["source"].window == (0, 3)


def test_a_dry_run_says_it_too(facades: Path) -> None:
    told = invoke("train", *TINY, "--data", facades, "-s", "data.hold_out=0.5", "--dry-run")
    lines = {" ".join(line.split()) for line in told.splitlines()}
    assert {"data.hold_out 0.5 you", "data.layout auto default"} <= lines
    said = " ".join(told.split())
    assert "note target: values 0 to 3 in 8 bits look like labels: -s data.labels=b" in said
    assert "note 4 to train on" in said
