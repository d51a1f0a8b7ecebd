"""Nearest-neighbour accuracy of an encoder (Donahue et al. 2016, BiGAN, arXiv:1605.09782, table 1).

Each held-out image takes the label of the training image whose code lies nearest, by Euclidean distance; what is
reported is how often that label is right. The search is exact. Several vectors that an encoder gives are put side by
side.

The codes are those of the run's first `encode` graph, or of the one that `--graph` names. By the authors' log for
MNIST, the paper's accuracy is that of the encoder's last hidden layer (`--graph features`); in E(x) itself it gives
92.1%. `normalize` brings codes to length 1 first; the script's `--encode_normalize` is about the weights of its losses,
not about this.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gantk import Metric, Score, Subject, hookimpl

HELD = 8 * 2**20
"""Distances of a chunk, in float64."""


class NearestNeighbour(Metric):
    """Classifies held-out images by the label of their nearest neighbour in the space of codes.

    Args:
        normalize: bring codes to length 1 first.
    """

    def __init__(self, *, normalize: bool = False) -> None:
        self.normalize = normalize

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `accuracy` (%)."""
        encoder = subject.function("encode")
        test, truth = subject.labelled(test=True)
        known, labels = subject.labelled(test=False)
        nearest = nearest_rows(self._codes(*encoder(test)), self._codes(*encoder(known)))
        accuracy = (labels[nearest] == truth).double().mean().item()
        return [
            Score(
                name="accuracy",
                value=100 * accuracy,
                better="higher",
                unit="%",
                error=100 * math.sqrt(accuracy * (1 - accuracy) / len(truth)),
                protocol=f"label of the nearest of {len(labels):,} training images to each of {len(truth):,} held-out "
                f"ones, by Euclidean distance of {'normalized ' if self.normalize else ''}codes; as arXiv:1605.09782",
                details={"training_images": len(labels), "held_out_images": len(truth)},
            )
        ]

    def _codes(self, *vectors: Tensor) -> Tensor:
        codes = torch.cat([vector.reshape(len(vector), -1) for vector in vectors], 1).double()
        return normalize(codes) if self.normalize else codes


def nearest_rows(points: Tensor, others: Tensor) -> Tensor:
    """Return for each of the points (N, d) which row of the others (M, d) lies nearest; the first of several."""
    squares = others.square().sum(1)
    parts = torch.split(points, max(1, HELD // len(others)))
    return torch.cat([(squares - 2 * part @ others.T).argmin(1) for part in parts])


@hookimpl
def metric() -> type[Metric]:
    """Return nearest-neighbour accuracy."""
    return NearestNeighbour
