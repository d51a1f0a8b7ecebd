"""What `gantk data` says of a data set, or of folders, as text or JSON."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from gantk.cli.output import say

if TYPE_CHECKING:
    from gantk.data.checks import Column, Findings
    from gantk.data.dataset import Dataset
    from gantk.data.folder_dataset import FolderDataset
    from gantk.data.image_file import ReportProgress


def show_named(dataset: "Dataset", as_json: bool) -> None:
    """Show what a named data set says of itself."""
    from gantk.data.kinds import served

    kind = dataset.kinds[0]
    counts = {
        share: {key: len(column) for group in dataset.split(kind, test, None).groups for key, column in _images(group)}
        for share, test in (("train", False), ("test", True))
    }
    found: dict[str, Any] = {
        "name": dataset.name,
        "summary": dataset.summary,
        "licence": dataset.licence,
        "kinds": list(served(dataset.kinds)),
        "counts": counts,
        "classes": list(dataset.classes),
        "domains": list(dataset.domains),
        "credits": list(dataset.credits),
    }
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    say(dataset.summary or dataset.name)
    _line("kinds", ", ".join(found["kinds"]))
    _line("licence", dataset.licence or "unknown")
    _show_counts(counts)
    for name in ("classes", "domains"):
        if found[name]:
            _line(name, ", ".join(found[name]))
    _show_list("credits", found["credits"])


def show_folders(dataset: "FolderDataset", as_json: bool) -> None:
    """Look at every image of folders, and show what they hold and what is wrong.

    Ends with exit status 1 where something is wrong that would stop training.
    """
    from gantk.data.checks import check
    from gantk.data.classes import classes_in_words
    from gantk.data.kinds import served

    survey = dataset.survey()
    with _progress() as progress:
        findings = check(dataset.arranged, progress=progress, survey=survey)
    # What is trained on is known once every image was looked at.
    dataset.bad.update(findings.bad)
    stops = _what_stops(dataset, findings) + (survey.stops if survey else [])
    palette = survey.palette if survey else None
    questions = _what_is_asked(dataset, findings)
    captioned, captions = _captioned(dataset)
    if as_json:
        found = {
            "name": dataset.name,
            "summary": dataset.summary,
            "kinds": served(dataset.kinds),
            "stops": stops,
            "readings": dataset.readings,
            "questions": questions,
            "passed_over": dict(dataset.passed_over),
            "label_classes": list(palette.names) if palette else [],
            "captioned": captioned,
        }
        click.echo(json.dumps(found | _plain(findings), indent=2))
    else:
        say(dataset.summary)
        _line("kinds", ", ".join(served(dataset.kinds)))
        _show_counts(findings.counts)
        if captioned is not None:
            _line("captions", captions)
        for key, column in findings.columns.items():
            if column.modes:
                _show_column(key, column)
        if palette:
            _line("label classes", classes_in_words(palette))
        _show_list("wrong, training stops", stops)
        _show_list("read so", dataset.readings)
        _show_list("is this meant?", questions)
        _show_list("constant images", [str(path) for path in findings.constant])
        _show_list("exact duplicates", [" = ".join(map(str, same)) for same in findings.duplicates])
        _show_list("same image on both sides of the split", [" = ".join(map(str, same)) for same in findings.shared])
    if findings.bad and not as_json:
        say("Mend or remove these files, or train without them: --skip-bad.", err=True)
    if stops:
        raise click.exceptions.Exit(1)


def _captioned(dataset: "FolderDataset") -> tuple[int | None, str]:
    """Return how many images have a caption, None where captions are not read, and the same in words."""
    from gantk.errors import DataError

    try:
        count = dataset.captioned
    except DataError as error:
        # Recipes that read none can be trained all the same.
        return 0, f"none, {error}"
    return count, f"{count} of {dataset.arranged.total} images have one"


def _what_stops(dataset: "FolderDataset", findings: "Findings") -> list[str]:
    stops = [*dataset.unfit, *(f"{path} {reason}" for path, reason in findings.bad.items())]
    enough = any if dataset.classes else all
    if not enough(findings.counts["train"].values()):
        stops.append(f"{dataset.name}: no image is left to train on")
    for key, column in findings.columns.items():
        low, high = column.values
        meaning, floats = dataset.meanings[key], any(mode.startswith("float") for mode in column.modes)
        if low == high and meaning.window is None and (floats or meaning.labels) and column.modes:
            stops.append(
                f"{dataset.name}: all {'float images' if floats else 'label maps'} ({key}) have the one value {low:g}"
            )
    return stops


def _what_is_asked(dataset: "FolderDataset", findings: "Findings") -> list[str]:
    if dataset.unfit:
        return []
    return [
        asked
        for key, column in findings.columns.items()
        if column.dtype and (asked := dataset.meanings[key].question(column.dtype, *column.values, column.ids))
    ]


def _show_counts(counts: Mapping[str, Mapping[str, int]]) -> None:
    for share, by_key in counts.items():
        _line(share, ", ".join(f"{key} {count}" for key, count in by_key.items()) if any(by_key.values()) else "none")


def _show_column(key: str, column: "Column") -> None:
    _line(f"{key}: size", ", ".join(f"{name} {width}x{height}" for name, (width, height) in column.sizes.items()))
    _line(f"{key}: mode", ", ".join(f"{mode} ({count})" for mode, count in column.modes.items()))
    _line(f"{key}: values", f"{column.values[0]:g} to {column.values[1]:g}")


def _show_list(title: str, items: Sequence[str]) -> None:
    if not items:
        return
    say(f"{title}: {len(items)}")
    for item in items:
        say(f"  {item}")


def _line(name: str, text: str) -> None:
    say(f"  {name:<16} {text}")


def _images(group: Any) -> list[tuple[str, Any]]:
    return [(key, column) for key, column in group.columns.items() if hasattr(column, "window")]


def _plain(findings: "Findings") -> dict[str, Any]:
    from dataclasses import asdict

    found = asdict(findings) | {"bad": {str(path): reason for path, reason in findings.bad.items()}}
    for name in ("duplicates", "shared"):
        found[name] = [[str(path) for path in same] for same in found[name]]
    return found | {"constant": [str(path) for path in findings.constant]}


@contextmanager
def _progress() -> "Iterator[ReportProgress | None]":
    """Give what shows progress on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking at images")
        yield lambda done, total: bar.update(task, completed=done, total=total)
