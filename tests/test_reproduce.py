"""The protocols that are run again, and the page of their ledger."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gantk.cli.main import main

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "reproduce"


def reproduce(*arguments: str) -> str:
    command = [sys.executable, str(FOLDER), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def commands() -> dict[str, str]:
    """What each protocol trains, on the emoji where digits or clothes are not there."""
    listed = json.loads(reproduce("list", "--json"))
    stand_in = {"mnist:{mnist}": "emoji", "fashion-mnist:{fashion}": "emoji"}
    for name, words in stand_in.items():
        listed = {protocol: train.replace(name, words) for protocol, train in listed.items()}
    return listed


def test_the_page_is_what_the_ledger_says():
    reproduce("table", "--check")


def test_every_protocol_can_be_trained(commands):
    assert len(commands) == 26
    for name, train in commands.items():
        done = CliRunner().invoke(main, ["train", *shlex.split(train), "--steps", "1", "--dry-run"])
        assert done.exit_code == 0, f"{name}: {done.output}"
        assert "{" not in train


def test_the_hard_architectures_have_the_norms_that_they_are_named_for(commands):
    for game, critic in (("dcgan", "batch"), ("wgan-gp", "layer")):
        assert "generator=none" in commands[f"hard-mlp-generator-{game}"]
        assert f"discriminator={critic}" in commands[f"hard-mlp-generator-{game}"]
        assert "discriminator=none" in commands[f"hard-no-normalization-{game}"]
        assert f"discriminator={critic}" in commands[f"hard-tanh-{game}"]
