"""Making a recipe from what was resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from gantk.data.dataset import Split, cut_columns, shrink_of
from gantk.data.infos import ImageInfo, image_infos, palettes_in
from gantk.data.loading import Crops, TrainingBatches
from gantk.data.views import open_split
from gantk.errors import DataError, PluginError, UsageError
from gantk.parts.bounded import bounded
from gantk.parts.build import Build, DataInfo
from gantk.parts.context import Context, Informed, Progress
from gantk.parts.scheduled import value_at
from gantk.parts.valueless import without_values
from gantk.plan.resolve import USER, Resolved
from gantk.recipe.graph import Inference
from gantk.recipe.recipe import Batches, Recipe

if TYPE_CHECKING:
    from gantk.training.processes import World

START = Progress(0, 1)


@dataclass(frozen=True)
class OpenedData:
    """The training share as a recipe needs it: its split, how images are cut, and what they hold."""

    split: Split
    crops: Crops
    images: Mapping[str, ImageInfo]


def open_training_data(resolved: Resolved) -> OpenedData:
    """Open the kind of batches that the recipe needs. Raises DataError."""
    settings = resolved.settings
    crops = Crops(size=settings.size, jitter=settings.jitter, flip=settings.flip)
    split = open_split(resolved.dataset, resolved.kind, False, crops.load)
    if not all(len(group) for group in split.groups):
        raise DataError(f"{resolved.dataset.name} holds no images to train on")
    for key, column in cut_columns(split.columns).items():
        height, width = column[0].shape[:2]
        shrink = shrink_of(column)
        if crops.size % shrink:
            raise UsageError(
                f"size {crops.size} is no multiple of {shrink}, by which the images of {key!r} are smaller: say "
                f"--size {max(crops.size // shrink, 1) * shrink}"
            )
        if min(height, width) != crops.load // shrink:
            raise PluginError(
                f"data set {resolved.dataset.name} gives {key!r} of {width} x {height} pixels; its split() was asked "
                f"to load={crops.load}, the shorter side"
            )
    return OpenedData(split, crops, image_infos(split))


def notes_on(resolved: Resolved, data: OpenedData, world: int = 1) -> list[str]:
    """Return what a user should hear of the data before a training, a line each."""
    batch = images_a_pass(resolved, START) * world
    few = [group for group in data.split.groups if len(group) < batch]
    repeated = [
        f"{len(group)} to train on ({', '.join(group.columns)}) and {batch} in a batch: each batch holds the same "
        f"up to {-(-batch // len(group))} times; a smaller --batch-size learns the same with less work"
        for group in few
    ]
    return [*resolved.dataset.notes, *repeated]


def open_streams(
    resolved: Resolved, data: OpenedData, context: Context, device: torch.device, world: "World", workers: int
) -> TrainingBatches:
    """Open the batches of this process, whose size may follow the progress."""
    return TrainingBatches(
        dataset=resolved.dataset,
        kind=resolved.kind,
        crops=data.crops,
        seed=resolved.config.seed,
        device=device,
        batch_size=lambda: images_a_pass(resolved, context.progress),
        rank=world.rank,
        world=world.size,
        workers=workers,
    )


def recipe_of(resolved: Resolved) -> type[Recipe]:
    """Return the leading plugin's recipe."""
    return cast(type[Recipe], resolved.parts["recipe"].factory)


def allows_bf16(resolved: Resolved) -> bool:
    """Return whether networks may compute in bfloat16: single pixels are coordinates, which it would round."""
    return recipe_of(resolved).allows_bf16 and resolved.settings.size > 1


