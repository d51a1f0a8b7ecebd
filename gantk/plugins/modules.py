"""The module of a plugin: imported, and its hooks held against those that there are."""

import hashlib
import importlib
import inspect
import sys
import traceback
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pluggy

from gantk.errors import GantkError, PluginError, one_line, written_at
from gantk.install_lines import install_line
from gantk.plugins.api import check_api
from gantk.plugins.entrypoints import InstalledPlugin
from gantk.plugins.hooks import hook_arguments
from gantk.text import nearest


def import_plugin(plugin: InstalledPlugin) -> ModuleType:
    """Return a plugin's module.

    Raises PluginError where it was written for another hook API; with file, line and reason where its import fails.
    """
    # Before the import, which may fail for want of a name that only the other API has.
    check_api(plugin, plugin.gantk_api)
    try:
        module = importlib.import_module(plugin.module) if plugin.path is None else _import_file(plugin.path)
    except GantkError:
        raise
    except (Exception, SystemExit) as error:
        install = install_line(error) if isinstance(error, ImportError) else None
        hint = f"; it comes with: {install}" if install else ""
        raise PluginError(
            f"plugin {plugin.name} cannot be imported: {place(error, plugin)}{one_line(error)}{hint}"
        ) from error
    check_api(plugin, getattr(module, "gantk_api", None))
    return module


def check_hooks(plugin: InstalledPlugin, module: ModuleType, manager: pluggy.PluginManager) -> None:
    """Raise PluginError where a module answers no hook, a hook that is none, or one with a wrong argument."""
    known = hook_arguments()
    answers = 0
    for attribute in dir(module):
        options = manager.parse_hookimpl_opts(module, attribute)
        if options is None:
            continue
        answers += 1
        hook = options["specname"] or attribute
        if hook not in known:
            if options["optionalhook"]:
                continue
            raise PluginError(f"plugin {plugin.name} ({plugin}): there is no hook {hook!r}{nearest(hook, known)}")
        for argument in inspect.signature(getattr(module, attribute)).parameters:
            if argument not in known[hook]:
                takes = ", ".join(known[hook]) or "no arguments"
                raise PluginError(
                    f"plugin {plugin.name}: {written_at(getattr(module, attribute))}hook {hook} has no argument "
                    f"{argument!r}; it takes {takes}"
                )
    if not answers:
        raise PluginError(f"plugin {plugin.name} ({plugin}) answers no hook: mark its functions with @gantk.hookimpl")


def place(error: BaseException, plugin: InstalledPlugin) -> str:
    """Return "file, line N: " of the plugin's last line that led to an error, or of the last line at all."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: "
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    own = [frame for frame in frames if plugin.source and Path(frame.filename) == plugin.source]
    # The frames before the plugin's are gantk's own, and Python's import machinery.
    foreign = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
    frame = next(reversed(own or foreign), None)
    return f"{frame.filename}, line {frame.lineno}: " if frame else ""


def _import_file(path: Path) -> ModuleType:
    # Under its own name, from a folder on the path, it can import its neighbours, and what it defines can be sent
    # to spawned processes, which get the same path.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    importlib.invalidate_caches()
    if _found(path.stem) == path:
        return importlib.import_module(path.stem)
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _found(stem: str) -> Path | None:
    """Return the file that `import stem` would run."""
    try:
        spec = find_spec(stem)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec and spec.origin else None
