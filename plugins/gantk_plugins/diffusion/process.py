"""The way from images to noise, and samplers that lead back; no plugin by itself.

An image after t of T steps is sqrt(abar_t) x0 + sqrt(1 - abar_t) e, where abar_t is the product of all 1 - beta up to
step t (Ho et al. 2020, arXiv:2006.11239, equation 4). Steps are counted from 1; abar_0 is 1.

What a network tells may be the noise e, the image x0 (both arXiv:2006.11239, section 3.2), or the velocity
v = sqrt(abar_t) e - sqrt(1 - abar_t) x0 (Salimans and Ho 2022, arXiv:2202.00512, section 4). Each says the other two.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Iterated, Latent, Scalar, UsageError

Schedule = Literal["linear", "cosine"]
"""How the betas rise."""

Told = Literal["noise", "image", "velocity"]
"""What a network tells of a noisy image."""

FIRST, LAST = 1e-4, 0.02
"""The linear schedule's betas (arXiv:2006.11239, section 4)."""

OFFSET, MOST = 0.008, 0.999
"""The cosine schedule's s, and its largest beta (arXiv:2102.09672, section 3.2)."""


def betas(schedule: Schedule, timesteps: int) -> Tensor:
    """Return beta_1 to beta_T, float64 (T,).

    The linear ones rise from 1e-4 to 0.02 where T is 1000; of fewer steps they are so much larger, that as little of
    the image is left at the end (Nichol and Dhariwal 2021, arXiv:2102.09672, the authors' code). The cosine ones are
    those of that paper's equation 17.

    Raises UsageError for fewer than 2 steps.
    """
    if timesteps < 2:
        raise UsageError(f"diffusion needs timesteps of at least 2, not {timesteps}")
    if schedule == "linear":
        more = 1000 / timesteps
        return torch.linspace(more * FIRST, more * LAST, timesteps, dtype=torch.float64).clamp(max=MOST)
    share = torch.arange(timesteps + 1, dtype=torch.float64) / timesteps
    kept = ((share + OFFSET) / (1 + OFFSET) * torch.pi / 2).cos().square()
    return (1 - kept[1:] / kept[:-1]).clamp(max=MOST)


class Process(nn.Module):
    """The way from images to noise in T steps, (N, C, H, W) after t steps each, int64 (N,) from 1 to T.

    Args:
        betas: the variance that is added in each step, (T,).
        told: what a network tells of a noisy image.
    """

    signal: Tensor
    spread: Tensor

    def __init__(self, betas: Tensor, told: Told = "noise") -> None:
        super().__init__()
        self.told = told
        kept = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - betas.double(), 0)])
        self.register_buffer("signal", kept.sqrt().float())
        self.register_buffer("spread", (1 - kept).sqrt().float())

    @property
    def timesteps(self) -> int:
        """T."""
        return len(self.signal) - 1

    def at(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return sqrt(abar_t) and sqrt(1 - abar_t) of (N,) steps, (N, 1, 1, 1)."""
        return self.signal[t][:, None, None, None], self.spread[t][:, None, None, None]

    def noised(self, image: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return images after t steps (equation 4)."""
        signal, spread = self.at(t)
        return signal * image + spread * noise

    def target(self, image: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """Return what a network should tell."""
        if self.told == "noise":
            return noise
        if self.told == "image":
            return image
        signal, spread = self.at(t)
        return signal * noise - spread * image

    def clean(self, noisy: Tensor, told: Tensor, t: Tensor) -> Tensor:
        """Return the image x0 that follows from what a network tells."""
        if self.told == "image":
            return told
        signal, spread = self.at(t)
        return signal * noisy - spread * told if self.told == "velocity" else (noisy - spread * told) / signal


class Sampling(Iterated):
    """From noise to images in as many of the T steps as are asked for, spread evenly over them.

    Step k of S leads from t = T (S - k) / S, rounded down, to the next, and the last to 0. Each makes of the image that
    the network tells, brought to [-1, 1], a less noisy one (Song et al. 2020, arXiv:2010.02502, equation 12): `eta` is
    the deviation of fresh noise over that of equation 16, so that 0 is DDIM, and 1 over all T steps the posterior of
    arXiv:2006.11239, equation 7. There noise has the variance beta-tilde; `large` takes beta instead, section 3.2's
    other choice, and is for an eta of 1. The last step adds none.

    DDIM's authors spread steps by another rounding, which leaves the noisiest out, and leave x0 unclipped.

    Args:
        denoiser: tells of images (N, C, H, W) after t steps, which are counted from 0 to it.
        process: the way to noise.
        count: steps that can be asked for at most, up to T.
        large: whether noise has the variance beta.
        known: inputs before the latent, which the network is told besides.
    """

    def __init__(
        self, denoiser: nn.Module, process: Process, count: int, *, large: bool = False, known: int = 0
    ) -> None:
        super().__init__(count)
        if count > process.timesteps:
            raise UsageError(f"of {process.timesteps} timesteps no {count} can be taken when images are made")
        self.denoiser, self.process, self.large, self.known = denoiser, process, large, known

    def steps(self, *given: Tensor) -> Tensor:
        """Return how many steps the sample with most of them asks for: it is given latent, noise, steps and eta."""
        return self.asked(given[self.known + 2]).amax(0)

    def start(self, *given: Tensor) -> Tensor:
        """Begin with noise alone."""
        return given[self.known]

    def advance(self, x: Tensor, index: Tensor, *given: Tensor) -> Tensor:
        """Take out a part of the noise; a sample that took all of its steps stays as it is."""
        _, noise, steps, *eta = given[self.known :]
        asked = self.asked(steps)
        left = (asked - index).clamp(min=0)
        t = (left * self.process.timesteps // asked).clamp(min=1)
        earlier = (left - 1).clamp(min=0) * self.process.timesteps // asked
        (signal, spread), (next_signal, next_spread) = self.process.at(t), self.process.at(earlier)
        clean = self.process.clean(x, self.denoiser(x, t - 1, *given[: self.known]), t).clamp(-1, 1)
        told = (x - signal * clean) / spread
        # The variance that is added on the way from the one to the other: beta, where they are neighbours.
        added = 1 - (signal / next_signal).square()
        deviation = next_spread / spread * added.sqrt()
        for factor in eta:
            deviation = deviation * factor[:, None, None, None]
        kept = (next_spread.square() - deviation.square()).clamp(min=0).sqrt()
        fresh = added.sqrt() * (earlier > 0)[:, None, None, None] if self.large else deviation
        made = next_signal * clean + kept * told + fresh * noise[:, index]
        return torch.where((left > 0)[:, None, None, None], made, x)

    def finish(self, x: Tensor, *given: Tensor) -> Tensor:
        """End with values that an image has."""
        return x.clamp(-1, 1)

    def asked(self, steps: Tensor) -> Tensor:
        """Return whole numbers of steps, int64 (N,) from 1 to `count`."""
        return steps.round().clamp(1, self.count).long()


NUMBERS = 2**26
"""Numbers that an input can have a sample."""


def fitting(shape: tuple[int, int, int], count: int) -> int:
    """Return the steps, `count` at most, for each of which a model can be given noise of a shape (C, H, W)."""
    return max(1, min(count, NUMBERS // math.prod(shape)))


def drawn_for(shape: tuple[int, int, int], count: int, default: int) -> tuple[Latent, Latent, Scalar]:
    """Return what a sampler of `count` steps at most is given: noise to begin with, for each step, and their number."""
    return (
        Latent(shape=shape),
        Latent(name="noise", shape=(count, *shape)),
        Scalar(name="steps", default=default, low=1, high=count),
    )
