"""An image larger than memory through a model: section by section in strips, the tensors between sections on disk.

The result is that of the whole image, instance norms included, since their statistics are taken over all strips. What
is kept on disk is rounded to half precision, or not at all where `exact` is asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import SupportsIndex

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import GantkError, Unsupported, UsageError, one_line
from gantk.runtime.card import Card
from gantk.runtime.session import Session
from gantk.runtime.strips.bound import bound
from gantk.runtime.strips.memory import bytes_a_pixel
from gantk.runtime.strips.moments import Moments
from gantk.runtime.strips.pieces import strips_of
from gantk.runtime.strips.pixel_rows import PixelRows
from gantk.runtime.strips.plan import plan
from gantk.runtime.strips.sections import Section, model_of
from gantk.runtime.strips.tensors import Padded, Scratch


class Strips:
    """A model that runs on strips.

    Args:
        path: its file.
        card: what it says of itself.
        open_session: makes an ONNX Runtime session of a model's bytes.
        numbers: the tensors of its categories, vectors and numbers, for one sample.

    Raises Unsupported where the model cannot run so.
    """

    def __init__(
        self, path: Path, card: Card, open_session: Callable[[bytes], Session], numbers: Mapping[str, Array]
    ) -> None:
        if card.sides is not None:
            only = "{}x{}".format(*card.sides)
            raise Unsupported(f"{path}: takes images of {only} px alone, and cannot run in strips")
        self.card = card
        self.open_session = open_session
        try:
            import onnx

            self.plan = plan(bound(onnx.load(str(path)), numbers, open_session))
        except Unsupported as reason:
            raise Unsupported(f"{path} {reason}") from None
        except Exception as error:
            # A graph that another program wrote or changed may hold anything that ONNX Runtime runs.
            raise Unsupported(
                f"{path} cannot run in strips: its graph is not understood ({one_line(error)})"
            ) from error

    @cached_property
    def bytes_a_pixel(self) -> float:
        """Memory that the model takes for each pixel of an image that it is given whole."""
        return bytes_a_pixel(self.plan)

    def run(self, images: Mapping[str, PixelRows], tile: int, exact: bool) -> Iterator[Array]:
        """Yield the model's answer (h, W, C) to images (H, W, C) of its own types, by name, from top to bottom.

        Of the images, rows are read as they are needed, those of a strip at a time. A strip holds about tile * tile
        pixels. Raises UsageError where it would hold none, GantkError where the disk is full.
        """
        if not isinstance(tile, SupportsIndex) or tile < 1:
            raise UsageError(f"a tile has a whole number of pixels, 1 at least, not {tile!r}")
        left, width = (self.card.scaled(length) for length in images[self.card.image_in.name].shape[:2])
        padded = {port.name: Padded(images[port.name], self.card, port) for port in self.card.images_in}
        try:
            for rows in self._sections(padded, tile, exact):
                strip = self.card.image_out.from_tensor(rows)[0, :left, :width]
                left -= len(strip)
                if len(strip):
                    yield strip
        except OSError as error:
            folder = tempfile.gettempdir()
            raise GantkError(f"{folder}: {one_line(error)}; strips need room there, or set TMPDIR") from error

    def joined(self, images: Mapping[str, PixelRows], tile: int, exact: bool) -> Array:
        """Return the answer to images (H, W, C), made in strips."""
        port = self.card.image_out
        height, width = (self.card.scaled(length) for length in images[self.card.image_in.name].shape[:2])
        answer, done = np.empty((height, width, port.channels), port.dtype), 0
        for strip in self.run(images, tile, exact):
            answer[done : done + len(strip)] = strip
            done += len(strip)
        return answer

    def _sections(self, images: Mapping[str, Padded], tile: int, exact: bool) -> Iterator[Array]:
        """Yield the last section's strips for images, after all others have run on them."""
        plan, first = self.plan, images[self.card.image_in.name]
        heights = plan.heights(first.height)
        moments = {source: Moments() for source in plan.norms.values()}
        with tempfile.TemporaryDirectory(prefix="gantk-") as folder, ExitStack() as open_files:
            kept: dict[str, Scratch] = {}
            for number, section in enumerate(plan.sections):
                last = number == len(plan.sections) - 1
                # A session keeps what memory it once had: each is gone before the next one comes.
                session = self.open_session(model_of(plan, section, half=not exact))
                for output in () if last else section.outputs:
                    kept[output] = Scratch(Path(folder) / f"{number}-{len(kept)}", heights[output])
                    open_files.callback(kept[output].close)
                statistics = self._statistics(section, moments)
                answers = [answer.name for answer in session.outputs]
                for strip in strips_of(plan, section, heights, first.width, tile):
                    given = {
                        f"{source}.kept": (images[source] if source in images else kept[source]).read(span)
                        for source, span in strip.read.items()
                    }
                    made = dict(
                        zip(answers, session.run(answers, {**given, **statistics, **strip.bounds}), strict=True)
                    )
                    for output in section.outputs:
                        rows = made[f"{output}.given"]
                        if last:
                            yield rows
                            continue
                        if output in moments:
                            count = rows.shape[2] * rows.shape[3]
                            moments[output].add(count, made[f"{output}.mean"], made[f"{output}.squares"])
                        kept[output].write(strip.wanted[output].first, rows)
                later = {source for further in plan.sections[number + 1 :] for source in further.inputs}
                for done in [source for source in kept if source not in later]:
                    kept.pop(done).close()

    def _statistics(self, section: Section, moments: Mapping[str, Moments]) -> dict[str, Array]:
        """Return the mean and the variance for each of a section's norms, as its session takes them."""
        given = {}
        for name in section.norms:
            seen, dtype = moments[self.plan.norms[name]], self.plan.dtypes[name]
            given[f"{name}.mean"] = np.asarray(seen.mean, dtype)
            given[f"{name}.variance"] = np.asarray(seen.squares / seen.count, dtype)
        return given
