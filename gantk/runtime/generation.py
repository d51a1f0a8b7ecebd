"""What a generator is given: the numbers that a seed stands for, and those that a caller says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import UsageError
from gantk.runtime.card import Card, Numbers
from gantk.runtime.random import choose, draw


@dataclass(frozen=True)
class Samples:
    """Inputs of a generator.

    Attributes:
        values: the tensors by input, in the order of the card; row k of each belongs to sample k.
        names: what each sample is called; no two are alike.
        columns: columns of a sheet of them; None: as many as make it square.
        headings: what the columns stand for, or empty.
    """

    values: Mapping[str, Array]
    names: Sequence[str]
    columns: int | None = None
    headings: Sequence[str] = ()


def numbers_in(card: Card) -> list[Numbers]:
    """Return the vectors and categories that a model takes."""
    return [port for port in card.inputs if isinstance(port, Numbers)]


def drawn(
    card: Card,
    count: int,
    *,
    seed: int = 0,
    start: int = 0,
    truncation: float | None = None,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Array]:
    """Return a generator's inputs for samples `start`, `start + 1`, ... of a seed; `said` gives some by their names.

    A latent is said by an array (length,) or (count, length), a category by its index or name, or `count` of these.
    `truncation` is that of `gantk.runtime.random.draw`. Raises UsageError where there is no such input, or where it
    cannot be what was said.
    """
    for name, number in {"count": count, "seed": seed, "start": start}.items():
        if not isinstance(number, SupportsIndex):
            raise UsageError(f"{name} is a whole number, not {number!r}")
    said, ports = said or {}, numbers_in(card)
    if unknown := said.keys() - {port.name for port in ports}:
        raise UsageError(f"the model takes no {min(unknown)}, only {', '.join(port.name for port in ports)}")
    values = {}
    for port in ports:
        if port.name in said:
            value = _said_category(port, said[port.name]) if port.categories else _said_latent(port, said[port.name])
            if len(value) not in (1, count):
                raise UsageError(f"{port.name}: {len(value)} values for {count} samples; say one, or one for each")
            value = np.broadcast_to(value, (count, *value.shape[1:]))
        elif port.categories:
            value = choose(port.stream, count, port.categories, seed=seed, start=start)
        else:
            normal = port.distribution or "normal"
            value = draw(port.stream, normal, count, port.length, seed=seed, start=start, truncation=truncation)
        values[port.name] = value.reshape(count) if port.layout == "N" else value
        values[port.name] = values[port.name].astype(port.dtype)
    return values


def samples(card: Card, count: int, *, seed: int = 0, start: int = 0, **settings: Any) -> Samples:
    """Return samples of a seed; further settings are those of `drawn`."""
    values = drawn(card, count, seed=seed, start=start, **settings)
    names = [f"seed{seed}-{start + row:05d}{categories_of(card, values, row)}" for row in range(count)]
    return Samples(values, names)


def categories_of(card: Card, values: Mapping[str, Array], row: int) -> str:
    """Return what a sample's name says of its categories, such as `-label=7-sneaker`."""
    parts = []
    for port in numbers_in(card):
        if port.categories:
            index = int(values[port.name][row])
            parts.append(f"-{port.name}={index}" + (f"-{plain(port.names[index])}" if port.names else ""))
    return "".join(parts)


def plain(text: str) -> str:
    """Return a text as it can stand in a file's name."""
    return re.sub(r"\W+", "_", text).strip("_")


def _said_category(port: Numbers, value: Any) -> Array:
    several = (isinstance(value, Sequence) and not isinstance(value, str)) or getattr(value, "ndim", 0) == 1
    return np.array([port.category(one) for one in (value if several else [value])])


def _said_latent(port: Numbers, value: Any) -> Array:
    """Return a latent as (1, length) or (N, length)."""
    try:
        array = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        raise UsageError(f"{port.name}: {value!r} is no array of {port.length} numbers a sample") from None
    if array.ndim < 2:
        array = array.reshape(-1, 1) if port.length == 1 else array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != port.length:
        raise UsageError(f"{port.name} takes {port.length} numbers a sample, not an array {array.shape}")
    return array
