"""Which files of the built-in plugins lead to which: by imports, and by the names of a recipe's default parts."""

import ast
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

FOLDER = Path(find_spec("gantk_plugins").submodule_search_locations[0])
PLUGINS = {entry.name: entry for entry in entry_points(group="gantk") if entry.value.startswith("gantk_plugins.")}
RECIPES = sorted(name for name, entry in PLUGINS.items() if hasattr(entry.load(), "recipe"))
PARTS = ("losses", "networks", "normalizations")
"""Families of parts that papers share and name, which is all that a reader of one of them needs to know."""
LARGER = {"stylegan": 5, "stylegan2": 5, "polymorphic": 6, "carigan": 4, "pixelrnn": 6}
"""Files of recipes that go on where an earlier paper's end, of one that trains two networks apart,
and of a paper's second recipe."""


def imported(module):
    """Return the modules of plugins that a module imports."""
    file = FOLDER.parent / f"{module.replace('.', '/')}.py"
    imports = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in imports if (node.module or "").startswith("gantk_plugins.")}


def parts_of(module):
    """Return the modules of other plugins whose parts a recipe takes by default."""
    named = set()
    for name in RECIPES:
        if PLUGINS[name].value == module:
            defaults = PLUGINS[name].load().recipe().defaults
            named |= {defaults.generator, defaults.discriminator, defaults.loss, *defaults.normalization.values()}
    return {PLUGINS[name].value for name in named - {None}} - {module}


def test_no_two_papers_name_each_other():
    modules = {".".join(file.relative_to(FOLDER.parent).with_suffix("").parts) for file in FOLDER.rglob("[!_]*.py")}
    order = list(TopologicalSorter({module: imported(module) | parts_of(module) for module in modules}).static_order())
    assert set(order) == modules
    assert order.index("gantk_plugins.autoencoders.vae") < order.index("gantk_plugins.autoencoders.vaegan")


@pytest.mark.parametrize("name", RECIPES)
def test_reading_a_recipe_opens_three_files_at_most(name):
    opened, further = set(), {PLUGINS[name].value}
    while further:
        opened |= further
        further = set().union(*(imported(module) for module in further)) - opened
    read = sorted(module for module in opened if module.split(".")[1] not in PARTS)
    assert len(read) <= LARGER.get(name, 3), read
