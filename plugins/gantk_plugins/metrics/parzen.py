"""Log-likelihood under a Parzen window of generated images (Goodfellow et al. 2014, arXiv:1406.2661, section 5).

As the authors' code measures it: an isotropic Gaussian is put on each of 10,000 generated images, pixels in [0, 1], and
the held-out images' mean log-likelihood under that mixture is reported in nats, with its standard error over them:

    log p(x) = logmeanexp_i(-|x - x_i|^2 / (2 sigma^2)) - d log(sigma sqrt(2 pi)),  d numbers an image.

sigma is the one of logspace(-1, 0, 10) under which validation images are likeliest. Those are the first 1,000 of the
last sixth of the training images, which for MNIST's 60,000 are the authors' 50,000 to 50,999. The authors did not train
on that sixth; here a run has. A conditional generator is given each category equally often.

The estimate is coarse: sigma's grid alone moves it by several nats, and it ranks models badly (Theis et al. 2016,
arXiv:1511.01844). It is here to compare with published numbers.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gantk import Category, Metric, Score, Subject, Unsupported, hookimpl

HELD = 8 * 2**20
"""Numbers of a chunk, in float64."""


class Parzen(Metric):
    """Estimates the log-likelihood of held-out images by a Gaussian kernel on generated ones.

    Args:
        samples: images that are generated.
        validation: training images by which the bandwidth is chosen.
        narrowest: smallest bandwidth that is tried.
        widest: largest bandwidth that is tried.
        bandwidths: how many are tried, spread evenly on a logarithmic scale.
    """

    def __init__(
        self,
        *,
        samples: int = 10_000,
        validation: int = 1000,
        narrowest: float = 0.1,
        widest: float = 1.0,
        bandwidths: int = 10,
    ) -> None:
        self.samples = samples
        self.validation = validation
        self.grid = torch.logspace(math.log10(narrowest), math.log10(widest), bandwidths, dtype=torch.float64)

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `log_likelihood`."""
        generator = subject.function("generate")
        key = str(generator.outputs[0])
        first = subject.count(key, test=False) * 5 // 6
        validation = _levels(subject.images(key, test=False, rows=slice(first, first + self.validation)))
        if validation[0].numel() == len(validation[0]):
            raise Unsupported("needs images, not points")
        test = _levels(subject.images(key, test=True))
        turns = {
            port.name: torch.arange(self.samples) % port.count
            for port in generator.inputs
            if isinstance(port, Category)
        }
        samples = _levels(subject.generated(self.samples, **turns))

        by_width = log_likelihoods(validation, samples, self.grid).mean(1)
        chosen = int(by_width.argmax())
        sigma = float(self.grid[chosen])
        found = log_likelihoods(test, samples, self.grid[chosen : chosen + 1])[0]
        edge = len(self.grid) > 1 and chosen in (0, len(self.grid) - 1)
        return [
            Score(
                name="log_likelihood",
                value=float(found.mean()),
                better="higher",
                unit="nats",
                error=float(found.std(correction=0)) / math.sqrt(len(found)),
                protocol=f"Gaussian Parzen window on {self.samples:,} generated images, pixels in [0, 1], "
                f"bandwidth by {len(validation):,} training images; mean over {len(test):,} held-out images and its "
                "standard error; as arXiv:1406.2661",
                details={
                    "sigma": sigma,
                    "grid": f"{len(self.grid)} from {self.grid[0]:g} to {self.grid[-1]:g}",
                    "warning": "sigma lies at the edge of its grid" if edge else None,
                    "validation_log_likelihood": float(by_width[chosen]),
                    "numbers": test[0].numel(),
                    "samples": self.samples,
                    "validation_rows": f"{first} to {first + len(validation) - 1}",
                    "categories": "each equally often" if turns else None,
                },
            )
        ]


def log_likelihoods(images: Tensor, samples: Tensor, bandwidths: Tensor) -> Tensor:
    """Return log p(x) in nats (bandwidths, N) of images (N, ...) under Gaussians on samples (M, ...), in float64."""
    bandwidths = bandwidths.double()
    constant = math.log(len(samples)) + images[0].numel() * torch.log(bandwidths * math.sqrt(2 * math.pi))
    parts = []
    for part in torch.split(images, max(1, HELD // len(samples))):
        squares = _squares(part, samples)
        parts.append(torch.stack([torch.logsumexp(squares / (-2 * width**2), 1) for width in bandwidths]))
    return torch.cat(parts, 1) - constant[:, None]


def _squares(images: Tensor, samples: Tensor) -> Tensor:
    """Return the squared distances (N, M) of images to samples, in float64."""
    flat = images.flatten(1).double()
    columns = []
    for part in torch.split(samples, max(1, HELD // flat.shape[1])):
        others = part.flatten(1).double()
        columns.append(flat.square().sum(1)[:, None] + others.square().sum(1) - 2 * flat @ others.T)
    return torch.cat(columns, 1).clamp_(min=0)


def _levels(images: Tensor) -> Tensor:
    """Return images in [-1, 1] as levels in [0, 1]."""
    return (images + 1) / 2


@hookimpl
def metric() -> type[Metric]:
    """Return the Parzen-window log-likelihood."""
    return Parzen
