"""What a request for generated images says, as JSON: checked, and described for OpenAPI."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, create_model

from gantk.documents import wanted
from gantk.runtime.captions import described, example
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers
from gantk.runtime.random import LEAST_TRUNCATION
from gantk.sizes import sides_of
from gantk_exports.server.limits import Limits
from gantk_exports.server.refusal import Refusal

_FARTHEST = 1e6
"""No number of a latent is drawn so far out: beyond, networks overflow."""


class GenerateForm(BaseModel):
    """How many images, and what each is made of; a model's inputs come on top of it, by their names."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @classmethod
    def wants(cls) -> bool:
        """Return whether something must be said."""
        return any(field.is_required() for field in cls.model_fields.values())

    def said(self) -> dict[str, Any]:
        """Return the inputs that were said, by their names."""
        named = {field.alias: getattr(self, key) for key, field in type(self).model_fields.items() if field.alias}
        return {name: value for name, value in named.items() if value is not None}


def form_of(card: Card, limits: Limits) -> type[GenerateForm]:
    """Return what can be asked of a generator."""
    most = most_samples(card, limits)
    fields: dict[str, Any] = {
        "count": (_whole(1, most), Field(1, description="how many images; several come as one sheet")),
        "seed": (_whole(0, 2**64 - 1), Field(0, description="what the random numbers follow from")),
        "start": (_whole(0, 2**32 - most), Field(0, description="number of the seed's first sample")),
        "truncation": (
            Annotated[float, Field(strict=True, ge=LEAST_TRUNCATION, le=_FARTHEST)] | None,
            Field(None, description="numbers of latents beyond it are drawn again"),
        ),
        "columns": (_whole(1, most) | None, Field(None, description="columns of the sheet; null: it is square")),
    }
    for number, port in enumerate(card.numbers_in):
        values = {"category": _category, "scalar": _scalar, "caption": _caption}.get(port.kind, _latent)(port)
        several = Annotated[list[values], Field(min_length=1, max_length=most)]  # type: ignore[valid-type]
        if port.kind == "caption":
            help_line = f"{described(port)}, or a list with one for each image"
            shown = Field(alias=port.name, description=help_line, examples=[example(port)])
            fields[f"input_{number}"] = (values | several, shown)
            continue
        unsaid = "drawn" if port.default is None else port.names[int(port.default)] if port.names else port.default
        help_line = f"{_described(port)}, or a list with one for each image; left out or null: {unsaid}"
        fields[f"input_{number}"] = (values | several | None, Field(None, alias=port.name, description=help_line))
    return create_model(f"Generate_{card.graph}", __base__=GenerateForm, **fields)


def parsed(form: type[GenerateForm], body: bytes) -> Any:
    """Return what a JSON body asks; an empty one asks nothing. Raises Refusal."""
    try:
        return form.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise Refusal(400, f"the body is no JSON: {first['msg'].partition(': ')[2] or first['msg']}") from None
        names = [field.alias or key for key, field in form.model_fields.items()]
        if first["type"] == "extra_forbidden":
            raise Refusal(422, f"{first['loc'][0]}: there is no such thing to say, only {', '.join(names)}") from None
        where = next((str(part) for part in first["loc"] if part in names), "the body")
        raise Refusal(422, f"{where}: {wanted(first)}") from None


def most_samples(card: Card, limits: Limits) -> int:
    """Return how many images of a model a request may ask for: a sheet of them has as many pixels as is allowed."""
    height, width = card.sides or sides_of(card.trained_size or 1)
    return max(1, min(limits.samples, limits.pixels // (height * width)))


def _whole(least: int, most: int) -> Any:
    return Annotated[int, Field(ge=least, le=most), BeforeValidator(_integer)]


def _integer(value: Any) -> Any:
    """Return a JSON number that has no fraction as an integer; JSON knows no difference."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("say a whole number")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _category(port: Numbers) -> Any:
    names = [*port.names, *(str(index) for index in range(port.categories) if str(index) not in port.names)]
    spoken = Annotated[str, Field(strict=True, max_length=200), WithJsonSchema({"type": "string", "enum": names})]
    return _whole(0, port.categories - 1) | spoken


def _scalar(port: Numbers) -> Any:
    low, high = (-_FARTHEST if port.low is None else port.low), (_FARTHEST if port.high is None else port.high)
    return Annotated[float, Field(strict=True, ge=low, le=high)]


def _caption(port: Numbers) -> Any:
    return Annotated[str, Field(strict=True, max_length=1000)]


def _latent(port: Numbers) -> Any:
    number = Annotated[float, Field(strict=True, ge=-_FARTHEST, le=_FARTHEST)]
    if port.length == 1:
        return number
    return Annotated[list[number], Field(min_length=port.length, max_length=port.length)]


def _described(port: Numbers) -> str:
    if port.categories:
        return f"a category by its index{' or name' if port.names else ''}"
    if port.kind == "scalar":
        return f"a number{port.limits}"
    shape = f" (of the shape {list(port.shape)}, row by row)" if port.shape else ""
    return "a number" if port.length == 1 else f"a latent of {port.length} numbers{shape}"
