"""Networks without values: what they are made of, and whether they can be made, in little time and memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import normalize
from torch.overrides import TorchFunctionMode


@contextmanager
def without_values() -> Iterator[None]:
    """Build networks whose tensors have shapes alone: torch's device `meta`, on which nothing is drawn."""
    with torch.device("meta"), _Unwritten():
        yield


_KEPT = {torch.mv: 1, torch.Tensor.mv: 1, torch.vdot: 0, torch.Tensor.vdot: 0, normalize: None}
"""What torch would work out in Python, and how many of the first tensor's dimensions it keeps; None: all."""


_STATED = {torch.Tensor.requires_grad_, torch.Tensor.detach_}
"""What changes no values, whatever its name says."""


class _Unwritten(TorchFunctionMode):
    """Leaves out what only writes into tensors without values, as initializations do: torch's compiler would load.

    Spectral norm writes its power iterations so, 15 for each layer that is made; there is a short way for what each of
    them is made of, or networks with many such layers would take seconds.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        written = (kwargs or {}).get("out")
        # One that is empty takes its shape from what is written.
        if isinstance(written, torch.Tensor) and written.is_meta and written.numel():
            return written
        if func in _KEPT and args and all(one.is_meta for one in args if isinstance(one, torch.Tensor)):
            return args[0].new_empty(args[0].shape[: _KEPT[func]])
        given = (*args, *(kwargs or {}).values())
        writes = func.__name__.endswith("_") and not func.__name__.endswith("__")
        if writes and func not in _STATED and isinstance(given[0], torch.Tensor) and given[0].is_meta:
            return given[0]
        return func(*args, **(kwargs or {}))
