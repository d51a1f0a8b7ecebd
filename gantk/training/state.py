"""What a checkpoint's folder holds: weights and state as safetensors, the rest as JSON; nothing is unpickled."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from gantk.documents import read_model
from gantk.errors import GantkError
from gantk.recipe.recipe import Recipe
from gantk.runs.tensors import read_tensors, write_tensors
from gantk.training.optimizer_state import load_optimizers, optimizer_state, possible_state
from gantk.training.optimizers import Averages, Mover
from gantk.training.processes import World
from gantk.training.statistics import Settled

STATE = "state.json"
STATISTICS = "statistics.safetensors"

Count = Annotated[int, Field(ge=0, lt=2**62)]


class Facts(BaseModel):
    """What `state.json` says.

    Attributes:
        step: how many steps were made.
        positions: every stream's position in the data.
        processes: how many trained.
        apart: what `Settled.apart` says.
    """

    model_config = ConfigDict(strict=True)

    step: Count
    positions: dict[str, Count]
    processes: int = Field(ge=1, le=2**20)
    apart: float | None = None


class TrainingState:
    """All that a training must have back to go on exactly where it stopped."""

    def __init__(
        self,
        recipe: Recipe,
        movers: Mapping[str, Mover],
        averages: Averages,
        positions: Mapping[str, int],
        step: int,
        device: torch.device,
    ) -> None:
        self.recipe = recipe
        self.movers = movers
        self.averages = averages
        self.positions = dict(positions)
        self.step = step
        self.device = device
        self.settled = Settled()

    def write(self, folder: Path, world: World) -> None:
        """Write into a folder; what belongs to this process alone bears its rank."""
        if world.leads:
            for name, network in self.recipe.networks().items():
                write_tensors(folder / f"{name}.safetensors", network.module.state_dict())
            for name, average in self.averages.networks.items():
                write_tensors(folder / f"{name}.average.safetensors", average.module.state_dict())
            write_tensors(folder / "optimizers.safetensors", optimizer_state(self.movers))
            write_tensors(folder / STATISTICS, self.settled.averages)
            facts = Facts(step=self.step, positions=self.positions, processes=world.size, apart=self.settled.apart)
            (folder / STATE).write_text(facts.model_dump_json(indent=1), "utf-8")
        write_tensors(folder / f"recipe-{world.rank}.safetensors", own_state(self.recipe))
        write_tensors(folder / f"random-{world.rank}.safetensors", _random_state(self.device))

    def read(self, folder: Path, world: World) -> None:
        """Take everything back from a checkpoint. Raises GantkError where it does not fit."""
        facts = read_model(Facts, folder / STATE)
        if facts.step != int(folder.name):
            raise GantkError(f"{folder / STATE} is of step {facts.step}, in a folder of step {int(folder.name)}")
        load_weights(self.recipe, folder)
        for name, average in self.averages.networks.items():
            path, state = folder / f"{name}.average.safetensors", average.module.state_dict()
            average.module.load_state_dict(read_tensors(path, f"the average of {name}", state))
        kept = read_tensors(folder / "optimizers.safetensors", "the optimizers", {}, possible_state(self.movers))
        load_optimizers(self.movers, kept)
        same_world = facts.processes == world.size
        rank = world.rank if same_world else 0
        load_own_state(self.recipe, folder, rank)
        if same_world:
            _load_random_state(folder / f"random-{rank}.safetensors", self.device)
        self.positions = facts.positions
        self.step = facts.step


def load_weights(recipe: Recipe, folder: Path, *, averaged: bool = False) -> None:
    """Load every network's weights from a checkpoint's folder; averaged ones in their stead where they are kept.

    Raises GantkError where they cannot be read, are those of other networks, or are not finite.
    """
    for name, network in recipe.networks().items():
        average = folder / f"{name}.average.safetensors"
        path = average if averaged and average.exists() else folder / f"{name}.safetensors"
        other = "it is another network, or has other options: "
        tensors = read_tensors(path, name, network.module.state_dict(), reason=other)
        for key, tensor in tensors.items():
            if not bool(tensor.isfinite().all()):
                raise GantkError(f"cannot load {name} from {path}: {key} holds numbers that are not finite")
        network.module.load_state_dict(tensors)


def load_own_state(recipe: Recipe, folder: Path, rank: int = 0) -> None:
    """Load what a process kept of a recipe's state outside its networks. Raises GantkError."""
    path = folder / f"recipe-{rank}.safetensors"
    recipe.load_state_dict(read_tensors(path, "the recipe's state", own_state(recipe)), strict=False)


def load_settled(recipe: Recipe, folder: Path) -> Settled:
    """Load what batch norm reads once trained, where a checkpoint keeps it, and return it. Raises GantkError."""
    averages: dict[str, Tensor] = {}
    if (folder / STATISTICS).exists():
        other = "it is of another network: "
        kinds = (".running_mean", ".running_var")
        known = {name: tensor for name, tensor in recipe.state_dict().items() if name.endswith(kinds)}
        averages = read_tensors(folder / STATISTICS, "batch norm's averages", {}, known, reason=other)
        recipe.load_state_dict(averages, strict=False)
    return Settled(averages, read_model(Facts, folder / STATE).apart)


def own_state(recipe: Recipe) -> dict[str, Tensor]:
    """Return a recipe's state outside its networks: image pools, feedback, the game's buffers."""
    networks = tuple(f"{name}." for name in recipe.networks())
    return {name: tensor for name, tensor in recipe.state_dict().items() if not name.startswith(networks)}


def _random_state(device: torch.device) -> dict[str, Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _load_random_state(path: Path, device: torch.device) -> None:
    # A run may go on on another device, so what the file holds of CUDA's is optional: a seed and an offset of 64 bits.
    cuda = torch.empty(16, dtype=torch.uint8, device="meta")
    state = read_tensors(path, "the random numbers", {"cpu": torch.get_rng_state()}, {"cuda": cuda})
    try:
        torch.set_rng_state(state["cpu"])
        if device.type == "cuda" and "cuda" in state:
            torch.cuda.set_rng_state(state["cuda"], device)
    except RuntimeError as error:
        raise GantkError(f"cannot load the random numbers from {path}: {error}") from error
