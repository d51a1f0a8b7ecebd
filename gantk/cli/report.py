"""`gantk report`: what became of runs, as one page that can be kept and sent."""

from contextlib import suppress
from pathlib import Path

import click

from gantk.cli.output import say

EPILOG = """\b
Examples:
  gantk report runs/cyclegan-emoji                       runs/cyclegan-emoji/report.html
  gantk report runs/cyclegan-emoji runs/cut-emoji -o compared.html
  gantk report runs/cyclegan-emoji --watch               while it is trained; Ctrl+C ends it
"""


@click.command(epilog=EPILOG)
@click.argument(
    "folders", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file.  [default: RUN/report.html; of several runs, report.html here]",
)
@click.option("--watch", is_flag=True, help="Serve it on this machine alone, and renew it while runs are trained.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="With --watch: the port, such as 8765.  [default: any that is free]"
)
def report(folders: tuple[Path, ...], out: Path | None, watch: bool, port: int | None) -> None:
    """Write one page of a run, or of several side by side, that needs no other file and no network.

    Curves, scores, previews with a slider over the steps, networks, data, settings, versions, and the command. It holds
    the names of folders: look at it before you give it away. While a run is trained, its own page, RUN/index.html,
    renews itself, and so does all of a report, of several runs too, with --watch.
    """
    if watch and out is not None:
        raise click.UsageError("--watch writes no file: leave out --out")
    if port is not None and not watch:
        raise click.UsageError("--port is where --watch serves: say --watch, or leave it out")
    from gantk.errors import GantkError
    from gantk.runs.report import report as written
    from gantk.runs.run import open_run
    from gantk.runtime.files import written_aside
    from gantk.text import link

    runs = [open_run(folder) for folder in folders]
    if watch:
        from gantk.runs.watch import HOST, watching

        with watching(runs, port or 0) as server, suppress(KeyboardInterrupt):
            say(f"http://{HOST}:{server.server_address[1]}/  (Ctrl+C ends it)")
            server.serve_forever()
        return
    path = out or (runs[0].own("report.html") if len(runs) == 1 else Path("report.html"))
    page = written(runs)
    try:
        with written_aside(path) as aside:
            aside.write_text(page, "utf-8")
    except OSError as error:
        raise GantkError(f"cannot write {path}: {error.strerror}; say another place by --out") from error
    say(f"{link(path)}  {len(page.encode()) / 1e6:.1f} MB")
