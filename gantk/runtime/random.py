"""Random numbers that are the same in every language: Philox4x32-10 and Box-Muller.

A number depends on the seed, the sample, the stream (which input of a model it is for) and its place in the vector, and
on nothing drawn before it. Philox: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". Its block of four
words has the counter (block, sample, stream, attempt) and the seed's low and high 32 bits as key.
`philox_vectors.json`, beside this file, holds what an implementation in another language must give.
"""

from itertools import count as counting
from typing import Literal
from zlib import crc32

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import UsageError

Distribution = Literal["normal", "uniform", "zero"]

MOST_NUMBERS = 2**26
"""Numbers that an input has a sample at most, and all samples of a batch that have a shape: 256 MiB."""

MOST_AXES = 6
"""Lengths of an input's shape at most, behind the batch."""

LEAST_TRUNCATION = 0.02
"""Below it nearly every number would be drawn again, hundreds of times."""

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_PIECE, _LEAST_PIECE = 2**20, 2**12
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(counter: Array, key: tuple[int, int]) -> Array:
    """Return the blocks of four 32-bit words, uint32 (..., 4), of counters (..., 4)."""
    first, second, third, fourth = np.moveaxis(counter.astype(np.uint64), -1, 0)
    low, high = key
    for _ in range(_ROUNDS):
        one, two = first * _MULTIPLIERS[0], third * _MULTIPLIERS[1]
        first, third = (two >> _HALF) ^ second ^ np.uint64(low), (one >> _HALF) ^ fourth ^ np.uint64(high)
        second, fourth = two & _LOW, one & _LOW
        low, high = (low + _WEYL[0]) & 0xFFFFFFFF, (high + _WEYL[1]) & 0xFFFFFFFF
    words: Array = np.stack([first, second, third, fourth], -1).astype(np.uint32)
    return words


def stream_of(name: str) -> int:
    """Return the stream of an input: the CRC-32 of its name."""
    return crc32(name.encode())


def draw(
    name: str | int,
    distribution: Distribution,
    count: int,
    length: int,
    *,
    seed: int = 0,
    start: int = 0,
    truncation: float | None = None,
) -> Array:
    """Return vectors, float32 (count, length), of samples `start`, `start + 1`, ...: from N(0, 1), U(-1, 1), or zeros.

    `name` is the input that they are for, or its stream. With `truncation`, numbers beyond it on either side are drawn
    again (Brock et al. 2018, arXiv:1809.11096, section 3.1). Raises UsageError where a seed or sample is out of range,
    or a truncation too small.
    """
    stream, samples = _stream(name), _samples(count, start)
    if not (truncation is None or truncation >= LEAST_TRUNCATION):
        raise UsageError(f"a truncation of {truncation:g}: say {LEAST_TRUNCATION} or more, such as 0.5")
    if distribution == "zero":
        return np.zeros((count, length), np.float32)
    drawn = np.empty((count, length), np.float32)
    # A few of a long row at a time: what they are made of takes some twenty times their memory.
    piece = max(_LEAST_PIECE, _PIECE // max(1, count) // 4 * 4)
    for first in range(0, length, piece):
        places = range(first, min(first + piece, length))
        values = _numbers(stream, distribution, samples, places, seed, 0)
        for attempt in counting(1) if truncation is not None else ():
            rows = np.flatnonzero((np.abs(values) > truncation).any(1))
            if not len(rows):
                break
            again = _numbers(stream, distribution, samples[rows], places, seed, attempt)
            values[rows] = np.where(np.abs(values[rows]) > truncation, again, values[rows])
        drawn[:, places.start : places.stop] = values
    return drawn


def choose(name: str | int, count: int, categories: int, *, seed: int = 0, start: int = 0) -> Array:
    """Return categories, int64 (count,) in [0, categories), of samples `start`, `start + 1`, ...

    `name` is the input that they are for, or its stream. Raises UsageError where a seed or sample is out of range.
    """
    uniform = _uniform(_stream(name), _samples(count, start), range(1), seed, 0)[:, 0]
    indices: Array = np.floor(uniform * categories).astype(np.int64)
    return indices


def _stream(name: str | int) -> int:
    return name if isinstance(name, int) else stream_of(name)


def _samples(count: int, start: int) -> Array:
    if not 0 <= start <= start + count <= 2**32:
        raise UsageError(f"{count} samples from {start} on: a seed has those from 0 to {2**32 - 1}")
    return np.arange(start, start + count, dtype=np.uint64)


def _numbers(stream: int, distribution: Distribution, samples: Array, places: range, seed: int, attempt: int) -> Array:
    """Return numbers of the distribution at some places from a multiple of four on, float64 (samples, places)."""
    length = len(places)
    uniform = _uniform(stream, samples, range(places.start, places.stop + length % 2), seed, attempt)
    if distribution == "uniform":
        values: Array = 2 * uniform[:, :length] - 1
        return values
    # Box and Muller 1958: two uniform numbers make two normal ones.
    radius, angle = np.sqrt(-2 * np.log(uniform[:, 0::2])), 2 * np.pi * uniform[:, 1::2]
    pairs: Array = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
    return pairs.reshape(uniform.shape)[:, :length]


def _uniform(stream: int, samples: Array, places: range, seed: int, attempt: int) -> Array:
    """Return numbers in (0, 1) at some places from a multiple of four on, float64 (samples, places)."""
    if not 0 <= seed < 2**64:
        raise UsageError(f"a seed of {seed}: say one from 0 to {2**64 - 1}")
    blocks = (len(places) + 3) // 4
    counter = np.empty((len(samples), blocks, 4), np.uint64)
    counter[..., 0] = np.arange(places.start // 4, places.start // 4 + blocks)
    counter[..., 1] = samples[:, None]
    counter[..., 2] = stream
    counter[..., 3] = attempt
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    numbers: Array = (words.reshape(len(samples), 4 * blocks)[:, : len(places)] + 0.5) / 2.0**32
    return numbers
