"""What metrics of features share: made and real images as features, and how a score says what they were."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gantk import Metric, Subject, Unsupported, UsageError
from gantk_plugins.metrics.extractors import LITE, Extractor, extractor

PIECE = 32

Reference = Literal["held-out", "training"]


class OfFeatures(Metric):
    """A metric that compares features of made images with those of real ones.

    Args:
        images: images that are made, and real ones at most.
        reference: real images that were held out, or trained on.
        extractor: efficientnet-lite0, or the path of an .onnx file.
    """

    fewest = 2
    """Images a side that it needs."""

    def __init__(self, *, images: int = 1000, reference: Reference = "held-out", extractor: str = LITE) -> None:
        if images < 2:
            raise UsageError("a metric of features needs 2 images at least")
        self.images = images
        self.reference = reference
        self.extractor = extractor

    def compared(self, subject: Subject) -> "Compared":
        """Return the features of both sides. Raises Unsupported where there are too few images."""
        found = compared(subject, self.images, self.reference, self.extractor)
        if (fewer := min(len(found.made), len(found.real))) < self.fewest:
            raise Unsupported(f"needs {self.fewest} images a side at least, and there are {fewer}")
        return found


@dataclass(frozen=True)
class Compared:
    """Features (N, d) in float64 of made and of real images.

    Attributes:
        made: of images that a graph makes.
        real: of real images.
        network: what extracted them.
        reference: of which share the real ones are.
    """

    made: Tensor
    real: Tensor
    network: Extractor
    reference: Reference

    @property
    def how(self) -> str:
        """What the features are, for a protocol."""
        return (
            f"features of {self.network.name}, images {resized(self.network.size)}; {len(self.made):,} made and "
            f"{len(self.real):,} {self.reference} images"
        )

    @property
    def details(self) -> Mapping[str, str | int]:
        """What the features are, field by field."""
        return {
            "extractor": self.network.name,
            "sha256": self.network.digest,
            "made": len(self.made),
            "real": len(self.real),
            "reference": self.reference,
        }


def compared(subject: Subject, images: int, reference: Reference, named: str) -> Compared:
    """Return the features of so many images at most that a graph makes, and of real ones of their kind."""
    function = subject.function("generate", "translate")
    real = subject.images(str(function.outputs[0]), test=reference == "held-out", rows=images)
    network = extractor(named, subject.device)
    made = [network(piece) for piece in made_of(subject, function.task == "generate", images)]
    return Compared(
        torch.cat(made), torch.cat([network(piece) for piece in torch.split(real, PIECE)]), network, reference
    )


def made_of(subject: Subject, generates: bool, count: int) -> Iterator[Tensor]:
    """Yield so many made images at most, in pieces."""
    if generates:
        yield from torch.split(subject.generated(count), PIECE)
        return
    for piece in subject.translated():
        if count > 0:
            yield piece.made[:count]
        count -= len(piece.made)


def resized(size: int | None) -> str:
    """Return how images are brought to a network's size."""
    return f"resized bilinearly to {size} px" if size else "of their own size"
