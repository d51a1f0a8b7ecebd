"""The checksum of a model's file, which lies in the file: what a disk or a copy has changed is never run.

It covers everything but itself and the metadata of other programs, so that those may be added.
"""

import hashlib
from mmap import ACCESS_READ, mmap
from pathlib import Path

from gantk.errors import GantkError
from gantk.runtime.card import PREFIX
from gantk.runtime.wire import FileContents, Property, contents
from gantk.text import pasted

SEAL = f"{PREFIX}sha256"
"""The key of the checksum in a file's metadata."""

UNSEALED = "0" * 64
"""Stands for a checksum until the file is written."""


def seal(path: Path) -> None:
    """Write the checksum of a model's file into it. Raises GantkError where the file has no place for one."""
    found = contents(path)
    entry = _stated(found)
    if entry is None or len(entry.value.encode()) != len(UNSEALED):
        raise GantkError(f"{path}: its metadata have no checksum ({SEAL}), so whatever it holds is taken")
    digest = _digest(path, found)
    with path.open("r+b") as file:
        file.seek(entry.value_span[0])
        file.write(digest.encode())


def check_seal(path: Path, found: FileContents) -> None:
    """Raise GantkError where a model's file is not what was written. One of version 0.2 has no checksum."""
    entry = _stated(found)
    if entry is not None and entry.value != _digest(path, found):
        accepted = pasted("gantk", "verify", "--accept", path)
        raise GantkError(
            f"{path}: damaged, or changed by another program: its checksum is not that of its export; copy or export "
            f"it again, or, where it was changed on purpose: {accepted}"
        )


def _stated(found: FileContents) -> Property | None:
    return next((entry for entry in found.metadata if entry.key == SEAL), None)


def _digest(path: Path, found: FileContents) -> str:
    left_out = [entry.span for entry in found.metadata if entry.key == SEAL or not entry.key.startswith(PREFIX)]
    digest, at = hashlib.sha256(), 0
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data, memoryview(data) as held:
        for first, end in [*left_out, (len(data), len(data))]:
            with held[at:first] as part:
                digest.update(part)
            at = end
    return digest.hexdigest()
