import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Literal

import pytest
from pydantic import Field

from gantk.errors import PluginError, UsageError
from gantk.plugins.options import Option, options_of, parse_value, type_name

HEAVY = '''
from __future__ import annotations
from typing import TYPE_CHECKING, Literal
if TYPE_CHECKING:
    from torch import nn

def build(spec: nn.Heavy, make: nn.Module, *, filters: int = 64, kind: Literal["a", "b"] = "a") -> nn.Module:
    """Return a network.

    Args:
        spec: what is asked.
        filters: channels of the first layer;
            doubled in each further one: up to 512.
        kind (str): how it
            enlarges.

    Raises:
        Unsupported: without an image.
    """

def hidden(*, layer: nn.Module = None): ...
'''


class Parent:
    """Makes things.

    Args:
        width: how wide it is.
    """

    def __init__(self, build: object, *, width: float = 1.5, height: int | None = None) -> None:
        """Make it.

        Args:
            height: how high it is.
        """


class Child(Parent): ...


def test_options_are_the_keyword_only_parameters_with_type_default_and_help(tmp_path, monkeypatch):
    (tmp_path / "heavy_types.py").write_text(HEAVY)
    monkeypatch.syspath_prepend(tmp_path)
    options = options_of(import_module("heavy_types").build)
    assert options == {
        "filters": Option("filters", int, 64, "channels of the first layer; doubled in each further one: up to 512."),
        "kind": Option("kind", Literal["a", "b"], "a", "how it enlarges."),
    }
    with pytest.raises(PluginError, match=r"option layer of hidden: its type cannot be evaluated.*TYPE_CHECKING"):
        options_of(import_module("heavy_types").hidden)
    del sys.modules["heavy_types"]


@pytest.mark.parametrize("factory", [Parent, Child])
def test_a_class_has_the_options_of_its_constructor(factory):
    assert options_of(factory) == {
        "width": Option("width", float, 1.5, "how wide it is."),
        "height": Option("height", int | None, None, "how high it is."),
    }


def test_a_data_class_has_its_keyword_only_fields():
    @dataclass(kw_only=True)
    class Fields:
        rate: float = 0.1
        names: tuple[str, ...] = ()

    assert {name: option.annotation for name, option in options_of(Fields).items()} == {
        "rate": float,
        "names": tuple[str, ...],
    }


def test_a_decorated_function_keeps_its_options():
    def plain(*, depth: int = 3): ...

    @functools.wraps(plain)
    def wrapped(*arguments, **named): ...

    assert list(options_of(wrapped)) == ["depth"]


def test_what_has_no_constructor_of_its_own_has_no_options():
    class Bare: ...

    assert options_of(Bare) == {}


def test_an_option_without_type_or_default_is_refused():
    def untyped(*, filters=3): ...
    def required(*, filters: int): ...

    with pytest.raises(PluginError, match=r"option filters of .*untyped has no type: write it like `filters: int = 1`"):
        options_of(untyped)
    with pytest.raises(PluginError, match=r"option filters of .*required has no default"):
        options_of(required)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "32", 32),
        (int, "4.0", 4),
        (float, "1e-4", 1e-4),
        (float, "3", 3.0),
        (float, 3, 3.0),
        (float, "1e-4 ", 1e-4),
        (bool, "true", True),
        (bool, "no", False),
        (bool, "0", False),
        (str, "many", "many"),
        (str, "5", "5"),
        (str, "yes", "yes"),
        (str, "a: b: c", "a: b: c"),
        (str, "2024-01-01", "2024-01-01"),
        (str, "a,b", "a,b"),
        (str, "a #b", "a #b"),
        (str, "'010'", "010"),
        (int, "010", 10),
        (int, "1_000", 1000),
        (int | None, "none", None),
        (int | None, "null", None),
        (int | None, "3", 3),
        (int | None, None, None),
        (str | None, "null", None),
        (float | str, "0.5", 0.5),
        (Literal["none", "batch"], "none", "none"),
        (Literal[1, 2], "2", 2),
        (tuple[float, float], "0.5,0.999", (0.5, 0.999)),
        (tuple[float, float], "[0.5, 0.999]", (0.5, 0.999)),
        (tuple[float, float], [0.5, 0.999], (0.5, 0.999)),
        (tuple[int, ...], "3", (3,)),
        (list[str], "a,b", ["a", "b"]),
        (list[str], "no,01", ["no", "01"]),
        (Mapping[str, str], "{no: yes}", {"no": "yes"}),
        (Mapping[str, float], "{a: 1}", {"a": 1.0}),
        (Annotated[int, Field(gt=0)], "3", 3),
        (int | Callable[[float], int], "3", 3),
    ],
)
def test_a_value_is_read_as_the_options_type(annotation, text, value):
    parsed = parse_value(Option("x", annotation, None), text, "x")
    assert parsed == value
    assert type(parsed) is type(value)


def test_a_function_is_kept_where_one_is_allowed():
    assert parse_value(Option("x", int | Callable[[float], int], 1), len, "x") is len


@pytest.mark.parametrize(
    ("annotation", "default", "value", "reason"),
    [
        (int, 64, "many", "option generator.filters: 'many' is not an int"),
        (int, 64, "1.5", "option generator.filters: '1.5' is not an int"),
        (int, 64, 1.5, "option generator.filters: 1.5 is not an int"),
        (int, 64, "true", "option generator.filters: 'true' is not an int"),
        (int, 64, "0x64", "option generator.filters: '0x64' is not an int"),
        (float, 1.0, "12:30", "option generator.filters: '12:30' is not a float"),
        (float, 1.0, True, "option generator.filters: True is not a float"),
        (int, 64, "", "option generator.filters: '' is not an int"),
        (int, 64, "{", "option generator.filters: '{' is not an int"),
        (bool, True, "maybe", "option generator.filters: 'maybe' is not a bool"),
        (str, "a", 5, "option generator.filters: 5 is not a str"),
        (float | None, None, "x", "option generator.filters: 'x' is not a float or none"),
        (Literal["a", "b"], "a", "c", "option generator.filters: 'c' is not one of a, b"),
        (Literal["a"] | None, None, "c", "option generator.filters: 'c' is not one of a or none"),
        (
            tuple[float, float],
            (0.5, 0.999),
            "0.5",
            "option generator.filters: '0.5' is not a tuple[float, float]; write it like 0.5,0.999",
        ),
        (
            Annotated[int, Field(gt=0)],
            1,
            "-3",
            "option generator.filters: '-3' should be above 0",
        ),
    ],
)
def test_a_wrong_value_gives_one_line_that_names_the_option(annotation, default, value, reason):
    with pytest.raises(UsageError) as caught:
        parse_value(Option("filters", annotation, default), value, "generator.filters")
    assert str(caught.value) == reason


def test_an_option_of_a_type_that_no_text_can_say_is_the_plugins_fault():
    with pytest.raises(PluginError, match=r"option x cannot be set: its type is Parent"):
        parse_value(Option("x", Parent, None), "1", "x")


def test_types_are_named_as_a_user_reads_them():
    assert type_name(Literal["a", 2]) == "one of a, 2"
    assert type_name(list[int] | None) == "list[int] or none"
    assert type_name(Annotated[float, "rate"]) == "float"
    assert type_name(Mapping[str, float]) == "Mapping[str, float]"
