"""Every part, option and setting of a run, resolved from what the user said, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gantk.data.dataset import Dataset
from gantk.data.kinds import Kind, kind_called, scaled, served
from gantk.errors import UsageError
from gantk.parts.scheduled import is_writable, written
from gantk.parts.settings import Settings
from gantk.plan.open_data import USER, data_option_names, located, open_data
from gantk.plan.quick import quick_scale
from gantk.plan.settings import DECAY_FROM, RunSettings
from gantk.plan.synonyms import meant
from gantk.plan.whole import whole_size
from gantk.plugins.kinds import KINDS
from gantk.plugins.manager import Plugins, load_plugins
from gantk.plugins.option_names import owner_of, prefix_of
from gantk.plugins.options import Option, options_of, parse_value
from gantk.plugins.selection import Part, select, with_scale
from gantk.plugins.slots import as_fields, named_in
from gantk.recipe.recipe import Defaults
from gantk.runs.config import Config
from gantk.text import pasted

TAKEN_OVER = frozenset({"weight_decay"})
"""Settings that a recipe may have an option of the same name for, which then is meant: it had one before they came."""


@dataclass(frozen=True)
class Value:
    """A value of an option, and who said it."""

    value: Any
    origin: str


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A run's parts, options, settings and data.

    Attributes:
        config: what the user said, the data by what finds it again from anywhere.
        plugins: the plugins in play.
        parts: the chosen part of each slot, with its options.
        options: every option of the parts in play, by dotted name.
        settings: every setting.
        origins: who said each setting, by its name.
        dataset: the data, opened.
        kind: the kind of batches that is trained on.
    """

    config: Config
    plugins: Plugins
    parts: Mapping[str, Part]
    options: Mapping[str, Value]
    settings: RunSettings
    origins: Mapping[str, str]
    dataset: Dataset
    kind: Kind

    def complete(self, facts: Mapping[str, Any]) -> Config:
        """Return the configuration that says everything that was resolved; facts are what was found besides."""
        options = {name: option.value for name, option in self.options.items()}
        said = {name: getattr(self.settings, name) for name in _settable()} | options | dict(facts)
        return self.config.model_copy(
            update={
                "plugins": [self._source(name) for name in self.plugins.names],
                "precision": self.settings.precision,
                **as_fields({slot: self._source(part.plugin) for slot, part in self.parts.items()}),
                "set": self.config.set | {name: written(value) for name, value in said.items() if is_writable(value)},
            }
        )

    def _source(self, plugin: str) -> str:
        """Return what finds a plugin again from anywhere: its name, or its file's whole path."""
        return str(self.plugins.found[plugin].path or plugin)


