"""Checkpoints of the field's reference implementation as files: which are meant, and what they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk.errors import GantkError, UsageError
from gantk.parts.weights import read_weights
from gantk_exports.reference import Architecture, State, architecture_of

_ROLE = re.compile(r"(?:^|_)([GD](?:_[AB])?)$")
_MOST_TENSORS = 10_000
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


def _state(path: Path) -> tuple[State, str]:
    """Return a file's tensors, and the digest of it."""
    state, digest = read_weights(path)
    if len(state) > _MOST_TENSORS:
        raise GantkError(
            f"{path} holds {len(state):,} tensors: no network of the reference has more than a few hundred"
        )
    return state, digest
