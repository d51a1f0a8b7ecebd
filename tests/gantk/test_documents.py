"""Text from outside: what is too large, too deep or no text at all is refused in one bounded line, at once."""

import math
import os
import time
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gantk.documents import at_most, first_fault, parse_json, quoted, read_model, read_text
from gantk.errors import GantkError
from gantk.plainyaml import parse_yaml

BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n" for level in range(1, 12)
)
CHAIN = "a0: &a0 [1]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 400))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "more than 5,000 values"),
        (MERGES, "more than 5,000 values"),
        (CHAIN, "nested more than"),
        ("[" * 20_000, "nested more than"),
        ("{a: " * 5000, "nested more than"),
        ("- " * 3000, "nested more than"),
        ("&a [*a]", "contains itself"),
        ("&a {b: *a}", "contains itself"),
        ("1" * 5000, "limit"),
        ("!!timestamp x", "not YAML"),
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("{[1]: 2}", "unhashable"),
        ("a\n---\nb", "single document"),
        ("\x00", "unacceptable character"),
    ],
)
def test_yaml_that_is_too_much_is_refused_at_once(text, reason):
    began = time.process_time()
    with pytest.raises(ValueError, match=reason) as caught:
        parse_yaml(text)
    assert time.process_time() - began < 1
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("1_000", 1000),
        ("-7", -7),
        ("1.5e-3", 0.0015),
        ("-.inf", -math.inf),
        ("true", True),
        ("~", None),
        *((text, text) for text in ("0x64", "0b11", "0o17", "12:30", "1e-4", "no", "on", "yes", "2001-13-99", "_1")),
    ],
)
def test_yaml_is_read_as_people_read_it(text, value):
    read = parse_yaml(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "value", [True, None, 1, 1e-5, 1e20, math.inf, "no", "010", "0x64", "1e3", "1.5e3", "12:30", ""]
)
def test_yaml_that_is_written_is_read_as_it_was(value):
    assert parse_yaml(yaml.safe_dump({"value": value})) == {"value": value}


def test_yaml_of_a_run_is_read_with_its_aliases():
    assert parse_yaml("a: &x [0.5, 0.999]\nb: *x\nc: {d: null}") == {
        "a": [0.5, 0.999],
        "b": [0.5, 0.999],
        "c": {"d": None},
    }
    assert parse_yaml("") is None


@pytest.mark.parametrize(
    "text", ["[" * 5000 + "]" * 5000, '{"a": ' * 100 + "1" + "}" * 100, "9" * 5000, "{", "", "\ufeff{}"]
)
def test_json_that_is_too_much_is_refused(text):
    with pytest.raises(ValueError, match="JSON|levels deep"):
        parse_json(text)


def test_brackets_in_strings_are_no_nesting():
    assert parse_json('{"a": "' + "[" * 500 + '\\"{"}') == {"a": "[" * 500 + '"{'}


def test_only_regular_files_of_bounded_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "giant").open("wb") as file:
        file.truncate(10**12)
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, reason in {"pipe": "pipe", "giant": "larger", "latin": "UTF-8", "zero": "device", ".": "folder"}.items():
        with pytest.raises(ValueError, match=reason):
            read_text(tmp_path / name, 1000)
    with pytest.raises(OSError, match="No such file"):
        read_text(tmp_path / "nothing", 1000)


class Inner(BaseModel):
    count: int


class Outer(BaseModel):
    inner: dict[str, Inner]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"inner": {"a": {"count": "many"}}}', "inner.a.count should be a whole number"),
        ('{"inner": {"' + "b" * 9000 + '": {}}}', "count is missing"),
        ("[]", "facts.json: it should be names and values"),
        ("{}", "inner is missing"),
        ('{"inner": "' + "x" * 9000 + '"}', "inner should be names and values"),
    ],
)
def test_a_model_that_does_not_fit_names_file_and_field_and_no_value(tmp_path, text, reason):
    (tmp_path / "facts.json").write_text(text)
    with pytest.raises(GantkError, match=reason) as caught:
        read_model(Outer, tmp_path / "facts.json")
    assert str(tmp_path / "facts.json") in str(caught.value)
    assert len(str(caught.value)) < 400


class Every(BaseModel):
    """A field of every kind that gantk's files and options have."""

    model_config = ConfigDict(extra="forbid")

    whole: int = Field(0, ge=1, le=9)
    above: float = Field(1.0, gt=0, lt=5, allow_inf_nan=False)
    text: Annotated[str, at_most(3)] = ""
    formed: str = Field("a", pattern="^a$")
    flag: bool = False
    listed: list[int] = Field([], max_length=1)
    pair: tuple[int, int] = (0, 0)
    one: Literal["a", "b"] = "a"
    inner: Inner | None = None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("whole", "x", "should be a whole number"), ("whole", 1.5, "should be a whole number"),
        ("whole", None, "should be a whole number"), ("whole", 0, "should be at least 1"),
        ("whole", 10, "should be at most 9"), ("above", [], "should be a number"), ("above", "x", "should be a number"),
        ("above", float("inf"), "should be a finite number"), ("above", 0, "should be above 0.0"),
        ("above", 5, "should be below 5.0"), ("text", 7, "should be text"),
        ("text", "long", "should have at most 3 characters"), ("formed", "b", "should have the form ^a$"),
        ("flag", [], "should be true or false"), ("listed", 7, "should be a list"), ("listed", {}, "should be a list"),
        ("listed", [1, 2], "should have at most 1 items"), ("pair", 3, "should be a list"),
        ("one", "c", "should be 'a' or 'b'"), ("inner", 3, "should be names and values"),
        ("other", 3, "is not a name that is known here"),
    ],
)  # fmt: skip
def test_a_fault_is_said_in_plain_words(field, value, words):
    with pytest.raises(ValidationError) as caught:
        Every.model_validate({field: value})
    assert first_fault(caught.value) == f"{field} {words}"


def test_huge_values_are_quoted_in_short():
    assert len(quoted("x" * 10**6)) < 100
    assert quoted(1 << 500_000) == "a huge int"
