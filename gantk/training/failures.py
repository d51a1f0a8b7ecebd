"""Ends of a training that are no fault of gantk's, told in one line: memory that ran out, a plugin that left."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gantk.documents import shortened
from gantk.errors import GantkError, PluginError, blamed_line

_WORDS = ("can't allocate memory", "not enough memory", "Storage size calculation overflowed", "bad allocation")
"""What torch says on a CPU, in an error of no class of its own."""


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raise GantkError where memory ran out inside, and PluginError where other code than gantk's ends the process."""
    try:
        yield
    except SystemExit as error:
        if at := blamed_line(error):
            raise PluginError(f"{at}sys.exit({error.code!r}) would end gantk: raise an error there") from error
        raise
    except Exception as error:
        if lacking := next(filter(_is_lack_of_memory, (error, error.__cause__)), None):
            raise GantkError(
                f"there is not enough memory ({shortened(lacking)}): less is needed with a smaller --size or "
                "--batch-size, or with smaller networks, such as -s generator.filters=32"
            ) from error
        raise


def _is_lack_of_memory(error: BaseException | None) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in _WORDS)
    )
