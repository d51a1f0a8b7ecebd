"""Trains a few steps in float64, without pool, dropout, augmentation and batch statistics, and saves the weights.

Usage: train_in_float64.py FOLDER BATCH_SIZE PLUGIN:LOSS..., alone or under torchrun.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from gantk.plan.assemble import open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.training.processes import World, joined_world
from gantk.training.training import Training


class Doubled(Iterator[dict[str, Any]]):
    def __init__(self, batches: Iterator[dict[str, Any]]) -> None:
        self.batches = batches

    def __next__(self) -> dict[str, Any]:
        return {key: value.double() for key, value in next(self.batches).items()}


def train(out: Path, game: str, batch_size: int, world: World) -> None:
    """Train a game, PLUGIN:LOSS, and save its weights; ranks must hold the same ones."""
    plugin, loss = game.split(":")
    shared = {"size": 32, "batch_size": batch_size, "steps": 4, "jitter": 1, "flip": False, "discriminator.filters": 4}
    own = {
        "cyclegan": {"pool": 0, "generator.filters": 4, "generator.blocks": 1, "discriminator.layers": 1},
        "pix2pix": {"generator.filters": 4, "generator.dropout": 0, "discriminator.layers": 1},
    }
    config = Config(
        plugins=[plugin], loss=loss, normalization={"": "instance"}, precision="fp32", set=shared | own[plugin]
    )
    resolved = resolve(config)
    device = torch.device("cpu")
    training = Training(resolved, open_training_data(resolved), Run(out), device, world, lambda line: None)
    training.recipe.double()
    batches = Doubled(training.batches)
    for step in range(4):
        training.context.progress = type(training.context.progress)(step, 4)
        training.runner.run(batches)
    state = training.recipe.state_dict()
    for name, tensor in state.items():
        gathered = [torch.empty_like(tensor) for _ in range(world.size)]
        if world.size > 1:
            torch.distributed.all_gather(gathered, tensor)
            assert all(torch.equal(other, tensor) for other in gathered), f"ranks differ in {name}"
    if world.leads:
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, out)


if __name__ == "__main__":
    with joined_world(torch.device("cpu")) as joined:
        for said in sys.argv[3:]:
            train(Path(sys.argv[1]) / said, said, int(sys.argv[2]), joined)
