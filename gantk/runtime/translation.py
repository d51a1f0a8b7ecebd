"""Many image files through a model, to files of the same names."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.known import SHOWN, SUFFIXES
from gantk.errors import DataError, GantkError, UsageError, without_name
from gantk.runtime.card import Card
from gantk.runtime.files import image_files, written_aside
from gantk.runtime.given import Given
from gantk.runtime.images import companions_of, format_of, is_reduced, kept_format, note_of, read, write
from gantk.runtime.inputs import ReadyImage, as_given
from gantk.runtime.model import Model
from gantk.runtime.overlap import Answer, answers, overlapped
from gantk.runtime.partners import Partners
from gantk.runtime.strips.pixel_rows import Changed
from gantk.runtime.strips.sinks import write_strips
from gantk.runtime.strips.sources import Source, opened


@dataclass(frozen=True)
class Job:
    """An image file, and where its translation goes; `keeps_format`: written in the format it was read in."""

    source: Path
    target: Path
    keeps_format: bool


@dataclass(frozen=True)
class JobOutcome:
    """What became of a job.

    Attributes:
        job: what was to be done.
        problem: says in a line why its image was skipped; empty: it was translated.
        reduced: whether its image has 16 bits a channel, of which the model took 8.
        fitted: whether its image was brought to the one size that the model takes.
        note: what was decided when its image was read, in words that follow its name; mostly empty.
    """

    job: Job
    problem: str = ""
    reduced: bool = False
    fitted: bool = False
    note: str = ""

    @property
    def source(self) -> Path:
        """The image file."""
        return self.job.source


def plan(inputs: Sequence[Path], out: Path, *, recursive: bool = False, suffix: str = "") -> list[Job]:
    """Return a job for each file among the inputs, and for each image in the folders among them, or below these.

    `out` is a file where the one input is a file and `out` has a suffix, else a folder, in which results have the
    `suffix`; empty: that of their inputs. Raises UsageError where an
    input is missing or would be overwritten, or where two inputs would go to one file.
    """
    places = image_files(inputs, recursive=recursive)
    if len(inputs) == 1 and not inputs[0].is_dir() and out.suffix and not out.is_dir():
        if out.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{out}: a file of this kind cannot be written; use {', '.join(SHOWN)}")
        if (out.suffix.lower() == ".npy") != (inputs[0].suffix.lower() == ".npy"):
            raise UsageError(f"{inputs[0]} -> {out}: an array goes to a .npy file, an image to an image file")
        jobs = [Job(inputs[0], out, keeps_format=False)]
    elif not out.is_dir() and (out.exists() or out.suffix.lower() in SUFFIXES):
        raise UsageError(f"{out} names a file; several images need a folder")
    else:
        jobs = [
            Job(source, out / place.with_suffix(suffix), keeps_format=False)
            if suffix and source.suffix.lower() != ".npy"
            else Job(source, out / place, keeps_format=True)
            for source, place in places.items()
        ]
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
class ReadJob:
    """A job whose image was read: the format to write, what goes along with the pixels, and what is told of them."""

    job: Job
    file_format: str | None = None
    companions: Mapping[str, bytes] = field(default_factory=dict)
    reduced: bool = False
    fitted: bool = False
    note: str = ""


def translate_files(
    model: Model,
    jobs: Sequence[Job],
    batch_size: int = 1,
    *,
    given: Partners | None = None,
    tile: int | None = None,
    exact: bool = False,
) -> Iterator[JobOutcome]:
    """Do the jobs, running up to `batch_size` neighbouring images of one size together; tell of each in order.

    `given` says the model's further inputs; None: nothing is said. Images are read and written in threads while the
    model runs; on the processor several small images run at once, each on some of its cores. With `tile`, images are
    run in strips (`Model.strips`), and one is in memory at a time; with None an image is run so where it takes too much
    memory whole, with 0 none is. An image that cannot be read, taken or run is skipped. Raises GantkError where a file
    cannot be written, UsageError where the model cannot run in strips.
    """
    given = given or Partners(model.card, {})
    if tile:
        model.cut()
        yield from (_in_strips(model, job, given, tile, exact) for job in jobs)
        return
    yield from overlapped(model, jobs, partial(_entry, model.card, given), _written, batch_size, tile)


def _entry(card: Card, given: Partners, job: Job) -> ReadyImage[ReadJob]:
    try:
        image = read(job.source, card.image_in.reads)
        file_format = kept_format(image) if job.keeps_format else format_of(job.target)
        taken = given.of(job.source).take(image)
        # A profile of colours is none of the colours of classes.
        companions = {} if card.image_out.palette is not None else companions_of(image)
        item = ReadJob(job, file_format, companions, is_reduced(image), taken.fitted, note_of(image))
        return ReadyImage(item, taken)
    except DataError as error:
        return ReadyImage(ReadJob(job), None, without_name(error, job.source))


def _written(answer: Answer[ReadJob]) -> JobOutcome:
    item = answer.item
    if answer.give is None:
        return JobOutcome(item.job, answer.problem)
    try:
        with written_aside(item.job.target) as aside:
            given = answer.give()
            if isinstance(given, np.ndarray) and item.file_format:
                write_strips([given], len(given), aside, item.file_format, item.companions)
            else:
                write(given, aside, item.file_format, item.companions)
    except DataError as error:
        return JobOutcome(item.job, str(error))
    return JobOutcome(item.job, reduced=item.reduced, fitted=item.fitted, note=item.note or answer.note)


def _in_strips(model: Model, job: Job, given: Partners, tile: int, exact: bool) -> JobOutcome:
    """Do a job in strips, of which the files' formats may let one be in memory at a time; label maps are whole."""
    labels = any(port.palette is not None for port in (model.card.image_in, model.card.image_out))
    try:
        with nullcontext() if labels else opened(job.source, model.card.image_in) as source:
            if source is not None:
                file_format = source.file_format if job.keeps_format else format_of(job.target)
                with written_aside(job.target) as aside:
                    strips = _strips(model, source, given.of(job.source), tile, exact)
                    height = model.card.scaled(source.pixels.shape[0])
                    write_strips(strips, height, aside, file_format, source.companions)
                return JobOutcome(job, reduced=source.reduced, note=source.note)
    except DataError as error:
        return JobOutcome(job, without_name(error, job.source))
    entry = _entry(model.card, given, job)
    (answer,) = answers(lambda batch, further: (model.run(batch, further, tile=tile, exact=exact), ""), [entry])
    return _written(answer)


def _strips(model: Model, source: Source, given: Given, tile: int, exact: bool) -> Iterator[Array]:
    """Yield the result's pixels (h, W, C), with the image's opacity where that is to be kept.

    Raises DataError where the model cannot run.
    """
    card, given_image = model.card, model.card.image_out
    height, width = source.pixels.shape[:2]
    opacity = source.opacity
    if opacity is not None and card.scale != 1:
        opacity = as_given(opacity[:], card)
    done = 0
    try:
        further = given.tensors(1, (height, width))
        pixels = Changed(source.pixels, card.image_in.from_pixels, card.image_in.channels)
        for strip in model.strips(pixels, tile, further, exact=exact):
            kept = None if opacity is None else opacity[done : done + len(strip)]
            done += len(strip)
            yield given_image.with_opacity(given_image.to_pixels(strip), kept)
    except GantkError as error:
        raise DataError(str(error)) from error
