"""Steps a second of a recipe on this machine; on CUDA, any wait for the device inside a step is an error.

    python benchmarks/step_speed.py --plugin cyclegan --size 256 --batch-size 16

Runs on the shipped images at the paper's scale, without previews and checkpoints.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from gantk.plan.assemble import open_training_data
from gantk.plan.device import choose_device
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.training.processes import World
from gantk.training.training import Training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", default="cyclegan")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--scale", default="paper", choices=["quick", "paper"])
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()

    device = choose_device("auto")
    config = Config(
        plugins=[arguments.plugin],
        scale=arguments.scale,
        precision=arguments.precision,
        channels_last=arguments.channels_last,
        compile=arguments.compile,
        set={"size": arguments.size, "batch_size": arguments.batch_size, "steps": 1000},
    )
    resolved = resolve(config)
    with tempfile.TemporaryDirectory() as folder:
        training = Training(resolved, open_training_data(resolved), Run(Path(folder)), device, World(), print)
        for step in range(5):
            training.step(step)
        if device.type == "cuda":
            torch.cuda.set_sync_debug_mode("error")
        seconds = []
        for step in range(arguments.steps):
            began = time.perf_counter()
            training.step(step)
            seconds.append(time.perf_counter() - began)
        if device.type == "cuda":
            # Launching is not computing: only the whole can be timed without waiting inside.
            torch.cuda.set_sync_debug_mode("default")
            torch.cuda.synchronize()
            began = time.perf_counter()
            for step in range(arguments.steps):
                training.step(step)
            torch.cuda.synchronize()
            seconds = [(time.perf_counter() - began) / arguments.steps]
    step = statistics.median(seconds)
    print(
        f"{device}, {arguments.plugin}, {arguments.size} px, batch {arguments.batch_size}: "
        f"{1000 * step:.1f} ms a step, {1 / step:.2f} steps/s, {arguments.batch_size / step:.2f} images/s"
    )


main()
