"""The report of runs: their page as one file that reads nothing else, with all that they were made of."""

import io
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors import SafetensorError, safe_open

from gantk.errors import GantkError
from gantk.runs.curves import Curves
from gantk.runs.overview import differences, overview, side_by_side
from gantk.runs.page import assembled, facts_of, previews_in, scored
from gantk.runs.run import Run
from gantk.runs.warnings import noted
from gantk.text import bytes_said, printable

MOST = 24
"""Previews of a run in a report, spread over its steps; of more, the file would be too large to send."""

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
_BESIDE = ("optimizers", "statistics")

Table = dict[str, Any]
"""What `title`s a table, its `head`, and its `rows`, all of text."""


def report(runs: Sequence[Run]) -> str:
    """Return the page of one run, or of several side by side. Raises GantkError where a run cannot be read."""
    return assembled({"runs": [_said(run, _embedded_of(run)) for run in runs], "tables": _told(runs)})


def news(runs: Sequence[Run], address: Callable[[int, int], str]) -> dict[str, Any]:
    """Return what a page of runs says now, whose previews are read from an address, of a run's number and a step.

    Raises GantkError where a run cannot be read.
    """
    said = [
        _said(run, {step: address(number, step) for step in previews_in(run.path / "previews")})
        for number, run in enumerate(runs)
    ]
    return {"runs": [one | {"updated": time.time()} for one in said], "tables": _told(runs), "watched": True}


def _told(runs: Sequence[Run]) -> list[Table]:
    return [table for table in _tables(runs) if table["rows"]]


def _embedded_of(run: Run) -> dict[int, str]:
    return {step: _embedded(path, whole=last) for step, path, last in _chosen(run)}


def _said(run: Run, images: Mapping[int, str]) -> dict[str, Any]:
    stands = overview(run)
    curves = Curves()
    curves.read(run.path / "scalars.jsonl")
    columns = curves.columns()
    step = max([stands.step, *columns["steps"]])
    return facts_of(run) | {
        "start": 0,
        "step": step,
        "total": stands.steps or step,
        "state": stands.state,
        "why": "",
        "began": 0,
        "updated": 1,
        "previews": sorted(images),
        "images": images,
        "curves": columns,
        "scores": scored(run),
        "warnings": [str(one) for one in noted(run)],
    }


def _chosen(run: Run) -> Iterator[tuple[int, Path, bool]]:
    """Yield steps of previews with their files, the first and the last among them, and whether it is the last."""
    steps = sorted(previews_in(run.path / "previews"))
    many = len(steps) > MOST
    chosen = [steps[round(i * (len(steps) - 1) / (MOST - 1))] for i in range(MOST)] if many else steps
    for step in chosen:
        yield step, run.path / "previews" / f"{step:06d}.png", step == chosen[-1]


def _embedded(path: Path, *, whole: bool) -> str:
    """Return an image as an address that holds it: the last as it is, those before a tenth as large and nearly so."""
    try:
        data, kind = path.read_bytes(), "png"
        if not whole:
            with Image.open(io.BytesIO(data)) as image:
                packed = io.BytesIO()
                image.convert("RGB").save(packed, "WEBP", quality=85)
            if packed.tell() < len(data):
                data, kind = packed.getvalue(), "webp"
    except (OSError, ValueError) as error:
        raise GantkError(f"cannot read {path}: {error}; delete it, and say it again") from error
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def _tables(runs: Sequence[Run]) -> Iterator[Table]:
    names = [printable(run.path.absolute().name) for run in runs]
    head = ["", *names] if len(runs) > 1 else []
    if len(runs) > 1:
        told = differences(runs)
        yield _table("Settings that differ", head, ([name, *values] for name, values in told.items()))
    measured = side_by_side(runs)
    rows = ([one.name, *(_score(score) for score in row), one.better] for one, row in measured)
    yield _table("Newest scores", ["", *(names if len(runs) > 1 else [""]), "better"], rows)
    yield from _of_each("Networks", ["", "parameters", "in the file"], names, [list(networks(run)) for run in runs])
    yield from _of_each("Data", [], names, [list(_data(run)) for run in runs])
    yield _table("Made on", head, _side_by_side([_made_on(run) for run in runs]))
    if len(runs) == 1:
        yield _table("Settings", [], _settings(runs[0]))


