"""What gantk does on a GPU: first whether it is right, then how fast it is; one JSON and one page.

    python3 benchmarks/gpu.py --out FOLDER

Takes under eight minutes, and nothing but torch and what gantk imports itself. `--device cpu` does the same without a
GPU, which tries the script: figures that want a GPU are null.

Right: of each family of recipes twenty steps in float32, bfloat16 and compiled, beside those of the CPU; a training
that goes on beside one that was never stopped; an export that is verified. Fast: of each recipe steps and images a
second, its share of what a large matrix product reaches in bfloat16, the share of time in which the device idles,
memory, and whether a step waits for the device. Beside it stands, for some, a plain loop of the same mathematics, whose
batch is on the device already.
"""

import argparse
import html
import json
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from plain_loops import PLAIN
from torch.utils.flop_counter import FlopCounterMode

from gantk.plan.assemble import open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.training.processes import World
from gantk.training.training import Training

Figures = dict[str, Any]

FAMILIES = {
    "translation": ("cyclegan", {"generator.filters": 8, "generator.blocks": 1, "discriminator.filters": 8}),
    "images of noise": ("dcgan", {"generator.filters": 8, "discriminator.filters": 8}),
    "gradient penalties": ("wgan-gp", {"generator.filters": 8, "discriminator.filters": 8, "critic_steps": 2}),
    "styles": ("stylegan2", {"base": 256, "most": 16, "discriminator.base": 256, "discriminator.most": 16}),
}
"""A recipe of each family, made small: it is trained in all ways, on 32 pixels."""


@dataclass(frozen=True)
class Case:
    """A recipe whose speed is measured; `plain` is the loop beside it, where there is one."""

    plugin: str
    size: int
    batch: int
    data: str = "emoji"
    options: dict[str, Any] = field(default_factory=dict)
    plain: str = ""

    @property
    def name(self) -> str:
        return f"{self.plugin}, {self.size} px, batch {self.batch}"


