"""Many image files through a model, to files of the same names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from gantk.data.dataset import Array
from gantk.data.reading import SUFFIXES
from gantk.errors import DataError, GantkError, UsageError
from gantk.runtime.card import Card
from gantk.runtime.files import image_files, written_aside
from gantk.runtime.images import format_of, read, write
from gantk.runtime.model import Model
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


def plan(inputs: Sequence[Path], out: Path) -> list[Job]:
    """Return a job for each file among the inputs, and for each image in the folders among them.

    `out` is a file where the one input is a file and `out` has a suffix, else a folder. Raises UsageError where an
    input is missing or would be overwritten, or where two inputs would go to one file.
    """
    sources = image_files(inputs)
    if len(inputs) == 1 and inputs[0].is_file() and out.suffix and not out.is_dir():
        if out.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{out}: a file of this kind cannot be written; use {', '.join(sorted(SUFFIXES))}")
        if (out.suffix.lower() == ".npy") != (sources[0].suffix.lower() == ".npy"):
            raise UsageError(f"{sources[0]} -> {out}: an array goes to a .npy file, an image to an image file")
        jobs = [Job(sources[0], out, keeps_format=False)]
    elif out.exists() and not out.is_dir():
        raise UsageError(f"{out}: a file; several images need a folder")
    else:
        jobs = [Job(source, out / source.name, keeps_format=True) for source in sources]
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


def translate_files(
    model: Model, jobs: Sequence[Job], batch_size: int = 1, *, tile: int | None = None, exact: bool = False
) -> Iterator[Outcome]:
    """Do the jobs, running up to `batch_size` neighbouring images of one size together; tell of each in order.

    With `tile`, images are run in strips (`Model.strips`). An image that cannot be read, taken or run is skipped.
    Raises GantkError where a file cannot be written.
    """
    run = partial(model.run, tile=tile, exact=exact)
    for batch in in_batches((_entry(job, model.card) for job in jobs), batch_size):
        yield from _finish(run, batch)


def _entry(job: Job, card: Card) -> Entry[tuple[Job, str | None]]:
    try:
        image = read(job.source)
        return Entry((job, _format(image, job)), take(image, card))
    except DataError as error:
        return Entry((job, None), None, str(error).removeprefix(f"{job.source}: "))


def _format(image: Image.Image | Array, job: Job) -> str | None:
    if not isinstance(image, Image.Image):
        return None
    kept = {"MPO": "JPEG"}.get(image.format or "", image.format)
    return kept if job.keeps_format else format_of(job.target)


def _finish(run: Callable[[Array], Array], batch: list[Entry[tuple[Job, str | None]]]) -> Iterator[Outcome]:
    ready = [(entry.item, entry.taken) for entry in batch if entry.taken]
    if not ready:
        yield from (Outcome(entry.item[0], entry.problem) for entry in batch)
        return
    try:
        answer = run(np.concatenate([taken.batch for _, taken in ready]))
    except GantkError as error:
        yield from (Outcome(job, str(error)) for (job, _), _ in ready)
        return
    ends = np.cumsum([len(taken.batch) for _, taken in ready])
    for ((job, file_format), taken), part in zip(ready, np.split(answer, ends[:-1]), strict=True):
        try:
            with written_aside(job.target) as aside:
                write(taken.give(part), aside, file_format)
        except DataError as error:
            yield Outcome(job, str(error))
        else:
            yield Outcome(job)
