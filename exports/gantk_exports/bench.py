"""`gantk bench`: what models weigh and how fast they are on this machine."""

from functools import partial
from pathlib import Path

import click

from gantk.cli.output import say, say_lines
from gantk.errors import UsageError
from gantk.install_lines import require_training

EPILOG = """\b
Example:
  gantk bench export runs/cyclegan-emoji
  gantk bench export runs/cyclegan-emoji runs/pix2pix-emoji --threads 1 --out figures.md
"""


@click.group()
def bench() -> None:
    """Measure models on this machine."""


@bench.command(epilog=EPILOG)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--size", default=256, show_default=True, type=click.IntRange(min=1), help="Height and width of the timed image."
)
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(min=1), help="Threads that an operator may use."
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How long each run's models are timed, in turns, five turns at the least.",
)
@click.option(
    "--least-psnr",
    type=float,
    metavar="DB",
    help="How like fp32 the worst held-out image must be.  [default: 45 for fp16, 30 for int8]",
)
@click.option(
    "--data",
    multiple=True,
    metavar="NAME|PATH",
    help="Where the runs' images are now.  [default: where they were]",
)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE",
    help="Where a plugin file of the runs is now.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Also write a Markdown page, in place of an earlier one.")
def export(
    runs: tuple[Path, ...],
    size: int,
    threads: int,
    seconds: float,
    least_psnr: float | None,
    data: tuple[str, ...],
    plugins: tuple[str, ...],
    out: Path | None,
) -> None:
    """Print what exports of runs weigh, how fast they are, and how like fp32: as fp32, fp16 and int8.

    The first graph of each run is exported to a temporary folder and compared as `gantk export` does it. Then PyTorch
    and ONNX Runtime run it on one image of random pixels, in turns, so that drifts of the machine hit all alike. A time
    is the median of the turns (with one thread, of the processor's time), a share the median of the turns' shares.
    """
    require_training("gantk bench export")
    from gantk.runtime.files import written_aside
    from gantk.training.trained import load_trained
    from gantk_exports.bench_measure import measured
    from gantk_exports.bench_page import MARK, machine, page, table

    if out is not None and out.exists() and not (out.is_file() and out.read_text("utf-8").startswith(MARK)):
        raise UsageError(f"{out}: is there, and not such a page; choose another --out, or remove it")
    opened = [load_trained(run, plugins=plugins, say=partial(say, err=True)) for run in runs]
    models = []
    for trained in opened:
        say(f"{trained.run}: exporting and timing", err=True)
        models.append(measured(trained, data, size=size, threads=threads, seconds=seconds, least_psnr=least_psnr))
    say_lines(f"{machine(threads)}\n\n{table(models, size)}")
    if out is not None:
        with written_aside(out) as aside:
            aside.write_text(page(models, size, machine(threads)), "utf-8")
        say(f"written to {out}", err=True)
