"""Checkpoints of the field's reference implementation as files: which are meant, and what they hold."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gantk.errors import GantkError, UsageError
from gantk_exports.reference import Architecture, State, architecture_of

_ROLE = re.compile(r"(?:^|_)([GD](?:_[AB])?)$")
_SAVED = re.compile(r"(.+)_net_[GD](?:_[AB])?")


@dataclass(frozen=True)
class Checkpoint:
    """A file with one network's weights.

    Attributes:
        path: the file.
        state: its tensors by the reference's names.
        architecture: the network that they are of.
        name: what the reference calls the network ("G", "G_A", "D_B"), as the file's name says; empty where it does
            not.
    """

    path: Path
    state: State
    architecture: Architecture
    name: str

    @property
    def facts(self) -> dict[str, str]:
        """What a run's manifest keeps of the file."""
        return {"file": self.path.name, "sha256": sha256(self.path.read_bytes()).hexdigest()}


def chosen_files(paths: Sequence[Path], epoch: str) -> list[Path]:
    """Return the files among the paths, and those of one epoch in the folders among them. Raises UsageError."""
    files = [file for path in paths for file in (_saved(path, epoch) if path.is_dir() else [path])]
    return list(dict.fromkeys(files))


def _saved(folder: Path, epoch: str) -> list[Path]:
    epochs: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.pth")):
        if found := _SAVED.fullmatch(path.stem):
            epochs.setdefault(found[1], []).append(path)
    if epoch not in epochs:
        there = f"only of {', '.join(epochs)}: choose by --epoch" if epochs else "nor of any other epoch"
        raise UsageError(f"{folder} holds no {epoch}_net_*.pth, {there}")
    return epochs[epoch]


def read_checkpoint(path: Path, normalization: str | None) -> Checkpoint:
    """Return what a file holds. Raises GantkError; nothing in the file is run."""
    state = _state(path)
    try:
        architecture = architecture_of(state, normalization)
    except GantkError as error:
        raise type(error)(f"{path} {error}") from error
    named = _ROLE.search(path.stem)
    name = named[1] if named else ""
    if name and (name[0] == "D") != (architecture.role == "discriminator"):
        raise GantkError(f"{path} holds a {architecture.role}, which its name denies")
    return Checkpoint(path, state, architecture, name)


def _state(path: Path) -> dict[str, Tensor]:
    held = _unpickled(path)
    if not isinstance(held, dict) or not held:
        raise GantkError(f"{path} holds no state dict of a network but {_described(held)}")
    for name, value in held.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise GantkError(f"{path} holds no state dict of a network: its {name!r} is {_described(value)}")
        if not _is_plain(value):
            raise GantkError(f"{path}: {name} is no plain tensor of numbers")
        if not bool(value.isfinite().all()):
            raise GantkError(f"{path}: {name} holds numbers that are not finite; its training had failed")
    # What several GPUs trained together is saved under one more name.
    bare = all(name.startswith("module.") for name in held)
    return {name.removeprefix("module.") if bare else name: value for name, value in held.items()}


def _unpickled(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError) as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:
        # A damaged file fails in as many ways as there are things to read in it.
        code = re.search(r"(?<=GLOBAL )\S+|(?<=Unsupported class )\S+|TorchScript", str(error))
        if code:
            raise GantkError(
                f"{path} wants to run code ({code[0]}) when it is read, so it was not read: save the "
                "network's state_dict() alone, in the program that wrote it"
            ) from error
        raise GantkError(f"{path} is no checkpoint of PyTorch, or is truncated or damaged") from error


def _is_plain(tensor: Tensor) -> bool:
    # One number in a file may be shown as a tensor of any shape, for which memory would then be asked.
    whole = tensor.layout == torch.strided and tensor.nbytes <= tensor.untyped_storage().nbytes()
    return whole and tensor.device.type == "cpu" and not tensor.is_quantized


def _described(value: Any) -> str:
    return f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else f"of type {type(value).__name__}"
