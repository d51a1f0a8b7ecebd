"""A run of networks that the field's reference implementation trained."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gantk.data.infos import Contents, ImageInfo
from gantk.errors import GantkError, UsageError
from gantk.parts.context import Context
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe, open_training_data, prepare
from gantk.plan.averages import averaged, suited
from gantk.plan.resolve import Resolved, resolve
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.runs.folder import new_run
from gantk.runs.manifest import DataFacts, data_facts
from gantk.runs.recorded_data import RecordedData
from gantk.runs.run import Run
from gantk.training.blank_batches import BlankBatches
from gantk.training.optimizers import Averages
from gantk.training.processes import World
from gantk.training.state import TrainingState
from gantk_exports.reference_networks import Gathered, Statistics
from gantk_exports.reference_weights import translated

Say = Callable[[str], None]

UNKNOWN = "unknown (imported without --data)"
"""The data of a run that was told none; nothing that could be opened in its place is called so."""


def import_run(
    gathered: Gathered, data: list[str], size: int | None, statistics: Statistics, out: Path | None, say: Say
) -> Run:
    """Make a run that stands at step 0 with the files' weights; networks that no file holds are initialized.

    `statistics` is what batch norm reads in an export of it; `data` is what a training that goes on reads, at `size`
    pixels: files of weights do not say. Raises GantkError.
    """
    config = _config(gathered, data, size, statistics)
    if data:
        resolved = resolve(config)
        contents = open_training_data(resolved).contents
        for note in resolved.dataset.notes:
            say(note)
    else:
        resolved = resolve(config, RecordedData(_unknown(gathered.kind)))
        images = {key: ImageInfo(channels, "uint8", (0.0, 255.0)) for key, channels in gathered.channels.items()}
        contents = Contents(images)
    _check_channels(gathered, contents.images, resolved.dataset.name)
    with without_values():
        # Names and shapes alone say what would be built, and a damaged file may say anything.
        _fitting(build_recipe(resolved, contents, Context(), trains=False), gathered)
    # Told no data, a complete configuration would name a path.
    kept = {} if data else {"data": config.data}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        recipe = build_recipe(resolved, contents, Context(), trains=False)
        prepare(recipe, BlankBatches(contents.images, resolved.settings.sides, resolved.kind))
        for name, state in _fitting(recipe, gathered).items():
            recipe.networks()[name].module.load_state_dict(state)
        with new_run(out, gathered.title) as run:
            _save(run, recipe, resolved)
            run.start(resolved.complete({}).model_copy(update=kept), _facts(gathered, recipe, resolved, contents))
    return run


def _config(gathered: Gathered, data: list[str], size: int | None, statistics: Statistics) -> Config:
    """Return what says the networks; a discriminator that no file holds has the generator's normalization."""
    generator = gathered.generator.architecture
    discriminator = gathered.discriminator.architecture if gathered.discriminator is not None else None
    said: dict[str, Any] = {f"generator.{name}": value for name, value in generator.options.items()}
    if generator.plugin == "unet" and gathered.plugin == "cyclegan":
        # A U-Net's dropout leaves no trace in a file. By default the reference has it in pix2pix alone.
        said["generator.dropout"] = 0.0
    if discriminator is not None:
        said |= {f"discriminator.{name}": value for name, value in discriminator.options.items()}
    return Config(
        plugins=[gathered.plugin],
        data=data or [UNKNOWN],
        generator=generator.plugin,
        discriminator="patchgan",
        normalization={
            "generator": generator.normalization,
            "discriminator": (discriminator or generator).normalization,
        },
        set={**said, "size": size or 2 ** generator.options.get("depth", 8), "statistics": statistics},
        scale="paper",
    )


def _check_channels(gathered: Gathered, images: Mapping[str, ImageInfo], data: str) -> None:
    for key, channels in gathered.channels.items():
        if images[key].channels != channels:
            raise UsageError(
                f"images {key!r} of {data} have {images[key].channels} channels, where {gathered.generator.path} "
                f"needs {channels}"
            )


def _fitting(recipe: Recipe, gathered: Gathered) -> dict[str, dict[str, Tensor]]:
    """Return the files' tensors for each network, by its own names. Raises GantkError where they do not fit it."""
    networks, found = recipe.networks(), {}
    for name, held in gathered.networks.items():
        try:
            found[name] = translated(held.architecture, held.state, networks[name].module.state_dict())
        except GantkError as error:
            raise GantkError(f"{held.path} {error}") from error
    return found


def _save(run: Run, recipe: Recipe, resolved: Resolved) -> None:
    # An optimizer that has not moved keeps nothing, and making one would load torch's compiler.
    state = TrainingState(recipe, {}, Averages(recipe, averaged(suited(resolved, recipe))), {}, 0, torch.device("cpu"))
    run.checkpoints().save(state, World())


def _facts(gathered: Gathered, recipe: Recipe, resolved: Resolved, contents: Contents) -> dict[str, Any]:
    """Return what the run's manifest says of its data, its files, and what no file holds."""
    new = [recipe.networks()[name] for name in gathered.new]
    return {
        "data": data_facts(resolved.dataset, resolved.kind, contents).model_dump(),
        "imported": {
            "networks": {name: held.facts for name, held in gathered.networks.items()},
            "untrained": gathered.new,
            "untrained_graphs": [name for name, graph in recipe.graphs().items() if graph.network in new],
        },
    }


def _unknown(kind: str) -> DataFacts:
    """Return what a manifest says of data of which nothing but its kind is known."""
    return DataFacts(name=UNKNOWN, kind=kind, fingerprint="", images={})
