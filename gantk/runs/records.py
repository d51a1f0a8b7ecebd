"""The record of a score: one line of JSON, appended whole."""

import errno
import math
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from json import dumps
from pathlib import Path
from typing import Any

from gantk.documents import regular_file, shortened
from gantk.errors import GantkError

Record = Mapping[str, Any]
"""What is written of a score; it holds what JSON holds, and no number that is not finite."""

NAME = "metrics.jsonl"
"""The file of a run's records."""

_PACKAGES = ("gantk", "torch", "numpy", "onnxruntime", "kornia", "torchmetrics", "scipy")


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: a number that is not finite becomes None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def versions() -> dict[str, str]:
    """Return the versions of the installed packages that a score may depend on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def append(path: Path, records: Sequence[Record]) -> None:
    """Append records to a file, a line each. Raises GantkError.

    They are written at once. What a killed process left of a line is cut off first.
    """
    lines = "".join(dumps(record, ensure_ascii=False, allow_nan=False) + "\n" for record in records).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            regular_file(path)
        with path.open("ab+", buffering=0) as file:
            _cut_half_line(path, file.fileno())
            if file.write(lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        raise GantkError(f"cannot write {path}: {shortened(error)}") from error


def _cut_half_line(path: Path, file: int) -> None:
    written = path.read_bytes()
    if not written.endswith(b"\n"):
        os.ftruncate(file, written.rfind(b"\n") + 1)
