"""Images through a model that gives vectors or numbers, and the table of its answers."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import DataError, GantkError, UsageError, without_name
from gantk.runtime.card import Card
from gantk.runtime.files import written_aside
from gantk.runtime.given import Given
from gantk.runtime.inputs import ReadyImage, in_batches, joined
from gantk.runtime.partners import Partners
from gantk.runtime.ports import Numbers

if TYPE_CHECKING:
    from gantk.runtime.model import Model

TABLES = (".csv", ".npz", ".npy")
"""Endings of the files that a table is written to."""


@dataclass(frozen=True)
class Measurement:
    """What a model says of an image file, or of a `.npy` file of several images.

    Attributes:
        source: the file.
        values: the rows of each output, (N, length) or (N,).
        problem: says in a line why it was skipped; empty: it was measured.
        fitted: whether the image was brought to the one size that the model takes.
    """

    source: Path
    values: tuple[Array, ...] = ()
    problem: str = ""
    fitted: bool = False


def outputs_for(model: Model, image: Any, given: Given, batch_size: int) -> dict[str, Array]:
    """Return the outputs by name for an image, without the rows' axis, or for several, which are an array or a list.

    Raises DataError where the model cannot take one.
    """
    several = isinstance(image, list | tuple)
    takens = [given.take(one) for one in (image if several else [image])]
    if not takens:
        raise DataError("no images were given")
    batches = in_batches((ReadyImage(None, taken) for taken in takens), min(batch_size, model.card.at_once))
    answers = [model.measure(*joined([entry.taken for entry in batch if entry.taken])) for batch in batches]
    values = [np.concatenate(parts) for parts in zip(*answers, strict=True)]
    alone = takens[0].single and not several
    names = (port.name for port in model.card.outputs)
    return {name: value[0] if alone else value for name, value in zip(names, values, strict=True)}


def measure_files(model: Model, files: Sequence[Path], given: Partners, batch_size: int = 1) -> Iterator[Measurement]:
    """Measure files, running up to `batch_size` neighbouring images of one size together; tell of each in order.

    `given` says the model's further inputs. An image that cannot be read, taken or run is skipped.
    """
    for batch in in_batches((_entry(file, given) for file in files), min(batch_size, model.card.at_once)):
        ready = [(entry.item, entry.taken) for entry in batch if entry.taken]
        if not ready:
            yield from (Measurement(entry.item, problem=entry.problem) for entry in batch)
            continue
        try:
            answers = model.measure(*joined([taken for _, taken in ready]))
        except GantkError as error:
            yield from (Measurement(file, problem=str(error)) for file, _ in ready)
            continue
        ends = np.cumsum([len(taken.batch) for _, taken in ready])[:-1]
        parts = zip(*(np.split(answer, ends) for answer in answers), strict=True)
        yield from (
            Measurement(file, values, fitted=taken.fitted) for (file, taken), values in zip(ready, parts, strict=True)
        )


def _entry(file: Path, given: Partners) -> ReadyImage[Path]:
    try:
        return ReadyImage(file, given.of(file).take(file))
    except DataError as error:
        return ReadyImage(file, None, without_name(error, file))


def table(measured: Sequence[Measurement], card: Card, *, ordered: bool = False) -> dict[str, Array]:
    """Return the rows of all files: `file`, and each output by its name; `ordered`: by the first output, lowest first.

    The images of a `.npy` file of several are called `name.npy[0]`, `name.npy[1]`, ...
    """
    names = []
    for one in measured:
        count = len(one.values[0])
        names += [f"{one.source}[{row}]" for row in range(count)] if count > 1 else [str(one.source)]
    columns = [np.concatenate(parts) for parts in zip(*(one.values for one in measured), strict=True)]
    rows = np.argsort(columns[0], kind="stable") if ordered else np.arange(len(names))
    outputs = [port.name for port in card.outputs if isinstance(port, Numbers)]
    return {
        "file": np.array(names)[rows],
        **{name: column[rows] for name, column in zip(outputs, columns, strict=True)},
    }


def check_table(path: Path, inputs: Sequence[Path]) -> None:
    """Raise UsageError where a table cannot be written to a file of that name, or would overwrite an input."""
    if path.suffix.lower() not in TABLES:
        raise UsageError(f"{path}: a table of this kind cannot be written; use {', '.join(TABLES)}")
    if path.resolve() in {file.resolve() for file in inputs}:
        raise UsageError(f"{path}: would overwrite an input; choose another --out")


def write_table(columns: Mapping[str, Array], path: Path) -> None:
    """Write a table as CSV, as the arrays of an `.npz`, or as the structured array of an `.npy`, by the suffix.

    Raises GantkError where the system does not let it be written.
    """
    with written_aside(path) as aside, aside.open("wb") as file:
        if path.suffix.lower() == ".csv":
            file.write(csv_text(columns).encode())
        elif path.suffix.lower() == ".npz":
            # np.savez has no room for an array called `file`, which is its own parameter's name.
            with zipfile.ZipFile(file, "w") as archive:
                for name, column in columns.items():
                    with archive.open(f"{name}.npy", "w") as part:
                        np.save(part, column)
        else:
            fields = [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
            rows = np.empty(len(columns["file"]), fields)
            for name, column in columns.items():
                rows[name] = column
            np.save(file, rows)


def csv_text(columns: Mapping[str, Array]) -> str:
    """Return a table as CSV: a column a number, those of a vector called `name[0]`, `name[1]`, ..."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads: list[str] = []
    for name, column in columns.items():
        heads += [name] if column.ndim == 1 else [f"{name}[{place}]" for place in range(column.shape[1])]
    writer.writerow(heads)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([cell for value in row for cell in _cells(value)])
    return text.getvalue()


def _cells(value: Array | str) -> list[str]:
    """Return a value as text; nine digits say a float32 exactly."""
    return [value] if isinstance(value, str) else [f"{number:.9g}" for number in np.atleast_1d(value).tolist()]
