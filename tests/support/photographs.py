"""Packages of small photographs that nobody took, in a folder, and the list that knows them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from gantk.data.image_file import digest_of

PACKAGES = {
    "hills": [("north.jpg", "Ada", "CC0-1.0", False), ("south.jpg", "Ben", "CC-BY-4.0", True)],
    "things": [("cup.jpg", "Cleo", "GPL-2.0-or-later", False), ("mist.jpg", "Cleo", "GPL-2.0-or-later", False)],
}


def write_packages(folder: Path) -> Path:
    """Write the packages' photographs below a folder, each of other colours, `mist.jpg` of one; return their list."""
    listed = {}
    for package, photographs in PACKAGES.items():
        held = []
        for number, (name, author, licence, held_out) in enumerate(photographs):
            path = folder / "usr/share" / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _picture(10 * len(listed) + number, plain=name == "mist.jpg").save(path)
            facts = {"file": name, "authors": [author], "licence": licence, "digest": digest_of(path.read_bytes())}
            held.append(facts | ({"held_out": True} if held_out else {}))
        listed[package] = {"folder": f"usr/share/{package}", "photographs": held}
    path = folder / "listed.json"
    path.write_text(json.dumps(listed), "utf-8")
    return path


def _picture(seed: int, plain: bool) -> Image.Image:
    if plain:
        return Image.new("RGB", (400, 300), (90, 100, 110))
    colours = np.random.default_rng(seed).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    return Image.fromarray(colours).resize((400, 300), Image.Resampling.NEAREST)
