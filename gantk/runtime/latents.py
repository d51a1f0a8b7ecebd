"""Numbers that a generator is given, in a file: what `gantk invert` found, or somebody's own."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.files import read_file
from gantk.errors import DataError, UsageError, one_line
from gantk.runtime.card import Card
from gantk.runtime.generation import rows_of


def read_latents(path: Path, card: Card) -> dict[str, Array]:
    """Return a file's rows for inputs of a model, by name: (N, ...).

    A `.npz` file has an array for each input that it says; a `.npy` file is one array, of the first latent. Raises
    DataError where the file cannot be read, UsageError where the model takes no such input, or no such numbers.
    """
    ports = {port.name: port for port in card.numbers_in}
    latents = [port for port in ports.values() if port.kind == "latent"]
    if not latents:
        raise UsageError(f"{path}: the model takes no latents, only {', '.join(ports)}")
    arrays = _arrays(path, latents[0].name)
    found: dict[str, Array] = {}
    for name, array in arrays.items():
        if name not in ports:
            raise UsageError(f"{path} says {name}, which the model does not take, only {', '.join(ports)}")
        try:
            found[name] = rows_of(ports[name], array)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
        if not np.isfinite(found[name]).all():
            raise DataError(f"{path}: {name} holds what is no number")
    counts = {name: len(rows) for name, rows in found.items() if len(rows) > 1}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{count} of {name}" for name, count in counts.items())
        raise UsageError(f"{path} has unlike numbers of rows: {said}")
    return found


def latents_as_bytes(values: Mapping[str, Array]) -> bytes:
    """Return the content of a file that `read_latents` reads."""
    file = io.BytesIO()
    np.savez(file, **dict(values))  # type: ignore[arg-type]
    return file.getvalue()


def _arrays(path: Path, alone: str) -> dict[str, Array]:
    try:
        content = read_file(path)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {alone: loaded}
        return {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no .npy or .npz file of numbers: {one_line(error)}") from None
