"""What every built-in plugin owes: hooks that exist, a citation, documented options."""

import re
from importlib.metadata import entry_points

import pluggy
import pytest

import gantk.hookspecs
from gantk.plugins.hooks import part_hooks
from gantk.plugins.options import options_of

BUILT_IN = sorted(
    entry.name
    for entry in entry_points(group="gantk")
    if entry.value.startswith("gantk_plugins.") and ".metrics." not in entry.value
)
PARTS = [hook for hook in part_hooks() if hook not in ("dataset", "metric")]
CITATION = r"\(.+ et al\. (19|20)\d\d, arXiv:\d{4}\.\d{4,5}|\(\w+ (and|&) \w+ 20\d\d, arXiv:\d{4}\.\d{4,5}"


def module_of(name):
    (entry,) = entry_points(group="gantk", name=name)
    return entry.load()


def brought(name):
    """Return the factories of the parts that a plugin brings, by hook."""
    module = module_of(name)
    found = {hook: getattr(module, hook, None) for hook in PARTS}
    return {hook: function() for hook, function in found.items() if hasattr(function, "gantk_impl")}


def test_all_are_there():
    assert len(BUILT_IN) == 27


@pytest.mark.parametrize("name", BUILT_IN)
def test_answers_hooks_that_exist(name):
    manager = pluggy.PluginManager("gantk")
    manager.add_hookspecs(gantk.hookspecs)
    manager.register(module_of(name), name)
    manager.check_pending()
    parts = brought(name)
    assert parts
    assert None not in parts.values()


@pytest.mark.parametrize("name", BUILT_IN)
def test_cites_its_paper_in_the_first_line(name):
    assert re.search(CITATION, module_of(name).__doc__.splitlines()[0])


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_option_is_documented(name):
    for factory in brought(name).values():
        for option in options_of(factory).values():
            assert option.help, option.name
