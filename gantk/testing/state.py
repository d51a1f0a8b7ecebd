"""The state that all code in a process shares, and that a plugin has no business to change."""

from __future__ import annotations

import hashlib
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import warnings
from pathlib import Path
from typing import Any


def snapshot() -> dict[str, Any]:
    """Return what the process shares, by what a reader calls it. Torch's part is there where torch is imported."""
    found: dict[str, Any] = {
        "the random numbers of Python (random)": _hash(random.getstate()),
        "the warnings filters": [str(item) for item in warnings.filters],
        "the current folder": str(Path.cwd()),
        "the locale": locale.setlocale(locale.LC_ALL),
        "the level of the root logger": logging.getLogger().level,
        "the handlers of the root logger": len(logging.getLogger().handlers),
        "sys.excepthook": repr(sys.excepthook),
        "the recursion limit": sys.getrecursionlimit(),
        "the default timeout of sockets": socket.getdefaulttimeout(),
        "the running threads": threading.active_count(),
    }
    found |= {f"environment variable {name}": value for name, value in os.environ.items()}
    found |= {f"the handler of {one.name}": repr(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM)}
    return found | _of_numpy() | _of_torch()


def changes(before: dict[str, Any], after: dict[str, Any], *, drawn: bool = False) -> list[str]:
    """Return what differs, in words. `drawn`: torch's random numbers may have been drawn."""
    ignored = {"the random numbers of torch"} if drawn else set()
    names = [name for name in (*before, *(after.keys() - before.keys())) if name not in ignored]
    return [_said(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def _of_numpy() -> dict[str, Any]:
    if "numpy" not in sys.modules:
        return {}
    import numpy as np

    return {
        "the random numbers of NumPy (numpy.random)": _hash(np.random.get_state()),
        "NumPy's handling of errors": str(np.geterr()),
    }


def _of_torch() -> dict[str, Any]:
    if "torch" not in sys.modules:
        return {}
    import torch

    return {
        "the random numbers of torch": _hash(torch.get_rng_state().tolist()),
        "torch's default dtype": str(torch.get_default_dtype()),
        "torch's default device": str(torch.get_default_device()),
        "torch's number of threads": torch.get_num_threads(),
        "torch's deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "whether torch records gradients": torch.is_grad_enabled(),
        "whether torch detects anomalies": torch.is_anomaly_enabled(),
        "torch's precision of matrix products": torch.get_float32_matmul_precision(),
        "torch.backends.cudnn.benchmark": torch.backends.cudnn.benchmark,
        "torch.backends.cudnn.deterministic": torch.backends.cudnn.deterministic,
        "torch's autocast": torch.is_autocast_enabled("cpu"),
    }


def _said(name: str, before: Any, after: Any) -> str:
    if name.startswith("the random numbers"):
        return f"{name} were drawn or seeded"
    if isinstance(before, list):
        return f"{name} have changed"
    return f"{name}: {'unset' if before is None else before} became {'unset' if after is None else after}"


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
