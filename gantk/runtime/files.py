"""Files that are written whole or not at all, and the images of a folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gantk.data.formats.known import SHOWN
from gantk.data.listing import Listing, in_words, look_into, total
from gantk.data.storage import moved_into_place
from gantk.errors import DataError, GantkError, UsageError


@contextmanager
def written_aside(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a name beside `path` to write to, as `moved_into_place` does. Raises GantkError where that fails."""
    try:
        with moved_into_place(path, durable=durable) as aside:
            yield aside
    except OSError as error:
        raise GantkError(f"cannot write {path}: {error.strerror or error}") from error


def images_in(folder: Path, *, recursive: bool = False) -> list[Path]:
    """Return the image files that lie in a folder, or anywhere below it, by name; names with a dot before them apart.

    Raises DataError where there are none.
    """
    listings = list(_listings(folder, recursive))
    images = sorted(image for listing in listings for image in listing.images)
    if not images:
        below = next(iter(listings[0].folders), None)
        hint = "" if below is None or recursive else f"; folders in it are not looked into: name them, such as {below}"
        passed = in_words(total(listing.passed_over for listing in listings))
        raise DataError(f"{folder}: holds no images ({', '.join(SHOWN)}){f'; {passed}' if passed else ''}{hint}")
    return images


def passed_over(inputs: Sequence[Path], *, recursive: bool = False) -> str:
    """Return how many files in the folders among the inputs are no images, in words; empty where there are none."""
    folders = [path for path in inputs if path.is_dir()]
    return in_words(total(listing.passed_over for folder in folders for listing in _listings(folder, recursive)))


def _listings(folder: Path, recursive: bool) -> Iterator[Listing]:
    folders = [folder]
    while folders:
        listing = look_into(folders.pop())
        yield listing
        if recursive:
            # A link may lead back to where it lies.
            folders += [inner for inner in listing.folders if not inner.is_symlink()]


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
