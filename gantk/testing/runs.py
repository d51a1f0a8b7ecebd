"""The training that several checks share: what is trained, and how little of it."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path

import torch

from gantk.data.batches import TrainingBatches
from gantk.plan.assemble import open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.testing.cases import WORKBENCH, first_case, refers
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure
from gantk.testing.smallest import KEPT, smallest
from gantk.testing.state import changes, snapshot
from gantk.testing.worker import forked
from gantk.training.launch import launch
from gantk.training.processes import World
from gantk.training.training import Training

NOTED = "noted.json"


def config(checked: CheckedPlugin) -> Config:
    """Return the training: the plugin's recipe, or the workbench's with the plugin in play; small images, few steps.

    Raises Failure where the data cannot serve the recipe, or no size of images suits its parts.
    """
    if "recipe" in checked.factories:
        return smallest(checked, [checked.plugin], dict)
    norms = {"generator": checked.plugin, "discriminator": str(WORKBENCH)} if refers(checked) else {}
    return smallest(checked, [str(WORKBENCH), checked.plugin], partial(_workbench_options, checked), norms)


def trained(checked: CheckedPlugin) -> Path:
    """Return the folder of the plugin's run, trained by whoever asks first. Raises GantkError.

    What the process shares is compared around the training, see `shared`.
    """
    run = checked.folder / "run"
    if hasattr(os, "fork") and not (checked.folder / KEPT).exists():
        forked([lambda: config(checked) and None], seconds=60)  # finding out what to train builds it, too
    if not (run / "checkpoints" / last(checked)).exists():
        shutil.rmtree(run, ignore_errors=True)
        with suppress(Exception):  # the training tells what is wrong with it, and where
            _read_a_batch(config(checked))
        with warnings.catch_warnings(record=True) as given:
            before = snapshot()
            launch(config(checked), run, say=print)
            changed = changes(before, snapshot(), drawn=True)
        said = [f"{one.filename}:{one.lineno}: {one.message}" for one in given]
        (checked.folder / NOTED).write_text(json.dumps({"warnings": said, "shared": changed}), "utf-8")
    return run


def _read_a_batch(said: Config) -> None:
    """Read images as a training does: what cuts them is imported with the first that are cut, and sets a variable."""
    resolved = resolve(said)
    crops = open_training_data(resolved).crops
    device = torch.device("cpu")
    next(
        TrainingBatches(
            dataset=resolved.dataset, kind=resolved.kind, crops=crops, seed=0, device=device, batch_size=lambda: 2
        )
    )


def last(checked: CheckedPlugin) -> str:
    """Return the name of the last checkpoint of the plugin's run."""
    return f"{int(config(checked).set['steps']):06d}"


def warned(checked: CheckedPlugin) -> list[str]:
    """Return the warnings that training the plugin's run gave, each with its file and line."""
    return _noted(checked)["warnings"]


def shared(checked: CheckedPlugin) -> list[str]:
    """Return what training the plugin's run changed of what all code in a process shares, in words."""
    return _noted(checked)["shared"]


def _noted(checked: CheckedPlugin) -> dict[str, list[str]]:
    trained(checked)
    found: dict[str, list[str]] = json.loads((checked.folder / NOTED).read_text("utf-8"))
    return found


def training(checked: CheckedPlugin, folder: Path, *, world: World | None = None, **changes: object) -> Training:
    """Return a training that is ready, and has not stepped. `changes` are of its configuration."""
    resolved = resolve(config(checked).model_copy(update=changes))
    data = open_training_data(resolved)
    return Training(resolved, data, Run(folder), torch.device("cpu"), world or World(), print)


def finite(done: Training) -> None:
    """Raise Failure where a loss or a weight is not finite."""
    done.log.check()
    for name, value in done.recipe.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise Failure(f"{name} has become NaN or infinite")


def apart(one: torch.Tensor, two: torch.Tensor) -> str:
    """Return how a tensor differs from the one that it should equal."""
    if one.shape != two.shape:
        return f"is {tuple(two.shape)} instead of {tuple(one.shape)}"
    return f"differs by {float((one.double() - two.double()).abs().max()):.3g}"


def _workbench_options(checked: CheckedPlugin) -> dict[str, str]:
    """Return what the workbench must ask of the plugin's parts, which may be able to do one thing alone."""
    said = {}
    if "generator" in checked.factories:
        said["makes"] = first_case(checked, "generator").asks
    elif refers(checked):
        said["makes"] = "noise"
    if "discriminator" in checked.factories:
        case = first_case(checked, "discriminator")
        if getattr(case.spec, "output", "") == "energies" and "loss" not in checked.factories:
            said["loss.reads"] = "energies"
        said["judges"] = case.asks
    return said
