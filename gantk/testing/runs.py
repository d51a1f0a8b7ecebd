"""The training that several checks share: what is trained, and how little of it."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch

from gantk.data.infos import ImageInfo
from gantk.errors import DataError, GantkError, Unsupported
from gantk.parts.context import Context
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.resolve import Resolved, resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.testing.cases import SIZES, WORKBENCH, first_case
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure
from gantk.testing.stages import in_stages
from gantk.testing.widths import narrowed
from gantk.training.launch import launch
from gantk.training.processes import World
from gantk.training.training import Training

STEPS = 4
WARNINGS = "warnings.json"


def config(checked: CheckedPlugin) -> Config:
    """Return the training: the plugin's recipe, or the workbench's with the plugin in play; small images, few steps.

    Raises Failure where the data cannot serve the recipe, or no size of images suits its parts.
    """
    kept = checked.folder / "config.json"
    if kept.exists():
        return Config.model_validate(json.loads(kept.read_text("utf-8")))
    plain = Config(
        plugins=_plugins(checked),
        data=list(checked.data),
        set={"batch_size": 2, "steps": STEPS, "jitter": 1.0, "flip": False} | _workbench_options(checked),
        device="cpu",
        precision="fp32",
        seed=1,
        workers=0,
        log_every=1,
        preview_every=STEPS,
        checkpoint_every=STEPS // 2,
    )
    found = in_stages(_sized(plain.model_copy(update={"set": plain.set | dict(checked.options)})))
    kept.write_text(found.model_dump_json(), "utf-8")
    return found


def trained(checked: CheckedPlugin) -> Path:
    """Return the folder of the plugin's run, trained by whoever asks first. Raises GantkError."""
    run = checked.folder / "run"
    if not (run / "checkpoints" / last(checked)).exists():
        shutil.rmtree(run, ignore_errors=True)
        with warnings.catch_warnings(record=True) as given:
            launch(config(checked), run, say=print)
        said = [f"{one.filename}:{one.lineno}: {one.message}" for one in given]
        (checked.folder / WARNINGS).write_text(json.dumps(said), "utf-8")
    return run


def last(checked: CheckedPlugin) -> str:
    """Return the name of the last checkpoint of the plugin's run."""
    return f"{int(config(checked).set['steps']):06d}"


def warned(checked: CheckedPlugin) -> list[str]:
    """Return the warnings that training the plugin's run gave, each with its file and line."""
    said: list[str] = json.loads((checked.folder / WARNINGS).read_text("utf-8"))
    return said


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


def buildable(wanted: Config, resolved: Resolved, images: Mapping[str, ImageInfo]) -> tuple[Config, GantkError | None]:
    """Return a training with small widths if it can be built so, else as it is, and why that cannot be built."""
    options = {name: option.value for name, option in resolved.options.items() if name not in wanted.set}
    refused: GantkError | None = None
    for small in (narrowed(options), {}):
        tried = wanted.model_copy(update={"set": wanted.set | small})
        try:
            with without_values():
                build_recipe(resolve(tried, resolved.dataset), images, Context())
        except GantkError as error:
            refused = error
            continue
        return tried, None
    return wanted, refused


def _plugins(checked: CheckedPlugin) -> list[str]:
    return [checked.plugin] if "recipe" in checked.factories else [str(WORKBENCH), checked.plugin]


def _workbench_options(checked: CheckedPlugin) -> dict[str, str]:
    """Return what the workbench must ask of the plugin's parts, which may be able to do one thing alone."""
    if "recipe" in checked.factories:
        return {}
    said = {}
    if "generator" in checked.factories:
        said["makes"] = first_case(checked, "generator").asks
    if "discriminator" in checked.factories:
        case = first_case(checked, "discriminator")
        if getattr(case.spec, "output", "") == "energies" and "loss" not in checked.factories:
            said["loss.reads"] = "energies"
        said["judges"] = case.asks
    return said


def _sized(wanted: Config) -> Config:
    """Return a training at the first size that its parts can do, critics moving twice for others' once at most."""
    sizes = [int(wanted.set["size"])] if "size" in wanted.set else SIZES
    refusal = ""
    for size in sizes:
        found = wanted.model_copy(update={"set": wanted.set | {"size": size}})
        try:
            resolved = resolve(found)
            data = open_training_data(resolved)
        except DataError as error:
            raise Failure(f"nothing was trained: the default images do not serve: {error}; say --data") from error
        tried, refused = buildable(found, resolved, data.images)
        if isinstance(refused, Unsupported):
            refusal = str(refused)
            continue
        # What else is wrong with it, the training tells, and where.
        steps = {"critic_steps": min(2, resolved.settings.critic_steps)}
        return tried.model_copy(update={"set": steps | tried.set})
    raise Failure(f"can be trained at none of the sizes {', '.join(map(str, sizes))}; it said last: {refusal}")
