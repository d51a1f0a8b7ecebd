"""What L1, PSNR and SSIM share: a number for each held-out image, and its mean."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gantk import Metric, Score, Subject, Unsupported, UsageError
from gantk_plugins.metrics.standard_error import standard_error


class PerImage(Metric):
    """Holds each held-out image's translation against what it should be.

    A reconstruction is held against its own image. The error is the mean's standard error. Papers on larger images
    measure brightness alone, and leave out as many pixels at each side as their images are times as large.

    Args:
        brightness: whether only the brightness of RGB images is compared, the Y of ITU-R BT.601, from 16 to 235 of 255.
        border: pixels at each side of an image that are left out.

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

    def __init__(self, *, brightness: bool = False, border: int = 0) -> None:
        if border < 0:
            raise UsageError(f"option border: {border} is below 0")
        self.brightness = brightness
        self.border = border

    @abstractmethod
    def values(self, images: Tensor, truth: Tensor) -> Tensor:
        """Return a number for each image (N,) from images and truth (N, C, H, W) in [-1, 1]."""

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return the mean over held-out images, and in the details that of images which are left as they are.

        Of small images, of which larger ones are made, that is their enlargement by a bicubic kernel.
        """
        made, untouched, larger = [], [], False
        for piece in subject.translated():
            if piece.truth is None:
                raise Unsupported(f"needs the truth, and {subject.dataset.name} holds no pairs")
            truth = self._seen(piece.truth)
            made.append(self.values(self._seen(piece.made), truth))
            source = _enlarged(piece.source, piece.truth)
            if source.shape == piece.truth.shape and piece.source is not piece.truth:
                untouched.append(self.values(self._seen(source), truth))
                larger = source is not piece.source
        found = torch.cat(made).double()
        plain = float(torch.cat(untouched).double().mean()) if untouched else None
        value = float(found.mean())
        return [
            Score(
                name=self.name,
                value=value,
                better=self.better,
                unit=self.unit,
                error=standard_error(found),
                protocol=f"{self._protocol()}; mean over {len(found):,} held-out images and its standard error",
                details={
                    "bicubic" if larger else "doing_nothing": plain,
                    "ratio": value / plain if plain and self.better == "lower" else None,
                },
            )
        ]

    def _seen(self, images: Tensor) -> Tensor:
        """Return what is compared of images (N, C, H, W) in [-1, 1]. Raises Unsupported where that is nothing."""
        if self.brightness and images.shape[1] != 3:
            raise Unsupported(f"brightness is of RGB images, of 3 channels, not of {images.shape[1]}")
        if 2 * self.border >= min(images.shape[2:]):
            raise Unsupported(f"a border of {self.border} leaves nothing of images of {min(images.shape[2:])} pixels")
        if self.brightness:
            shares = torch.tensor([65.481, 128.553, 24.966], dtype=images.dtype).view(3, 1, 1)
            images = ((images + 1) / 2 * shares).sum(1, keepdim=True).add(16) / 127.5 - 1
        border = slice(self.border, -self.border or None)
        return images[:, :, border, border]

    def _protocol(self) -> str:
        seen = [
            *(["brightness (Y of BT.601, 16 to 235 of 255) alone"] if self.brightness else []),
            *([f"without {self.border} pixels at each side"] if self.border else []),
        ]
        return ", ".join([self.how, *seen])


def _enlarged(source: Tensor, truth: Tensor) -> Tensor:
    """Return images (N, C, h, w) as large as the truth (N, C, H, W), where that is a multiple of their size."""
    height, width = source.shape[2:]
    times = truth.shape[2] // height
    if times < 2 or source.shape[:2] != truth.shape[:2] or truth.shape[2:] != (times * height, times * width):
        return source
    return interpolate(source, truth.shape[2:], mode="bicubic").clamp(-1, 1)
