"""The quick scale: what two CPU cores can show within minutes, on any data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gantk.data.dataset import Dataset
from gantk.data.kinds import kind_called

ORIGIN = "quick scale"
"""How the origin of what a quick scale states begins."""

NOISY: Mapping[str, Any] = MappingProxyType(
    {"fold": 2, "channels": 48, "multiples": (1, 2), "depth": 1, "dropout": 0.0}
)
"""Of networks that take noise out of images again and again, and learn far too little in few steps to forget any."""

_TRANSLATION: Mapping[str, Any] = MappingProxyType(
    {
        "size": 64,
        "steps": 3000,
        "generator.filters": 24,
        "generator.blocks": 3,
        "generator.halvings": 2,
        # At few steps, transposed convolutions leave a pattern of dots.
        "generator.upsampling": "resize",
        # Few steps are noisy, and dropout makes that worse.
        "generator.dropout": 0,
        # Of recipes whose networks are their own.
        "filters": 16,
        "embedding": 256,
        "blocks": 1,
        "light": True,
        "alike": True,
        "upsampling": "resize",
        "discriminator.filters": 32,
        "discriminator.layers": 2,
        **NOISY,
        "fold": 4,
        "sampling": 50,
    }
)

# An average of the weights over the last of few steps is less noisy.
_AVERAGE = {"name": "half-life", "share": 0.1, "ramp": 0.1}
_BY_EXAMPLE: Mapping[str, Any] = MappingProxyType(
    {"ema": dict.fromkeys(("generator", "mapping", "synthesis"), _AVERAGE)}
)

# A game of few steps adds stains rather than what it is played for, and so weighs less.
_PAIRED: Mapping[str, Any] = MappingProxyType({"l1": 300.0})

# Norms that are told a label map read the batch, and are many: a step takes half a second of a core.
_OF_LABEL_MAPS: Mapping[str, Any] = MappingProxyType(
    {
        "batch_size": 4,
        "steps": 800,
        "generator.filters": 12,
        "normalization.generator.hidden": 16,
        "discriminator.filters": 16,
    }
)

# A network that adds to the enlarged image begins where plain enlarging ends. Few steps need no norm, which hides how
# light a crop is.
_ENLARGING: Mapping[str, Any] = MappingProxyType(
    {
        "size": 64,
        "steps": 3000,
        "batch_size": 4,
        "learning_rate": 1e-3,
        "generator.filters": 24,
        "generator.blocks": 4,
        "generator.adds_input": True,
        "normalization.generator": "none",
        "discriminator.filters": 16,
        "discriminator.dense": 256,
        "ema": _BY_EXAMPLE["ema"],
    }
)

# Of one picture, at four scales. A coarse one takes less time a step, and what it has not learned no finer one can.
_PICTURE: Mapping[str, Any] = MappingProxyType({"size": 80, "steps": 7200, "factor": 0.55, "moves": 1, "coarser": 1.5})

STYLES: Mapping[str, Any] = MappingProxyType(
    {"base": 512, "most": 128, "discriminator.base": 512, "discriminator.most": 128}
)
"""Of networks whose maps have as many channels as their size says."""

# Images of many domains are seen in turn, so there are more of them, at half the size. A generator that begins as doing
# nothing stays there where going back weighs as in papers, and the domain that is asked for must weigh more.
_DOMAINS: Mapping[str, Any] = MappingProxyType(
    {
        "size": 32,
        "steps": 2400,
        "batch_size": 8,
        "critic_steps": 2,
        "learning_rate": 1e-3,
        "generator.filters": 16,
        "generator.blocks": 2,
        "generator.adds_input": True,
        "normalization.generator": "none",
        "discriminator.layers": 3,
        "reconstruction": 3.0,
        "classification": 5.0,
        **STYLES,
    }
)

# The rate of batches of thousands is too low for those of a few dozen, and a share of a long run is nothing of a short
# one.
WIDE: Mapping[str, Any] = MappingProxyType(
    {"width": 8, "generator.width": 8, "discriminator.width": 8, "pace": 4.0, "alone": 0.1}
)
"""Of networks whose maps have a multiple of a unit width, of large batches, and of what learns alone at first."""

# A coarse level takes little time a step, and what it has not learned no finer one can.
LEVELS: Mapping[str, Any] = MappingProxyType({"coarser": 2.5, "condition": 32})
"""Of networks that make images at several sizes."""

VALUES: Mapping[str, Any] = MappingProxyType({"gated": True, "features": 16, "residuals": 5, "last": 32})
"""Of networks that tell each value of those before it, at the whole size in every layer."""

FLOWS: Mapping[str, Any] = MappingProxyType({"halvings": 2, "flow": 8, "inside": 64})
"""Of functions that are inverted."""

NETWORKS: Mapping[str, Any] = MappingProxyType({**STYLES, **WIDE, **LEVELS, **NOISY, **VALUES, **FLOWS})
"""Of networks of all these kinds, which are made for days of GPUs."""

SINGLE: Mapping[str, Any] = MappingProxyType(
    {
        "size": 32,
        "steps": 3000,
        "batch_size": 32,
        "precision": "auto",
        "generator.filters": 32,
        "discriminator.filters": 32,
        **NETWORKS,
    }
)
"""Where images are made of noise."""


CAPTIONED: Mapping[str, Any] = MappingProxyType(
    {
        **SINGLE,
        "size": 64,
        "steps": 4000,
        "batch_size": 16,
        "learning_rate": 4e-4,
        # Papers halve the rate many times, which few steps do not survive.
        "schedule": "constant",
        "enlargement": 2,
        "text": 128,
        "filters": 32,
        "blocks": 1,
    }
)
"""Where images are made of noise and a text."""


def translation(kind: str) -> Mapping[str, Any]:
    """Return the scale where batches of a kind become other images."""
    if kind == "scaled":
        return _ENLARGING
    if kind == "unpaired":
        return _TRANSLATION
    if kind == "domains":
        return {**_TRANSLATION, **_BY_EXAMPLE, **_DOMAINS}
    if kind == "layout":
        return {**_TRANSLATION, **_BY_EXAMPLE, **_OF_LABEL_MAPS}
    # Batch norm that sees one image at a time hides how light it is, which colours of single images follow from.
    return {**_TRANSLATION, **_BY_EXAMPLE, **_PAIRED, **({"batch_size": 4} if kind == "images" else {})}


def quick_scale(asked: str | None, dataset: Dataset, kind: str) -> tuple[Mapping[str, Any], str]:
    """Return the values of the quick scale by name, and where they come from; none where it does not hold.

    It is the data set's own where that states one, unless the `paper` scale is asked for; a general one stands in where
    `quick` is asked for by name.
    """
    own = {} if asked == "paper" else dataset.quick(kind)
    if kind_called(kind).single:
        # A picture is as quick whatever images it is one of.
        return (_PICTURE if own or asked == "quick" else {}), ORIGIN
    if own or asked != "quick":
        return own, f"{ORIGIN} of {dataset.name}"
    made = CAPTIONED if kind == "captioned" else SINGLE
    return (translation(kind) if kind_called(kind).translates else made), ORIGIN


def is_offered(asked: str | None, dataset: Dataset, kind: str) -> bool:
    """Return whether `--scale quick` would change a run that was asked for so."""
    return asked == "paper" or (asked is None and not dataset.quick(kind))
