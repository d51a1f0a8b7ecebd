"""Quick scales that several data sets state: what two CPU cores show within ten minutes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SINGLE: Mapping[str, Any] = MappingProxyType({"size": 32, "steps": 3000, "batch_size": 32, "precision": "auto"})
"""Where images are made of noise."""

# So small a step is bound by the number of calls, so batches of one make the most of the time.
_TRANSLATION: Mapping[str, Any] = MappingProxyType(
    {
        "size": 64,
        "steps": 3000,
        "batch_size": 1,
        "learning_rate": 4e-4,
        "generator.filters": 24,
        "generator.blocks": 3,
        "generator.upsampling": "resize",
        "discriminator.filters": 32,
        "discriminator.layers": 2,
    }
)


def translation(kind: str, own: Mapping[str, Any] = MappingProxyType({})) -> Mapping[str, Any]:
    """Return the scale where batches of a kind become other images, with values of the data set's own."""
    scale = {**_TRANSLATION, **own}
    # Batch norm that sees one image at a time hides how light it is, which colours of single images follow from.
    return {**scale, "batch_size": 4} if kind == "images" else scale
