"""The sources of the emoji, each of which becomes three aligned tiles."""

import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import resvg_py
from PIL import Image

PACKAGES = {
    "line": "@iconify-json/fluent-emoji-high-contrast@1.2.6",
    "flat": "@iconify-json/fluent-emoji-flat@1.2.6",
    "3d": "@lobehub/fluent-emoji-3d@1.1.0",
    "names": "unicode-emoji-json@0.9.0",
}
SIZE = 64
# Values are rounded to multiples of these, which halves the lossless files at an error that cannot be seen: a lossy
# WebP halves the resolution of colour instead (30 to 32 dB, where rounding to multiples of 5 keeps 48 dB).
STEPS = {"line": 15, "flat": 5, "3d": 5}
UNITS = 32
SKIN_TONE = re.compile("1f3f[b-f]")
VARIATION_SELECTOR = "-fe0f"


class Emoji(NamedTuple):
    """One emoji: its code points in hexadecimal, Unicode's name and group, and what its icons and file are called."""

    code: str
    name: str
    group: str
    line: str
    flat: str
    solid: str


def fetch(folder: Path) -> None:
    """Install the pinned npm packages into a folder."""
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run([*command, *PACKAGES.values()], check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def listed(folder: Path) -> list[Emoji]:
    """Return the emoji that all packages hold, without skin tones, in Unicode's order."""
    names = json.loads(_inside(folder, "names", "data-by-emoji.json").read_text(encoding="utf-8"))
    line, flat = (_by_code(json.loads(_inside(folder, key, "chars.json").read_text())) for key in ("line", "flat"))
    solid = _by_code({path.stem: path.name for path in sorted(_inside(folder, "3d", "assets").glob("*.webp"))})
    found = []
    for character, about in names.items():
        code = "-".join(f"{ord(point):04x}" for point in character).replace(VARIATION_SELECTOR, "")
        if SKIN_TONE.search(code) or not all(code in names_by_code for names_by_code in (line, flat, solid)):
            continue
        found.append(Emoji(code, about["name"], about["group"], line[code], flat[code], solid[code]))
    return found


def tiles(folder: Path, emoji: list[Emoji]) -> dict[str, np.ndarray]:
    """Return the tiles of each domain, uint8 (N, SIZE, SIZE, 3) on white."""
    icons = {key: json.loads(_inside(folder, key, "icons.json").read_text())["icons"] for key in ("line", "flat")}
    solid = _inside(folder, "3d", "assets")
    drawn = {
        "line": [_drawing(icons["line"][one.line]) for one in emoji],
        "flat": [_drawing(icons["flat"][one.flat]) for one in emoji],
        "3d": [Image.open(solid / one.solid, formats=["WEBP"]) for one in emoji],
    }
    return {key: np.stack([_tile(image, STEPS[key]) for image in images]) for key, images in drawn.items()}


def _drawing(icon: dict[str, Any]) -> Image.Image:
    """Return an icon at twice the size of a tile."""
    height, scale = icon.get("height", UNITS), 2 * SIZE // UNITS
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {UNITS} {height}" color="#000" '
        f'width="{UNITS * scale}" height="{height * scale}">{icon["body"]}</svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))), formats=["PNG"])


def _tile(image: Image.Image, step: int) -> np.ndarray:
    """Return an image on white, reduced to SIZE, its values rounded to multiples of step.

    A few images are one unit of 32 taller than wide; without it they stand as all others do.
    """
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    square = white.convert("RGB").crop((0, 0, image.width, image.width))
    pixels = np.asarray(square.resize((SIZE, SIZE), Image.Resampling.LANCZOS), np.float64)
    return np.asarray(np.round(pixels / step) * step, np.uint8)


def _by_code(names: dict[str, str]) -> dict[str, str]:
    return {code.replace(VARIATION_SELECTOR, ""): name for code, name in names.items()}


def _inside(folder: Path, key: str, path: str) -> Path:
    package = PACKAGES[key].rsplit("@", 1)[0]
    return folder / "node_modules" / package / path
