"""The installed plugins and what they bring, found without importing any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gantk.errors import PluginError, UsageError
from gantk.packages import entries, find_module, name_and_version
from gantk.plugins import source
from gantk.text import nearest


@dataclass(frozen=True)
class InstalledPlugin:
    """A plugin that could be loaded.

    Attributes:
        name: what it is called on the command line.
        module: the module that answers the hooks.
        distribution: the installed package that it comes from; empty for a file.
        version: the distribution's version; empty for a file.
        path: the file, where a file was given instead of a name.
    """

    name: str
    module: str
    distribution: str = ""
    version: str = ""
    path: Path | None = None

    @cached_property
    def source(self) -> Path | None:
        """The module's file; None where it has none, or none in Python."""
        if self.path is not None:
            return self.path
        spec = find_module(self.module)
        found = Path(spec.origin) if spec and spec.has_location and spec.origin else None
        return found if found and found.suffix == ".py" else None

    @property
    def summary(self) -> str:
        """The first line of its docstring, or what keeps it from being read."""
        return self._described[0]

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that its source answers, as they are spelled there; none where it cannot be read."""
        return self._described[1]

    @cached_property
    def family(self) -> str:
        """The first line of the docstring of the package that its module stands in; empty where there is none."""
        package = find_module(self.module.rpartition(".")[0]) if "." in self.module and self.path is None else None
        try:
            return source.describe(Path(package.origin))[0] if package and package.origin else ""
        except PluginError:
            return ""

    @cached_property
    def gantk_api(self) -> str | None:
        """The range of hook APIs that its source says it was written for; None where it says none, or is unreadable."""
        try:
            return source.stated(self.source, "gantk_api") if self.source else None
        except PluginError:
            return None

    @cached_property
    def _described(self) -> tuple[str, tuple[str, ...]]:
        if self.source is None:
            return f"(its module {self.module} has no source file)", ()
        try:
            return source.describe(self.source)
        except PluginError as error:
            return f"(cannot be read: {error})", ()

    def __str__(self) -> str:
        """Return what tells it from another of the same name."""
        return str(self.path) if self.path else f"{self.distribution} {self.version} ({self.module})"


def installed() -> dict[str, InstalledPlugin]:
    """Return every installed plugin by name. Raises PluginError where two distributions use one name."""
    found: dict[str, InstalledPlugin] = {}
    for entry in entries("gantk"):
        plugin = InstalledPlugin(entry.name, entry.module, *name_and_version(entry.dist))
        other = found.setdefault(entry.name, plugin)
        if other != plugin:
            raise PluginError(f"two plugins are called {entry.name!r}: {other} and {plugin}; uninstall one of them")
    return dict(sorted(found.items()))


def default(what: str) -> str | None:
    """Return the plugin that an installed package names for `what`, if one does.

    `data` is trained on where no images are named; the parts of a new plugin and the recipe that tries one are named
    likewise. Raises PluginError where two distributions name one.
    """
    named = [entry for entry in entries("gantk.defaults") if entry.name == what]
    # The value of an entry point is a name in Python, which has no hyphens.
    found = {entry.value.replace("_", "-"): name_and_version(entry.dist)[0] for entry in named}
    if len(found) > 1:
        both = " and ".join(f"{plugin} ({distribution})" for plugin, distribution in found.items())
        raise PluginError(f"two installed packages name the default {what}: {both}; say --{what}")
    return next(iter(found), None)


def from_file(path: Path) -> InstalledPlugin:
    """Return a Python file as a plugin that is called like the file. Raises PluginError where it is none."""
    path = path.expanduser().absolute()
    if not path.exists():
        raise PluginError(f"plugin file {path} does not exist")
    if path.suffix != ".py" or not path.is_file():
        raise PluginError(f"plugin {path} is not a Python file: give the path of one .py file, or a plugin's name")
    return InstalledPlugin(path.stem, path.stem, path=path.resolve())


def find(name_or_path: str, plugins: Mapping[str, InstalledPlugin] | None = None) -> InstalledPlugin:
    """Return the plugin of that name among `plugins` (default: the installed ones), or the file.

    Raises UsageError where no plugin is called so.
    """
    plugins = installed() if plugins is None else plugins
    if name_or_path in plugins:
        return plugins[name_or_path]
    path = Path(name_or_path)
    if path.exists() and path.suffix != ".py":
        raise UsageError(f"{path} is no plugin: that is a .py file, or the name of one that is installed")
    if name_or_path.endswith(".py") or "/" in name_or_path or "\\" in name_or_path:
        return from_file(path)
    raise UsageError(f"no plugin is called {name_or_path!r}{nearest(name_or_path, plugins, 'gantk plugins')}")


def bringing(hook: str, plugins: Mapping[str, InstalledPlugin] | None = None) -> tuple[str, ...]:
    """Return the names of the plugins (default: the installed ones) whose source answers a hook."""
    plugins = installed() if plugins is None else plugins
    return tuple(name for name, plugin in plugins.items() if hook in plugin.hooks)
