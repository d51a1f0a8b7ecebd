"""Every plugin that comes along passes the checks that are for it; what the recipes train is exported and run.

Each makes the cheap checks, and of the dear ones those that `support/dealt.py` deals it; `--every-check` makes all.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

from support.built_in import PUBLISHED, passes_its_checks
from support.dealt import DEAR, PLUGINS, RECIPES, dealt, traits


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


@pytest.mark.parametrize("check", DEAR)
def test_each_dear_check_sees_every_family_and_sort_of_recipe(check):
    made = dealt(check)
    assert {PLUGINS[name].family for name in made} == {plugin.family for plugin in PLUGINS.values()}
    assert {trait for name in made for trait in traits(name)} == {trait for name in RECIPES for trait in traits(name)}
    assert len(made) < len(PLUGINS) / 2


def test_each_recipe_has_some_dear_check():
    assert set(RECIPES) <= {name for check in DEAR for name in dealt(check)}


@pytest.mark.parametrize("name", PLUGINS)
def test_it_passes_its_checks_and_what_a_recipe_trains_is_exported_and_runs(
    name, checker, published, tmp_path, request
):
    every = request.config.getoption("every_check")
    passes_its_checks(name, checker, tmp_path, published if name in PUBLISHED else None, every=every)
