"""Checkpoints: weights as safetensors, state as tensors and JSON; written aside, then renamed; nothing is unpickled."""

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gantk.engine.optimizers import Averages, Mover
from gantk.engine.processes import World
from gantk.engine.statistics import Settled
from gantk.errors import GantkError
from gantk.recipe.recipe import Recipe

PARTIAL = ".partial"
STATISTICS = "statistics.safetensors"


class Checkpoints:
    """The checkpoints of a run, in `RUN/checkpoints/<step>`."""

    def __init__(self, folder: Path, keep: int = 3) -> None:
        self.folder = folder
        self.keep = keep

    def all(self) -> list[Path]:
        """Return the complete checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path for path in self.folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))

    def newest(self) -> Path:
        """Return the newest checkpoint. Raises GantkError where there is none."""
        found = self.all()
        if not found:
            raise GantkError(f"{self.folder.parent} has no checkpoint: it stopped before its first was saved")
        return found[-1]

    def save(self, state: "TrainingState", world: World) -> Path:
        """Write a checkpoint, and drop the oldest beyond `keep`. Raises GantkError; what was there stays then."""
        path = self.folder / f"{state.step:06d}"
        aside = self.folder / f"{path.name}{PARTIAL}"
        try:
            if world.leads:
                for leftover in self.folder.glob(f"*{PARTIAL}"):
                    shutil.rmtree(leftover)
                aside.mkdir(parents=True)
            world.wait()
            state.write(aside, world)
            world.wait()
            if world.leads:
                _replace(aside, path)
                for old in self.all()[: -self.keep]:
                    shutil.rmtree(old)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise GantkError(self._failure(error)) from error
        world.wait()
        return path

    def _failure(self, error: Exception) -> str:
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        what = "the disk is full" if full else str(error)
        kept = self.all()
        left = f"the last good checkpoint is {kept[-1]}" if kept else "no checkpoint was saved before"
        return f"cannot save a checkpoint in {self.folder}: {what}; {left}. Make room, then go on with --resume"


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
                _save(folder / f"{name}.safetensors", network.module.state_dict())
            for name, average in self.averages.networks.items():
                _save(folder / f"{name}.average.safetensors", average.module.state_dict())
            tensors, others = _optimizer_state(self.movers)
            _save(folder / "optimizers.safetensors", tensors)
            _save(folder / STATISTICS, self.settled.averages)
            facts = {"step": self.step, "positions": self.positions, "processes": world.size}
            facts |= {"apart": self.settled.apart, "optimizers": others}
            _write_text(folder / "state.json", json.dumps(facts, indent=1))
        _save(folder / f"recipe-{world.rank}.safetensors", own_state(self.recipe))
        _save(folder / f"random-{world.rank}.safetensors", _random_state(self.device))

    def read(self, folder: Path, world: World) -> None:
        """Take everything back from a checkpoint. Raises GantkError where it does not fit."""
        try:
            facts = json.loads((folder / "state.json").read_text("utf-8"))
            load_weights(self.recipe, folder)
            for name, average in self.averages.networks.items():
                average.module.load_state_dict(load_file(folder / f"{name}.average.safetensors"))
            _load_optimizers(self.movers, load_file(folder / "optimizers.safetensors"), facts["optimizers"])
            same_world = facts["processes"] == world.size
            rank = world.rank if same_world else 0
            _load_own_state(self.recipe, load_file(folder / f"recipe-{rank}.safetensors"))
            if same_world:
                _load_random_state(load_file(folder / f"random-{rank}.safetensors"), self.device)
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
            raise GantkError(f"cannot read checkpoint {folder}: {_shortly(error)}") from error
        self.positions = facts["positions"]
        self.step = facts["step"]


def load_weights(recipe: Recipe, folder: Path, *, averaged: bool = False) -> None:
    """Load every network's weights from a checkpoint's folder; averaged ones in their stead where they are kept.

    Raises GantkError where they cannot be read, or are those of other networks.
    """
    for name, network in recipe.networks().items():
        average = folder / f"{name}.average.safetensors"
        path = average if averaged and average.exists() else folder / f"{name}.safetensors"
        try:
            tensors = load_file(path)
        except (OSError, SafetensorError) as error:
            raise GantkError(f"cannot load {name} from {path}: {_shortly(error)}") from error
        if apart := _difference(tensors, network.module.state_dict()):
            raise GantkError(f"cannot load {name} from {path}: it is another network, or has other options: {apart}")
        network.module.load_state_dict(tensors)


def load_own_state(recipe: Recipe, folder: Path) -> None:
    """Load what the first process kept of a recipe's state outside its networks."""
    try:
        _load_own_state(recipe, load_file(folder / "recipe-0.safetensors"))
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise GantkError(f"cannot read checkpoint {folder}: {_shortly(error)}") from error


def own_state(recipe: Recipe) -> dict[str, Tensor]:
    """Return a recipe's state outside its networks: image pools, feedback, the game's buffers."""
    networks = tuple(f"{name}." for name in recipe.networks())
    return {name: tensor for name, tensor in recipe.state_dict().items() if not name.startswith(networks)}


def _load_own_state(recipe: Recipe, state: dict[str, Tensor]) -> None:
    expected = own_state(recipe)
    if expected.keys() != state.keys():
        raise ValueError(f"the recipe's state has other names: {sorted(expected.keys() ^ state.keys())[:4]}")
    recipe.load_state_dict(state, strict=False)


def _optimizer_state(movers: Mapping[str, Mover]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the optimizers' tensors, and what else they keep, by `player/parameter/name`."""
    entries = [
        (f"{player}/{index}/{name}", value)
        for player, mover in movers.items()
        for index, state in mover.optimizer.state_dict()["state"].items()
        for name, value in state.items()
    ]
    tensors = {key: value for key, value in entries if isinstance(value, Tensor)}
    return tensors, {key: value for key, value in entries if key not in tensors}


def _load_optimizers(movers: Mapping[str, Mover], tensors: dict[str, Tensor], others: dict[str, Any]) -> None:
    for player, mover in movers.items():
        state: dict[int, dict[str, Any]] = {}
        for key, value in {**tensors, **others}.items():
            owner, index, name = key.split("/")
            if owner == player:
                state.setdefault(int(index), {})[name] = _laid_out_like(mover.parameters[int(index)], value)
        groups = mover.optimizer.state_dict()["param_groups"]
        mover.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _laid_out_like(parameter: Tensor, value: Any) -> Any:
    """Return a state tensor in its parameter's memory layout: fused optimizers read both in the order of memory."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)


def _random_state(device: torch.device) -> dict[str, Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _load_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def _difference(there: Mapping[str, Tensor], here: Mapping[str, Tensor]) -> str:
    """Return the first tensor of a network's that a file lacks, or holds in another shape; empty: there is none."""
    for name, tensor in here.items():
        if name not in there:
            return f"it has no {name}"
        if there[name].shape != tensor.shape:
            return f"{name} is {tuple(there[name].shape)} there and {tuple(tensor.shape)} here"
    return f"{min(further)} is not in this one" if (further := there.keys() - here.keys()) else ""


def _shortly(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 240 else f"{text[:240]}..."


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    seen: set[int] = set()
    unshared: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        value = tensor.detach().cpu().contiguous()
        # safetensors refuses tensors that share memory, such as tied weights.
        unshared[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    save_file(unshared, path)
    _flush(path)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    _flush(path)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _replace(aside: Path, path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
    aside.rename(path)
