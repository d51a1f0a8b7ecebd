"""What `gantk train` does: a new run, a resumed one, or a dry run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from gantk.data.columns import FULL
from gantk.engine.assemble import OpenedData, notes_on, open_training_data
from gantk.engine.config import Config, check_config
from gantk.engine.device import choose_device
from gantk.engine.dry_run import describe_run
from gantk.engine.open_data import data_options
from gantk.engine.processes import World, joined_world
from gantk.engine.resolve import Resolved, resolve
from gantk.engine.run import Run, new_run, open_run
from gantk.engine.trained import data_facts
from gantk.engine.training import Training

Say = Callable[[str], None]

UNSAID: Mapping[str, Any] = MappingProxyType({"rmsprop_decay": 0.99})
"""Settings that runs of version 0.2 do not state, as they had them."""


def _quietly(_doing: str) -> None:
    """Say nothing of what is being done."""


def launch(request: Config, out: Path | None, say: Say, begin: Say = _quietly) -> Path:
    """Train a new run; return its folder. `begin` is told what is done before step 1. Raises GantkError."""
    begin("reading the data")
    device = choose_device(request.device)
    with joined_world(device) as world:
        resolved = resolve(request)
        data = _opened(resolved, world, say)
        init = open_run(Path(request.init)).checkpoints().newest() if request.init else None
        run = _shared_run(out, resolved, world)
        begin("building the networks")
        training = Training(resolved, data, run, device, world, say)
        if init is not None:
            training.start_from(init)
        begin("trying one step")
        training.rehearse()
        if world.leads:
            run.start(resolved.complete(_found(training)).model_copy(update=_computed(training)), _facts(training))
        world.wait()
        training.train()
    return run.path


def relaunch(path: Path, changes: Mapping[str, Any], say: Say, begin: Say = _quietly) -> None:
    """Go on with a run where it stopped; `steps` may be a new last step. Raises GantkError."""
    begin("reading the data")
    run = open_run(path)
    changes = dict(changes)
    steps = changes.pop("steps", None)
    values = run.config.model_dump() | changes
    values["set"] = UNSAID | values["set"]
    if steps is not None:
        values["set"] = values["set"] | {"steps": steps}
    config = check_config(values, str(path))
    device = choose_device(config.device)
    with joined_world(device) as world:
        resolved = resolve(config)
        newest = run.checkpoints().newest()
        data = _opened(resolved, world, say)
        begin("building the networks")
        training = Training(resolved, data, run, device, world, say)
        training.resume(newest)
        if training.start >= training.total:
            done = f"step {training.start}" if steps is None else f"step {training.start} already"
            training.say(f"{path} stands at {done}; say --steps with a number above {training.start} to go on")
            return
        begin("trying one step")
        training.rehearse()
        if world.leads:
            facts = _facts(training)
            if facts["data"]["fingerprint"] != run.manifest["data"]["fingerprint"]:
                say(f"note: the images are not those that {path} was started on")
            run.start(resolved.complete(_found(training)).model_copy(update=_computed(training)), run.manifest | facts)
        world.wait()
        training.train()


def describe(request: Config) -> str:
    """Return everything that would be trained, as text. Raises GantkError where it could not be."""
    resolved = resolve(request)
    return describe_run(resolved, open_training_data(resolved), choose_device(request.device))


def _opened(resolved: Resolved, world: World, say: Say) -> OpenedData:
    """Open the training data; the first process decodes images for all."""
    if not world.leads:
        world.wait()
    data = open_training_data(resolved)
    if world.leads:
        for note in notes_on(resolved, data, world.size):
            say(note)
        world.wait()
    return data


def _found(training: Training) -> dict[str, Any]:
    """Return what a run's configuration states beyond what was said: its length, and windows that were measured."""
    known = data_options(training.resolved.config)
    measured = zip(("window", "window_b"), training.data.images.values(), strict=False)
    windows = {
        f"data.{name}": list(info.window)
        for name, info in measured
        if name in known and info.window != FULL.get(info.dtype)
    }
    return {"steps": training.total, **windows}


def _computed(training: Training) -> dict[str, Any]:
    """Return how the run is computed, for a resume to compute alike."""
    return {"precision": "bf16" if training.autocast is not None else "fp32"}


def _facts(training: Training) -> dict[str, Any]:
    """Return what a run's manifest says of its data and its device."""
    device = training.device
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "precision": "bf16" if training.autocast is not None else "fp32",
        "processes": training.world.size,
        "data": data_facts(training.resolved.dataset, training.resolved.kind, training.data.images),
    }


def _shared_run(out: Path | None, resolved: Resolved, world: World) -> Run:
    """Return the run's folder, the same in every process: the first one chooses."""
    name = f"{Path(resolved.plugins.leading).stem}-{Path(resolved.dataset.name).name}"
    if world.size == 1:
        return new_run(out, name)
    chosen: list[Any] = [str(new_run(out, name).path) if world.leads else None]
    torch.distributed.broadcast_object_list(chosen, src=0)
    return Run(Path(chosen[0]))
