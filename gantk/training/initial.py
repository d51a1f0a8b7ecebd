"""A run's recipe as it stands before step 1: prepared, laid out on its device, alike in all processes."""

import torch

from gantk.data.batches import TrainingBatches
from gantk.plan.assemble import prepare
from gantk.recipe.recipe import Recipe
from gantk.runs.config import Config
from gantk.training.processes import World


def puts_channels_last(config: Config, autocast: torch.dtype | None, device: torch.device) -> bool:
    """Return whether networks are laid out with channels last: unsaid, where that was measured to be faster."""
    said = config.channels_last
    return device.type == "cpu" or autocast is not None if said is None else said


def make_ready(
    recipe: Recipe, batches: TrainingBatches, config: Config, autocast: torch.dtype | None, world: World
) -> None:
    """Make a recipe that was just built ready to train on the device of its batches."""
    device = batches.device
    recipe.to(device)
    prepare(recipe, batches)
    recipe.to(device)
    if puts_channels_last(config, autocast, device):
        recipe.to(memory_format=torch.channels_last)
    world.share(recipe)
    if config.compile:
        for network in recipe.networks().values():
            network.compile_forward()
    # Every process draws its own noise; initial weights were drawn alike.
    torch.manual_seed(config.seed + 1 + world.rank)
