"""The hooks, and their arguments."""

import inspect

from gantk import hookspecs


def hook_arguments() -> dict[str, tuple[str, ...]]:
    """Return the arguments of every hook, by the hook's name."""
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in vars(hookspecs).items()
        if inspect.isfunction(function) and hasattr(function, "gantk_spec")
    }
