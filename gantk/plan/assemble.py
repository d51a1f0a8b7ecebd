"""The recipe and the data of a run, made from what was resolved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from gantk.data.batches import Crops, TrainingBatches
from gantk.data.columns import FULL
from gantk.data.dataset import Split, cut_columns, shrink_of
from gantk.data.first import FirstImage
from gantk.data.infos import Contents, ImageInfo, contents_of, palettes_in
from gantk.data.kinds import kind_called
from gantk.data.views import open_split
from gantk.errors import DataError, PluginError, UsageError
from gantk.parts.bounded import bounded
from gantk.parts.build import Build
from gantk.parts.context import Context, Informed
from gantk.parts.data_info import DataInfo
from gantk.parts.discriminator import Discriminator
from gantk.parts.valueless import without_values
from gantk.plan.course import START, images_a_pass, recipe_of, sides_in
from gantk.plan.open_data import USER
from gantk.plan.resolve import Resolved
from gantk.plan.settings import RunSettings
from gantk.plugins.kinds import KINDS
from gantk.plugins.slots import kind_of, named_in
from gantk.recipe.recipe import Batches, Recipe
from gantk.recipe.stage import WHOLE, Stage
from gantk.sizes import Sides

if TYPE_CHECKING:
    from gantk.training.processes import World


@dataclass(frozen=True)
class OpenedData:
    """The training share as a recipe needs it: its split, how images are cut, and what they hold."""

    split: Split
    crops: Crops
    contents: Contents

    @property
    def images(self) -> Mapping[str, ImageInfo]:
        """What each key of images or label maps holds."""
        return self.contents.images


def open_training_data(resolved: Resolved, stage: Stage = WHOLE[0]) -> OpenedData:
    """Open the kind of batches that the recipe needs, at the size of a stage. Raises DataError."""
    settings = resolved.settings
    if kind_called(resolved.kind).whole and (settings.flip or settings.jitter != 1 or not settings.sides.is_square):
        raise UsageError(
            f"{resolved.kind} batches say where in an image something is, so that it is trained on as it is: leave out "
            "flip, jitter, and a size that is no square"
        )
    crops = Crops(size=sides_in(resolved, stage).size, jitter=settings.jitter, flip=settings.flip)
    split = open_split(resolved.dataset, resolved.kind, False, crops.load)
    if not all(len(group) for group in split.groups):
        raise DataError(f"{resolved.dataset.name} holds no images to train on")
    for key, column in cut_columns(split.columns).items():
        height, width = column[0].shape[:2]
        shrink = shrink_of(column)
        if shrink not in (1, settings.shrink):
            raise UsageError(
                f"{resolved.dataset.name}: {key!r} is {shrink} times smaller, and shrink is {settings.shrink}: "
                f"say -s shrink={shrink}"
            )
        if any(side % shrink for side in crops.sides):
            whole = Sides(*(round(max(side // shrink, 1) * shrink / stage.scale) for side in crops.sides))
            of_stage = f" of stage {stage.name}" if stage.name else ""
            raise UsageError(
                f"size {crops.sides}{of_stage} is no multiple of {shrink}, by which the images of {key!r} are smaller: "
                f"say --size {whole}"
            )
        load, given = crops.load, f"data set {resolved.dataset.name} gives {key!r} of {width} x {height} pixels"
        if isinstance(load, Sides):
            if height < load.height // shrink or width < load.width // shrink:
                raise PluginError(
                    f"{given}; its covering() was asked for images that cover {load.width} x {load.height}"
                )
        elif min(height, width) != load // shrink:
            raise PluginError(f"{given}; its split() was asked to load={load}, the shorter side")
    return OpenedData(split, crops, contents_of(split, kind_called(resolved.kind).keys("texts")))


def notes_on(resolved: Resolved, data: OpenedData, world: int = 1) -> list[str]:
    """Return what a user should hear of the data before a training, a line each."""
    batch = images_a_pass(resolved, START) * world
    few = [group for group in data.split.groups if len(group) < batch]
    repeated = [
        f"{len(group)} to train on ({', '.join(group.columns)}) and {batch} in a batch: each batch holds the same "
        f"up to {-(-batch // len(group))} times; a smaller --batch-size learns the same with less work"
        for group in few
    ]
    return [*resolved.dataset.notes, *repeated, *_unlearned(data), *_without_levels(resolved, data)]


def _unlearned(data: OpenedData) -> list[str]:
    """Return what the user should hear who names several images for what learns one."""
    several = [column for column in data.split.columns.values() if isinstance(column, FirstImage) and column.others]
    return [
        f"the first image alone is learned, and {column.others:,} are not: name one, such as --data PICTURE.png"
        for column in several
    ]


def _without_levels(resolved: Resolved, data: OpenedData) -> list[str]:
    """Return what the user should hear who wants gaps between levels filled, of images that have none."""
    said = resolved.settings.dequantize and resolved.origins["dequantize"] == USER
    found = {info.dtype for info in data.images.values() if info.palette is None}
    if not said or found & FULL.keys():
        return []
    return [f"dequantize changes nothing here: images of {' and '.join(sorted(found))} have no levels"]


def open_streams(
    resolved: Resolved,
    data: OpenedData,
    batch_size: Callable[[], int],
    device: torch.device,
    world: "World",
    workers: int,
) -> TrainingBatches:
    """Open the batches of this process; `batch_size` says how many samples the next one holds."""
    return TrainingBatches(
        dataset=resolved.dataset,
        kind=resolved.kind,
        crops=data.crops,
        seed=resolved.config.seed,
        device=device,
        batch_size=batch_size,
        rank=world.rank,
        world=world.size,
        workers=workers,
        dequantize=resolved.settings.dequantize,
    )


def allows_bf16(resolved: Resolved) -> bool:
    """Return whether networks may compute in bfloat16: single pixels are coordinates, which it would round."""
    return recipe_of(resolved).allows_bf16 and resolved.settings.size != 1


def build_recipe(
    resolved: Resolved,
    contents: Contents,
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
        recipe = part(_build(resolved, contents, autocast, trains))
    if not isinstance(recipe, Recipe):
        raise PluginError(f"recipe {part.plugin} made a {type(recipe).__name__}: a gantk.Recipe is needed")
    _inform(recipe, context)
    return recipe


def prepare(recipe: Recipe, batches: Batches) -> None:
    """Let a recipe make what takes its shape from data; what it makes is told of the run as the rest is."""
    recipe.prepare(batches)
    _inform(recipe, recipe.context)


_SLOT_OF = {"r1": "loss", "r2": "loss", "pack": "discriminator", "orthogonal": "generator"}
"""The part that a setting is for."""


def refuse_idle_parts(resolved: Resolved, contents: Contents) -> None:
    """Raise UsageError where the user chose a part, or a setting of one, that the recipe never asks for."""
    recipe = resolved.parts["recipe"]
    usual = named_in(recipe_of(resolved).defaults)
    said = {slot: name for slot, name in named_in(resolved.config).items() if name and not KINDS[kind_of(slot)].by_role}
    # A run's configuration names the parts that are there by default, too.
    chosen = {
        slot: name for slot, name in said.items() if resolved.parts[slot].plugin not in (recipe.plugin, usual[slot])
    }
    usual_settings = RunSettings()
    changed = [
        name
        for name in _SLOT_OF
        if name in resolved.config.set and getattr(resolved.settings, name) != getattr(usual_settings, name)
    ]
    if not chosen and not changed:
        return
    build = _build(resolved, contents, None)
    try:
        with without_values(), bounded():
            recipe(build)
    except Exception:
        # What cannot be made without values is made with them, and says itself what is wrong.
        return
    wanted = [(slot, f"--{slot} {name}") for slot, name in chosen.items()]
    wanted += [(_SLOT_OF[name], name) for name in changed]
    for slot, words in wanted:
        if slot not in build.asked:
            idle = "plays no adversarial game" if slot == "loss" else f"takes no {slot} of others"
            raise UsageError(f"recipe {recipe.plugin} {idle}: {words} would change nothing, leave it out")


def _build(resolved: Resolved, contents: Contents, autocast: torch.dtype | None, trains: bool = True) -> Build:
    dataset, sides, images = resolved.dataset, resolved.settings.sides, contents.images
    files = {name: option.value for name, option in resolved.options.items() if isinstance(option.value, str | Path)}
    return Build(
        data=DataInfo(
            kind=resolved.kind,
            size=sides.size,
            channels={key: info.channels for key, info in images.items()},
            sizes={key: Sides(*(side // info.shrink for side in sides)).size for key, info in images.items()},
            windows={key: info.window for key, info in images.items() if info.palette is None},
            palettes=palettes_in(images),
            classes=dataset.classes,
            domains=dataset.domains,
            words=contents.words,
        ),
        parts={slot: part for slot, part in resolved.parts.items() if slot != "recipe"},
        autocast=autocast,
        network_built=resolved.plugins.network_built,
        option_names={str(value): name for name, value in files.items()},
        trains=trains,
        r1=resolved.settings.r1,
        r2=resolved.settings.r2,
        pack=resolved.settings.pack,
        refers=cast("type[Recipe]", resolved.parts["recipe"].factory).refers,
    )


def _inform(recipe: Recipe, context: Context) -> None:
    for name, network in recipe.networks().items():
        if isinstance(network, Discriminator) and network.augmentation is not None:
            network.augmentation.name = name
    for module in recipe.modules():
        if isinstance(module, Informed):
            module.context = context
