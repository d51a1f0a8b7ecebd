"""What a graph takes and gives besides images: vectors and categories that a caller draws, vectors that come out."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gantk.errors import UsageError
from gantk.runtime.random import Distribution, choose, draw


@dataclass(frozen=True, kw_only=True)
class Latent:
    """A vector that is drawn: float32 (N, length), each number from N(0, 1) or from U(-1, 1).

    Attributes:
        name: the tensor's name in an exported graph; no two inputs of a graph share it.
        length: numbers in a vector.
        distribution: what the numbers are drawn from.
    """

    name: str = "latent"
    length: int
    distribution: Distribution = "normal"

    def __post_init__(self) -> None:
        if self.length < 1:
            raise UsageError(f"the vector {self.name} has at least 1 number, not {self.length}")

    def drawn(self, count: int, device: torch.device | None = None) -> Tensor:
        """Return vectors drawn with torch's random numbers, for training."""
        if self.distribution == "normal":
            return torch.randn(count, self.length, device=device)
        return torch.rand(count, self.length, device=device) * 2 - 1

    def fixed(self, count: int, seed: int = 0) -> Tensor:
        """Return the vectors that a seed stands for everywhere, for previews: those of `gantk generate --seed`."""
        return torch.from_numpy(draw(self.name, self.distribution, count, self.length, seed=seed))


@dataclass(frozen=True, kw_only=True)
class Category:
    """A label that is drawn or said: int64 (N,) in [0, count).

    Attributes:
        name: the tensor's name in an exported graph.
        count: how many categories there are.
        names: what they are called, or empty.
    """

    name: str = "label"
    count: int
    names: tuple[str, ...] = ()

    def drawn(self, count: int, device: torch.device | None = None) -> Tensor:
        """Return categories drawn alike often with torch's random numbers, for training."""
        return torch.randint(self.count, (count,), device=device)

    def fixed(self, count: int, seed: int = 0) -> Tensor:
        """Return the categories that a seed stands for everywhere."""
        return torch.from_numpy(choose(self.name, count, self.count, seed=seed))


@dataclass(frozen=True, kw_only=True)
class Vector:
    """Numbers that come out: float32 (N, length), or one number a sample, (N,), where length is None.

    Attributes:
        name: the tensor's name in an exported graph.
        length: numbers in a vector.
    """

    name: str
    length: int | None = None
