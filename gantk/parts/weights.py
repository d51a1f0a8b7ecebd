"""Files of weights that other programs wrote, as tensors by name; nothing in such a file is run."""

import re
import warnings
import zipfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from gantk.data.formats.files import read_file
from gantk.documents import shortened
from gantk.errors import DataError, GantkError, UsageError
from gantk.parts.pickles import check_file

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LONGEST_NAME = 200


def read_weights(path: Path) -> tuple[dict[str, Tensor], str]:
    """Return the tensors of a file of PyTorch's or, by its ending, of safetensors, and the file's SHA-256 in hex.

    They are plain tensors on the CPU, of finite numbers. Raises UsageError where the file cannot be read, GantkError
    where it holds anything but a network's state dict.
    """
    try:
        whole = read_file(path)
    except DataError as reason:
        raise UsageError(f"{path}: {reason}") from reason
    held = _from_safetensors(path, whole) if path.suffix == ".safetensors" else _unpickled(path, whole)
    if not isinstance(held, dict) or not held:
        raise GantkError(f"{path} holds no state dict of a network but {_described(held)}")
    for name, value in held.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            shown = repr(name)[:_LONGEST_NAME]
            raise GantkError(f"{path} holds no state dict of a network: its {shown} is {_described(value)}")
        if len(name) > _LONGEST_NAME:
            raise GantkError(f"{path} holds no state dict of a network: a tensor's name has {len(name):,} characters")
        if not _is_plain(value):
            raise GantkError(f"{path}: {name} is no plain tensor of numbers")
        # As float32, which networks are loaded in, since a larger number overflows there.
        if value.is_floating_point() and not bool(value.float().isfinite().all()):
            raise GantkError(f"{path}: {name} holds numbers that are not finite; its training had failed")
    # What several GPUs trained together is saved under one more name.
    bare = all(name.startswith("module.") for name in held)
    state = {name.removeprefix("module.") if bare else name: value for name, value in held.items()}
    return state, sha256(whole).hexdigest()


def _from_safetensors(path: Path, whole: bytes) -> dict[str, Tensor]:
    try:
        return load(whole)
    except (SafetensorError, ValueError, KeyError) as error:
        raise GantkError(f"{path} is no file of safetensors, or is damaged: {shortened(error)}") from error


def _unpickled(path: Path, whole: bytes) -> Any:
    try:
        check_file(whole)
        with warnings.catch_warnings(action="ignore"):
            # Mapped, a tensor cannot reach beyond its file; the format before version 1.6 checks lengths by itself.
            zipped = zipfile.is_zipfile(BytesIO(whole))
            source: Any = str(path) if zipped else BytesIO(whole)
            return torch.load(source, map_location="cpu", weights_only=True, mmap=zipped)
    except GantkError as reason:
        raise GantkError(f"{path} {reason}") from reason
    except Exception as error:
        # A damaged file fails in as many ways as there are things to read in it.
        code = re.search(r"(?<=GLOBAL )\S+|(?<=Unsupported class )\S+|TorchScript", str(error))
        if code:
            raise GantkError(
                f"{path} wants to run code ({code[0]}) when it is read, so it was not read: save the "
                "network's state_dict() alone, in the program that wrote it"
            ) from error
        raise GantkError(f"{path} is no checkpoint of PyTorch, or is truncated or damaged") from error


def _is_plain(tensor: Tensor) -> bool:
    # One number in a file may be shown as a tensor of any shape, for which memory would then be asked.
    whole = tensor.layout == torch.strided and tensor.nbytes <= tensor.untyped_storage().nbytes()
    return whole and tensor.device.type == "cpu" and tensor.dtype in (*_FLOATS, torch.int64) and tensor.numel() > 0


def _described(value: Any) -> str:
    return f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else f"of type {type(value).__name__}"
