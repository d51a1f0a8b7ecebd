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
from gantk.training.optimizer_state import load_optimizers, moved, optimizer_state, read_optimizers
from gantk.training.optimizers import Averages, Mover
from gantk.training.processes import World
from gantk.training.statistics import Settled, settled_averages

STATE = "state.json"
OPTIMIZERS = "optimizers.safetensors"
STATISTICS = "statistics.safetensors"

Count = Annotated[int, Field(ge=0, lt=2**62)]


class StateFacts(BaseModel):
    """What `state.json` says.

    Attributes:
        step: how many steps were made.
        stage: the number of the stage in which the last of them was made; None: not recorded.
        positions: every stream's position in the data.
        processes: how many trained.
        apart: what `Settled.apart` says.
        moved: of each player, the numbers of the parameters that its optimizer keeps something of; None: not recorded.
        settled: whether batch norm's averages over the data are kept; None: not recorded.
    """

    model_config = ConfigDict(strict=True)

    step: Count
    positions: dict[str, Count]
    processes: int = Field(ge=1, le=2**20)
    apart: float | None = None
    moved: dict[str, list[Count]] | None = None
    stage: Count | None = None
    settled: bool | None = None


class TrainingState:
    """All that a training must have back to go on exactly where it stopped.

    Attributes:
        records_moves: whether the checkpoint that was read says which parameters had moved.
    """

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
        self.records_moves = True

    def write(self, folder: Path, world: World) -> None:
        """Write into a folder; what belongs to this process alone bears its rank."""
        if world.leads:
            for name, network in self.recipe.networks().items():
                write_tensors(folder / f"{name}.safetensors", network.module.state_dict())
            for name, average in self.averages.networks.items():
                write_tensors(folder / f"{name}.average.safetensors", average.module.state_dict())
            write_tensors(folder / OPTIMIZERS, optimizer_state(self.movers))
            write_tensors(folder / STATISTICS, self.settled.averages)
            facts = StateFacts(
                step=self.step,
                stage=self.recipe.stage.number,
                positions=self.positions,
                processes=world.size,
                apart=self.settled.apart,
                moved=moved(self.movers),
                settled=bool(self.settled.averages),
            )
            (folder / STATE).write_text(facts.model_dump_json(indent=1), "utf-8")
        write_tensors(folder / f"recipe-{world.rank}.safetensors", own_state(self.recipe))
        write_tensors(folder / f"random-{world.rank}.safetensors", _random_state(self.device))

    def read(self, folder: Path, world: World) -> None:
        """Take everything back from a checkpoint. Raises GantkError where it does not fit."""
        facts = read_facts(folder)
        if facts.step != int(folder.name):
            raise GantkError(f"{folder / STATE} is of step {facts.step}, in a folder of step {int(folder.name)}")
        load_weights(self.recipe, folder)
        for name, average in self.averages.networks.items():
            path, state = folder / f"{name}.average.safetensors", average.module.state_dict()
            average.module.load_state_dict(read_tensors(path, f"the average of {name}", state))
        load_optimizers(self.movers, read_optimizers(folder / OPTIMIZERS, self.movers, facts.moved))
        # A training takes batch norm's averages anew, but a file that is damaged tells of others that are.
        _read_averages(self.recipe, folder, facts)
        same_world = facts.processes == world.size
        rank = world.rank if same_world else 0
        load_own_state(self.recipe, folder, rank)
        if same_world:
            _load_random_state(folder / f"random-{rank}.safetensors", self.device)
        self.positions = facts.positions
        self.step = facts.step
        self.records_moves = facts.moved is not None or facts.step == 0


def read_facts(folder: Path) -> StateFacts:
    """Return what a checkpoint says of itself. Raises GantkError."""
    return read_model(StateFacts, folder / STATE)


def load_weights(recipe: Recipe, folder: Path, *, averaged: bool = False) -> None:
    """Load every network's weights from a checkpoint's folder; averaged ones in their stead where they are kept.

    Raises GantkError where they cannot be read, are those of other networks, or are not finite.
    """
    for name, network in recipe.networks().items():
        average = folder / f"{name}.average.safetensors"
        path = average if averaged and average.exists() else folder / f"{name}.safetensors"
        other = "it is another network, or has other options: "
        network.module.load_state_dict(read_tensors(path, name, network.module.state_dict(), reason=other))


def load_own_state(recipe: Recipe, folder: Path, rank: int = 0) -> None:
    """Load what a process kept of a recipe's state outside its networks. Raises GantkError."""
    path = folder / f"recipe-{rank}.safetensors"
    # A recipe may keep infinity, such as in a least value so far.
    recipe.load_state_dict(read_tensors(path, "the recipe's state", own_state(recipe), finite=False), strict=False)


def load_settled(recipe: Recipe, folder: Path) -> Settled:
    """Load what batch norm reads once trained, where a checkpoint keeps it, and return it. Raises GantkError."""
    facts = read_facts(folder)
    averages = _read_averages(recipe, folder, facts)
    recipe.load_state_dict(averages, strict=False)
    return Settled(averages, facts.apart)


def own_state(recipe: Recipe) -> dict[str, Tensor]:
    """Return a recipe's state outside its networks: image pools, feedback, buffers of games and augmentations."""
    networks = tuple(f"{name}.module." for name in recipe.networks())
    return {name: tensor for name, tensor in recipe.state_dict().items() if not name.startswith(networks)}


def _read_averages(recipe: Recipe, folder: Path, facts: StateFacts) -> dict[str, Tensor]:
    """Return what a checkpoint keeps of batch norm beside the weights: all of it, or nothing. Raises GantkError."""
    path = folder / STATISTICS
    if facts.settled is None and not path.exists():
        return {}
    known = settled_averages(recipe)
    needed = known if facts.settled else {}
    other = "it is of another network: "
    return read_tensors(path, "batch norm's averages", needed, known, together=lambda _: "", reason=other)


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