def _settings(run: Run) -> Iterator[list[Any]]:
    """Yield what a run was told by name; what its steps are stands there where they are none of today's."""
    config = run.config.model_dump(mode="json")
    said = {**{name: value for name, value in config.items() if name != "set"}, **config["set"]}
    for name, value in said.items():
        if value not in (None, [], {}) and (name, value) != ("steps_are", "rounds"):
            yield [name, value]


def _of_each(title: str, head: Sequence[str], names: Sequence[str], tables: Sequence[Any]) -> Iterator[Table]:
    """Yield a table for each run, one for those that have the same."""
    for number, rows in enumerate(tables):
        if rows not in tables[:number]:
            alike = [name for name, other in zip(names, tables, strict=True) if other == rows]
            yield _table(title if len(alike) == len(names) else f"{title} of {', '.join(alike)}", head, rows)


def _table(title: str, head: Sequence[str], rows: Any) -> Table:
    return {"title": title, "head": list(head), "rows": [[_text(cell) for cell in row] for row in rows]}


def networks(run: Run) -> Iterator[list[str]]:
    """Yield each network of the newest checkpoint, with its parameters and the size of its file."""
    folders = run.checkpoints().all()
    for path in sorted(folders[-1].glob("*.safetensors")) if folders else ():
        name = path.name.removesuffix(".safetensors")
        if name in _BESIDE or name.startswith(("recipe-", "random-")):
            continue
        try:
            with safe_open(path, "numpy") as file:
                count = sum(_numbers(file.get_slice(key).get_shape()) for key in file.keys() if _learned(key))  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise GantkError(f"cannot read {path}: {error}") from error
        yield [name, f"{count:,}", bytes_said(path.stat().st_size)]


def _numbers(shape: Sequence[int]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def _learned(key: str) -> bool:
    return key.rpartition(".")[2] not in _STATISTICS


def _data(run: Run) -> Iterator[list[str]]:
    """Yield the card of a run's data."""
    facts = run.manifest.data
    yield ["name", facts.name]
    yield ["read as", facts.summary]
    yield ["batches", facts.kind]
    for key, image in facts.images.items():
        yield [key, f"{image.channels} channels of {image.dtype}, {image.window[0]:g} to {image.window[1]:g}"]
    yield ["size", f"{run.config.set.get('size', '')} px"]
    if facts.classes:
        yield ["labels", ", ".join(facts.classes)]
    yield ["licence", facts.licence or "not stated"]
    yield ["fingerprint", facts.fingerprint]


def _made_on(run: Run) -> dict[str, str]:
    extra: Mapping[str, Any] = run.manifest.model_extra or {}
    versions = extra.get("versions")
    facts = {
        name: extra.get(name) for name in ("started", "device", "precision", "processes", "python", "platform", "git")
    }
    return {
        **{name: _text(value) for name, value in facts.items() if value is not None},
        **({name: _text(value) for name, value in versions.items()} if isinstance(versions, Mapping) else {}),
    }


def _side_by_side(columns: Sequence[Mapping[str, str]]) -> Iterator[list[str]]:
    for name in dict.fromkeys(name for column in columns for name in column):
        yield [name, *(column.get(name, "") for column in columns)]


def _score(score: Any) -> str:
    return "" if score is None else f"{score.value:.4g} at step {score.step}"


def _text(value: Any) -> str:
    """Return a value as a person reads it: lists with commas, what has names as `name value`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(name)} {_text(one)}".strip() for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else printable(value)
