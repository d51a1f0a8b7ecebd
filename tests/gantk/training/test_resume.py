"""A run that is killed goes on exactly where it stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from gantk.cli.main import main

TINY = [
    "--plugin", "cyclegan", "--size", "32", "--batch-size", "2", "--device", "cpu",
    "-s", "generator.filters=4", "-s", "generator.blocks=1", "-s", "generator.dropout=true",
    "-s", "discriminator.filters=4", "-s", "discriminator.layers=1", "-s", "pool=4",
    "-s", "jitter=1.2", "-s", "ema={a_to_b: 0.9}",
    "--checkpoint-every", "4", "--log-every", "2", "--preview-every", "1000",
]  # fmt: skip


def gantk(*arguments: str, **options) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "gantk", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options
    )


def finish(process: subprocess.Popen[str], status: int = 0) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == status, err
    return out + err


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 200
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.name}/{name}": tensor
        for path in sorted(checkpoint.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def here(*arguments: str, status: int = 0) -> str:
    """Run a command in this process, where nothing is asked of processes; return what it said."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result.output


def train_whole(run: Path, precision: str) -> Path:
    here("train", *TINY, "--precision", precision, "--steps", "12", "--out", str(run))
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return train_whole(tmp_path_factory.mktemp("whole") / "run", "fp32")


def assert_alike(whole: Path, run: Path) -> None:
    expected, found = tensors(whole / "checkpoints" / "000012"), tensors(run / "checkpoints" / "000012")
    assert expected.keys() == found.keys()
    assert any("pool" in name for name in found)
    assert any("average" in name for name in found)
    different = [name for name in expected if not torch.equal(expected[name], found[name])]
    assert different == []
    states = [json.loads((r / "checkpoints" / "000012" / "state.json").read_text()) for r in (whole, run)]
    assert states[0] == states[1]
    steps = [json.loads(line)["step"] for line in (run / "scalars.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6, 8, 10, 12]


def test_kill_and_resume_is_bit_exact(tmp_path, whole):
    run = tmp_path / "run"
    # Previews are seen by the killed run alone: they change nothing.
    options = ["--precision", "fp32", "--steps", "12", "--workers", "2", "--preview-every", "3"]
    process = gantk("train", *TINY, *options, "--out", str(run), start_new_session=True)
    wait_for(run / "checkpoints" / "000004", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.communicate()
    here("train", "--resume", str(run))
    assert_alike(whole, run)


def test_early_previews_change_nothing(tmp_path, whole, monkeypatch):
    monkeypatch.setattr("gantk.training.early.APART", 0.0)
    run = train_whole(tmp_path / "run", "fp32")
    assert {"000002.png", "000004.png", "000008.png"} <= {path.name for path in (run / "previews").iterdir()}
    assert_alike(whole, run)


def test_a_run_in_bf16_that_lost_its_last_checkpoints_resumes_bit_exact(tmp_path):
    # Its weights are laid out with channels last, and so must the optimizer's state be.
    whole = train_whole(tmp_path / "whole", "bf16")
    run = Path(shutil.copytree(whole, tmp_path / "run"))
    for lost in ("000008", "000012"):
        shutil.rmtree(run / "checkpoints" / lost)
    here("train", "--resume", str(run))
    assert_alike(whole, run)


# A closed terminal signals all processes of the group, those that load images too.
@pytest.mark.parametrize(("number", "status", "workers"), [(signal.SIGINT, 130, "0"), (signal.SIGHUP, 129, "1")])
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(tmp_path, number, status, workers):
    run = tmp_path / "my run"
    options = ["--steps", "100000", "--precision", "fp32", "--workers", workers, "--out", str(run)]
    process = gantk("train", *TINY, *options, start_new_session=True)
    wait_for(run / "checkpoints" / "000004", process)
    os.killpg(process.pid, number)
    said = finish(process, status)
    assert "stopping after this step" in said
    assert f"gantk train --resume '{run}'" in said
    assert "Traceback" not in said
    stopped = int(said.split("stopped after step ")[1].split()[0])
    assert (run / "checkpoints" / f"{stopped:06d}" / "state.json").exists()
    assert len(list((run / "checkpoints").iterdir())) <= 3


def test_a_finished_run_says_so_and_can_go_further(whole):
    said = here("train", "--resume", str(whole))
    assert "stands at step 12; say --steps with a number above 12 to go on" in said
    assert "leave out seed" in here("train", "--resume", str(whole), "--seed", "3", status=2)


def test_a_run_starts_from_anothers_weights(tmp_path, whole):
    run = tmp_path / "run"
    options = ["--steps", "1", "--precision", "fp32", "-s", "learning_rate=1e-12"]
    here("train", *TINY, *options, "--init", str(whole), "--out", str(run))
    start = load_file(whole / "checkpoints" / "000012" / "a_to_b.safetensors")
    found = load_file(run / "checkpoints" / "000001" / "a_to_b.safetensors")
    for name, tensor in start.items():
        torch.testing.assert_close(tensor, found[name], rtol=0, atol=1e-6)
