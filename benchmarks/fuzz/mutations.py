"""Damage: to bytes, and to values of JSON and YAML."""

import copy
import random
from collections.abc import Callable
from typing import Any

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

ODD_VALUES: tuple[Callable[[random.Random], Any], ...] = (
    lambda draw: draw.choice([0, 1, -1, -3, 2, 7, 100_000, 2**31, 2**63, 10**30]),
    lambda draw: draw.choice([0.0, -0.5, 1e-300, 1e300, float("nan"), float("inf"), -float("inf")]),
    lambda draw: draw.choice(["", "x", "image", "float64", "uint8", "NHWC", "..", "/dev/zero", "../../x", "null"]),
    lambda draw: draw.choice(["\x1b[31mred\x1b[0m", "two\nlines", "\u202egnp.exe", "\udcff", "\x00", "é" * 3]),
    lambda draw: "x" * draw.choice([300, 100_000]),
    lambda draw: draw.choice([None, True, False]),
    lambda draw: draw.choice([[], {}, [1], [None], {"x": 1}, [[]], [0, 0], [255, 0]]),
    lambda draw: [0] * draw.choice([100, 100_000]),
    lambda draw: _deep(draw.choice([50, 900])),
)


def damaged_bytes(data: bytes, draw: random.Random) -> bytes:
    """Return data after one to four random changes."""
    changed = bytearray(data)
    for _ in range(draw.choice([1, 1, 2, 4])):
        draw.choice(_CHANGES)(changed, draw)
    return bytes(changed)


def damaged_value(value: Any, draw: random.Random) -> Any:
    """Return a value of JSON or YAML in which one to three nodes are others, missing, or new."""
    value = copy.deepcopy(value)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        holders = list(_holders(value))
        if not holders or draw.random() < 0.02:
            value = odd_value(draw)
            continue
        holder, key = draw.choice(holders)
        action = draw.random()
        if action < 0.15:
            del holder[key]
        elif action < 0.25 and isinstance(holder, dict):
            holder[draw.choice(["x", "size", "name", "\x1b[2J"])] = odd_value(draw)
        elif action < 0.35 and isinstance(holder, list):
            holder.extend([holder[key]] * draw.choice([1, 9]))
        else:
            holder[key] = odd_value(draw)
    return value


def odd_value(draw: random.Random) -> Any:
    """Return a value that nobody expects."""
    return draw.choice(ODD_VALUES)(draw)


def _holders(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _holders(inner)


def _deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def _flip_bit(data: bytearray, draw: random.Random) -> None:
    if data:
        data[_place(data, draw)] ^= 1 << draw.randrange(8)


def _set_bytes(data: bytearray, draw: random.Random) -> None:
    place = _place(data, draw)
    data[place : place + draw.choice([1, 2, 8])] = draw.randbytes(draw.choice([1, 2, 8]))


def _set_number(data: bytearray, draw: random.Random) -> None:
    place, width = _place(data, draw), draw.choice([1, 2, 4, 8])
    number = draw.choice(EXTREMES) % (1 << 8 * width)
    data[place : place + width] = number.to_bytes(width, draw.choice(["big", "little"]))


def _cut(data: bytearray, draw: random.Random) -> None:
    del data[_place(data, draw) :]


def _remove(data: bytearray, draw: random.Random) -> None:
    place = _place(data, draw)
    del data[place : place + draw.choice([1, 4, 100])]


def _insert(data: bytearray, draw: random.Random) -> None:
    place = _place(data, draw)
    data[place:place] = draw.randbytes(draw.choice([1, 4, 100]))


def _repeat(data: bytearray, draw: random.Random) -> None:
    place, length = _place(data, draw), draw.choice([4, 16, 200])
    data[place:place] = data[place : place + length] * draw.choice([1, 20])


_CHANGES = (_flip_bit, _flip_bit, _set_bytes, _set_number, _set_number, _cut, _remove, _insert, _repeat)


def _place(data: bytearray, draw: random.Random) -> int:
    """Return a position, half of the time within the first 200 bytes, where headers are."""
    if not data:
        return 0
    return draw.randrange(min(len(data), 200)) if draw.random() < 0.5 else draw.randrange(len(data))
