"""The streams of batches that a training reads from a data set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import torch

from gantk.data.cropping import Cropping
from gantk.data.dataset import Dataset
from gantk.data.infos import image_infos, windows_of
from gantk.data.samples import Samples
from gantk.data.stream import BatchStream
from gantk.data.views import open_split
from gantk.sizes import Sides, sides_of


@dataclass(frozen=True, kw_only=True)
class Crops:
    """How images are cut: crops of `size` from images that cover `jitter` times as much, mirrored if `flip`."""

    size: int | tuple[int, int]
    jitter: float = 1.0
    flip: bool = False

    @property
    def sides(self) -> Sides:
        """Height and width in pixels of a crop."""
        return sides_of(self.size)

    @property
    def load(self) -> int | Sides:
        """The length in pixels of the loaded images' shorter side, or the height and width that they cover."""
        return Sides(*(round(side * self.jitter) for side in self.sides)).size


@dataclass(kw_only=True)
class TrainingBatches:
    """The batches that a recipe's step reads: `next(batches)`, and `batches.of(kind)` for another stream.

    Attributes:
        batch_size: how many samples the next batch holds.
        dequantize: whether noise fills the gaps between the levels of images of whole numbers.
    """

    dataset: Dataset
    kind: str
    crops: Crops
    seed: int
    device: torch.device
    batch_size: Callable[[], int]
    rank: int = 0
    world: int = 1
    workers: int = 0
    dequantize: bool = False
    _streams: dict[str, BatchStream] = field(default_factory=dict)
    _positions: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        return next(self.of(self.kind))

    def of(self, kind: str) -> BatchStream:
        """Return the stream of a kind; each has a position of its own. Raises DataError where the data has not it."""
        if kind not in self._streams:
            split = open_split(self.dataset, kind, False, self.crops.load)
            cropping = Cropping(self.crops.size, random=True, flip=self.crops.flip)
            self._streams[kind] = BatchStream(
                Samples(split, cropping, (self.seed, crc32(kind.encode()))),
                windows_of(image_infos(split)),
                self.device,
                self.batch_size,
                rank=self.rank,
                world=self.world,
                workers=self.workers,
                position=self._positions.get(kind, 0),
                dequantize=self.dequantize,
            )
        return self._streams[kind]

    @property
    def batch_bytes(self) -> int:
        """How many bytes the last batch took, of every stream that is read, before it was brought to the device."""
        return sum(stream.batch_bytes for stream in self._streams.values())

    @property
    def waited(self) -> float:
        """How many seconds were spent on waiting for batches, of every stream that is read."""
        return sum(stream.waited for stream in self._streams.values())

    @property
    def kinds(self) -> list[str]:
        """The kinds whose streams are read."""
        return list(self._streams)

    def close(self) -> None:
        """Let go of what was prefetched."""
        self._streams.clear()

    def state(self) -> dict[str, int]:
        """Return every stream's position."""
        return self._positions | {kind: stream.position for kind, stream in self._streams.items()}

    def load_state(self, positions: dict[str, int]) -> None:
        """Go on from these positions."""
        self._positions = dict(positions)
        self._streams.clear()
