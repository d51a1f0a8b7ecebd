"""What every built-in plugin owes beyond the suite's checks: a citation in its first line."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

BUILT_IN = sorted(
    entry.name
    for entry in entry_points(group="gantk")
    if entry.value.startswith("gantk_plugins.") and ".metrics." not in entry.value
)
CITATION = r"\((.+ et al\.|\w+ (and|&) \w+|[\w-]+) (19|20)\d\d, arXiv:\d{4}\.\d{4,5}"


def module_of(name):
    (entry,) = entry_points(group="gantk", name=name)
    return entry.load()


def test_all_are_there():
    """Hold what is installed to what this checkout brings: one that was installed before lacks its new plugins."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    brought = project["project"]["entry-points"]["gantk"]
    assert {name for name, value in brought.items() if ".metrics." not in value and "gantk_plugins." in value} == set(
        BUILT_IN
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_cites_its_paper_in_the_first_line(name):
    assert re.search(CITATION, module_of(name).__doc__.splitlines()[0])


def test_every_recipe_stands_in_the_book():
    book = Path(__file__).parents[2] / "docs"
    methods, front = ((book / page).read_text("utf-8") for page in ("methods.md", "index.md"))
    recipes = [name for name in BUILT_IN if hasattr(module_of(name), "recipe")]
    assert not [name for name in recipes if f"| `{name}`" not in methods]
    pictures = [f"images/small/{path.name}" for path in (book / "images" / "small").iterdir()]
    assert pictures
    assert not [path for path in pictures if path not in methods or path not in front]
