"""Every plugin that comes along passes every check that is for it; what the recipes train is exported and run."""

import struct
from pathlib import Path

import numpy as np
import pytest

from support.built_in import PLUGINS, PUBLISHED, passes_every_check


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """Return a folder with 40 + 20 images of noise, in the files of MNIST and of CIFAR-10."""
    folder = tmp_path_factory.mktemp("published")
    noise = np.random.default_rng(0)
    for share, count in {"train": 40, "t10k": 20}.items():
        for name, shape in {"images-idx3-ubyte": (count, 28, 28), "labels-idx1-ubyte": (count,)}.items():
            values = noise.integers(0, 256 if len(shape) > 1 else 10, shape).astype(np.uint8)
            header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
            (folder / f"{share}-{name}").write_bytes(header + values.tobytes())
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        records = noise.integers(0, 256, (10, 1 + 32 * 32 * 3)).astype(np.uint8)
        records[:, 0] %= 10
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    return folder


def test_the_book_lists_them_all():
    pages = [(Path(__file__).parents[3] / "docs" / f"{page}.md") for page in ("methods", "data", "evaluation")]
    book = "".join(page.read_text("utf-8") for page in pages)
    assert [name for name in PLUGINS if f"`{name}`" not in book] == []


@pytest.mark.parametrize("name", PLUGINS)
def test_it_passes_every_check_and_what_a_recipe_trains_is_exported_and_runs(name, checker, published, tmp_path):
    passes_every_check(name, checker, tmp_path, published if name in PUBLISHED else None)
