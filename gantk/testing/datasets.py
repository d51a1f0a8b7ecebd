"""Checks of a data set: what it says of itself, and what its rows hold."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gantk.data.batches import Crops, TrainingBatches
from gantk.data.dataset import Array, Dataset, Images, Split, image_columns, shrink_of
from gantk.data.kinds import KINDS, NUMBERS, Kind, kind_called
from gantk.data.palettes import Palette
from gantk.errors import GantkError, PluginError
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip

ROWS = 200
"""Rows of a share that are compared."""


def opens(checked: CheckedPlugin) -> str:
    """Open the data set as `--data NAME` does, and look at its attributes."""
    dataset = _opened(checked)
    if not isinstance(dataset, Dataset):
        raise Failure(f"its factory made a {type(dataset).__name__}: a gantk.Dataset is needed")
    for attribute in ("name", "kinds", "summary"):
        if not getattr(dataset, attribute, None):
            raise Failure(f"states no `{attribute}`, which a user is shown")
    for kind in dataset.kinds:
        known = kind_called(kind)
        if not known.columns:
            raise Failure(
                f"serves batches of an unknown kind {kind!r}; known: {', '.join(KINDS)}; state one of your own, "
                f"kinds = (gantk.Kind({kind!r}, {{KEY: WHAT IT HOLDS}}),)"
            )
        for holds in NUMBERS:
            if known.keys(holds) and not getattr(dataset, holds):
                raise Failure(f"serves {kind} batches, and states no `{holds}`: their names")
    for attribute in ("credits", "notes"):
        lines = getattr(dataset, attribute)
        if isinstance(lines, str) or not all(isinstance(line, str) and line.strip() for line in lines):
            raise Failure(f"`{attribute}` are lines of text, in a tuple or a list")
    if not dataset.fingerprint():
        raise Failure("fingerprint() is empty: return a hash of the contents")
    return dataset.summary


def batches(checked: CheckedPlugin) -> str:
    """Read a batch of each kind and each share, and what a training makes of it."""
    dataset = _opened(checked)
    size = _size(dataset)
    read = []
    for kind in dataset.kinds:
        for test in (False, True):
            split = dataset.split(kind, test, size)
            where = f"{kind}, {'held out' if test else 'training'}"
            if not test and not len(split):
                raise Failure(f"{where}: holds no rows")
            if missing := [key for key in kind_called(kind).columns if key not in split.columns]:
                raise Failure(f"{where}: has no column {missing[0]!r}; it has {', '.join(split.columns)}")
            _check_rows(dataset, kind_called(kind), split, size, where)
        stream = TrainingBatches(
            dataset=dataset,
            kind=kind,
            crops=Crops(size=size),
            seed=0,
            device=torch.device("cpu"),
            batch_size=lambda: 4,
        )
        batch = next(stream)
        for key in image_columns(split.columns):
            if not batch[key].isfinite().all():
                raise Failure(f"{kind}: a batch of `{key}` holds NaN or infinite values")
            if kind != "points" and batch[key].abs().max() > 1 + 1e-6:
                raise Failure(f"{kind}: a batch of `{key}` leaves [-1, 1]: state the `window` of its values")
        read.append(f"{kind} ({', '.join(batch)})")
    return "; ".join(read)


def same_twice(checked: CheckedPlugin) -> str:
    """Compare rows read twice, from a pickled copy as other processes read them, and from the data opened anew."""
    dataset, again = _opened(checked), _opened(checked)
    size, count = _size(dataset), 0
    if dataset.fingerprint() != again.fingerprint():
        raise Failure("fingerprint() differs between two openings: derive it from the contents alone")
    for kind in dataset.kinds:
        split = dataset.split(kind, False, size)
        others = {
            "read again": split,
            "pickled": pickle.loads(pickle.dumps(split)),  # noqa: S301 (it was made just now)
            "opened anew": again.split(kind, False, size),
        }
        for key, column in split.columns.items():
            rows = _rows(len(column), 8)
            first = [np.asarray(column[row]) for row in rows]
            for how, other in others.items():
                if len(other.columns[key]) != len(column):
                    raise Failure(f"{kind}: column `{key}` has another length when {how}")
                for row, expected in zip(rows, first, strict=True):
                    if not np.array_equal(expected, np.asarray(other.columns[key][row])):
                        raise Failure(
                            f"{kind}: row {row} of `{key}` is another when {how}: draw and change nothing there"
                        )
            count += len(rows)
    return f"{count} rows of {', '.join(dataset.kinds)}"


def held_out(checked: CheckedPlugin) -> str:
    """Look for held-out images among those that are trained on."""
    dataset = _opened(checked)
    size, kind = _size(dataset), dataset.kinds[0]
    shares = [dataset.split(kind, test, size) for test in (False, True)]
    for key, column in image_columns(shares[1].columns).items():
        if not len(column):
            raise Skip("holds out nothing")
        training = {_digest(one) for one in _read(shares[0], key, 10 * ROWS)}
        held = [_digest(one) for one in _read(shares[1], key, ROWS)]
        common = sum(one in training for one in held)
        # Some data sets hold an image twice; a share that leaks holds many.
        if common > 1 and common > len(held) / 10:
            raise Failure(f"{common} of the first {len(held)} held-out images of `{key}` are trained on")
    return "the shares differ"


def _opened(checked: CheckedPlugin) -> Dataset:
    """Open the data set with the options that were said. Raises Skip where its files are not here."""
    factory = checked.factory("dataset")
    try:
        dataset: Dataset = factory(_argument(checked), **checked.options_for("dataset"))
        if isinstance(dataset, Dataset):
            dataset.fingerprint()  # files may be looked for only when they are read
    except PluginError:
        raise
    except GantkError as error:
        raise Skip(f"cannot be opened here: {error}; say --data {checked.name}:ARGUMENT") from error
    return dataset


def _argument(checked: CheckedPlugin) -> str | None:
    """Return what follows the data set's name where the user said `--data NAME:ARGUMENT`."""
    said = [one.partition(":") for one in checked.data]
    return next((argument for name, _, argument in said if Path(name).stem == checked.name and argument), None)


