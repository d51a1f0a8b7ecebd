"""`gantk evaluate`: scores of a run or of a model."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gantk.cli.model_path import ModelPath
from gantk.cli.output import say, say_lines
from gantk.cli.size import HeightByWidth
from gantk.cli.step import Said, chosen_step, step_option
from gantk.errors import GantkError, UsageError
from gantk.sizes import Sides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gantk.evaluation.evaluation import Unmeasured
    from gantk.runs.records import Record

EPILOG = """\b
Examples:
  gantk evaluate runs/cyclegan-emoji                     by every metric that applies
  gantk evaluate runs/gan-mnist --metric parzen -s parzen.samples=2000
  gantk evaluate runs/pix2pix-emoji --metric l1 --metric ssim --step 3000
  gantk evaluate runs/pix2pix-emoji --step best:l1       the checkpoint with the best L1 so far, again
  gantk evaluate a_to_b.onnx --data emoji --size 64 --metric l1 --out scores.jsonl
"""


@click.command(epilog=EPILOG)
@click.argument("target", metavar="RUN|MODEL", type=ModelPath(path_type=Path, exists=True))
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="A measure, by name or as a .py file; may be repeated.  [default: all that apply]",
)
@click.option(
    "--data", multiple=True, metavar="NAME|PATH", help="What to measure on, as for train.  [default: the run's own]"
)
@click.option(
    "--plugin", "plugins", multiple=True, metavar="FILE", help="Where a plugin file of a run is now; may be repeated."
)
@click.option("--graph", metavar="NAME", help="Which graph of a run.  [default: the first that a metric can measure]")
@step_option("Which checkpoint of a run", least=1)
@click.option("--size", type=HeightByWidth(), help="In pixels.  [default: the run's or the model's]")
@click.option(
    "-s",
    "--set",
    "sets",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of a metric or of the data, such as kid.images=5000; `gantk plugins METRIC` lists them.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="What is drawn follows from it.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Also append the records to this file.")
def evaluate(target: Path, sets: tuple[str, ...], as_json: bool, step: Said, size: Sides | None, **said: Any) -> None:
    """Measure a trained run, or a model that `gantk export` wrote.

    MODEL is its file, or gantk:NAME of `gantk models`. A run is measured as it would be exported, with averaged weights
    where it keeps them; each score is appended to RUN/metrics.jsonl with all that it depends on. Without --metric, what
    cannot be measured is named with the reason.
    """
    from gantk.cli.status_line import waiting
    from gantk.install_lines import require_training

    require_training("gantk evaluate")
    with waiting() as begin:
        begin(f"opening {target} and its data")
        from gantk.evaluation.evaluation import Unmeasured, keep
        from gantk.evaluation.evaluation import evaluate as measured
        from gantk.evaluation.target import EvaluationRequest, open_target

        told = partial(say, err=True)
        options = dict(_pair(item) for item in sets)
        sides = size and size.size
        request = EvaluationRequest(target=target, options=options, step=_step(target, step, told), size=sides, **said)
        opened = open_target(request, told)
        begin("")
        for note in opened.notes:
            say(f"note: {note}", err=True)
        records: list[Record] = []
        unmeasured: dict[str, Unmeasured] = {}
        unwritten: dict[Path, str] = {}
        for name, outcome in measured(request, opened, lambda name: begin(f"measuring {name}")):
            begin("")
            if isinstance(outcome, Unmeasured):
                unmeasured[name] = outcome
                say(f"not measured: {name}: {outcome.reason}", err=True)
                continue
            records += outcome.records
            if not as_json:
                say_lines("\n".join(_told(record) for record in outcome.records))
            unwritten |= keep(outcome, request, opened)
    if as_json:
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
    if not records:
        raise UsageError(f"no metric applies to {target}{_way_to_one(unmeasured)}")
    _regret(unwritten, request.out)


def _step(target: Path, said: Said, told: Callable[[str], object]) -> int | None:
    if isinstance(said, str) and not target.is_dir():
        raise UsageError("--step names a checkpoint of a run; a model is one already")
    return chosen_step(target, said, told)


def _way_to_one(unmeasured: Mapping[str, Unmeasured]) -> str:
    """Return what brings a metric that may apply, where a package is missing for it."""
    missing: dict[str, list[str]] = {}
    for name, outcome in unmeasured.items():
        if outcome.install:
            missing.setdefault(outcome.install, []).append(name)
    return "".join(f"; for {' and '.join(names)}: {install}" for install, names in missing.items())


def _regret(unwritten: Mapping[Path, str], out: Path | None) -> None:
    """Say which files could not be written. Raises GantkError where the scores stand in no file that was asked for."""
    for reason in unwritten.values():
        say(reason, err=True)
    if unwritten and (out is None or out in unwritten):
        raise GantkError("the scores are not kept: --out FILE appends them to a file where you may write")


def _told(record: Record) -> str:
    """Return a score as two lines: the number, and how it was measured."""
    value, unit = _number(record["value"]), f" {record['unit']}" if record["unit"] else ""
    error = f" ± {_number(record['error'])}" if record["error"] is not None else ""
    known = {name.replace("_", " "): detail for name, detail in record["details"].items() if detail is not None}
    warning = known.pop("warning", None)
    details = ", ".join(f"{name} {_number(detail)}" for name, detail in known.items())
    counts = " and ".join(f"{count:,} {share} images" for share, count in record["data"]["counts"].items())
    step = f" of step {record['step']}" if record["step"] is not None else ""
    where = f"{record['graph']}{step}, {record['form']} on {record['device']}, seed {record['seed']}"
    lines = [
        f"{record['name']}  {value}{error}{unit}  ({record['better']} is better)",
        f"  {record['protocol']}",
        *([f"  {details}"] if details else []),
        *([f"  warning: {warning}"] if warning is not None else []),
        f"  {counts + ' of ' if counts else ''}{record['data']['name']}; {where}",
    ]
    return "\n".join(lines)


def _number(value: Any) -> str:
    """Return a value as a person reads it: a whole number whole, others with four digits."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return "not finite" if value is None else str(value)


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals or "." not in name:
        raise click.UsageError(f"-s {item}: say METRIC.NAME=VALUE, such as -s kid.images=5000, or data.NAME=VALUE")
    return name, value
