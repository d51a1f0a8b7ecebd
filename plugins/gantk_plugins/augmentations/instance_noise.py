"""Instance noise: noise on all that a discriminator scores (Arjovsky and Bottou 2017, arXiv:1701.04862).

Images that are made and real ones lie in places of few dimensions that do not meet, so that a discriminator tells them
apart perfectly and its slope teaches nothing (section 2). Gaussian noise on both gives them a common ground (section
3); its deviation falls to zero in the course of the training, so that in the end images themselves are told apart
(Sonderby et al. 2017, arXiv:1610.04490).

- Noise is drawn for each image that is scored, so for a real one and for what is made in its place, for the
  discriminator's move and for the generator's. Gradients pass unchanged.
- Values are not clamped to [-1, 1]: that would change the law, and the edges would tell images apart again.
- An image or a label map that conditions the score is left as it is: it is the same for both sides.
- Neither paper states a deviation; here it falls in a straight line from 0.1, where images lie in [-1, 1].

    gantk train --plugin dcgan --augmentation instance-noise -s 'augmentation.sigma={name: linear, start: 0.2, end: 0}'
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gantk import (
    Augmentation,
    DiscriminatorSpec,
    Drawn,
    Linear,
    Scheduled,
    StageProgress,
    UsageError,
    hookimpl,
    value_at,
)

FALLING = Linear(start=0.1, end=0.0)

STEPS = 4
"""At so many parts of a run a sigma is tried before the first step."""


class InstanceNoise(Augmentation):
    """Adds Gaussian noise to the images that are scored.

    Args:
        sigma: standard deviation of the noise: a number, or a schedule over the run.
    """

    alike = False

    def __init__(self, *, sigma: Scheduled = FALLING) -> None:
        super().__init__()
        self.sigma = sigma
        for step in range(STEPS + 1):
            value = value_at(sigma, StageProgress(step, STEPS))
            if not 0 <= value < math.inf:
                raise UsageError(f"instance-noise needs a sigma of at least 0 all the time, not {value:g}")

    def deviation(self) -> float:
        """Return the standard deviation at this step. It follows from the step, so a run that goes on has it again."""
        return value_at(self.sigma, self.progress)

    def drawn(self, images: Tensor) -> Drawn:
        """Return noise for images (N, C, H, W), of their shape; where there is none, nothing is drawn: (N, 1, 1, 1)."""
        sigma = self.deviation()
        return {"noise": sigma * torch.randn_like(images) if sigma else images.new_zeros(len(images), 1, 1, 1)}

    def images(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the images and the noise; where there is none, the images themselves."""
        noise = drawn["noise"]
        return images + noise if noise.shape == images.shape else images

    def layouts(self, layouts: Tensor, drawn: Drawn) -> Tensor:
        """Return label maps as they are."""
        return layouts

    def inputs(self, inputs: tuple[Any, ...], drawn: Drawn, spec: DiscriminatorSpec) -> tuple[Any, ...]:
        """Return what a discriminator is called with, noise on the image that it scores alone."""
        return (*super().inputs(inputs[:1], drawn, spec), *inputs[1:])


@hookimpl
def augmentation() -> type[Augmentation]:
    """Return instance noise."""
    return InstanceNoise
