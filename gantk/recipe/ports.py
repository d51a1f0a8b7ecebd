"""What a graph takes and gives: images by name, vectors, categories, numbers and texts in, vectors out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, prod
from typing import Self

import torch
from torch import Tensor

from gantk.data.words import MOST_LETTERS, MOST_WORDS, Vocabulary
from gantk.errors import DataError, PluginError, UsageError, called_at
from gantk.runtime.random import MOST_AXES, MOST_NUMBERS, Distribution, choose, draw


class Image(str):
    """An image or a label map that goes in, by its batch key, with a name of its own.

    Where two have one key, such as a photograph and the one whose style it takes, the names tell them apart; a plain
    key is an image too.

    Args:
        key: the batch key whose channels and window it has.
        name: the tensor's name in an exported graph; empty: the key, or `image` where it is the only image.
    """

    name: str

    def __new__(cls, key: str, *, name: str = "") -> Self:
        image = super().__new__(cls, key)
        image.name = name or getattr(key, "name", "")
        return image

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]:
        """Return what a copy is made with."""
        return (str(self),), {"name": self.name}

    def __repr__(self) -> str:
        return f"Image({str(self)!r}, name={self.name!r})"


@dataclass(frozen=True, kw_only=True)
class Latent:
    """What is drawn: float32 (N, length), or (N, ...) of a shape, each number from N(0, 1) or from U(-1, 1).

    With the distribution "zero" nothing is drawn: it is 0 unless somebody says it, as a change of what a model does.

    Attributes:
        name: the tensor's name in an exported graph; no two inputs of a graph share it.
        length: numbers in a vector; of what has a shape, all its numbers, which need not be said.
        shape: the lengths behind the batch of what is no vector: (C, H, W) of noise for an image, (steps, C, H, W) of
            noise for each of some steps.
        distribution: what the numbers are drawn from.
    """

    name: str = "latent"
    length: int = 0
    shape: tuple[int, ...] = ()
    distribution: Distribution = "normal"

    def __post_init__(self) -> None:
        if self.shape:
            if self.length not in (0, prod(self.shape)) or min(self.shape) < 1 or len(self.shape) > MOST_AXES:
                raise UsageError(
                    f"{self.name} has from 1 to {MOST_AXES} lengths of 1 or more as its shape, and no other length "
                    f"beside it, not {self.shape}{f' and {self.length}' if self.length else ''}"
                )
            object.__setattr__(self, "shape", tuple(self.shape))
            object.__setattr__(self, "length", prod(self.shape))
        if self.length < 1:
            raise UsageError(f"the vector {self.name} has at least 1 number, not {self.length}")
        if self.length > MOST_NUMBERS:
            raise UsageError(f"{self.name} has {self.length:,} numbers a sample, above the limit of {MOST_NUMBERS:,}")

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths behind the batch."""
        return self.shape or (self.length,)

    def drawn(self, count: int, device: torch.device | None = None) -> Tensor:
        """Return what is drawn with torch's random numbers, for training."""
        if self.distribution == "zero":
            return torch.zeros(count, *self.lengths, device=device)
        if self.distribution == "normal":
            return torch.randn(count, *self.lengths, device=device)
        return torch.rand(count, *self.lengths, device=device) * 2 - 1

    def fixed(self, count: int, seed: int = 0, start: int = 0, truncation: float | None = None) -> Tensor:
        """Return what a seed stands for everywhere, for previews: the numbers of `gantk generate --seed --start`.

        With a `truncation` they are those of `--truncation`: numbers beyond it, on either side, are drawn again.
        """
        numbers = draw(self.name, self.distribution, count, self.length, seed=seed, start=start, truncation=truncation)
        return torch.from_numpy(numbers.reshape(count, *self.lengths))


