"""`gantk evaluate`."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gantk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.status import Status

    from gantk.engine.records import Record

EPILOG = """\b
Examples:
  gantk evaluate runs/cyclegan-emoji                     by every metric that applies
  gantk evaluate runs/gan-mnist --metric parzen -s parzen.samples=2000
  gantk evaluate runs/pix2pix-emoji --metric l1 --metric ssim --step 3000
  gantk evaluate a_to_b.onnx --data emoji --size 64 --metric l1 --out scores.jsonl
"""


@click.command(epilog=EPILOG)
@click.argument("target", metavar="RUN|MODEL", type=click.Path(path_type=Path, exists=True))
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
@click.option("--graph", metavar="NAME", help="Which graph of a run.  [default: the first that a metric can measure]")
@click.option("--step", type=click.IntRange(1), help="Which checkpoint of a run.  [default: the newest]")
@click.option("--size", type=click.IntRange(1), help="Height and width in pixels.  [default: the run's or the model's]")
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
def evaluate(target: Path, sets: tuple[str, ...], as_json: bool, **said: Any) -> None:
    """Measure a trained run, or a model that `gantk export` wrote.

    A run is measured as it would be exported, with averaged weights where it keeps them; each score is appended to
    RUN/metrics.jsonl with all that it depends on. Without --metric, what cannot be measured is named with the reason.
    """
    from gantk.cli.extras import require_training

    require_training("gantk evaluate")
    from gantk.engine.evaluation import evaluate as measured
    from gantk.engine.target import Request, open_target

    request = Request(target=target, options=dict(_pair(item) for item in sets), **said)
    opened = open_target(request)
    for note in opened.notes:
        click.echo(f"note: {note}", err=True)
    records: list[Record] = []
    with _announced() as status:
        for name, outcome in measured(request, opened, lambda name: _begin(name, status)):
            if status:
                status.stop()
            if isinstance(outcome, str):
                click.echo(f"not measured: {name}: {outcome}", err=True)
                continue
            records += outcome
            if not as_json:
                click.echo("\n".join(_told(record) for record in outcome))
    if as_json:
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
    if not records:
        raise UsageError(f"no metric applies to {target}")


def _told(record: Record) -> str:
    """Return a score as two lines: the number, and how it was measured."""
    value, unit = _number(record["value"]), f" {record['unit']}" if record["unit"] else ""
    error = f" ± {_number(record['error'])}" if record["error"] is not None else ""
    known = {name.replace("_", " "): detail for name, detail in record["details"].items() if detail is not None}
    details = ", ".join(f"{name} {_number(detail)}" for name, detail in known.items())
    counts = " and ".join(f"{count:,} {share} images" for share, count in record["data"]["counts"].items())
    step = f" of step {record['step']}" if record["step"] is not None else ""
    where = f"{record['graph']}{step}, {record['form']} on {record['device']}, seed {record['seed']}"
    lines = [
        f"{record['name']}  {value}{error}{unit}  ({record['better']} is better)",
        f"  {record['protocol']}",
        *([f"  {details}"] if details else []),
        f"  {counts + ' of ' if counts else ''}{record['data']['name']}; {where}",
    ]
    return "\n".join(lines)


def _number(value: Any) -> str:
    """Return a value as a person reads it: a whole number whole, others with four digits."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return "not finite" if value is None else str(value)


@contextmanager
def _announced() -> Iterator[Status | None]:
    """Show what the status says on standard error while it is started; None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    status = Console(stderr=True).status("")
    try:
        yield status
    finally:
        status.stop()


def _begin(name: str, status: Status | None) -> None:
    """Say which metric measures; on a terminal, until its status stops."""
    if status is None:
        click.echo(f"measuring {name}", err=True)
    else:
        status.update(f"measuring {name}")
        status.start()


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals or "." not in name:
        raise click.UsageError(f"-s {item}: say METRIC.NAME=VALUE, such as -s kid.images=5000, or data.NAME=VALUE")
    return name, value
