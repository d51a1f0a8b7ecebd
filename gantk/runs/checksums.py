"""The checksums of a checkpoint's files, written beside them: what a disk or a copy has changed is never trained on."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gantk.data.parallel import in_order
from gantk.documents import read_model, regular_file, shortened
from gantk.errors import GantkError

NAME = "checksums.json"


class Checksums(BaseModel):
    """What `checksums.json` says: the digest of each file, in hexadecimal, by the file's name."""

    model_config = ConfigDict(strict=True)

    algorithm: Literal["sha256"] = "sha256"
    files: dict[Annotated[str, Field(pattern=r"^[^/\\]+$")], str]


def write_checksums(folder: Path) -> None:
    """Write the checksums of a folder's files beside them."""
    paths = sorted(path for path in folder.iterdir() if path.name != NAME)
    found = {path.name: digest for path, digest in in_order(_digest, paths, workers=0)}
    (folder / NAME).write_text(Checksums(files=found).model_dump_json(indent=1), "utf-8")


def check_files(folder: Path) -> None:
    """Raise GantkError, naming the file, where one is not what was written. Without checksums nothing is checked."""
    path = folder / NAME
    if not path.exists():
        return
    expected = read_model(Checksums, path, 1 << 24).files
    paths = [folder / name for name in expected]
    for file, digest in in_order(_checked, paths, workers=0):
        if digest != expected[file.name]:
            raise GantkError(f"{file} is damaged: its checksum is not that of what was saved")


def identity(folder: Path) -> str | None:
    """Return what tells a checkpoint from another of the same step; None where it has no checksums."""
    try:
        return _digest(folder / NAME)
    except OSError:
        return None


def _checked(path: Path) -> str:
    try:
        regular_file(path)
        return _digest(path)
    except (OSError, ValueError) as error:
        raise GantkError(f"cannot read {path}: {shortened(error)}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
