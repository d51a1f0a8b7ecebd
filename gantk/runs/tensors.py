"""Files of tensors: nothing is taken from one before each name, shape and dtype is that of what it fills."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gantk.documents import regular_file, shortened
from gantk.errors import GantkError


def read_tensors(
    path: Path,
    what: str,
    needed: Mapping[str, Tensor],
    possible: Mapping[str, Tensor] | None = None,
    *,
    together: Callable[[str], str] | None = None,
    finite: bool = True,
    reason: str = "",
) -> dict[str, Tensor]:
    """Return a file's tensors: all that are needed, and which of the possible ones it holds, each like its namesake.

    Each is on the CPU, in memory of its own. `what` says what they are, `reason` why they may not fit. Of the possible
    ones, those that `together` gives the same name are all there or none. `finite` refuses NaN and infinity.
    Raises GantkError, naming the file, the tensor and both shapes, before a value is taken.
    """
    known = {**(possible or {}), **needed}
    try:
        regular_file(path)
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            apart = _other_names(names, needed, known)
            # Views of the file, of which no page has been read.
            views = {} if apart else {name: file.get_tensor(name) for name in sorted(names)}
            apart = apart or _half(names, known, together) or _other_kind(views, known)
            if not apart:
                held = {name: view.clone() for name, view in views.items()}
                reason, apart = "", _not_finite(held) if finite else ""
            if not apart:
                return held
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise GantkError(f"cannot load {what} from {path}: {shortened(error)}") from error
    raise GantkError(f"cannot load {what} from {path}: {reason}{apart}")


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors, by name, in the safetensors format."""
    seen: set[int] = set()
    unshared: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        value = tensor.detach().cpu().contiguous()
        # safetensors refuses tensors that share memory, such as tied weights.
        unshared[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    save_file(unshared, path)


def _other_names(there: set[str], needed: Mapping[str, Tensor], known: Mapping[str, Tensor]) -> str:
    if lacking := [name for name in needed if name not in there]:
        return f"it has no {lacking[0]}"
    return f"{shortened(min(further))} is not in this one" if (further := there - known.keys()) else ""


def _half(there: set[str], known: Mapping[str, Tensor], together: Callable[[str], str] | None) -> str:
    """Return what is lacking of tensors of which some are there."""
    if together is None:
        return ""
    begun = {together(name) for name in there}
    return next((f"it has no {name}" for name in known if name not in there and together(name) in begun), "")


def _not_finite(held: Mapping[str, Tensor]) -> str:
    bad = (name for name, tensor in held.items() if not bool(tensor.isfinite().all()))
    return next((f"{name} holds numbers that are not finite" for name in bad), "")


def _other_kind(there: Mapping[str, Tensor], here: Mapping[str, Tensor]) -> str:
    for name, tensor in there.items():
        if tensor.shape != here[name].shape:
            return f"{name} is {tuple(tensor.shape)} there and {tuple(here[name].shape)} here"
        if tensor.dtype != here[name].dtype:
            return f"{name} is {_called(tensor.dtype)} there and {_called(here[name].dtype)} here"
    return ""


def _called(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
