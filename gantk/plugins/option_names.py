"""The names of options: what stands before an option's own name says whose it is."""

from collections.abc import Mapping
from typing import Any

from gantk.plugins.kinds import KINDS
from gantk.plugins.options import Option, parse_value
from gantk.plugins.slots import kind_of, role_of


def prefix_of(slot: str, plugin: str = "") -> str:
    """Return what stands before the names of a part's options."""
    return KINDS[kind_of(slot)].prefix.format(role=role_of(slot), plugin=plugin)


def owner_of(name: str) -> str:
    """Return whose an option is: `kid` of `kid.images`, `data` of `data.hold_out`; empty where no name says so."""
    return name.rpartition(".")[0]


def said_of(options: Mapping[str, Option], said: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the values that are said of options, by the options' own names. Raises UsageError where one is wrong."""
    names = {option: f"{prefix}{option}" for option in options if f"{prefix}{option}" in said}
    return {option: parse_value(options[option], said[name], name) for option, name in names.items()}
