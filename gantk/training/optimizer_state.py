"""What optimizers keep between steps, as tensors by `player/parameter/name`."""

import inspect
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from gantk.errors import GantkError
from gantk.runs.tensors import read_tensors
from gantk.training.optimizers import Mover

MEAN, MOVES = "history_mean", "history_moves"
"""What a parameter's mean over its moves is called, and over how many it is one."""


def optimizer_state(movers: Mapping[str, Mover]) -> dict[str, Tensor]:
    """Return what the optimizers keep, and with it the means over a player's moves."""
    kept = {
        f"{player}/{index}/{name}": value
        for player, mover in movers.items()
        for index, state in mover.optimizer.state_dict()["state"].items()
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
    for player, mover in movers.items():
        for index, parameter in enumerate(mover.parameters):
            if mover.history is not None and parameter in mover.history.means:
                kept[f"{player}/{index}/{MEAN}"] = mover.history.means[parameter]
                kept[f"{player}/{index}/{MOVES}"] = torch.tensor(mover.history.moves[parameter])
    return kept


def possible_state(movers: Mapping[str, Mover]) -> dict[str, Tensor]:
    """Return everything that the optimizers may come to keep, without values; a parameter that never moved has none."""
    return {
        f"{player}/{index}/{name}": kept
        for player, mover in movers.items()
        for index, parameter in enumerate(mover.parameters)
        for name, kept in (_kept(mover.optimizer, parameter) | _history(mover, parameter)).items()
    }


def moved(movers: Mapping[str, Mover]) -> dict[str, list[int]]:
    """Return the numbers of the parameters that the optimizers keep something of, by player."""
    found: dict[str, set[int]] = {player: set() for player in movers}
    for key in optimizer_state(movers):
        player, index, _ = key.rsplit("/", 2)
        found[player].add(int(index))
    return {player: sorted(numbers) for player, numbers in found.items()}


def read_optimizers(
    path: Path, movers: Mapping[str, Mover], recorded: Mapping[str, Sequence[int]] | None
) -> dict[str, Tensor]:
    """Return what the optimizers kept: of a parameter everything, or nothing. Raises GantkError.

    Where it is recorded which parameters had moved, those are all there; see `check_moved` for where it is not.
    """
    possible = possible_state(movers)
    wanted = {f"{player}/{number}" for player, numbers in (recorded or {}).items() for number in numbers}
    needed = {key: kept for key, kept in possible.items() if _owner(key) in wanted}
    return read_tensors(path, "the optimizers", needed, possible, together=_owner)


def check_moved(movers: Mapping[str, Mover], reached: Collection[nn.Parameter], path: Path) -> None:
    """Raise GantkError where an optimizer keeps nothing of a parameter that the losses reach, which so has moved."""
    there = {player: set(numbers) for player, numbers in moved(movers).items()}
    for player, mover in movers.items():
        for index, parameter in enumerate(mover.parameters):
            if parameter in reached and index not in there[player] and (kept := _kept(mover.optimizer, parameter)):
                raise GantkError(f"cannot load the optimizers from {path}: it has no {player}/{index}/{min(kept)}")


def load_optimizers(movers: Mapping[str, Mover], tensors: Mapping[str, Tensor]) -> None:
    """Give the optimizers what they kept: tensors like those of `possible_state`, which is not checked again.

    Fused optimizers would read and write beyond tensors of other shapes.
    """
    for player, mover in movers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            owner, index, name = key.rsplit("/", 2)
            if owner != player:
                continue
            parameter = mover.parameters[int(index)]
            if name == MOVES and mover.history is not None:
                mover.history.moves[parameter] = int(value)
            elif name == MEAN and mover.history is not None:
                mover.history.means[parameter] = _laid_out_like(parameter, value)
            else:
                state.setdefault(int(index), {})[name] = _laid_out_like(parameter, value)
        groups = mover.optimizer.state_dict()["param_groups"]
        mover.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _history(mover: Mover, parameter: nn.Parameter) -> dict[str, Tensor]:
    """Return what is kept of a parameter for its mean over the moves, without values."""
    if mover.history is None:
        return {}
    mean = torch.empty(parameter.shape, dtype=parameter.dtype, device="meta")
    return {MEAN: mean, MOVES: torch.empty((), dtype=torch.int64, device="meta")}


def _owner(key: str) -> str:
    return key.rpartition("/")[0]


def _kept(optimizer: torch.optim.Optimizer, parameter: nn.Parameter) -> dict[str, Tensor]:
    """Return what an optimizer keeps of a parameter, without values, as one step of its kind shows it."""
    trial = nn.Parameter(torch.zeros(2, 3, dtype=parameter.dtype))
    trial.grad = torch.zeros_like(trial)
    takes = inspect.signature(type(optimizer)).parameters
    same = type(optimizer)([trial], **{name: value for name, value in optimizer.defaults.items() if name in takes})
    same.step()
    return {
        name: torch.empty_like(value, device="meta")
        if value.shape != trial.shape
        else torch.empty(parameter.shape, dtype=value.dtype, device="meta")
        for name, value in same.state[trial].items()
        if isinstance(value, Tensor)
    }


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """Return a state tensor in its parameter's memory layout: fused optimizers read both in the order of memory."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)
