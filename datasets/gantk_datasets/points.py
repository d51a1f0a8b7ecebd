"""Toy distributions of points in the plane, drawn from a seed: a ring and a grid of Gaussians, and a Swiss roll.

- `points:ring`: 8 Gaussians on a circle of radius 1, standard deviation 0.01;
- `points:grid`: 25 Gaussians at {-4, -2, 0, 2, 4} x {-4, -2, 0, 2, 4}, standard deviation 0.05;
- `points:swiss-roll`: (t cos t, t sin t) with t uniform in [1.5 pi, 4.5 pi], plus Gaussian noise of standard deviation
  0.25, all divided by 7.5, so that coordinates lie within about 2: what WGAN-GP's authors train on (Gulrajani et al.
  2017, arXiv:1704.00028, figure 1), by their published code.

Ring and grid are those of PacGAN (Lin et al. 2018, arXiv:1712.04086, section 4.1), by its published code, which trains
on 100,000 points. A point is an image of one pixel with two channels, x and y, and its window leaves coordinates as
they are.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

import numpy as np

from gantk import ArrayImages, DataError, Dataset, Group, Split, UsageError, hookimpl
from gantk.data.dataset import Array

Shape = Literal["ring", "grid", "swiss-roll"]

# A point is two numbers, which may lie outside [-1, 1], and none of which can be left out: so an output without a
# sigmoid, no dropout, and small networks. Tried on the ring: with the GAN's stochastic gradient descent all samples of
# these leave the plane that is drawn, or losses overflow; Adam at this rate holds most modes within the steps stated.
QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "size": 1,
        "steps": 5000,
        "batch_size": 100,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "betas": (0.5, 0.999),
        "latent": 2,
        "generator.output": "linear",
        "generator.initial": "he",
        "generator.units": 128,
        "discriminator.initial": "he",
        "discriminator.units": 64,
        "discriminator.window": "signed",
        "discriminator.input_dropout": 0.0,
        "discriminator.dropout": 0.0,
    }
)


MOST = 10_000_000
"""Points that are drawn at most: all of them lie in memory."""


class Points(Dataset):
    """Points of one distribution, to train on and, from another stream of random numbers, to hold out.

    Attributes:
        modes: the Gaussians' means, float64 (M, 2); of the Swiss roll, (0, 2).
        std: the Gaussians' standard deviation along each axis; None for the Swiss roll, which has no modes.
        count: points to train on; a tenth as many are held out, and at least one.
        seed: what the points are drawn from.
    """

    kinds = ("points",)
    licence = "CC0-1.0"

    def __init__(self, shape: Shape, count: int, seed: int) -> None:
        self.shape, self.count, self.seed = shape, count, seed
        self.name = f"points-{shape}"
        self.modes, self.std = _mixture(shape)
        what = f"{len(self.modes)} Gaussians of standard deviation {self.std}" if self.std else "a Swiss roll"
        self.summary = (
            f"points:{shape}: {what}, drawn from seed {seed}, {count:,} points to train, {self._held_out:,} held out"
        )

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which a CPU core shows something within minutes."""
        return QUICK

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share. Raises DataError for any size but 1."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves points batches, not {kind} ones")
        if load not in (None, 1):
            raise DataError(
                f"{self.name} holds points, which are images of one pixel: train with --size 1 and -s jitter=1"
            )
        points = _drawn(self.shape, self._held_out if test else self.count, self.seed, test)
        return Split((Group({"point": ArrayImages(points[:, None, None], window=(-1.0, 1.0))}),))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the training share."""
        return hashlib.sha256(_drawn(self.shape, self.count, self.seed, False).tobytes()).hexdigest()

    @property
    def _held_out(self) -> int:
        return max(1, self.count // 10)


def points(argument: str | None, *, count: int = 100_000, seed: int = 0) -> Points:
    """Open a toy distribution; the argument names it, the ring where it is None.

    Args:
        argument: `ring`, `grid` or `swiss-roll`.
        count: points to train on; a tenth as many are held out.
        seed: what the points are drawn from.

    Raises UsageError for another name, and for numbers out of range.
    """
    shape = argument or "ring"
    if shape not in get_args(Shape):
        raise UsageError(f"data points:{argument}: name one of {', '.join(get_args(Shape))}, such as points:grid")
    if not 1 <= count <= MOST or seed < 0:
        raise UsageError(f"data.count={count}, data.seed={seed}: wanted 1 to {MOST:,} points, and a seed of at least 0")
    return Points(cast(Shape, shape), count, seed)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the points."""
    return points


def _mixture(shape: Shape) -> tuple[Array, float | None]:
    """Return the means (M, 2) and the standard deviation of a mixture of Gaussians."""
    if shape == "ring":
        angle = 2 * np.pi * np.arange(8) / 8
        return np.stack([np.cos(angle), np.sin(angle)], 1), 0.01
    if shape == "grid":
        places = np.arange(-4.0, 5.0, 2.0)
        return np.stack(np.meshgrid(places, places, indexing="ij"), -1).reshape(-1, 2), 0.05
    return np.empty((0, 2)), None


@lru_cache(maxsize=4)
def _drawn(shape: Shape, count: int, seed: int, test: bool) -> Array:
    """Return points, float32 (count, 2)."""
    rng = np.random.default_rng((seed, int(test)))
    modes, std = _mixture(shape)
    if std is None:
        t = 1.5 * np.pi * (1 + 2 * rng.random(count))
        roll = np.stack([t * np.cos(t), t * np.sin(t)], 1)
        return ((roll + rng.normal(0, 0.25, (count, 2))) / 7.5).astype(np.float32)
    chosen = modes[rng.integers(len(modes), size=count)]
    return (chosen + rng.normal(0, std, (count, 2))).astype(np.float32)
