"""`gantk app`: a folder with a web page that runs models in the browser."""

import json
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gantk.cli.model_path import MODEL
from gantk.errors import GantkError, UsageError
from gantk.text import pasted

if TYPE_CHECKING:
    from gantk.runtime.card import Card
    from gantk.runtime.model import Model

EPILOG = """\b
Examples:
  gantk app runs/cyclegan-emoji --out page/
  gantk app a_to_b.onnx generator.onnx --out page/ --title "Flat to 3D"
  python -m http.server --directory page/
"""

TITLE = "gantk"

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob: data:; "
    "base-uri 'none'; form-action 'none'"
)
"""What the page may load, and from where."""

_WEB = Path(__file__).with_name("web")
_SHOWN = (1, 3, 4)
_LISTED = "models.json"
_LICENCE = "onnxruntime-LICENSE"


@click.command(epilog=EPILOG)
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=MODEL)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--title", default=TITLE, show_default=True, help="What stands at the top of the page.")
def app(models: tuple[Path, ...], out: Path, title: str) -> None:
    """Write a web page that runs models in the browser: no server of its own, nothing fetched from elsewhere.

    MODEL is a file that `gantk export` wrote, a folder of them, a run, or gantk:NAME of `gantk models`; without one the
    page has all of those. Pictures in a folder NAME.examples beside NAME.onnx are there to be tried; `gantk export
    --examples` writes some. Any HTTP server can serve the page; opened as a file it does not run. Visitors' images stay
    on their machine. Needs no PyTorch.
    """
    from gantk.runtime.model_file import load
    from gantk_exports.shelf import shelf

    opened = {name: load(path) for name, path in shelf(models).items()}
    write_app(opened, out, title)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    click.echo(f"{', '.join(opened)}: {size / 1e6:.1f} MB written to {out}")
    served = pasted("python", "-m", "http.server", "--bind", "127.0.0.1", "--directory", out)
    click.echo(f"next: {served}, then open http://127.0.0.1:8000")


def write_app(models: "Mapping[str, Model]", out: Path, title: str = TITLE) -> None:
    """Write the page with these models, by their names, to the folder `out`; what it wrote there before is replaced.

    What lies beside a model's file goes along: its examples, and what it does. Raises UsageError where a model or an
    example is not for a browser or `out` holds something else, GantkError where the folder is broken, what a ready
    model does cannot be read, or onnxruntime-web cannot be had.
    """
    from gantk_exports.examples import examples_of

    for model in models.values():
        _check(model.card, model.path)
    examples = {name: examples_of(model.path) for name, model in models.items()}
    listed = [_entry(name, model, examples[name]) for name, model in models.items()]
    if out.exists() and not (out / _LISTED).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: holds something else than a page; give a new folder")
    onnxruntime = onnxruntime_folder()
    try:
        _clear(out)
        shutil.copytree(_WEB, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("index.html", _LICENCE))
        page = (_WEB / "index.html").read_text(encoding="utf-8")
        runtime = (onnxruntime / "ort-wasm-simd-threaded.wasm").stat().st_size
        for place, text in {"policy": POLICY, "title": escape(title), "runtime": str(runtime)}.items():
            page = page.replace(f"{{{{{place}}}}}", text)
        (out / "index.html").write_text(page, encoding="utf-8")
        shutil.copytree(onnxruntime, out / "onnxruntime", dirs_exist_ok=True)
        shutil.copyfile(_WEB / _LICENCE, out / "onnxruntime" / "LICENSE")
        (out / "models").mkdir(exist_ok=True)
        for name, model in models.items():
            shutil.copyfile(model.path, out / "models" / f"{name}.onnx")
            (out / "models" / f"{name}.json").write_text(model.card.json(), encoding="utf-8")
            for picture in examples[name]:
                (out / "models" / f"{name}.examples").mkdir(exist_ok=True)
                shutil.copyfile(picture, out / "models" / f"{name}.examples" / picture.name)
        (out / _LISTED).write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise GantkError(f"cannot write {out}: {error.strerror or error}") from error


def onnxruntime_folder() -> Path:
    """Return the folder with onnxruntime-web's files: the wheel's, else one in the cache, fetched the first time.

    Raises GantkError where they cannot be fetched.
    """
    from gantk_exports.onnxruntime_web import VERSION, FetchError, fetch, is_complete

    shipped = _WEB / "onnxruntime"
    if is_complete(shipped):
        return shipped
    from gantk.data.storage import cache_folder

    cached = cache_folder() / f"onnxruntime-web-{VERSION}"
    if not is_complete(cached):
        click.echo(f"fetching onnxruntime-web {VERSION} with npm, this once", err=True)
        try:
            fetch(cached)
        except FetchError as error:
            raise GantkError(
                f"onnxruntime-web {VERSION} could not be fetched: {error}; it needs Node.js and npm once, or a wheel "
                "of gantk, which holds it"
            ) from error
    return cached


def _entry(name: str, model: "Model", examples: Sequence[Path]) -> dict[str, Any]:
    """Return what the page is told of a model before it is loaded."""
    from gantk_exports.provenance import read_provenance, training_of

    what = read_provenance(model.path).what if training_of(model.path).is_file() else ""
    pictures = [picture.name for picture in examples]
    return {"name": name, "bytes": model.path.stat().st_size, "what": what, "examples": pictures}


def _check(card: "Card", path: Path) -> None:
    """Raise UsageError where a browser cannot give or show what a model takes or gives."""
    from gantk.runtime.ports import Port

    for port in (*card.inputs, *card.outputs):
        if isinstance(port, Port) and port.palette is not None:
            if port.dtype != "uint8":
                raise UsageError(f"{path}: its {port.name} has {len(port.palette)} classes, and a browser knows 256")
        elif isinstance(port, Port) and (port.dtype != "uint8" or port.layout != "NHWC" or port.channels not in _SHOWN):
            other = "; export it without --io float" if port.pixel == "uint8" and port.channels in _SHOWN else ""
            raise UsageError(
                f"{path}: its {port.name} has {port.channels} channels of {port.dtype} ({port.layout}), and a browser "
                f"knows grey, RGB and RGBA of 8 bits{other}"
            )


def _clear(out: Path) -> None:
    """Remove the models of an older page, which the new one may not list."""
    out.mkdir(parents=True, exist_ok=True)
    if (out / _LISTED).is_file():
        try:
            names = [entry["name"] for entry in json.loads((out / _LISTED).read_text(encoding="utf-8"))]
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{out / _LISTED} was not written by gantk app; give a new folder") from None
        for name in names:
            for suffix in (".onnx", ".json"):
                (out / "models" / f"{Path(name).name}{suffix}").unlink(missing_ok=True)
            shutil.rmtree(out / "models" / f"{Path(name).name}.examples", ignore_errors=True)
