"""Quick scales that several data sets state: what two CPU cores show within ten minutes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gantk.plan import quick

SINGLE: Mapping[str, Any] = MappingProxyType(
    {
        "size": 32,
        "steps": 3000,
        "batch_size": 32,
        "precision": "auto",
        **quick.NETWORKS,
    }
)
"""Where images are made of noise."""


def translation(kind: str, own: Mapping[str, Any] = MappingProxyType({})) -> Mapping[str, Any]:
    """Return the scale where batches of a kind become other images, with values of the data set's own."""
    general = quick.translation(kind)
    rate = {} if "learning_rate" in general else {"steps": min(general["steps"], 2500), "learning_rate": 4e-4}
    return {**general, **rate, **own}
