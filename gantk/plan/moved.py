"""A run whose data or plugin files may have moved, or may be another's: what is asked before its code runs."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from gantk.documents import quoted, regular_file, shortened
from gantk.errors import DataError, PluginError, UsageError
from gantk.plan.open_data import data_file, missing_folders, with_data_file
from gantk.plugins.slots import as_fields, named_in
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.text import pasted

Say = Callable[[str], object]


def recalled(run: Run, plugins: Sequence[str], say: Say) -> Config:
    """Return a run's configuration with its plugin files where they are now; `plugins` names those that have moved.

    Nothing of them is imported here. A file that lies in the run itself came with it, perhaps from elsewhere, and one
    that is named by no whole path was named by another than gantk: they are used only where the user names them. `say`
    is told of one that has changed since the run was started.
    Raises UsageError where a file that is named is not the run's, PluginError where one is missing or not trusted.
    """
    config = run.config
    for file in plugins:
        config = _with_plugin(run, config, file)
    named, recorded = {_place(file) for file in plugins}, run.manifest.plugins
    for file in _files(config):
        path = _place(file)
        if not path.is_file():
            raise PluginError(f"{path}, a plugin of {run.path}, is not there: say where it is now, --plugin FILE")
        if path not in named:
            _refuse_foreign(run, path, file, "--plugin")
        if recorded.get(path.stem) not in (None, plugin_digest(path)):
            say(f"note: {path} has changed since {run.path} was started")
    return config


def with_data(run: Run, config: Config, data: Sequence[str]) -> Config:
    """Return a run's configuration with its data where they are now: where `data` names them, or where they were.

    Raises DataError where they are not there, PluginError where a file that brings them came with the run.
    """
    config = config.model_copy(update={"data": list(data)}) if data else config
    if missing := missing_folders(config):
        raise DataError(
            f"{missing[0]}, the data of {run.path}, is not there: say where it is now, --data FOLDER"
            if not data
            else f"no data set and no folder is called {missing[0]}"
        )
    file = data_file(config)
    if file is not None and not data and file not in map(_place, _files(config)):
        _refuse_foreign(run, file, config.data[0], "--data")
    return config


def plugin_digest(path: Path) -> str:
    """Return what a plugin file's contents are known by. Raises PluginError where it cannot be read."""
    try:
        regular_file(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise PluginError(f"{path} cannot be read: {shortened(error)}") from error


def _refuse_foreign(run: Run, path: Path, said: str, option: str) -> None:
    """Raise PluginError where a plugin's file lies in the run itself, or is not named as gantk names it."""
    if path.resolve().is_relative_to(run.path.resolve()):
        how = "came with the run"
    elif not Path(said).is_absolute():
        how = f"is named as {quoted(said)} by the run, which gantk does not write"
    else:
        return
    raise PluginError(
        f"{path} {how}, and using the run would execute it: read it, and if you trust it, say so: "
        f"{option} {pasted(path)}"
    )


def _with_plugin(run: Run, config: Config, file: str) -> Config:
    brings = data_file(config)
    files = [*_files(config), *([str(brings)] if brings is not None else [])]
    same = [known for known in files if Path(known).stem == Path(file).stem]
    gone = [known for known in files if not _place(known).is_file()]
    if not file.endswith(".py") or not _place(file).is_file():
        raise UsageError(f"--plugin {file} is no Python file: of a run, only the place of its plugin files may be said")
    if not same and len(gone) != 1:
        known = f"its plugin files are {', '.join(files)}" if files else "it uses no plugin files"
        raise UsageError(f"{file} is no plugin of {run.path}: {known}")
    before, now = (same or gone)[0], str(_place(file))

    def place(name: str | None) -> str | None:
        return now if name == before else name

    if brings is not None and brings in (_place(before), _place(before).resolve()):
        config = with_data_file(config, Path(now))
    return config.model_copy(
        update={
            "plugins": [place(name) for name in config.plugins],
            **as_fields({slot: place(name) for slot, name in named_in(config).items()}),
        }
    )


def _files(config: Config) -> list[str]:
    """Return the plugin files that a configuration names, as it names them."""
    named = [*config.plugins, *named_in(config).values()]
    files = [name for name in named if name and (name.endswith(".py") or "/" in name or "\\" in name)]
    return list(dict.fromkeys(files))


def _place(file: str) -> Path:
    return Path(file).expanduser().absolute()
