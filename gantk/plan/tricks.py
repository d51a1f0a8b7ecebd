"""Which recipes take which tricks of training, found by building each recipe with each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gantk.errors import GantkError, one_line
from gantk.plan.combinations import built, kinds_of, size_of
from gantk.plugins.entrypoints import bringing
from gantk.plugins.manager import Plugins
from gantk.plugins.options import options_of
from gantk.plugins.selection import leading_recipe, select
from gantk.plugins.slots import kind_of
from gantk.recipe.recipe import Recipe

SETTINGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "pack": ("discriminator", {"pack": 2}),
    "r1": ("loss", {"r1": 1.0}),
    "historical_averaging": ("", {}),
    "orthogonal": ("generator", {}),
}
"""Settings that are tricks: the part that must be asked for, and what a build is told."""

OPTIONS: Mapping[str, tuple[tuple[str, ...], Any]] = {
    "loss.real": (("loss",), 0.9),
    "feature_matching": (("recipe",), 1.0),
    "minibatch": (("discriminator",), 2),
    "scales": (("recipe",), 2),
    "attention": (("generator", "discriminator"), None),
}
"""Options that are tricks: the parts that may have it, and a value to try; None: having it is enough."""


@dataclass(frozen=True)
class Trick:
    """A trick of training.

    Attributes:
        name: the setting, the augmentation's name, or the option.
        slot: the part that a recipe must ask for.
        settings: what a build is told.
        requested: a part in place of the recipe's own.
        owners: the kinds of parts that may have it as an option.
        value: what the option is tried with, or None.
    """

    name: str
    slot: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    requested: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    value: Any = None


def tricks(plugins: Plugins) -> Iterator[Trick]:
    """Yield all tricks: settings, installed augmentations, options."""
    for name, (slot, told) in SETTINGS.items():
        yield Trick(name, slot, told)
    for name in bringing("augmentation", plugins.installed):
        yield Trick(name, "augmentation", requested={"augmentation": name})
    for name, (owners, value) in OPTIONS.items():
        yield Trick(name, owners=owners, value=value)


@dataclass(frozen=True)
class TrickTaken:
    """Whether a recipe takes a trick.

    Attributes:
        kinds: the kinds of batches with which it does, of all that it trains on.
        reason: why it does not with the others, or with the first of them; empty: with all it does.
    """

    kinds: tuple[str, ...]
    reason: str


def taken(plugins: Plugins) -> dict[str, TrickTaken]:
    """Return by trick whether the leading plugin's recipe takes it, with the parts that it has by default.

    Raises Unsupported or UsageError where the recipe cannot be built by itself.
    """
    recipe: type[Recipe] = leading_recipe(plugins).factory  # type: ignore[assignment]
    size, found = size_of(recipe, plugins), {}
    for trick in tricks(plugins):
        reasons = {kind: _refusal(trick, recipe, plugins, size, kind) for kind in kinds_of(recipe)}
        kinds = tuple(kind for kind, reason in reasons.items() if not reason)
        found[trick.name] = TrickTaken(kinds, next(filter(None, reasons.values()), ""))
    return found


def _refusal(trick: Trick, recipe: type[Recipe], plugins: Plugins, size: Any, kind: str) -> str:
    """Return why a recipe cannot take a trick on batches of a kind; empty: it can."""
    options = {}
    if trick.owners:
        parts = select(plugins, recipe.defaults, {})
        having = [
            (slot, name)
            for slot, part in parts.items()
            if kind_of(slot) in trick.owners
            for name in options_of(part.factory)
            if name == trick.name.rpartition(".")[2]
        ]
        if not having:
            return "no such option"
        if trick.value is None:
            return ""
        options = {slot: {name: trick.value} for slot, name in having}
    try:
        build = built(recipe, plugins, trick.requested, size, kind=kind, options=options, settings=trick.settings)
    except GantkError as error:
        return str(error)
    except Exception as error:
        return f"fails: {one_line(error)}"
    return "" if not trick.slot or trick.slot in build.asked else f"takes no {trick.slot} of others"