@dataclass(frozen=True, kw_only=True)
class Category:
    """A label that is said, or drawn: int64 (N,) in [0, count).

    A model that generates draws a category that nobody says. One that takes images wants it said, if it has no default:
    what becomes of an image must not hang on chance.

    Attributes:
        name: the tensor's name in an exported graph.
        count: how many categories there are.
        names: what they are called, or empty.
        default: the category where nobody says one; None: there is none.
    """

    name: str = "label"
    count: int
    names: tuple[str, ...] = ()
    default: int | None = None

    @classmethod
    def of_labels(cls, names: Sequence[str]) -> Self:
        """Return the labels of a data set by their names, `build.data.classes`. Raises DataError where it has none."""
        if not names:
            raise DataError("the data's labels have no names, so that it is not known how many there are")
        return cls(count=len(names), names=tuple(names))

    def __post_init__(self) -> None:
        if self.names and len(self.names) != self.count:
            raise PluginError(
                f"{called_at()}the category {self.name} has {self.count} values and {len(self.names)} names: give each "
                "value a name, or leave names out"
            )
        if self.default is not None and not 0 <= self.default < self.count:
            raise PluginError(
                f"{called_at()}the category {self.name} has a default from 0 to {self.count - 1}, or None, not "
                f"{self.default}"
            )

    def drawn(self, count: int, device: torch.device | None = None) -> Tensor:
        """Return categories drawn alike often with torch's random numbers, for training."""
        return torch.randint(self.count, (count,), device=device)

    def fixed(self, count: int, seed: int = 0, start: int = 0) -> Tensor:
        """Return the categories that a seed stands for everywhere, from sample `start` on."""
        return torch.from_numpy(choose(self.name, count, self.count, seed=seed, start=start))


@dataclass(frozen=True, kw_only=True)
class Scalar:
    """A number that is said, such as a truncation or a strength: float32 (N,) in [low, high].

    Attributes:
        name: the tensor's name in an exported graph.
        default: the number where nobody says one.
        low: the least that can be said; None: any.
        high: the largest that can be said; None: any.
    """

    name: str
    default: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        low, high = (-inf if self.low is None else self.low), (inf if self.high is None else self.high)
        if not (isfinite(self.default) and low <= self.default <= high):
            raise UsageError(f"the number {self.name} has a default from {low:g} to {high:g}, not {self.default:g}")

    def fixed(self, count: int, seed: int = 0, start: int = 0) -> Tensor:
        """Return the default so many times; it follows from no seed."""
        return torch.full((count,), float(self.default))


@dataclass(frozen=True, kw_only=True)
class Caption:
    """A text that is said, as the numbers of its words: int64 (N, length), from 1 on, filled up with 0.

    Words are runs of letters, marks and digits, in lower case. In training, words that are not among those known are
    left out, and so is what follows the last that has a place; of a model, whoever says such a text hears of it.

    Attributes:
        name: the tensor's name in an exported graph.
        words: the words that are known, such as `build.data.words["caption"]` or the first of them, each once.
        length: how many words are read.
    """

    name: str = "caption"
    words: tuple[str, ...]
    length: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(self.words))
        if self.length < 1:
            raise UsageError(f"the caption {self.name} has 1 word at least, not {self.length}")
        if not self.words:
            raise UsageError(f"the caption {self.name} knows no words: train on data that have captions")
        if len(self.words) > MOST_WORDS or sum(map(len, self.words)) > MOST_LETTERS:
            raise UsageError(
                f"the caption {self.name} knows at most {MOST_WORDS:,} words of {MOST_LETTERS:,} letters together, not "
                f"{len(self.words):,} of {sum(map(len, self.words)):,}"
            )

    @property
    def count(self) -> int:
        """How many numbers there are, 0 among them: rows of an embedding."""
        return len(self.words) + 1

    def read(self, texts: Sequence[str], device: torch.device | None = None) -> Tensor:
        """Return the numbers of the words of texts, such as a batch has, int64 (N, length)."""
        return torch.from_numpy(self._vocabulary.read(texts, self.length)).to(device)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.words)


@dataclass(frozen=True, kw_only=True)
class Vector:
    """Numbers that come out: float32 (N, length), or one number a sample, (N,), where length is None.

    Attributes:
        name: the tensor's name in an exported graph.
        length: numbers in a vector.
    """

    name: str
    length: int | None = None
