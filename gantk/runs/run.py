"""A run's folder: what it is called and what it says of itself."""

import json
import platform
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gantk.documents import read_model
from gantk.errors import GantkError, UsageError
from gantk.runs.checkpoints import Checkpoints
from gantk.runs.config import Config, read_config, write_config
from gantk.runs.lock import NAME as LOCK
from gantk.runs.manifest import Manifest
from gantk.runtime.files import written_aside
from gantk.text import is_utf8, pasted

PACKAGES = ("gantk", "torch", "torchvision", "numpy", "albumentations", "safetensors", "onnx", "onnxruntime")

WRITTEN = (
    *(LOCK, "config.yaml", "manifest.json", "checkpoints", "scalars.jsonl", "previews", "tensorboard"),
    *("index.html", "page.js"),
)
"""What a training writes in a run's folder."""


@dataclass(frozen=True)
class Run:
    """The folder of one training."""

    path: Path

    @property
    def config(self) -> Config:
        """The resolved configuration. Raises UsageError where it cannot be read."""
        return read_config(self.path / "config.yaml")

    @property
    def manifest(self) -> Manifest:
        """What was recorded when the run started. Raises GantkError: what in it is wrong, and what can be done."""
        try:
            return read_model(Manifest, self.path / "manifest.json", 1 << 24)
        except GantkError as error:
            anew = pasted("gantk", "train", "--config", self.path / "config.yaml", "--init", self.path)
            raise GantkError(
                f"{error}; put the file back as it was, or go on from the run's weights in a new run, which writes a "
                f"new one: {anew}"
            ) from error

    @property
    def started(self) -> bool:
        """Whether the folder holds a run."""
        return (self.path / "config.yaml").is_file()

    def own(self, name: str) -> Path:
        """Return where a file or a folder of the run's lies. Raises GantkError where a link leads elsewhere."""
        path = self.path / name
        if path.is_symlink():
            raise GantkError(
                f"{path} is a link to {path.readlink()}, and a run writes nothing outside its folder: put what it "
                "names in its place, or delete the link"
            )
        return path

    def refuse_links(self) -> None:
        """Raise GantkError where a link stands for anything that a training writes into."""
        for name in WRITTEN:
            self.own(name)

    def checkpoints(self, keep: int = 3, spared: Collection[int] = ()) -> Checkpoints:
        """Return the run's checkpoints, of which a save keeps so many, and those of the steps that are spared."""
        return Checkpoints(self.path / "checkpoints", keep, spared)

    def start(self, config: Config, facts: dict[str, Any]) -> None:
        """Make the folder, and write what the run is told and on what it runs."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.refuse_links()
            self.write_manifest(
                {
                    "command": sys.argv,
                    "started": datetime.now(UTC).isoformat(timespec="seconds"),
                    "python": platform.python_version(),
                    "platform": platform.platform(),
                    "versions": {name: found for name in PACKAGES if (found := _version(name))},
                    "git": _git_commit(),
                    **facts,
                }
            )
            # Last, since a folder is a run by it.
            with written_aside(self.path / "config.yaml", durable=True) as aside:
                write_config(config, aside)
        except OSError as error:
            raise GantkError(f"cannot write the run's folder {self.path}: {error.strerror}") from None

    def write_manifest(self, facts: dict[str, Any]) -> None:
        """Write the manifest."""
        with written_aside(self.path / "manifest.json", durable=True) as aside:
            # What of a name is not UTF-8 is written as JSON escapes it.
            aside.write_text(json.dumps(facts, indent=1, ensure_ascii=False), "utf-8", "backslashreplace")


def open_run(path: Path) -> Run:
    """Return the run in a folder. Raises UsageError where there is none."""
    run = Run(path)
    if not run.started:
        config = path / "config.yaml"
        if config.is_symlink() or config.exists():
            read_config(config)  # it says what else it is
        raise UsageError(f"{path} is not a run: it has no config.yaml; `gantk train` makes one under runs/")
    if not is_utf8(path):
        raise UsageError(f"{path}: checkpoints are read from folders whose names are UTF-8 alone; rename it")
    return run


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    try:
        command = ["git", "rev-parse", "HEAD"]  # of the folder that the user works in
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