def total_steps(resolved: Resolved, samples: int, world: int = 1) -> int:
    """Return the run's length in steps: as stated, or from the passes over the data that are stated."""
    settings, origins = resolved.settings, resolved.origins
    if settings.steps is not None and (origins["steps"] == USER or origins["epochs"] != USER):
        return settings.steps
    per_turn = images_a_pass(resolved, START) * settings.accumulate * world
    return max(1, settings.epochs * samples // (per_turn * settings.critic_steps))


def images_a_pass(resolved: Resolved, progress: Progress) -> int:
    """Return how many images pass a network at a time, in one process and micro-batch, at a point of the run."""
    return round(value_at(resolved.settings.batch_size, progress))


def inference_of(resolved: Resolved, progress: Progress) -> Inference:
    """Return how networks behave once trained up to a point of the run: as is stated, else as they were trained."""
    stated = resolved.settings.statistics
    inference = Inference(stated) if stated is not None else recipe_of(resolved).inference
    return inference.after(images_a_pass(resolved, progress))


def build_recipe(
    resolved: Resolved,
    images: Mapping[str, ImageInfo],
    context: Context,
    autocast: torch.dtype | None = None,
    *,
    trains: bool = True,
) -> Recipe:
    """Build the recipe with its parts; one that never trains may lack the files of its pretrained networks.

    Raises Unsupported, naming parts that could serve, PluginError, UsageError where options make networks beyond all
    bounds, or GantkError where such a file is missing.
    """
    part = resolved.parts["recipe"]
    with bounded():
        recipe = part(_build(resolved, images, autocast, trains))
    if not isinstance(recipe, Recipe):
        raise PluginError(f"recipe {part.plugin} made a {type(recipe).__name__}: a gantk.Recipe is needed")
    _inform(recipe, context)
    return recipe


def prepare(recipe: Recipe, batches: Batches) -> None:
    """Let a recipe make what takes its shape from data; what it makes is told of the run as the rest is."""
    recipe.prepare(batches)
    _inform(recipe, recipe.context)


def refuse_idle_parts(resolved: Resolved, images: Mapping[str, ImageInfo]) -> None:
    """Raise UsageError where the user chose a part that the recipe never asks for."""
    recipe = resolved.parts["recipe"]
    defaults = recipe_of(resolved).defaults
    said = {slot: name for slot in ("generator", "discriminator", "loss") if (name := getattr(resolved.config, slot))}
    # A run's configuration names the parts that are there by default, too.
    usual = {slot: {recipe.plugin, getattr(defaults, slot)} for slot in said}
    chosen = {slot: name for slot, name in said.items() if resolved.parts[slot].plugin not in usual[slot]}
    if not chosen:
        return
    build = _build(resolved, images, None)
    try:
        with without_values(), bounded():
            recipe(build)
    except Exception:
        # What cannot be made without values is made with them, and says itself what is wrong.
        return
    for slot, name in chosen.items():
        if slot not in build.asked:
            idle = "plays no adversarial game" if slot == "loss" else f"takes no {slot} of others"
            raise UsageError(f"recipe {recipe.plugin} {idle}: --{slot} {name} would change nothing, leave it out")


def _build(
    resolved: Resolved, images: Mapping[str, ImageInfo], autocast: torch.dtype | None, trains: bool = True
) -> Build:
    dataset = resolved.dataset
    files = {name: option.value for name, option in resolved.options.items() if isinstance(option.value, str | Path)}
    return Build(
        data=DataInfo(
            kind=resolved.kind,
            size=resolved.settings.size,
            channels={key: info.channels for key, info in images.items()},
            sizes={key: resolved.settings.size // info.shrink for key, info in images.items()},
            windows={key: info.window for key, info in images.items() if info.palette is None},
            palettes=palettes_in(images),
            classes=dataset.classes,
            domains=dataset.domains,
        ),
        parts={slot: part for slot, part in resolved.parts.items() if slot != "recipe"},
        autocast=autocast,
        network_built=resolved.plugins.network_built,
        option_names={str(value): name for name, value in files.items()},
        trains=trains,
    )


def _inform(recipe: Recipe, context: Context) -> None:
    for module in recipe.modules():
        if isinstance(module, Informed):
            module.context = context
