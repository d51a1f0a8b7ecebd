"""The options by which commands are told a model's inputs: `--label`, `--scalar`, `--image`, `--caption`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
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
caption = click.option(
    "--caption",
    "--text",
    "captions",
    multiple=True,
    metavar="[NAME=]TEXT",
    help="A text that the model takes, of words that it knows; NAME= where it takes several.",
)
latent = click.option(
    "--latent",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Latents instead of drawn ones: a .npy of one, or a .npz by their names, as `gantk invert` writes it.",
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
    """Give a command of image files the options for what it takes besides.

    They are `labels`, `scalars`, `captions`, `images`, `seed`.
    """
    return label(scalar(caption(_image(_seed(command)))))


class ModelCommand(click.Command):
    """A command whose first argument is a model: an input of the model is no option, and this says how it is said."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.lstrip("-")
            way = next((way for way in _ways_of(given) if name in way.known), None)
            if way is None or way.option not in {option for one in self.params for option in one.opts}:
                raise
            right = f"{name} is an input of the model, say {way.option} {name}={way.value}"
            raise click.UsageError(f"there is no option {error.option_name}: {right}", ctx) from None


def _ways_of(args: Sequence[str]) -> tuple[Way, ...]:
    """Return how the inputs are said of the first file among arguments that is a model; nothing where none is one."""
    from gantk.errors import GantkError
    from gantk.runtime.model_file import read_file
    from gantk.runtime.named_models import is_named, model_file

    for said in (argument for argument in args if argument.endswith(".onnx") or is_named(argument)):
        with suppress(GantkError):
            return _ways(read_file(model_file(said)))
    return ()


@dataclass(frozen=True)
class Way:
    """An option by which inputs are said.

    Attributes:
        option: what it is called.
        what: what it says.
        value: what is said by it, as help has it.
        known: the inputs that it is for.
        is_value: tells of text with an equals sign whether all of it is a value, such as a file's name.
        also: inputs that it takes besides, where they are named.
    """

    option: str
    what: str
    value: str
    known: Sequence[str]
    is_value: Callable[[str], bool]
    also: Sequence[str] = ()


def said(
    card: Card,
    labels: Sequence[str],
    scalars: Sequence[str],
    images: Sequence[str] = (),
    captions: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what was said of a model's inputs, by name: texts, of images paths.

    Raises UsageError where it is not clear.
    """
    ways = _ways(card)
    found: dict[str, Any] = {}
    for way, texts in zip(ways, (labels, scalars, images, captions), strict=True):
        for text in texts:
            name, value = _parted(way, text, ways)
            if name in found:
                raise click.UsageError(f"{way.option} {text}: {name} is {found[name]} already")
            found[name] = Path(value) if way.option == "--image" else value
    return found


def _ways(card: Card) -> tuple[Way, ...]:
    """Return the options by which a model's inputs are said: of categories, numbers, images and texts."""
    categories = [port for port in card.numbers_in if port.categories]
    labels = {name.casefold() for port in categories for name in port.names}
    single = [port.name for port in card.numbers_in if port.kind in ("latent", "scalar") and port.length == 1]
    codes = [port.name for port in card.numbers_in if port.kind == "latent" and port.length == 1]
    images = [port.name for port in card.images_in[1:]]
    texts = [port.name for port in card.numbers_in if port.kind == "caption"]
    return (
        Way(
            "--label",
            "category",
            "LABEL",
            [port.name for port in categories],
            _is_in(labels),
            codes,
        ),
        Way("--scalar", "number", "NUMBER", single, lambda said: False),
        Way("--image", "further image", "FILE", images, lambda said: Path(said).exists()),
        Way("--caption", "text", "TEXT", texts, lambda said: True),
    )


def _is_in(names: Collection[str]) -> Callable[[str], bool]:
    return lambda said: said.casefold() in names


def _parted(way: Way, text: str, ways: Sequence[Way]) -> tuple[str, str]:
    """Return the input that a text is said of, and what is said."""
    name, equals, value = text.partition("=")
    if equals and name in (*way.known, *way.also):
        return name, value
    if equals and (other := next((one.option for one in ways if name in one.known), None)):
        raise click.UsageError(f"{way.option} {text}: say {other} {text}")
    if not way.known:
        raise click.UsageError(f"{way.option} {text}: the model takes no {way.what}")
    if equals and not way.is_value(text):
        inputs = {known: f"{one.option} {known}={one.value}" for one in ways for known in (*one.known, *one.also)}
        near = f"; did you mean {close[0]!r}?" if (close := get_close_matches(name, inputs, n=1)) else ""
        takes = ", ".join(inputs.values())
        raise click.UsageError(
            f"{way.option} {text}: {name!r} is no input that can be said; the model takes {takes}{near}"
        )
    if len(way.known) > 1:
        known = ", ".join(way.known)
        raise click.UsageError(f"{way.option} {text}: say NAME={text}, NAME being one of {known}")
    return way.known[0], text
