"""A run's folder: what it is called and what it says of itself."""

import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gantk.engine.checkpoints import Checkpoints
from gantk.engine.config import Config, read_config, write_config
from gantk.errors import GantkError, UsageError
from gantk.runtime.files import written_aside
from gantk.text import is_utf8

PACKAGES = ("gantk", "torch", "torchvision", "numpy", "albumentations", "safetensors", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Run:
    """The folder of one training."""

    path: Path

    @property
    def config(self) -> Config:
        """The resolved configuration. Raises UsageError where it cannot be read."""
        return read_config(self.path / "config.yaml")

    @property
    def manifest(self) -> dict[str, Any]:
        """What was recorded when the run started."""
        path = self.path / "manifest.json"
        try:
            facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise GantkError(f"cannot read {path}, which says what the run was trained on: {error}") from error
        return facts

    def checkpoints(self, keep: int = 3) -> Checkpoints:
        """Return the run's checkpoints."""
        return Checkpoints(self.path / "checkpoints", keep)

    def start(self, config: Config, facts: dict[str, Any]) -> None:
        """Make the folder, and write what the run is told and on what it runs."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with written_aside(self.path / "config.yaml") as aside:
                write_config(config, aside)
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
        except OSError as error:
            raise GantkError(f"cannot write the run's folder {self.path}: {error.strerror}") from None

    def write_manifest(self, facts: dict[str, Any]) -> None:
        """Write the manifest."""
        with written_aside(self.path / "manifest.json") as aside:
            # What of a name is not UTF-8 is written as JSON escapes it.
            aside.write_text(json.dumps(facts, indent=1, ensure_ascii=False), "utf-8", "backslashreplace")


def open_run(path: Path) -> Run:
    """Return the run in a folder. Raises UsageError where there is none."""
    if not (path / "config.yaml").is_file():
        raise UsageError(f"{path} is not a run: it has no config.yaml; `gantk train` makes one under runs/")
    return Run(path)


def new_run(out: Path | None, name: str) -> Run:
    """Return a run in a new folder: `out`, or `runs/<name>` with a number where that is taken."""
    if out is not None:
        if not is_utf8(out):
            raise UsageError(f"--out {out}: TensorBoard writes to folders whose names are UTF-8 alone; choose another")
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out} is there already: choose another --out, or go on with --resume {out}")
        return Run(out)
    path, number = Path("runs") / name, 1
    while path.exists():
        number += 1
        path = Path("runs") / f"{name}-{number}"
    return Run(path)


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
