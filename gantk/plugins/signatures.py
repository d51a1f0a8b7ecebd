"""The signature and the docstring of a factory, with no more of it evaluated than is asked for."""

import inspect
import re
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, get_type_hints


def function_of(factory: Callable[..., Any]) -> FunctionType | None:
    """Return the Python function whose parameters a factory takes: itself, or its `__init__`."""
    function = inspect.unwrap(factory.__init__ if inspect.isclass(factory) else factory)
    return function if inspect.isfunction(function) else None


def keyword_only(function: FunctionType) -> tuple[str, ...]:
    """Return the names of a function's keyword-only parameters."""
    code = function.__code__
    return code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]


def annotations(function: FunctionType) -> dict[str, Any]:
    """Return a function's annotations, unevaluated where the language allows."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(function, format=Format.FORWARDREF)
    return function.__annotations__


def evaluated(annotation: Any, function: FunctionType) -> Any:
    """Return one annotation of a function, evaluated where the function was written."""

    def holder() -> None: ...

    holder.__annotations__ = {"annotation": annotation}
    return get_type_hints(holder, function.__globals__, include_extras=True)["annotation"]


def documented(*owners: Any) -> dict[str, str]:
    """Return what the Google-style `Args:` sections of docstrings say, by parameter; a later docstring wins."""
    helps: dict[str, str] = {}
    for owner in owners:
        text = inspect.cleandoc(owner.__doc__ or "")
        section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", text, re.MULTILINE)
        name = ""
        for line in inspect.cleandoc("\n" + section[1]).splitlines() if section else ():
            if begun := re.match(r"\**(\w+)\s*(?:\([^)]*\))?:\s*(.*)", line):
                name = begun[1]
                helps[name] = begun[2].strip()
            elif name and line.strip():
                helps[name] = f"{helps[name]} {line.strip()}".strip()
    return helps
