"""Inception score (Salimans et al. 2016, improved techniques, arXiv:1606.03498, section 4).

exp(E KL(p(y|x) || p(y))) over made images x, with a classifier's p: high where each image is surely of a class, and all
classes occur. The mean over splits, whose standard deviation is the error. It holds made images against no real ones:
of drawings, digits or one kind of thing it says little, and a generator of one image a class scores best.

The paper's classifier is Inception; here it is EfficientNet-Lite0's, of ImageNet's 1,000 classes, or an ONNX file whose
first output are scores of classes, before any softmax. Such numbers compare with each other alone.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gantk import Metric, Score, Subject, Unsupported, UsageError, hookimpl
from gantk_plugins.metrics.extractors import LITE, extractor
from gantk_plugins.metrics.features import PIECE, resized


class InceptionScore(Metric):
    """Says how surely a classifier names made images, and how many classes it names.

    Args:
        images: images that are made.
        splits: parts whose scores are averaged.
        extractor: efficientnet-lite0, or the path of an .onnx file that gives scores of classes.
    """

    def __init__(self, *, images: int = 1000, splits: int = 10, extractor: str = LITE) -> None:
        if splits < 1 or images < 1:
            raise UsageError("inception-score needs images and splits from 1 on")
        self.images = images
        self.splits = splits
        self.extractor = extractor

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `inception_score`."""
        made = subject.generated(self.images)
        if len(made) < self.splits:
            raise Unsupported(f"needs an image for each of {self.splits} splits, and {len(made)} are made")
        network = extractor(self.extractor, subject.device)
        scores = torch.cat([network.classes(network(piece)) for piece in torch.split(made, PIECE)])
        values = [score(part) for part in scores.tensor_split(self.splits)]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        return [
            Score(
                name="inception_score",
                value=mean,
                better="higher",
                error=spread if self.splits > 1 else None,
                protocol=f"exp of the mean KL(p(y|x), p(y)), classes of {network.name}, images "
                f"{resized(network.size)}; {len(made):,} made images; mean and standard deviation over {self.splits} "
                "splits; as arXiv:1606.03498",
                details={"extractor": network.name, "sha256": network.digest, "made": len(made), "splits": self.splits},
            )
        ]


def score(scores: Tensor) -> float:
    """Return the inception score of scores of classes (N, classes), before the softmax."""
    known = scores.double().log_softmax(1)
    chances = known.exp()
    return float((chances * (known - chances.mean(0).log())).nansum(1).mean().exp())


@hookimpl
def metric() -> type[Metric]:
    """Return the inception score."""
    return InceptionScore
