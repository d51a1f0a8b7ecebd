"""The stream of batches: prefetched by worker processes, placed by a count of samples alone."""

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from gantk.data.samples import Samples
from gantk.data.windows import Window, from_window
from gantk.data.workers import AHEAD, kept_apart, lost, settle, share
from gantk.errors import GantkError

Windows = Mapping[str, Window | None]
"""The window of each column of images; None for one of label maps."""


class BatchKeyError(KeyError):
    """A batch was asked for a key that its kind has not."""

    def __str__(self) -> str:
        return str(self.args[0])


class KeyedBatch(dict[str, Any]):
    """A batch by key, which says what it holds where it is asked for something else."""

    def __missing__(self, key: str) -> Any:
        raise BatchKeyError(
            f"this batch has {', '.join(self)} and no {key!r}: the recipe's `kind` says which batches it gets; "
            "docs/data.md lists the kinds and their keys"
        )


class BatchStream(Iterator[dict[str, Any]]):
    """Batches of one kind for one of several processes.

    Attributes:
        position: samples drawn so far by all processes together; it says all that a resume needs.
        batch_bytes: what the last batch took in memory before it was brought to the device.
    """

    def __init__(
        self,
        samples: Samples,
        windows: Windows,
        device: torch.device,
        batch_size: Callable[[], int],
        *,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        position: int = 0,
        dequantize: bool = False,
    ) -> None:
        self.samples = samples
        self.windows = windows
        self.device = device
        self.batch_size = batch_size
        self.rank = rank
        self.world = world
        self.workers = workers
        self.position = position
        self.dequantize = dequantize
        self.batch_bytes = 0
        self.waited = 0.0
        self._loaded: Iterator[dict[str, Any]] | None = None
        self._loaded_size = 0

    def __next__(self) -> dict[str, Any]:
        size = self.batch_size()
        if self._loaded is None or size != self._loaded_size:
            self._loaded, self._loaded_size = self._load(size), size
        began = perf_counter()
        batch = self._next_loaded(self._loaded)
        self.waited += perf_counter() - began
        self.batch_bytes = sum(value.nbytes for value in batch.values() if isinstance(value, Tensor))
        self.position += size * self.world
        return on_device(batch, self.windows, self.device, dequantize=self.dequantize)

    def _next_loaded(self, loaded: Iterator[Any]) -> dict[str, Any]:
        try:
            batch: Any = next(loaded)
        except RuntimeError as error:
            raise lost(error) or error from error
        if isinstance(batch, Exception):
            raise batch
        whole: dict[str, Any] = batch
        return whole

    def _load(self, size: int) -> Iterator[Any]:
        loader = DataLoader(
            _WholeBatches(self.samples),
            # A sample of this loader is a batch.
            batch_size=None,
            sampler=_Schedule(self.position + self.rank * size, size, size * self.world),
            num_workers=self.workers,
            prefetch_factor=AHEAD if self.workers else None,
            worker_init_fn=settle,
            multiprocessing_context="spawn" if self.workers else None,
            pin_memory=self.device.type == "cuda",
            # A generator of its own: the default would draw from the training's random numbers.
            generator=torch.Generator(),
        )
        if not self.workers:
            return iter(loader)
        with kept_apart():
            return iter(loader)


class _WholeBatches(Dataset[Any]):
    """Gives batches; where one cannot be had, the error itself, which would arrive as a traceback if it were raised."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __getitem__(self, positions: list[int]) -> dict[str, Any] | GantkError | OSError:
        try:
            batch = as_tensors(self.samples.batch(positions))
            if get_worker_info() is not None:
                share(batch)
        except (GantkError, OSError) as error:
            return error
        return batch


class _Schedule:
    """The positions of each batch, without end."""

    def __init__(self, start: int, size: int, stride: int) -> None:
        self.start = start
        self.size = size
        self.stride = stride

    def __iter__(self) -> Iterator[list[int]]:
        start = self.start
        while True:
            yield list(range(start, start + self.size))
            start += self.stride


def as_tensors(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch with its arrays as tensors; texts stay a list."""
    # torch has few operations for uint16; int32 holds its values.
    return {
        key: torch.from_numpy(value.astype(np.int32) if value.dtype == np.uint16 else value)
        if isinstance(value, np.ndarray)
        else value
        for key, value in batch.items()
    }


def on_device(
    batch: dict[str, Any], windows: Windows, device: torch.device, *, dequantize: bool = False
) -> dict[str, Any]:
    """Return a batch of tensors on the device: images as float32 (N, C, H, W) with their window mapped to [-1, 1].

    Where they are to be dequantized, those of whole numbers are given noise, after which each level is an interval, and
    all of them together are [-1, 1]. Label maps are ids, int64 (N, H, W); they are sent in the precision in which they
    are stored.
    """

    def moved(key: str, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        value = value.to(device, non_blocking=True)
        if key not in windows:
            return value
        window = windows[key]
        if window is None:
            return value.squeeze(3).long()
        # Contiguous: else every layer of a network that is not channels-last would compute so all the same, slowly.
        images = value.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format, copy=True)
        if not dequantize or value.is_floating_point():
            return from_window(images, window)
        low, high = window
        return from_window(images + torch.rand_like(images), (low, high + 1))

    return KeyedBatch({key: moved(key, value) for key, value in batch.items()})
