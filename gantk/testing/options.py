"""Checks of the options of every part: the parameters of what a hook returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from gantk.plugins.kinds import KINDS
from gantk.plugins.options import Option, options_of, type_name
from gantk.plugins.signatures import function_of
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure


def option_kinds(checked: CheckedPlugin) -> str:
    """Read the signatures, and hold each default against its type."""
    found = []
    for hook, factory in checked.factories.items():
        _check_positional(hook, factory)
        for option in options_of(factory).values():
            _check_default(hook, factory, option)
            found.append(option.name)
    return _count(found)


def option_names(checked: CheckedPlugin) -> str:
    """Compare the recipe's options with the settings."""
    from gantk.parts.settings import Settings
    from gantk.plan.resolve import TAKEN_OVER

    own = options_of(checked.factory("recipe"))
    if clash := sorted((own.keys() & options_of(Settings).keys()) - TAKEN_OVER):
        raise Failure(
            f"option {clash[0]} of {_line(checked.factory('recipe'))} bears the name of a setting: give it another name"
        )
    return _count(list(own))


def option_help(checked: CheckedPlugin) -> str:
    """Read what the docstrings say of each option."""
    found = []
    for hook, factory in checked.factories.items():
        for option in options_of(factory).values():
            if not option.help:
                raise Failure(
                    f"option {option.name} of {hook} {_line(factory)} is not documented: say what it is under `Args:` "
                    f"in the docstring, such as `{option.name}: ...`"
                )
            found.append(option.name)
    return _count(found)


def _check_positional(hook: str, factory: Callable[..., Any]) -> None:
    expected = KINDS[hook].takes
    parameters = list(_parameters(factory))
    several = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    positional = [
        p for p in parameters if p.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    ]
    for parameter in positional[len(expected) :]:
        raise Failure(
            f"option {parameter.name} of {hook} {_line(factory)} is positional, so that nobody can set it: write it "
            f"behind a `*`, as in `({', '.join((*expected, '*', f'{parameter.name}: int = 1'))})`"
        )
    if len(positional) < len(expected) and not several:
        raise Failure(
            f"{hook} {_line(factory)} takes ({', '.join(p.name for p in positional)}): it is called with "
            f"({', '.join(expected)}) and options"
        )


def _check_default(hook: str, factory: Callable[..., Any], option: Option) -> None:
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    try:
        TypeAdapter(option.annotation).validate_python(option.default)
    except PydanticUserError as error:
        raise Failure(
            f"option {option.name} of {hook} {_line(factory)} cannot be set from text: its type is "
            f"{type_name(option.annotation)}; use numbers, text, booleans, Literals, or lists of these"
        ) from error
    except ValidationError as error:
        raise Failure(
            f"option {option.name} of {hook} {_line(factory)}: the default {option.default!r} is not of its type, "
            f"{type_name(option.annotation)}"
        ) from error


def _parameters(factory: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    function = function_of(factory)
    if function is None:
        return
    parameters = iter(inspect.signature(function).parameters.values())
    if inspect.isclass(factory):
        next(parameters)  # self
    yield from parameters


def _line(factory: Callable[..., Any]) -> str:
    """Return "Name (file:line)" of a factory."""
    function = function_of(factory)
    if function is None:
        return factory.__qualname__
    return f"{factory.__qualname__} ({function.__code__.co_filename}:{function.__code__.co_firstlineno})"


def _count(found: list[str]) -> str:
    count = "1 option" if len(found) == 1 else f"{len(found)} options"
    return f"{count}: {', '.join(found)}" if found else "no options"
