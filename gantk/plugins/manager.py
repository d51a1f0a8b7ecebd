"""The plugins of one run: the only ones that are imported."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pluggy

from gantk import hookspecs
from gantk.errors import GantkError, PluginError, UsageError, one_line
from gantk.plugins.entrypoints import InstalledPlugin, bringing, find, installed
from gantk.plugins.kinds import KINDS
from gantk.plugins.modules import check_hooks, import_plugin, place
from gantk.plugins.slots import kind_of
from gantk.plugins.trace import trace

if TYPE_CHECKING:
    from torch import nn

    from gantk.parts.build import Build


class Plugins:
    """The plugins in play, in the order in which they were named, and those that only bring parts for them.

    Attributes:
        names: the plugins in play; the first leads.
        hook: calls a hook of every plugin in play: `plugins.hook.run_started(run=run)`.
        found: what is known of every plugin that was loaded, in play or not, by name.
        installed: the installed plugins, by name.
        listeners: objects that hear of a run besides: their methods bear the names of hooks, and take those of the
            arguments that they need.
    """

    def __init__(self, names_or_paths: Sequence[str]) -> None:
        self.installed: Mapping[str, InstalledPlugin] = installed()
        if not names_or_paths:
            recipes = ", ".join(bringing("recipe", self.installed))
            raise UsageError(f"no plugin was named: say --plugin NAME; installed recipes: {recipes}")
        self.found: dict[str, InstalledPlugin] = {}
        self._manager = _manager()
        self.names = tuple(dict.fromkeys(self.load(name) for name in names_or_paths))
        self.hook = Hooks(self)
        self.listeners: Sequence[object] = ()

    @property
    def leading(self) -> str:
        """The plugin whose recipe trains."""
        return self.names[0]

    def load(self, name_or_path: str) -> str:
        """Import a plugin unless it was loaded before, and return its name. It brings parts; it is not in play.

        Raises UsageError where no plugin is called so, and PluginError where it cannot be loaded.
        """
        if name_or_path in self.found:
            return name_or_path
        plugin = find(name_or_path, self.installed)
        other = self.found.get(plugin.name)
        if other == plugin:
            return plugin.name
        if other:
            raise PluginError(f"two plugins are called {plugin.name!r}: {other} and {plugin}; rename the file")
        module = import_plugin(plugin)
        check_hooks(plugin, module, self._manager)
        try:
            self._manager.register(module, plugin.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(f"plugin {plugin.name} ({plugin}): {one_line(error)}") from error
        self.found[plugin.name] = plugin
        return plugin.name

    def factory(self, plugin: str, slot: str) -> Callable[..., Any] | None:
        """Return what one plugin, a name or a path, answers for a part hook; None where it brings no such part.

        The plugin is loaded if need be. Raises PluginError where its hook raises, or returns no factory.
        """
        name, hook = self.load(plugin), kind_of(slot)
        callers = self._manager.get_hookcallers(self._manager.get_plugin(name)) or ()
        if hook not in [caller.name for caller in callers]:
            return None
        factory: Callable[..., Any] = self.ask(name, hook)
        if wrong := _what_is_wrong(hook, factory):
            raise PluginError(f"plugin {name} ({self.found[name]}): hook {hook} {wrong}")
        return factory

    def network_built(self, network: "nn.Module", role: str, build: "Build") -> "nn.Module":
        """Return a network as the plugins in play change it, each seeing what the one before it returned."""
        for name in self.names:
            for answer in self.ask(name, "network_built", network=network, role=role, build=build):
                if not _is_a(answer, "torch.nn", "Module"):
                    raise PluginError(
                        f"plugin {name} ({self.found[name]}): hook network_built returned {_shown(answer)}; "
                        "return an nn.Module, or None to keep the network"
                    )
                network = answer
        return network

    def ask(self, name: str, hook: str, **arguments: Any) -> Any:
        """Return one loaded plugin's answer to a hook: a part hook's own, else a list of those that are not None.

        Raises PluginError, naming the plugin, where it raises anything but a GantkError, or ends the process.
        """
        others = self._manager.get_plugins() - {self._manager.get_plugin(name)}
        call = self._manager.subset_hook_caller(hook, others)
        try:
            return call(**arguments)
        except GantkError:
            raise
        except (Exception, SystemExit) as error:
            plugin = self.found[name]
            raise PluginError(f"plugin {name}: hook {hook} failed: {place(error, plugin)}{one_line(error)}") from error


class Hooks:
    """Calls hooks of every plugin in play, in the order in which they were named, then of those who listen."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def __getattr__(self, hook: str) -> Callable[..., list[Any]]:
        def call(**arguments: Any) -> list[Any]:
            answers = [answer for name in self._plugins.names for answer in self._plugins.ask(name, hook, **arguments)]
            for listener in self._plugins.listeners:
                if (hear := getattr(listener, hook, None)) is not None:
                    wanted = inspect.signature(hear).parameters
                    hear(**{name: value for name, value in arguments.items() if name in wanted})
            return answers

        return call


def load_plugins(names_or_paths: Sequence[str]) -> Plugins:
    """Import these plugins, and no others: names of installed ones, or paths of .py files. The first leads.

    Raises UsageError for an unknown name, and PluginError for a plugin that cannot be imported or answers no real hook.
    """
    return Plugins(names_or_paths)


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("gantk")
    manager.add_hookspecs(hookspecs)
    if os.environ.get("GANTK_TRACE", "0") not in ("", "0"):
        trace(manager)
    return manager


def _what_is_wrong(hook: str, answer: Any) -> str:
    if answer is None:
        return "returned nothing; return the class or function that makes it"
    if not (inspect.isclass(answer) or inspect.isroutine(answer)):
        return f"returned {_shown(answer)}; return the class or function that makes it"
    base = KINDS[hook].base
    if base is not None and not _is_a(answer, *base):
        return f"returned {_shown(answer)}; return a subclass of gantk.{base[1]}"
    return ""


def _is_a(value: Any, module: str, name: str) -> bool:
    """Return whether a value is an instance, or a subclass, of a class that is imported only now."""
    base = getattr(import_module(module), name)
    return issubclass(value, base) if inspect.isclass(value) else isinstance(value, base)


def _shown(value: Any) -> str:
    if inspect.isclass(value) or inspect.isroutine(value):
        return f"{'the class' if inspect.isclass(value) else 'the function'} {value.__qualname__}"
    return f"an object of type {type(value).__qualname__}"
