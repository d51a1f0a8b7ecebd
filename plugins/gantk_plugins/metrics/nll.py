"""Negative log-likelihood of held-out images, in nats and bits per dimension (Theis et al. 2016, arXiv:1511.01844).

Measured is a graph of the task `score` that gives `nats`, -log p of each image in nats, or `nats_bound`, which is no
less. What it draws besides says how it counts, by its name and shape:

- `dequantization`, uniform noise: p is a density, and noise of one level's width is added to images of 256 levels,
  whose own -log p is no more on average (the paper's section 3.1);
- `binarization`, uniform noise: images are on or off, as often on as they are light; one draw an image;
- `importance` (k, length), normal noise: a bound by k samples an image, no looser the more there are (Burda et al.
  2015, arXiv:1509.00519).

Bits per dimension are nats over the numbers of an image and ln 2. Numbers of other kinds do not compare: of grey images
with those of binary ones, or of 28 pixels with those of 32 and a border. A kernel density on a GAN's images, which
`parzen` measures, is no likelihood of the GAN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gantk import Latent, Metric, Score, Subject, Unsupported, UsageError, hookimpl
from gantk_plugins.metrics.standard_error import standard_error

EXACT, BOUND = "nats", "nats_bound"
"""What a graph calls -log p of an image, and what it calls a number that is no less."""


class NegativeLogLikelihood(Metric):
    """Measures -log p of held-out images under a model that states it.

    Args:
        images: how many images are measured at most, spread evenly.
    """

    def __init__(self, *, images: int = 10_000) -> None:
        if images < 2:
            raise UsageError(f"nll.images must be at least 2, not {images}")
        self.images = images

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `nll` (nats an image) and `bits_per_dimension`."""
        name, graph = EXACT, None
        try:
            graph = subject.function("score", gives=EXACT)
        except Unsupported:
            name = BOUND
            graph = subject.function("score", gives=BOUND)
        image, *others = graph.inputs
        drawn = [port for port in others if isinstance(port, Latent)]
        if not isinstance(image, str) or len(drawn) != len(others):
            raise Unsupported(f"needs a graph that reads an image alone, besides what it draws, not {graph.name}")
        test = subject.images(image, test=True, rows=self.images)
        names = [output if isinstance(output, str) else output.name for output in graph.outputs]
        parts = []
        for first in range(0, len(test), 100):
            part = test[first : first + 100]
            noise = [port.fixed(len(part), subject.seed, first) for port in drawn]
            parts.append(graph(part, *noise)[names.index(name)].double())
        return scores(torch.cat(parts), test[0].numel(), name, drawn)


def scores(nats: Tensor, dimensions: int, name: str, drawn: Sequence[Latent]) -> list[Score]:
    """Return both scores of -log p (N,) of images with so many numbers each, and what they count."""
    mean, error = nats.mean().item(), standard_error(nats)
    bits = dimensions * math.log(2)
    counted = "; ".join([f"-log p of {len(nats):,} held-out images", *map(said, drawn)])
    protocol = f"{counted}; {'exact' if name == EXACT else 'an upper bound'}"
    details = {"dimensions": dimensions, "bound": "upper" if name == BOUND else "exact"}
    return [
        Score(name="nll", value=mean, better="lower", unit="nats", error=error, protocol=protocol, details=details),
        Score(
            name="bits_per_dimension",
            value=mean / bits,
            better="lower",
            unit="bits",
            error=None if error is None else error / bits,
            protocol=f"{protocol}; nats over {dimensions:,} numbers and ln 2",
            details=details,
        ),
    ]


def said(port: Latent) -> str:
    """Return in words what a graph draws."""
    if port.name == "dequantization":
        return "uniform noise fills the gaps between 256 levels"
    if port.name == "binarization":
        return "pixels on or off, as often on as they are light, one draw an image"
    if port.name == "importance":
        return f"{port.lengths[0]} importance samples an image"
    return f"{port.name} drawn of the seed"


@hookimpl
def metric() -> type[Metric]:
    """Return the negative log-likelihood."""
    return NegativeLogLikelihood
