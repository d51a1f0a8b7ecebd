"""Scalars of a run: one JSON line a log, and TensorBoard."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image


class ScalarLog:
    """Writes `scalars.jsonl` and `tensorboard/` in a run's folder."""

    def __init__(self, folder: Path, start: int) -> None:
        """Open the log; on resume, lines after step `start` are dropped, since they will be written again."""
        self.path = folder / "scalars.jsonl"
        if self.path.exists():
            lines = [line for line in self.path.read_text("utf-8").splitlines() if _step(line) <= start]
            self.path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
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

    def show(self, step: int, sheet: Image.Image) -> None:
        """Show a preview grid in TensorBoard."""
        import numpy as np

        self.board.add_image("preview", np.asarray(sheet), step, dataformats="HWC")

    def close(self) -> None:
        """Flush what was written."""
        self.board.close()


def _step(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
