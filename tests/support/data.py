"""`gantk data` in this process, and pictures for it to look at."""

import json

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from gantk.cli.main import main


def gantk_data(*arguments: object) -> Result:
    """Run `gantk data`."""
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


def found(*arguments: object) -> dict:
    """Return what `gantk data --json` finds."""
    return json.loads(gantk_data(*arguments, "--json").stdout)


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (16, 12)) -> Image.Image:
    """Return a picture that no other seed gives."""
    pixels = np.random.default_rng(seed).integers(1, 250, (size[1], size[0], 3)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)
