"""Many images through a model: read, run and finished at the same time, in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import length_hint
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from gantk.data.dataset import Array
from gantk.data.parallel import ahead, cores
from gantk.errors import GantkError
from gantk.runtime.given import Given
from gantk.runtime.inputs import ReadyImage, in_batches, joined

if TYPE_CHECKING:
    from gantk.runtime.model import Model

Source = TypeVar("Source")
Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE = 4
"""Most batches that run at once: memory is that of so many."""

_SMALL = 512 * 512
"""Pixels of a batch that runs beside others; of a larger one all cores are kept busy, and memory would be great."""


@dataclass(frozen=True)
class Answer(Generic[Item]):
    """A model's answer to an image.

    Attributes:
        item: what goes along with the image.
        give: makes the answer an image of the kind that was taken; None: there is no answer.
        problem: says in a line why not.
        note: says, in words that follow the image's name, that it was run in strips, where nobody asked for them.
    """

    item: Item
    give: Callable[[], Any] | None
    problem: str = ""
    note: str = ""


def overlapped(
    model: Model,
    sources: Iterable[Source],
    prepared: Callable[[Source], ReadyImage[Item]],
    finished: Callable[[Answer[Item]], Result],
    batch_size: int,
    tile: int | None = None,
    exact: bool = False,
) -> Generator[Result, None, None]:
    """Yield what `finished` makes of the model's answer to each source, in order.

    Up to `batch_size` neighbouring images of one size run together; on the processor several small ones run at once,
    each on some of its cores. `prepared` and `finished` run in threads meanwhile, a few sources before and behind.
    `tile` and `exact` are those of `Model.run`.
    """
    batch_size = min(batch_size, model.card.at_once)
    workers = cores()
    callers = max(1, min(model.threads or workers, length_hint(sources, _AT_ONCE), _AT_ONCE))
    window = 2 * max(workers, batch_size)
    run = _runner(model, callers, tile, exact)
    with (
        ThreadPoolExecutor(workers) as threads,
        ThreadPoolExecutor(callers) as runners,
        closing(ahead(threads, prepared, sources, window)) as entries,
        closing(ahead(runners, partial(answers, run), in_batches(entries, batch_size), callers - 1, model.stop)) as ran,
        closing(ahead(threads, finished, chain.from_iterable(ran), window)) as results,
    ):
        yield from results


def mapped(
    model: Model, images: Iterable[Any], given: Given, batch_size: int, tile: int | None, exact: bool
) -> Generator[Any, None, None]:
    """Yield the answer to each image in its kind, in order. Raises what an image raises in its turn."""

    def prepared(image: Any) -> ReadyImage[GantkError | None]:
        try:
            return ReadyImage(None, given.take(image))
        except GantkError as error:
            return ReadyImage(error, None, str(error))

    def finished(answer: Answer[GantkError | None]) -> Any:
        if answer.give is None:
            raise answer.item or GantkError(answer.problem)
        return answer.give()

    return overlapped(model, images, prepared, finished, batch_size, tile, exact)


Run = Callable[[Array, Mapping[str, Array]], tuple[Array, str]]
"""Gives the answer to a batch and the rows of further inputs, and a note of how it was run."""


def answers(run: Run, batch: list[ReadyImage[Item]]) -> list[Answer[Item]]:
    """Return what a model that is run so answers to images that run together, or to one that has a problem."""
    ready = [(entry.item, entry.taken) for entry in batch if entry.taken]
    if not ready:
        return [Answer(entry.item, None, entry.problem) for entry in batch]
    try:
        answer, note = run(*joined([taken for _, taken in ready]))
    except GantkError as error:
        return [Answer(item, None, str(error)) for item, _ in ready]
    ends = np.cumsum([len(taken.batch) for _, taken in ready])
    parts = zip(ready, np.split(answer, ends[:-1]), strict=True)
    return [Answer(item, partial(taken.give, part), note=note) for (item, taken), part in parts]


def _runner(model: Model, callers: int, tile: int | None, exact: bool) -> Run:
    """Return what runs a batch for several threads: small batches at once, a large one as the only large one."""
    shared, alone = model.shared_by(callers) if callers > 1 else None, Lock()

    def run(batch: Array, further: Mapping[str, Array]) -> tuple[Array, str]:
        if not tile and shared is not None and batch.shape[0] * batch.shape[1] * batch.shape[2] <= _SMALL:
            return shared.run(batch, further, tile=0), ""
        with alone:
            chosen = model.tile_for(batch) if tile is None else tile
            note = (
                f"was run in strips of {chosen} x {chosen} pixels, since whole it takes more than half of the free "
                "memory (--tile 0: never)"
            )
            return model.run(batch, further, tile=chosen or 0, exact=exact), note if chosen and tile is None else ""

    return run
