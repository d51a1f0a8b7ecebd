"""What every built-in plugin owes: hooks that exist, a citation, documented options."""

import re
from importlib.metadata import entry_points

import pluggy
import pytest

import gantk.hookspecs
from gantk.plugins.options import options_of

BUILT_IN = sorted(entry.name for entry in entry_points(group="gantk") if entry.value.startswith("gantk_plugins."))
PARTS = ("recipe", "generator", "discriminator", "loss", "normalization")


def module_of(name):
    (entry,) = entry_points(group="gantk", name=name)
    return entry.load()


def test_all_are_there():
    assert len(BUILT_IN) == 15


@pytest.mark.parametrize("name", BUILT_IN)
def test_answers_one_hook_that_exists(name):
    manager = pluggy.PluginManager("gantk")
    manager.add_hookspecs(gantk.hookspecs)
    manager.register(module_of(name), name)
    manager.check_pending()
    answers = [hook for hook in PARTS if getattr(manager.hook, hook)() is not None]
    assert len(answers) == 1


@pytest.mark.parametrize("name", BUILT_IN)
def test_cites_its_paper_in_the_first_line(name):
    first = module_of(name).__doc__.splitlines()[0]
    assert re.search(r"\(.+ et al\. (19|20)\d\d, arXiv:\d{4}\.\d{4,5}|\(\w+ and \w+ 20\d\d, arXiv:\d{4}\.\d{5}", first)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_option_is_documented(name):
    module = module_of(name)
    (hook,) = [hook for hook in PARTS if hasattr(module, hook) and hasattr(getattr(module, hook), "gantk_impl")]
    for option in options_of(getattr(module, hook)()).values():
        assert option.help, option.name
