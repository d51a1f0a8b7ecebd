"""Kill a training at random moments, go on each time, and compare its end to that of a training that was left alone.

    python benchmarks/kills.py --kills 100

The training writes checkpoints, previews and scores every few steps, so that kills meet them too. It ends with status 1
where one weight, loss or score differs, or where a training could not go on.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from gantk.runs.run import open_run
from gantk.runs.scores import scores

TINY = [
    "--plugin", "cyclegan", "--data", "emoji", "--size", "32", "--batch-size", "2", "--device", "cpu", "--workers", "1",
    "-s", "generator.filters=4", "-s", "generator.blocks=1", "-s", "discriminator.filters=4",
    "-s", "discriminator.layers=1", "-s", "ema={a_to_b: 0.99}", "-s", "accumulate=2", "--checkpoint-every", "5",
    "--log-every", "5", "--preview-every", "20", "--evaluate-every", "25", "--metric", "ssim",
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=15.0, help="the longest life; a start takes some of it")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        alone, killed = Path(folder) / "alone", Path(folder) / "killed"
        finish(started(alone, arguments.steps))
        kills = 0
        process = started(killed, arguments.steps)
        while kills < arguments.kills and lives(process, chance.uniform(0, arguments.seconds)):
            process.kill()
            process.communicate()
            kills += 1
            process = started(killed, arguments.steps)
        finish(process)
        apart = differences(alone, killed)
    print(f"killed {kills} times: " + (f"differs in {', '.join(apart)}" if apart else "ends as if it had not been"))
    return int(bool(apart))


def started(run: Path, steps: int) -> subprocess.Popen[str]:
    """Start a training, or go on with it where it has a checkpoint."""
    words = ["--resume", str(run)]
    if not any((run / "checkpoints").glob("[0-9]*")):
        shutil.rmtree(run, ignore_errors=True)
        words = [*TINY, "--steps", str(steps), "--out", str(run)]
    command = [sys.executable, "-m", "gantk", "train", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def lives(process: subprocess.Popen[str], seconds: float) -> bool:
    """Return whether a training still goes on after some seconds."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a training's end."""
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a training ended with status {process.returncode}:\n{said}")


def differences(one: Path, two: Path) -> list[str]:
    """Return what two runs end with that is not the same: tensors of the last checkpoint, lines of losses, scores."""
    last = max(folder.name for folder in (one / "checkpoints").iterdir() if folder.name.isdigit())
    apart = []
    for file in sorted((one / "checkpoints" / last).glob("*.safetensors")):
        wanted, found = load_file(file), load_file(two / "checkpoints" / last / file.name)
        apart += [f"{file.stem} {name}" for name, value in wanted.items() if not torch.equal(value, found[name])]
    if measured(one) != measured(two):
        apart.append("scores")
    if lines(one) != lines(two):
        apart.append("losses")
    return apart


def measured(run: Path) -> list[tuple[int, str, float]]:
    """Return a run's scores by step."""
    return sorted((one.step, one.name, one.value) for one in scores(open_run(run)))


def lines(run: Path) -> list[dict[str, float]]:
    """Return what a run logged, but for its speed."""
    logged = map(json.loads, (run / "scalars.jsonl").read_text("utf-8").splitlines())
    return [{name: value for name, value in line.items() if not name.startswith("speed/")} for line in logged]


if __name__ == "__main__":
    sys.exit(main())
