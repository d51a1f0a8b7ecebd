"""A model's weights, which must be finite numbers."""

from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import GantkError
from gantk.runtime.wire import contents

_FLOAT, _HALF, _DOUBLE, _BRAIN = 1, 10, 11, 16
_TYPES = {_FLOAT: "<f4", _HALF: "<f2", _DOUBLE: "<f8", _BRAIN: "<u2"}


def check_weights(path: Path) -> None:
    """Raise GantkError where a weight of a model's file is not a number, or is infinite.

    A single number without dimensions may be infinite: it is a constant, such as a bound.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        for tensor in contents(path).tensors:
            for first, end in tensor.spans if tensor.kind in _TYPES else ():
                values = _values(data[first:end], tensor.kind)
                wrong = np.isnan(values) if tensor.rank == 0 else ~np.isfinite(values)
                if wrong.any():
                    raise GantkError(
                        f"{path}: {int(wrong.sum())} of the {values.size} values of its weight {tensor.name} are no "
                        "finite numbers: the training went astray, or the file is damaged; export an earlier checkpoint"
                    )


def _values(data: bytes, kind: int) -> Array:
    size = np.dtype(_TYPES[kind]).itemsize
    values: Array = np.frombuffer(data[: len(data) // size * size], _TYPES[kind])
    return (values.astype(np.uint32) << 16).view(np.float32) if kind == _BRAIN else values
