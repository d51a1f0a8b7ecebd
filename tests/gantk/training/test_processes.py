"""Two processes with batch k are one process with batch 2k."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

SCRIPT = Path(__file__).with_name("train_in_float64.py")


def run(out: Path, processes: int, plugin: str, loss: str) -> dict[str, torch.Tensor]:
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [
        sys.executable,
        *(launcher if processes > 1 else []),
        str(SCRIPT),
        str(out),
        plugin,
        loss,
        str(4 // processes),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return load_file(out)


@pytest.mark.parametrize(("plugin", "loss"), [("cyclegan", "lsgan"), ("pix2pix", "hinge")])
def test_two_processes_equal_one_with_twice_the_batch(tmp_path, plugin, loss):
    alone = run(tmp_path / "alone.safetensors", 1, plugin, loss)
    together = run(tmp_path / "together.safetensors", 2, plugin, loss)
    assert alone.keys() == together.keys()
    for name, tensor in alone.items():
        assert tensor.dtype == torch.float64 or not tensor.is_floating_point()
        # A bias before an instance norm has no gradient but rounding, which Adam turns into some 1e-9 in four steps.
        torch.testing.assert_close(tensor, together[name], rtol=0, atol=1e-8, msg=name)


def test_ranks_stay_identical_under_a_gradient_penalty(tmp_path):
    # The script compares the ranks. The penalty draws points in each process, so that one process is no yardstick.
    weights = run(tmp_path / "together.safetensors", 2, "cyclegan", "wgan-gp")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
