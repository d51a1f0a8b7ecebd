"""Scatter plots of points in the plane: a panel a column, all with one range of axes."""

import math
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from gantk.data.dataset import Array
from gantk.training.lettering import drawable

PANEL = 360
GAP = 16
MARGIN = 24
HEADER = 22
REAL, MADE, FRAME = "#c2c2c2", "#1f55c4", "#8a8a8a"
FINE = 3
"""Dots are drawn so many times larger and then reduced, since Pillow does not smooth them."""


def draw_scatter(columns: Mapping[str, Tensor], real: Tensor, caption: str) -> Image.Image:
    """Return a labelled panel for each column of points (N, 2, 1, 1), with the real points in grey below them.

    The axes take the real points' range and a fifth more; a label says how many points lie outside of it.
    """
    truth = _coordinates(real)
    low, high = _range(truth)
    font = ImageFont.load_default(13)
    step = PANEL + GAP
    left = GAP + max(_width(font, bound) for bound in (f"{low[1]:g}", f"{high[1]:g}"))
    sheet = Image.new("RGB", (left + step * len(columns), HEADER + PANEL + MARGIN + HEADER), "white")
    draw = ImageDraw.Draw(sheet)
    for column, (name, images) in enumerate(columns.items()):
        points, x = _coordinates(images), left + column * step
        outside = len(points) - int(_within(points, low, high).sum())
        label = f"{name}, {outside:,} of {len(points):,} outside" if outside else name
        draw.text((x, 3), drawable(label), fill="black", font=font)
        sheet.paste(_panel(truth, points, low, high), (x, HEADER))
        below = HEADER + PANEL + 3
        draw.text((x, below), f"{low[0]:g}", fill=FRAME, font=font)
        draw.text((x + PANEL, below), f"{high[0]:g}", fill=FRAME, font=font, anchor="ra")
    for text, y, anchor in ((f"{high[1]:g}", HEADER, "ra"), (f"{low[1]:g}", HEADER + PANEL, "rd")):
        draw.text((left - 5, y), text, fill=FRAME, font=font, anchor=anchor)
    draw.text((left, sheet.height - HEADER + 3), drawable(caption), fill="gray", font=font)
    return sheet


def _coordinates(images: Tensor) -> Array:
    return images.detach().float().cpu().flatten(1).numpy().astype(np.float64)


def _range(points: Array) -> tuple[Array, Array]:
    """Return the lower and the upper bound of x and of y, equally far apart and rounded."""
    low, high = points.min(0), points.max(0)
    half = max(0.6 * float((high - low).max()), 1e-6)
    unit = 10.0 ** math.floor(math.log10(half)) / 10
    centre = np.round((low + high) / 2 / unit) * unit
    half = math.ceil(half / unit) * unit
    return np.round(centre - half, 12), np.round(centre + half, 12)


def _panel(real: Array, points: Array, low: Array, high: Array) -> Image.Image:
    side = PANEL * FINE
    panel = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(panel)
    _dots(draw, real, low, high, 3.0, REAL)
    _dots(draw, points, low, high, 1.2, MADE)
    draw.rectangle((0, 0, side - 1, side - 1), outline=FRAME, width=FINE)
    return panel.resize((PANEL, PANEL), Image.Resampling.LANCZOS)


def _dots(draw: ImageDraw.ImageDraw, points: Array, low: Array, high: Array, radius: float, colour: str) -> None:
    places = (points[_within(points, low, high)] - low) / (high - low) * PANEL * FINE
    for x, y in places.tolist():
        draw.circle((x, PANEL * FINE - y), radius * FINE, fill=colour)


def _within(points: Array, low: Array, high: Array) -> Array:
    return np.asarray(((points >= low) & (points <= high)).all(1))


def _width(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, text: str) -> int:
    return math.ceil(font.getlength(text))
