"""The data that `--data` names, opened: a data set, or folders."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gantk.data.dataset import Dataset
from gantk.data.degraded import degraded
from gantk.data.folders import open_folders
from gantk.data.views import Turned
from gantk.errors import DataError, UsageError
from gantk.plugins.entrypoints import default, installed
from gantk.plugins.manager import load_plugins
from gantk.plugins.option_names import prefix_of, said_of
from gantk.plugins.options import Option, options_of
from gantk.runs.config import Config
from gantk.text import nearest

USER = "you"
"""The origin of what the user said."""

_PREFIX = prefix_of("dataset")

_MEANING = ("direction", "window", "window_b", "labels", "classes", "view", "noise", "hole")
"""Options that say what images mean to a network, wherever they lie."""


def data_options(config: Config) -> dict[str, Option]:
    """Return the options that the named data takes, as `-s data.NAME=VALUE`."""
    factory = _named(_data(config))
    folders = options_of(open_folders)
    own = {"direction": folders["direction"], **options_of(factory[0])} if factory else folders
    own |= {name: option for name, option in options_of(degraded).items() if name not in own}
    return {name: option for name, option in own.items() if name not in ("skip_bad", "workers", "progress")}


def data_option_names(config: Config) -> list[str]:
    """Return the names of these options as `-s` takes them."""
    return [f"{_PREFIX}{name}" for name in data_options(config)]


def data_values(config: Config) -> dict[str, tuple[Any, str]]:
    """Return the value of each of these options as `-s` names it, and who said it: the user, or nobody."""
    options = data_options(config)
    said = said_of(options, config.set, _PREFIX)
    return {
        f"{_PREFIX}{name}": (said[name], USER) if name in said else (option.default, "default")
        for name, option in options.items()
    }


def open_data(config: Config) -> Dataset:
    """Open the data of a run. Raises DataError or UsageError."""
    data = _data(config)
    options = said_of(data_options(config), config.set, _PREFIX)
    factory = _named(data)
    taken = options_of(factory[0] if factory else open_folders)
    view = {name: options.pop(name) for name in options_of(degraded) if name in options and name not in taken}
    return degraded(_opened(config, data, factory, options), **view)


def _opened(
    config: Config, data: list[str], factory: tuple[Any, str | None] | None, options: dict[str, Any]
) -> Dataset:
    if factory is not None:
        make, argument = factory
        turned = "direction" not in options_of(make) and options.pop("direction", "a_to_b") == "b_to_a"
        dataset: Dataset = make(argument, **options)
        return Turned(dataset) if turned else dataset
    paths = [Path(item).expanduser() for item in data]
    for path in paths:
        if not path.exists():
            raise DataError(
                f"no data set and no folder is called {path}{nearest(str(path), data_set_names(), 'gantk data')}"
            )
    folders: Dataset = open_folders(paths, skip_bad=config.skip_bad, **options)
    return folders


def of_other_data(config: Config, data: Sequence[str]) -> Config:
    """Return the configuration of other data that is read as a run's: which side is translated, what values mean."""
    other = Config(data=list(data), skip_bad=config.skip_bad)
    kept = {f"{_PREFIX}{name}" for name in data_options(other) if name in _MEANING}
    return other.model_copy(update={"set": {name: value for name, value in config.set.items() if name in kept}})


def missing_folders(config: Config) -> list[str]:
    """Return what a configuration names as data that is neither a data set nor there."""
    data = _data(config)
    if (file := data_file(config)) is not None:
        return [] if file.is_file() else [str(file)]
    return [item for item in data if not Path(item).expanduser().exists()] if _named(data) is None else []


def data_file(config: Config) -> Path | None:
    """Return the plugin file whose data set a configuration names (`FILE.py`, `FILE.py:ARGUMENT`), or None."""
    file, _ = _file_and_argument(_data(config)[0])
    return file


def with_data_file(config: Config, file: Path) -> Config:
    """Return a configuration whose data set's plugin file is elsewhere."""
    _, argument = _file_and_argument(_data(config)[0])
    return config.model_copy(update={"data": [f"{file}:{argument}" if argument else str(file)]})


def located(config: Config, dataset: Dataset) -> list[str]:
    """Return what finds the same data again from anywhere: `NAME:ARGUMENT`, or whole paths of its file or folders.

    The colon stands there without an argument too, since a folder may come to be called as the data set is.
    """
    data = _data(config)
    if (file := data_file(config)) is not None:
        data = with_data_file(config, file).data
        return data if dataset.argument is None else [f"{file}:{dataset.argument}"]
    if _named(data) is None:
        return [str(Path(item).expanduser().absolute()) for item in data]
    name, _, argument = data[0].partition(":")
    return [f"{name}:{argument if dataset.argument is None else dataset.argument}"]


def data_set_names() -> list[str]:
    """Return the names of the installed data sets."""
    return [name for name, plugin in installed().items() if "dataset" in plugin.hooks]


def _is_data_set(name: str) -> bool:
    """Return whether an installed data set is called so; no other plugin is looked at, which takes time."""
    plugin = installed().get(name)
    return plugin is not None and "dataset" in plugin.hooks


def _data(config: Config) -> list[str]:
    if config.data:
        return config.data
    named = default("data")
    if named is None:
        raise UsageError("say what to train on: --data NAME or --data FOLDER")
    return [named]


def _named(data: list[str]) -> tuple[Any, str | None] | None:
    """Return the factory and the argument of a data set that is named, or None.

    It is named by `name` or `name:argument`, where the name may be a plugin's file. Raises UsageError where the file
    brings no data set, or where a data set does not stand alone.
    """
    name, _, argument = data[0].partition(":")
    if len(data) > 1 and any(_file_and_argument(item)[0] for item in data):
        raise UsageError(f"--data {' --data '.join(data)}: a data set stands alone; two folders may stand together")
    file, said = _file_and_argument(data[0])
    if file is not None:
        plugins = load_plugins([str(file)])
        factory = plugins.factory(plugins.leading, "dataset")
        if factory is None:
            raise UsageError(f"--data {data[0]}: {file} brings no data set; a folder of images needs none")
        return factory, said
    if len(data) > 1 and any(_is_data_set(item.partition(":")[0]) and not Path(item).is_dir() for item in data):
        raise UsageError(f"--data {' --data '.join(data)}: a data set stands alone; two folders may stand together")
    if len(data) > 1 or not _is_data_set(name) or Path(data[0]).is_dir():
        return None
    return load_plugins([name]).factory(name, "dataset"), argument or None


def _file_and_argument(said: str) -> tuple[Path | None, str | None]:
    """Return the plugin file that `--data` names, and what follows its colon; None where it names none."""
    found = re.fullmatch(r"(.+\.py)(?::(.*))?", said, re.DOTALL)
    if found is None or Path(said).expanduser().is_dir():
        return None, None
    return Path(found[1]).expanduser().absolute(), found[2] or None
