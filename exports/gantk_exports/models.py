"""`gantk models`: the ready models that installed packages bring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from gantk.cli.output import say, say_lines
from gantk.errors import GantkError

if TYPE_CHECKING:
    from gantk.runtime.card import Card
    from gantk.runtime.named_models import NamedModel
    from gantk_exports.provenance import Provenance

EPILOG = """\b
Examples:
  gantk models            what there is, and the command that tries each
  gantk models NAME       its whole card, and how it was trained
  gantk app --out page/   a web page with all of them
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def models(name: str | None, as_json: bool) -> None:
    """List the ready models that installed packages bring, or show one whole.

    Wherever a command takes a model, gantk:NAME stands for its file; in Python, gantk.load("gantk:NAME"). Needs no
    PyTorch.
    """
    from gantk.runtime.named_models import PREFIX, named_model, named_models, none_installed

    if name is not None:
        _show(named_model(name.removeprefix(PREFIX)), as_json)
        return
    found = named_models()
    if as_json:
        click.echo(json.dumps([_entry(model) for model in found.values()], indent=2))
    elif not found:
        say(none_installed(), err=True)
    else:
        for model in found.values():
            _list(model)
        say("one's whole card, and how it was trained: gantk models NAME")


def _list(model: NamedModel) -> None:
    """Print what a model is in a few lines, or what is wrong with it."""
    try:
        card, how = _read(model)
    except GantkError as error:
        say(f"{model.name}  (broken: {error})")
        return
    say(f"{model.name}  {card.task}, {_megabytes(model)}, licence of its data: {card.licence or 'unknown'}")
    say(f"  {how.what}")
    say(f"  trained on {how.data}")
    say(f"  {_example(model, card)}")


def _show(model: NamedModel, as_json: bool) -> None:
    """Print all that is known of a model. Raises GantkError where its files are damaged."""
    from gantk.text import pasted
    from gantk_exports.card_text import card_lines
    from gantk_exports.provenance import config_of, read_config_text

    card, how = _read(model)
    config = read_config_text(model.path)
    if as_json:
        said = {"card": json.loads(card.json()), "config": config, "fingerprint": how.fingerprint}
        click.echo(json.dumps(_entry(model) | said, indent=2))
        return
    versions = ", ".join(f"{package} {version}" for package, version in how.versions.items())
    lines = [
        f"{model.name}: {how.what}",
        *card_lines(model.path, card),
        f"{'package':<9} {model.package} {model.version}",
        f"{'trained':<9} on {how.data}",
        f"{'':<9} on {how.device} in {how.precision}, with {versions}",
    ]
    for line in lines:
        say(line)
    out = f"runs/{model.name}"
    exact = pasted("gantk", "train", "--config", config_of(model.path), "--out", out)
    say_lines(f"\nTry it:\n  {_example(model, card)}")
    say_lines(f"\nTrain it again:\n  {pasted(*how.train, '--out', out)}\n  {pasted(*how.export)}")
    say_lines(f"\nThe first with every setting as it was, whatever the defaults are by now:\n  {exact}")
    say_lines(f"\n{config.rstrip()}")


def _entry(model: NamedModel) -> dict[str, Any]:
    """Return a model as it stands in the list, for other programs; of a broken one with the reason."""
    named = {"name": model.name, "path": str(model.path), "package": model.package, "version": model.version}
    try:
        card, how = _read(model)
    except GantkError as error:
        return {**named, "broken": str(error)}
    return {
        **named,
        "what": how.what,
        "task": card.task,
        "bytes": model.path.stat().st_size,
        "licence": card.licence,
        "data": how.data,
        "example": _example(model, card),
        "train": list(how.train),
        "export": list(how.export),
    }


def _read(model: NamedModel) -> tuple[Card, Provenance]:
    from gantk.runtime.model_file import read_file
    from gantk_exports.provenance import read_provenance

    return read_file(model.path), read_provenance(model.path)


def _example(model: NamedModel, card: Card) -> str:
    from gantk.runtime.named_models import PREFIX
    from gantk_exports.example import example

    return example(f"{PREFIX}{model.name}", card)


def _megabytes(model: NamedModel) -> str:
    return f"{model.path.stat().st_size / 1e6:.1f} MB"
