"""Files and text that others may have written: bounded in kind, size, nesting and number before they are believed."""

import json
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from gantk.errors import GantkError

if TYPE_CHECKING:
    from pydantic import AfterValidator, BaseModel, ValidationError

Model = TypeVar("Model", bound="BaseModel")

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_WANTED: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not a name that is known here",
        "invalid_key": "is a name that is no text",
        "string_pattern_mismatch": "should have the form {pattern}",
        "finite_number": "should be a finite number",
        "greater_than": "should be above {gt}",
        "greater_than_equal": "should be at least {ge}",
        "less_than": "should be below {lt}",
        "less_than_equal": "should be at most {le}",
        "multiple_of": "should be a multiple of {multiple_of}",
        "literal_error": "should be {expected}",
        "string_too_long": "should have at most {max_length} characters",
        "string_too_short": "should have at least {min_length} characters",
        "too_long": "should have at most {max_length} items",
        "too_short": "should have at least {min_length} items",
        **{
            kind: f"should be {words}"
            for words, kinds in {
                "names and values": (
                    "model_type",
                    "model_attributes_type",
                    "dict_type",
                    "mapping_type",
                    "dataclass_type",
                ),
                "a list": ("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"),
                "a whole number": ("int_type", "int_parsing", "int_from_float"),
                "a whole number of fewer digits": ("int_parsing_size",),
                "a number": ("float_type", "float_parsing"),
                "text": ("string_type", "string_unicode"),
                "true or false": ("bool_type", "bool_parsing"),
                "nothing": ("none_required",),
            }.items()
            for kind in kinds
        },
    }
)
"""What pydantic's kinds of faults say, in words that know nothing of classes; between braces what pydantic adds."""

_DEEPEST = 64
_LONGEST = 240


def regular_file(path: Path) -> int:
    """Return a regular file's size in bytes. Raises OSError where there is none, ValueError where it is another thing.

    Pipes and devices are never opened: they may wait for ever, or never end.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise ValueError("a folder, where a file is needed")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("no regular file but a pipe, a device or a socket")
    return found.st_size


def read_text(path: Path, most: int) -> str:
    """Return a regular file's text, of at most so many bytes. Raises OSError, or ValueError with the reason."""
    regular_file(path)
    # What the system says of the size is not asked: files under /proc say 0.
    with path.open("rb") as file:
        held = file.read(most + 1)
    if len(held) > most:
        raise ValueError(f"larger than {most:,} bytes")
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"no text in UTF-8: {error.reason} at byte {error.start}") from error


def parse_json(text: str) -> Any:
    """Return the value that JSON text holds. Raises ValueError where it is none, or nested too deeply."""
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} levels deep")
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"no JSON: {shortened(error)}") from error


def read_model(schema: type[Model], path: Path, most: int = 1 << 20) -> Model:
    """Return what a JSON file of at most so many bytes holds, checked against a schema.

    Raises GantkError, naming the file and its first field that is wrong.
    """
    from pydantic import ValidationError

    try:
        return schema.model_validate(parse_json(read_text(path, most)))
    except ValidationError as error:
        raise GantkError(f"{path}: {first_fault(error)}") from error
    except (OSError, ValueError) as error:
        raise GantkError(f"cannot read {path}: {shortened(error)}") from error


def at_most(characters: int) -> "AfterValidator":
    """Return what refuses longer text in a model. Pydantic's own would refuse names that are not UTF-8 as well."""
    from pydantic import AfterValidator

    def bounded(text: str) -> str:
        if len(text) > characters:
            raise ValueError(f"should have at most {characters:,} characters")
        return text

    return AfterValidator(bounded)


@dataclass(frozen=True)
class ReadBy:
    """Annotates a type whose values a function reads from what a configuration says.

    Attributes:
        read: returns the value; raises ValueError where there is none.
    """

    read: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.read)


def first_fault(error: "ValidationError") -> str:
    """Return a validation's first fault in one line, `field.inner should be a list`, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(shortened(part, 60) for part in first["loc"])
    return f"{where} {wanted(first)}" if where else f"it {wanted(first)}"


def wanted(fault: Mapping[str, Any]) -> str:
    """Return what one of a validation's faults says of its field, in words that follow the field's name."""
    kind, known = fault["type"], fault.get("ctx", {})
    if kind in _WANTED:
        return _WANTED[kind].format(**known)
    said = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{said[:1].lower()}{said[1:]}"


def quoted(value: object) -> str:
    """Return a value as Python writes it, cut short where it is long."""
    try:
        return shortened(repr(value), 80)
    except ValueError:  # a number of more digits than Python writes
        return f"a huge {type(value).__name__}"


def shortened(value: object, most: int = _LONGEST) -> str:
    """Return a value or an error's words as one line of bounded length."""
    text = str(value.strerror or value) if isinstance(value, OSError) else str(value)
    text = " ".join(text[: 4 * most].split())
    return text if len(text) <= most else f"{text[:most]}..."
