"""A run's graph in every precision: weighed, timed beside PyTorch, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

import torch

from gantk.runs.run import open_run
from gantk.runtime.model_file import load
from gantk.runtime.samples import samples
from gantk.training.trained import Trained
from gantk_exports.form import Form
from gantk_exports.graphs import export_graph, prepare
from gantk_exports.parity import run_torch
from gantk_exports.precision import Precision, export_reduced

TORCH, FULL = "PyTorch", "fp32"
"""What the exported models' times are shares of."""

REDUCED: tuple[Precision, ...] = ("fp16", "int8")

_WARM_UP, _LEAST_TURNS = 2, 5


@dataclass(frozen=True)
class Figures:
    """What was measured of one form of a network.

    Attributes:
        form: "PyTorch", "fp32", "fp16" or "int8".
        megabytes: of its file, 10^6 bytes; None: it is no file.
        milliseconds: median time of a run on one image; with one thread, of the processor.
        of_torch, of_full: its time over PyTorch's and over fp32's, medians.
        likeness: PSNR to fp32 in dB over held-out inputs, mean and worst, and how many; None: it is fp32, or PyTorch.
    """

    form: str
    megabytes: float | None
    milliseconds: float
    of_torch: float
    of_full: float
    likeness: tuple[float, float, int] | None


@dataclass(frozen=True)
class Benchmark:
    """A run's graph, measured.

    Attributes:
        title: its generator, with the options that are whole numbers.
        origin: which graph it is, how large, and how long it was trained.
        size: height of the timed image, and mostly width: the model's own, where it has one alone.
        figures: one for each form.
    """

    title: str
    origin: str
    size: int
    figures: tuple[Figures, ...]


def measured(
    trained: Trained, data: Sequence[str], *, size: int, threads: int, seconds: float, least_psnr: float | None
) -> Benchmark:
    """Export the first graph of a run in every precision to a temporary folder, and measure.

    `data` says where the run's images are now, where they have moved. Raises what `export_graph` and `export_reduced`
    raise.
    """
    name = next(iter(trained.recipe.graphs()))
    module, card = prepare(trained, name)
    height, width = card.sides or (size, size)
    values = samples(card.inputs, 1, height, width)
    with TemporaryDirectory(prefix="gantk-") as folder:
        full = export_graph(trained, name, Path(folder) / f"{name}.onnx")
        paths: dict[str, Path] = {FULL: full}
        for reduced in REDUCED:
            out = Path(folder) / f"{name}.{reduced}.onnx"
            paths[reduced] = export_reduced(trained, name, out, Form(), reduced, least_psnr, exported=full, data=data)
        models = {precision: load(path, threads=threads) for precision, path in paths.items()}
        calls: dict[str, Callable[[], object]] = {TORCH: partial(run_torch, module, values)}
        calls |= {precision: partial(model.call, *values) for precision, model in models.items()}
        with _torch_threads(threads):
            turns = in_turns(calls, seconds, thread_time if threads == 1 else perf_counter)
        figures = [_figures(TORCH, None, turns, {})]
        for precision, model in models.items():
            figures.append(_figures(precision, model.path.stat().st_size / 1e6, turns, model.card.fidelity))
    return Benchmark(*_described(trained, name, module), height, tuple(figures))


def in_turns(
    calls: Mapping[str, Callable[[], object]], seconds: float, clock: Callable[[], float] = perf_counter
) -> dict[str, list[float]]:
    """Return how long each call took in each turn, for so many seconds and at least five turns, after two unmeasured.

    A turn runs every call once. What runs on one thread is best timed by `thread_time`, in which nothing counts that
    other programs do on the same processor.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    turn, until = 0, perf_counter() + seconds
    while turn < _WARM_UP + _LEAST_TURNS or perf_counter() < until:
        for name, call in calls.items():
            began = clock()
            call()
            if turn >= _WARM_UP:
                taken[name].append(clock() - began)
        turn += 1
    return taken


def _figures(
    form: str, megabytes: float | None, turns: Mapping[str, list[float]], fidelity: Mapping[str, float]
) -> Figures:
    def share(other: str) -> float:
        return median(own / whole for own, whole in zip(turns[form], turns[other], strict=True))

    likeness = (fidelity["psnr"], fidelity["worst"], int(fidelity["inputs"])) if fidelity else None
    return Figures(form, megabytes, 1000 * median(turns[form]), share(TORCH), share(FULL), likeness)


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _described(trained: Trained, graph: str, module: torch.nn.Module) -> tuple[str, str]:
    """Return a title for a run's graph, and where it comes from."""
    config = open_run(trained.run).config
    options = {name: value for name, value in config.set.items() if name.startswith("generator.")}
    sizes = [f"{name.removeprefix('generator.')} {value}" for name, value in options.items() if type(value) is int]
    title = ", ".join([Path(config.generator or trained.plugin).stem, *sorted(sizes)])
    parameters = sum(parameter.numel() for parameter in module.parameters())
    batch = f" of batch {config.set['batch_size']}" if "batch_size" in config.set else ""
    return title, (
        f"graph `{graph}` of {trained.plugin}, {parameters / 1e6:.1f} M parameters, "
        f"after {trained.step:,} steps{batch} at {trained.sides} px on {trained.data}"
    )
