"""What `gantk evaluate` does: measures a run or a model by metrics, and records what came out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from gantk.errors import GantkError, PluginError, Unsupported, UsageError, blamed_line, one_line
from gantk.evaluation.subject import OpenSubject
from gantk.evaluation.target import EvaluationRequest, OpenedTarget
from gantk.install_lines import install_line
from gantk.plugins.entrypoints import bringing, find, installed
from gantk.plugins.manager import load_plugins
from gantk.plugins.option_names import owner_of, prefix_of, said_of
from gantk.plugins.options import options_of
from gantk.recipe.metric import Metric, Score
from gantk.runs.checksums import identity
from gantk.runs.records import Record, append, plain, versions
from gantk.sizes import sides_of
from gantk.text import nearest


@dataclass(frozen=True)
class Measured:
    """What a metric measured: its scores, and the records of them."""

    scores: Sequence[Score]
    records: Sequence[Record]


@dataclass(frozen=True)
class Unmeasured:
    """Why a metric was not measured, and the command that installs what it lacked, if that is all."""

    reason: str
    install: str | None = None


def evaluate(
    request: EvaluationRequest, opened: OpenedTarget, begin: Callable[[str], object]
) -> Iterator[tuple[str, Measured | Unmeasured]]:
    """Yield each metric's name with what it measured, or with why it does not apply where the user named none.

    `begin` is told a metric's name before it measures, which may take minutes. Nothing is written: see `keep`.
    Raises UsageError where a name is no metric's, or where there is no such option, and what `measure` raises.
    """
    metrics = sources_of(request, opened.plugins)
    for name, source in metrics.items():
        begin(name)
        try:
            yield name, measure(request, opened, source)
        except Unsupported as reason:
            if request.metrics:
                raise Unsupported(f"metric {name} {reason}") from None
            yield name, Unmeasured(str(reason))
        except PluginError as error:
            if request.metrics or not isinstance(error.__cause__, ImportError):
                raise
            yield name, Unmeasured(str(error), install_line(error.__cause__))


def keep(measured: Measured, request: EvaluationRequest, opened: OpenedTarget) -> dict[Path, str]:
    """Append the records to their files and tell the run's plugins; return why, by file, one could not be written.

    Raises PluginError where a plugin fails at it.
    """
    unwritten = {}
    for path in opened.records(request):
        try:
            append(path, measured.records)
        except GantkError as error:
            unwritten[path] = str(error)
    opened.tell(measured.scores)
    return unwritten


def measure(request: EvaluationRequest, opened: OpenedTarget, metric: str) -> Measured:
    """Measure by one metric, a name or a path.

    Raises Unsupported, the reason, where the metric does not apply, and PluginError where it fails.
    """
    name = find(metric).name
    subject = OpenSubject(
        functions=opened.functions,
        dataset=opened.dataset,
        size=opened.size,
        channels=opened.channels,
        seed=request.seed,
        device=opened.device,
        scaled=opened.scaled,
        most=opened.most,
    )
    made = _make(metric, request.options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        scores = _scores(made, subject, name)
    return Measured(scores, [_record(name, score, request, opened, subject) for score in scores])


def sources_of(request: EvaluationRequest, plugins: Sequence[str]) -> dict[str, str]:
    """Return the metrics to measure by, those that are named or all, also of a run's plugins: what finds each, by name.

    Raises UsageError where a name is no metric's, or where there is no such option.
    """
    chosen = _chosen(request, plugins)
    _refuse_unknown(request, chosen)
    return chosen


def _chosen(request: EvaluationRequest, plugins: Sequence[str]) -> dict[str, str]:
    known = installed()
    metrics = bringing("metric", known)
    named = list(request.metrics) or [*metrics, *(own for own in plugins if "metric" in find(own).hooks)]
    chosen = {}
    for source in named:
        if source not in metrics and (source in known or not _is_file(source) or "metric" not in find(source).hooks):
            raise UsageError(f"no metric is called {source}{nearest(source, metrics, 'gantk plugins')}")
        chosen[find(source).name] = source
    return chosen


def _is_file(name: str) -> bool:
    return "/" in name or name.endswith(".py")


def _refuse_unknown(request: EvaluationRequest, metrics: Mapping[str, str]) -> None:
    for said in request.options:
        name = owner_of(said)
        if name == "data":
            continue
        asked = {name: metrics[name]} if name in metrics else metrics
        known = [
            f"{prefix_of('metric', each)}{option}"
            for each, source in asked.items()
            for option in options_of(_factory(source))
        ]
        if name in metrics and said in known:
            continue
        none = f"; {', '.join(asked)} takes none"
        raise UsageError(f"no option is called {said}{nearest(said, known) or none}")


def _factory(metric: str) -> Any:
    return load_plugins([metric]).factory(metric, "metric")


def _make(source: str, options: Mapping[str, str]) -> Metric:
    factory = _factory(source)
    metric: Metric = factory(**said_of(options_of(factory), options, prefix_of("metric", find(source).name)))
    return metric


def _scores(metric: Metric, subject: OpenSubject, name: str) -> list[Score]:
    try:
        scores = list(metric.measure(subject))
    except GantkError:
        raise
    except Exception as error:
        install = install_line(error) if isinstance(error, ImportError) else None
        hint = f"; it comes with: {install}" if install else ""
        raise PluginError(f"metric {name} failed: {blamed_line(error)}{one_line(error)}{hint}") from error
    for score in scores:
        if not isinstance(score, Score):
            raise PluginError(f"metric {name} returned a {type(score).__name__}: gantk.Score objects are needed")
    return scores


def _record(name: str, score: Score, request: EvaluationRequest, opened: OpenedTarget, subject: OpenSubject) -> Record:
    used = [opened.functions[graph] for graph in subject.used]
    record: Record = plain(
        {
            "metric": name,
            **vars(score),
            "data": {
                "name": opened.dataset.name,
                "summary": opened.dataset.summary,
                "fingerprint": opened.fingerprint,
                "share": " and ".join(subject.read),
                "counts": subject.read,
            },
            "graph": " and ".join(subject.used),
            "step": opened.step,
            "checkpoint": _identity(opened),
            "size": sides_of(opened.size).written,
            "form": " and ".join(dict.fromkeys(function.form for function in used)),
            "device": str(opened.device),
            "seed": request.seed,
            "versions": versions(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    return record


def _identity(opened: OpenedTarget) -> str | None:
    if opened.run is None:
        return None
    return next((identity(path) for path in opened.run.checkpoints().all() if int(path.name) == opened.step), None)
