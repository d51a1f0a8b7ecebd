"""Files that are written whole or not at all, and the images of a folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gantk.data.formats.known import SHOWN, SUFFIXES
from gantk.errors import DataError, GantkError, UsageError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; when all went well the file moves to `path`, else it is removed.

    Makes the folder. Raises GantkError where the system does not let it be written.
    """
    aside = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        aside.replace(path)
    except OSError as error:
        raise GantkError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def images_in(folder: Path, *, recursive: bool = False) -> list[Path]:
    """Return the image files that lie in a folder, or anywhere below it, by name; names with a dot before them apart.

    Raises DataError where there are none.
    """
    found = folder.rglob("*") if recursive else folder.iterdir()
    shown = sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    images = [path for path in shown if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not images:
        below = next((path for path in shown if path.is_dir()), None)
        hint = "" if below is None or recursive else f"; folders in it are not looked into: name them, such as {below}"
        raise DataError(f"{folder}: holds no images ({', '.join(SHOWN)}){hint}")
    return images


def image_files(inputs: Sequence[Path], *, recursive: bool = False) -> dict[Path, Path]:
    """Return the files among the inputs, and the image files in the folders among them, in order.

    With each goes its place: its name, or its path below the folder. Raises UsageError where an input is missing,
    DataError where a folder holds no images.
    """
    if missing := [path for path in inputs if not path.exists()]:
        raise UsageError(f"{missing[0]}: no such file or folder")
    places: dict[Path, Path] = {}
    for path in inputs:
        if path.is_dir():
            places |= {file: file.relative_to(path) for file in images_in(path, recursive=recursive)}
        else:
            places[path] = Path(path.name)
    return places
