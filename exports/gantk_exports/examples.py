"""Pictures to try a model with: those in the folder `NAME.examples` beside `NAME.onnx`, for the page of `gantk app`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gantk.errors import GantkError, UsageError

if TYPE_CHECKING:
    from gantk.runtime.card import Card
    from gantk.training.trained import Trained

SHOWN = (".png", ".jpg", ".jpeg", ".webp", ".avif")
"""What every browser shows."""

_HELD_OUT = "held-out-{:02}.png"


def examples_folder(model: Path) -> Path:
    """Return the folder beside a model's file."""
    return model.with_name(f"{model.name.removesuffix('.onnx')}.examples")


def examples_of(model: Path) -> list[Path]:
    """Return the pictures beside a model's file by name, none where there is no such folder.

    Raises UsageError where a browser does not show one, DataError where the folder holds none.
    """
    from gantk.runtime.files import images_in

    folder = examples_folder(model)
    pictures = images_in(folder) if folder.is_dir() else []
    for picture in pictures:
        if picture.suffix.lower() not in SHOWN:
            raise UsageError(f"{picture}: not every browser shows such files; make it a .png")
    return pictures


def write_examples(trained: Trained, card: Card, model: Path, count: int, data: Sequence[str] = ()) -> list[Path]:
    """Write up to `count` held-out images of a run beside its model's file, and return them; none if it takes none.

    They are those of its first image, spread evenly, at the size of the run; `data` says where they are now, where they
    have moved. Raises DataError or UsageError where there are none, GantkError where they cannot be written.
    """
    from gantk.runtime.images import write
    from gantk.runtime.labels import picture_of
    from gantk_exports.material import material

    if not card.images_in:
        return []
    port, folder, written = card.image_in, examples_folder(model), []
    place = card.inputs.index(port)
    rows = material(trained, card, count, test=True, data=data)[:count]
    try:
        folder.mkdir(exist_ok=True)
        for old in folder.glob("held-out-*.png"):
            old.unlink()
        for number, row in enumerate(rows, 1):
            pixels = port.to_pixels(port.from_tensor(row[place]))[0]
            written.append(folder / _HELD_OUT.format(number))
            write(picture_of(pixels, port), written[-1], "PNG")
    except OSError as error:
        raise GantkError(f"cannot write {folder}: {error.strerror or error}") from error
    return written
