"""The metric is sharpness: the variance of the Laplacian (Pech-Pacheco et al. 2000).

The paper is "Diatom autofocusing in brightfield microscopy: a comparative study",
doi:10.1109/ICPR.2000.903548. Blurred translations have less of it than real images.
"""

import torch
from gantk import Metric, Score, Subject, hookimpl
from torch import Tensor


def laplacian_variance(images: Tensor) -> Tensor:
    """Return the variance of each image's Laplacian (N,), of images (N, C, H, W)."""
    grey = images.double().mean(1)
    neighbours = (
        grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    )
    laplacian = neighbours - 4 * grey[:, 1:-1, 1:-1]
    return laplacian.flatten(1).var(1, correction=0)


class Sharpness(Metric):
    """Measures how much fine detail translations have."""

    def measure(self, subject: Subject) -> list[Score]:
        """Return the mean over held-out images; in the details that of the truth."""
        made, true = [], []
        for piece in subject.translated():
            made.append(laplacian_variance(piece.made))
            if piece.truth is not None:
                true.append(laplacian_variance(piece.truth))
        found = torch.cat(made)
        return [
            Score(
                name="sharpness",
                value=float(found.mean()),
                better="higher",
                protocol=(
                    "variance of the Laplacian of grey levels in [-1, 1], "
                    f"mean over {len(found):,} held-out images"
                ),
                details={"truth": float(torch.cat(true).mean()) if true else None},
            )
        ]


@hookimpl
def metric() -> type[Metric]:
    """Return the measure."""
    return Sharpness
