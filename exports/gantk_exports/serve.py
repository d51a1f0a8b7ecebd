"""`gantk serve`: models behind HTTP, and the web app that runs them in the browser."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from gantk.cli.model_path import MODEL
from gantk.errors import GantkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gantk.runtime.model import Model

EPILOG = """\b
Examples:
  gantk serve runs/cyclegan-emoji
  gantk serve a_to_b.onnx generator.onnx --port 9000
  GANTK_TOKEN=secret gantk serve a_to_b.onnx --host 0.0.0.0

\b
  curl -F image=@photo.jpg http://127.0.0.1:8000/v1/models/a_to_b/translate -o translated.png
"""


@click.command(epilog=EPILOG)
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=MODEL)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0: all.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A further name that clients know the server by, such as that of a proxy; a star stands for what is below it. "
    "Without it, those of this machine's loopback and --host.",
)
@click.option(
    "--token",
    envvar="GANTK_TOKEN",
    help="What clients must send as Authorization: Bearer TOKEN. Best set as GANTK_TOKEN: other users of the machine "
    "can see a command line.",
)
@click.option(
    "--page/--no-page",
    default=None,
    help="Serve the web app at /, which hands out the models.  [default: unless there is a token]",
)
@click.option(
    "--batch-size", default=8, show_default=True, type=click.IntRange(1), help="Images of one size run together."
)
@click.option(
    "--queue", default=128, show_default=True, type=click.IntRange(1), help="Requests for a model in work at a time."
)
@click.option(
    "--max-body", default=16.0, show_default=True, metavar="MB", type=click.FloatRange(0.001), help="Of a request."
)
@click.option(
    "--max-pixels", default=2**25, show_default=True, type=click.IntRange(1), help="Of an image, width times height."
)
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0.1),
    help="Of a request; with an image of over 2 megapixels as many times more.",
)
@click.option(
    "--grace",
    default=8.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0.0),
    help="For requests in work once SIGTERM comes.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads of each model.  [default: as many as cores]")
@click.option("--log", is_flag=True, help="Print a line for each request.")
def serve(
    models: tuple[Path, ...],
    host: str,
    port: int,
    hosts: tuple[str, ...],
    token: str | None,
    page: bool | None,
    batch_size: int,
    queue: int,
    max_body: float,
    max_pixels: int,
    timeout: float,
    grace: float,
    threads: int | None,
    log: bool,
) -> None:
    """Serve models over HTTP.

    MODEL is a file that `gantk export` wrote, a folder of them, a run, or gantk:NAME of `gantk models`; without one all
    of those are served. POST an image to /v1/models/NAME/translate; / has the web app, /docs says what else there is.
    SIGTERM finishes the requests in work that need no longer than --grace, then ends. Needs no PyTorch.
    """
    from gantk.cli.output import say
    from gantk.runtime.model_file import load
    from gantk_exports.server.application import application
    from gantk_exports.server.hosts import Hosts
    from gantk_exports.server.limits import MEBI, Limits
    from gantk_exports.server.listener import address, listen, run
    from gantk_exports.shelf import shelf

    # click takes an empty variable for one that is not set; here it would leave the door open.
    if not (os.environ.get("GANTK_TOKEN", "-") if token is None else token).strip():
        raise click.UsageError("the token is empty: say one, or unset GANTK_TOKEN for a server that wants none")
    known = Hosts(host, hosts)
    limits = Limits(
        batch_size=batch_size,
        queue=queue,
        body=int(max_body * MEBI),
        pixels=max_pixels,
        seconds=timeout,
        grace=grace,
    )
    opened = {name: load(path, threads=threads) for name, path in shelf(models).items()}
    with listen(host, port) as bound, TemporaryDirectory(prefix="gantk-") as folder:
        shown = _page(opened, Path(folder) / "page") if page or (page is None and token is None) else None
        app = application(opened, limits, token=token, page=shown, hosts=known)

        def started() -> None:
            say(f"serving {', '.join(opened)} at {address(bound)}")
            say(f"{limits}; answers to {', '.join(known.said)}")

        run(app, bound, limits, log=log, started=started)


def _page(models: Mapping[str, Model], out: Path) -> Path | None:
    """Write the web app with these models, and return its folder; where it cannot be, say so and return None."""
    from gantk_exports.app import write_app

    try:
        write_app(models, out)
    except GantkError as error:
        click.echo(f"no page at /: {error}", err=True)
        return None
    return out
