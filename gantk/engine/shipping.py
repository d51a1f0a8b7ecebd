"""What a training would ship as it stands: a copy in inference form, whose batch norms have settled."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from gantk.engine.checkpoints import STATISTICS
from gantk.engine.inference import inference_form, plain_copy
from gantk.engine.optimizers import Averages
from gantk.engine.statistics import Settled, batch_norms, distance, settle
from gantk.errors import GantkError, one_line
from gantk.recipe.graph import Inference
from gantk.recipe.recipe import Batches, Recipe


@dataclass(frozen=True)
class Shipped:
    """A recipe as an export has it, beside one that computes as in training.

    Attributes:
        form: the recipe in inference form.
        plain: a copy in float32 that may be set to training mode.
        settled: what a checkpoint keeps of batch norm.
    """

    form: Recipe
    plain: Recipe
    settled: Settled


def shipped(recipe: Recipe, averages: Averages, inference: Inference) -> Shipped:
    """Return what would be shipped with batch norm's averages as they are; the recipe itself is not touched.

    Averaged weights stand in where they are kept.
    """
    plain = plain_copy(recipe)
    averages.lend(plain)
    return Shipped(inference_form(plain, inference), plain, Settled())


def shipped_settled(
    recipe: Recipe,
    averages: Averages,
    inference: Inference,
    images: int,
    batches: Batches,
) -> Shipped:
    """Return the same with batch norm's averages taken over the data, and how far it parts from the training.

    `images` pass at a time in training. Neither the recipe nor the training's random numbers are touched.
    """
    made = shipped(recipe, averages, inference)
    plain, form = made.plain, made.form
    alike = inference.statistics == "image" and images == 1
    if alike or not batch_norms(plain):
        return made
    with torch.random.fork_rng():
        averaged = {}
        if inference.statistics == "running":
            for copied, own in zip(plain.parameters(), recipe.parameters(), strict=True):
                copied.requires_grad_(own.requires_grad)
            averaged = settle(plain, batches, images)
            plain.requires_grad_(False)
            form = inference_form(plain, inference)
        apart = distance(form, plain, batches)
    return Shipped(form, plain, Settled(averaged, apart))


def load_settled(recipe: Recipe, checkpoint: Path) -> Settled:
    """Load what batch norm reads once trained, where a checkpoint keeps it, and return it.

    Raises GantkError where it cannot be read, or belongs to other networks.
    """
    path = checkpoint / STATISTICS
    try:
        averages = load_file(path) if path.exists() else {}
        apart = json.loads((checkpoint / "state.json").read_text("utf-8")).get("apart")
    except (OSError, SafetensorError, ValueError, AttributeError) as error:
        raise GantkError(f"cannot read checkpoint {checkpoint}: {one_line(error)}") from error
    here = recipe.state_dict()
    for name, tensor in averages.items():
        if name not in here or here[name].shape != tensor.shape:
            raise GantkError(f"cannot load {path}: {name} is of another network")
    recipe.load_state_dict(averages, strict=False)
    return Settled(averages, apart if isinstance(apart, float) else None)
