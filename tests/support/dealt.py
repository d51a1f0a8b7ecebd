"""Which of the dear checks are made of which built-in plugin: a covering sample, unless all are asked for.

Each plugin trains, and its cheap checks are made, always. Of the dear ones each is made of a quarter of every family,
another quarter for each check, and of one recipe more for each sort (a kind of batches, a task of graphs, stages) that
none of these is of. So each recipe has some of them, and each of them sees every sort of recipe.
`--every-check` makes all of all.
"""

import inspect
import re
from functools import cache
from itertools import groupby

from gantk import Recipe
from gantk.plugins.entrypoints import InstalledPlugin, installed
from gantk.plugins.manager import load_plugins

RUN = "run"
"""What no check does: each graph is exported and verified, and the model run, by the commands."""

DEAR = ("bf16", "resume", "processes", "seeding", "partners", RUN)

SHARE = 4
"""One in so many."""

SEED = 0
"""Another one deals other quarters."""

PLUGINS = {name: plugin for name, plugin in installed().items() if plugin.distribution == "gantk"}
RECIPES = [name for name, plugin in PLUGINS.items() if "recipe" in plugin.hooks]


@cache
def dealt(check: str) -> frozenset[str]:
    """Return the plugins of which a dear check is made, as far as it is for them."""
    turn = SEED + DEAR.index(check)
    families = [list(names) for _, names in groupby(sorted(PLUGINS, key=_family), _family)]
    names = {name for one in families for name in one[turn % min(SHARE, len(one)) :: SHARE]}
    seen = {trait for name in names for trait in traits(name)}
    for name in RECIPES:
        if not traits(name) <= seen:
            names.add(name)
            seen |= traits(name)
    return frozenset(names)


def _family(name: str) -> tuple[str, bool]:
    plugin: InstalledPlugin = PLUGINS[name]
    return plugin.module.rpartition(".")[0], "recipe" in plugin.hooks


@cache
def traits(name: str) -> frozenset[str]:
    """Return what sets recipes apart: batches, the tasks that their source names, stages; nothing of other plugins."""
    if name not in RECIPES:
        return frozenset()
    recipe = load_plugins([name]).factory(name, "recipe")
    assert isinstance(recipe, type)
    assert issubclass(recipe, Recipe)
    kinds = (recipe.kind,) if isinstance(recipe.kind, str) else recipe.kind
    own = [kind for kind in recipe.__mro__ if kind.__module__.startswith("gantk_plugins")]
    tasks = {task for kind in own for task in re.findall(r'task="(\w+)"', inspect.getsource(kind))}
    return frozenset({*kinds, *tasks, *(("stages",) if recipe.stages is not Recipe.stages else ())})
