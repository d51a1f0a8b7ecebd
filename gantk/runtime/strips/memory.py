"""The memory that a model takes for an image, and the memory that is free."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gantk.runtime.strips.sections import Plan

SHARE = 0.5
"""Share of the free memory that a run may take whole; beyond, an image is run in strips."""

SURELY_FITS = 2**20
"""Pixels of a batch about which no questions are asked: a network of 64 filters takes 2 GB for them."""

_PROC, _GROUPS = Path("/proc"), Path("/sys/fs/cgroup")

_OVERHEAD = 2.25
"""What ONNX Runtime takes over the tensors that it needs at once: measured 1.6 to 2.1, since it doubles its store."""

_LARGEST, _SMALLEST = 512, 64


def bytes_a_pixel(plan: Plan) -> float:
    """Return the memory that a network takes for each pixel of an image that it is given whole."""
    from onnx.helper import tensor_dtype_to_np_dtype

    graph = plan.model.graph
    sizes: dict[str, float] = {}
    for info in [*graph.value_info, *graph.input, *graph.output]:
        tensor = info.type.tensor_type
        lengths = [length.dim_value for length in tensor.shape.dim[1:] if length.HasField("dim_value")]
        if len(tensor.shape.dim) == 4 and lengths:
            item = np.dtype(tensor_dtype_to_np_dtype(tensor.elem_type)).itemsize
            sizes[info.name] = lengths[0] * item * float(plan.ratios.get(info.name, 1)) ** 2
    last_use = {name: place for place, node in enumerate(graph.node) for name in node.input}
    held, most = set(plan.images), 0.0
    for place, node in enumerate(graph.node):
        held.update(node.output)
        most = max(most, sum(sizes.get(name, 0) for name in held))
        held = {name for name in held if last_use.get(name, -1) > place}
    return _OVERHEAD * most


def fitting_tile(pixels: int, each: float) -> int | None:
    """Return the tile in whose strips an image is run that has so many pixels, each of which takes so many bytes.

    None: it fits whole into what memory may be taken, or what is free cannot be told.
    """
    free = free_memory()
    if free is None or pixels * each <= SHARE * free:
        return None
    return max(_SMALLEST, min(_LARGEST, math.isqrt(int(SHARE * free / each))))


def free_memory() -> int | None:
    """Return the bytes that this process can still take without swapping; None where the system does not say.

    On Linux the least of what the machine has, what control groups (as of a container) allow, and the process's own
    limit of address space; where what is free is not said, as on macOS, what the machine has in all.
    """
    found = [amount for amount in (_machine(), *_groups(), _own()) if amount is not None]
    return max(0, min(found)) if found else None


def _machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in (_PROC / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _groups() -> Iterator[int]:
    """Yield what is left of the limit of each control group that this process is in, or in whose group its group is."""
    with suppress(OSError, ValueError):
        for line in (_PROC / "self/cgroup").read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers == "":
                top, limit, used, cached = _GROUPS, "memory.max", "memory.current", "inactive_file"
            elif "memory" in controllers.split(","):
                top, limit, used = _GROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
                cached = "total_inactive_file"
            else:
                continue
            inside = top / place.lstrip("/")
            for group in (inside, *inside.parents):
                if top not in (group, *group.parents):
                    break
                # What lies in a group's files alone is given back when memory is wanted. A group without a limit says
                # "max", and one that a container does not see has no files.
                with suppress(OSError, ValueError):
                    left = int((group / limit).read_text()) - int((group / used).read_text())
                    counts = dict(row.split() for row in (group / "memory.stat").read_text().splitlines())
                    yield left + int(counts.get(cached, 0))


def _own() -> int | None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            taken = int((_PROC / "self/statm").read_text().split()[0])
            return limit - taken * resource.getpagesize()
    return None
