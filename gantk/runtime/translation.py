"""Many image files through a model, to files of the same names."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gantk.data.dataset import Array
from gantk.data.reading import SUFFIXES
from gantk.errors import DataError, GantkError, UsageError
from gantk.runtime.card import Card
from gantk.runtime.files import image_files, written_aside
from gantk.runtime.images import format_of, read, write
from gantk.runtime.model import Model
from gantk.runtime.pipeline import ahead
from gantk.runtime.taking import Entry, in_batches, take


@dataclass(frozen=True)
class Job:
    """An image file, and where its translation goes; `keeps_format`: written in the format it was read in."""

    source: Path
    target: Path
    keeps_format: bool


@dataclass(frozen=True)
class Outcome:
    """What became of a job: `problem` says in a line why its image was skipped; empty: it was translated."""

    job: Job
    problem: str = ""

    @property
    def source(self) -> Path:
        """The image file."""
        return self.job.source


def plan(inputs: Sequence[Path], out: Path, *, recursive: bool = False) -> list[Job]:
    """Return a job for each file among the inputs, and for each image in the folders among them, or below these.

    `out` is a file where the one input is a file and `out` has a suffix, else a folder. Raises UsageError where an
    input is missing or would be overwritten, or where two inputs would go to one file.
    """
    places = image_files(inputs, recursive=recursive)
    if len(inputs) == 1 and inputs[0].is_file() and out.suffix and not out.is_dir():
        if out.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{out}: a file of this kind cannot be written; use {', '.join(sorted(SUFFIXES))}")
        if (out.suffix.lower() == ".npy") != (inputs[0].suffix.lower() == ".npy"):
            raise UsageError(f"{inputs[0]} -> {out}: an array goes to a .npy file, an image to an image file")
        jobs = [Job(inputs[0], out, keeps_format=False)]
    elif out.exists() and not out.is_dir():
        raise UsageError(f"{out}: a file; several images need a folder")
    else:
        jobs = [Job(source, out / place, keeps_format=True) for source, place in places.items()]
    if recursive and (inside := [path for path in inputs if path.resolve() in (out.resolve(), *out.resolve().parents)]):
        raise UsageError(f"{out}: lies in {inside[0]}, whose folders are all translated; choose another --out")
    _refuse_losses(jobs)
    return jobs


def _refuse_losses(jobs: list[Job]) -> None:
    sources = {job.source.resolve() for job in jobs}
    targets: dict[Path, Path] = {}
    for job in jobs:
        target = job.target.resolve()
        if target in sources:
            raise UsageError(f"{job.target}: would overwrite an input; choose another --out")
        if target in targets:
            raise UsageError(f"{targets[target]} and {job.source} would both go to {job.target}; translate them apart")
        targets[target] = job.source


@dataclass(frozen=True)
class Read:
    """A job whose image was read: the format to write, and what goes along with the pixels."""

    job: Job
    file_format: str | None = None
    companions: Mapping[str, bytes] = field(default_factory=dict)


def translate_files(
    model: Model, jobs: Sequence[Job], batch_size: int = 1, *, tile: int | None = None, exact: bool = False
) -> Iterator[Outcome]:
    """Do the jobs, running up to `batch_size` neighbouring images of one size together; tell of each in order.

    Images are read and written in threads while the model runs. With `tile`, images are run in strips
    (`Model.strips`), and one is in memory at a time. An image that cannot be read, taken or run is skipped. Raises
    GantkError where a file cannot be written, UsageError where the model cannot run in strips.
    """
    if tile is not None:
        model.cut()
    run = partial(model.run, tile=tile, exact=exact)
    workers = os.cpu_count() or 1
    window = 0 if tile else 2 * max(workers, batch_size)
    with ThreadPoolExecutor(workers) as threads:
        entries = ahead(threads, partial(_entry, card=model.card), jobs, window)
        answers = (answer for batch in in_batches(entries, batch_size) for answer in _answers(run, batch))
        yield from ahead(threads, _written, answers, window)


def _entry(job: Job, card: Card) -> Entry[Read]:
    try:
        image = read(job.source)
        return Entry(Read(job, _format(image, job), _companions(image)), take(image, card))
    except DataError as error:
        return Entry(Read(job), None, str(error).removeprefix(f"{job.source}: "))


def _format(image: Image.Image | Array, job: Job) -> str | None:
    if not isinstance(image, Image.Image):
        return None
    kept = {"MPO": "JPEG"}.get(image.format or "", image.format)
    return kept if job.keeps_format else format_of(job.target)


def _companions(image: Image.Image | Array) -> dict[str, bytes]:
    """Return the colour profile of an image in grey or RGB, and its EXIF data, from which orientation is gone.

    A TIFF has no EXIF data that could be told from its structure.
    """
    if not isinstance(image, Image.Image):
        return {}
    known = {"icc_profile": image.info.get("icc_profile")} if image.mode in ("L", "LA", "RGB", "RGBA", "P") else {}
    exif = image.getexif()
    return {name: value for name, value in {**known, "exif": exif.tobytes() if exif else None}.items() if value}


def _answers(run: Callable[[Array], Array], batch: list[Entry[Read]]) -> Iterator[tuple[Read, Any, str]]:
    """Yield each image's job with the answer in the kind of its image, or with why there is none."""
    ready = [(entry.item, entry.taken) for entry in batch if entry.taken]
    if not ready:
        yield from ((entry.item, None, entry.problem) for entry in batch)
        return
    try:
        answer = run(np.concatenate([taken.batch for _, taken in ready]))
    except GantkError as error:
        yield from ((item, None, str(error)) for item, _ in ready)
        return
    ends = np.cumsum([len(taken.batch) for _, taken in ready])
    for (item, taken), part in zip(ready, np.split(answer, ends[:-1]), strict=True):
        yield item, partial(taken.give, part), ""


def _written(answer: tuple[Read, Any, str]) -> Outcome:
    item, give, problem = answer
    if problem:
        return Outcome(item.job, problem)
    try:
        with written_aside(item.job.target) as aside:
            write(give(), aside, item.file_format, item.companions)
    except DataError as error:
        return Outcome(item.job, str(error))
    return Outcome(item.job)
