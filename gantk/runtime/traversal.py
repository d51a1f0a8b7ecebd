"""Ways through what a generator can make: from one sample to another, and along one of its inputs."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import UsageError
from gantk.runtime.card import Card
from gantk.runtime.generation import Column, GeneratorInputs, Made, drawn, drawn_rows, plain, said_of
from gantk.runtime.ports import Numbers

REACH = {"normal": 2.0, "uniform": 1.0, "zero": 2.0}
"""How far a latent is traversed on either side of 0, by its distribution; InfoGAN's figures go as far as 2."""

COLUMNS = 10
"""Values of a latent that is traversed."""


def walk(
    card: Card,
    count: int,
    *,
    seed: int,
    to: int,
    start: int = 0,
    said: Mapping[str, Any] | None = None,
    **settings: Any,
) -> GeneratorInputs:
    """Return `count` steps from a sample of one seed to that of another, both included.

    Normal latents go along a great circle (White 2016, arXiv:1609.04468), uniform ones along a straight line, and all
    else stays what it is for the first seed. `said` vectors are those of the first sample. Further settings are those
    of `drawn`.
    """
    first = drawn(card, 1, seed=seed, start=start, said=said, **settings)
    vectors = {port.name for port in card.numbers_in if port.kind == "latent" and port.length > 1}
    kept = {name: value for name, value in (said or {}).items() if name not in vectors}
    last = drawn(card, 1, seed=to, start=start, said=kept, **settings)
    share = np.linspace(0, 1, count)
    values: dict[str, Column] = {}
    for port in card.numbers_in:
        one, other = first[port.name][:1][0], last[port.name][:1][0]
        if port.kind != "latent":
            values[port.name] = np.repeat(one[None], count, axis=0).astype(port.dtype)
            continue
        points = Made(count, partial(_point, one, other, share, port))
        values[port.name] = points if port.shape else points[:]
    names = [f"seed{seed}-to-{to}-{row:05d}{said_of(card, values, row)}" for row in range(count)]
    return GeneratorInputs(values, names)


def _point(one: Array, other: Array, share: Array, port: Numbers, number: int) -> Array:
    """Return a latent at a step of the way from one to another."""
    way = great_circle if port.distribution == "normal" else straight_line
    return way(one, other, share[number]).astype(port.dtype)


def straight_line(one: Array, other: Array, share: float) -> Array:
    """Return the vector at a share of the straight way from one to another."""
    point: Array = (1 - share) * one + share * other
    return point


def great_circle(one: Array, other: Array, share: float) -> Array:
    """Return the vector at a share of the way from one to another around the origin; their lengths blend likewise.

    Vectors on one line through the origin have no one circle: between them the way is straight.
    """
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    angle = np.arccos(np.clip(np.sum(one * other) / lengths, -1, 1)) if lengths else 0.0
    if np.sin(angle) < 1e-6:
        return straight_line(one, other, share)
    point: Array = (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)
    return point


def traversal(
    card: Card,
    target: str,
    count: int,
    *,
    columns: int | None = None,
    reach: float | None = None,
    seed: int = 0,
    start: int = 0,
    said: Mapping[str, Any] | None = None,
    **settings: Any,
) -> GeneratorInputs:
    """Return `count` samples of a seed, each at every value of one input and all else kept: a row a sample.

    `target` is a category, each of whose values is a column, a scalar, which goes from its least to its largest number
    in so many columns, or a number of a latent (`c2`, `latent[5]`), which goes from -reach to reach. Further settings
    are those of `drawn`. Raises UsageError where there is no such input, or where all of it is said.
    """
    port, place = _target(card, target)
    if said and port.name in said and place is ...:
        raise UsageError(f"{port.name} is traversed, so it cannot be {said[port.name]} throughout")
    steps, headings = _steps(port, columns, reach)
    rows = drawn(card, count, seed=seed, start=start, said=said, **settings)
    values = {name: _repeated(value, len(steps)) for name, value in rows.items()}
    traversed = values[port.name]
    assert not isinstance(traversed, Made)
    traversed[:, place] = np.tile(steps, count)
    names = []
    for number in range(count * len(steps)):
        row, column = divmod(number, len(steps))
        end = "" if port.categories else f"-{plain(target)}-column{column:02d}"
        names.append(f"seed{seed}-{start + row:05d}{said_of(card, values, number)}{end}")
    return GeneratorInputs(values, names, len(steps), headings)


def mixing(card: Card, seed: int, layers: int | None, start: int = 0) -> dict[str, Any]:
    """Return what is said of a model that mixes styles, so that its fine layers have those of a sample of a seed.

    The model takes `latent`, `other` and the number `layers`: how many coarse layers keep the styles of `latent`.
    Raises UsageError where it does not.
    """
    ports = {port.name: port for port in card.numbers_in}
    if not {"latent", "other", "layers"} <= ports.keys():
        raise UsageError(
            "the model mixes no styles: the graph that does takes latent, other and layers, as `mix` of stylegan2"
        )
    said = {"other": drawn_rows(ports["latent"], 1, seed=seed, start=start)}
    return said if layers is None else {**said, "layers": layers}


def _repeated(rows: Column, times: int) -> Column:
    """Return each row so many times, one after another."""
    if isinstance(rows, Made):
        row = rows.row
        return Made(len(rows) * times, lambda number: row(number // times))
    return rows.repeat(times, axis=0)


def _steps(port: Numbers, columns: int | None, reach: float | None) -> tuple[Array, list[str]]:
    """Return the values that an input takes one after another, and what they are called."""
    if port.kind == "scalar":
        if port.low is None or port.high is None:
            raise UsageError(f"{port.name} has no limits to go between; say its values one by one")
        if reach is not None:
            raise UsageError(f"{port.name} goes from {port.low:g} to {port.high:g}: leave the reach out")
        between: Array = np.linspace(port.low, port.high, columns or COLUMNS)
        return between, [f"{step:.3g}" for step in between]
    if not port.categories:
        reach = REACH[port.distribution or "normal"] if reach is None else reach
        steps: Array = np.linspace(-reach, reach, columns or COLUMNS)
        return steps, [f"{step:+.2f}" for step in steps]
    if columns is not None or reach is not None:
        raise UsageError(f"{port.name} is a category: its columns are its {port.categories} values")
    return np.arange(port.categories), list(port.names) or [str(step) for step in range(port.categories)]


def _target(card: Card, target: str) -> tuple[Numbers, Any]:
    """Return the input that is traversed, and where in its tensor's rows."""
    known = {port.name: port for port in card.numbers_in}
    found = re.fullmatch(r"(.+)\[(\d+)\]", target)
    name, place = (found[1], int(found[2])) if found else (target, None)
    port = known.get(name)
    if port is None:
        raise UsageError(f"there is no input {name!r} to traverse, only {', '.join(known)}")
    if port.kind == "caption":
        raise UsageError(f"{name} is a text, which is not traversed: choose another input")
    if port.categories:
        if place is not None:
            raise UsageError(f"{name} is a category: traverse {name}, not {target}")
        return port, ...
    if port.shape:
        raise UsageError(f"{name} is noise of the shape {port.shape}, which is not traversed: choose another input")
    if (place is None and port.length > 1) or (place or 0) >= port.length:
        raise UsageError(f"{name} has {port.length} numbers: traverse one of {name}[0] to {name}[{port.length - 1}]")
    return port, ... if port.layout == "N" else place or 0
