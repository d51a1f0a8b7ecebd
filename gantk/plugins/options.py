"""The options of a part: the typed, defaulted, keyword-only parameters of its factory."""

import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from gantk.documents import quoted, wanted
from gantk.errors import PluginError, UsageError, written_at
from gantk.plugins import signatures


@dataclass(frozen=True)
class Option:
    """One option: its name, its evaluated type, its default, and what the docstring's `Args:` says of it."""

    name: str
    annotation: Any
    default: Any
    help: str = ""


def options_of(factory: Callable[..., Any]) -> dict[str, Option]:
    """Return the options of a function, or of a class's `__init__`, by name.

    Only their own annotations are evaluated: those of other parameters may name types that are not imported.
    Raises PluginError where a keyword-only parameter lacks its type or default, or names an unknown type.
    """
    function = signatures.function_of(factory)
    if function is None:
        return {}
    owner = getattr(factory, "__qualname__", function.__qualname__)
    annotations, defaults = signatures.annotations(function), function.__kwdefaults__ or {}
    classes = reversed(factory.__mro__) if isinstance(factory, type) else ()
    helps = signatures.documented(function, *classes)
    options = {}
    for name in signatures.keyword_only(function):
        if name not in annotations or name not in defaults:
            lacking = "default: add `= VALUE`" if name in annotations else f"type: write it like `{name}: int = 1`"
            raise PluginError(f"{written_at(factory)}option {name} of {owner} has no {lacking}")
        try:
            annotation = signatures.evaluated(annotations[name], function)
        except Exception as error:
            raise PluginError(
                f"option {name} of {owner}: its type cannot be evaluated ({error}); "
                "import the types of options outside TYPE_CHECKING"
            ) from error
        options[name] = Option(name, annotation, defaults[name], helps.get(name, ""))
    return options


def parse_value(option: Option, value: Any, name: str) -> Any:
    """Return a value for an option: text from the command line, or what a YAML file holds.

    Raises UsageError, which calls the option `name`, where the value is not of the option's type.
    """
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(option.annotation)
    except PydanticUserError as error:
        raise PluginError(f"option {name} cannot be set: its type is {type_name(option.annotation)}") from error
    reason = ""
    for reading in _readings(value):
        try:
            parsed = adapter.validate_python(reading)
        except ValidationError as error:
            reason = reason or wanted(error.errors(include_url=False)[0])
            continue
        # Pydantic takes true for the number 1.
        if not isinstance(reading, bool) or isinstance(parsed, bool):
            return parsed
    raise UsageError(f"option {name}: {_refusal(option, value, reason)}")


def type_name(annotation: Any) -> str:
    """Return a type as a user reads it: `int`, `one of a, b`, `float or none`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_name(arguments[0])
    if origin is Literal:
        return f"one of {', '.join(str(choice) for choice in arguments)}"
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(argument) for argument in arguments if get_origin(argument) is not Callable)
    if annotation is type(None):
        return "none"
    if isinstance(annotation, type) and not arguments:
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")


def _readings(value: Any) -> Iterator[Any]:
    """Yield the ways to read a value: text as YAML, as a list without its brackets, as it stands, as nothing."""
    from gantk.plainyaml import parse_yaml

    if isinstance(value, str):
        for text in (value, f"[{value}]"):
            with suppress(ValueError):
                reading = parse_yaml(text)
                # Outside of quotes, text is what it says: YAML would leave out what follows a #.
                yield value if isinstance(reading, str) and value.strip()[:1] not in ("'", '"') else reading
        if "," in value:
            yield [item.strip() for item in value.split(",")]  # 01,02 is text, where text is wanted
    yield value
    if isinstance(value, str) and value.strip().lower() == "none":
        yield None


def _refusal(option: Option, value: Any, reason: str) -> str:
    kind, said = type_name(option.annotation), quoted(value)
    if get_origin(option.annotation) is Literal:
        return f"{said} is not one of {kind.removeprefix('one of ')}"
    if get_origin(option.annotation) is Annotated:
        return f"{said} {reason}"
    article = "" if kind.startswith("one of") else "an " if kind[0] in "aeiou" else "a "
    listed = isinstance(option.default, list | tuple) and option.default
    example = f"; write it like {','.join(str(item) for item in option.default)}" if listed else ""
    return f"{said} is not {article}{kind}{example}"
