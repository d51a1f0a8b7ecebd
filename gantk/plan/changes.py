"""What a run that goes on may be told otherwise than it began, and how that is said."""

from collections.abc import Iterator, Mapping
from typing import Any

CHANGEABLE = ("learning_rate", "player_rates", "schedule", "decay_from", "batch_size", "clip", "weight_decay")
"""Settings that may change while a run goes on; all else would be another run."""


def changes_said(before: Mapping[str, Any], now: Mapping[str, Any], step: int) -> Iterator[str]:
    """Yield what of these settings is another from a step on, a line each."""
    for name in CHANGEABLE:
        if name in now and before.get(name) != now[name]:
            was = f", where it was {before[name]}" if name in before else ""
            yield f"from step {step} on {name} is {now[name]}{was}"
