"""Names of files, folders and classes in any bytes that a system allows."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gantk.cli.main import main
from gantk.runs.run import open_run

pytestmark = pytest.mark.usefixtures("home")
Fill = Callable[..., Path]


def gantk(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def named(name: bytes) -> str:
    return os.fsdecode(name)


@pytest.fixture
def odd(fill: Fill) -> Path:
    """Return a root of two classes; it, a class and a file have names that are not UTF-8."""
    root = fill({named(b"root-\xff/cat-\xfe"): [named(b"\xfd.png"), "1"], named(b"root-\xff/dog"): ["1", "2"]})
    return root / named(b"root-\xff")


def test_names_that_are_not_utf8_are_read_and_shown_by_their_bytes(odd: Path) -> None:
    (odd / "dog" / named(b"bad-\xfc.png")).write_text("no image")
    result = gantk("data", odd)
    assert result.stdout.splitlines()[0].startswith(r"root-\xff: 2 classes (cat-\xfe, dog), ")
    assert r"bad-\xfc.png is no image" in result.stdout
    assert json.loads(gantk("data", odd, "--json").stdout)["name"] == r"root-\xff"


def test_names_that_are_not_utf8_are_trained_on(odd: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    tiny = [
        "--size",
        16,
        "--batch-size",
        2,
        "--device",
        "cpu",
        "--steps",
        1,
        "-s",
        "generator.units=8",
        "-s",
        "discriminator.units=8",
    ]
    result = gantk("train", "--plugin", "cgan", "--data", odd, *tiny, "--out", run)
    assert result.exit_code == 0, result.output
    assert open_run(run).config.data == [str(odd)]
    assert open_run(run).manifest.data.classes == [r"cat-\xfe", "dog"]
    assert gantk("train", "--resume", run, "--steps", 2).exit_code == 0
    refused = gantk("train", "--plugin", "cgan", "--data", odd, *tiny, "--out", tmp_path / named(b"\xff"))
    assert refused.exit_code == 2
    assert r"\xff: TensorBoard writes to folders whose names are UTF-8" in refused.stderr


def test_a_run_may_be_called_as_its_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--size", 8, "--batch-size", 2, "--steps", 1, "-s", "generator.units=8", "-s", "discriminator.units=8"]
    result = gantk("train", "--plugin", "gan", "--data", "emoji", *small, "--out", "emoji")
    assert result.exit_code == 0, result.output
    assert open_run(Path("emoji")).config.data == ["emoji:"]
    resumed = gantk("train", "--resume", "emoji", "--steps", 2)
    assert resumed.exit_code == 0, resumed.output
