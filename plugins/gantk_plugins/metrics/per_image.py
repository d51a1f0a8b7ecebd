"""What L1, PSNR and SSIM share: a number for each held-out image, and its mean."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gantk import Metric, Score, Subject, Unsupported


class PerImage(Metric):
    """Holds each held-out image's translation against what it should be.

    A reconstruction is held against its own image. The error is the mean's standard error.

    Attributes:
        name: of the score.
        better: whether higher or lower numbers are better.
        unit: of the score.
        how: the protocol, before the number of images.
    """

    name: ClassVar[str]
    better: ClassVar[Literal["higher", "lower"]]
    unit: ClassVar[str] = ""
    how: ClassVar[str]

    @abstractmethod
    def values(self, images: Tensor, truth: Tensor) -> Tensor:
        """Return a number for each image (N,) from images and truth (N, C, H, W) in [-1, 1]."""

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return the mean over held-out images, and in the details that of images which are left as they are."""
        made, untouched = [], []
        for piece in subject.translated():
            if piece.truth is None:
                raise Unsupported(f"needs the truth, and {subject.dataset.name} holds no pairs")
            made.append(self.values(piece.made, piece.truth))
            if piece.source.shape == piece.truth.shape and piece.source is not piece.truth:
                untouched.append(self.values(piece.source, piece.truth))
        found = torch.cat(made).double()
        nothing = float(torch.cat(untouched).double().mean()) if untouched else None
        value = float(found.mean())
        return [
            Score(
                name=self.name,
                value=value,
                better=self.better,
                unit=self.unit,
                error=float(found.std()) / math.sqrt(len(found)) if len(found) > 1 else None,
                protocol=f"{self.how}; mean over {len(found):,} held-out images and its standard error",
                details={
                    "doing_nothing": nothing,
                    "ratio": value / nothing if nothing and self.better == "lower" else None,
                },
            )
        ]
