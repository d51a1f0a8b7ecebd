"""The table of the kinds of parts, against the hooks and what is installed."""

from gantk.plugins.entrypoints import default, installed
from gantk.plugins.hooks import part_hooks
from gantk.plugins.kinds import KINDS


def test_there_is_a_row_for_each_hook_that_brings_a_part():
    assert tuple(KINDS) == part_hooks()


def test_prefixes_and_examples_tell_kinds_apart():
    prefixes = {kind.prefix.format(role="generator", plugin="kid") for kind in KINDS.values()}
    examples = {kind.example.format(name="NAME", recipe="RECIPE") for kind in KINDS.values()}
    assert len(prefixes) == len(examples) == len(KINDS)
    assert all("NAME" in example for example in examples)


def test_what_new_plugins_begin_with_is_named_by_a_package_that_brings_it():
    known = installed()
    for kind in ("recipe", "generator", "discriminator", "loss", "normalization"):
        assert kind in known[default(kind)].hooks
