"""How far a mean over images may be off; no plugin by itself."""

import math

from torch import Tensor


def standard_error(values: Tensor) -> float | None:
    """Return the standard error of the mean of values (N,); None of a single one, which says nothing of it."""
    return float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else None
