"""A model's card, read from its file's metadata: nothing in it is believed before it was checked."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, get_args

import numpy as np

from gantk.data.palettes import MOST, Palette
from gantk.data.words import MOST_WORDS, RULE
from gantk.errors import GantkError
from gantk.runtime.card import PLAIN, PREFIX, Card, Task
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import MOST_AXES, MOST_NUMBERS
from gantk.runtime.scale import LARGEST_SCALE, is_scale
from gantk.runtime.schema import (
    Check,
    FieldError,
    from_json,
    interval,
    mapping,
    maybe,
    number,
    one_of,
    record,
    several,
    text,
    whole,
)

_NAMES = several(text(most=1000), most=2**20)
_SIDE = whole(1, 2**14)
_FIDELITY = ("psnr", "worst", "worst_input", "inputs", "least")

_PORT: Mapping[str, Check] = {
    "name": text(least=1, most=200),
    "kind": text(),
    "key": text(most=200),
    "layout": one_of("NHWC", "NCHW", "NHW"),
    "dtype": one_of("uint8", "uint16", "float32"),
    "channels": whole(1, 2**12),
    "colour": text(most=20),
    "range": interval,
    "pixel": one_of("uint8", "uint16", "float32"),
    "window": interval,
    "palette": lambda value, name: _palette(value, name),
}

_NUMBERS: Mapping[str, Check] = {
    "name": text(least=1, most=200),
    "kind": text(),
    "layout": one_of("NC", "N", "N..."),
    "dtype": one_of("float32", "int64"),
    "length": whole(1, MOST_NUMBERS),
    "shape": several(whole(1, MOST_NUMBERS), most=MOST_AXES),
    "distribution": one_of("normal", "uniform", "zero", ""),
    "stream": whole(0, 2**32 - 1),
    "categories": whole(0, 2**20),
    "names": _NAMES,
    "default": number(-1e30, 1e30),
    "low": number(-1e30, 1e30),
    "high": number(-1e30, 1e30),
    "words": several(text(least=1, most=1000), most=MOST_WORDS),
    "rule": one_of(RULE, ""),
}

_SAID, _SAID_OF_NUMBERS = {"name", "kind", "dtype", "channels", "range", "pixel", "window"}, {"name", "kind"}
"""Fields of ports that have no default."""


def _port(value: Any, name: str) -> Port | Numbers:
    kind = one_of("image", "latent", "category", "scalar", "caption", "vector", "labels")(
        value.get("kind") if isinstance(value, Mapping) else None, f"{name}.kind"
    )
    image = kind in ("image", "labels")
    values = record(_PORT if image else _NUMBERS, _SAID if image else _SAID_OF_NUMBERS)(value, name)
    port = Port(**values) if image else Numbers(**values)
    if contradiction := _contradiction(port):
        raise FieldError(f"{name} {contradiction}")
    return port


def _palette(value: Any, name: str) -> Palette:
    """Check the classes of a label map: a value, a name and a colour of each."""
    byte = whole(0, 255)
    said = record(
        {
            "values": several(several(whole(0, 2**31), least=1, most=3), least=1, most=MOST),
            "names": several(text(most=1000), least=1, most=MOST),
            "colours": several(several(byte, least=3, most=3), least=1, most=MOST),
            "ignored": maybe(whole(0, MOST)),
        },
        {"values", "names", "colours"},
    )(value, name)
    values, count = said["values"], len(said["values"])
    lengths = {len(each) for each in values}
    if lengths not in ({1}, {3}) or len(set(values)) < count or (lengths == {3} and max(map(max, values)) > 255):
        raise FieldError(f"{name}.values are not one grey value, or one colour, of its own for each class")
    if (len(said["names"]), len(said["colours"])) != (count, count) or (said.get("ignored") or 0) >= count:
        raise FieldError(f"{name} has not a name and a colour for each of its {count} classes, or ignores another")
    return Palette(**said)


def _size(value: Any, name: str) -> Any:
    """Check one number for both sides, or two."""
    return several(_SIDE, least=2, most=2)(value, name) if isinstance(value, list) else _SIDE(value, name)


def _scale(value: Any, name: str) -> float:
    """Check a whole number, or 1 divided by one."""
    found: float = number(1 / LARGEST_SCALE, LARGEST_SCALE)(value, name)
    if not is_scale(found):
        raise FieldError(f"{name} is {found:g}, not a whole number or 1 divided by one")
    return found


_CARD: Mapping[str, Check] = {
    "version": text(),
    "plugin": text(),
    "graph": text(),
    "task": one_of(*get_args(Task)),
    "inputs": several(_port, least=1, most=100),
    "outputs": several(_port, least=1, most=100),
    "size": maybe(_size),
    "scale": _scale,
    "batch": maybe(whole(1, 2**12)),
    "trained_size": maybe(_size),
    "multiple": whole(1, 2**12),
    "minimum": whole(1, 2**12),
    "mode": mapping(text(most=100)),
    "halo": maybe(whole(0, 2**14)),
    "classes": _NAMES,
    "data": text(),
    "licence": text(),
    "credits": several(text(most=1_000_000), most=10_000),
    "created": text(),
    "parity": mapping(number(0, 1e30)),
    "precision": one_of("fp32", "fp16", "int8"),
    "fidelity": mapping(number(-1e30, 1e30)),
    "step": maybe(whole(0, 2**53)),
    "opset": maybe(whole(1, 1000)),
    "onnxruntime": text(most=100),
}

_LATER = ("credits", "scale", "precision", "fidelity", "trained_size", "batch", "step", "opset", "onnxruntime")
"""Fields that models of older versions do not have."""


def read_card(metadata: Iterable[tuple[str, str]], where: Path) -> Card:
    """Return the card in an ONNX file's metadata.

    Raises GantkError, naming the field of that file, where something in it cannot be.
    """
    own = [(key.removeprefix(PREFIX), value) for key, value in metadata if key.startswith(PREFIX)]
    if not own:
        raise GantkError(f"{where}: an ONNX file, but not one that gantk wrote; `gantk export RUN` writes one")
    try:
        return _card(own)
    except FieldError as wrong:
        raise GantkError(f"{where}: its {wrong}; export it again with this gantk") from None


def _card(own: list[tuple[str, str]]) -> Card:
    texts = dict(own)
    if len(texts) < len(own):
        ((key, _),) = Counter(key for key, _ in own).most_common(1)
        raise FieldError(f"metadata say {PREFIX}{key} twice")
    values: dict[str, Any] = {}
    for key, check in _CARD.items():
        name = PREFIX + key
        if key in texts:
            values[key] = check(texts[key] if key in PLAIN else from_json(texts[key], name), name)
        elif key not in _LATER:
            raise FieldError(f"metadata have no {name}")
    card = Card(**values)
    for name, ports in (("inputs", card.inputs), ("outputs", card.outputs)):
        names = [port.name for port in ports]
        if len(set(names)) < len(names):
            raise FieldError(f"{PREFIX}{name} have one name twice")
    if not card.fits_task:
        raise FieldError(f"{PREFIX}task says that it {card.task}s images, which its tensors are not made for")
    reduced = card.precision != "fp32" or card.fidelity
    if reduced and (missing := [key for key in _FIDELITY if key not in card.fidelity]):
        raise FieldError(f"{PREFIX}fidelity has no {missing[0]}")
    return card


def _contradiction(port: Port | Numbers) -> str:
    """Return what of a port contradicts itself, or nothing."""
    if isinstance(port, Port):
        if (port.kind == "labels", port.kind == "labels") != (port.palette is not None, port.layout == "NHW"):
            return (
                f" is of kind {port.kind} and layout {port.layout}, {'with' if port.palette else 'without'} a palette"
            )
        if port.palette is not None and (port.channels, port.pixel, port.range) != (1, port.dtype, port.window):
            return " is a label map of other values than ids"
        if port.palette is not None and (port.dtype == "float32" or len(port.palette) - 1 > np.iinfo(port.dtype).max):
            return f" is a label map of {len(port.palette)} classes, which {port.dtype} does not hold"
        for field, kind, limits in (("range", port.dtype, port.range), ("window", port.pixel, port.window)):
            if kind != "float32" and (limits[0] < 0 or limits[1] > np.iinfo(kind).max):
                return f".{field} is {list(limits)}, which {kind} does not hold"
        scale = (port.window[1] - port.window[0]) / (port.range[1] - port.range[0])
        return "" if 1e-35 < scale < 1e35 else ".window and .range are too far apart"
    if port.layout == "N" and port.length != 1:
        return f".length is {port.length}, and one number a sample is what its layout N says"
    if (port.layout == "N...") != bool(port.shape):
        return f".shape is {list(port.shape)}, which is not what its layout {port.layout} says"
    if port.shape and (port.kind != "latent" or prod(port.shape) != port.length):
        return f" is a {port.kind} of {port.length} numbers with the shape {list(port.shape)}"
    if (port.kind == "category") != (port.categories > 0):
        return f" is a {port.kind} of {port.categories} categories"
    if (port.kind == "caption", port.kind == "caption") != (bool(port.words), bool(port.rule)):
        return f" is a {port.kind} of {len(port.words)} words {'with' if port.rule else 'without'} a rule"
    if port.kind == "caption" and (
        (port.layout, port.dtype) != ("NC", "int64") or len(set(port.words)) < len(port.words)
    ):
        return f" is a caption of {port.dtype} {port.layout}, not of int64 NC, or has a word twice"
    if port.kind == "scalar" and (port.layout, port.dtype) != ("N", "float32"):
        return f" is a scalar of {port.dtype} {port.layout}, not of float32 N"
    if (port.default is not None or (port.low, port.high) != (None, None)) and port.kind not in ("category", "scalar"):
        return f" is a {port.kind} with a default or limits, which it has not"
    if (port.kind == "scalar" and port.default is None) or not _holds(port, port.default):
        return f".default is {json.dumps(port.default)}, which is no value of it"
    if port.names and len(port.names) != port.categories:
        return f" has {len(port.names)} names for {port.categories} categories"
    return ""


def _holds(port: Numbers, value: float | None) -> bool:
    """Return whether a value is one that a category or a scalar can be; None is none."""
    if value is None:
        return True
    if port.kind == "category":
        return value == int(value) and 0 <= value < port.categories
    return (port.low is None or port.low <= value) and (port.high is None or value <= port.high)
