"""The widths of the networks that are checked: small ones, since no check asks what a network learns."""

from collections.abc import Mapping
from typing import Any

WIDE, NARROW = 32, 16


def narrowed(options: Mapping[str, Any]) -> dict[str, int]:
    """Return small numbers for the options that are large ones: numbers of filters, of units, of what is drawn."""
    return {name: NARROW for name, value in options.items() if isinstance(value, int) and value >= WIDE}
