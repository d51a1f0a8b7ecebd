"""Previews: labelled columns of images, a row a sample, or scatter plots of points."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from gantk.data.palettes import Palette
from gantk.data.storage import moved_into_place
from gantk.data.windows import to_window
from gantk.errors import PluginError, written_at
from gantk.plan.protocol import preview_of
from gantk.training.lettering import drawable
from gantk.training.scatter import draw_scatter
from gantk.training.shipped import Shipped

CELL = 128
GAP = 4
HEADER = 22
LINE = 16
ROWS = 8
WIDEST = 12
"""Images beside each other where fewer rows leave less of a sheet empty."""
HOLES = 0.25
"""The share of a sheet that may stay empty."""
POINTS = 2000


def preview_rows(sides: tuple[int, int]) -> int:
    """Return how many held-out samples a preview shows: many where an image is one pixel, a point in the plane."""
    return POINTS if sides == (1, 1) else ROWS


@torch.no_grad()
def preview_columns(
    shipped: Shipped, batch: Mapping[str, Any], palettes: Mapping[str, Palette] | None = None
) -> dict[str, Tensor]:
    """Return a preview's columns in inference mode, and those that differ in training mode beside them.

    Of the latter there are no more images than the batch has rows. The random numbers of the training are not touched.
    """
    with torch.random.fork_rng():
        columns = preview_of(shipped.form, batch, palettes)
        trained = preview_of(shipped.plain.train(), batch, palettes)
    shapes, beside = ({name: tuple(images.shape) for name, images in found.items()} for found in (columns, trained))
    if shapes != beside:
        at = written_at(shipped.form.preview)
        raise PluginError(f"{at}preview() gives {shapes}, and in training mode {beside}")
    rows = len(next(iter(batch.values())))
    shown: dict[str, Tensor] = {}
    for name, images in columns.items():
        shown[name] = images
        if (images - trained[name]).abs().max() > 0.05:
            shown[f"{name} (training mode)"] = trained[name][:rows]
    if "reference" in batch and "reference" not in shown:
        shown["reference"] = batch["reference"]
    return shown


def to_bytes(images: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return images (N, C, H, W) in [-1, 1] as RGB bytes (N, H, W, 3): three channels of them, else one as grey."""
    images = images.detach().float().cpu()
    shown = _channels_shown(images)
    images = images[:, :shown].expand(-1, 3, -1, -1)
    levels = to_window(images).round().clamp(0, 255)
    return levels.permute(0, 2, 3, 1).to(torch.uint8).numpy()


def draw_preview(
    columns: Mapping[str, Tensor], batch: Mapping[str, Any], caption: str, rows: Sequence[int] = ()
) -> Image.Image:
    """Return a preview's columns as scatter plots where they are points beside the batch's own, else as a grid.

    Where a column is the batch's, the caption says which held-out images its rows are.
    """
    real = next((value for value in batch.values() if _are_points(value)), None)
    if real is not None and all(_are_points(images) for images in columns.values()):
        return draw_scatter(columns, real, caption)
    if rows and any(images is value for images in columns.values() for value in batch.values()):
        caption = f"{caption}; held-out images {', '.join(map(str, rows))}"
    return draw_grid(columns, caption)


def draw_grid(columns: Mapping[str, Tensor], caption: str) -> Image.Image:
    """Return a labelled grid; small images are enlarged by whole factors, so that pixels stay what they are.

    Columns of several sizes are shown in one, that of the largest.

    A column of more than `ROWS` images is several images wide, read like a text. Where over a quarter of the sheet
    would stay empty, as beside a picture of which there are many samples, it has fewer rows.
    """
    cells = {name: to_bytes(images) for name, images in columns.items()}
    height, width = (max(images.shape[axis] for images in cells.values()) for axis in (1, 2))
    factor = max(1, CELL // max(height, width))
    step_x, step_y = width * factor + GAP, height * factor + GAP
    high = _rows([len(images) for images in cells.values()])
    across = {name: math.ceil(len(images) / high) for name, images in cells.items()}
    rows = max(math.ceil(len(images) / across[name]) for name, images in cells.items())
    font = ImageFont.load_default(13)
    labels = {name: _lines(drawable(_titled(name, columns[name])), step_x * across[name] - GAP, font) for name in cells}
    header = HEADER + LINE * (max(map(len, labels.values())) - 1)
    # A wide column has a gap of its own behind it, so that one sees where it ends.
    spans = {name: step_x * count + (2 * GAP if count > 1 else 0) for name, count in across.items()}
    sheet = Image.new("RGB", (sum(spans.values()) + GAP, header + step_y * rows + HEADER), "white")
    draw = ImageDraw.Draw(sheet)
    left = GAP
    for name, images in cells.items():
        for line, text in enumerate(labels[name]):
            draw.text((left, 3 + LINE * line), text, fill="black", font=font)
        for number, image in enumerate(images):
            row, column = divmod(number, across[name])
            cell = Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.NEAREST)
            sheet.paste(cell, (left + column * step_x, header + row * step_y))
        left += spans[name]
    draw.text((GAP, sheet.height - HEADER + 3), drawable(caption), fill="gray", font=font)
    return sheet


def _rows(counts: Sequence[int]) -> int:
    """Return how many rows columns of so many images get at most."""

    def width(rows: int) -> int:
        return sum(math.ceil(count / rows) for count in counts)

    def empty(rows: int) -> float:
        used = max(math.ceil(count / math.ceil(count / rows)) for count in counts)
        return 1 - sum(counts) / (width(rows) * used)

    if empty(ROWS) <= HOLES:
        return ROWS
    return min((rows for rows in range(ROWS, 0, -1) if rows == ROWS or width(rows) <= WIDEST), key=empty)


def save_preview(sheet: Image.Image, path: Path) -> None:
    """Write a grid as PNG, whole or not at all; where a link has its name, it takes the link's place."""
    with moved_into_place(path) as aside:
        sheet.save(aside, "PNG")


def _are_points(images: Any) -> bool:
    return isinstance(images, Tensor) and images.shape[1:] == (2, 1, 1)


def _channels_shown(images: Tensor) -> int:
    return 3 if images.shape[1] >= 3 else 1


def _titled(name: str, images: Tensor) -> str:
    """Return what a column is called, with how many of its channels are shown where others are left out."""
    shown, channels = _channels_shown(images), images.shape[1]
    return name if shown == channels or " (" in name else f"{name} ({shown} of {channels} channels)"


def _lines(text: str, width: int, font: Any) -> list[str]:
    """Return a label as one line or, where it is too long, as two, of which each is cut short if need be."""
    head, space, tail = text.partition(" (")
    if font.getlength(text) <= width or not space:
        return [_fitting(text, width, font)]
    return [_fitting(head, width, font), _fitting(f"({tail}", width, font)]


def _fitting(text: str, width: int, font: Any) -> str:
    while font.getlength(text) > width and len(text) > 1:
        text = text.removesuffix("…")[:-1] + "…"
    return text
