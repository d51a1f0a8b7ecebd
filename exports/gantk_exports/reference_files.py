"""Checkpoints of the field's reference implementation as files: which are meant, and what they hold."""

import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gantk.data.formats.files import read_file
from gantk.errors import DataError, GantkError, UsageError
from gantk_exports.pickles import check_file
from gantk_exports.reference import Architecture, State, architecture_of

_ROLE = re.compile(r"(?:^|_)([GD](?:_[AB])?)$")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LONGEST_NAME, _MOST_TENSORS = 200, 10_000
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
        digest: SHA-256 of the file, in hexadecimal digits.
    """

    path: Path
    state: State
    architecture: Architecture
    name: str
    digest: str

    @property
    def facts(self) -> dict[str, str]:
        """What a run's manifest keeps of the file."""
        return {"file": self.path.name, "sha256": self.digest}


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
    state, digest = _state(path)
    try:
        architecture = architecture_of(state, normalization)
    except GantkError as error:
        raise type(error)(f"{path} {error}") from error
    named = _ROLE.search(path.stem)
    name = named[1] if named else ""
    if name and (name[0] == "D") != (architecture.role == "discriminator"):
        raise GantkError(f"{path} holds a {architecture.role}, which its name denies")
    return Checkpoint(path, state, architecture, name, digest)


def _state(path: Path) -> tuple[dict[str, Tensor], str]:
    """Return a file's tensors, and the digest of it."""
    held, digest = _unpickled(path)
    if not isinstance(held, dict) or not held:
        raise GantkError(f"{path} holds no state dict of a network but {_described(held)}")
    if len(held) > _MOST_TENSORS:
        raise GantkError(f"{path} holds {len(held):,} tensors: no network of the reference has more than a few hundred")
    for name, value in held.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            shown = repr(name)[:_LONGEST_NAME]
            raise GantkError(f"{path} holds no state dict of a network: its {shown} is {_described(value)}")
        if len(name) > _LONGEST_NAME:
            raise GantkError(f"{path} holds no state dict of a network: a tensor's name has {len(name):,} characters")
        if not _is_plain(value):
            raise GantkError(f"{path}: {name} is no plain tensor of numbers")
        # As float32, which networks are loaded in, since a larger number overflows there.
        if value.is_floating_point() and not bool(value.float().isfinite().all()):
            raise GantkError(f"{path}: {name} holds numbers that are not finite; its training had failed")
    # What several GPUs trained together is saved under one more name.
    bare = all(name.startswith("module.") for name in held)
    return {name.removeprefix("module.") if bare else name: value for name, value in held.items()}, digest


def _unpickled(path: Path) -> tuple[Any, str]:
    """Return what a file holds, and its digest."""
    try:
        whole = read_file(path)
    except DataError as reason:
        raise UsageError(f"{path}: {reason}") from reason
    try:
        check_file(whole)
        with warnings.catch_warnings(action="ignore"):
            # Mapped, a tensor cannot reach beyond its file; the format before version 1.6 checks lengths by itself.
            zipped = zipfile.is_zipfile(BytesIO(whole))
            source: Any = str(path) if zipped else BytesIO(whole)
            return torch.load(source, map_location="cpu", weights_only=True, mmap=zipped), sha256(whole).hexdigest()
    except GantkError as reason:
        raise GantkError(f"{path} {reason}") from reason
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
    return whole and tensor.device.type == "cpu" and tensor.dtype in (*_FLOATS, torch.int64) and tensor.numel() > 0


def _described(value: Any) -> str:
    return f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else f"of type {type(value).__name__}"
