"""Optimizers without torch's compiler: they move as torch's own, and nothing imports it."""

import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from gantk.training.light_optimizers import step

PROGRAM = """
import sys
from gantk.cli.main import main
options = "--plugin dcgan --data emoji --size 16 --steps 2 --device cpu --precision fp32 -s batch_size=4"
widths = "-s generator.filters=4 -s discriminator.filters=4"
try:
    main(["train", *options.split(), *widths.split(), "--out", sys.argv[1]])
finally:
    print("compiler" if "torch._dynamo" in sys.modules else "no compiler")
"""


@pytest.mark.parametrize(
    "make",
    [
        partial(torch.optim.Adam, lr=0.1, betas=(0.5, 0.9), fused=True),
        partial(torch.optim.AdamW, lr=0.1, weight_decay=0.1, fused=True),
        partial(torch.optim.SGD, lr=0.1, momentum=0.9, fused=True),
        partial(torch.optim.RMSprop, lr=0.1, foreach=True),
    ],
)
def test_they_move_as_torchs_own(make):
    ours, torchs = (nn.Parameter(torch.arange(5.0)) for _ in range(2))
    one, other = make([ours]), make([torchs])
    for number in range(3):
        ours.grad = torchs.grad = torch.sin(torch.arange(5.0) + number)
        step(one)
        other.step()
        assert torch.equal(ours, torchs)
    for kept, wanted in zip(one.state[ours].values(), other.state[torchs].values(), strict=True):
        assert torch.equal(kept, wanted) if isinstance(kept, torch.Tensor) else kept == wanted
    assert ours.requires_grad


def test_a_training_imports_no_compiler(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "run")], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "no compiler"
