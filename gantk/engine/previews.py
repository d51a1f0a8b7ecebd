"""Preview grids: labelled columns of images, a row a sample."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from gantk.engine.inference import inference_form, plain_copy
from gantk.engine.optimizers import Averages
from gantk.recipe.recipe import Recipe

CELL = 128
GAP = 4
HEADER = 22


@torch.no_grad()
def preview_columns(recipe: Recipe, averages: Averages, batch: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a preview's columns in inference mode, and those that differ in training mode beside them.

    Averaged weights stand in where they are kept, as in an export. Neither the recipe's state nor the random numbers
    of the training are touched.
    """
    plain = plain_copy(recipe)
    averages.lend(plain)
    with torch.random.fork_rng():
        columns = dict(inference_form(plain, recipe.inference).preview(batch))
        trained = plain.train().preview(batch)
    shown: dict[str, Tensor] = {}
    for name, images in columns.items():
        shown[name] = images
        if (images - trained[name]).abs().max() > 0.05:
            shown[f"{name} (training mode)"] = trained[name]
    if "reference" in batch and "reference" not in shown:
        shown["reference"] = batch["reference"]
    return shown


def to_bytes(images: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return images (N, C, H, W) in [-1, 1] as RGB bytes (N, H, W, 3); channels beyond three are left out."""
    images = images.detach().float().cpu()
    channels = images.shape[1]
    images = images[:, :1].expand(-1, 3, -1, -1) if channels < 3 else images[:, :3]
    levels = images.add(1).mul(127.5).round().clamp(0, 255)
    return levels.permute(0, 2, 3, 1).to(torch.uint8).numpy()


def draw_grid(columns: Mapping[str, Tensor], caption: str) -> Image.Image:
    """Return a labelled grid; small images are enlarged by whole factors, so that pixels stay what they are."""
    cells = {name: to_bytes(images) for name, images in columns.items()}
    height, width = next(iter(cells.values())).shape[1:3]
    factor = max(1, CELL // max(height, width))
    step_x, step_y = width * factor + GAP, height * factor + GAP
    rows = max(len(images) for images in cells.values())
    font = ImageFont.load_default(13)
    sheet = Image.new("RGB", (step_x * len(cells) + GAP, step_y * rows + 2 * HEADER), "white")
    draw = ImageDraw.Draw(sheet)
    for column, (name, images) in enumerate(cells.items()):
        left = GAP + column * step_x
        draw.text((left, 3), _fitting(name, step_x - GAP, font), fill="black", font=font)
        for row, image in enumerate(images):
            cell = Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.NEAREST)
            sheet.paste(cell, (left, HEADER + row * step_y))
    draw.text((GAP, sheet.height - HEADER + 3), caption, fill="gray", font=font)
    return sheet


def save_preview(sheet: Image.Image, path: Path) -> None:
    """Write a grid as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def _fitting(text: str, width: int, font: Any) -> str:
    while font.getlength(text) > width and len(text) > 1:
        text = text.removesuffix("…")[:-1] + "…"
    return text
