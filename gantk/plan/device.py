"""The device and the precision of a run."""

import os
from pathlib import Path

import torch

from gantk.errors import UsageError


def choose_device(name: str) -> torch.device:
    """Return the device of a name; `auto`: CUDA, then MPS, then the CPU. Raises UsageError where it is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind = name.split(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in there:
        raise UsageError(f"no device is called {name}: say auto, cpu, cuda or mps")
    if not there[kind]:
        raise UsageError(f"device {name} is not there: torch {torch.__version__} finds none on this machine")
    if kind == "cuda" and ":" not in name:
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(torch.device(name))
    try:
        return torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device is called {name}: say {kind}, or {kind}:0") from None


def choose_precision(name: str, device: torch.device, allowed: bool) -> torch.dtype | None:
    """Return the autocast dtype, or None for float32. `auto`: bfloat16 where the device computes in it."""
    if name == "bf16" and not allowed:
        raise UsageError("bf16 is too coarse for this recipe or these data: leave out --precision bf16")
    if name == "fp32" or not allowed:
        return None
    return torch.bfloat16 if name == "bf16" or _computes_bfloat16(device) else None


def choose_workers(asked: int | None, device: torch.device) -> int:
    """Return how many processes load images: on a CPU the training itself needs the cores."""
    if asked is not None:
        return asked
    return 4 if device.type == "cuda" else 0


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # An emulated bfloat16 is slower than float32: ask the processor for its own instructions.
        info = Path("/proc/cpuinfo")
        flags = info.read_text() if info.exists() else ""
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False