def _size(dataset: Dataset) -> int:
    return 1 if dataset.kinds[0] == "points" else 32


def _check_rows(dataset: Dataset, kind: Kind, split: Split, size: int, where: str) -> None:
    for group in split.groups:
        for column in group.columns.values():
            if len(column) != len(group):
                raise Failure(f"{where}: the columns of a group have {len(group)} and {len(column)} rows")
    for key, images in image_columns(split.columns).items():
        for row in _rows(len(images), 8):
            _check_image(images, images[row], size // shrink_of(images), f"{where}: row {row} of `{key}`")
    for key in kind.keys("numbers"):
        _check_numbers(split.columns[key], f"{where}: `{key}`")
    for key in kind.keys("label maps"):
        _check_maps(split.columns[key], size, f"{where}: `{key}`")
    for key, known in {key: getattr(dataset, holds) for holds in NUMBERS for key in kind.keys(holds)}.items():
        values = np.asarray(split.columns.get(key, ())).tolist()
        if values and not (min(values) >= 0 and max(values) < len(known)):
            raise Failure(f"{where}: `{key}` reaches from {min(values)} to {max(values)}, and {len(known)} have names")


def _check_numbers(column: Any, where: str) -> None:
    shapes = {np.asarray(column[row]).shape for row in range(len(column))}
    values = np.asarray(column[0])
    if len(shapes) > 1 or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise Failure(f"{where} holds {values.dtype} of {len(shapes)} shapes: finite numbers of one shape are needed")


def _check_maps(column: Any, size: int, where: str) -> None:
    palette = getattr(column, "palette", None)
    if not isinstance(palette, Palette):
        raise Failure(f"{where} has no palette: label maps are a column gantk.LabelMaps(images, palette)")
    for row in _rows(len(column), 8):
        ids = np.asarray(column[row])
        if ids.ndim != 3 or ids.shape[2] != 1 or min(ids.shape[:2]) != size or ids.dtype.kind not in "iu":
            raise Failure(f"{where} is {ids.shape} {ids.dtype} in row {row}: ids (H, W, 1) of {size} px are needed")
        if int(ids.max()) >= len(palette):
            raise Failure(f"{where} has the id {ids.max()} in row {row}, and its palette {len(palette)} classes")


def _check_image(images: Images, image: Any, size: int, where: str) -> None:
    if not isinstance(image, np.ndarray) or image.ndim != 3:
        found = getattr(image, "shape", type(image).__name__)
        raise Failure(f"{where} is {found}: an array (H, W, C) is needed")
    if image.shape[2] != images.channels or image.dtype != images.dtype:
        raise Failure(
            f"{where} has {image.shape[2]} channels of {image.dtype}; "
            f"its column says {images.channels} of {images.dtype}"
        )
    if min(image.shape[:2]) != size:
        raise Failure(f"{where} is {image.shape[0]} x {image.shape[1]}: its shorter side must be `load`, {size}")
    low, high = images.window
    if not low < high:
        raise Failure(f"{where}: its window of values is {low} .. {high}")


def _read(split: Split, key: str, count: int) -> list[Array]:
    images = image_columns(split.columns)[key]
    return [images[row] for row in range(min(count, len(images)))]


def _rows(length: int, count: int) -> Sequence[int]:
    """Return rows spread over a share."""
    return sorted({round(i * (length - 1) / max(count - 1, 1)) for i in range(count)}) if length else []


def _digest(image: Array) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
