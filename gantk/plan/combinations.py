"""Which installed parts a recipe can be combined with, found by building it with each of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gantk.data.kinds import IMAGE_KEYS, kind_called
from gantk.data.palettes import Palette
from gantk.data.windows import BYTES
from gantk.errors import GantkError, Unsupported, one_line
from gantk.parts.build import Build
from gantk.parts.data_info import DataInfo
from gantk.parts.valueless import without_values
from gantk.plugins.entrypoints import bringing
from gantk.plugins.manager import Plugins
from gantk.plugins.selection import leading_recipe, select
from gantk.plugins.slots import Named, kind_of
from gantk.recipe.recipe import Recipe
from gantk.sizes import Sides, Size, sides_of

SIZES = (64, 32, 128, 256)
"""Heights and widths in pixels that are tried until one does, where the recipe's settings state none."""

CLASSES = tuple(str(label) for label in range(10))
DOMAINS = ("one", "two")
SHRINK = 4
"""How many times smaller images at a low resolution are."""


@dataclass
class Tried:
    """What became of the plugins that were tried in one slot.

    Attributes:
        accepted: the names of those with which the recipe could be built.
        refused: why it could not be built with the others, by name.
    """

    accepted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Combinations:
    """What a recipe can be combined with.

    Attributes:
        size: height and width in pixels at which it was built, one number where they are equal.
        slots: what was tried, by slot: "generator", "normalization.discriminator", ...
    """

    size: Size
    slots: Mapping[str, Tried]


@dataclass(frozen=True)
class _Bare:
    """A chosen part whose Unsupported stays as it is raised, without a search for other parts."""

    plugin: str
    factory: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.factory(*arguments)


def combinations(plugins: Plugins) -> Combinations:
    """Return what the leading plugin's recipe can be combined with: one part replaced, the others as by default.

    Networks are built for images of 3 channels, with every option as by default and without memory for their weights.
    Raises Unsupported where the recipe cannot be built by itself.
    """
    recipe: type[Recipe] = leading_recipe(plugins).factory  # type: ignore[assignment]
    size = size_of(recipe, plugins)
    return Combinations(
        size,
        {
            slot: _tried(recipe, plugins, slot, size)
            for slot in select(plugins, recipe.defaults, {})
            if slot != "recipe"
        },
    )


def _tried(recipe: type[Recipe], plugins: Plugins, slot: str, size: Size) -> Tried:
    tried = Tried()
    for name in _candidates(plugins, kind_of(slot)):
        try:
            built(recipe, plugins, {slot: name}, size)
        except GantkError as error:
            tried.refused[name] = str(error)
        except Exception as error:
            tried.refused[name] = f"fails: {one_line(error)}"
        else:
            tried.accepted.append(name)
    return tried


def _candidates(plugins: Plugins, kind: str) -> Iterator[str]:
    """Yield the installed plugins that bring a part, and the leading one if it is a file that does."""
    names = bringing(kind, plugins.installed)
    yield from names
    if plugins.leading not in names and kind in plugins.found[plugins.leading].hooks:
        yield plugins.leading


def size_of(recipe: type[Recipe], plugins: Plugins) -> Size:
    """Return the first size at which the recipe can be built as it is. Raises Unsupported where there is none."""
    stated = recipe.settings.size
    refusal = None
    for size in (stated,) if stated is not None else SIZES:
        try:
            built(recipe, plugins, {}, size)
        except Unsupported as error:
            refusal = refusal or error
        else:
            return size
    assert refusal is not None
    raise refusal


def kinds_of(recipe: type[Recipe]) -> tuple[str, ...]:
    """Return the kinds of batches that a recipe can train on, the usual one first."""
    return (recipe.kind,) if isinstance(recipe.kind, str) else tuple(recipe.kind)


def built(
    recipe: type[Recipe],
    plugins: Plugins,
    requested: Named,
    size: Size,
    *,
    kind: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Build:
    """Build a recipe without values, and return what it was built with.

    Args:
        recipe: what to build.
        plugins: what it is built of.
        requested: parts in place of its own.
        size: height and width in pixels of its images.
        kind: the kind of batches; unsaid: its usual one.
        options: options of parts, by slot; those of the recipe itself at "recipe".
        settings: further fields of the build.

    Raises what the recipe or a part raises.
    """
    parts, said = select(plugins, recipe.defaults, requested), options or {}
    kind = kind_called(kind or kinds_of(recipe)[0])
    build = Build(
        data=DataInfo(
            kind=kind,
            size=size,
            channels=dict.fromkeys((*IMAGE_KEYS, *kind.keys("images", "label maps")), 3),
            windows=dict.fromkeys(kind.keys("images"), BYTES),
            sizes={key: _smaller(size) if key == "low" else size for key in kind.keys("images", "label maps")},
            palettes=dict.fromkeys(kind.keys("label maps"), Palette(((0,), (1,), (2,)))),
            classes=CLASSES,
            domains=DOMAINS,
            words=dict.fromkeys(kind.keys("texts"), ("word",)),
        ),
        parts={
            slot: _Bare(part.plugin, partial(part.factory, **said[slot]) if slot in said else part.factory)
            for slot, part in parts.items()
            if slot != "recipe"
        },
        network_built=plugins.network_built,
        refers=recipe.refers,
        **(settings or {}),
    )
    with without_values():
        recipe(build, **said.get("recipe", {}))  # type: ignore[call-arg]
    return build


def _smaller(size: Size) -> int | tuple[int, int]:
    return Sides(*(side // SHRINK for side in sides_of(size))).size
