"""Builds the images that ship as the data set `emoji`: `python datasets/build_emoji [FOLDER]`.

Writes one sheet of tiles a domain (`line.webp`, `flat.webp`, `3d.webp`) and `index.json` into FOLDER, by default the
one that ships. Needs `npm` and, for byte-identical files, exactly resvg-py 0.5.0, Pillow 12.3.0 and the npm packages
that `sources.py` pins.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from families import NEAR, families, held_out, thumbnails
from PIL import Image
from sources import PACKAGES, SIZE, STEPS, Emoji, fetch, listed, tiles

COLUMNS = 40
SHIPPED = Path(__file__).parents[1] / "gantk_datasets" / "emoji_images"


def sheet(images: np.ndarray) -> Image.Image:
    """Return images (N, S, S, 3) as one picture of rows of COLUMNS tiles; tiles left over are white."""
    count, size = images.shape[:2]
    rows = -(-count // COLUMNS)
    grid = np.full((rows * COLUMNS, size, size, 3), 255, np.uint8)
    grid[:count] = images
    grid = grid.reshape(rows, COLUMNS, size, size, 3).swapaxes(1, 2)
    return Image.fromarray(grid.reshape(rows * size, COLUMNS * size, 3))


def index(emoji: list[Emoji], tests: set[int]) -> str:
    """Return what the sheets hold, as JSON with one emoji a line, in the order of the tiles."""
    head = {"version": 1, "size": SIZE, "columns": COLUMNS, "near": NEAR, "steps": STEPS, "sources": PACKAGES}
    rows = [
        {"code": one.code, "name": one.name, "group": one.group, "split": "test" if row in tests else "train"}
        for row, one in enumerate(emoji)
    ]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{json.dumps(head)[:-1]}, "emoji": [\n{lines}\n]}}\n'


def main(folder: Path) -> None:
    """Fetch, render, split and write."""
    with tempfile.TemporaryDirectory() as packages:
        fetch(Path(packages))
        emoji = listed(Path(packages))
        images = tiles(Path(packages), emoji)
    grouped = families([one.name for one in emoji], thumbnails(images["flat"]))
    tests = held_out(grouped, [one.code for one in emoji])

    folder.mkdir(parents=True, exist_ok=True)
    for domain, array in images.items():
        sheet(array).save(folder / f"{domain}.webp", lossless=True, quality=100, method=6)
    (folder / "index.json").write_text(index(emoji, tests), encoding="utf-8")

    sizes = Counter(len(family) for family in grouped)
    megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    sys.stdout.write(
        f"{len(emoji)} emoji, {len(tests)} held out, {megabytes:.2f} MB in {folder}\n"
        f"{len(grouped)} families, size: count {dict(sorted(sizes.items()))}\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
