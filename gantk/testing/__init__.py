"""The conformance suite: what a plugin owes, checked one by one. See docs/plugin-check.md.

The names below are public; they are imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gantk.testing.report import Outcome, Report
    from gantk.testing.suite import Checker, check_plugin

_HOMES = {"Checker": "suite", "Outcome": "report", "Report": "report", "check_plugin": "suite"}

__all__ = ["Checker", "Outcome", "Report", "check_plugin"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gantk.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gantk.testing' has no attribute {name!r}")
