"""Files that are written whole or not at all, and the images of a folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gantk.data.reading import SUFFIXES
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


def images_in(folder: Path) -> list[Path]:
    """Return the image files that lie in a folder itself, by name. Raises DataError where there are none."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    images = [file for file in files if file.suffix.lower() in SUFFIXES]
    if not images:
        below = next((path for path in sorted(folder.iterdir()) if path.is_dir()), None)
        hint = "" if below is None else f"; folders in it are not looked into: name them, such as {below}"
        raise DataError(f"{folder}: holds no images ({', '.join(sorted(SUFFIXES))}){hint}")
    return images


def image_files(inputs: Sequence[Path]) -> list[Path]:
    """Return the files among the inputs, and the image files in the folders among them, in order.

    Raises UsageError where an input is missing, DataError where a folder holds no images.
    """
    if missing := [path for path in inputs if not path.exists()]:
        raise UsageError(f"{missing[0]}: no such file or folder")
    return [file for path in inputs for file in (images_in(path) if path.is_dir() else [path])]
