"""An exported model, run by ONNX Runtime: `load(path)(image)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np

from gantk.data.dataset import Array
from gantk.data.parallel import cores
from gantk.errors import GantkError, UsageError, one_line
from gantk.runtime.card import Card, Task
from gantk.runtime.generation import Column, drawn
from gantk.runtime.given import NOTHING, Given
from gantk.runtime.images import is_picture, pixels_to_picture
from gantk.runtime.measurements import outputs_for
from gantk.runtime.overlap import mapped
from gantk.runtime.session import PROCESSOR, Session, Sessions
from gantk.runtime.strips.cuts import Cuts
from gantk.runtime.strips.memory import SURELY_FITS
from gantk.runtime.strips.strips import Strips

if TYPE_CHECKING:
    from PIL import Image

    from gantk.runtime.strips.pixel_rows import PixelRows

    File = str | Path | bytes | BinaryIO
    Images = list[Any] | tuple[Any, ...]


class Model:
    """A model that `gantk export` wrote; `model.card` says what it is.

    Attributes:
        path: the file.
        card: what the model says of itself.
    """

    def __init__(
        self, path: Path, card: Card, sessions: Sessions, session: Session, load: Callable[..., Model]
    ) -> None:
        self.path = path
        self.card = card
        self._sessions = sessions
        self._session = session
        self._load = load
        self._cuts = Cuts(path, card, sessions)

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[object, ...]]:
        """Pickle a model as the way to its file: whoever unpickles it opens it again."""
        return self._load, (self.path.absolute(), self._sessions.providers, self._sessions.threads or None)

    @overload
    def __call__(self, image: Image.Image, *, tile: int | None = ..., **options: Any) -> Image.Image: ...
    @overload
    def __call__(self, image: Array, *, tile: int | None = ..., **options: Any) -> Array: ...
    @overload
    def __call__(self, image: Images, *, tile: int | None = ..., **options: Any) -> list[Any]: ...
    @overload
    def __call__(self, image: File, *, tile: int | None = ..., **options: Any) -> Any: ...

    def __call__(self, image: Any, *, tile: int | None = None, exact: bool = False, seed: int = 0, **said: Any) -> Any:
        """Translate a picture, an array (H, W), (H, W, C) or (N, H, W, C), or an image file; the same kind comes back.

        A file is its path, its bytes, or what it was opened to; from one comes a picture, from a `.npy` file an array.
        From a list of images comes a list. A picture is turned the way its EXIF orientation says, brought to the
        model's channels, and keeps its size and alpha channel; where the model takes one size alone (`card.sides`), it
        is scaled until it covers that and its centre is cut out. An array of another type than the model's pixels is
        brought to it by its whole range, and back: 0 to 255 or 65,535 for whole numbers, 0 to 1 for floats, unless the
        model itself takes floats (`card.inputs[0].dtype`). With `tile`, memory is that of about tile * tile pixels, see
        `strips`; 0: of the whole image; None: of the whole where it fits (`tile_for`). `said` gives the
        model's further inputs by name: a category by its name or index, a scalar by a number, an image as the first
        one, which it is brought to the size of, a latent by an array; what is left out has its default, a latent sample
        0 of the `seed`. Raises DataError where the model cannot take an image, UsageError where it does not translate,
        or an input is unknown or missing, Unsupported where it cannot run in strips.
        """
        self.require("translate")
        if isinstance(image, list | tuple):
            return list(self.map(image, tile=tile, exact=exact, seed=seed, **said))
        taken = Given(self.card, said, seed).take(image)
        return taken.give(self.run(taken.batch, taken.further, tile=tile, exact=exact))

    def map(
        self, images: Iterable[Any], *, batch_size: int = 1, tile: int | None = None, exact: bool = False, **said: Any
    ) -> Iterator[Any]:
        """Yield the translation of each image, as a call gives it, in order; as fast as `gantk translate`.

        `said`, with a `seed`, is for all images. Images are read, run and finished at the same time, a few more of
        `images` than were yielded. Neighbours of one size run `batch_size` at a time. Raises what a call raises, at
        that image.
        """
        self.require("translate")
        seed = said.pop("seed", 0)
        return mapped(self, images, Given(self.card, said, seed), batch_size, tile, exact)

    def generate(
        self,
        count: int,
        *,
        seed: int = 0,
        start: int = 0,
        truncation: float | None = None,
        batch_size: int = 16,
        **said: Any,
    ) -> list[Any]:
        """Return images made of the numbers that a seed stands for: `count` samples from number `start` on.

        Sample k of a seed is the same whatever `count`, `start` and `batch_size` are. `said` gives inputs by their
        names instead: a category by its index or name, a latent by an array (length,), or one for each sample. With
        `truncation`, numbers of latents beyond it are drawn again. The images are PIL images, or arrays (H, W, C) where
        no picture has such channels. Raises UsageError where the model does not generate, or cannot take what is said.
        """
        self.require("generate")
        values = drawn(self.card, count, seed=seed, start=start, truncation=truncation, said=said)
        pixels = [image for batch in self.pixels(values, batch_size) for image in batch]
        return [pixels_to_picture(image) if is_picture(image) else image for image in pixels]

    def encode(self, image: Any, *, batch_size: int = 16, seed: int = 0, **said: Any) -> Any:
        """Return the vector of an image, (length,), or the vectors of several, (N, length).

        The image is whatever translation takes; several are an array (N, H, W, C), or a list. A model that gives
        several vectors answers with a dictionary of them. `seed` and `said` are those of a call. Raises DataError where
        the model cannot take an image, UsageError where it does not encode, or an input is unknown or missing.
        """
        self.require("encode")
        found = outputs_for(self, image, Given(self.card, said, seed), batch_size)
        return found if len(found) > 1 else next(iter(found.values()))

    def score(self, image: Any, *, batch_size: int = 16, seed: int = 0, **said: Any) -> Any:
        """Return the score of an image, a float, or the scores of several, (N,); all is given as to `encode`.

        Raises DataError where the model cannot take an image, UsageError where it does not score.
        """
        self.require("score")
        (scores,) = outputs_for(self, image, Given(self.card, said, seed), batch_size).values()
        return float(scores) if scores.ndim == 0 else scores

    def require(self, task: Task) -> None:
        """Raise UsageError, naming what to use instead, where the model does another task."""
        if self.card.task != task:
            raise UsageError(
                f"{self.path}: a model that {self.card.task}s images: use gantk {self.card.task} "
                f"(in Python: {'model(image)' if self.card.task == 'translate' else f'model.{self.card.task}'})"
            )

    def pixels(self, values: Mapping[str, Column], batch_size: int = 16) -> Iterator[Array]:
        """Yield the pixels (n, H, W, C) that a generator makes of its inputs, up to `batch_size` samples at a time."""
        batch_size = min(batch_size, self.card.at_once)
        target, inputs = self.card.image_out, [values[port.name] for port in self.card.inputs]
        for first in range(0, len(inputs[0]), batch_size):
            (images,) = self.call(*(value[first : first + batch_size] for value in inputs))
            yield target.to_pixels(target.from_tensor(images))

    def measure(self, batch: Array, further: Mapping[str, Array] = NOTHING) -> tuple[Array, ...]:
        """Return the vectors (N, length) or numbers (N,) that the model gives for a batch (N, H, W, C) of its type.

        `further` has the rows of its further inputs, images as (N, H, W, C).
        """
        return self.call(*self.card.tensors(batch, further))

    def call(self, *values: Array) -> tuple[Array, ...]:
        """Return the model's output tensors for its input tensors, in the order of its card, with nothing changed.

        A model of one batch size runs as often as it must. Raises GantkError where ONNX Runtime cannot run it.
        """
        most, count = self.card.batch, len(values[0])
        if most is not None and count > most:
            parts = [self.call(*(value[first : first + most] for value in values)) for first in range(0, count, most)]
            return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
        given = {port.name: value for port, value in zip(self.card.inputs, values, strict=True)}
        try:
            return tuple(self._session.run([port.name for port in self.card.outputs], given))
        except Exception as error:
            shapes = ", ".join("x".join(str(length) for length in value.shape) for value in values)
            raise GantkError(f"{self.path}: cannot run on a batch of {shapes}: {one_line(error)}") from error

    def run(
        self, batch: Array, further: Mapping[str, Array] = NOTHING, *, tile: int | None = None, exact: bool = False
    ) -> Array:
        """Return the model's answer (N, H, W, C) to a batch (N, H, W, C) of its input's type, at any H and W.

        `further` has the rows of its further inputs, images as (N, H, W, C). With `tile`, images are run one by one in
        strips, see `strips`; 0: whole, None: as `tile_for` says. Raises GantkError where ONNX Runtime cannot run it.
        """
        tile = self.tile_for(batch) if tile is None else tile
        if tile:
            return self._cuts.joined(batch, further, tile, exact)
        (answer,) = self.call(*self.card.tensors(batch, further))
        return self.card.image_out.from_tensor(answer)

    def strips(
        self, image: PixelRows, tile: int, further: Mapping[str, Array] = NOTHING, *, exact: bool = False
    ) -> Iterator[Array]:
        """Give the answer to an image (H, W, C) from top to bottom, in strips (h, W, C); memory does not grow with H.

        The image is an array, mapped or not, or whatever gives some of its rows as one does; `further` has the one row
        of each further input, see `run`. Each strip holds about tile * tile pixels. What a model needs to know of the
        whole image (the statistics of instance norms) it knows: between the network's sections tensors of the image lie
        on disk, in the folder for temporary files, rounded to half precision if not `exact`. Raises Unsupported where
        the model cannot run so.
        """
        return self._cuts.run(image, further, tile, exact)

    def tile_for(self, batch: Array) -> int | None:
        """Return the tile in whose strips a batch (N, H, W, C) is to be run, since whole it takes too much memory.

        That is more than half of what is free. None: it can be run whole, or not in strips.
        """
        pixels = batch.shape[0] * batch.shape[1] * batch.shape[2]
        if pixels <= SURELY_FITS or self._session.provider != PROCESSOR:
            return None
        return self._cuts.tile_for(pixels)

    @property
    def threads(self) -> int:
        """How many threads an operator may use; 0: as many as there are cores."""
        return self._session.threads

    def shared_by(self, callers: int) -> Model | None:
        """Return this model for so many callers at once, each of whose runs takes its share of the threads.

        On a processor that does more than one run after another, since operators do not keep all threads busy. None
        where there are fewer threads than callers, or where the model runs elsewhere than on the processor.
        """
        threads = (self.threads or cores()) // callers
        if not threads or self._session.provider != PROCESSOR:
            return None
        return Model(self.path, self.card, self._sessions, self._sessions.open(str(self.path), threads), self._load)

    def stop(self) -> None:
        """Stop the runs that go on, whichever threads they are in: each raises GantkError where it was called.

        A run ends at its next operator. At Ctrl-C a run that the main thread waits for is stopped of itself.
        """
        self._sessions.stop()

    def apart(self) -> Model:
        """Return this model for runs in strips that `stop` of the one leaves alone where the other's are stopped."""
        sessions = Sessions(self._sessions.providers, self._sessions.threads)
        return Model(self.path, self.card, sessions, self._session, self._load)

    def cut(self, further: Mapping[str, Array] | None = None) -> Strips:
        """Return the network cut into sections, as `strips` needs it, for one sample's rows of further inputs.

        None: for any. Raises what `strips` raises.
        """
        return self._cuts.of(further)
