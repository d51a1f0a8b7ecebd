"""A trace of which plugin answered which hook."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pluggy


def trace(manager: pluggy.PluginManager) -> None:
    """Print to standard error which plugin answers which hook, each line once."""
    printed: set[str] = set()

    def before(hook: str, methods: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None: ...

    def after(
        outcome: pluggy.Result[Any], hook: str, methods: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]
    ) -> None:
        if not methods:
            return
        # One plugin is asked at a time.
        line = f"gantk: {hook}: {methods[0].plugin_name}{_answer(outcome)}"
        if line not in printed:
            printed.add(line)
            sys.stderr.write(f"{line}\n")

    manager.add_hookcall_monitoring(before, after)


def _answer(outcome: pluggy.Result[Any]) -> str:
    if outcome.exception is not None:
        return f" raised {type(outcome.exception).__name__}"
    result = outcome.get_result()
    answers = [answer for answer in (result if isinstance(result, list) else [result]) if answer is not None]
    return f" -> {', '.join(_shown(answer) for answer in answers)}" if answers else ""


def _shown(answer: Any) -> str:
    named = answer if inspect.isclass(answer) or inspect.isroutine(answer) else type(answer)
    return f"{named.__module__}.{named.__qualname__}"
