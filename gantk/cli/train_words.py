"""What was said to `gantk train`: the configuration of a new run, or what is said anew of one that goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gantk.cli.named import named_value
from gantk.plan.changes import CHANGEABLE
from gantk.plugins.kinds import CHOSEN, KINDS
from gantk.sizes import Sides

if TYPE_CHECKING:
    from gantk.runs.config import Config

SETTINGS = ("steps", "size", "batch_size")
"""Settings that have an option of their own."""

BY_ROLE = tuple(kind for kind in CHOSEN if KINDS[kind].by_role)
"""Kinds of parts of which each network has its own."""

RESUMABLE = (
    *("steps", "device", "precision", "workers"),
    *("log_every", "preview_every", "preview_images", "checkpoint_every", "keep"),
    *("evaluate_every", "metrics", "evaluate_images", "patience", "doctor"),
)
"""What may be said anew when a run goes on."""


def values_of(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said on the command line, by the names of the configuration."""
    values = {name: value for name, value in said.items() if value is not None and value != () and name not in SETTINGS}
    chosen: dict[str, Any] = dict(named_value(item) for item in values.pop("sets", ()))
    own = {name: said[name] for name in SETTINGS if said[name] is not None}
    chosen |= {name: value.written if isinstance(value, Sides) else value for name, value in own.items()}
    if direction := values.pop("direction", None):
        chosen["data.direction"] = direction
    if chosen:
        values["set"] = chosen
    if "compiled" in values:
        values["compile"] = values.pop("compiled")
    if "metrics" in values:
        values["metrics"] = [name.strip() for said_once in values["metrics"] for name in said_once.split(",")]
    for kind in values.keys() & BY_ROLE:
        values[kind] = dict(item.split("=", 1) if "=" in item else ("", item) for item in values[kind])
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def request_of(path: Path | None, said: dict[str, Any]) -> Config:
    """Return the configuration file's values with the command line's over them."""
    from gantk.runs.config import check_config, read_config

    values = values_of(said)
    stated = read_config(path).model_dump(exclude_unset=True) if path is not None else {}
    for kind in BY_ROLE:
        if "" in values.get(kind, {}):
            stated.pop(kind, None)
    for name in ("set", *BY_ROLE):
        if name in stated and name in values:
            values[name] = stated[name] | values[name]
    config: Config = check_config(stated | values, "the command line")
    return config


def going_on_with(run: Path, said: dict[str, Any]) -> dict[str, Any]:
    """Return what is said to a run that goes on, as `Again` takes it, but for the step.

    Raises UsageError where there is no run, or where what is said is for a new one; GantkError where it has no
    checkpoint.
    """
    from gantk.runs.run import open_run

    places = {"data": said.pop("data"), "plugins": said.pop("plugins")}
    files = _pretrained(run, said)
    changes = _resumed(said)
    open_run(run).checkpoints().newest()
    return {"changes": changes, "pretrained": files, **places}


def _pretrained(run: Path, said: dict[str, Any]) -> dict[str, str]:
    """Take from the options that were said those of a run's that name files of pretrained networks, and return them."""
    from gantk.runs.run import open_run

    known = open_run(run).manifest.pretrained if said["sets"] else {}
    files = {name: str(value) for name, value in map(named_value, said["sets"]) if name in known}
    said["sets"] = tuple(item for item in said["sets"] if named_value(item)[0] not in files)
    return files


def _resumed(said: dict[str, Any]) -> dict[str, Any]:
    values = values_of(said)
    steps: dict[str, Any] = values.pop("set", {})
    may = ("steps", *CHANGEABLE)
    foreign = [*(name for name in values if name not in RESUMABLE), *(name for name in steps if name not in may)]
    if foreign:
        raise click.UsageError(
            f"--resume goes on with the run's own configuration: leave out {foreign[0]}; "
            f"only {', '.join((*RESUMABLE, *CHANGEABLE))} may be said anew, and by data and plugin where its files are "
            "now"
        )
    return values | steps


def said_beside(resume: Path | None, config: Path | None, said: dict[str, Any]) -> str:
    """Return the first option that is said beside --replay and that would make another run of it; empty: none."""
    others = {"resume": resume, "config": config, **values_of(dict(said))}
    return next((name.replace("_", "-") for name, value in others.items() if value is not None), "")
