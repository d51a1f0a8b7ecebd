"""Runs at a glance: what each trained, how far it came, how it scored, and in what they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gantk.errors import GantkError
from gantk.runs.lock import is_held
from gantk.runs.run import Run
from gantk.runs.scores import Scored, kept_scores, scores

State = Literal["training", "trained", "stopped", "not begun", "damaged"]


@dataclass(frozen=True)
class Overview:
    """A run at a glance.

    Attributes:
        run: the run.
        state: whether it is being trained, came to its end, or stopped before; `damaged`: its files cannot be read.
        plugin: the recipe's.
        data: names of the data.
        step: the newest checkpoint's; 0: there is none.
        steps: how long it shall be; None: unknown.
        bytes: what its folder takes.
        newest: the newest score of each protocol.
    """

    run: Run
    state: State
    plugin: str
    data: str
    step: int
    steps: int | None
    bytes: int
    newest: Sequence[Scored]


def runs_in(folders: Sequence[Path]) -> Iterator[Run]:
    """Yield the runs among folders, and those that lie in them, by name."""
    for folder in folders:
        run = Run(folder)
        if run.started:
            yield run
            continue
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        yield from (Run(path) for path in inner if Run(path).started)


def overview(run: Run) -> Overview:
    """Return a run at a glance, also of one whose files cannot be read."""
    steps = [int(folder.name) for folder in run.checkpoints().all()]
    step, held, size = max(steps, default=0), is_held(run.path), _bytes(run.path)
    try:
        config = run.config
        name = Path(config.plugins[0]).stem if config.plugins else ""
        length = config.set.get("steps")
        data = run.manifest.data.name
    except GantkError:
        return Overview(run, "training" if held else "damaged", "", "", step, None, size, ())
    total = length if isinstance(length, int) else None
    state: State = "training" if held else "not begun" if not step else "stopped"
    if state == "stopped" and total is not None and step >= total:
        state = "trained"
    newest = {one.protocol: one for one in scores(run)}
    return Overview(run, state, name, data, step, total, size, tuple(newest.values()))


def differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return what runs were told that not all of them were, by name: a value for each run, None where there is none.

    Raises UsageError where a configuration cannot be read.
    """
    told = [dict(_told(run.config.model_dump())) for run in runs]
    names = dict.fromkeys(name for one in told for name in one)
    rows = {name: [one.get(name) for one in told] for name in names}
    return {name: values for name, values in rows.items() if any(value != values[0] for value in values)}


def _told(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if name in ("set", "normalization") and isinstance(value, Mapping):
            yield from ((inner if name == "set" else f"{name}.{inner}", each) for inner, each in value.items())
        elif not isinstance(value, list) or value:
            yield name, value


def side_by_side(runs: Sequence[Run]) -> list[tuple[Scored, list[Scored | None]]]:
    """Return the newest score of each protocol, one of each run; what does not compare stands in rows of its own."""
    rows: dict[tuple[object, ...], list[Scored | None]] = {}
    for number, run in enumerate(runs):
        for one in scores(run):
            rows.setdefault(one.protocol, [None] * len(runs))[number] = one
    return [(next(filter(None, row)), row) for row in rows.values()]


def superfluous(run: Run, keep: int) -> list[Path]:
    """Return the checkpoints of a run that are neither among the newest, nor the best by a score that was recorded."""
    found = run.checkpoints().all()
    by_protocol: dict[tuple[object, ...], list[Scored]] = {}
    for one in kept_scores(run):
        by_protocol.setdefault(one.protocol, []).append(one)
    best = {
        max(group, key=lambda one: (one.value if one.better == "higher" else -one.value, one.step)).step
        for group in by_protocol.values()
    }
    return [folder for folder in found[:-keep] if int(folder.name) not in best]


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def bytes_of(folders: Sequence[Path]) -> int:
    """Return what folders take."""
    return sum(map(_bytes, folders))
