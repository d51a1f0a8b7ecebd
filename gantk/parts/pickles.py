"""What a pickled file would make, measured before it is made: its nesting, its size, its checksums.

Reading a pickle by `torch.load(weights_only=True)` runs nothing, but a value that is nested a million times ends the
process when it is hashed, one that holds itself many times over never ends, and records may unpack to any size.
"""

import pickletools
import zipfile
from collections.abc import Iterable
from io import BytesIO

from gantk.errors import GantkError

_PROGRAM = 2**22
"""Bytes of a pickle's instructions; tensors lie beside them. A thousand tensors take 300,000."""

_DEEPEST, _LARGEST = 50, 2_000_000
"""How deep values may be nested, and how many one may hold, counted as often as they are held."""

_HEADERS = 5
"""Pickles at the beginning of a file as torch wrote it before version 1.6."""

_MARK = (-1, 0)


def check_file(held: bytes) -> None:
    """Raise GantkError, whose text goes after a file's name, where reading it is not safe, or its checksums differ."""
    if zipfile.is_zipfile(BytesIO(held)):
        _check_archive(held)
    else:
        stream = BytesIO(held)
        for _ in range(_HEADERS):
            check_pickle(stream)


def check_pickle(stream: BytesIO) -> None:
    """Read a pickle's instructions up to their end. Raises GantkError where what they make is nested or huge."""
    stack: list[tuple[int, int]] = []
    memo: dict[str, tuple[int, int]] = {}
    begun = stream.tell()
    for instruction, said, place in pickletools.genops(stream):
        if (place or 0) - begun > _PROGRAM:
            raise GantkError(f"says more than {_PROGRAM:,} bytes about its tensors")
        name = instruction.name
        if name == "MARK":
            stack.append(_MARK)
        elif name == "MEMOIZE":
            memo[str(len(memo))] = stack[-1]
        elif name.endswith("PUT"):
            memo[str(said)] = stack[-1]
        elif name.endswith("GET"):
            stack.append(memo[str(said)])
        else:
            _apply(stack, instruction)


def _apply(stack: list[tuple[int, int]], instruction: pickletools.OpcodeInfo) -> None:
    """Put in place of what an instruction takes what it gives: (depth, values held)."""
    taken: list[tuple[int, int]] = []
    for wanted in reversed(instruction.stack_before):
        if wanted is pickletools.stackslice:
            while stack[-1] is not _MARK:
                taken.append(stack.pop())
        else:
            taken.append(stack.pop())
    # What is put into a list or a dictionary is taken before it.
    deepest = max((depth for depth, _ in taken), default=-1) + 1
    if instruction.name.startswith(("SETITEM", "APPEND", "ADDITEMS")):
        inner = max((depth for depth, _ in taken[:-1]), default=-1) + 1
        deepest = max(taken[-1][0], inner)
    made = (deepest, sum(count for _, count in taken) + 1)
    if made[0] > _DEEPEST or made[1] > _LARGEST:
        raise GantkError(f"holds values nested more than {_DEEPEST} deep, or more than {_LARGEST:,} of them")
    stack.extend(made for _ in instruction.stack_after)


def _check_archive(held: bytes) -> None:
    with zipfile.ZipFile(BytesIO(held)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if len(set(names)) < len(names):
            raise GantkError("holds two records of one name")
        _check_stored(entries, len(held))
        for name in names:
            if name.endswith("/data.pkl") or name == "data.pkl":
                check_pickle(BytesIO(archive.read(name)))
        if (broken := archive.testzip()) is not None:
            raise GantkError(f"is damaged: its record {broken} does not have its checksum; copy the file again")


def _check_stored(entries: Iterable[zipfile.ZipInfo], most: int) -> None:
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > most:
            raise GantkError(f"holds a compressed record ({entry.filename}), which torch does not write")
