"""Which files of the built-in plugins lead to which: by imports, and by the names of a recipe's default parts."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(find_spec("gantk_plugins").submodule_search_locations[0])
PLUGINS = {entry.name: entry for entry in entry_points(group="gantk") if entry.value.startswith("gantk_plugins.")}


@cache
def leads_to(module):
    """Return the modules that a module imports or, as a recipe, takes parts of."""
    file = FOLDER.parent / f"{module.replace('.', '/')}.py"
    imports = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    found = {node.module for node in imports if (node.module or "").startswith("gantk_plugins.")}
    for entry in PLUGINS.values():
        if entry.value == module and hasattr(entry.load(), "recipe"):
            defaults = entry.load().recipe().defaults
            named = {defaults.generator, defaults.discriminator, defaults.loss, *defaults.normalization.values()}
            found |= {PLUGINS[name].value for name in named - {None}}
    return found - {module}


def test_no_two_papers_name_each_other():
    modules = {".".join(file.relative_to(FOLDER.parent).with_suffix("").parts) for file in FOLDER.rglob("[!_]*.py")}
    order = list(TopologicalSorter({module: leads_to(module) for module in modules}).static_order())
    assert set(order) == modules
    assert order.index("gantk_plugins.autoencoders.vae") < order.index("gantk_plugins.autoencoders.vaegan")
