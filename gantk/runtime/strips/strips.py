"""An image larger than memory through a model: stage by stage in strips, the tensors between stages on disk.

The result is that of the whole image, instance norms included, since their statistics are taken over all strips. What
is kept on disk is rounded to half precision, or not at all where `exact` is asked for.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import SupportsIndex

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import GantkError, Unsupported, UsageError, one_line
from gantk.runtime.card import Card
from gantk.runtime.ports import Port
from gantk.runtime.session import Session
from gantk.runtime.strips.binding import bound
from gantk.runtime.strips.memory import bytes_a_pixel
from gantk.runtime.strips.moments import Moments
from gantk.runtime.strips.operators import Span
from gantk.runtime.strips.plan import plan
from gantk.runtime.strips.sources import PixelRows
from gantk.runtime.strips.stages import Plan, Stage, model_of


class Scratch:
    """A tensor (1, C, H, W) of a whole image in a file of its own."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path = path
        self.rows = rows
        self._file = path.open("w+b")
        self._dtype, self._channels, self._width = np.dtype(np.float32), 0, 0

    def write(self, first: int, rows: Array) -> None:
        """Write rows (1, C, h, W) from a row on. Raises OSError where the disk is full."""
        self._dtype, self._channels, self._width = rows.dtype, rows.shape[1], rows.shape[3]
        for channel, plane in enumerate(np.ascontiguousarray(rows[0])):
            self._file.seek(self._place(channel, first))
            self._file.write(plane.data)

    def read(self, span: Span) -> Array:
        """Return rows (1, C, h, W)."""
        rows = np.empty((1, self._channels, span.end - span.first, self._width), self._dtype)
        for channel, plane in enumerate(rows[0]):
            self._file.seek(self._place(channel, span.first))
            self._file.readinto(plane.data.cast("B"))
        return rows

    def _place(self, channel: int, row: int) -> int:
        return (channel * self.rows + row) * self._width * self._dtype.itemsize

    def close(self) -> None:
        """Give the file's space back."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Padded:
    """An image (H, W, C) with its last row and column repeated, as the model would do it itself."""

    def __init__(self, image: PixelRows, card: Card, port: Port) -> None:
        self._image = image
        self._port = port
        self.height, self.width = (
            max(-(-length // card.multiple) * card.multiple, card.minimum) for length in image.shape[:2]
        )

    def read(self, span: Span) -> Array:
        """Return rows as a model's tensor of one image."""
        height, width = self._image.shape[:2]
        first = min(span.first, height - 1)
        rows = self._image[first : max(min(span.end, height), first + 1)]
        below = span.end - span.first - len(rows)
        if below or width < self.width:
            rows = np.pad(rows, ((0, below), (0, self.width - width), (0, 0)), "edge")
        return self._port.to_tensor(rows[None])


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
            for rows in self._stages(padded, tile, exact):
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

    def _stages(self, images: Mapping[str, Padded], tile: int, exact: bool) -> Iterator[Array]:
        """Yield the last stage's strips for images, after all others have run on them."""
        plan, first = self.plan, images[self.card.image_in.name]
        heights = plan.heights(first.height)
        moments = {source: Moments() for source in plan.norms.values()}
        with tempfile.TemporaryDirectory(prefix="gantk-") as folder, ExitStack() as open_files:
            kept: dict[str, Scratch] = {}
            for number, stage in enumerate(plan.stages):
                last = number == len(plan.stages) - 1
                # A session keeps what memory it once had: each is gone before the next one comes.
                session = self.open_session(model_of(plan, stage, half=not exact))
                for output in () if last else stage.outputs:
                    kept[output] = Scratch(Path(folder) / f"{number}-{len(kept)}", heights[output])
                    open_files.callback(kept[output].close)
                statistics = self._statistics(stage, moments)
                answers = [answer.name for answer in session.outputs]
                for strip in _strips(plan, stage, heights, first.width, tile):
                    given = {
                        f"{source}.kept": (images[source] if source in images else kept[source]).read(span)
                        for source, span in strip.read.items()
                    }
                    made = dict(
                        zip(answers, session.run(answers, {**given, **statistics, **strip.bounds}), strict=True)
                    )
                    for output in stage.outputs:
                        rows = made[f"{output}.given"]
                        if last:
                            yield rows
                            continue
                        if output in moments:
                            count = rows.shape[2] * rows.shape[3]
                            moments[output].add(count, made[f"{output}.mean"], made[f"{output}.squares"])
                        kept[output].write(strip.wanted[output].first, rows)
                later = {source for further in plan.stages[number + 1 :] for source in further.inputs}
                for done in [source for source in kept if source not in later]:
                    kept.pop(done).close()

    def _statistics(self, stage: Stage, moments: Mapping[str, Moments]) -> dict[str, Array]:
        """Return the mean and the variance for each of a stage's norms, as its session takes them."""
        given = {}
        for name in stage.norms:
            seen, dtype = moments[self.plan.norms[name]], self.plan.dtypes[name]
            given[f"{name}.mean"] = np.asarray(seen.mean, dtype)
            given[f"{name}.variance"] = np.asarray(seen.squares / seen.count, dtype)
        return given


@dataclass(frozen=True)
class Strip:
    """A piece of a stage's work: rows wanted of its outputs, rows read of its inputs, and the former in the strip."""

    wanted: Mapping[str, Span]
    read: Mapping[str, Span]
    bounds: Mapping[str, Array]


def _strips(plan: Plan, stage: Stage, heights: Mapping[str, int], width: int, tile: int) -> Iterator[Strip]:
    """Yield the strips of a stage from top to bottom.

    A strip is read from an aligned row of the image on, so that each tensor in it begins at a whole row.
    """
    ratios, step = plan.ratios, plan.alignment(stage)
    image = heights[plan.images[0]]
    for output in stage.outputs:
        if heights[output] != image * ratios[output]:
            raise Unsupported(f"cannot run in strips: {output} has {heights[output]} rows for {image} of the image")
    # Channels grow as sizes shrink: strips of coarse tensors may be higher.
    finest = max(ratios[name] for name in (*stage.inputs, *stage.outputs))
    rows = max(step, int(tile * tile / (width * finest)) // step * step)
    for top in range(0, image, rows):
        bottom = min(top + rows, image)
        wanted = {name: _span(top, bottom, ratios[name]) for name in stage.outputs}
        needed = plan.spans(stage, wanted)
        first = min(span.first / ratios[name] for name, span in needed.items())
        end = max(span.end / ratios[name] for name, span in needed.items())
        above, below = max(math.floor(first / step) * step, 0), min(math.ceil(end / step) * step, image)
        read = {name: _span(above, below, ratios[name]) for name in stage.inputs}
        bounds: dict[str, Array] = {}
        for name, span in wanted.items():
            offset = int(above * ratios[name])
            bounds |= {f"{name}.first": np.array([span.first - offset]), f"{name}.end": np.array([span.end - offset])}
        yield Strip(wanted, read, bounds)


def _span(top: int, bottom: int, ratio: Fraction) -> Span:
    return Span(int(top * ratio), int(bottom * ratio))
