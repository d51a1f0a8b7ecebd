"""The plugin that is checked, opened in the process of one check."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gantk.errors import GantkError, blamed_line, one_line
from gantk.plugins.entrypoints import InstalledPlugin, find
from gantk.plugins.kinds import KINDS
from gantk.plugins.option_names import prefix_of, said_of
from gantk.plugins.options import options_of
from gantk.testing.checks import CHECKS
from gantk.testing.report import Failure, Skip
from gantk.testing.widths import narrowed

if TYPE_CHECKING:
    from gantk.plugins.manager import Plugins
    from gantk.plugins.selection import Part


@dataclass(frozen=True)
class CheckedPlugin:
    """A plugin, and what was said of how to check it.

    Attributes:
        plugin: the plugin's name or its file.
        options: options as `gantk train -s` takes them.
        data: what to train on; empty: the default images.
        folder: where the checks of this plugin leave their files.
    """

    plugin: str
    options: Mapping[str, str]
    data: tuple[str, ...]
    folder: Path

    @cached_property
    def installed(self) -> InstalledPlugin:
        """The plugin, not imported."""
        return find(self.plugin)

    @cached_property
    def plugins(self) -> Plugins:
        """The plugin, imported. Raises PluginError."""
        from gantk.plugins.manager import load_plugins

        return load_plugins([self.plugin])

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.plugins.leading

    @cached_property
    def factories(self) -> dict[str, Callable[..., Any]]:
        """What makes each part that the plugin brings, by hook."""
        found = {hook: self.plugins.factory(self.name, hook) for hook in KINDS}
        return {hook: factory for hook, factory in found.items() if factory is not None}

    def factory(self, hook: str) -> Callable[..., Any]:
        """Return what makes a part."""
        return self.factories[hook]

    def part(self, hook: str, *, narrow: bool = False) -> Part:
        """Return a part that the plugin brings, with the options that were said; narrow: with small widths besides."""
        from gantk.plugins.selection import Part

        factory = self.factory(hook)
        defaults = {name: option.default for name, option in options_of(factory).items()} if narrow else {}
        return Part(hook, self.name, factory, narrowed(defaults) | self.options_for(hook))

    def options_for(self, hook: str) -> dict[str, Any]:
        """Return the options that were said of a part, read as their types; of a normalization, a generator's."""
        slot = f"{hook}.generator" if hook == "normalization" else hook
        return said_of(options_of(self.factory(hook)), self.options, prefix_of(slot, self.name))


def make(check: str, request: Mapping[str, Any], folder: str) -> tuple[str, str]:
    """Make one check in this process; return its status and reason."""
    checked = CheckedPlugin(request["plugin"], request["options"], tuple(request["data"]), Path(folder))
    try:
        return "pass", next(one for one in CHECKS if one.name == check).function(checked)
    except Failure as failure:
        return "FAIL", str(failure)
    except Skip as skip:
        return "skip", str(skip)
    except GantkError as error:
        return "FAIL", str(error)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return "FAIL", f"{blamed_line(error)}{one_line(error)}"
