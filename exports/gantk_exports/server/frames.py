"""Messages between the server and the processes that decode for it: JSON and bytes, which say nothing but what they
are.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")

Message = tuple[dict[str, Any], list[bytes]]


def write_message(file: BinaryIO, head: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write a message."""
    packed = json.dumps({"head": head, "lengths": [len(blob) for blob in blobs]}).encode()
    for part in (_LENGTH.pack(len(packed)), packed, *blobs):
        file.write(part)
    file.flush()


def read_message(file: BinaryIO) -> Message:
    """Read a message. Raises EOFError where the other side is gone."""
    (length,) = _LENGTH.unpack(_read(file, _LENGTH.size))
    packed = json.loads(_read(file, length))
    return packed["head"], [_read(file, length) for length in packed["lengths"]]


def _read(file: BinaryIO, length: int) -> bytes:
    read = file.read(length)
    if len(read) < length:
        raise EOFError
    return read
