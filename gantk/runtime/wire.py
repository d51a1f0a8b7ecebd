"""An ONNX file's fields, read where they lie: what must be known of it before ONNX Runtime opens it.

A protocol buffer is a row of fields: a number, a kind, and a value or the length of what follows. Weights are passed
over, so a file of any size is read in milliseconds and without memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path

MOST_BYTES = 2**31
"""An ONNX file is smaller: protocol buffers are."""

_MESSAGES = {
    "model": {7: "graph", 14: "metadata", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""The way through the messages of onnx.proto to tensors and metadata, by the numbers of fields."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LENGTHS = {_EIGHT: 8, _FOUR: 4}
_DEEPEST = 60
_MOST_FIELDS = 500_000
_LONGEST = 2**22


class FormatError(ValueError):
    """Raised where a file is no ONNX model."""


@dataclass
class Tensor:
    """A weight or a constant, anywhere in a model.

    Attributes:
        name: its name; empty: it has none.
        kind: the number of its type in onnx.proto.
        rank: how many dimensions it has.
        spans: where its values lie in the file: first byte, and the byte behind the last.
        external: whether its values lie in another file.
    """

    name: str = ""
    kind: int = 0
    rank: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    external: bool = False


@dataclass(frozen=True)
class Property:
    """A text that goes along with a model.

    Attributes:
        key: what it is called.
        value: the text.
        span: where the entry lies in the file: first byte, and the byte behind the last.
        value_span: where the text itself lies.
    """

    key: str
    value: str
    span: tuple[int, int]
    value_span: tuple[int, int]


@dataclass
class FileContents:
    """What an ONNX file holds.

    Attributes:
        metadata: texts that go along with it; a key may come twice.
        tensors: its weights and constants.
    """

    metadata: list[Property] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)


def contents(path: Path) -> FileContents:
    """Return what an ONNX file holds. Raises FormatError where it is none, OSError where it cannot be read."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return _Reader(data).read()


class _Reader:
    def __init__(self, data: mmap) -> None:
        self.data = data
        self.found = FileContents()
        self.left = _MOST_FIELDS

    def read(self) -> FileContents:
        self._message("model", 0, len(self.data), 0)
        return self.found

    def _message(self, message: str, first: int, end: int, depth: int) -> None:
        """Note the tensors and the metadata in a message that lies in those bytes, or in messages in it."""
        if depth > _DEEPEST:
            raise FormatError(f"graphs in it are nested more than {_DEEPEST} deep")
        inner = _MESSAGES[message]
        begin = first
        for number, kind, start, stop in self._fields(first, end):
            begun, begin = begin, stop
            found = inner.get(number)
            if found is None:
                continue
            if kind != _BYTES:
                raise FormatError(f"field {number} of a {message} is none of ONNX")
            if found == "tensor":
                self.found.tensors.append(self._tensor(start, stop))
            elif found == "metadata":
                self.found.metadata.append(self._entry(begun, start, stop))
            else:
                self._message(found, start, stop, depth + 1)

    def _tensor(self, first: int, end: int) -> Tensor:
        tensor = Tensor()
        for number, kind, start, stop in self._fields(first, end):
            if number == 1:  # dims: one by one, or packed; a dimension below 128 is a byte.
                tensor.rank += 1 if kind == _VARINT else self._count(start, stop)
            elif number == 2 and kind == _VARINT:
                tensor.kind = start
            elif number == 8 and kind == _BYTES:
                tensor.name = self._text(start, stop)
            elif number in (4, 9, 10) and kind == _BYTES:  # float_data, raw_data, double_data
                tensor.spans.append((start, stop))
            elif number == 13 or (number == 14 and start != 0):  # external_data, data_location
                tensor.external = True
        return tensor

    def _entry(self, begun: int, first: int, end: int) -> Property:
        texts, places = {1: "", 2: ""}, {2: (end, end)}
        for number, kind, start, stop in self._fields(first, end):
            if number in texts and kind == _BYTES:
                texts[number], places[number] = self._text(start, stop), (start, stop)
        return Property(texts[1], texts[2], (begun, end), places[2])

    def _text(self, first: int, end: int) -> str:
        if end - first > _LONGEST:
            raise FormatError(f"a text in it has {end - first:,} bytes")
        try:
            return self.data[first:end].decode()
        except UnicodeDecodeError:
            raise FormatError("a text in it is no UTF-8") from None

    def _count(self, first: int, end: int) -> int:
        return sum(byte < 128 for byte in self.data[first:end])

    def _fields(self, first: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield each field of a message: its number, its kind, its first byte or its value, and its end."""
        at = first
        while at < end:
            self.left -= 1
            if self.left < 0:
                raise FormatError(f"it has more than {_MOST_FIELDS:,} parts")
            key, at = self._varint(at, end)
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                value, at = self._varint(at, end)
                yield number, kind, value, at
                continue
            if kind == _BYTES:
                length, at = self._varint(at, end)
            elif kind in _LENGTHS:
                length = _LENGTHS[kind]
            else:
                raise FormatError(f"it has a field of kind {kind}")
            if number == 0 or length > end - at:
                raise FormatError("it ends within a field")
            yield number, kind, at, at + length
            at += length

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the whole number that begins at a byte, seven bits a byte, and where it ends."""
        value = shift = 0
        while at < end and shift < 70:
            byte = self.data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
            shift += 7
        raise FormatError("it ends within a number")
