"""What a generator is given: the numbers that a seed stands for, and those that a caller says."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, SupportsIndex

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import UsageError
from gantk.runtime.captions import text_of, tokens_of, unsaid
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers
from gantk.runtime.random import choose, draw

STYLES = "psi"
"""The number by which a model brings styles nearer their average (Karras et al. 2018, arXiv:1812.04948, appendix B)."""


@dataclass(frozen=True)
class Made:
    """Rows of an input that are made where they are asked for, since all of them may be more than memory holds.

    Attributes:
        count: how many there are.
        row: makes one, from its number.
    """

    count: int
    row: Callable[[int], Array]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice) -> Array:
        return np.stack([self.row(number) for number in range(*rows.indices(self.count))])


Column = Array | Made
"""The rows of an input, one for each sample: those of latents that have a shape are made where they are asked for."""


@dataclass(frozen=True)
class GeneratorInputs:
    """Inputs of a generator.

    Attributes:
        values: the rows by input, in the order of the card; row k of each belongs to sample k.
        names: what each sample is called; no two are alike.
        columns: columns of a sheet of them; None: as many as make it square.
        headings: what the columns stand for, or empty.
    """

    values: Mapping[str, Column]
    names: Sequence[str]
    columns: int | None = None
    headings: Sequence[str] = ()


def drawn(
    card: Card,
    count: int,
    *,
    seed: int = 0,
    start: int = 0,
    truncation: float | None = None,
    said: Mapping[str, Any] | None = None,
) -> dict[str, Column]:
    """Return a generator's inputs for samples `start`, `start + 1`, ... of a seed; `said` gives some by their names.

    A latent is said by an array (length,) or (count, length), or of its shape, a category by its index or name, a
    scalar by a number, a caption by its text, or `count` of these. What nobody says has its default, or else is drawn;
    a caption must be said. `truncation` is that of `gantk.runtime.random.draw`; of a model that takes a number `psi`,
    which truncates styles instead, it is that. Raises UsageError where there is no such input, where it cannot be what
    was said, or where it must be said and is not.
    """
    for name, number in {"count": count, "seed": seed, "start": start}.items():
        if not isinstance(number, SupportsIndex):
            raise UsageError(f"{name} is a whole number, not {number!r}")
    said, ports = said or {}, card.numbers_in
    if unknown := said.keys() - {port.name for port in ports}:
        raise UsageError(f"the model takes no {min(unknown)}, only {', '.join(port.name for port in ports)}")
    if truncation is not None and any(port.name == STYLES and port.kind == "scalar" for port in ports):
        said, truncation = {STYLES: truncation, **said}, None
    values: dict[str, Column] = {}
    for port in ports:
        if port.name not in said and port.shape:
            values[port.name] = Made(count, partial(_row, port, seed=seed, start=start, truncation=truncation))
            continue
        if port.name in said:
            value = rows_of(port, said[port.name])
        elif port.default is not None:
            value = np.array([port.default])
        elif port.kind == "caption":
            raise unsaid(port)
        elif port.categories:
            value = choose(port.stream, count, port.categories, seed=seed, start=start)
        else:
            value = drawn_rows(port, count, seed=seed, start=start, truncation=truncation)
        values[port.name] = spread(port, value, count)
    return values


def drawn_rows(port: Numbers, count: int, *, seed: int, start: int = 0, truncation: float | None = None) -> Array:
    """Return a latent's rows of samples `start`, `start + 1`, ..., as the model takes them."""
    normal = port.distribution or "normal"
    rows = draw(port.stream, normal, count, port.length, seed=seed, start=start, truncation=truncation)
    return rows.reshape(count, *port.lengths)


def _row(port: Numbers, number: int, *, seed: int, start: int, truncation: float | None) -> Array:
    row: Array = drawn_rows(port, 1, seed=seed, start=start + number, truncation=truncation)[0]
    return row


def rows_of(port: Numbers, said: Any) -> Array:
    """Return what is said of an input as a row for each sample, or as one for all: (N,), of a vector (N, *lengths).

    Raises UsageError where the input cannot be that.
    """
    if port.kind == "latent":
        return _said_latent(port, said)
    if port.kind == "caption":
        return tokens_of(port, said)
    several = (isinstance(said, Sequence) and not isinstance(said, str)) or getattr(said, "ndim", 0) == 1
    read = port.category if port.kind == "category" else port.number
    return np.array([read(one) for one in (said if several else [said])])


def spread(port: Numbers, rows: Array, count: int) -> Array:
    """Return rows of an input as `count` of them, as the model takes them. Raises UsageError where it has others."""
    if len(rows) not in (1, count):
        raise UsageError(f"{port.name}: {len(rows)} values for {count} samples; say one, or one for each")
    rows = np.broadcast_to(rows, (count, *rows.shape[1:]))
    return (rows.reshape(count) if port.layout == "N" else rows).astype(port.dtype, copy=False)


def samples(card: Card, count: int, *, seed: int = 0, start: int = 0, **settings: Any) -> GeneratorInputs:
    """Return samples of a seed; further settings are those of `drawn`."""
    values = drawn(card, count, seed=seed, start=start, **settings)
    names = [f"seed{seed}-{start + row:05d}{said_of(card, values, row)}" for row in range(count)]
    return GeneratorInputs(values, names)


def said_of(card: Card, values: Mapping[str, Column], row: int) -> str:
    """Return what a sample's name says of its categories and captions, such as `-label=7-sneaker`."""
    parts = []
    for port in card.numbers_in:
        if port.kind == "caption":
            parts.append(f"-{port.name}={plain(text_of(port, values[port.name][row : row + 1][0]))[:_LONGEST]}")
        if port.categories:
            index = int(values[port.name][row : row + 1][0])
            parts.append(f"-{port.name}={index}" + (f"-{plain(port.names[index])}" if port.names else ""))
    return "".join(parts)


_LONGEST = 60
"""Letters of a caption that a file's name has."""


def plain(text: str) -> str:
    """Return a text as it can stand in a file's name."""
    return re.sub(r"\W+", "_", text).strip("_")


def _said_latent(port: Numbers, value: Any) -> Array:
    """Return a latent as (1, *lengths) or (N, *lengths); of what has a shape, all numbers in a row are it too."""
    try:
        array = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        raise UsageError(f"{port.name}: {value!r} is no array of {port.length} numbers a sample") from None
    axes = len(port.shape)
    if port.shape and array.shape[-axes:] == port.shape and array.ndim in (axes, axes + 1):
        return array.reshape(-1, *port.shape)
    if array.ndim < 2:
        array = array.reshape(-1, 1) if port.length == 1 else array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != port.length:
        takes = f"an array {port.shape}" if port.shape else f"{port.length} numbers"
        raise UsageError(f"{port.name} takes {takes} a sample, not an array {array.shape}")
    return array.reshape(-1, *port.lengths)
