"""The range of hook APIs that a plugin was written for, held against this gantk's."""

import operator
import re
from collections.abc import Callable
from itertools import zip_longest

import gantk
from gantk.errors import PluginError
from gantk.install_lines import newer_line, packages_line
from gantk.plugins.entrypoints import InstalledPlugin

_COMPARED: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_CLAUSE = re.compile(r"\s*(>=|<=|==|>|<)\s*(\d+(?:\.\d+)*)\s*")


def check_api(plugin: InstalledPlugin, stated: object) -> None:
    """Raise PluginError where the range that a plugin states is none, or lacks this gantk's hook API."""
    if said := mismatch(plugin, stated):
        raise PluginError(said)


def mismatch(plugin: InstalledPlugin, stated: object) -> str | None:
    """Return what is wrong with the range that a plugin states, and what to do; None where nothing is."""
    if stated is None:
        return None
    clauses = [_CLAUSE.fullmatch(clause) for clause in stated.split(",")] if isinstance(stated, str) else [None]
    found = [(match[1], match[2]) for match in clauses if match]
    if len(found) < len(clauses):
        return (
            f"plugin {plugin.name} ({plugin}): its gantk_api is {stated!r}, which is no range: "
            "write it like gantk_api = '>=1,<2'"
        )
    for comparison, version in found:
        order = _order(gantk.HOOK_API, version)
        if not _COMPARED[comparison](order, 0):
            return (
                f"plugin {plugin.name} ({plugin}) was written for hook API {stated}, and gantk {gantk.__version__} has "
                f"{gantk.HOOK_API}: {_cure(plugin, older=order < 0)}"
            )
    return None


def _order(one: str, other: str) -> int:
    """Return -1, 0 or 1 as one version is before, like or behind another; 1 is 1.0."""
    numbers = zip_longest(*(map(int, version.split(".")) for version in (one, other)), fillvalue=0)
    return next(((a > b) - (a < b) for a, b in numbers if a != b), 0)


def _cure(plugin: InstalledPlugin, *, older: bool) -> str:
    if older:
        return newer_line()
    adapt = "adapt it to docs/hooks.md and change its gantk_api"
    return f"{packages_line('-U', plugin.distribution)}, or {adapt}" if plugin.distribution else adapt
