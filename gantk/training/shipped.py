"""What a training would ship as it stands: a copy in inference form, whose batch norms have settled."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from gantk.data.palettes import Palette
from gantk.recipe.graph import Inference
from gantk.recipe.recipe import Batches, Recipe
from gantk.training.inference import inference_form, plain_copy
from gantk.training.optimizers import Averages
from gantk.training.statistics import NO_PALETTES, Settled, batch_norms, distance, settle


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
    averages.load_into(plain)
    return Shipped(inference_form(plain, inference), plain, Settled())


def shipped_settled(
    recipe: Recipe,
    averages: Averages,
    inference: Inference,
    images: int,
    batches: Batches,
    palettes: Mapping[str, Palette] = NO_PALETTES,
) -> Shipped:
    """Return the same with batch norm's averages taken over the data, and how far it parts from the training.

    `images` pass at a time in training; `palettes` are those of label maps by batch key. Neither the recipe nor the
    training's random numbers are touched.
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
            averaged = settle(plain, batches, images, palettes)
            plain.requires_grad_(False)
            form = inference_form(plain, inference)
        apart = distance(form, plain, batches, palettes)
    return Shipped(form, plain, Settled(averaged, apart))