CASES = (
    Case("cyclegan", 256, 1, plain="cyclegan"),
    Case("cyclegan", 256, 16, plain="cyclegan"),
    Case("pix2pix", 256, 1, plain="pix2pix"),
    Case("pix2pix", 256, 16, plain="pix2pix"),
    Case("pix2pixhd", 512, 1),
    Case("stylegan2", 256, 16),
    Case("dcgan", 64, 128, plain="dcgan"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each speed is measured")
    parser.add_argument("--size", type=int, help="pixels in place of every case's own, to try the script")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    parser.add_argument("--minutes", type=float, default=8.0, help="what has not begun by then is left out")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    arguments.out.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + 60 * arguments.minutes
    peak = roofline(device)
    found: Figures = {"machine": {**machine(device), "bfloat16 product, TFLOP/s": peak}, "right": {}, "fast": {}}

    def measure(part: str, name: str, work: Callable[[], Figures]) -> None:
        found[part][name] = tried(work) if time.monotonic() < until else {"left out": "no time was left"}
        print(name, found[part][name], flush=True)
        (arguments.out / "gpu.json").write_text(json.dumps(found, indent=1), "utf-8")
        (arguments.out / "gpu.html").write_text(page(found), "utf-8")

    cases = [case for case in CASES if case.name.startswith(arguments.only)]
    for family in FAMILIES:
        measure("right", family, partial(agreement, family, device))
    measure("right", "resume and export", partial(resume_and_export, device))
    # Compiling takes a minute each, and comes last.
    for way in ("bf16", "fp32", "plain loop", "bf16 compiled"):
        for case in cases:
            if case.plain or way != "plain loop":
                size = arguments.size or case.size
                measure("fast", f"{case.name}: {way}", partial(speed, case, way, size, device, arguments.seconds, peak))
    measure("right", "compiled", partial(agreement, "translation", device, ("fp32 compiled",)))


def tried(work: Callable[[], Figures]) -> Figures:
    """Return what work finds; what one part raises keeps no other from being measured."""
    began = time.perf_counter()
    try:
        found = work()
    except Exception as error:
        found = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
    return {**found, "seconds": round(time.perf_counter() - began, 1)}


def machine(device: torch.device) -> Figures:
    """Return what the figures belong to."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {"device": name, "torch": torch.__version__, "date": time.strftime("%Y-%m-%d")}


def training(
    plugin: str, data: str, said: dict[str, Any], device: torch.device, precision: str, compiled: bool = False
) -> Training:
    """Return a training that is ready."""
    config = Config(
        plugins=[plugin],
        data=[data],
        scale="paper",
        precision=precision,
        compile=compiled,
        set={"steps": 10_000, **said},
        device=str(device),
    )
    resolved = resolve(config)
    folder = Path(tempfile.mkdtemp())
    return Training(resolved, open_training_data(resolved), Run(folder), device, World(), lambda _: None)


def agreement(family: str, device: torch.device, ways: Sequence[str] = ("fp32", "bf16")) -> Figures:
    """Return how far the losses of twenty steps lie from those of the CPU in float32: the largest, relatively."""
    plugin, options = FAMILIES[family]
    said = {"size": 32, "batch_size": 4, **options}
    wanted = losses(training(plugin, "emoji", said, torch.device("cpu"), "fp32"))
    exact = torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    apart = {}
    for way in ways:
        got = losses(training(plugin, "emoji", said, device, *computed(way)))
        apart[way] = max(abs(got[name] - value) / max(abs(value), 1e-3) for name, value in wanted.items())
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = exact
    return {f"{way}, largest relative difference": float(f"{value:.2g}") for way, value in apart.items()}


def computed(way: str) -> tuple[str, bool]:
    """Return the precision, and whether networks are compiled, of a way of computing."""
    return way.split()[0] if way != "plain loop" else "fp32", way.endswith("compiled")


def losses(one: Training) -> dict[str, float]:
    """Return the mean losses of twenty steps."""
    for step in range(20):
        one.step(step)
    return {name: value for name, value in one.log.read().items() if not name.startswith("note/")}


def resume_and_export(device: torch.device) -> Figures:
    """Return whether a training that goes on is the one that was not stopped, and whether its export is verified."""
    from click.testing import CliRunner
    from safetensors.torch import load_file

    from gantk.cli.main import main as gantk

    def command(*words: object) -> None:
        result = CliRunner().invoke(gantk, [str(word) for word in words])
        if result.exit_code:
            raise RuntimeError(result.output)

    folder = Path(tempfile.mkdtemp())
    said = [f"-s{name}={value}" for name, value in FAMILIES["translation"][1].items()]
    for name, steps in (("whole", 8), ("parts", 4)):
        words = ("--size", 32, "--batch-size", 2, "--steps", steps, "--device", device, "--out", folder / name)
        command("train", "--plugin", "cyclegan", "--scale", "paper", "-s", "schedule=constant", *said, *words)
    command("train", "--resume", folder / "parts", "--steps", 8)
    same = True
    for file in (folder / "whole" / "checkpoints" / "000008").glob("*.safetensors"):
        other = load_file(folder / "parts" / "checkpoints" / "000008" / file.name)
        same &= all(torch.equal(value, other[name]) for name, value in load_file(file).items())
    command("export", folder / "whole", "--graph", "a_to_b")
    command("verify", folder / "whole" / "exports" / "a_to_b.onnx")
    return {"goes on bit by bit": same, "export verified": True}


def roofline(device: torch.device) -> float | None:
    """Return the TFLOP/s of a large matrix product in bfloat16; None without a GPU."""
    if device.type != "cuda":
        return None
    one = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
    seconds = timed(lambda: one @ one, device, 1.0)[0]
    return round(2 * 8192**3 / seconds / 1e12, 1)


def speed(case: Case, way: str, size: int, device: torch.device, seconds: float, peak: float | None) -> Figures:
    """Return the figures of a case computed in one way."""
    said = {"size": size, "batch_size": case.batch, **case.options}
    one = training(case.plugin, case.data, said, device, *computed(way))
    count = 0

    def engine() -> None:
        nonlocal count
        one.step(count)
        count += 1

    work = engine if way != "plain loop" else PLAIN[case.plain](one)
    for _ in range(3):
        work()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    a_step, steps = timed(work, device, seconds)
    found: Figures = {"steps/s": round(1 / a_step, 2), "images/s": round(case.batch / a_step, 1), "steps": steps}
    if device.type != "cuda":
        return found | {"memory, GB": None, "share of the product": None, "idle": None, "waits in a step": None}
    found["memory, GB"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    if not way.endswith("compiled"):
        with FlopCounterMode(display=False) as counter:
            work()
        found["share of the product"] = round(counter.get_total_flops() / a_step / 1e12 / (peak or 1), 3)
    found["idle"] = round(max(1 - busy(work) / a_step, 0.0), 3)
    torch.cuda.set_sync_debug_mode("error")
    try:
        work()
        found["waits in a step"] = False
    except RuntimeError:
        found["waits in a step"] = True
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return found


def timed(work: Callable[[], object], device: torch.device, seconds: float) -> tuple[float, int]:
    """Return the seconds of one call, and how many calls were made within about so many seconds."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    began = time.perf_counter()
    work()
    wait()
    calls = max(int(seconds / (time.perf_counter() - began)), 1)
    began = time.perf_counter()
    for _ in range(calls):
        work()
    wait()
    return (time.perf_counter() - began) / calls, calls


def busy(work: Callable[[], object]) -> float:
    """Return the seconds in which the device computes for one call."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiled:
        work()
        torch.cuda.synchronize()
    return sum(entry.self_device_time_total for entry in profiled.key_averages()) / 1e6


def page(found: Figures) -> str:
    """Return the figures as a page."""

    def cell(value: object) -> str:
        return "not measured" if value is None else html.escape(str(value))

    def table(rows: dict[str, Figures]) -> str:
        heads = list(dict.fromkeys(name for row in rows.values() for name in row))
        lines = [["", *heads], *([name, *(cell(row.get(head, "")) for head in heads)] for name, row in rows.items())]
        return f"<table>{''.join('<tr><td>' + '<td>'.join(line) for line in lines)}</table>"

    style = "body{font:16px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}"
    said = ", ".join(f"{name} {cell(value)}" for name, value in found["machine"].items())
    return (
        f"<!doctype html><meta charset=utf-8><title>gantk on a GPU</title><style>{style}</style><h1>gantk on a GPU</h1>"
        f"<p>{said}</p><h2>Right</h2>{table(found['right'])}<h2>Fast</h2>{table(found['fast'])}"
    )


if __name__ == "__main__":
    main()
