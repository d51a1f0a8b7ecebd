"""Scalars of a run: one JSON line a log, and TensorBoard."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from gantk.data.storage import flush, moved_into_place
from gantk.documents import regular_file
from gantk.errors import GantkError

_LONGEST = 1 << 20
"""The bytes of the longest line that is read."""


class ScalarLog:
    """Writes `scalars.jsonl` and `tensorboard/` in a run's folder."""

    def __init__(self, folder: Path, start: int) -> None:
        """Open the log; on resume, lines after step `start` are dropped, since they will be written again.

        Raises GantkError where the log is no file.
        """
        self.path = folder / "scalars.jsonl"
        if self.path.exists():
            _cut(self.path, start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from torch.utils.tensorboard import SummaryWriter

        self.board: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=start + 1 if start else None)

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Append the scalars of a step."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **scalars}) + "\n")
        for name, value in scalars.items():
            self.board.add_scalar(name, value, step)

    def score(self, step: int, values: Mapping[str, float]) -> None:
        """Show scores in TensorBoard; the run has a file of its own for them."""
        for name, value in values.items():
            self.board.add_scalar(f"score/{name}", value, step)

    def show(self, step: int, sheet: Image.Image) -> None:
        """Show a preview grid in TensorBoard."""
        import numpy as np

        self.board.add_image("preview", np.asarray(sheet), step, dataformats="HWC")

    def sync(self) -> None:
        """Bring what was written to the disk."""
        self.board.flush()
        if self.path.exists():
            flush(self.path)

    def close(self) -> None:
        """Flush what was written."""
        self.board.close()


def _cut(path: Path, start: int) -> None:
    """Drop the lines after a step, and what a killed process left of one; the file is there whole at every moment."""
    try:
        regular_file(path)
    except ValueError as error:
        raise GantkError(f"{path} is {error}") from error
    with moved_into_place(path, durable=True) as aside, path.open("rb") as file, aside.open("xb") as kept:
        while line := file.readline(_LONGEST):
            if _step(line) <= start:
                kept.write(line)


def _step(line: bytes) -> float:
    """Return the step of a line; of one that is torn, none that is kept."""
    try:
        return float(json.loads(line)["step"]) if line.endswith(b"\n") else float("inf")
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return float("inf")
