"""Puts the exported model of a finished run among the ready models, with its card and how it was trained."""

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile, rmtree

import click

from gantk.errors import GantkError, UsageError
from gantk.runs.config import Config, write_config
from gantk.runs.manifest import Manifest
from gantk.runs.run import Run, open_run
from gantk.runtime.card import Card
from gantk.runtime.model_file import load
from gantk.text import pasted
from gantk.training.trained import load_trained
from gantk_exports.examples import examples_folder, write_examples
from gantk_exports.form import Form, form_of
from gantk_exports.provenance import Provenance, config_of, training_of
from gantk_exports.weights import check_weights

SHELF = Path(__file__).parents[1] / "exports" / "models" / "gantk_models"
MOST_BYTES = 20_000_000
EXAMPLES = 6
"""Held-out images that go along with a model that takes images."""
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--what", required=True, help="What it does, in a sentence that who never heard of it understands.")
@click.option("--model", type=click.Path(path_type=Path), help="Its file.  [default: the only model in RUN/exports]")
@click.option("--to", "shelf", default=SHELF, type=click.Path(path_type=Path), help="The package's folder.")
@click.option("--replace", is_flag=True, help="Put it in the place of the model of that name.")
def shelve(run: Path, name: str, what: str, model: Path | None, shelf: Path, replace: bool) -> None:
    """Put the exported model of a finished run among the ready models, as NAME."""
    try:
        shelved = put(run, name, what, model or _only_model(run), shelf, replace=replace)
    except (GantkError, OSError) as error:
        raise click.ClickException(str(error)) from error
    size = shelf_bytes(shelf) / 1e6
    click.echo(f"{shelved}  {shelved.stat().st_size / 1e6:.1f} MB; {shelf} has {size:.1f} of {MOST_BYTES / 1e6:.0f} MB")
    click.echo(f"next: {pasted('gantk', 'models', name)}")


def put(run: Path, name: str, what: str, model: Path, shelf: Path, *, replace: bool = False) -> Path:
    """Write a model's four files and its examples to a shelf, and return the model's.

    Raises GantkError where it is not of that run, cannot be trained again by a stranger, or is too large.
    """
    opened = open_run(run)
    config, manifest, card = opened.config, opened.manifest, load(model).card
    check_weights(model)
    place = shelf / f"{name}.onnx"
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name: say small letters, digits and hyphens, such as relief-to-satellite")
    if not what.strip():
        raise UsageError("--what is empty: say what the model does")
    if not shelf.is_dir():
        raise UsageError(f"{shelf}: no such folder; say the folder of a Python package")
    if place.exists() and not replace:
        raise UsageError(f"{place} is there already: choose another name, or say --replace")
    for reason in _refused(opened, config, manifest, card, model):
        raise GantkError(f"{model}: {reason}")
    before = sum(path.stat().st_size for path in (place, *_beside(place)) if path.exists())
    if (size := shelf_bytes(shelf) - before + model.stat().st_size) > MOST_BYTES:
        raise GantkError(
            f"{model}: {shelf} would have {size / 1e6:.1f} MB with it, and may have {MOST_BYTES / 1e6:.0f}; "
            "--precision fp16 or int8 of gantk export makes models smaller"
        )
    facts = manifest.model_extra or {}
    how = Provenance(
        what=what.strip(),
        train=_training(manifest, name, _data(config)),
        export=_export(card, name, _steps(config)),
        data=manifest.data.summary or manifest.data.name,
        fingerprint=manifest.data.fingerprint,
        device=facts["device"],
        precision=facts["precision"],
        versions=facts["versions"],
    )
    rmtree(examples_folder(place), ignore_errors=True)
    write_examples(load_trained(run), card, place, EXAMPLES)
    copyfile(model, place)
    place.with_suffix(".json").write_text(card.json(), "utf-8")
    write_config(config.model_copy(update={"data": [_data(config)]}), config_of(place))
    how.write(place)
    return place


def shelf_bytes(shelf: Path) -> int:
    """Return what the models of a shelf weigh with all that lies beside them."""
    return sum(path.stat().st_size for path in shelf.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _refused(run: Run, config: Config, manifest: Manifest, card: Card, model: Path) -> Iterator[str]:
    """Yield why a model is no ready model."""
    steps, newest = _steps(config), int(run.checkpoints().newest().name)
    if (card.plugin, card.data) != (config.plugins[0], manifest.data.name):
        yield f"is of {card.plugin} on {card.data}, and {run.path} of {config.plugins[0]} on {manifest.data.name}"
    if newest < steps:
        yield f"its run stands at step {newest} of {steps}: {pasted('gantk', 'train', '--resume', run.path)}"
    if not card.licence:
        yield f"the licence of its data, {card.data}, is not known: the data set's plugin states it as `licence`"
    if files := [plugin for plugin in config.plugins if plugin.endswith(".py")]:
        yield f"was trained with {files[0]}, which nobody else has: only installed plugins will do"
    if config.init is not None:
        yield f"began with the weights of {config.init}, which nobody else has"
    if form_of(card) != Form():
        yield "is made for an engine of its own: export it without --io, --size and --opset"


def _only_model(run: Path) -> Path:
    found = sorted((run / "exports").glob("*.onnx"))
    if len(found) != 1:
        several = f"holds {', '.join(path.name for path in found)}: say one by --model" if found else "holds no model"
        raise UsageError(f"{run / 'exports'} {several}" + ("" if found else f": {pasted('gantk', 'export', run)}"))
    return found[0]


def _beside(model: Path) -> tuple[Path, ...]:
    return (model.with_suffix(".json"), training_of(model), config_of(model))


def _steps(config: Config) -> int:
    return int(config.set["steps"])


def _data(config: Config) -> str:
    """Return the data as others name it: a data set's folder is elsewhere with them."""
    name, joined, argument = config.data[0].partition(":")
    if not argument:
        return name
    return f"{name}{joined}{'FOLDER' if Path(argument).exists() else argument}"


def _training(manifest: Manifest, name: str, data: str) -> tuple[str, ...]:
    """Return the words that trained it on data, without where its run and a folder of the data were."""
    words = iter((manifest.model_extra or {})["command"][1:])
    kept = ["gantk"]
    for word in words:
        option, joined, _ = word.partition("=")
        if option == "--config":
            # Whatever else was said stands in the configuration beside the model, too.
            return ("gantk", "train", "--config", f"{name}.yaml")
        if data.endswith(":FOLDER") and word.startswith(data.removesuffix("FOLDER")):
            kept.append(data)
        elif option != "--out":
            kept.append(word)
        elif not joined:
            next(words)
    return tuple(kept)


def _export(card: Card, name: str, steps: int) -> tuple[str, ...]:
    """Return the words that exported it."""
    precision = () if card.precision == "fp32" else ("--precision", card.precision)
    step = () if card.step in (None, steps) else ("--step", str(card.step))
    return ("gantk", "export", f"runs/{name}", "--graph", card.graph, *precision, *step)


if __name__ == "__main__":
    shelve()
