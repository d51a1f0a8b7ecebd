"""What `gantk export` does: a run's graphs as verified models."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

from gantk.errors import GantkError, UsageError
from gantk.parts.context import Progress
from gantk.plan.protocol import graphs_of
from gantk.plugins.manager import load_plugins
from gantk.runs.run import open_run
from gantk.runtime.model import Model
from gantk.runtime.model_file import load
from gantk.text import pasted
from gantk.training.trained import Trained, load_trained
from gantk_exports.examples import write_examples
from gantk_exports.form import Form
from gantk_exports.graphs import export_graph
from gantk_exports.material import look_for
from gantk_exports.precision import Precision, export_reduced


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What a user asks for.

    Attributes:
        graphs: which; empty: all.
        out: an .onnx file for one graph, else a folder; None: the run's own.
        step: which checkpoint; None: the newest.
        data: where the run's images are now; empty: where they were.
        plugins: where plugin files of the run are now.
        form: what models take and give.
        precision: of their weights.
        examples: how many held-out images are written beside a model that takes images.
        least_psnr: how like fp32 the worst image must be, in dB; None: as much as is usual.
    """

    graphs: Sequence[str] = ()
    out: Path | None = None
    step: int | None = None
    data: Sequence[str] = ()
    plugins: Sequence[str] = ()
    form: Form = field(default_factory=Form)
    precision: Precision = "fp32"
    examples: int | None = None
    least_psnr: float | None = None


@dataclass(frozen=True)
class Exported:
    """A model that was written, how long that took, and the examples beside it."""

    model: Model
    seconds: float
    examples: Sequence[Path] = ()


def _silently(_said: object) -> None:
    """Say nothing."""


def export_run(
    run: Path,
    request: ExportRequest,
    told: Callable[[str], object] = _silently,
    begin: Callable[[str], object] = _silently,
    done: Callable[[Exported], object] = _silently,
) -> list[Model]:
    """Write a run's graphs as models and return them; `done` hears of each.

    `told` hears notes, and `begin` what begins. Raises GantkError.
    """
    graphs, data, precision, form = request.graphs, request.data, request.precision, request.form
    opened = open_run(run)
    trained = load_trained(run, request.step, plugins=request.plugins, say=told)
    if data and precision == "fp32" and request.examples is None:
        told("note: fp32 needs no images: --data is not read")
    for note in trained.notes:
        told(f"warning: {note}")
    listeners = load_plugins(trained.config.plugins)
    empty = opened.manifest.imported.untrained_graphs if trained.step == 0 else []
    for name in graphs:
        if name in empty:
            raise UsageError(f"{run} was imported without a file for {name}: its weights are untrained")
    known = sorted(graphs_of(trained.recipe, trained.images).keys() - set(empty))
    later = to_come(trained)
    for name in graphs:
        if name not in known:
            raise UsageError(f"{trained.plugin} has no graph {name!r}, only {', '.join(known)}{later and f'; {later}'}")
    if later and not graphs:
        told(f"note: {later}")
    names = list(dict.fromkeys(graphs)) or known
    written: list[Model] = []
    places = _places(names, request.out or run / "exports", precision, form)
    _check_writable(next(iter(places.values())).parent)
    if precision != "fp32" or request.examples is not None:
        _look_for_images(trained, places, precision, data)
    for name, path in places.items():
        began = perf_counter()
        begin(f"exporting {name}")

        def tell(part: str, name: str = name) -> None:
            # Passing words on a terminal; elsewhere a line a graph is enough.
            if sys.stderr.isatty():
                begin(f"exporting {name}: {part}")

        if precision == "fp32":
            export_graph(trained, name, path, form, tell)
        else:
            export_reduced(trained, name, path, form, precision, request.least_psnr, data=data, tell=tell)
        begin("")
        listeners.hook.exported(run=opened, model=path)
        written.append(load(path))
        took = perf_counter() - began
        wanted = request.examples
        shown = write_examples(trained, written[-1].card, path, wanted, data) if wanted is not None else ()
        done(Exported(written[-1], took, tuple(shown)))
    return written


def to_come(trained: Trained) -> str:
    """Return which graphs come with later stages than the checkpoint's; empty: none do."""
    context, present = trained.recipe.context, graphs_of(trained.recipe, trained.images)
    stage, spans, before = context.stage, context.spans, context.progress
    if stage.number + 1 >= len(spans):
        return ""
    context.progress = Progress(spans[-1].begin, before.total)
    later = graphs_of(trained.recipe, trained.images).keys() - present.keys()
    context.progress = before
    if not later:
        return ""
    come = "come" if later - {min(later)} else "comes"
    return (
        f"{', '.join(sorted(later))} {come} with later stages: step {trained.step} is of {stage.name!r}, stage "
        f"{stage.number + 1} of {len(spans)}; to train on: {pasted('gantk', 'train', '--resume', trained.run)}"
    )


def _look_for_images(trained: Trained, names: Iterable[str], precision: Precision, data: Sequence[str]) -> None:
    """Raise GantkError where the images are not there that are shown, or that a smaller model is measured on."""
    graphs = graphs_of(trained.recipe, trained.images)
    keys = dict.fromkeys(key for name in names for key in graphs[name].inputs if isinstance(key, str))
    look_for(trained, keys, (True, False) if precision == "int8" else (True,), data)


def _places(names: list[str], out: Path, precision: Precision, form: Form) -> dict[str, Path]:
    """Return where each graph goes. Raises UsageError where several would go to one file."""
    if out.suffix.lower() != ".onnx":
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out}: neither a folder nor an .onnx file")
        kinds: list[str] = [precision] if precision != "fp32" else []
        kinds += ["{}x{}".format(*form.sides)] if form.sides is not None else []
        kinds += [f"opset{form.opset}"] if form.opset != Form().opset else []
        return {name: out / ".".join([name, *kinds, "onnx"]) for name in names}
    if len(names) > 1:
        raise UsageError(f"{out} is one file, and there are {len(names)} graphs ({', '.join(names)}): say --graph NAME")
    return {names[0]: out}


def _check_writable(folder: Path) -> None:
    """Raise GantkError where models cannot be written to a folder, which is otherwise known only after minutes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise GantkError(f"cannot write to {folder}: {error.strerror}; say another place by --out") from error


def export_plainly(run: Path, graphs: Sequence[str], out: Path | None, step: int | None) -> list[Model]:
    """Write a run's graphs as a Python program asks for them, in the usual form. Raises GantkError."""
    return export_run(run, ExportRequest(graphs=graphs, out=out, step=step))
