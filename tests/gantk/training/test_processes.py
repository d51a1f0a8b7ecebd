"""Two processes with batch k are one process with batch 2k."""

import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest
import torch
from safetensors.torch import load_file

from gantk.training.processes import World

SCRIPT = Path(__file__).with_name("train_in_float64.py")


GAMES = ("cyclegan:lsgan", "pix2pix:hinge", "cyclegan:wgan-gp")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train every game in two processes, which are started once; return the folder of their weights."""
    folder = tmp_path_factory.mktemp("together")
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, *launcher, str(SCRIPT), str(folder), "2", *GAMES]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def train_alone(out: Path, game: str) -> dict[str, torch.Tensor]:
    run_path(str(SCRIPT))["train"](out, game, 4, World())
    return load_file(out)


@pytest.mark.parametrize("game", GAMES[:2])
def test_two_processes_equal_one_with_twice_the_batch(game, together, tmp_path):
    alone, both = train_alone(tmp_path / "alone", game), load_file(together / game)
    assert alone.keys() == both.keys()
    for name, tensor in alone.items():
        assert tensor.dtype == torch.float64 or not tensor.is_floating_point()
        # A bias before an instance norm has no gradient but rounding, which Adam turns into some 1e-9 in four steps.
        torch.testing.assert_close(tensor, both[name], rtol=0, atol=1e-8, msg=name)


def test_ranks_stay_identical_under_a_gradient_penalty(together):
    # The script compares the ranks. The penalty draws points in each process, so that one process is no yardstick.
    assert all(torch.isfinite(tensor).all() for tensor in load_file(together / GAMES[2]).values())
