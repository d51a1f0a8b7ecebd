"""Measured models as Markdown: a table, and a page around it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from gantk_exports.bench_measure import Benchmark, Figures
from gantk_exports.precision import CALIBRATION

MARK = "<!-- Written by `gantk bench export`. -->"
"""How a page begins that may be replaced."""

_PAGE = """\
{mark}

# Exported models: size, speed and likeness

`gantk bench export RUN... --out FILE` writes this page anew. Measured on {date}.

{machine}

{table}

Times are of one image of {size} px, batch 1, medians of turns in which every form of a network runs once; with one
thread they are the processor's, in which nothing counts that other programs do. Shares are medians of the turns'
shares. PyTorch runs the same network, eagerly, from pixels to pixels, in float32. PSNR is over held-out images, in
their own levels, at the size of the training; int8's ranges were measured on {calibration} training images. Sizes and
times do not depend on how long a network was trained; likeness does. int8 concerns convolutions alone: transposed ones,
which half of a U-Net is made of, keep their 32 bits.

{origins}
"""

_HEAD = "| network | form | MB | ms | of fp32's time | of PyTorch's time | PSNR to fp32, dB | worst image, dB |"
_EIGHT_BITS = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")


def table(models: Sequence[Benchmark], size: int) -> str:
    """Return the figures, a row for each form of each network."""
    rows = [_row(model, figures, size) for model in models for figures in model.figures]
    return "\n".join([_HEAD, "|---|---|---:|---:|---:|---:|---:|---:|", *rows])


def page(models: Sequence[Benchmark], size: int, machine: str) -> str:
    """Return a page with the table, the machine in words, and what was measured."""
    origins = "\n".join(f"- {model.title}: {model.origin}." for model in models)
    return _PAGE.format(
        mark=MARK,
        date=datetime.now(UTC).date().isoformat(),
        machine=machine,
        table=table(models, size),
        size=size,
        calibration=CALIBRATION,
        origins=origins,
    )


def machine(threads: int) -> str:
    """Return what was measured on: the processor and what it can, threads, and versions."""
    facts = _processor_facts()
    flags = facts.get("flags", facts.get("Features", "")).split()
    eight = [flag for flag in _EIGHT_BITS if flag in flags]
    parts = [
        facts.get("model name") or platform.processor() or platform.machine(),
        f"8-bit instructions: {', '.join(eight)}" if eight else "",
        f"{threads} thread{'s' if threads > 1 else ''}",
        f"ONNX Runtime {version('onnxruntime')}, PyTorch {version('torch')}",
    ]
    return "; ".join(part for part in parts if part) + "."


def _processor_facts() -> dict[str, str]:
    """Return what Linux says of the first processor; elsewhere nothing."""
    listed = Path("/proc/cpuinfo")
    if not listed.is_file():
        return {}
    first = listed.read_text("utf-8").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _row(model: Benchmark, figures: Figures, size: int) -> str:
    title = model.title if model.size == size else f"{model.title}, at {model.size} px"
    mean, worst = (f"{value:.1f}" for value in figures.likeness[:2]) if figures.likeness else ("", "")
    cells = [
        title,
        figures.form,
        "" if figures.megabytes is None else f"{figures.megabytes:.1f}",
        f"{figures.milliseconds:.1f}" if figures.milliseconds < 100 else f"{figures.milliseconds:.0f}",
        f"{figures.of_full:.2f}",
        f"{figures.of_torch:.2f}",
        mean,
        worst,
    ]
    return f"| {' | '.join(cells)} |"
