"""Captions of images in folders: a text file beside each image, or one file for all."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gantk.data.formats.files import read_file
from gantk.errors import DataError

FILES = ("captions.jsonl", "metadata.jsonl", "captions.csv", "metadata.csv")
"""What a file of all captions of a folder is called; the first that is there is read."""

_NAMES = ("file_name", "file", "image", "filename")
_TEXTS = ("caption", "text")


def caption_files(images: Iterable[Path]) -> list[Path]:
    """Return the files in which captions of the images stand; nothing is read."""
    tables: dict[Path, Path | None] = {}
    found: dict[Path, None] = {}
    for path in images:
        if path.parent not in tables:
            tables[path.parent] = _table_of(path.parent)
        file = tables[path.parent] or path.with_suffix(".txt")
        if file.is_file():
            found[file] = None
    return list(found)


def captions_of(images: Iterable[Path]) -> dict[Path, str]:
    """Return the captions of images by path; those without one are left out. Raises DataError.

    A folder's captions stand in one of `FILES`, else in a text file beside each image, which bears its name.
    """
    found: dict[Path, str] = {}
    tables: dict[Path, Mapping[str, str] | None] = {}
    for path in images:
        if path.parent not in tables:
            file = _table_of(path.parent)
            tables[path.parent] = dict(_table(file)) if file else None
        table = tables[path.parent]
        beside = path.with_suffix(".txt")
        if table is not None:
            caption = table.get(path.name, "")
        else:
            caption = _text(beside) if beside.is_file() else ""
        if caption.strip():
            found[path] = caption.strip()
    return found


def _table_of(folder: Path) -> Path | None:
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def _table(file: Path) -> Iterator[tuple[str, str]]:
    """Yield file names and captions; a row has one of the known columns for each."""
    text = _text(file)
    try:
        rows = list(csv.DictReader(text.splitlines())) if file.suffix == ".csv" else list(map(json.loads, _lines(text)))
        said = [(_first(row, _NAMES), _first(row, _TEXTS)) for row in rows]
    except (ValueError, AttributeError, csv.Error, RecursionError):
        raise DataError(f"{file} cannot be read: each line names a file and its caption") from None
    for name, caption in said:
        if not name:
            raise DataError(f"{file} has a line that names no file: name it as {' or '.join(_NAMES[:2])}")
        yield name, caption


def _first(row: Mapping[str, object], keys: Iterable[str]) -> str:
    return next((str(row[key]) for key in keys if row.get(key)), "")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _text(file: Path) -> str:
    try:
        return read_file(file).decode("utf-8-sig")
    except DataError as error:
        raise DataError(f"{file} {error}") from None
    except UnicodeDecodeError:
        raise DataError(f"{file} is no text in UTF-8") from None
