"""The options by which commands are told a model's inputs besides its images: `--label`, `--scalar`, `--image`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gantk.runtime.card import Card

Command = TypeVar("Command", bound=Callable[..., Any])

SEED = click.IntRange(0, 2**64 - 1)

label = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="[NAME=]LABEL",
    help="A category by its name or index; NAME= where the model has several.  [default: the model's own; of a "
    "generator random]",
)
scalar = click.option(
    "--scalar",
    "scalars",
    multiple=True,
    metavar="[NAME=]NUMBER",
    help="A number that the model takes, such as psi=0.7; NAME= where it takes several.  [default: the model's own]",
)
_image = click.option(
    "--image",
    "images",
    multiple=True,
    metavar="[NAME=]FILE|FOLDER",
    help="A further image that the model takes; of a folder the image of the same name.",
)
_seed = click.option("--seed", default=0, show_default=True, type=SEED, help="What latents follow from.")


def inputs(command: Command) -> Command:
    """Give a command of image files the options for all further inputs: `labels`, `scalars`, `images`, `seed`."""
    return label(scalar(_image(_seed(command))))


@dataclass(frozen=True)
class Way:
    """An option by which inputs are said.

    Attributes:
        option: what it is called.
        what: what it says.
        texts: what was said by it.
        known: the inputs that it is for.
        also: inputs that it takes besides, where they are named.
    """

    option: str
    what: str
    texts: Sequence[str]
    known: Sequence[str]
    also: Sequence[str] = ()


def said(card: Card, labels: Sequence[str], scalars: Sequence[str], images: Sequence[str] = ()) -> dict[str, Any]:
    """Return what was said of a model's inputs, by name: texts, of images paths.

    Raises UsageError where it is not clear.
    """
    categories = [port.name for port in card.numbers_in if port.categories]
    single = [port.name for port in card.numbers_in if not port.categories and port.length == 1]
    codes = [port.name for port in card.numbers_in if port.kind == "latent" and port.length == 1]
    ways = (
        Way("--label", "category", labels, categories, codes),
        Way("--scalar", "number", scalars, single),
        Way("--image", "further image", images, [port.name for port in card.images_in[1:]]),
    )
    found: dict[str, Any] = {}
    for way in ways:
        for text in way.texts:
            name, value = _parted(way, text, ways)
            if name in found:
                raise click.UsageError(f"{way.option} {text}: {name} is {found[name]} already")
            found[name] = Path(value) if way.option == "--image" else value
    return found


def _parted(way: Way, text: str, ways: Sequence[Way]) -> tuple[str, str]:
    """Return the input that a text is said of, and what is said."""
    name, equals, value = text.partition("=")
    if equals and name in (*way.known, *way.also):
        return name, value
    if equals and (other := next((one.option for one in ways if name in one.known), None)):
        raise click.UsageError(f"{way.option} {text}: say {other} {text}")
    if not way.known:
        raise click.UsageError(f"{way.option} {text}: the model takes no {way.what}")
    if len(way.known) > 1:
        known = ", ".join(way.known)
        raise click.UsageError(f"{way.option} {text}: say NAME={text}, NAME being one of {known}")
    return way.known[0], text
