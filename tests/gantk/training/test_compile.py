"""`gantk train --compile`, with torch's compiler up to the code that it would generate."""

from functools import partial

import pytest
import torch
from safetensors.torch import load_file

from gantk.training.trained import load_trained
from support.commands import invoke

TINY = [
    "--plugin", "dcgan", "--data", "emoji", "--scale", "paper", "--size", "8", "--batch-size", "2", "--steps", "4",
    "--device", "cpu", "--precision", "fp32", "--checkpoint-every", "2", "--workers", "0", "-s", "generator.filters=2",
    "-s", "discriminator.filters=2", "-s", "latent=3", "-s", "ema={generator: 0.5}",
]  # fmt: skip


@pytest.fixture
def _no_code(monkeypatch):
    """Run what the compiler has traced without generating code for it, which takes minutes."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    yield
    torch._dynamo.reset()


def weights(run, step="000004"):
    return {
        f"{file.stem}.{name}": value
        for file in sorted((run / "checkpoints" / step).glob("*.safetensors"))
        for name, value in load_file(file).items()
    }


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
@pytest.mark.usefixtures("_no_code")
def test_a_compiled_training_is_the_training(tmp_path):
    plain, compiled = tmp_path / "plain", tmp_path / "compiled"
    assert "compiling" not in invoke("train", *TINY, "--out", plain)
    told = invoke("train", *TINY, "--compile", "--out", compiled)
    assert "compiling the networks, which takes minutes, and trying one step ..." in told
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 2
    expected, found = weights(plain), weights(compiled)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    invoke("train", "--resume", compiled, "--steps", "6")
    assert (compiled / "checkpoints" / "000006").is_dir()
    for name, value in load_trained(compiled).recipe.generator.module.state_dict().items():
        if "running" not in name:
            assert torch.equal(value, weights(compiled, "000006")[f"generator.average.{name}"])


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
@pytest.mark.usefixtures("_no_code")
def test_a_gradient_penalty_passes_the_compiler_by(tmp_path):
    invoke(
        "train",
        *TINY,
        "--loss",
        "wgan-gp",
        "--normalization",
        "discriminator=none",
        "--compile",
        "--out",
        tmp_path / "run",
    )
