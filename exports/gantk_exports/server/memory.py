"""Memory that is no longer used, given back to the system."""

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Give back what the work on large images has left: by now it may be a gigabyte, of which nothing is used.

    An error holds what was worked on, in circles, until these are looked for. And GNU's C library keeps what is freed
    between blocks in use; others give it back of themselves.
    """
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
