"""The fields of a form that say a model's inputs besides its image: read, and described for OpenAPI."""

from collections.abc import Mapping
from typing import Any

from gantk.runtime.captions import described, example
from gantk.runtime.card import Card
from gantk.runtime.given import Given
from gantk.runtime.ports import Numbers, Port
from gantk_exports.server.refusal import Refusal

FILE = {"type": "string", "format": "binary"}

_SEED = "seed"


def said_in(card: Card, texts: Mapping[str, str]) -> dict[str, str]:
    """Return what the texts of a form say of a model's inputs; a model without any reads none.

    Raises Refusal where one is unknown or missing.
    """
    known = {port.name: port for port in card.numbers_in if port.kind != "latent"}
    latents = any(port.kind == "latent" for port in card.numbers_in)
    if len(card.inputs) == 1:
        return {}
    fields = [*known, *([_SEED] if latents else [])]
    if unknown := [name for name in texts if name not in fields]:
        raise Refusal(422, f"{unknown[0]}: there is no such field, only {', '.join(['image', *fields])}")
    for name, port in known.items():
        if port.kind == "caption" and name not in texts:
            raise Refusal(
                422, f"the model takes a text {name}: curl -F '{name}={example(port)}', of words that it knows"
            )
        if port.default is None and name not in texts:
            first = port.names[0] if port.names else "0"
            raise Refusal(422, f"the model takes a category {name}: curl -F {name}={first}, or another of {port.known}")
    return dict(texts)


def given(card: Card, said: Mapping[str, Any]) -> Given:
    """Return the further inputs that are said. Raises UsageError where one cannot be that, Refusal on a wrong seed."""
    rest = {name: value for name, value in said.items() if name != _SEED}
    seed = said.get(_SEED, "0")
    if not (seed.isdecimal() and len(seed) <= 20 and int(seed) < 2**64):
        raise Refusal(422, f"{_SEED}: say a whole number from 0 to 2^64 - 1, not {seed}")
    return Given(card, rest, int(seed))


def schema_of(card: Card) -> dict[str, Any]:
    """Return the form that a model takes, as JSON schema."""
    images = card.images_in[1:]
    said: list[Port | Numbers] = [*images, *(port for port in card.numbers_in if port.kind != "latent")]
    what = "the image" if card.image_in.palette is None else f"a label map of {', '.join(card.image_in.palette.names)}"
    properties: dict[str, Any] = {"image": FILE | {"description": what}}
    properties |= {port.name: _described(port) for port in said}
    if any(port.kind == "latent" for port in card.numbers_in):
        properties[_SEED] = {"type": "integer", "default": 0, "description": "what latents follow from"}
    open_ = [port for port in card.numbers_in if port.kind in ("category", "caption")]
    wanted = [port.name for port in open_ if port.default is None]
    required = ["image", *(port.name for port in images), *wanted]
    return {"type": "object", "properties": properties, "required": required}


def _described(port: Port | Numbers) -> dict[str, Any]:
    if isinstance(port, Port):
        what = "image" if port.palette is None else f"label map of {', '.join(port.palette.names)}"
        return FILE | {"description": f"a further {what}, which is brought to the first one's size"}
    if port.kind == "category":
        names = [*port.names, *(str(index) for index in range(port.categories) if str(index) not in port.names)]
        shown: dict[str, Any] = {"type": "string", "enum": names, "description": "a category by its name or index"}
        return shown if port.default is None else shown | {"default": names[int(port.default)]}
    if port.kind == "caption":
        return {"type": "string", "description": described(port)}
    limits = {"minimum": port.low, "maximum": port.high, "default": port.default}
    return {"type": "number", "description": f"a number{port.limits}"} | {
        name: value for name, value in limits.items() if value is not None
    }