def resolve(config: Config, dataset: Dataset | None = None, *, scaled_anew: bool = True) -> Resolved:
    """Return everything that a run needs to know; `dataset` serves instead of opening what the configuration names.

    Where a run's own configuration is resolved, which says all that its version of gantk knew, no scale is taken anew:
    options that are younger than the run have their defaults, as they had in effect.

    Raises UsageError, PluginError or DataError.
    """
    if not config.plugins:
        raise UsageError("say what to train: --plugin NAME; `gantk plugins` lists them")
    plugins = load_plugins(config.plugins)
    recipe = plugins.factory(plugins.leading, "recipe")
    defaults: Defaults = getattr(recipe, "defaults", Defaults())
    parts = select(plugins, defaults, named_in(config))
    _refuse_silence(plugins)
    declared = _declared(parts)
    if dataset is None:
        _refuse_unknown(config, [*declared, *_settable(), *data_option_names(config)])
        dataset = open_data(config)
        config = config.model_copy(update={"data": located(config, dataset)})

    kind = _kind(parts["recipe"], dataset, config.set.get("kind"))
    user = (config.set, USER)
    scale = quick_scale(config.scale if scaled_anew else "paper", dataset, kind)
    parts = with_scale(plugins, parts, *scale)
    options = {name: _first(name, option, [user, scale]) for name, option in declared.items()}
    recipes, losses = _papers(parts)
    sources = [user, *losses, scale, *recipes]
    setting_options = options_of(RunSettings)
    said = {
        name: _first(name, option, sources if name not in declared else []) for name, option in setting_options.items()
    }
    if config.precision != "auto":
        said["precision"] = Value(config.precision, USER)
    said["decay_from"] = _decay_from(setting_options["decay_from"], sources, said["schedule"].value)
    settings = RunSettings(**{name: value.value for name, value in said.items()})
    if kind.single and scaled_anew and isinstance(settings.size, int):
        settings = replace(settings, size=whole_size(dataset, kind, settings.size))
    if said["steps"].origin == scale[1] and settings.steps is not None:
        # A scale is quick by the time that it takes, and each turn of the critics takes it.
        settings = replace(settings, steps=max(settings.steps // settings.critic_steps, 1))
    return Resolved(
        config=config,
        plugins=plugins,
        parts={slot: part.with_options(_own(slot, part, options)) for slot, part in parts.items()},
        options=options,
        settings=settings,
        origins={name: value.origin for name, value in said.items()},
        dataset=dataset,
        kind=scaled(settings.shrink, settings.shrink_by, settings.worn) if kind == "scaled" else kind,
    )


Said = list[tuple[Mapping[str, Any], str]]
"""Values by name, and who states them."""


def _papers(parts: Mapping[str, Part]) -> tuple[Said, Said]:
    """Return what the recipe's paper states with what follows it, and what a loss states that the user chose."""
    recipe, loss = parts["recipe"], parts.get("loss")
    stated: Said = [(_stated(recipe), f"recipe {recipe.plugin}")]
    game: Said = [(_stated(loss), f"loss {loss.plugin}")] if loss is not None else []
    default = (RunSettings().said(), "default")
    usual = getattr(recipe.factory, "defaults", Defaults()).loss or recipe.plugin
    # A run's configuration names the loss that a recipe has by default, too.
    if loss is not None and loss.plugin != usual:
        return [*stated, default], game
    return [*stated, *game, default], []


def _kind(recipe: Part, dataset: Dataset, wanted: str | None) -> Kind:
    """Return the kind of batches that the user wants, or the first of the recipe's that the data serves."""
    stated: str | tuple[str, ...] = getattr(recipe.factory, "kind", "")
    kinds = (stated,) if isinstance(stated, str) else stated
    if wanted is not None and wanted not in kinds:
        raise UsageError(f"setting kind: {recipe.plugin} trains on {' or '.join(kinds)} batches, not on {wanted} ones")
    can = served(dataset.kinds, *kinds)
    chosen = next((kind for kind in kinds if kind == wanted or (wanted is None and kind in can)), kinds[0])
    return kind_called(chosen, *dataset.kinds)


def _settable() -> list[str]:
    """Return the settings that `set` may say; the precision has a place of its own in a configuration."""
    return [name for name in options_of(RunSettings) if name != "precision"]


def _stated(part: Part) -> dict[str, Any]:
    settings: Settings = getattr(part.factory, "settings", Settings())
    return settings.said()


def _declared(parts: Mapping[str, Part]) -> dict[str, Option]:
    declared = {
        f"{prefix_of(slot)}{name}": option
        for slot, part in parts.items()
        for name, option in options_of(part.factory).items()
    }
    clash = (declared.keys() & options_of(Settings).keys()) - TAKEN_OVER
    if clash:
        raise UsageError(f"recipe {parts['recipe'].plugin}: option {min(clash)} bears the name of a setting")
    return declared


def _refuse_unknown(config: Config, known: list[str]) -> None:
    for name in config.set:
        # Options of the metrics by which a run is evaluated are held against these metrics, once they are loaded.
        if name not in known and owner_of(name) not in config.metrics:
            listing = pasted("gantk", "plugins", *config.plugins[:1])
            raise UsageError(f"no option is called {name}{meant(name, known, listing)}")


def _first(name: str, option: Option, said: Said) -> Value:
    for values, origin in said:
        if name in values:
            return Value(parse_value(option, values[name], name), origin)
    return Value(option.default, "default")


def _decay_from(option: Option, sources: Said, schedule: Any) -> Value:
    """Return where the schedule begins to fall, as it is said by none that states another schedule."""
    said = [(values, origin) for values, origin in sources[:-1] if values.get("schedule", schedule) == schedule]
    begins = DECAY_FROM.get(schedule, 0.0) if isinstance(schedule, str) else 0.0
    return _first("decay_from", option, [*said, ({"decay_from": begins}, "default")])


def _own(slot: str, part: Part, options: Mapping[str, Value]) -> dict[str, Any]:
    return {name: options[f"{prefix_of(slot)}{name}"].value for name in options_of(part.factory)}


def _refuse_silence(plugins: Plugins) -> None:
    """Raise PluginError where a plugin that the user named answers a part's hook wrongly, or with nothing."""
    for name in plugins.names:
        for hook in KINDS:
            plugins.factory(name, hook)
