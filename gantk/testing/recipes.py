"""Checks of a training: the recipe that the plugin brings, or the workbench's with the plugin's parts and hooks."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from gantk.errors import one_line
from gantk.packages import entries
from gantk.parts.context import Context
from gantk.plan.assemble import allows_bf16, build_recipe, open_training_data
from gantk.plan.resolve import resolve
from gantk.plan.settings import RunSettings
from gantk.plugins.options import options_of
from gantk.runtime.card import limited
from gantk.testing.checked import CheckedPlugin
from gantk.testing.own import OwnCode
from gantk.testing.report import Failure, Skip
from gantk.testing.runs import apart, config, finite, last, shared, trained, training, warned
from gantk.testing.stages import steps_of, stops
from gantk.testing.widths import NARROW
from gantk.training.full_rehearsal import rehearse_run
from gantk.training.launch import Again, relaunch


def trains(checked: CheckedPlugin) -> str:
    """Train a run by what `gantk train` calls, and tell what it warns of."""
    run = trained(checked)
    if not list((run / "previews").glob("*.png")):
        raise Failure("no preview was written")
    logged = json.loads((run / "scalars.jsonl").read_text("utf-8").splitlines()[-1])
    losses = ", ".join(f"{name.removeprefix('loss/')} {value:.3g}" for name, value in logged.items() if "/" in name)
    said = config(checked).set
    own = said.keys() - checked.options.keys() - options_of(RunSettings).keys()
    narrow = "".join(f", {name} {value}" for name, value in said.items() if name in own and value == NARROW)
    warns = "".join(f"; warns: {warning}" for warning in warned(checked))
    return f"{int(last(checked))} steps at {said['size']} px, batches of {said['batch_size']}{narrow}: {losses}{warns}"


def bf16(checked: CheckedPlugin) -> str:
    """Train two steps under autocast, unless the recipe forbids it."""
    if not allows_bf16(resolve(config(checked))):
        raise Skip("the recipe says allows_bf16 = False")
    done = training(checked, checked.folder / "bf16", precision="bf16")
    rehearse_run(done)
    for step in steps_of(done, 2):
        done.step(step)
    finite(done)
    return "losses and weights are finite"


def resume(checked: CheckedPlugin) -> str:
    """Go on from checkpoints, about each border of two stages too, and compare all that the last checkpoint holds."""
    return f"{sum([_resumed(checked, step) for step in stops(config(checked))])} tensors are equal"


def _resumed(checked: CheckedPlugin, step: int) -> int:
    """Go on from the checkpoint of a step; return how many tensors of the last one are compared."""
    run, resumed, newest = trained(checked), checked.folder / "resumed", last(checked)
    shutil.rmtree(resumed, ignore_errors=True)
    shutil.copytree(run, resumed)
    for checkpoint in (resumed / "checkpoints").iterdir():
        if int(checkpoint.name) > step:
            shutil.rmtree(checkpoint)
    relaunch(resumed, Again(), say=print)
    compared = 0
    for file in sorted((run / "checkpoints" / newest).glob("*.safetensors")):
        expected, found = load_file(file), load_file(resumed / "checkpoints" / newest / file.name)
        for name, value in expected.items():
            if name not in found or not torch.equal(value, found[name]):
                differs = apart(value, found[name]) if name in found else "is missing"
                raise Failure(
                    f"{file.name}: {name} {differs} after a stop and a resume at step {step}: keep state in buffers, "
                    "and draw random numbers from torch alone"
                )
            compared += 1
    return compared


def state(checked: CheckedPlugin) -> str:
    """Compare what the process shares before and after the plugin's run was built and trained."""
    if changed := shared(checked):
        raise Failure(f"training it changes what all code shares: {'; '.join(changed)}")
    return "default dtype, threads, warnings, environment, Python's and NumPy's random numbers: all as before"


def seeding(checked: CheckedPlugin) -> str:
    """Build, and train a step, after two seeds: the random numbers that come next must differ."""
    places: list[str] = []
    _listen_for_seeds(OwnCode(checked.installed), places)
    after: dict[str, list[Any]] = {"building it": [], "training a step": []}
    for seed in (1, 2):
        resolved = resolve(config(checked))
        data = open_training_data(resolved)
        torch.manual_seed(seed)
        build_recipe(resolved, data.contents, Context())
        after["building it"].append(torch.get_rng_state())
        ready = training(checked, checked.folder / "seeding", seed=seed)
        for step in steps_of(ready, 1):
            ready.step(step)
        after["training a step"].append(torch.get_rng_state())
    for what, states in after.items():
        if torch.equal(*states):
            raise Failure(
                f"{places[-1] if places else ''}{what} seeds torch's random numbers: "
                "leave that to `--seed`, or all runs and processes draw the same"
            )
    return "random numbers follow from the run's seed"


def _listen_for_seeds(own: OwnCode, places: list[str]) -> None:
    """Note each own line that seeds torch."""
    for module, name in (
        (torch, "manual_seed"),
        (torch.random, "manual_seed"),
        (torch, "seed"),
        (torch, "set_rng_state"),
    ):
        real = getattr(module, name)

        def noted(*arguments: Any, real: Any = real) -> Any:
            if place := own.place(sys._getframe(1)):
                places.append(place)
            return real(*arguments)

        setattr(module, name, noted)


def export(checked: CheckedPlugin) -> str:
    """Export the run by the installed command `gantk export`, which compares each model with torch."""
    run = trained(checked)
    exporters = [entry for entry in entries("gantk.commands") if entry.name == "export"]
    if not exporters:
        raise Skip("no exporter is installed: no package brings a command `gantk export`")
    try:
        command = exporters[0].load()
    except ImportError as error:
        raise Skip(f"the exporter cannot be loaded: {one_line(error)}") from None
    shutil.rmtree(run / "exports", ignore_errors=True)
    command.main([str(run)], standalone_mode=False)
    cards = sorted(Path(run / "exports").glob("*.json"))
    if not cards:
        raise Failure("graphs() offers nothing to export")
    parity = {card.stem: json.loads(card.read_text("utf-8"))["gantk.parity"] for card in cards}
    return ", ".join(f"{name} differs by {max(limited(found).values()):.2g}" for name, found in parity.items())
