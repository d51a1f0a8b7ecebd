"""What `gantk plugins` says of plugins, as docs/new-plugin.md has it for other programs."""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from gantk.errors import PluginError, Unsupported, UsageError
from gantk.install_lines import install_line
from gantk.plugins import source
from gantk.plugins.api import mismatch
from gantk.plugins.entrypoints import InstalledPlugin, bringing, installed
from gantk.plugins.kinds import KINDS
from gantk.plugins.manager import Plugins, load_plugins
from gantk.plugins.option_names import prefix_of
from gantk.plugins.options import Option, options_of, type_name


def entry_of(plugin: InstalledPlugin) -> dict[str, Any]:
    """Return a plugin as it stands in the list, read from its source alone."""
    return {
        "name": plugin.name,
        "summary": plugin.summary,
        "family": plugin.family,
        "brings": [hook for hook in KINDS if hook in plugin.hooks],
        "answers": [hook for hook in plugin.hooks if hook not in KINDS],
        "gantk_api": plugin.gantk_api,
        "fits": mismatch(plugin, plugin.gantk_api) is None,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "module": plugin.module,
    }


def page_of(plugin: InstalledPlugin, name: str, combined: bool) -> dict[str, Any]:
    """Return what there is to say of one plugin; without torch installed, that is all but its options.

    Args:
        plugin: the plugin.
        name: what loads it: its name, or its file's path.
        combined: whether to find what its recipe can be combined with.

    Raises PluginError where it cannot be loaded, UsageError where it has no recipe to combine.
    """
    text = source.docstring(plugin.source) if plugin.source else ""
    said = {
        **entry_of(plugin),
        "source": str(plugin.source) if plugin.source else None,
        "docstring": text,
        "papers": _papers(text),
        "parts": [],
        "combinations": None,
        "note": "",
    }
    try:
        loaded = load_plugins([name])
    except PluginError as error:
        if not isinstance(error.__cause__, ImportError) or install_line(error.__cause__) is None:
            raise
        return {**said, "note": str(error)}
    factories = {part: loaded.factory(plugin.name, part) for part in KINDS}
    said["brings"] = [part for part, factory in factories.items() if factory]
    said["parts"] = [_part(part, factory, plugin.name) for part, factory in factories.items() if factory]
    if combined:
        said["combinations"] = _combinations(loaded)
    return said


def tricks_of(name: str | None) -> dict[str, dict[str, Any]]:
    """Return which tricks of training a recipe takes, by its name, or all installed recipes do.

    Raises UsageError where the plugin brings no recipe, or one that cannot be built by itself.
    """
    from gantk.plan.tricks import taken

    found: dict[str, dict[str, Any]] = {}
    for one in [name] if name is not None else bringing("recipe", installed()):
        loaded = load_plugins([one])
        try:
            tricks = taken(loaded)
        except Unsupported as error:
            raise UsageError(f"recipe {loaded.leading} cannot be built on its own: {error}") from error
        found[loaded.leading] = {trick: {"kinds": list(it.kinds), "reason": it.reason} for trick, it in tricks.items()}
    return found


def _papers(text: str) -> list[str]:
    """Return the addresses of the papers that a docstring cites by number or DOI, in its order."""
    cited = re.findall(
        r"\barXiv:\s*(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})|\bdoi:\s*(10\.\d{4,9}/[^\s,;)]+)", text
    )
    addresses = (f"https://arxiv.org/abs/{number}" if number else f"https://doi.org/{doi}" for number, doi in cited)
    return list(dict.fromkeys(address.rstrip(".") for address in addresses))


def _combinations(loaded: Plugins) -> dict[str, Any]:
    """Return what a recipe can be combined with. Raises UsageError where the plugin brings none, or cannot be built."""
    from gantk.plan.combinations import combinations

    try:
        found = combinations(loaded)
    except Unsupported as error:
        raise UsageError(f"recipe {loaded.leading} cannot be built on its own: {error}") from error
    slots = {slot: {"accepts": tried.accepted, "refuses": tried.refused} for slot, tried in found.slots.items()}
    return {"size": found.size, "slots": slots}


def _part(part: str, factory: Any, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {"part": part, "factory": factory.__qualname__}
    if part == "recipe":
        described["kind"] = getattr(factory, "kind", None)
        described["defaults"] = {slot: name for slot, name in vars(factory.defaults).items() if name}
    if part in ("recipe", "loss"):
        described["settings"] = _settings(factory.settings.said())
    prefix = prefix_of(f"{part}.ROLE", name)
    described["options"] = [_option(prefix, option) for option in options_of(factory).values()]
    return described


def _settings(said: Mapping[str, Any]) -> dict[str, Any]:
    from gantk.parts.scheduled import is_writable, shown, written

    return {name: written(value) if is_writable(value) else shown(value) for name, value in said.items()}


def _option(prefix: str, option: Option) -> dict[str, Any]:
    default = option.default
    if hasattr(default, "at"):  # a schedule
        default = _settings({option.name: default})[option.name]
    return {
        "name": f"{prefix}{option.name}",
        "type": type_name(option.annotation),
        "choices": list(get_args(option.annotation)) if get_origin(option.annotation) is Literal else None,
        "default": default,
        "help": option.help,
    }
