"""A bound on what options make, so that a number of layers with too many noughts is refused, not built for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.nn.modules.module import register_module_parameter_registration_hook

from gantk.errors import UsageError

MOST_PARAMETERS = 5_000
"""Tensors of weights that networks may have together; a residual network of a thousand layers has three thousand."""


@contextmanager
def bounded() -> Iterator[None]:
    """Build networks of no more than `MOST_PARAMETERS` tensors of weights. Raises UsageError at the first beyond."""
    made = 0

    def count(*_registered: Any) -> None:
        nonlocal made
        made += 1
        if made > MOST_PARAMETERS:
            raise UsageError(
                f"the options make networks of more than {MOST_PARAMETERS:,} tensors of weights: say fewer layers or "
                "blocks"
            )

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
