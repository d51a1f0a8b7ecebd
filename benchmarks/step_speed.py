"""Steps a second of a recipe on this machine; on CUDA, any wait for the device inside a step is an error.

    python benchmarks/step_speed.py --plugin cyclegan --size 256 --batch-size 16
    python benchmarks/step_speed.py --plugin cyclegan --scale quick --profile

Trains at the paper's scale unless another is asked for, without previews and checkpoints. `--profile` shows what the
time of a step goes into, by kind of operation, instead.
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from gantk.plan.assemble import open_training_data
from gantk.plan.device import choose_device
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.training.processes import World
from gantk.training.training import Training

KINDS = {
    "convolutions": ("convolution", "conv_"),
    "matrix products": ("mm", "linear", "matmul"),
    "norms": ("norm",),
    "padding": ("pad",),
    "resizing": ("upsample", "interpolate", "pool"),
    "activations": ("relu", "threshold", "clamp", "tanh", "sigmoid", "softplus", "gelu", "silu"),
    "copies and layouts": ("copy", "cat", "clone", "contiguous", "reorder"),
    "optimizers": ("adam", "rmsprop", "_foreach", "lerp"),
    "allocation": ("empty", "resize_", "fill_", "zero_"),
    "other sums and products": ("aten::",),
}
"""Words of the names of operations, by kind; the first kind that has one holds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", default="cyclegan")
    parser.add_argument("--data", default="emoji")
    parser.add_argument("--size", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--scale", default="paper", choices=["quick", "paper"])
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--channels-last", action=argparse.BooleanOptionalAction)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()

    size = arguments.size or (256 if arguments.scale == "paper" else None)
    said = {"size": size, "batch_size": arguments.batch_size or (1 if arguments.scale == "paper" else None)}
    config = Config(
        plugins=[arguments.plugin],
        data=[arguments.data],
        scale=arguments.scale,
        precision=arguments.precision,
        channels_last=arguments.channels_last,
        compile=arguments.compile,
        set={"steps": 1000, **{name: value for name, value in said.items() if value}},
    )
    resolved = resolve(config)
    device = choose_device("auto")
    with tempfile.TemporaryDirectory() as folder:
        training = Training(resolved, open_training_data(resolved), Run(Path(folder)), device, World(), print)
        for step in range(5):
            training.step(step)
        if arguments.profile:
            show_shares(training, arguments.steps)
        else:
            count, side = resolved.settings.batch_size, resolved.settings.size
            seconds = measure(training, arguments.steps)
            print(
                f"{device}, {arguments.plugin}, {side} px, batch {count}: "
                f"{1000 * seconds:.1f} ms a step, {1 / seconds:.2f} steps/s, {count / seconds:.2f} images/s"
            )


def measure(training: Training, steps: int) -> float:
    """Return the seconds of a step."""
    if training.device.type == "cuda":
        torch.cuda.set_sync_debug_mode("error")
    seconds = []
    for step in range(steps):
        began = time.perf_counter()
        training.step(step)
        seconds.append(time.perf_counter() - began)
    if training.device.type != "cuda":
        return statistics.median(seconds)
    # Launching is not computing: only the whole can be timed without waiting inside.
    torch.cuda.set_sync_debug_mode("default")
    torch.cuda.synchronize()
    began = time.perf_counter()
    for step in range(steps):
        training.step(step)
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / steps


def show_shares(training: Training, steps: int) -> None:
    """Print what share of the time of steps each kind of operation takes, and how often it is called in one."""
    cuda = training.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    with profile(activities=activities) as profiled:
        for step in range(steps):
            training.step(step)
    seconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for entry in profiled.key_averages():
        kind = next((kind for kind, words in KINDS.items() if any(word in entry.key.lower() for word in words)), None)
        seconds[kind or "Python, autograd and data"] += (
            entry.self_device_time_total if cuda else entry.self_cpu_time_total
        )
        calls[kind or "Python, autograd and data"] += entry.count
    for kind, time_taken in seconds.most_common():
        print(f"{kind:28}{time_taken / seconds.total():6.1%}{calls[kind] / steps:9.0f} calls a step")


main()
