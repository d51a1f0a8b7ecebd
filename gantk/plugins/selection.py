"""The parts of a run, and the plugin that brings each."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gantk.errors import GantkError, PluginError, Unsupported, UsageError, blamed_line, one_line, written_at
from gantk.plugins.entrypoints import bringing
from gantk.plugins.kinds import CHOSEN, KINDS, NETWORKS
from gantk.plugins.manager import Plugins
from gantk.plugins.slots import Named, kind_of, named_in, role_of, slot_of
from gantk.text import nearest

if TYPE_CHECKING:
    from gantk.recipe.recipe import Defaults


@dataclass(frozen=True)
class Part:
    """A chosen part. Called with a spec and a build, or with nothing, it makes one.

    Attributes:
        slot: what it is chosen for: "recipe", "generator", "discriminator", "loss", "normalization.<role>".
        plugin: the plugin that brings it.
        factory: what makes it.
        options: the options that it is made with.
        origin: who chose it: "--loss", "plugin my_generator", "default of cyclegan".
    """

    slot: str
    plugin: str
    factory: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

    def __call__(self, *arguments: Any) -> Any:
        """Make the part. Raises UnsupportedPart where it cannot do what is asked."""
        if inspect.isabstract(self.factory):
            lacking = ", ".join(sorted(self.factory.__abstractmethods__))  # type: ignore[attr-defined]
            raise PluginError(
                f"{kind_of(self.slot)} {self.plugin} cannot be made: {written_at(self.factory)}{self.factory.__name__} "
                f"must have {lacking}"
            )
        try:
            return self.factory(*arguments, **self.options)
        except Unsupported as error:
            if self.slot == "recipe":
                # Networks of a recipe's own do not know whose they are. A part, or the recipe itself, has said it.
                if str(error).startswith("needs "):
                    raise Unsupported(f"{self.plugin} {error}") from None
                raise
            raise UnsupportedPart(self, arguments, str(error)) from None
        except GantkError:
            raise
        except Exception as error:
            raise PluginError(
                f"{kind_of(self.slot)} {self.plugin} cannot be made: {blamed_line(error)}{one_line(error)}"
            ) from error

    def with_options(self, options: Mapping[str, Any]) -> "Part":
        """Return the same part, made with these options as well."""
        return replace(self, options={**self.options, **options})


class UnsupportedPart(Unsupported):
    """A part cannot do what is asked of it.

    Attributes:
        part: the part.
        arguments: what it was asked with.
    """

    def __init__(self, part: Part, arguments: Sequence[Any], reason: str) -> None:
        super().__init__(f"{kind_of(part.slot)} {part.plugin} {reason}")
        self.part = part
        self.arguments = arguments


def select(plugins: Plugins, defaults: "Defaults", requested: Named) -> dict[str, Part]:
    """Return the part of each slot: the user's, else the last further plugin's, else the recipe's default.

    A slot that nothing fills is left out. Raises UsageError where the leading plugin brings no recipe, or where a
    plugin does not bring what it was named for.
    """
    usual = named_in(defaults)
    parts = {"recipe": leading_recipe(plugins)}
    for slot in [slot for kind in CHOSEN for slot in _slots(plugins, kind, usual, requested)]:
        named = requested.get(slot, requested.get(kind_of(slot)))
        part = _named(plugins, slot, named) or _further(plugins, slot) or _default(plugins, slot, usual.get(slot))
        if part:
            parts[slot] = part
    return parts


def with_scale(plugins: Plugins, parts: Mapping[str, Part], scale: Mapping[str, Any], origin: str) -> dict[str, Part]:
    """Return parts with the normalizations that a scale names by their slots, such as "normalization.generator".

    They were tried with the networks that recipes have by default, so they stand for a recipe's default normalization
    of its default network alone, or of networks that are its own.
    """
    usual = f"default of {plugins.leading}"
    return {
        slot: replace(_default(plugins, slot, scale[slot]) or part, origin=origin)
        if slot in scale and part.origin == parts.get(role_of(slot), part).origin == usual
        else part
        for slot, part in parts.items()
    }


def leading_recipe(plugins: Plugins) -> Part:
    """Return the recipe that trains: the leading plugin's. Raises UsageError where it brings none."""
    factory = plugins.factory(plugins.leading, "recipe")
    if factory is None:
        recipes = ", ".join(bringing("recipe", plugins.installed))
        raise UsageError(
            f"plugin {plugins.leading} brings no recipe, so it cannot lead; "
            f"name one that does before it (--plugin NAME --plugin {plugins.leading}); installed: {recipes}"
        )
    return Part("recipe", plugins.leading, factory, origin="--plugin")


def _slots(plugins: Plugins, kind: str, usual: Named, requested: Named) -> list[str]:
    """Return the slots of a kind: the one, or one for each role that anybody means. Raises UsageError."""
    if not KINDS[kind].by_role:
        return [kind]
    stated = [role_of(slot) for slot in usual if kind_of(slot) == kind]
    asked = [role_of(slot) for slot in requested if kind_of(slot) == kind and role_of(slot)]
    known = dict.fromkeys((*stated, *NETWORKS))
    for role in asked:
        if role not in known:
            said = requested[slot_of(kind, role)]
            raise UsageError(f"--{kind} {role}={said}: no such role{nearest(role, known)}")
    # A recipe that names no roles has the usual ones, if anyone brings such a part.
    unsaid = NETWORKS if not stated and (kind in requested or _further(plugins, kind)) else ()
    return [slot_of(kind, role) for role in known if role in (*stated, *asked, *unsaid)]


def _named(plugins: Plugins, slot: str, name: str | None) -> Part | None:
    if name is None:
        return None
    plugin, kind = plugins.load(name), kind_of(slot)
    factory = plugins.factory(plugin, kind)
    if factory is None:
        known = ", ".join(bringing(kind, plugins.installed))
        raise UsageError(f"--{kind} {name}: plugin {plugin} brings no {kind}; installed: {known or 'none'}")
    return Part(slot, plugin, factory, origin=f"--{kind}")


def _further(plugins: Plugins, slot: str) -> Part | None:
    for plugin in reversed(plugins.names[1:]):
        if factory := plugins.factory(plugin, slot):
            return Part(slot, plugin, factory, origin=f"plugin {plugin}")
    return None


def _default(plugins: Plugins, slot: str, name: str | None) -> Part | None:
    """Return the part of the plugin that the recipe names; where it names none, its own."""
    leading, kind = plugins.leading, kind_of(slot)
    if name is not None and name not in plugins.installed and name not in plugins.found:
        raise PluginError(
            f"plugin {leading}: its default {kind} {name!r} is not installed; say --{kind} NAME"
            f"{nearest(name, bringing(kind, plugins.installed), 'gantk plugins')}"
        )
    factory = plugins.factory(name or leading, kind)
    if factory is None and name is not None:
        raise PluginError(f"plugin {leading}: its default {kind} is {name!r}, but {plugins.found[name]} brings none")
    return Part(slot, name or leading, factory, origin=f"default of {leading}") if factory else None
