"""Kernel inception distance (Binkowski et al. 2018, arXiv:1801.01401), computed by torchmetrics.

The squared maximum mean discrepancy between the features of made and of real images, with the kernel
(x y / d + 1)^3, unbiased, averaged over random subsets. The error is its standard deviation over the subsets, as
torchmetrics gives it: how much a subset's value scatters, which is not the error of the mean.

The paper's features are those of FID's Inception network. Its weights are in no package, so the default here is
EfficientNet-Lite0: such numbers are comparable with each other, and with no published ones. The record always names the
network. Another one is given as an ONNX file that takes float32 (N, 3, H, W) in [-1, 1].

What a `generate` graph makes is held against real images of its kind, what a `translate` graph makes of the held-out
images against real images of its target. Reference images are spread evenly over their share.
"""

import warnings
from collections.abc import Sequence
from typing import Literal

import torch

from gantk import Metric, Score, Subject, Unsupported, UsageError, hookimpl
from gantk_plugins.metrics.extractors import LITE, extractor
from gantk_plugins.metrics.features import PIECE, made_of, resized


class KID(Metric):
    """Compares the features of made images with those of real ones.

    Args:
        images: images that are made, and real ones at most.
        subset: images in a subset; none: half of the fewer images, at most 1,000.
        subsets: subsets that are drawn.
        reference: real images that were held out, or trained on.
        extractor: efficientnet-lite0, or the path of an .onnx file.
    """

    def __init__(
        self,
        *,
        images: int = 1000,
        subset: int | None = None,
        subsets: int = 100,
        reference: Literal["held-out", "training"] = "held-out",
        extractor: str = LITE,
    ) -> None:
        if min(images, subsets) < 1 or (subset is not None and subset < 2):
            raise UsageError("kid needs images, subsets of 2 images at least, and a number of subsets")
        self.images = images
        self.subset = subset
        self.subsets = subsets
        self.reference = reference
        self.extractor = extractor

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `kid`."""
        from torchmetrics.image.kid import KernelInceptionDistance

        function = subject.function("generate", "translate")
        real = subject.images(str(function.outputs[0]), test=self.reference == "held-out", rows=self.images)
        features = extractor(self.extractor, subject.device)
        with warnings.catch_warnings():
            # It says that features are kept, which is known here.
            warnings.filterwarnings("ignore", "Metric `Kernel Inception Distance` will save", UserWarning)
            distance = KernelInceptionDistance(features, self.subsets, normalize=True)
        for piece in torch.split(real, PIECE):
            distance.update(piece, real=True)
        made = 0
        for piece in made_of(subject, function.task == "generate", self.images):
            distance.update(piece, real=False)
            made += len(piece)

        distance.subset_size = self._subset_size(made, len(real))
        mean, deviation = (float(value) for value in distance.compute())
        return [
            Score(
                name="kid",
                value=mean,
                better="lower",
                error=deviation,
                protocol=f"unbiased squared MMD, kernel (xy/d + 1)^3, features of {features.name}, images "
                f"{resized(features.size)}; {made:,} made and {len(real):,} {self.reference} images; mean and "
                f"standard deviation over {self.subsets} subsets of {distance.subset_size}; as arXiv:1801.01401",
                details={
                    "extractor": features.name,
                    "sha256": features.digest,
                    "subset": distance.subset_size,
                    "subsets": self.subsets,
                    "made": made,
                    "real": len(real),
                    "reference": self.reference,
                },
            )
        ]

    def _subset_size(self, made: int, real: int) -> int:
        fewer = min(made, real)
        if self.subset is None:
            size = min(1000, fewer // 2)
        else:
            size = self.subset
        if not 2 <= size <= fewer:
            raise Unsupported(f"needs subsets of 2 images at least: {made:,} were made, {real:,} are real")
        return size


@hookimpl
def metric() -> type[Metric]:
    """Return the kernel inception distance."""
    return KID
